//! Conditions over header fields of the INVITE.

use crate::expression::Expression;
use std::fmt;

/// What a header field must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderCondition {
    /// Its name; case doesn't matter (RFC 3261 §7.3.1).
    pub name: String,
    /// What is asked of it.
    pub test: HeaderTest,
}

/// What is asked of a header field. Where it stands several times, one of its values must do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderTest {
    /// It is there.
    Present,
    /// Its value is this, to the letter.
    Equals(String),
    /// An expression covers its value.
    Matches(Expression),
}

impl HeaderCondition {
    /// True when one of `headers` does.
    #[must_use]
    pub fn holds(&self, headers: &[(&str, &str)]) -> bool {
        self.values(headers).any(|value| match &self.test {
            HeaderTest::Present => true,
            HeaderTest::Equals(wanted) => wanted == value,
            HeaderTest::Matches(expression) => expression.matches(value),
        })
    }

    /// The values that stand under its name.
    pub(crate) fn values<'h>(&self, headers: &[(&'h str, &'h str)]) -> impl Iterator<Item = &'h str> {
        headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&self.name)).map(|(_, value)| value.trim())
    }
}

impl fmt::Display for HeaderTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("anything"),
            Self::Equals(wanted) => write!(f, "\"{wanted}\""),
            Self::Matches(expression) => expression.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case_and_one_value_is_enough() {
        let headers = [("X-Tenant", "blue"), ("x-tenant", " red "), ("User-Agent", "Asterisk PBX 20")];
        for (name, test, expected) in [
            ("x-TENANT", HeaderTest::Equals("red".into()), true),
            ("x-tenant", HeaderTest::Equals("Red".into()), false),
            ("user-agent", HeaderTest::Matches("/Asterisk.*/".parse().unwrap()), true),
            ("user-agent", HeaderTest::Matches("/Asterisk/".parse().unwrap()), false),
            ("user-agent", HeaderTest::Present, true),
            ("x-other", HeaderTest::Present, false),
        ] {
            let condition = HeaderCondition { name: name.into(), test };
            assert_eq!(condition.holds(&headers), expected, "{condition:?}");
        }
    }
}
