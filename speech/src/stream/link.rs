//! The connection to the bot: dialling, waiting, and when to give up.
//!
//! ```text
//!   Connecting ──opened──► Open ──lost──► Waiting(at once, 0.5 s, 1, 2, 4, 8 s) ──due──► Connecting
//!       └──failed, slow──────────────────────┘  └──none left──► Gone
//! ```
//!
//! The budget of retries is whole again once a connection has been open for a while.

use std::time::{Duration, Instant};

use crate::realtime::{Redial, later};

/// A connection that was open for so long is a good one.
const GOOD: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Waiting { until: Instant },
    Connecting { until: Instant },
    Open { since: Instant },
    Gone,
}

/// What a failure leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Try number so much.
    Retry(u32),
    /// The budget is used up.
    Exhausted,
}

#[derive(Debug)]
pub(super) struct Link {
    state: State,
    redial: Redial,
    timeout: Duration,
    /// Failures since a connection was a good one.
    failures: u32,
}

impl Link {
    /// A link that is being made.
    pub(super) fn connecting(redial: Redial, timeout: Duration, now: Instant) -> Self {
        Self { state: State::Connecting { until: later(now, timeout) }, redial, timeout, failures: 0 }
    }

    pub(super) fn state(&self) -> State {
        self.state
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether there is a socket, or one is being made.
    pub(super) fn has_socket(&self) -> bool {
        match self.state {
            State::Connecting { .. } | State::Open { .. } => true,
            State::Waiting { .. } | State::Gone => false,
        }
    }

    pub(super) fn connect(&mut self, now: Instant) {
        self.state = State::Connecting { until: later(now, self.timeout) };
    }

    /// There is a socket. False when none was waited for.
    pub(super) fn opened(&mut self, now: Instant) -> bool {
        let State::Connecting { .. } = self.state else { return false };
        self.state = State::Open { since: now };
        true
    }

    /// The socket is gone, or can't be had.
    pub(super) fn failed(&mut self, swamped: bool, now: Instant) -> Next {
        if matches!(self.state, State::Open { since } if now >= later(since, GOOD)) {
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

    pub(super) fn give_up(&mut self) {
        self.state = State::Gone;
    }

    /// When the state has lasted long enough.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Waiting { until } | State::Connecting { until } => Some(until),
            State::Open { .. } | State::Gone => None,
        }
    }
}
