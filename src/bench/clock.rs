//! The clock that all processes of a machine share, and [`Instant`]s on it.

use rustix::time::{ClockId, clock_gettime};
use std::time::{Duration, Instant};

/// Nanoseconds of `CLOCK_MONOTONIC`, now.
pub(super) fn nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec), u64::try_from(now.tv_nsec));
    seconds.unwrap_or_default() * 1_000_000_000 + nanos.unwrap_or_default()
}

/// What an instant is in nanoseconds of that clock: an [`Instant`] tells nobody, but how long ago it was.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epoch {
    instant: Instant,
    nanos: u64,
}

impl Epoch {
    pub(super) fn new() -> Self {
        Self { instant: Instant::now(), nanos: nanos() }
    }

    /// The instant at which the clock showed so much.
    pub(super) fn instant(self, nanos: u64) -> Option<Instant> {
        if nanos >= self.nanos {
            self.instant.checked_add(Duration::from_nanos(nanos - self.nanos))
        } else {
            self.instant.checked_sub(Duration::from_nanos(self.nanos - nanos))
        }
    }
}
