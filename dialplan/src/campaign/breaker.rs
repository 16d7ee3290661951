//! A circuit breaker: when too many of the last attempts failed by the way and not by the callee, nothing is dialled for a while, then a few
//! attempts show whether it is better.
//!
//!   Closed ── share of failures ──► Open ── rest ──► Trying ── all well ──► Closed
//!                                     ▲                 │
//!                                     └── a failure, rest doubled ◄──┘
//!
//! One is kept a trunk, and one a campaign. Attempts that began before it opened say nothing of what came after, however late they
//! end: each carries an [`Admission`], and counts only while the breaker stands as it did when it let the attempt through. Every
//! admission is ended or given back; one that is lost while trying is waited for.

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

/// An attempt that was let through.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "it is to be ended, or given back"]
pub struct Admission {
    term: u64,
}

/// A breaker.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    state: BreakerState,
    /// Counts how often it has opened, tried and closed.
    term: u64,
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
        Self { settings, state: BreakerState::Closed, term: 0, last: VecDeque::new(), rest }
    }

    /// How it stands at `now`.
    pub fn state(&mut self, now: Instant) -> BreakerState {
        if let BreakerState::Open { until } = self.state
            && now >= until
        {
            let probes = self.settings.probes.max(1);
            self.stand(BreakerState::Trying { left: probes, wanted: probes });
        }
        self.state
    }

    /// Lets an attempt through; nothing when it must wait.
    pub fn admit(&mut self, now: Instant) -> Option<Admission> {
        match self.state(now) {
            BreakerState::Closed => {}
            BreakerState::Open { .. } | BreakerState::Trying { left: 0, .. } => return None,
            BreakerState::Trying { left, wanted } => self.state = BreakerState::Trying { left: left - 1, wanted },
        }
        Some(Admission { term: self.term })
    }

    /// An attempt that was let through came to nothing that tells of the way: it was never dialled.
    pub fn give_back(&mut self, admission: Admission) {
        if let BreakerState::Trying { left, wanted } = self.state
            && admission.term == self.term
        {
            self.state = BreakerState::Trying { left: left + 1, wanted };
        }
    }

    /// An attempt has ended; true when that opened the breaker.
    pub fn ended(&mut self, admission: Admission, failed: bool, now: Instant) -> bool {
        let state = self.state(now);
        if admission.term != self.term {
            return false;
        }
        match state {
            BreakerState::Closed => self.count(failed, now),
            // Nothing is let through then.
            BreakerState::Open { .. } => false,
            BreakerState::Trying { .. } if failed => {
                self.rest = (self.rest * 2).min(self.settings.longest);
                self.open(now);
                true
            }
            BreakerState::Trying { wanted: 0 | 1, .. } => {
                self.stand(BreakerState::Closed);
                self.rest = self.settings.rest;
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
        self.stand(BreakerState::Open { until: now + self.rest });
        self.last.clear();
    }

    fn stand(&mut self, state: BreakerState) {
        self.state = state;
        self.term += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulation::origin;
    use super::*;

    fn after(seconds: u64) -> Instant {
        origin() + Duration::from_secs(seconds)
    }

    /// Lets so many attempts through.
    fn admitted(breaker: &mut Breaker, count: usize, now: Instant) -> Vec<Admission> {
        (0..count).map(|_| breaker.admit(now).unwrap()).collect()
    }

    /// Lets one through, which ends at once.
    fn attempt(breaker: &mut Breaker, failed: bool, now: Instant) -> bool {
        let admission = breaker.admit(now).unwrap();
        breaker.ended(admission, failed, now)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new(BreakerSettings::default());
        for number in 0..19 {
            assert!(!attempt(&mut breaker, number % 2 == 0, after(0)), "too few are known");
        }
        assert!(attempt(&mut breaker, true, after(0)));
        breaker
    }

    #[test]
    fn a_trunk_that_fails_half_of_the_attempts_is_left_alone_for_a_while() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(after(29)), None);
        let probes = admitted(&mut breaker, 3, after(30));
        assert_eq!(breaker.admit(after(30)), None, "a few at a time");
        assert!(probes.into_iter().all(|probe| !breaker.ended(probe, false, after(31))));
        assert_eq!(breaker.state(after(31)), BreakerState::Closed);
    }

    #[test]
    fn a_trunk_that_fails_again_is_left_alone_for_twice_as_long_up_to_a_bound() {
        let mut breaker = opened();
        let (mut now, mut rest) = (0, 30);
        for _ in 0..8 {
            now += rest;
            assert_eq!(breaker.admit(after(now - 1)), None);
            assert!(attempt(&mut breaker, true, after(now)));
            rest = (rest * 2).min(600);
            assert_eq!(breaker.state(after(now)), BreakerState::Open { until: after(now + rest) });
        }
    }

    #[test]
    fn an_attempt_that_began_before_it_opened_says_nothing_however_late_it_ends() {
        let mut breaker = Breaker::new(BreakerSettings::default());
        let slow = admitted(&mut breaker, 6, after(0));
        for _ in 0..20 {
            attempt(&mut breaker, true, after(0));
            if breaker.state(after(0)) != BreakerState::Closed {
                break;
            }
        }
        let mut slow = slow.into_iter();
        let mut late = |breaker: &mut Breaker, failed, now| breaker.ended(slow.next().unwrap(), failed, after(now));
        assert!(
            !late(&mut breaker, true, 29) && !late(&mut breaker, true, 30),
            "neither while it is open nor while it is trying"
        );
        assert_eq!(breaker.state(after(30)), BreakerState::Trying { left: 3, wanted: 3 });
        assert!(!late(&mut breaker, false, 30));
        assert_eq!(breaker.state(after(30)), BreakerState::Trying { left: 3, wanted: 3 });
        (0..3).for_each(|_| assert!(!attempt(&mut breaker, false, after(31))));
        assert!(!late(&mut breaker, true, 32));
        assert_eq!(breaker.last.len(), 0, "nor when it is closed again");
    }

    #[test]
    fn an_attempt_that_was_never_dialled_leaves_its_place_to_another() {
        let mut breaker = opened();
        let mut probes = admitted(&mut breaker, 3, after(30));
        breaker.give_back(probes.pop().unwrap());
        probes.extend(admitted(&mut breaker, 1, after(30)));
        assert_eq!(breaker.admit(after(30)), None);
    }

    #[test]
    fn failures_of_long_ago_do_not_count() {
        let mut breaker = Breaker::new(BreakerSettings { least: 50, ..BreakerSettings::default() });
        let mut run = |count, failed| (0..count).any(|_| attempt(&mut breaker, failed, after(0)));
        assert!(!run(24, true) && !run(52, false));
        assert!(!run(1, true), "the first 24 are out of the window");
    }
}
