//! Templates that stand in the configuration file.

use super::{Fault, Template, place_in};
use crate::error::{ConfigError, Source};
use toml::Spanned;

/// Reads the template by `read`; what is wrong with it is told at its place in the file.
pub(crate) fn written(
    text: &Spanned<String>,
    read: fn(&str) -> Result<Template, Fault>,
    source: Source<'_>,
) -> Result<Template, ConfigError> {
    read(text.get_ref()).map_err(|fault| {
        let span = text.span();
        let raw = source.text.get(span.clone()).unwrap_or_default();
        let at = span.start + place_in(raw, text.get_ref(), fault.at.start).unwrap_or(0);
        source.invalid(Some(at..span.end), fault.problem())
    })
}
