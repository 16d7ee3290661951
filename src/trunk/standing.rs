//! How a trunk stands, for people and for whoever chooses among trunks.

use crate::net::sip::Way;
use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::time::{Duration, Instant};
use talkpath_config::Trunk as Settings;
use talkpath_dialplan::{CapReached, Caps, Direction, Limiter};
use talkpath_sip::message::{NameAddr, Uri};

/// How a trunk stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its name.
    pub name: String,
    /// Whether we are registered there.
    pub registered: Registered,
    /// Whether it answers.
    pub health: Health,
    /// The user part of our Contact: an INVITE for it came by this trunk.
    pub contact_user: Option<String>,
    /// How often its registrar said that we are registered.
    pub registrations: u64,
    /// Calls on it.
    pub calls: usize,
}

/// Whether we are registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Registered {
    /// We don't register there.
    NotWanted,
    /// The registrar holds a binding for us.
    Yes,
    /// Not now, for this reason.
    No(String),
}

/// Whether a trunk answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// Nobody has asked it.
    Unknown,
    /// It does, after this time.
    Up(Duration),
    /// It doesn't, for this reason.
    Down(String),
}

impl Standing {
    pub(super) fn unknown(settings: &Settings) -> Self {
        let registered = match settings.register {
            true => Registered::No("not yet".into()),
            false => Registered::NotWanted,
        };
        let name = settings.name.clone();
        Self { name, registered, health: Health::Unknown, contact_user: None, registrations: 0, calls: 0 }
    }

    /// Whether it is worth trying: registered, where that is wanted, and not known to be silent.
    #[must_use]
    pub fn is_up(&self) -> bool {
        !matches!(self.registered, Registered::No(_)) && !matches!(self.health, Health::Down(_))
    }

    /// Whether its registrar holds a binding for us.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.registered == Registered::Yes
    }
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWanted => f.write_str("-"),
            Self::Yes => f.write_str("registered"),
            Self::No(why) => write!(f, "not registered: {why}"),
        }
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("-"),
            Self::Up(after) => write!(f, "answers in {} ms", after.as_millis()),
            Self::Down(why) => write!(f, "down: {why}"),
        }
    }
}

/// Our registration, as calls through the trunk need it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Our Contact there.
    pub contact: Uri,
    /// The route set that the registrar wants (RFC 3608).
    pub service_route: Vec<NameAddr>,
    /// The way that the REGISTER took.
    pub way: Way,
}

/// What changes too often, or is too large, to be told.
#[derive(Debug)]
pub(super) struct State {
    pub(super) limiter: Limiter<u64>,
    /// The addresses of its servers and registrar, as far as we have looked.
    pub(super) places: HashSet<IpAddr>,
    /// Servers that didn't answer when they were asked last.
    pub(super) down: HashSet<String>,
    pub(super) registration: Option<Registration>,
    channels: u64,
}

impl State {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            limiter: Limiter::new(caps),
            places: HashSet::new(),
            down: HashSet::new(),
            registration: None,
            channels: 0,
        }
    }

    /// The number of the channel that was free.
    pub(super) fn acquire(&mut self, direction: Direction, now: Instant) -> Result<u64, CapReached> {
        self.limiter.acquire(self.channels, direction, now)?;
        self.channels += 1;
        Ok(self.channels - 1)
    }
}
