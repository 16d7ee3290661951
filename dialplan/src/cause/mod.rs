//! Why calls end, in the words of the telephone network: ITU-T Q.850 cause values, their SIP statuses (RFC 3398), and
//! the Reason header field that carries them (RFC 3326, RFC 6432).
//!
//! Carriers say more with a cause than with a status: a 404 is a number that doesn't exist (1) or a route that this carrier
//! lacks (3), a 480 is a phone that rang (19), is switched off (20), or anything at all (31).

mod disposition;
mod reason;
mod table;

pub use disposition::DispositionKind;

use std::fmt;

/// A Q.850 cause value, 0 to 127.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause(u8);

impl Cause {
    /// Normal call clearing: somebody hung up.
    pub const NORMAL: Self = Self(16);
    /// User busy.
    pub const BUSY: Self = Self(17);
    /// No answer from user.
    pub const NO_ANSWER: Self = Self(19);
    /// Call rejected.
    pub const REJECTED: Self = Self(21);
    /// Normal, unspecified.
    pub const UNSPECIFIED: Self = Self(31);
    /// Temporary failure.
    pub const TEMPORARY_FAILURE: Self = Self(41);

    /// A cause by its value, if that has seven bits.
    #[must_use]
    pub fn new(value: u8) -> Option<Self> {
        (value < 128).then_some(Self(value))
    }

    /// The cause that a Reason header field tells, if it tells one: `Q.850;cause=16;text="Terminated"`. The field may
    /// have several values, separated by commas.
    #[must_use]
    pub fn of_reason(field: &str) -> Option<Self> {
        reason::read(field)
    }

    /// The cause that a gateway makes of a final response (RFC 3398 §8.2.6.1). None where the RFC looks elsewhere (487,
    /// 488, 606) or knows none.
    #[must_use]
    pub fn of_status(status: u16) -> Option<Self> {
        table::of_status(status).map(Self)
    }

    /// The value.
    #[must_use]
    pub fn value(self) -> u8 {
        self.0
    }

    /// Its name in Q.850.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        table::name(self.0)
    }

    /// The status that a gateway makes of it (RFC 3398 §7.2.4.1). None for normal clearing, which is a BYE or CANCEL.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        table::status(self.0)
    }

    /// As a value of a Reason header field.
    #[must_use]
    pub fn to_reason(self) -> String {
        match self.name() {
            Some(name) => format!("Q.850;cause={};text=\"{name}\"", self.0),
            None => format!("Q.850;cause={}", self.0),
        }
    }

    /// Whether it says more than that the call is over.
    pub(crate) fn tells(self) -> bool {
        // Normal, unspecified; and what gateways put where they know nothing (interworking, protocol error).
        self != Self::NORMAL && !matches!(self.0, 0 | 31 | 111 | 127)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} (Q.850 cause {})", name, self.0),
            None => write!(f, "Q.850 cause {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests;
