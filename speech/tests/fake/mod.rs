//! What is at the other end of an engine's socket, as pure machines that forgive nothing.
//!
//! Two test programs include this: this room's, on virtual time and without sockets, and that of whole calls, behind real sockets. So some of it
//! looks unused to each. Clocks are milliseconds from any moment on; a machine is given what arrives and says what it sends.

pub(crate) mod g711;
pub(crate) mod realtime;
pub(crate) mod stream;

/// What a machine does on its socket.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Act {
    Text(String),
    Binary(Vec<u8>),
    Mishap(Mishap),
}

/// What goes wrong with a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    /// The connection ends without a word of WebSocket.
    Vanish,
    /// TCP is reset.
    Reset,
    /// A close frame, without a code where there is none.
    Close(Option<u16>, String),
    /// Nothing is read any more, so that the other side's writes stall.
    Deaf,
    /// Nothing is said any more.
    Mute,
}
