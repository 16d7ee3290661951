//! Digest authentication: RFC 3261 §22, RFC 7616, RFC 8760.
//!
//!   request ──► 401/407 with challenges ──► [`Client`] ──► the request again, with answers ──► [`Server`] ──► verdict
//!
//! Algorithms are MD5, SHA-256 and SHA-512-256 and their `-sess` variants. Protection is `qop=auth`, or none as in
//! RFC 2069 when a challenge offers none; `auth-int` is neither offered nor answered, since proxies change bodies.
//!
//! Client and server touch no socket and no clock: responses, requests, `now` and randomness are handed in.
//!
//! Deviations: user names are sent as they are (`userhash` isn't answered), and of several challenges for a realm the
//! strongest is answered where RFC 8760 §2.4 takes the topmost, which here decides between equals.

mod algorithm;
mod answer;
mod challenge;
mod client;
mod ledger;
mod nonce;
mod params;
mod server;

#[cfg(test)]
mod tests;

pub use self::algorithm::{Algorithm, Hash, UnknownAlgorithm};
pub use self::challenge::Unfit;
pub use self::client::{Client, Credentials, Next, Refusal};
pub use self::server::{Secret, Server, Settings, Verdict};

use crate::message::{HeaderName, Headers};

/// Who asks for authentication (RFC 3261 §22.2, §22.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// A user agent server or registrar: 401, WWW-Authenticate, Authorization.
    Server,
    /// A proxy: 407, Proxy-Authenticate, Proxy-Authorization.
    Proxy,
}

impl Side {
    const BOTH: [Self; 2] = [Self::Server, Self::Proxy];

    /// What its challenges stand in.
    pub fn challenge_header(self) -> HeaderName {
        match self {
            Self::Server => HeaderName::WwwAuthenticate,
            Self::Proxy => HeaderName::ProxyAuthenticate,
        }
    }

    /// What answers to it stand in.
    pub fn answer_header(self) -> HeaderName {
        match self {
            Self::Server => HeaderName::Authorization,
            Self::Proxy => HeaderName::ProxyAuthorization,
        }
    }
}

/// "UACs creating an ACK message will duplicate all of the Authorization and Proxy-Authorization header field values
/// that appeared in the INVITE to which the ACK corresponds" (RFC 3261 §22.1).
pub(crate) fn copy_answers(ack: &mut Headers, invite: &Headers) {
    for side in Side::BOTH {
        ack.copy(invite, &side.answer_header());
    }
}
