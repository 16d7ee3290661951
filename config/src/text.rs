//! Texts of agents and tools: templates, and lines that are always the same.

use crate::error::{ConfigError, Source};
use crate::raw;
use crate::template::{Template, written};
use crate::value::Short;
use std::ops::Range;
use toml::Spanned;

/// A text that may have variables.
pub(crate) fn template(text: &Spanned<String>, source: Source<'_>) -> Result<Template, ConfigError> {
    written(text, Template::parse_text, source)
}

/// As [`template`], or a file with one, which is read now.
pub(crate) fn template_or_file(text: Spanned<raw::Prompt>, source: Source<'_>) -> Result<Template, ConfigError> {
    let span = text.span();
    let path = match text.into_inner() {
        Short::Short(text) => return template(&Spanned::new(span, text), source),
        Short::Long(raw::PromptFile { file }) => file,
    };
    let wrong = |problem| source.invalid(Some(span.clone()), problem);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| wrong(format!("the file {} can't be read: {error}", path.display())))?;
    Template::parse(&text).map_err(|error| wrong(format!("{}:{error}", path.display())))
}

/// A text that is the same in every call, so that it is known before the first; what looks like a template is refused.
pub(crate) fn plain(span: Range<usize>, text: String, source: Source<'_>) -> Result<String, ConfigError> {
    if ["{{", "{%", "{#"].iter().any(|begin| text.contains(begin)) {
        return Err(source.invalid(Some(span), "this is said in every call alike and can't have variables"));
    }
    Ok(text)
}
