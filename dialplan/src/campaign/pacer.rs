//! How many attempts may begin now.
//!
//! Three bounds, the least counts: calls at once; new calls a second, evenly spread and never more in any second than the rate (rounded up, where it is a
//! fraction), growing over a ramp; and, where calls are handed to people, how many of those are free. People's campaigns may
//! dial ahead of who is free (`ratio`), but only as far as the share of abandoned calls doesn't exceed its cap even if every
//! call that is ahead is answered at once and abandoned. That holds for people who stay: whoever leaves while their call is
//! under way may add to the share.
//!
//! The caps of trunks are theirs ([`crate::Limiter`]): whoever drives the pacer asks both.

use super::Abandonment;
use jiff::Timestamp;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What new calls are counted over.
const SECOND: Duration = Duration::from_secs(1);
/// What is late by more than this isn't caught up with: a driver that slept must not burst.
const SLACK: Duration = Duration::from_millis(200);
/// Slower than this is no ramp but a standstill.
const SLOWEST: f64 = 0.01;

/// How fast a campaign dials.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Attempts and calls at once.
    pub concurrency: u32,
    /// New attempts a second; fractions are for slow campaigns.
    pub per_second: f64,
    /// How it begins.
    pub ramp: Option<Ramp>,
    /// How far it dials ahead of the people who will talk; without it, agents of ours talk, and somebody is always free.
    pub ratio: Option<Ratio>,
}

/// A slow beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ramp {
    /// New attempts a second at the beginning.
    pub from: f64,
    /// How long until it is as fast as it gets.
    pub over: Duration,
}

/// Dialling ahead.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Attempts for each free person at most.
    pub most: f64,
    /// The share of abandoned calls that is not exceeded; 0.03 where nothing else is law.
    pub abandon_cap: f64,
}

/// The people who talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Those who could take a call now.
    pub free: u32,
}

/// What may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// One attempt, at once.
    Now,
    /// None before then.
    At(Instant),
    /// None until a call ends, or somebody becomes free.
    Full,
}

/// Paces one campaign.
#[derive(Clone, Debug)]
pub struct Pacer {
    pace: Pace,
    /// When its ramp began.
    began: Instant,
    /// Before this, nothing begins.
    due: Instant,
    /// Beginnings of the last second, oldest first.
    recent: VecDeque<Instant>,
    /// Calls that people answered.
    pub abandonment: Abandonment,
}

impl Pacer {
    /// A pacer whose ramp begins now.
    #[must_use]
    pub fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, began: now, due: now, recent: VecDeque::new(), abandonment: Abandonment::default() }
    }

    /// Another pace from now on; what began stays counted, and a faster one doesn't wait for what the slower one wanted.
    pub fn set_pace(&mut self, pace: Pace, now: Instant) {
        self.pace = pace;
        self.due = self.due.min(now + self.interval(now));
    }

    /// The pace.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// Whether an attempt may begin at `now`: `under_way` attempts have no answer yet, `talking` calls were answered. `staff` is
    /// asked for by campaigns with a ratio.
    pub fn room(&mut self, under_way: u32, talking: u32, staff: Option<Staff>, now: Instant, time: Timestamp) -> Room {
        if under_way.saturating_add(talking) >= self.pace.concurrency {
            return Room::Full;
        }
        if let Some(ratio) = self.pace.ratio
            && under_way >= self.ahead(ratio, staff.map_or(0, |staff| staff.free), time)
        {
            return Room::Full;
        }
        let again = self.again(now);
        if again <= now { Room::Now } else { Room::At(again) }
    }

    /// An attempt has begun.
    pub fn began(&mut self, now: Instant) {
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        self.due = self.due.max(earliest) + self.interval(now);
        self.recent.push_back(now);
    }

    /// New attempts a second at `now`.
    #[must_use]
    pub fn rate(&self, now: Instant) -> f64 {
        let full = self.pace.per_second.max(SLOWEST);
        let Some(Ramp { from, over }) = self.pace.ramp else { return full };
        let age = now.saturating_duration_since(self.began);
        if age >= over {
            return full;
        }
        let share = age.as_secs_f64() / over.as_secs_f64();
        // In this order, what is no number is the slowest.
        (from + (full - from) * share).max(SLOWEST).min(full)
    }

    /// Between two attempts.
    fn interval(&self, now: Instant) -> Duration {
        Duration::from_secs_f64(1.0 / self.rate(now))
    }

    /// When the next attempt may begin, as far as the rate is concerned.
    fn again(&mut self, now: Instant) -> Instant {
        while self.recent.front().is_some_and(|began| now.saturating_duration_since(*began) >= SECOND) {
            self.recent.pop_front();
        }
        // What a fraction takes off is left to the spacing.
        let cap = self.rate(now).ceil() as usize;
        let full = self.recent.len().checked_sub(cap).and_then(|index| self.recent.get(index));
        full.map_or(self.due, |blocking| self.due.max(*blocking + SECOND))
    }

    /// How many attempts may be under way for so many free people.
    fn ahead(&self, ratio: Ratio, free: u32, time: Timestamp) -> u32 {
        let wanted = (f64::from(free) * ratio.most.max(1.0)).floor() as u32;
        let risked = wanted.saturating_sub(free).min(self.abandonment.budget(ratio.abandon_cap, time));
        free + risked
    }
}

#[cfg(test)]
mod tests {
    use super::super::simulation::origin;
    use super::*;
    use proptest::prelude::*;

    fn after(ms: u64) -> Instant {
        origin() + Duration::from_millis(ms)
    }

    fn time() -> Timestamp {
        Timestamp::from_second(1_772_500_000).unwrap()
    }

