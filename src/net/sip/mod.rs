//! SIP on sockets: one driver task owns the user agent, its UDP sockets and its connections; everyone else holds a
//! [`SipHandle`].
//!
//!   UDP sockets ─────────────────────────────► driver ─► user agent ─► driver ─► UDP sockets
//!   TCP: listener ─► connection ─► framer ──────┘                         └────► connection's queue
//!
//! A listener or a connection is a task of its own, which reads into a bounded queue of the driver's: a connection that
//! brings more than is handled stops being read. In the other direction the driver never waits.

mod bind;
mod command;
mod connection;
mod datagrams;
mod driver;
mod start;
mod streams;
mod ways;

pub use command::{Dial, DialError, Gone, Headers, SipHandle, Way};
pub use driver::Incoming;
pub use start::{Secrets, Started, Telephones, start};
pub use ways::Listening;

/// What a refused caller is told to wait, in seconds, when it is our load or our leaving that refuses it.
pub(crate) const RETRY_AFTER: &str = "2";
