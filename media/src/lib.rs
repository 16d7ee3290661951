//! The media room: everything a call's voice passes through, as pure machines.
//!
//!   caller ─► [`rtp::Receiver`] ─► samples, keys ─► [`vad::Vad`] ─► [`resample::Resampler`] ─► engine
//!   caller ◄─ [`rtp::Sender`] ◄─ [`playout::Playout`] ◄─ [`resample::Resampler`] ◄──────────── engine
//!
//! [`sdp`] says what was agreed, [`rtcp`] how the line is doing, [`record`] puts both voices on one clock.
//! No sockets, no clock, no tasks: bytes and `now` are handed in, bytes and facts are handed out. The driver is
//! a media shard in `src/net`. Nothing that arrives from a network can panic here.

pub mod dtmf;
mod error;
pub mod g711;
pub mod level;
pub mod playout;
pub mod plc;
pub mod record;
pub mod resample;
pub mod rtcp;
pub mod rtp;
pub mod sdp;
pub mod tone;
pub mod vad;

pub use error::Error;

use std::time::{Duration, Instant};

/// Samples a second of every stream on a telephone line here, and the RTP clock rate of G.711 (RFC 3551 §4.5.14).
pub const SAMPLE_RATE: u32 = 8000;

/// Samples in a millisecond at [`SAMPLE_RATE`].
pub const SAMPLES_PER_MS: u64 = 8;

/// The longest frame handed out at once, in samples: 60 ms.
pub const MAX_FRAME: usize = 480;

/// How many samples of [`SAMPLE_RATE`] pass in `duration`.
#[must_use]
pub fn samples_in(duration: Duration) -> u64 {
    // A sample lasts 125 µs.
    u64::try_from(duration.as_micros() / 125).unwrap_or(u64::MAX)
}

/// How long `samples` last at [`SAMPLE_RATE`].
#[must_use]
pub fn duration_of(samples: u64) -> Duration {
    Duration::from_micros(samples.saturating_mul(125))
}

/// Samples of [`SAMPLE_RATE`] between two instants; 0 when `later` is not later.
pub(crate) fn samples_between(earlier: Instant, later: Instant) -> u64 {
    samples_in(later.saturating_duration_since(earlier))
}
