//! The socket to a remote engine: where it leads, why it can't be had, and what that means for the call.

use std::fmt;

/// Where a WebSocket is to be opened, and what is said at the upgrade.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `wss://…` or `ws://…`, query included.
    pub url: String,
    /// Header fields of the upgrade. They hold the key: never print the values.
    pub headers: Vec<(String, String)>,
    /// Sub-protocols offered (RFC 6455 §1.9).
    pub protocols: Vec<String>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Endpoint").field("url", &self.url).field("headers", &headers).finish_non_exhaustive()
    }
}

/// Why a socket couldn't be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectFailure {
    /// The server answered the upgrade with something other than 101.
    #[error("HTTP status {status}")]
    Http {
        /// The status.
        status: u16,
        /// The beginning of the body; providers explain themselves in it.
        body: String,
    },
    /// The name has no address.
    #[error("the name can't be resolved: {0}")]
    Dns(String),
    /// Nobody listens there.
    #[error("the connection was refused: {0}")]
    Refused(String),
    /// TLS failed: an unknown authority, another name, an expired certificate.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// The network doesn't lead there, or the connection broke while it was made.
    #[error("the connection broke: {0}")]
    Broken(String),
}

/// How a remote engine fares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its socket is gone and is being dialled again: let the caller hear that we are still here.
    Reconnecting {
        /// Which try comes next, from 1.
        attempt: u32,
        /// What happened, for the log.
        why: String,
    },
    /// It works again.
    Recovered,
    /// It is beyond repair. Nothing more comes of this engine.
    Lost(Loss),
}

/// Why an engine is beyond repair.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{words}")]
pub struct Loss {
    /// What must be mended.
    pub fault: Fault,
    /// The same in a sentence for the operator.
    pub words: String,
}

/// What must be mended before an engine works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The key is wrong, or may not use this.
    Key,
    /// The account has no credit left.
    Quota,
    /// There is no such model, or no such address.
    Model,
    /// The other side refuses the settings of the session.
    Settings,
    /// It can't be reached.
    Unreachable,
    /// It has no capacity for us.
    Overloaded,
    /// It fails again and again.
    Failing,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_printed_without_its_key() {
        let headers = vec![("Authorization".to_owned(), "Bearer sk-secret".to_owned())];
        let endpoint = Endpoint { url: "wss://example.com/".to_owned(), headers, protocols: Vec::new() };
        let printed = format!("{endpoint:?}");
        assert!(printed.contains("Authorization") && !printed.contains("secret"), "{printed}");
    }
}
