//! How a call ended, in words that operators use.

use std::fmt;
use talkpath_sip::agent::{EndCause, RefusalCause};
use talkpath_sip::message::{StatusCode, Text};

/// The end of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// It was answered and ended by one of the two.
    Answered {
        /// Who hung up.
        by: Party,
    },
    /// The callee is busy: 486 or 600.
    Busy,
    /// Nobody answered in time: we cancelled, or 408, 480, 487.
    NoAnswer,
    /// The caller hung up before it was answered.
    Cancelled,
    /// We gave it up before it was answered, as the server or the operator wanted to stop.
    CancelledByUs,
    /// The other side can't be reached.
    Unreachable {
        /// How we know.
        why: &'static str,
    },
    /// It was refused with this status.
    Refused {
        /// SIP status code.
        status: StatusCode,
        /// The reason phrase that came or went with it.
        reason: String,
        /// Who refused.
        by: Party,
    },
    /// It was answered, and then lost.
    Lost {
        /// What happened, in words.
        why: &'static str,
    },
}

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Party {
    /// talkpath.
    Us,
    /// The other side.
    Peer,
}

impl Disposition {
    /// Of a call that we placed and that got a final response other than 2xx.
    #[must_use]
    pub fn of_refusal(status: StatusCode, reason: String) -> Self {
        match status.code() {
            486 | 600 => Self::Busy,
            408 | 480 | 487 => Self::NoAnswer,
            _ => Self::Refused { status, reason, by: Party::Peer },
        }
    }

    /// Of a call that we placed and that came to nothing.
    #[must_use]
    pub fn of_failure(cause: RefusalCause, status: StatusCode, reason: &Text) -> Self {
        match cause {
            RefusalCause::Response => Self::of_refusal(status, reason.to_string()),
            RefusalCause::Timeout => Self::Unreachable { why: "it never answered our INVITE" },
            RefusalCause::Transport => Self::Unreachable { why: "the network knows no way to it" },
        }
    }

    /// Of a call to us that ended so before we had answered it.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is left is told as for any call")]
    pub fn before_answer(cause: &EndCause) -> Self {
        match cause {
            EndCause::RemoteBye { .. } => Self::Cancelled,
            EndCause::LocalHangup => Self::CancelledByUs,
            other => Self::of_end(other),
        }
    }

    /// Of an answered call whose dialog ended so.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's causes are non-exhaustive")]
    pub fn of_end(cause: &EndCause) -> Self {
        match cause {
            EndCause::RemoteBye { .. } => Self::Answered { by: Party::Peer },
            EndCause::LocalHangup => Self::Answered { by: Party::Us },
            EndCause::RemoteCancel => Self::Cancelled,
            EndCause::AckTimeout => {
                Self::Lost { why: "the other side never confirmed the answer (no ACK within 64*T1)" }
            }
            EndCause::DialogLost => Self::Lost { why: "the other side doesn't know the call any more" },
            EndCause::Expired => Self::NoAnswer,
            EndCause::NoResponse => Self::Unreachable { why: "it never answered our INVITE" },
            EndCause::Transport => Self::Lost { why: "the other side can't be reached any more" },
            _ => Self::Lost { why: "the dialog ended by a fault" },
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { by: Party::Us } => f.write_str("answered; we hung up"),
            Self::Answered { by: Party::Peer } => f.write_str("answered; the other side hung up"),
            Self::Busy => f.write_str("busy"),
            Self::NoAnswer => f.write_str("no answer"),
            Self::Cancelled => f.write_str("cancelled by the caller before it was answered"),
            Self::CancelledByUs => f.write_str("cancelled by us before it was answered"),
            Self::Unreachable { why } => write!(f, "can't be reached: {why}; check address, port and firewall"),
            Self::Refused { status, reason, by: Party::Peer } => {
                write!(f, "refused by the other side: {} {reason}", status.code())
            }
            Self::Refused { status, reason, by: Party::Us } => {
                write!(f, "refused by us: {} {reason}", status.code())
            }
            Self::Lost { why } => write!(f, "lost: {why}"),
        }
    }
}
