//! SIP for talkpath: messages, transactions, dialogs, INVITE sessions, the user agent, registration and registrar, as pure
//! machines.
//!
//! No socket, no clock, no runtime: bytes and `now` come in, bytes, events and the next wake-up go out. A body is
//! bytes and a content type; what SDP means lives elsewhere.

pub mod agent;
mod dialog;
pub mod digest;
mod error;
mod flow;
pub mod message;
pub mod registrar;
pub mod registration;
mod session;
mod settings;
pub mod transaction;
