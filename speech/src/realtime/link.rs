//! The connection to the other side: dialling, waiting, and when to give up.
//!
//! ```text
//!   Idle ──connect──► Connecting ──opened──► Opening ──session.created──► Configuring ──session.updated──► Ready
//!                      ▲    │                   │                             │                             │
//!                      │    └───────────────────┴──── failed, closed, slow ───┴──── closed, expired ────────┤
//!               due    │                                                                                    │
//!                   Waiting(at once, 0.5 s, 1, 2, 4, 8 s) ◄──── retries left ─────────────────────────────────┤
//!                                                                             Gone ◄──── none left ─────────┘
//!   Ready ──finish──► Finishing ──session.finished, slow──► Gone
//! ```
//!
//! The budget of retries is whole again once a session was ready for a while: one that is closed as soon as it is ready is dialled more and
//! more slowly like one that never was.

use std::time::{Duration, Instant};

use super::settings::Redial;

/// A session that was ready for so long is a good one.
const GOOD: Duration = Duration::from_secs(10);
/// How long a service may take to say that it has finished.
const FINISH: Duration = Duration::from_secs(2);

/// `after` from now, but no later than tomorrow: a setting beyond all reason doesn't overflow.
pub(crate) fn later(now: Instant, after: Duration) -> Instant {
    now + after.min(Duration::from_secs(24 * 3_600))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Waiting { until: Instant },
    Connecting { until: Instant },
    Opening { until: Instant },
    Configuring { until: Instant },
    Ready { since: Instant, renew: Instant },
    Finishing { until: Instant },
    Gone,
}

#[derive(Debug)]
pub(super) struct Link {
    state: State,
    redial: Redial,
    connect_timeout: Duration,
    lifetime: Duration,
    /// Failures since a session was last ready.
    failures: u32,
    /// Counts sockets.
    epoch: u32,
    /// A session has been ready before.
    was_ready: bool,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try number so much.
    Retry(u32),
    /// The budget is used up.
    Exhausted,
}

impl Link {
    pub(super) fn new(redial: Redial, connect_timeout: Duration, lifetime: Duration) -> Self {
        Self { state: State::Idle, redial, connect_timeout, lifetime, failures: 0, epoch: 0, was_ready: false }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.state, State::Ready { .. })
    }

    /// The number of the socket.
    pub(super) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Whether there has been a ready session in this call.
    pub(super) fn was_ready(&self) -> bool {
        self.was_ready
    }

    /// Whether there is a socket, or one is being made.
    pub(super) fn has_socket(&self) -> bool {
        match self.state {
            State::Idle | State::Waiting { .. } | State::Gone => false,
            State::Connecting { .. }
            | State::Opening { .. }
            | State::Configuring { .. }
            | State::Ready { .. }
            | State::Finishing { .. } => true,
        }
    }

    pub(super) fn connect(&mut self, now: Instant) {
        self.epoch += 1;
        self.state = State::Connecting { until: later(now, self.connect_timeout) };
    }

    /// There is a socket, if one was waited for.
    pub(super) fn opened(&mut self) {
        if let State::Connecting { until } = self.state {
            self.state = State::Opening { until };
        }
    }

    /// `session.created`. False when it isn't the first.
    pub(super) fn created(&mut self) -> bool {
        let State::Opening { until } = self.state else { return false };
        self.state = State::Configuring { until };
        true
    }

    /// `session.updated`. False when it isn't the first.
    pub(super) fn updated(&mut self, now: Instant) -> bool {
        let State::Configuring { .. } = self.state else { return false };
        self.state = State::Ready { since: now, renew: later(now, self.lifetime) };
        self.was_ready = true;
        true
    }

    /// The socket is gone, or of no use.
    pub(super) fn failed(&mut self, swamped: bool, now: Instant) -> Next {
        if matches!(self.state, State::Ready { since, .. } if now >= later(since, GOOD)) {
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures > self.redial.attempts {
            self.state = State::Gone;
            return Next::Exhausted;
        }
        self.state = State::Waiting { until: later(now, self.redial.delay(self.failures, swamped)) };
        Next::Retry(self.failures)
    }

    pub(super) fn finish(&mut self, now: Instant) {
        self.state = State::Finishing { until: later(now, FINISH) };
    }

    pub(super) fn give_up(&mut self) {
        self.state = State::Gone;
    }

    /// When the state has lasted long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until }
            | State::Connecting { until }
            | State::Opening { until }
            | State::Configuring { until }
            | State::Finishing { until } => Some(until),
            State::Ready { renew, .. } => Some(renew),
            State::Idle | State::Gone => None,
        }
    }
}
