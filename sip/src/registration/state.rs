//! What a registration is, and why it isn't what it should be, in words.

use std::fmt;
use std::time::Instant;

use crate::digest::Refusal;
use crate::message::{NameAddr, StatusCode, Text, Uri};

/// What became of a registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It isn't wanted, or no longer.
    Unregistered,
    /// A REGISTER is out and no binding is known to stand.
    Registering,
    /// Calls arrive. A refresh happens in this state.
    Registered {
        /// When the binding ends unless it is refreshed.
        until: Instant,
        /// The binding: our Contact.
        contact: NameAddr,
    },
    /// The binding is being taken away.
    Unregistering,
    /// It failed and will be tried again.
    Backoff {
        /// Why.
        why: Why,
        /// When.
        until: Instant,
    },
    /// It failed, and trying again would not help.
    Refused {
        /// Why.
        why: Why,
    },
}

/// Why a registration failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// Our answer to a challenge was refused, or there is none.
    Digest(Refusal),
    /// We are challenged and have no credentials.
    NoCredentials,
    /// A refusal that only people can mend.
    Refused {
        /// What the registrar says.
        status: StatusCode,
        /// In its own words.
        reason: Text,
    },
    /// Another failure.
    Failed {
        /// What the registrar says.
        status: StatusCode,
        /// In its own words.
        reason: Text,
    },
    /// A redirection, which is not followed: whoever we registered with there could take our calls.
    Redirected {
        /// Where to, if that can be read.
        to: Option<Uri>,
    },
    /// 423 without a longer time to ask for.
    IntervalTooBrief,
    /// 200 that binds us for no time.
    NotBound,
    /// One challenge or 423 after the other.
    Endless,
    /// No answer: timer F fired.
    Silent,
    /// The network refused to carry the request.
    Unreachable,
    /// The connection closed, or its keep-alive got no answer.
    FlowLost,
}

impl Why {
    /// Whether only people can mend it: settings here or at the registrar are wrong.
    pub fn needs_people(&self) -> bool {
        match self {
            Self::Digest(refusal) => !matches!(refusal, Refusal::AlwaysStale { .. }),
            Self::NoCredentials | Self::Refused { .. } => true,
            Self::Failed { .. }
            | Self::Redirected { .. }
            | Self::IntervalTooBrief
            | Self::NotBound
            | Self::Endless
            | Self::Silent
            | Self::Unreachable
            | Self::FlowLost => false,
        }
    }

    /// What a final response other than 2xx, 401, 407 and 423 says.
    pub(super) fn of(status: StatusCode, reason: &Text) -> Self {
        let reason = reason.detach();
        match status {
            StatusCode::FORBIDDEN
            | StatusCode::NOT_FOUND
            | StatusCode::METHOD_NOT_ALLOWED
            | StatusCode::GONE
            | StatusCode::UNSUPPORTED_URI_SCHEME
            | StatusCode::BAD_EXTENSION
            | StatusCode::EXTENSION_REQUIRED
            | StatusCode::NOT_IMPLEMENTED
            | StatusCode::DECLINE
            | StatusCode::DOES_NOT_EXIST_ANYWHERE => Self::Refused { status, reason },
            _ => Self::Failed { status, reason },
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Digest(refusal) => refusal.fmt(f),
            Self::NoCredentials => f.write_str("the registrar asks for a password and none is set"),
            Self::Refused { status, reason } => write!(f, "refused with {status} {reason}: {}", hint(*status)),
            Self::Failed { status, reason } => write!(f, "failed with {status} {reason}"),
            Self::Redirected { to: Some(to) } => write!(f, "redirected to {to}: set it as registrar if that is right"),
            Self::Redirected { to: None } => f.write_str("redirected to nowhere"),
            Self::IntervalTooBrief => f.write_str("423 asks for a longer registration and names no longer time"),
            Self::NotBound => f.write_str("accepted, but for no time at all"),
            Self::Endless => f.write_str("challenged again and again"),
            Self::Silent => f.write_str(
                "no answer: the registrar's address, port or transport is wrong, it is down, or a firewall is between",
            ),
            Self::Unreachable => f.write_str("the registrar can't be reached: no route, or nobody listens there"),
            Self::FlowLost => f.write_str("the connection to the registrar was lost"),
        }
    }
}

fn hint(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => {
            "user name, domain or transport are not what the registrar expects, or it doesn't allow this address"
        }
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::DOES_NOT_EXIST_ANYWHERE => {
            "the registrar knows no such user or domain"
        }
        StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => "this is no registrar",
        StatusCode::UNSUPPORTED_URI_SCHEME => "the registrar wants another scheme than that of its address",
        StatusCode::BAD_EXTENSION | StatusCode::EXTENSION_REQUIRED => "it needs what we don't have, or the reverse",
        _ => "ask who runs the registrar",
    }
}
