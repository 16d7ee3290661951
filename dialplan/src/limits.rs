//! The caps of a trunk: calls at once, both ways together, as carriers count channels; and new calls a second, each way for
//! itself, so that callers who come all at once don't stop us from calling, and what we send never exceeds the cap.
//!
//! Calls are held by name: a call that is released twice, or was never acquired, changes nothing, and whoever owns the
//! calls can compare ([`Limiter::retain`]). So no path through a call's life can leave a channel taken for ever, or free one
//! that somebody else has.
//!
//! Deviation: new calls are counted over the last second, not by a token bucket. A bucket of N that is refilled with N a
//! second lets nearly 2 N calls pass within one second after a rest, and a carrier that allows N answers 503 to the others.

use std::collections::{HashSet, VecDeque};
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// What new calls are counted over.
const SECOND: Duration = Duration::from_secs(1);

/// What a trunk allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// Calls at once, both ways together.
    pub calls: Option<NonZeroU32>,
    /// New calls in any second, each way.
    pub per_second: Option<NonZeroU32>,
}

/// Which way a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// To us.
    Inbound,
    /// To the trunk.
    Outbound,
}

/// Counts the calls of one trunk. `K` names a call.
#[derive(Clone, Debug)]
pub struct Limiter<K> {
    caps: Caps,
    live: HashSet<K>,
    inbound: Recent,
    outbound: Recent,
}

/// When calls of the last second began, oldest first; at most as many as a second may have.
#[derive(Clone, Debug, Default)]
struct Recent(VecDeque<Instant>);

/// A cap that a call would exceed.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum CapReached {
    /// There are as many calls as there may be.
    #[error("there are {calls} calls already, which is the trunk's max_calls")]
    Calls {
        /// The cap.
        calls: NonZeroU32,
    },
    /// As many calls began within a second as may.
    #[error("{per_second} calls began within this second, which is the trunk's calls_per_second")]
    PerSecond {
        /// The cap.
        per_second: NonZeroU32,
        /// When the next may begin.
        again: Duration,
    },
}

impl<K: Eq + Hash> Limiter<K> {
    /// Without a call.
    #[must_use]
    pub fn new(caps: Caps) -> Self {
        Self { caps, live: HashSet::new(), inbound: Recent::default(), outbound: Recent::default() }
    }

    /// Takes a channel for `call`, which keeps it until it is released. A call that has one keeps that.
    ///
    /// # Errors
    /// When there is none. The attempt isn't counted.
    pub fn acquire(&mut self, call: K, direction: Direction, now: Instant) -> Result<(), CapReached> {
        if self.live.contains(&call) {
            return Ok(());
        }
        self.check(direction, now)?;
        self.live.insert(call);
        if self.caps.per_second.is_some() {
            self.recent(direction).0.push_back(now);
        }
        Ok(())
    }

    /// Whether another call may begin.
    ///
    /// # Errors
    /// Why it may not.
    pub fn check(&mut self, direction: Direction, now: Instant) -> Result<(), CapReached> {
        if let Some(calls) = self.caps.calls.filter(|cap| self.live.len() >= size(*cap)) {
            return Err(CapReached::Calls { calls });
        }
        let Some(per_second) = self.caps.per_second else { return Ok(()) };
        match self.recent(direction).again(size(per_second), now) {
            Some(again) => Err(CapReached::PerSecond { per_second, again }),
            None => Ok(()),
        }
    }

    /// Gives back the channel of `call`; false when it has none.
    pub fn release(&mut self, call: &K) -> bool {
        self.live.remove(call)
    }

    /// Gives back the channels of all calls but those for which `lives` holds.
    pub fn retain(&mut self, lives: impl FnMut(&K) -> bool) {
        self.live.retain(lives);
    }

    /// Calls now.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.live.len()
    }

    /// Other caps from now on, for a configuration that was read again; calls stay counted.
    pub fn set_caps(&mut self, caps: Caps) {
        self.caps = caps;
    }

    fn recent(&mut self, direction: Direction) -> &mut Recent {
        match direction {
            Direction::Inbound => &mut self.inbound,
            Direction::Outbound => &mut self.outbound,
        }
    }
}

impl Recent {
    /// How long until fewer than `cap` calls are of the last second, unless that is so now.
    fn again(&mut self, cap: usize, now: Instant) -> Option<Duration> {
        while self.0.front().is_some_and(|began| now.saturating_duration_since(*began) >= SECOND) {
            self.0.pop_front();
        }
        let blocking = self.0.get(self.0.len().checked_sub(cap)?)?;
        Some((*blocking + SECOND).saturating_duration_since(now))
    }
}

