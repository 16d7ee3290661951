//! What every call task of a server shares.

use super::event::{CallEvent, CallEventKind, CallId};
use super::order::{Doors, Orders, Roster};
use crate::meter::Meter;
use crate::net::ports::PortPool;
use crate::net::resolve::Resolver;
use crate::net::shard::{Services, Shards};
use crate::net::tls::Tls;
use crate::record::Records;
use crate::tool::Toolbox;
use crate::trunk::Trunks;
use rustls::ClientConfig;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use talkpath_config::Config;
use talkpath_media::tone::ringback;
use tokio::sync::{broadcast, watch};

/// What the server is doing with its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Calls come and go.
    Serving,
    /// No new calls; live ones get time.
    Draining,
    /// Time is up: agents say goodbye and hang up.
    Goodbye,
    /// Whatever is left is hung up now.
    HangUp,
}

/// Shared by all calls of a server.
#[derive(Debug)]
pub struct Context {
    /// The configuration in force.
    pub config: Config,
    /// Every trunk, and how it stands.
    pub trunks: Trunks,
    /// Where names lead.
    pub resolver: Resolver,
    /// What is played, by file.
    pub sounds: HashMap<PathBuf, Arc<[i16]>>,
    /// What connections that we open are encrypted by.
    pub tls: Tls,
    /// What models may ask of other servers.
    pub toolbox: Toolbox,
    /// Where RTP ports come from.
    pub ports: PortPool,
    /// Where voice is carried.
    pub shards: Shards,
    /// The voice and the recorder.
    pub services: Services,
    /// What is known of calls.
    pub records: Records,
    /// What is counted over all calls.
    pub meter: Meter,
    /// Which calls live, and take orders.
    pub roster: Roster,
    /// Where callers by WebSocket are waited for.
    pub doors: Doors,
    /// How it sounds when it rings elsewhere.
    pub(super) ringback: Arc<[i16]>,
    events: broadcast::Sender<CallEvent>,
    phase: watch::Receiver<Phase>,
}

/// What a context is made of.
#[derive(Debug)]
pub struct Parts {
    /// The configuration in force.
    pub config: Config,
    /// Every trunk.
    pub trunks: Trunks,
    /// Where names lead.
    pub resolver: Resolver,
    /// What is played, by file.
    pub sounds: HashMap<PathBuf, Arc<[i16]>>,
    /// What connections that we open are encrypted by.
    pub tls: Tls,
    /// What models may ask of other servers.
    pub toolbox: Toolbox,
    /// Where RTP ports come from.
    pub ports: PortPool,
    /// Where voice is carried.
    pub shards: Shards,
    /// The voice and the recorder.
    pub services: Services,
}

impl Context {
    /// Puts the parts together; `events` may be subscribed to, `phase` is steered by the server.
    #[must_use]
    pub fn new(parts: Parts, events: broadcast::Sender<CallEvent>, phase: watch::Receiver<Phase>) -> Self {
        let Parts { config, trunks, resolver, sounds, tls, toolbox, ports, shards, services } = parts;
        Self {
            config,
            trunks,
            resolver,
            sounds,
            tls,
            toolbox,
            ports,
            shards,
            services,
            records: Records::default(),
            meter: Meter::default(),
            roster: Roster::default(),
            doors: Doors::default(),
            ringback: Arc::from(ringback()),
            events,
            phase,
        }
    }

    /// The server's phase, now and as it changes.
    #[must_use]
    pub fn phase(&self) -> watch::Receiver<Phase> {
        self.phase.clone()
    }

    /// Waits until the server is in `phase` or past it. A server that is gone wants its calls gone too.
    pub async fn reached(&self, phase: Phase) {
        let mut phases = self.phase.clone();
        drop(phases.wait_for(|now| *now >= phase).await);
    }

    /// What the socket of a remote engine is encrypted by.
    pub(super) fn tls(&self, engine: &str) -> Arc<ClientConfig> {
        self.tls.trusting(self.config.engine(engine).and_then(|engine| engine.authorities().flatten()))
    }

    /// A call begins: it takes orders from now on.
    pub(super) fn begin(&self, call: CallId) -> Orders {
        self.roster.enlist(call)
    }

    /// Tells whoever listens; nobody need.
    pub(super) fn tell(&self, call: CallId, kind: CallEventKind) {
        self.records.take(call, &kind);
        self.meter.take(&kind);
        drop(self.events.send(CallEvent { call, kind }));
    }

    /// Nothing more will be told of a call.
    pub(super) fn told_all(&self, call: CallId) {
        self.roster.strike(call);
        self.records.close(call);
    }

    /// Where the recording of `call` goes.
    pub(super) fn recording_path(&self, call: CallId, started: &jiff::Zoned) -> PathBuf {
        let name = format!("{}-call-{call}.wav", started.strftime("%Y%m%d-%H%M%S"));
        self.config.recording.directory.join(name)
    }
}
