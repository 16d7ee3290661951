//! How a call ended, as reports and retries count it.

use super::Cause;
use std::fmt;

/// The ends that operators tell apart, because they do different things about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DispositionKind {
    /// Somebody or something answered.
    Answered,
    /// The callee is in another call. Worth another try soon.
    Busy,
    /// It rang, or was thought to, and nobody answered. Worth another try at another time.
    NoAnswer,
    /// The callee, or the network for them, doesn't want the call.
    Refused,
    /// There is no such number. Not worth another try.
    NotFound,
    /// The number exists, and nothing leads to it now: switched off, out of order, no route.
    Unreachable,
    /// The network is full or out of order. Worth another try by another trunk, or later.
    Congestion,
    /// We, or the caller, gave it up.
    Cancelled,
    /// Something between us and the callee went wrong: a fault to look into.
    Failed,
}

impl DispositionKind {
    /// Of a call that got this final response, with the cause that its Reason told, if one did. A cause that tells anything
    /// counts more than the status.
    #[must_use]
    pub fn of(status: u16, cause: Option<Cause>) -> Self {
        match status {
            200..=299 => Self::Answered,
            487 => Self::Cancelled,
            _ => cause.and_then(Self::of_cause).unwrap_or_else(|| Self::of_status(status)),
        }
    }

    /// Of a call that ended for this cause before it was answered; none when that tells nothing.
    #[must_use]
    pub fn of_cause(cause: Cause) -> Option<Self> {
        if !cause.tells() {
            return None;
        }
        Some(match cause.value() {
            1 | 4 | 5 | 22 | 28 => Self::NotFound,
            2 | 3 | 20 | 23 | 25 | 27 => Self::Unreachable,
            17 => Self::Busy,
            18 | 19 => Self::NoAnswer,
            21 | 24 | 53 | 55 | 87 => Self::Refused,
            34 | 38 | 41 | 42 | 44 | 46 | 47 => Self::Congestion,
            26 => Self::Cancelled,
            _ => Self::Failed,
        })
    }

    fn of_status(status: u16) -> Self {
        match status {
            404 | 410 | 484 | 485 | 604 => Self::NotFound,
            486 | 600 => Self::Busy,
            408 | 480 => Self::NoAnswer,
            403 | 433 | 603 | 607 | 608 => Self::Refused,
            482 | 483 | 502 | 504 => Self::Unreachable,
            503 => Self::Congestion,
            _ => Self::Failed,
        }
    }
}

impl fmt::Display for DispositionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::NoAnswer => "no answer",
            Self::Refused => "refused",
            Self::NotFound => "no such number",
            Self::Unreachable => "unreachable",
            Self::Congestion => "network congestion",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        })
    }
}
