//! Retransmission with doubling intervals: timers A, E and G of RFC 3261 §17, and the 2xx of §13.3.1.4.

use std::time::{Duration, Instant};

/// When to send the same bytes again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    at: Instant,
    interval: Duration,
    longest: Duration,
}

impl Backoff {
    /// First retransmission `interval` from now; each next interval doubles up to `longest`.
    pub(crate) fn new(interval: Duration, longest: Duration, now: Instant) -> Self {
        Self { at: now + interval, interval, longest }
    }

    /// When the next one is due.
    pub(crate) fn at(&self) -> Instant {
        self.at
    }

    /// True when one is due; the next is then planned. A late call yields one retransmission, never a burst.
    pub(crate) fn fire(&mut self, now: Instant) -> bool {
        if now < self.at {
            return false;
        }
        self.interval = self.interval.saturating_mul(2).min(self.longest);
        self.at = now + self.interval;
        true
    }

    /// After the next one, every `longest`: what a 1xx does to timer E (RFC 3261 §17.1.2.2).
    pub(crate) fn slow_down(&mut self) {
        self.interval = self.longest;
    }
}
