//! When to probe the flow of a registration: RFC 5626 §4.4.

use std::time::{Duration, Instant};

use rand::Rng;

use super::pause::{between, later};
use super::settings::{KeepAlive, Probe};
use crate::transaction::earliest;

/// The probes of one registration; idle while there is no binding.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    /// When to send the next one.
    due: Option<Instant>,
    /// When the answer to the last one is too late.
    lost: Option<Instant>,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    Probe(Probe),
    Lost,
}

impl Schedule {
    /// Begins, unless it runs.
    pub(super) fn start(&mut self, settings: Option<KeepAlive>, rng: &mut dyn Rng, now: Instant) {
        if let (None, Some(keep_alive)) = (self.due, settings) {
            self.due = Some(next(keep_alive, rng, now));
        }
    }

    pub(super) fn stop(&mut self) {
        *self = Self::default();
    }

    /// The flow lives.
    pub(super) fn answered(&mut self) {
        self.lost = None;
    }

    pub(super) fn wake_up(&self) -> Option<Instant> {
        earliest(self.due, self.lost)
    }

    pub(super) fn fire(&mut self, settings: Option<KeepAlive>, rng: &mut dyn Rng, now: Instant) -> Option<Due> {
        if self.lost.is_some_and(|lost| lost <= now) {
            self.stop();
            return Some(Due::Lost);
        }
        let keep_alive = settings?;
        self.due.filter(|due| *due <= now)?;
        self.due = Some(next(keep_alive, rng, now));
        // An answer that is still awaited is awaited no longer for being asked again.
        self.lost = self.lost.or_else(|| keep_alive.patience.map(|patience| later(now, patience)));
        Some(Due::Probe(keep_alive.probe))
    }
}

fn next(keep_alive: KeepAlive, rng: &mut dyn Rng, now: Instant) -> Instant {
    let every = keep_alive.every.max(Duration::from_secs(1));
    later(now, between(every.saturating_mul(4) / 5, every, rng))
}
