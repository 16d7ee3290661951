//! What a registration is told once.

use std::time::Duration;

use crate::digest::Credentials;
use crate::message::{HeaderName, NameAddr, Text, Uri};

/// Settings of a [`Registration`](super::Registration).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The registrar's domain, without a user part: the Request-URI (RFC 3261 §10.2).
    pub registrar: Uri,
    /// Who is registered, the address-of-record: To and From.
    pub address: NameAddr,
    /// Where we are reached: scheme, host, port and parameters. The user part is replaced by one of our own.
    pub contact: Uri,
    /// Who we are to those who challenge us; without them a challenge is a refusal.
    pub credentials: Option<Credentials>,
    /// Outbound proxies to pass, nearest first, all loose routers.
    pub routes: Vec<NameAddr>,
    /// Further header fields of each REGISTER.
    pub headers: Vec<(HeaderName, Text)>,
    /// How long a registration is asked to last; 5 minutes by default. 423 raises it.
    pub expires: Duration,
    /// The pause after the first failure, 5 s by default; each further failure doubles it. A random part up to half of
    /// it is left out, so that those who failed together don't come back together.
    pub first_pause: Duration,
    /// The longest pause, 5 minutes by default.
    pub longest_pause: Duration,
    /// The pause after a refusal that only people can mend (a wrong password, 403, 404), 10 minutes by default and
    /// lengthened by up to a quarter. Without it such a refusal is the end.
    pub refused_pause: Option<Duration>,
    /// How the way to the registrar is kept open while registered.
    pub keep_alive: Option<KeepAlive>,
}

impl Settings {
    /// The usual ones for this registrar, address-of-record and contact.
    pub fn new(registrar: Uri, address: NameAddr, contact: Uri) -> Self {
        Self {
            registrar,
            address,
            contact,
            credentials: None,
            routes: Vec::new(),
            headers: Vec::new(),
            expires: Duration::from_secs(300),
            first_pause: Duration::from_secs(5),
            longest_pause: Duration::from_secs(300),
            refused_pause: Some(Duration::from_secs(600)),
            keep_alive: Some(KeepAlive::default()),
        }
    }
}

/// How a NAT binding or a connection is kept open, and known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeepAlive {
    /// What is sent.
    pub probe: Probe,
    /// How often: each time after 80 to 100 % of this (RFC 5626 §4.4). 29 s by default, which suits UDP; on a
    /// connection 120 s will do (§4.4.1).
    pub every: Duration,
    /// How long its answer may take, before the flow counts as lost; by default none is awaited, as CRLFs on UDP get
    /// none. On a connection 10 s (§4.4.1).
    pub patience: Option<Duration>,
}

/// What keeps a flow open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// A double CRLF (RFC 5626 §3.5.1).
    Crlf,
    /// OPTIONS to the registrar; whatever answers it proves the flow.
    Options,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self { probe: Probe::Crlf, every: Duration::from_secs(29), patience: None }
    }
}
