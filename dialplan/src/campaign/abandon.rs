//! How many people were called and then had nobody to talk with: the share that regulators cap, measured over 30 days (16 CFR §310.4(b)(4)(i):
//! three per cent of the calls that a person answers, per campaign and 30 days).

use jiff::Timestamp;
use std::collections::VecDeque;

/// Days that count.
const DAYS: i64 = 30;
const DAY: i64 = 24 * 60 * 60;

/// Calls that people answered, and how many of them were abandoned, by day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Abandonment {
    /// Oldest first.
    days: VecDeque<Day>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    /// Days since the epoch, in UTC.
    number: i64,
    answered: u64,
    abandoned: u64,
}

impl Abandonment {
    /// Counts a call that a person answered.
    pub fn count(&mut self, at: Timestamp, abandoned: bool) {
        self.add(at, 1, u64::from(abandoned));
    }

    /// Counts those of a day, as a store remembers them.
    pub fn add(&mut self, at: Timestamp, answered: u64, abandoned: u64) {
        let number = at.as_second().div_euclid(DAY);
        self.forget(at);
        match self.days.iter_mut().rev().find(|day| day.number == number) {
            Some(day) => {
                day.answered += answered;
                day.abandoned += abandoned;
            }
            None => {
                let place = self.days.partition_point(|day| day.number < number);
                self.days.insert(place, Day { number, answered, abandoned });
            }
        }
    }

    /// The share of abandoned calls, 0 to 1; 0 when nobody has answered.
    #[must_use]
    pub fn share(&self, now: Timestamp) -> f64 {
        let (answered, abandoned) = self.totals(now);
        if answered == 0 { 0.0 } else { abandoned as f64 / answered as f64 }
    }

    /// How many more calls may be abandoned, whatever else happens, without the share exceeding `cap`.
    #[must_use]
    pub fn budget(&self, cap: f64, now: Timestamp) -> u32 {
        let (answered, abandoned) = self.totals(now);
        let allowed = (answered as f64 * cap.clamp(0.0, 1.0)).floor();
        // Bounded by u32 and not negative.
        (allowed - abandoned as f64).clamp(0.0, f64::from(u32::MAX)) as u32
    }

    fn totals(&self, now: Timestamp) -> (u64, u64) {
        let first = now.as_second().div_euclid(DAY) - DAYS + 1;
        let counted = self.days.iter().filter(|day| day.number >= first);
        counted.fold((0, 0), |(answered, abandoned), day| (answered + day.answered, abandoned + day.abandoned))
    }

    fn forget(&mut self, now: Timestamp) {
        let first = now.as_second().div_euclid(DAY) - DAYS + 1;
        while self.days.front().is_some_and(|day| day.number < first) {
            self.days.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(number * DAY + 3_600).unwrap()
    }

    #[test]
    fn the_share_is_of_the_last_thirty_days() {
        let mut calls = Abandonment::default();
        calls.add(day(0), 100, 50);
        calls.add(day(1), 100, 1);
        assert_eq!(calls.share(day(29)), 51.0 / 200.0);
        assert_eq!(calls.share(day(30)), 0.01);
        assert_eq!(calls.share(day(31)), 0.0);
    }

    #[test]
    fn the_budget_is_what_can_be_abandoned_without_exceeding_the_cap() {
        let mut calls = Abandonment::default();
        assert_eq!(calls.budget(0.03, day(0)), 0, "nobody has answered: nobody may be abandoned");
        calls.add(day(0), 99, 0);
        assert_eq!(calls.budget(0.03, day(0)), 2);
        calls.count(day(0), true);
        assert_eq!(calls.budget(0.03, day(0)), 2);
        calls.add(day(0), 0, 2);
        assert_eq!(calls.budget(0.03, day(0)), 0);
        assert!(calls.share(day(0)) <= 0.03);
    }

    #[test]
    fn days_may_come_in_any_order_and_are_bounded() {
        let mut calls = Abandonment::default();
        for number in [5, 3, 4, 3] {
            calls.add(day(number), 10, 1);
        }
        assert_eq!(calls.days.iter().map(|day| day.number).collect::<Vec<_>>(), [3, 4, 5]);
        for number in 0..1_000 {
            calls.count(day(number), false);
        }
        assert!(calls.days.len() <= 31);
    }
}
