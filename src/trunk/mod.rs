//! Trunks while the server runs: how each stands, who calls by it, and whether it can take another call.
//!
//!   keeper (one task a trunk that we register with) ─┐
//!   health (one task a trunk that is probed) ────────┼─► [`Trunk`]: its standing ─► calls, the log, whoever asks
//!   calls: permits, whose caps they count ───────────┘
//!
//! What a registration is, and when it is tried again, is `talkpath_sip::registration`; which trunk is tried first, and what
//! caps mean, `talkpath_dialplan`: this drives them.

mod examine;
mod health;
mod identity;
mod keeper;
mod standing;

pub use examine::{Finding, examine};
pub(crate) use identity::number_of;
pub use identity::{Caller, Headed};
pub use standing::{Health, Registered, Registration, Standing};

pub(crate) use health::watch;
pub(crate) use keeper::keep;

use standing::State;
use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use talkpath_config::Trunk as Settings;
use talkpath_dialplan::{CapReached, Direction, Fitness};
use talkpath_sip::message::Uri;
use tokio::sync::watch as watched;

/// One trunk.
#[derive(Debug)]
pub struct Trunk {
    /// What was written of it.
    pub settings: Settings,
    /// How it stands, and how that changes.
    standing: watched::Sender<Standing>,
    /// Held for moments, never across a wait: calls count themselves, tasks note what they found out.
    state: Mutex<State>,
}

/// A channel of a trunk, taken by one call until this is dropped.
#[derive(Debug)]
pub struct Permit {
    trunk: Arc<Trunk>,
    channel: u64,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.trunk.state().limiter.release(&self.channel);
        self.trunk.publish_calls();
    }
}

/// All trunks of a server.
#[derive(Clone, Debug, Default)]
pub struct Trunks {
    all: Arc<[Arc<Trunk>]>,
}

impl Trunks {
    /// As they were written; nothing is known of any yet.
    #[must_use]
    pub fn new(settings: &[Settings]) -> Self {
        Self { all: settings.iter().cloned().map(|settings| Arc::new(Trunk::new(settings))).collect() }
    }

    /// Every trunk.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Trunk>> {
        self.all.iter()
    }

    /// The trunk of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Arc<Trunk>> {
        self.iter().find(|trunk| trunk.settings.name == name)
    }

    /// The trunk by which a call has come: the one whose registration is called, or else the first that has `source` for a
    /// peer or a server.
    #[must_use]
    pub fn of_call(&self, called: &str, source: IpAddr) -> Option<&Arc<Trunk>> {
        self.iter().find(|trunk| trunk.is_called_as(called)).or_else(|| self.of_source(source))
    }

    /// The first trunk that has `source` for a peer or a server.
    #[must_use]
    pub fn of_source(&self, source: IpAddr) -> Option<&Arc<Trunk>> {
        let written = |trunk: &&Arc<Trunk>| trunk.settings.peers.iter().any(|peer| peer.contains(source));
        self.iter().find(written).or_else(|| self.iter().find(|trunk| trunk.is_at(source)))
    }

    /// Whether a trunk can take a call.
    #[must_use]
    pub fn fitness(&self, name: &str) -> Fitness {
        self.named(name).map_or(Fitness::Down, |trunk| trunk.fitness())
    }
}

impl Trunk {
    fn new(settings: Settings) -> Self {
        let (standing, _) = watched::channel(Standing::unknown(&settings));
        let state = Mutex::new(State::new(settings.caps));
        Self { settings, standing, state }
    }

    /// How it stands, now and as it changes.
    #[must_use]
    pub fn standing(&self) -> watched::Receiver<Standing> {
        self.standing.subscribe()
    }

    /// Takes a channel for a call. One that comes and goes by the same trunk has two.
    ///
    /// # Errors
    /// Which of its caps is reached.
    pub fn acquire(self: &Arc<Self>, direction: Direction) -> Result<Permit, CapReached> {
        let channel = self.state().acquire(direction, Instant::now())?;
        self.publish_calls();
        Ok(Permit { trunk: Arc::clone(self), channel })
    }

    /// Whether it can take a call of ours.
    #[must_use]
    pub fn fitness(&self) -> Fitness {
        if !self.standing.borrow().is_up() {
            return Fitness::Down;
        }
        match self.state().limiter.check(Direction::Outbound, Instant::now()) {
            Ok(()) => Fitness::Ready,
            Err(_) => Fitness::Full,
        }
    }

    /// Our registration there, if there is one.
    #[must_use]
    pub fn registration(&self) -> Option<Registration> {
        self.state().registration.clone()
    }

    /// Its servers, those that answered last first.
    #[must_use]
    pub fn servers(&self) -> Vec<Uri> {
        let state = self.state();
        let mut servers = self.settings.servers.clone();
        servers.sort_by_key(|server| state.down.contains(&server.to_string()));
        servers
    }

    /// Whether one of its servers has this address, as far as we have looked.
    #[must_use]
    pub fn is_at(&self, address: IpAddr) -> bool {
        self.state().places.contains(&address.to_canonical())
    }

    fn is_called_as(&self, user: &str) -> bool {
        !user.is_empty() && self.standing.borrow().contact_user.as_deref() == Some(user)
    }

    fn note_places(&self, found: impl IntoIterator<Item = IpAddr>) {
        let places: HashSet<IpAddr> = found.into_iter().map(|address| address.to_canonical()).collect();
        self.state().places.extend(places);
    }

    fn publish_calls(&self) {
        let calls = self.state().limiter.calls();
        self.standing.send_modify(|standing| standing.calls = calls);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
