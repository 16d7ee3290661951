//! Reads what a model wrote as arguments: leniently where the meaning is plain, and with words that help it to do better where it isn't.

use serde_json::{Map, Value};

use crate::keypad::is_key;

/// What is wrong with the arguments of a call, in words for the model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentError {
    /// They aren't JSON, or no object.
    #[error("the arguments must be one JSON object; they were: {0}")]
    NotAnObject(String),
    /// One is missing.
    #[error("`{name}` is missing")]
    Missing {
        /// Which.
        name: &'static str,
    },
    /// One is not what it should be.
    #[error("`{name}` must be {wanted}; it was {found}")]
    Wrong {
        /// Which.
        name: &'static str,
        /// What it should be.
        wanted: String,
        /// What it was.
        found: String,
    },
}

/// The arguments of one call.
pub(super) struct Arguments(Map<String, Value>);

impl Arguments {
    pub(super) fn parse(arguments: &str) -> Result<Self, ArgumentError> {
        if arguments.trim().is_empty() {
            return Ok(Self(Map::new()));
        }
        serde_json::from_str(arguments).map(Self).map_err(|_| ArgumentError::NotAnObject(shortened(arguments)))
    }

    /// A text that isn't empty.
    pub(super) fn text(&self, name: &'static str) -> Result<String, ArgumentError> {
        self.optional_text(name)?.ok_or(ArgumentError::Missing { name })
    }

    pub(super) fn optional_text(&self, name: &'static str) -> Result<Option<String>, ArgumentError> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong(name, "a text", other)),
        }
    }

    /// Keys of a telephone with pauses between; blanks and hyphens that make a number readable are left out.
    pub(super) fn digits(&self, name: &'static str, most: usize) -> Result<String, ArgumentError> {
        let found = self.present(name).ok_or(ArgumentError::Missing { name })?;
        let text = match found {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect();
        let fits = (1..=most).contains(&digits.len()) && digits.chars().all(|c| c == ',' || is_key(c));
        let wanted = format!("a text of 1 to {most} keys out of 0-9, *, #, A-D, and commas for pauses");
        if fits { Ok(digits) } else { Err(wrong(name, &wanted, found)) }
    }

    /// A whole number between bounds, also when it was written as a text.
    pub(super) fn whole(&self, name: &'static str, low: u64, high: u64) -> Result<Option<u64>, ArgumentError> {
        let Some(found) = self.present(name) else { return Ok(None) };
        let number = match found {
            Value::Number(number) => number.as_u64().or_else(|| number.as_f64().and_then(rounded)),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        match number.filter(|number| (low..=high).contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(name, &format!("a whole number from {low} to {high}"), found)),
        }
    }

    /// One key, or none where the text is empty; `None` where the argument isn't there.
    pub(super) fn key(&self, name: &'static str) -> Result<Option<Option<char>>, ArgumentError> {
        let Some(found) = self.present(name) else { return Ok(None) };
        let text = found.as_str().map(str::trim);
        let mut keys = text.unwrap_or("?").chars();
        match (keys.next(), keys.next()) {
            (None, _) => Ok(Some(None)),
            (Some(key), None) if is_key(key) => Ok(Some(Some(key))),
            (Some(_), _) => Err(wrong(name, "one key out of 0-9, *, #, or an empty text", found)),
        }
    }

    fn present(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }
}

fn rounded(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..1e9).contains(&number)).then_some(number as u64)
}

fn wrong(name: &'static str, wanted: &str, found: &Value) -> ArgumentError {
    ArgumentError::Wrong { name, wanted: wanted.to_owned(), found: shortened(&found.to_string()) }
}

/// What was found may be long, and goes back to the model.
fn shortened(text: &str) -> String {
    const MOST: usize = 80;
    let mut short: String = text.chars().take(MOST).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
