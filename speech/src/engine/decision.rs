//! What a caller's keys came to, for whoever routes the call.

use std::fmt;

/// What a caller's keys came to. An engine that has decided says nothing more: another takes its place.
#[derive(Clone, PartialEq, Eq)]
pub enum Decision {
    /// This option of a [menu](crate::menu).
    Chosen(String),
    /// None of a menu's options, in any of the attempts.
    NoChoice,
    /// These digits at a [gate](crate::pin); the engine waits for [`Input::Judged`](super::Input::Judged). Never printed.
    Entered(String),
    /// Nothing right, in any of the attempts.
    Denied,
}

impl fmt::Debug for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen(option) => f.debug_tuple("Chosen").field(option).finish(),
            Self::NoChoice => f.write_str("NoChoice"),
            Self::Entered(digits) => write!(f, "Entered({} digits)", digits.len()),
            Self::Denied => f.write_str("Denied"),
        }
    }
}
