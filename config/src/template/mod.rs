//! Texts with variables in them: what an agent is told and says, and what a tool asks for. The language is Jinja's, by the library
//! `minijinja`.
//!
//! ```text
//!   "Hello {{ name }}." ──parse──► Template ──render(variables)──► "Hello Ann."
//! ```
//!
//! Templates come from the configuration and over the API, and values from strangers. So both ends are bounded: a text has at most
//! [`Template::MOST`] bytes and nests no deeper than a stack bears (`limits.rs`), and rendering ends when its fuel does, of which every step and
//! every 64 bytes that are made or looked at cost one. Whatever is written, nothing grows without bound. Values are never read as templates.
//!
//! Deviation from Jinja: an undefined variable that would be printed is an error that names it, while `{% if name %}` may ask for it. There
//! are no macros, no `raw` and no maps, and nothing is included from elsewhere.

mod limits;
mod place;
mod url;
mod written;

pub(crate) use written::written;

use place::place_in;

use crate::error::Place;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Steps of rendering, or so many times 64 bytes: 1.2 MB. A long prompt takes a few hundred.
const FUEL: u64 = 20_000;
/// The name under which texts are rendered; names end in nothing that would escape anything.
const TEXT: &str = "text";

static LANGUAGE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut language = Environment::new();
    language.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    language.set_fuel(Some(FUEL));
    // Errors then say which variable was undefined.
    language.set_debug(true);
    // It would print everything that is known of the call.
    language.remove_global("debug");
    language.set_auto_escape_callback(|name| if name == url::NAME { url::escape() } else { AutoEscape::None });
    language.set_formatter(url::write);
    language
});

/// A text with variables: `{{ name }}`, `{{ name | default("nobody") }}`, `{% if name %} .. {% endif %}`.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: Arc<str>,
    name: &'static str,
}

/// Why a template can't be read or rendered. Places are those in the template's text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text is longer than a template may be.
    #[error("a template has {} bytes at most, not {bytes}", Template::MOST)]
    TooLong {
        /// How long it is.
        bytes: usize,
    },
    /// The text is no template.
    #[error("{place}: {problem}")]
    Syntax {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
    },
    /// A variable has no value.
    #[error("{place}: `{name}` has no value; give it one, or write {{{{ {name} | default(\"..\") }}}}")]
    Undefined {
        /// Where it is used.
        place: Place,
        /// The variable.
        name: String,
    },
    /// A value isn't what a filter or an operator takes.
    #[error("{place}: {problem}")]
    Failed {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
    },
    /// Rendering takes more work, or makes more text, than it may.
    #[error("rendering takes too much work or makes too much text")]
    TooMuch,
}

