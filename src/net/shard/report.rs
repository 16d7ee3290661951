//! What is left of a call's voice when it is over.

use std::time::Duration;
use talkpath_speech::ledger::Line;
use talkpath_speech::turn::Counters;

/// What is left of a call's voice when it is over.
#[derive(Clone, Debug)]
pub struct Report {
    /// What travelled.
    pub leg: LegReport,
    /// What travelled on the last leg that it was bridged to.
    pub other: Option<LegReport>,
    /// How turns were taken.
    pub turns: Counters,
    /// Who said what, as far as it was heard.
    pub transcript: Vec<Line>,
    /// The caller's audio that was handed to the engine.
    pub heard: Duration,
    /// Speech of the engine that the playout queue had no room for.
    pub refused: Duration,
    /// Events that the call's task left untaken.
    pub lost_events: u64,
    /// Seconds of the recording that the disk didn't take.
    pub lost_seconds: u32,
}

/// What travelled on a leg.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegReport {
    /// Packets sent.
    pub sent: u64,
    /// Packets that the system wouldn't take.
    pub unsent: u64,
    /// Slots that were skipped as we came too late for them, as audio.
    pub skipped: Duration,
    /// Packets received.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came too late to be used.
    pub late: u64,
    /// Packets that came again.
    pub duplicated: u64,
    /// Audio that was concealed.
    pub concealed: Duration,
    /// Silence that was filled in.
    pub filled: Duration,
    /// Packets from sources that had no business here.
    pub strangers: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1).
    pub jitter: Duration,
    /// Round trip by RTCP, when the other side reports.
    pub round_trip: Option<Duration>,
    /// What the other side says of our packets: the share lost since its last report, 0 to 1.
    pub remote_loss: Option<f32>,
}
