//! How a call ended, in words that operators use.

use std::fmt;
use talkpath_dialplan::{Cause, DispositionKind};
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
    /// The callee is busy: 486 or 600, or a cause that says so.
    Busy,
    /// Nobody answered in time: we cancelled, or 408, 480, 487, or a cause that says so.
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
    /// Its name leads nowhere.
    NotFound {
        /// What the name service says.
        why: String,
    },
    /// There was no room for it on our side.
    Congested {
        /// What is full.
        why: String,
    },
    /// It was refused with this status.
    Refused {
        /// SIP status code.
        status: StatusCode,
        /// The reason phrase that came or went with it.
        reason: String,
        /// Who refused.
        by: Party,
        /// What the telephone network says of it (Q.850), if it was told.
        cause: Option<Cause>,
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
    /// Of a call that we refused, or could not place.
    #[must_use]
    pub fn refused_by_us(status: StatusCode, reason: String) -> Self {
        Self::Refused { status, reason, by: Party::Us, cause: None }
    }

    /// Of a call that we placed and that got a final response other than 2xx.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "everything else keeps its status")]
    pub fn of_refusal(status: StatusCode, reason: String, cause: Option<Cause>) -> Self {
        match DispositionKind::of(status.code(), cause) {
            DispositionKind::Busy => Self::Busy,
            DispositionKind::NoAnswer | DispositionKind::Cancelled => Self::NoAnswer,
            _ => Self::Refused { status, reason, by: Party::Peer, cause },
        }
    }

    /// Of a call that we placed and that came to nothing.
    #[must_use]
    pub fn of_failure(failure: RefusalCause, status: StatusCode, reason: &Text, cause: Option<Cause>) -> Self {
        match failure {
            RefusalCause::Response => Self::of_refusal(status, reason.to_string(), cause),
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
            EndCause::SessionExpired => Self::Lost { why: "the other side didn't refresh the session in time" },
            EndCause::Expired => Self::NoAnswer,
            EndCause::NoResponse => Self::Unreachable { why: "it never answered our INVITE" },
            EndCause::Transport => Self::Lost { why: "the other side can't be reached any more" },
            _ => Self::Lost { why: "the dialog ended by a fault" },
        }
    }

    /// Of two lines that came to nothing, the end that tells more about the callee: busy or refused more than nobody there,
    /// and that more than trouble on the way.
    #[must_use]
    pub fn telling(one: Option<Self>, other: Self) -> Self {
        match one {
            Some(one) if one.weight() >= other.weight() => one,
            Some(_) | None => other,
        }
    }

    fn weight(&self) -> u8 {
        match self.kind() {
            DispositionKind::Answered | DispositionKind::Cancelled => 6,
            DispositionKind::Refused => 5,
            DispositionKind::Busy => 4,
            DispositionKind::NoAnswer => 3,
            DispositionKind::NotFound => 2,
            DispositionKind::Unreachable | DispositionKind::Congestion => 1,
            DispositionKind::Failed => 0,
        }
    }

    /// What reports and retries count it as.
    #[must_use]
    pub fn kind(&self) -> DispositionKind {
        match self {
            Self::Answered { .. } => DispositionKind::Answered,
            Self::Busy => DispositionKind::Busy,
            Self::NoAnswer => DispositionKind::NoAnswer,
            Self::Cancelled | Self::CancelledByUs => DispositionKind::Cancelled,
            Self::Unreachable { .. } => DispositionKind::Unreachable,
            Self::NotFound { .. } => DispositionKind::NotFound,
            Self::Congested { .. } => DispositionKind::Congestion,
            Self::Refused { status, cause, .. } => DispositionKind::of(status.code(), *cause),
            Self::Lost { .. } => DispositionKind::Failed,
        }
    }

    /// What a caller is told for whom nobody better was found.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Refused { status, by: Party::Peer, .. } if is_about_our_request(*status) => StatusCode::BAD_GATEWAY,
            Self::Refused { status, .. } if !status.is_redirect() => *status,
            Self::Busy => StatusCode::BUSY_HERE,
            Self::Congested { .. } | Self::Lost { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoAnswer
            | Self::Unreachable { .. }
            | Self::NotFound { .. }
            | Self::Answered { .. }
            | Self::Cancelled
            | Self::CancelledByUs
            | Self::Refused { .. } => StatusCode::TEMPORARILY_UNAVAILABLE,
        }
    }
}

/// Whether a status finds fault with a request as such, not with whom it was for. The request was ours: whoever called us has
/// no part in it, and no password that would help.
fn is_about_our_request(status: StatusCode) -> bool {
    matches!(status.code(), 400..=402 | 405..=407 | 411..=430 | 437..=439 | 470 | 481 | 493..=499 | 501 | 505 | 513)
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
            Self::NotFound { why } => write!(f, "can't be reached: {why}"),
            Self::Congested { why } => write!(f, "no room: {why}"),
            Self::Refused { status, reason, by: Party::Peer, cause: None } => {
                write!(f, "refused by the other side: {} {reason}", status.code())
            }
            Self::Refused { status, reason, by: Party::Peer, cause: Some(cause) } => {
                write!(f, "refused by the other side: {} {reason}; {cause}", status.code())
            }
            Self::Refused { status, reason, by: Party::Us, .. } => {
                write!(f, "refused by us: {} {reason}", status.code())
            }
            Self::Lost { why } => write!(f, "lost: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: u16, cause: Option<u8>) -> Disposition {
        let status = StatusCode::new(code).unwrap();
        Disposition::of_refusal(status, status.default_reason().into(), cause.and_then(Cause::new))
    }

    #[test]
    fn a_cause_of_the_telephone_network_tells_more_than_the_status() {
        assert_eq!(refused(486, None), Disposition::Busy);
        assert_eq!(refused(503, Some(17)), Disposition::Busy);
        assert_eq!(refused(480, Some(19)), Disposition::NoAnswer);
        assert_eq!(refused(404, Some(1)).kind(), DispositionKind::NotFound);
        let told = refused(404, Some(1)).to_string();
        assert!(told.starts_with("refused by the other side: 404 Not Found; Unallocated"), "{told}");
    }

    #[test]
    fn a_caller_is_told_what_is_the_matter_with_the_callee_but_not_with_our_request() {
        for (refusal, told) in
            [(401, 502), (407, 502), (420, 502), (403, 403), (404, 404), (488, 488), (603, 603), (302, 480)]
        {
            assert_eq!(refused(refusal, None).status().code(), told, "{refusal}");
        }
    }

    #[test]
    fn of_several_ends_the_one_that_tells_most_is_told() {
        let dead = Disposition::Unreachable { why: "x" };
        let busy = Disposition::Busy;
        assert_eq!(Disposition::telling(Some(dead.clone()), busy.clone()), busy);
        assert_eq!(Disposition::telling(Some(busy.clone()), dead.clone()), busy);
        assert_eq!(Disposition::telling(None, dead.clone()), dead);
    }
}
