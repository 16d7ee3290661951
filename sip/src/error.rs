//! What can be wrong with what the application asks. Whatever comes from the network is answered or dropped instead.

use crate::session::SessionId;

/// Our own misuse, or our own limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The session is over, or never was.
    #[error("there is no session {0}")]
    UnknownSession(SessionId),
    /// The session's state does not allow this: accepting twice, offering while an offer is outstanding.
    #[error("session {0} is in no state for this")]
    WrongState(SessionId),
    /// RFC 3261 §13.2.1 asks for an offer or an answer in this message.
    #[error("session {0} needs a body here")]
    BodyMissing(SessionId),
    /// The status is not one that this call may send.
    #[error("status {0} cannot be sent here")]
    WrongStatus(crate::message::StatusCode),
    /// The limit on sessions is reached.
    #[error("too many sessions")]
    TooManySessions,
}