    fn pace(concurrency: u32, per_second: f64) -> Pace {
        Pace { concurrency, per_second, ramp: None, ratio: None }
    }

    /// When attempts begin within `length`, each asked for as soon as it may be and none ending.
    fn beginnings(pacer: &mut Pacer, length: u64) -> Vec<u64> {
        let (mut now, mut begun) = (after(0), Vec::new());
        while now < after(length) {
            match pacer.room(0, 0, None, now, time()) {
                Room::Now => {
                    pacer.began(now);
                    begun.push(now.duration_since(after(0)).as_millis() as u64);
                }
                Room::At(again) => now = again,
                Room::Full => break,
            }
        }
        begun
    }

    #[test]
    fn attempts_are_spread_evenly() {
        let begun = beginnings(&mut Pacer::new(pace(1_000, 50.0), after(0)), 10_000);
        assert_eq!(begun.len(), 500);
        assert!(begun.windows(2).all(|pair| pair[1] - pair[0] == 20), "{:?}", &begun[..10]);
        let slow = beginnings(&mut Pacer::new(pace(1_000, 0.2), after(0)), 60_000);
        assert_eq!(slow, (0..12).map(|attempt| attempt * 5_000).collect::<Vec<_>>());
        let fraction = beginnings(&mut Pacer::new(pace(1_000, 2.5), after(0)), 60_000);
        assert_eq!(fraction, (0..150).map(|attempt| attempt * 400).collect::<Vec<_>>());
    }

    #[test]
    fn a_faster_pace_does_not_wait_for_what_the_slower_one_wanted() {
        let mut pacer = Pacer::new(pace(10, 0.1), after(0));
        pacer.began(after(0));
        assert_eq!(pacer.room(0, 0, None, after(0), time()), Room::At(after(10_000)));
        pacer.set_pace(pace(10, 2.0), after(1_000));
        assert_eq!(pacer.room(0, 0, None, after(1_000), time()), Room::At(after(1_500)));
    }

    #[test]
    fn what_is_no_rate_is_a_standstill_and_no_fault() {
        let over = Duration::from_secs(60);
        for (per_second, from) in
            [(f64::NAN, 1.0), (5.0, f64::NAN), (f64::INFINITY, f64::INFINITY), (-1.0, -1.0), (0.0, 0.0)]
        {
            let mut pacer = Pacer::new(Pace { ramp: Some(Ramp { from, over }), ..pace(10, per_second) }, after(0));
            pacer.began(after(0));
            let rate = pacer.rate(after(1_000));
            assert!(rate >= SLOWEST, "{per_second} from {from} is {rate}");
        }
    }

    #[test]
    fn a_ramp_grows_from_its_beginning_to_the_full_rate() {
        let ramp = Some(Ramp { from: 1.0, over: Duration::from_secs(60) });
        let mut pacer = Pacer::new(Pace { ramp, ..pace(10_000, 21.0) }, after(0));
        let begun = beginnings(&mut pacer, 90_000);
        let of = |second: u64| begun.iter().filter(|at| **at / 1_000 == second).count();
        assert!(
            (1..=2).contains(&of(0)) && (9..=12).contains(&of(30)) && of(80) == 21,
            "{} {} {}",
            of(0),
            of(30),
            of(80)
        );
    }

    #[test]
    fn as_many_calls_as_may_be_are_no_room_until_one_ends() {
        let mut pacer = Pacer::new(pace(10, 50.0), after(0));
        assert_eq!(pacer.room(4, 6, None, after(0), time()), Room::Full);
        assert_eq!(pacer.room(3, 6, None, after(0), time()), Room::Now);
    }

    #[test]
    fn people_are_dialled_for_one_by_one_until_enough_have_answered_to_risk_more() {
        let ratio = Some(Ratio { most: 2.0, abandon_cap: 0.03 });
        let mut pacer = Pacer::new(Pace { ratio, ..pace(100, 50.0) }, after(0));
        let staff = Some(Staff { free: 10 });
        let room = |pacer: &mut Pacer, under_way| pacer.room(under_way, 0, staff, after(0), time());
        assert_eq!((room(&mut pacer, 9), room(&mut pacer, 10)), (Room::Now, Room::Full));
        pacer.abandonment.add(time(), 100, 0);
        assert_eq!((room(&mut pacer, 12), room(&mut pacer, 13)), (Room::Now, Room::Full));
        pacer.abandonment.add(time(), 0, 3);
        assert_eq!(room(&mut pacer, 10), Room::Full, "the cap is reached: one for each who is free");
        pacer.abandonment.add(time(), 10_000, 0);
        assert_eq!((room(&mut pacer, 19), room(&mut pacer, 20)), (Room::Now, Room::Full));
        assert_eq!(pacer.room(0, 0, None, after(0), time()), Room::Full, "nobody is there to talk");
    }

    proptest! {
        #[test]
        fn no_second_has_more_beginnings_than_the_rate(
            per_second in 1..80u32, wakes in proptest::collection::vec(0..700u64, 1..120)
        ) {
            let mut pacer = Pacer::new(pace(u32::MAX, f64::from(per_second)), after(0));
            let (mut now, mut begun) = (0, Vec::new());
            for pause in wakes {
                now += pause;
                while pacer.room(0, 0, None, after(now), time()) == Room::Now {
                    pacer.began(after(now));
                    begun.push(now);
                }
                let in_second = begun.iter().filter(|at| now - **at < 1_000).count();
                prop_assert!(in_second <= per_second as usize, "{} of {}", in_second, per_second);
            }
        }
    }
}
