//! How an attempt ended, as reports and retries count it: what the network said, or who answered.

use crate::cause::DispositionKind;
use std::fmt;
use std::str::FromStr;

/// The end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disposition {
    /// A person answered and was talked with.
    Person,
    /// A person answered, and nobody was free to talk with them.
    Abandoned,
    /// A machine answered; nothing was left on it.
    Machine,
    /// A machine answered, and has the message.
    MessageLeft,
    /// An assistant that asks who calls answered, and did not put us through.
    Screened,
    /// A fax machine or a modem answered.
    Fax,
    /// The network's own announcement answered: the number doesn't work.
    Intercepted,
    /// The callee is in another call.
    Busy,
    /// It rang, and nobody answered.
    NoAnswer,
    /// The callee, or the network for them, doesn't want the call.
    Refused,
    /// There is no such number.
    NotFound,
    /// The number exists, and nothing leads to it now.
    Unreachable,
    /// The network is full or out of order.
    Congestion,
    /// We gave it up before anybody answered.
    Cancelled,
    /// Something between us and the callee went wrong.
    Failed,
    /// The process that dialled it was gone before it was known how it ended.
    Unknown,
}

/// No disposition has this name.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("\"{0}\" is no disposition; they are {names}", names = Disposition::names())]
pub struct UnknownDisposition(String);

impl Disposition {
    /// Every one, in the order of reports.
    pub const ALL: [Self; 16] = [
        Self::Person,
        Self::Abandoned,
        Self::Machine,
        Self::MessageLeft,
        Self::Screened,
        Self::Fax,
        Self::Intercepted,
        Self::Busy,
        Self::NoAnswer,
        Self::Refused,
        Self::NotFound,
        Self::Unreachable,
        Self::Congestion,
        Self::Cancelled,
        Self::Failed,
        Self::Unknown,
    ];

    /// As programs and configurations write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Abandoned => "abandoned",
            Self::Machine => "machine",
            Self::MessageLeft => "message_left",
            Self::Screened => "screened",
            Self::Fax => "fax",
            Self::Intercepted => "intercepted",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Congestion => "congestion",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Of a call that nobody answered, or that was answered by somebody of whom nothing is known but that.
    #[must_use]
    pub fn of_call(kind: DispositionKind) -> Self {
        match kind {
            DispositionKind::Answered => Self::Person,
            DispositionKind::Busy => Self::Busy,
            DispositionKind::NoAnswer => Self::NoAnswer,
            DispositionKind::Refused => Self::Refused,
            DispositionKind::NotFound => Self::NotFound,
            DispositionKind::Unreachable => Self::Unreachable,
            DispositionKind::Congestion => Self::Congestion,
            DispositionKind::Cancelled => Self::Cancelled,
            DispositionKind::Failed => Self::Failed,
        }
    }

    /// The number will never lead to the person: it isn't dialled again.
    #[must_use]
    pub fn ends_number(self) -> bool {
        matches!(self, Self::NotFound | Self::Intercepted | Self::Fax)
    }

    /// A person was reached: the contact is done with.
    #[must_use]
    pub fn ends_contact(self) -> bool {
        matches!(self, Self::Person | Self::MessageLeft)
    }

    /// It speaks against the trunk, not the callee.
    #[must_use]
    pub fn blames_trunk(self) -> bool {
        matches!(self, Self::Congestion | Self::Failed | Self::Unreachable)
    }

    fn names() -> String {
        Self::ALL.map(Self::name).join(", ")
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Disposition {
    type Err = UnknownDisposition;

    fn from_str(text: &str) -> Result<Self, UnknownDisposition> {
        Self::ALL.into_iter().find(|known| known.name() == text).ok_or_else(|| UnknownDisposition(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_disposition_is_read_back_by_its_name_and_others_are_refused_with_all_names() {
        for disposition in Disposition::ALL {
            assert_eq!(disposition.name().parse(), Ok(disposition));
        }
        let error = "voicemail".parse::<Disposition>().unwrap_err().to_string();
        assert!(error.starts_with("\"voicemail\" is no disposition; they are person, abandoned,"), "{error}");
    }

    #[test]
    fn what_ends_a_number_was_never_a_person() {
        for disposition in Disposition::ALL {
            assert!(!(disposition.ends_number() && disposition.ends_contact()), "{disposition}");
            assert!(!(disposition.blames_trunk() && disposition.ends_contact()), "{disposition}");
        }
    }
}
