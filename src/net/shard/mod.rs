//! Media shards: one thread a core, each with its own runtime, each the home of many calls' voice.
//!
//! A call lives on one shard from its first SDP to its end. Every 5 ms the shard obeys its commands, sends
//! what is due, and reads every socket; in between its runtime turns, so that an engine's socket on the
//! same thread gets its reactor. No lock and no channel lies on the audio path: the call's task sees only
//! events at the rate of people, through a bounded channel that the shard never waits for.
//!
//! A panic in a call's step ends that call ([`MediaEvent::Failed`]) and no other.

mod call;
mod command;
mod leg;
mod mouth;
mod parting;
mod recording;
mod report;
mod run;
mod socket;
mod surroundings;
mod talk;
mod voices;
mod wheel;

pub use command::{
    AgentState, CallKey, Conduct, EngineSpec, Idle, IdlePrompts, Line, MediaEvent, Opening, Remote, ShardHandle, Side,
    Unavailable,
};
pub use leg::Leg;
pub use report::{LegReport, Report};
pub(crate) use run::raise_priority;
pub(crate) use voices::{Made, engine};

use crate::net::websocket::Dialer;
use crate::recorder::Recorder;
use crate::voice::Synthesizer;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Milliseconds from tick to tick.
const TICK_MS: u64 = 5;

/// What every shard shares with its neighbours.
#[derive(Clone, Debug)]
pub struct Services {
    /// The embedded voice.
    pub voice: Synthesizer,
    /// The recordings.
    pub recorder: Recorder,
    /// The way to remote engines.
    pub dialer: Dialer,
    /// Where we are, for the time of day: read once, so that nobody asks the disk for it.
    pub zone: jiff::tz::TimeZone,
}

/// All shards of a server.
#[derive(Clone, Debug)]
pub struct Shards {
    shards: Arc<[ShardHandle]>,
    next_key: Arc<AtomicU64>,
}

impl Shards {
    /// Starts `count` threads; `realtime` asks for real-time priority, which is granted or not.
    ///
    /// # Errors
    /// When a thread can't be started.
    pub fn start(count: usize, realtime: bool, services: &Services) -> std::io::Result<Self> {
        let shards = (0..count.max(1)).map(|index| run::start(index, realtime, services.clone()));
        Ok(Self { shards: shards.collect::<Result<_, _>>()?, next_key: Arc::default() })
    }

    /// A name for a new call.
    #[must_use]
    pub fn new_key(&self) -> CallKey {
        CallKey(self.next_key.fetch_add(1, Ordering::Relaxed))
    }

    /// The shard with the fewest calls that keeps its time; none when all of them run late.
    #[must_use]
    pub fn quietest(&self) -> Option<&ShardHandle> {
        self.shards.iter().filter(|shard| shard.is_alive() && shard.keeps_time()).min_by_key(|shard| shard.calls())
    }

    /// Calls on all shards.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.shards.iter().map(ShardHandle::calls).sum()
    }
}
