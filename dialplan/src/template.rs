//! Texts with `{to}` and `{from}` in them: what to dial, made from the facts of the call.

use crate::condition::Facts;
use std::fmt;
use std::str::FromStr;

/// A number or user to dial, perhaps with places for the numbers of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    To,
    From,
}

/// A template that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" can't be filled in: there are \"{{to}}\", the called number, and \"{{from}}\", the calling one")]
pub struct TemplateError(pub String);

impl Template {
    /// `{to}`: what was called.
    #[must_use]
    pub fn called() -> Self {
        Self(vec![Part::To])
    }

    /// Filled in with the numbers of a call.
    #[must_use]
    pub fn fill(&self, facts: &Facts<'_>) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::To => facts.to.to_owned(),
            Part::From => facts.from.to_owned(),
        };
        self.0.iter().map(part).collect()
    }

    /// The text itself, when there is nothing to fill in.
    #[must_use]
    pub fn literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let wrong = || TemplateError(text.into());
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(wrong)?;
            parts.push(Part::Text(before.into()));
            parts.push(match name {
                "to" => Part::To,
                "from" => Part::From,
                _ => return Err(wrong()),
            });
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        let stray = |part: &Part| matches!(part, Part::Text(text) if text.contains('}'));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        if parts.is_empty() || parts.iter().any(stray) {
            return Err(wrong());
        }
        Ok(Self(parts))
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::To => f.write_str("{to}"),
            Part::From => f.write_str("{from}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::facts;

    #[test]
    fn a_template_is_filled_in_with_the_numbers_of_the_call() {
        let facts = facts("100");
        for (text, filled) in [("{to}", "100"), ("0{to}", "0100"), ("{from}#{to}", "200#100"), ("+49301", "+49301")] {
            let template: Template = text.parse().unwrap();
            assert_eq!(template.fill(&facts), filled);
            assert_eq!(template.to_string(), text);
        }
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let facts = Facts { from: "{to}", ..facts("100") };
        assert_eq!("{from}".parse::<Template>().unwrap().fill(&facts), "{to}");
    }

    #[test]
    fn a_template_that_cannot_be_filled_in_is_refused() {
        for text in ["", "{", "}", "{to", "to}", "{called}", "{}", "{{to}}"] {
            assert_eq!(text.parse::<Template>(), Err(TemplateError(text.into())), "{text}");
        }
    }
}
