//! What the user agent is told once, and the limits that keep hostile floods small.

use std::time::Duration;

use crate::flow::Protocol;
use crate::message::Method;
use crate::transaction::Timers;

/// How many INVITE sessions at most, by default.
pub const MAX_SESSIONS: usize = 4_096;

/// How many server transactions at most, by default. Answered INVITEs and BYEs stay for 64*T1 each, so 700 calls a
/// second hold 45,000.
pub const MAX_TRANSACTIONS: usize = 65_536;

/// Other branches of a forked INVITE that are acknowledged and ended; answers of more are left to their own time-out.
pub const MAX_FORKS: usize = 8;

/// Longest Record-Route or Route set that a dialog keeps; an INVITE with more is refused with 400, and that of a 2xx is
/// ignored.
pub const MAX_ROUTES: usize = 32;

/// Settings of a [`crate::agent::UserAgent`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who we are: User-Agent in requests, Server in responses.
    pub product: String,
    /// The transports that [`UserAgent::set_ways`](crate::agent::UserAgent::set_ways) knows ways by. Without TCP
    /// among them nothing is sent by it that hasn't come by it.
    pub protocols: Vec<Protocol>,
    /// T1, T2 and T4.
    pub timers: Timers,
    /// INVITE sessions at once; beyond it new INVITEs get 503.
    pub max_sessions: usize,
    /// Server transactions at once; beyond it everything but BYE and CANCEL of a live call gets 503.
    pub max_transactions: usize,
    /// Methods outside calls that the application answers; what isn't among them is answered 405 or 501.
    pub asked: Vec<Method>,
    /// Content types of bodies that the application understands, lower case. The first is what Accept is checked for.
    pub accept: Vec<String>,
    /// Option tags for Supported; a Require with any other gets 420.
    pub supported: Vec<String>,
    /// How long a session of ours may go without a refresh, RFC 4028: what we ask for as caller, 90 s at least; half an
    /// hour by default. As callee we do what the caller asks for. None asks for nothing.
    pub session_expires: Option<Duration>,
    /// Content types of INFO bodies that the application understands, lower case; any other is answered 415.
    pub info: Vec<String>,
    /// What Retry-After says with 503 when a limit is reached; whole seconds.
    pub retry_after: Duration,
    /// The user part of our Contact as callee, none by default; it may need escapes, which are not added.
    pub contact_user: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            product: concat!("talkpath/", env!("CARGO_PKG_VERSION")).to_owned(),
            protocols: vec![Protocol::Udp],
            timers: Timers::default(),
            max_sessions: MAX_SESSIONS,
            max_transactions: MAX_TRANSACTIONS,
            asked: Vec::new(),
            accept: vec!["application/sdp".to_owned()],
            supported: vec!["timer".to_owned()],
            session_expires: Some(Duration::from_secs(1_800)),
            info: Vec::new(),
            retry_after: Duration::from_secs(2),
            contact_user: None,
        }
    }
}
