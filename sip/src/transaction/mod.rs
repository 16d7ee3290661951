//! The four transactions of RFC 3261 §17, with the Accepted state of RFC 6026.
//!
//!   [`ClientInvite`] §17.1.1   [`Client`] §17.1.2   [`ServerInvite`] §17.2.1   [`Server`] §17.2.2
//!
//! Each is a value that touches no socket and no clock: feed it messages and `now`, then drain its `poll` until
//! [`Output::Timeout`]. The user agent ([`crate::agent`]) owns them, finds them by [`ServerKey`] or [`ClientKey`],
//! and carries what they say to the wire.

mod backoff;
mod client;
mod client_invite;
mod key;
mod server;
mod server_invite;
mod timers;

#[cfg(test)]
mod tests;

pub use self::client::Client;
pub use self::client_invite::ClientInvite;
pub use self::key::{Branch, ClientKey, ServerKey};
pub use self::server::Server;
pub use self::server_invite::ServerInvite;
pub use self::timers::Timers;

pub(crate) use self::backoff::Backoff;
pub(crate) use self::key::MergeKey;

use std::time::Instant;

use bytes::Bytes;

/// What a transaction wants next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this message; for a client transaction to where the request went, for a server transaction to where
    /// RFC 3261 §18.2.2 says.
    Transmit(Bytes),
    /// The other side never answered: timer B, F or H fired. Said once.
    TimedOut,
    /// Drained. Wake the machine at this time; `None` when it is Terminated or waits for its user alone.
    Timeout(Option<Instant>),
}

/// The earlier of two times, either of which may be missing.
pub(crate) fn earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
