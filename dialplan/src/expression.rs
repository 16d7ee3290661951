//! Regular expressions of the dialplan: written between slashes, and meant of the whole text, so that `/0900.*/` is never
//! found in the middle of a number. Matching is linear in the text (the `regex` crate), and the program is bounded.

use regex::{Regex, RegexBuilder};
use std::fmt;
use std::str::FromStr;

/// The largest compiled expression, in bytes: far more than any number needs.
const MAX_SIZE: usize = 1 << 20;

/// A regular expression that covers a whole text.
#[derive(Clone, Debug)]
pub struct Expression {
    /// As it was written, without the slashes.
    source: String,
    regex: Regex,
}

/// An expression that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpressionError {
    /// It doesn't stand between slashes.
    #[error("\"{0}\" is no regular expression; write it between slashes, such as \"/0900[0-9]+/\"")]
    Slashes(String),
    /// What stands between them is wrong.
    #[error("\"{text}\" is no regular expression: {problem}")]
    Syntax {
        /// What was written.
        text: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Expression {
    /// True when it covers all of `text`.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Expression {}

impl FromStr for Expression {
    type Err = ExpressionError;

    fn from_str(text: &str) -> Result<Self, ExpressionError> {
        let source = text.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        let source = source.ok_or_else(|| ExpressionError::Slashes(text.into()))?;
        // What is written must be an expression by itself: "a)|(b" is not.
        let built = Regex::new(source).and_then(|_| {
            let whole = format!(r"\A(?:{source})\z");
            RegexBuilder::new(&whole).size_limit(MAX_SIZE).build()
        });
        match built {
            Ok(regex) => Ok(Self { source: source.into(), regex }),
            Err(error) => Err(ExpressionError::Syntax { text: text.into(), problem: problem(&error) }),
        }
    }
}

/// The last line of what the `regex` crate draws.
fn problem(error: &regex::Error) -> String {
    let drawn = error.to_string();
    let line = drawn.lines().next_back().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}/", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_covers_the_whole_text() {
        let either: Expression = "/1[0-9]|2/".parse().unwrap();
        for (text, expected) in [("10", true), ("2", true), ("110", false), ("22", false), ("10\n", false), ("", false)]
        {
            assert_eq!(either.matches(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_no_expression_is_told_why() {
        let told = |text: &str| text.parse::<Expression>().unwrap_err().to_string();
        assert!(told("0900").contains("write it between slashes"));
        assert!(told("/").contains("write it between slashes"));
        assert_eq!(told("/(0900/"), "\"/(0900/\" is no regular expression: unclosed group");
        assert!(told("/a)|(b/").contains("unopened group"));
        assert!(told("/[0-9]{1,99999}{1,99}/").contains("is no regular expression"));
    }

    #[test]
    fn an_expression_prints_as_it_was_written() {
        let text = "/(?i)bob|0900[0-9]+/";
        assert_eq!(text.parse::<Expression>().unwrap().to_string(), text);
    }
}
