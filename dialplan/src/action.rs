//! What a route does with a call.

use crate::dial::Dial;
use crate::pin::Pin;
use std::fmt;

/// What happens to a call. Menus and agents are named, since menus may lead back to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The named agent answers.
    Agent(String),
    /// The caller is connected with somebody.
    Dial(Dial),
    /// The named menu answers.
    Menu(String),
    /// Only callers who know a PIN go on.
    Pin(Pin),
    /// The call is refused with this status (400 to 699) and reason phrase; a call that is answered already is hung up.
    Reject {
        /// SIP status code.
        status: u16,
        /// Reason phrase; the status code's own when absent.
        reason: Option<String>,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(name) => write!(f, "agent \"{name}\""),
            Self::Dial(dial) => dial.fmt(f),
            Self::Menu(name) => write!(f, "menu \"{name}\""),
            Self::Pin(pin) => write!(f, "ask for a PIN, then {}", pin.then),
            Self::Reject { status, reason: None } => write!(f, "reject with {status}"),
            Self::Reject { status, reason: Some(reason) } => write!(f, "reject with {status} {reason}"),
        }
    }
}
