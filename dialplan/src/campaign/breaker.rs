//! A circuit breaker: when too many of the last attempts failed by the way and not by the callee, nothing is dialled for a while, then a few
//! attempts show whether it is better.
//!
//!   Closed ── share of failures ──► Open ── rest ──► Trying ── all well ──► Closed
//!                                     ▲                 │
//!                                     └── a failure, rest doubled ◄──┘
//!
//! One is kept a trunk, and one a campaign. Attempts that began before it opened say nothing of what came after: only those that
//! were let through while trying count then.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerSettings {
    /// The last so many attempts count.
    pub window: usize,
    /// Of them at least so many must be known.
    pub least: usize,
    /// The share of failures, 0 to 1, at which it opens.
    pub share: f64,
    /// How long nothing is dialled, the first time.
    pub rest: Duration,
    /// How long at most, after doubling.
    pub longest: Duration,
    /// So many attempts in a row must do well before it closes.
    pub probes: u32,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Attempts pass.
    Closed,
    /// None pass until then.
    Open {
        /// When a few may.
        until: Instant,
    },
    /// A few pass.
    Trying {
        /// How many more may be let through.
        left: u32,
        /// How many of those that were have yet to do well.
        wanted: u32,
    },
}

/// A breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: BreakerState,
    /// Whether the last attempts failed, oldest first.
    last: VecDeque<bool>,
    rest: Duration,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            window: 50,
            least: 20,
            share: 0.5,
            rest: Duration::from_secs(30),
            longest: Duration::from_secs(600),
            probes: 3,
        }
    }
}

impl Breaker {
    /// Closed.
    #[must_use]
    pub fn new(settings: BreakerSettings) -> Self {
        let rest = settings.rest;
        Self { settings, state: BreakerState::Closed, last: VecDeque::new(), rest }
    }

    /// How it stands at `now`.
    pub fn state(&mut self, now: Instant) -> BreakerState {
        if let BreakerState::Open { until } = self.state
            && now >= until
        {
            let probes = self.settings.probes.max(1);
            self.state = BreakerState::Trying { left: probes, wanted: probes };
        }
        self.state
    }

    /// Lets an attempt through; false when it must wait.
    pub fn admit(&mut self, now: Instant) -> bool {
        match self.state(now) {
            BreakerState::Closed => true,
            BreakerState::Open { .. } | BreakerState::Trying { left: 0, .. } => false,
            BreakerState::Trying { left, wanted } => {
                self.state = BreakerState::Trying { left: left - 1, wanted };
                true
            }
        }
    }

    /// An attempt that was let through came to nothing that tells of the way: it was never dialled.
    pub fn give_back(&mut self) {
        if let BreakerState::Trying { left, wanted } = self.state {
            self.state = BreakerState::Trying { left: (left + 1).min(wanted), wanted };
        }
    }

    /// An attempt has ended; true when that opened the breaker.
    pub fn ended(&mut self, failed: bool, now: Instant) -> bool {
        match self.state(now) {
            BreakerState::Closed => self.count(failed, now),
            // Begun before it opened.
            BreakerState::Open { .. } => false,
            BreakerState::Trying { .. } if failed => {
                self.rest = (self.rest * 2).min(self.settings.longest);
                self.open(now);
                true
            }
            BreakerState::Trying { wanted: 0 | 1, .. } => {
                self.state = BreakerState::Closed;
                self.rest = self.settings.rest;
                self.last.clear();
                false
            }
            BreakerState::Trying { left, wanted } => {
                self.state = BreakerState::Trying { left, wanted: wanted - 1 };
                false
            }
        }
    }

    fn count(&mut self, failed: bool, now: Instant) -> bool {
        self.last.push_back(failed);
        if self.last.len() > self.settings.window.max(1) {
            self.last.pop_front();
        }
        let failures = self.last.iter().filter(|failed| **failed).count();
        let enough = self.last.len() >= self.settings.least.max(1);
        let opens = enough && failures as f64 >= self.settings.share * self.last.len() as f64;
        if opens {
            self.open(now);
        }
        opens
    }

    fn open(&mut self, now: Instant) {
        self.state = BreakerState::Open { until: now + self.rest };
        self.last.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulation::origin;
    use super::*;

    fn after(seconds: u64) -> Instant {
        origin() + Duration::from_secs(seconds)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(BreakerSettings::default());
        for attempt in 0..19 {
            assert!(!breaker.ended(attempt % 2 == 0, after(0)), "too few are known");
        }
        assert!(breaker.ended(true, after(0)));
        breaker
    }

    #[test]
    fn a_trunk_that_fails_half_of_the_attempts_is_left_alone_for_a_while() {
        let mut breaker = opened();
        assert!(!breaker.admit(after(29)));
        assert!(!breaker.ended(false, after(29)), "what began before says nothing");
        assert!((0..3).all(|_| breaker.admit(after(30))));
        assert!(!breaker.admit(after(30)), "a few at a time");
        assert!((0..3).all(|_| !breaker.ended(false, after(31))));
        assert_eq!(breaker.state(after(31)), BreakerState::Closed);
    }

    #[test]
    fn a_trunk_that_fails_again_is_left_alone_for_twice_as_long_up_to_a_bound() {
        let mut breaker = opened();
        let (mut now, mut rest) = (0, 30);
        for _ in 0..8 {
            now += rest;
            assert!(!breaker.admit(after(now - 1)) && breaker.admit(after(now)));
            assert!(breaker.ended(true, after(now)));
            rest = (rest * 2).min(600);
            assert_eq!(breaker.state(after(now)), BreakerState::Open { until: after(now + rest) });
        }
    }

    #[test]
    fn an_attempt_that_was_never_dialled_leaves_its_place_to_another() {
        let mut breaker = opened();
        assert!((0..3).all(|_| breaker.admit(after(30))));
        breaker.give_back();
        assert!(breaker.admit(after(30)) && !breaker.admit(after(30)));
    }

    #[test]
    fn failures_of_long_ago_do_not_count() {
        let mut breaker = Breaker::new(BreakerSettings { least: 50, ..BreakerSettings::default() });
        (0..24).for_each(|_| assert!(!breaker.ended(true, after(0))));
        (0..26).for_each(|_| assert!(!breaker.ended(false, after(1))));
        (0..26).for_each(|_| assert!(!breaker.ended(false, after(2))));
        assert!(!breaker.ended(true, after(3)), "the first 24 are out of the window");
    }
}