impl Template {
    /// So many bytes a template may have: some 10,000 words.
    pub const MOST: usize = 64 * 1024;

    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError::TooLong`], and [`TemplateError::Syntax`] for what Jinja doesn't know. A filter that doesn't exist is found here where it
    /// is sure to be asked for, and otherwise when it is.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::read(text, TEXT).map_err(|fault| fault.error)
    }

    /// As [`Template::parse`], and values are percent-encoded (RFC 3986 §2.1): nobody who chooses one can leave its place in a URL.
    pub(crate) fn parse_url(text: &str) -> Result<Self, Fault> {
        Self::read(text, url::NAME)
    }

    /// As [`Template::parse`], with the place of a fault in bytes.
    pub(crate) fn parse_text(text: &str) -> Result<Self, Fault> {
        Self::read(text, TEXT)
    }

    fn read(text: &str, name: &'static str) -> Result<Self, Fault> {
        if text.len() > Self::MOST {
            return Err(Fault { error: TemplateError::TooLong { bytes: text.len() }, at: 0..0 });
        }
        let template = Self { text: text.into(), name };
        if template.is_plain() {
            return Ok(template);
        }
        limits::check(text)?;
        let compiled = LANGUAGE.template_from_named_str(name, text).map_err(|error| fault(text, &error))?;
        // What each variable is isn't known yet; that a filter doesn't exist is found with any value.
        let names = compiled.undeclared_variables(false).into_iter();
        let context: BTreeMap<_, _> = names.map(|name| (name, Value::from("1"))).collect();
        match compiled.render(Value::from(context)) {
            Err(error) if is_unknown(error.kind()) => Err(fault(text, &error)),
            Ok(_) | Err(_) => Ok(template),
        }
    }

    /// The text with its variables filled in. One line break at its end is left out.
    ///
    /// # Errors
    /// [`TemplateError::Undefined`] names a variable that has no value; [`TemplateError::Failed`] and [`TemplateError::TooMuch`] say what can't
    /// be done. None of them holds a value.
    pub fn render(&self, variables: &BTreeMap<String, String>) -> Result<String, TemplateError> {
        if self.is_plain() {
            return Ok(self.text.strip_suffix('\n').unwrap_or(&self.text).to_owned());
        }
        let values = variables.iter().map(|(name, value)| (name.as_str(), Value::from(value.as_str())));
        let context = Value::from(values.collect::<BTreeMap<_, _>>());
        let compiled = LANGUAGE.template_from_named_str(self.name, &self.text);
        compiled.and_then(|compiled| compiled.render(context)).map_err(|error| fault(&self.text, &error).error)
    }

    /// The text as it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variables that it uses.
    #[must_use]
    pub fn variables(&self) -> BTreeSet<String> {
        let compiled = LANGUAGE.template_from_named_str(self.name, &self.text);
        compiled.map(|compiled| compiled.undeclared_variables(false).into_iter().collect()).unwrap_or_default()
    }

    /// What it says in every call, if that is always the same.
    #[must_use]
    pub fn fixed(&self) -> Option<String> {
        let fixed = self.is_plain() || self.variables().is_empty();
        if fixed { self.render(&BTreeMap::new()).ok() } else { None }
    }

    /// Whether there is nothing in it but text.
    fn is_plain(&self) -> bool {
        !["{{", "{%", "{#"].iter().any(|begin| self.text.contains(begin))
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.text).finish()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A fault and its place in bytes, for whoever knows where the text stands.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: TemplateError,
    pub(crate) at: Range<usize>,
}

impl Fault {
    fn syntax(text: &str, at: usize, problem: impl Into<String>) -> Self {
        Self { error: TemplateError::Syntax { place: Place::of(text, at), problem: problem.into() }, at: at..at }
    }

    /// What is wrong, without the place.
    pub(crate) fn problem(&self) -> String {
        match &self.error {
            TemplateError::Syntax { problem, .. } | TemplateError::Failed { problem, .. } => problem.clone(),
            error @ (TemplateError::TooLong { .. } | TemplateError::Undefined { .. } | TemplateError::TooMuch) => {
                error.to_string()
            }
        }
    }
}

fn fault(text: &str, error: &Error) -> Fault {
    let line_start = |line: usize| text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
    let at = error.range().unwrap_or_else(|| {
        let start = error.line().map_or(0, line_start);
        start..start
    });
    let place = Place::of(text, at.start);
    let told = error.detail().unwrap_or_default();
    let problem = || if told.is_empty() { error.kind().to_string() } else { told.to_owned() };
    let kind = error.kind();
    let is_syntax = [ErrorKind::SyntaxError, ErrorKind::BadEscape, ErrorKind::InvalidDelimiter].contains(&kind);
    let error = if kind == ErrorKind::OutOfFuel {
        TemplateError::TooMuch
    } else if is_syntax || is_unknown(kind) {
        TemplateError::Syntax { place, problem: problem() }
    } else if let Some(name) = undefined(told) {
        TemplateError::Undefined { place, name: name.to_owned() }
    } else {
        TemplateError::Failed { place, problem: kind.to_string() }
    };
    Fault { error, at }
}

/// The variable that an error says is undefined: "`name` is undefined", perhaps after other words.
fn undefined(told: &str) -> Option<&str> {
    let (before, _) = told.split_once("` is undefined")?;
    before.rsplit_once('`').map(|(_, name)| name)
}

fn is_unknown(kind: ErrorKind) -> bool {
    [ErrorKind::UnknownFilter, ErrorKind::UnknownTest, ErrorKind::UnknownFunction, ErrorKind::UnknownMethod]
        .contains(&kind)
}

#[cfg(test)]
mod tests;
