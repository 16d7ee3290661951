//! What is at the other end of an engine's socket, as pure machines that forgive nothing.
//!
//! Two test programs include this: this room's, on virtual time and without sockets, and that of whole calls, behind real sockets. So some of it
//! looks unused to each.

pub(crate) mod realtime;
