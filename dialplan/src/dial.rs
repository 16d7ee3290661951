//! Dialling: whom, by which way, for how long, as whom, and what happens when nobody answers.

use crate::action::Action;
use crate::template::{Template, TemplateError};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Connects the caller with somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// At least one.
    pub targets: Vec<Target>,
    /// Whether they ring together or one after the other.
    pub strategy: Strategy,
    /// How long they may ring: all of them, or each in its turn.
    pub ring: Duration,
    /// Whom they see calling.
    pub caller: CallerIdentity,
    /// What happens when all are busy, don't answer, or can't be reached; without it the caller is told so (486, 480, 503).
    pub otherwise: Option<Box<Action>>,
}

/// Somebody who can be dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A phone that registers with us: all its contacts ring.
    Phone(Template),
    /// A number through a trunk.
    Trunk {
        /// The trunk.
        name: String,
        /// What is dialled there, before the trunk's own rules.
        number: Template,
    },
    /// A number through the first trunk of a group that takes it.
    Group {
        /// The group.
        name: String,
        /// What is dialled there, before the trunk's own rules.
        number: Template,
    },
    /// A `sip:` URI, as it was written.
    Uri(String),
}

/// In which order targets ring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Strategy {
    /// At once; the first to answer has the call.
    #[default]
    All,
    /// One after the other.
    InOrder,
}

/// Whom those who are dialled see calling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CallerIdentity {
    /// The caller, where the trunk lets us say so.
    #[default]
    Caller,
    /// This number.
    Fixed(String),
}

/// A target that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetError {
    /// It is of none of the kinds.
    #[error(
        "\"{0}\" can't be dialled; write \"phone:USER\", \"trunk:NAME\", \"trunk:NAME/NUMBER\", \"group:NAME\", \
         \"group:NAME/NUMBER\" or a URI such as \"sip:USER@HOST\""
    )]
    Kind(String),
    /// Its number has places that nothing fills.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(text: &str) -> Result<Self, TargetError> {
        let wrong = || TargetError::Kind(text.into());
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let way = || {
            let (name, number) = match rest.split_once('/') {
                Some((name, number)) => (name, number.parse()?),
                None => (rest, Template::called()),
            };
            if name.is_empty() { Err(wrong()) } else { Ok((name.to_owned(), number)) }
        };
        match kind {
            "phone" if !rest.is_empty() => Ok(Self::Phone(rest.parse()?)),
            "trunk" => way().map(|(name, number)| Self::Trunk { name, number }),
            "group" => way().map(|(name, number)| Self::Group { name, number }),
            "sip" if !rest.is_empty() => Ok(Self::Uri(text.into())),
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(user) => write!(f, "phone:{user}"),
            Self::Trunk { name, number } => write!(f, "trunk:{name}/{number}"),
            Self::Group { name, number } => write!(f, "group:{name}/{number}"),
            Self::Uri(uri) => f.write_str(uri),
        }
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let join = match self.strategy {
            Strategy::All => " and ",
            Strategy::InOrder => ", then ",
        };
        let targets: Vec<_> = self.targets.iter().map(ToString::to_string).collect();
        write!(f, "dial {} for {} s", targets.join(join), self.ring.as_secs())?;
        match &self.otherwise {
            Some(otherwise) => write!(f, ", otherwise {otherwise}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_and_told() {
        for (text, told) in [
            ("phone:desk", "phone:desk"),
            ("phone:{to}", "phone:{to}"),
            ("trunk:carrier", "trunk:carrier/{to}"),
            ("trunk:carrier/+4930123", "trunk:carrier/+4930123"),
            ("group:pstn/0{to}", "group:pstn/0{to}"),
            ("sip:bob@192.0.2.7;transport=tcp", "sip:bob@192.0.2.7;transport=tcp"),
        ] {
            assert_eq!(text.parse::<Target>().unwrap().to_string(), told);
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_told_what_can() {
        for text in ["", "desk", "phone:", "trunk:", "trunk:/1", "group:", "sip:", "tel:+4930123", "Phone:desk"] {
            assert_eq!(text.parse::<Target>(), Err(TargetError::Kind(text.into())));
        }
        assert!(matches!("trunk:carrier/{callee}".parse::<Target>(), Err(TargetError::Template(_))));
        assert!(matches!("trunk:carrier/".parse::<Target>(), Err(TargetError::Template(_))));
    }
}
