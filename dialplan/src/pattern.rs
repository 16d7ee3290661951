//! Patterns over telephone numbers and user parts.
//!
//!   100                      the number itself
//!   0900*                    whatever begins so; * alone is every number
//!   100-199                  a range: numbers of as many digits, with or without + as written
//!   /\+49(30|40)[0-9]+/      a regular expression over the whole number
//!
//! Numbers are compared as they stand, so a pattern has no spaces or dashes for the eye: they would never match.

use crate::expression::{Expression, ExpressionError};
use std::fmt;
use std::str::FromStr;

/// Matches the user part of a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberPattern {
    /// The whole user part.
    Exact(String),
    /// Everything that begins so; the empty prefix matches every call.
    Prefix(String),
    /// Numbers from one to another.
    Range(NumberRange),
    /// What an expression covers.
    Expression(Expression),
}

/// Numbers between two of the same shape, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRange {
    first: String,
    last: String,
}

/// A pattern that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing was written.
    #[error("a number pattern is empty; write the number, a prefix such as \"0900*\", or \"*\"")]
    Empty,
    /// A star stands elsewhere than at the end.
    #[error(
        "\"{0}\": a star may stand only at the end of a number pattern; a star that is dialled is written \"/\\*97/\""
    )]
    StarInside(String),
    /// The ends of a range differ in their number of digits, or one has a plus.
    #[error("\"{0}\" is no range of numbers: both ends have as many digits, and both a + or none, as in \"100-199\"")]
    RangeShape(String),
    /// A range ends before it begins.
    #[error("\"{0}\" is no range of numbers: it ends before it begins")]
    RangeOrder(String),
    /// Dashes, spaces, dots or brackets for the eye.
    #[error("\"{text}\" would never match, as numbers are compared without separators; write \"{bare}\"")]
    Separators {
        /// What was written.
        text: String,
        /// The same without them.
        bare: String,
    },
    /// A regular expression that can't be read.
    #[error(transparent)]
    Expression(#[from] ExpressionError),
}

impl NumberPattern {
    /// True when `number` is meant.
    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == number,
            Self::Prefix(prefix) => number.starts_with(prefix.as_str()),
            Self::Range(range) => range.contains(number),
            Self::Expression(expression) => expression.matches(number),
        }
    }
}

impl NumberRange {
    /// True when `number` has the shape of the ends and lies between them.
    #[must_use]
    pub fn contains(&self, number: &str) -> bool {
        // Digits of one length and one shape are in the order of their texts.
        same_shape(&self.first, number) && self.first.as_str() <= number && number <= self.last.as_str()
    }

    /// None when `text` is not two numbers with a dash between them.
    fn read(text: &str) -> Option<Result<Self, PatternError>> {
        let (first, last) = text.split_once('-')?;
        if !is_number(first) || !is_number(last) {
            return None;
        }
        if !same_shape(first, last) {
            return Some(Err(PatternError::RangeShape(text.into())));
        }
        if first > last {
            return Some(Err(PatternError::RangeOrder(text.into())));
        }
        Some(Ok(Self { first: first.into(), last: last.into() }))
    }
}

/// Digits, with or without a plus before them.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn same_shape(a: &str, b: &str) -> bool {
    is_number(a) && is_number(b) && a.len() == b.len() && a.starts_with('+') == b.starts_with('+')
}

impl FromStr for NumberPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.starts_with('/') {
            return Ok(Self::Expression(text.parse()?));
        }
        if let Some(range) = NumberRange::read(text) {
            return range.map(Self::Range);
        }
        let (body, prefix) = text.strip_suffix('*').map_or((text, false), |body| (body, true));
        if body.contains('*') {
            return Err(PatternError::StarInside(text.into()));
        }
        let bare: String = body.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')')).collect();
        if bare != body && is_number(&bare) {
            let bare = if prefix { format!("{bare}*") } else { bare };
            return Err(PatternError::Separators { text: text.into(), bare });
        }
        Ok(if prefix { Self::Prefix(body.into()) } else { Self::Exact(body.into()) })
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
            Self::Range(NumberRange { first, last }) => write!(f, "{first}-{last}"),
            Self::Expression(expression) => expression.fmt(f),
        }
    }
}

/// Numbers that any of several patterns means.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberSet(pub Vec<NumberPattern>);

impl NumberSet {
    /// True when `number` is meant by one of them.
    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        self.0.iter().any(|pattern| pattern.matches(number))
    }
}

impl fmt::Display for NumberSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let patterns: Vec<_> = self.0.iter().map(|pattern| format!("\"{pattern}\"")).collect();
        f.write_str(&patterns.join(" or "))
    }
}

#[cfg(test)]
mod tests;
