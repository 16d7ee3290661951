//! A pattern over telephone numbers and user parts: exact, or a prefix written with a closing `*`.

use std::fmt;
use std::str::FromStr;

/// Matches the user part of a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberPattern {
    /// The whole user part.
    Exact(String),
    /// Everything that begins so; the empty prefix matches every call.
    Prefix(String),
}

/// A pattern that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// Nothing was written.
    #[error("a number pattern is empty; write the number, a prefix such as \"0900*\", or \"*\"")]
    Empty,
    /// A star stands elsewhere than at the end.
    #[error("\"{0}\": a star may stand only at the end of a number pattern")]
    StarInside(String),
}

impl NumberPattern {
    /// True when `number` is meant.
    #[must_use]
    pub fn matches(&self, number: &str) -> bool {
        match self {
            Self::Exact(exact) => exact == number,
            Self::Prefix(prefix) => number.starts_with(prefix.as_str()),
        }
    }
}

impl FromStr for NumberPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        let (body, prefix) = text.strip_suffix('*').map_or((text, false), |body| (body, true));
        if body.contains('*') {
            return Err(PatternError::StarInside(text.into()));
        }
        Ok(if prefix { Self::Prefix(body.into()) } else { Self::Exact(body.into()) })
    }
}

impl fmt::Display for NumberPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(exact) => f.write_str(exact),
            Self::Prefix(prefix) => write!(f, "{prefix}*"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_alone_matches_every_number_and_the_empty_one() {
        let any: NumberPattern = "*".parse().unwrap();
        assert!(any.matches("") && any.matches("+4930123"));
    }

    #[test]
    fn a_star_inside_and_an_empty_pattern_are_refused_by_name() {
        assert_eq!("1*2".parse::<NumberPattern>(), Err(PatternError::StarInside("1*2".into())));
        assert_eq!("".parse::<NumberPattern>(), Err(PatternError::Empty));
    }
}