fn size(cap: NonZeroU32) -> usize {
    usize::try_from(cap.get()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn limiter(calls: u32, per_second: u32) -> Limiter<u32> {
        Limiter::new(Caps { calls: NonZeroU32::new(calls), per_second: NonZeroU32::new(per_second) })
    }

    fn after(ms: u64) -> Instant {
        // The origin doesn't matter; an Instant can only be made from another.
        static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        #[expect(clippy::disallowed_methods, reason = "the origin of the tests' time")]
        let origin = *ORIGIN.get_or_init(Instant::now);
        origin + Duration::from_millis(ms)
    }

    #[test]
    fn a_trunk_carries_as_many_calls_as_it_may_and_another_when_one_has_ended() {
        let mut limiter = limiter(2, 0);
        assert_eq!(limiter.acquire(1, Direction::Outbound, after(0)), Ok(()));
        assert_eq!(limiter.acquire(2, Direction::Outbound, after(0)), Ok(()));
        let refused = limiter.acquire(3, Direction::Outbound, after(0)).unwrap_err();
        assert_eq!(refused, CapReached::Calls { calls: NonZeroU32::new(2).unwrap() });
        assert_eq!(refused.to_string(), "there are 2 calls already, which is the trunk's max_calls");
        assert!(limiter.release(&1));
        assert_eq!(limiter.acquire(3, Direction::Outbound, after(0)), Ok(()));
    }

    #[test]
    fn a_call_that_ends_twice_or_never_began_frees_no_channel_of_others() {
        let mut limiter = limiter(1, 0);
        limiter.acquire(1, Direction::Outbound, after(0)).unwrap();
        assert!(!limiter.release(&2));
        assert!(limiter.acquire(2, Direction::Outbound, after(0)).is_err());
        assert!(limiter.release(&1) && !limiter.release(&1));
        assert_eq!(limiter.calls(), 0);
    }

    #[test]
    fn a_call_that_comes_back_to_its_trunk_takes_no_second_channel() {
        let mut limiter = limiter(1, 1);
        limiter.acquire(1, Direction::Outbound, after(0)).unwrap();
        assert_eq!(limiter.acquire(1, Direction::Outbound, after(10)), Ok(()));
        assert_eq!(limiter.calls(), 1);
    }

    #[test]
    fn new_calls_wait_until_a_second_has_passed_since_the_one_that_makes_room() {
        let mut limiter = limiter(0, 2);
        limiter.acquire(1, Direction::Outbound, after(0)).unwrap();
        limiter.acquire(2, Direction::Outbound, after(300)).unwrap();
        let refused = limiter.acquire(3, Direction::Outbound, after(400)).unwrap_err();
        let per_second = NonZeroU32::new(2).unwrap();
        assert_eq!(refused, CapReached::PerSecond { per_second, again: Duration::from_millis(600) });
        assert!(limiter.acquire(3, Direction::Outbound, after(999)).is_err());
        assert_eq!(limiter.acquire(3, Direction::Outbound, after(1_000)), Ok(()));
        assert!(limiter.acquire(4, Direction::Outbound, after(1_000)).is_err());
    }

    #[test]
    fn callers_who_come_all_at_once_do_not_stop_us_from_calling() {
        let mut limiter = limiter(3, 1);
        assert_eq!(limiter.acquire(1, Direction::Inbound, after(0)), Ok(()));
        assert!(limiter.acquire(2, Direction::Inbound, after(0)).is_err());
        assert_eq!(limiter.acquire(3, Direction::Outbound, after(0)), Ok(()));
        assert_eq!(limiter.acquire(4, Direction::Inbound, after(1_000)), Ok(()));
        assert!(matches!(limiter.check(Direction::Outbound, after(1_000)), Err(CapReached::Calls { .. })));
    }

    #[test]
    fn lost_calls_are_swept_and_lower_caps_hold_from_the_next_call_on() {
        let mut limiter = limiter(0, 0);
        (0..10).for_each(|call| limiter.acquire(call, Direction::Outbound, after(0)).unwrap());
        limiter.set_caps(Caps { calls: NonZeroU32::new(5), per_second: None });
        assert!(limiter.acquire(10, Direction::Outbound, after(0)).is_err());
        limiter.retain(|call| *call < 4);
        assert_eq!(limiter.acquire(10, Direction::Outbound, after(0)), Ok(()));
        assert_eq!(limiter.calls(), 5);
    }

    proptest! {
        #[test]
        fn no_sequence_exceeds_a_cap_or_leaks_a_channel(
            calls in 1..6u32, per_second in 1..6u32,
            steps in proptest::collection::vec((any::<bool>(), 0..12u32, 0..400u64), 0..200)
        ) {
            let mut limiter = limiter(calls, per_second);
            let mut model = HashSet::new();
            let (mut now, mut began) = (0, Vec::new());
            for (acquire, call, pause) in steps {
                now += pause;
                if !acquire {
                    prop_assert_eq!(limiter.release(&call), model.remove(&call));
                } else if limiter.acquire(call, Direction::Outbound, after(now)).is_ok() && model.insert(call) {
                    began.push(now);
                }
                prop_assert_eq!(limiter.calls(), model.len());
                prop_assert!(model.len() <= calls as usize);
                prop_assert!(limiter.outbound.0.len() <= per_second as usize);
                let in_second = began.iter().filter(|at| now - **at < 1_000).count();
                prop_assert!(in_second <= per_second as usize);
            }
            model.iter().for_each(|call| assert!(limiter.release(call)));
            prop_assert_eq!(limiter.calls(), 0);
        }
    }
}
