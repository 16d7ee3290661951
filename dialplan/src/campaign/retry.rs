//! Whether a contact is tried again after an attempt, when, and by which number.
//!
//! A number that leads nowhere (no such number, an announcement of the network, a fax) is done with, and the next one is dialled at once. A
//! person who was reached is done with. Everything else is a rule by disposition: so often, after such a delay, by the same number or
//! the next. A rule counts its own disposition over the contact's whole history; `most` bounds all attempts together.

use super::Disposition;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What follows after one disposition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryRule {
    /// How often attempts that end so are followed by another.
    pub times: u32,
    /// How long after the end of the attempt.
    pub delay: SignedDuration,
    /// By the contact's next number, where there is one.
    pub other_number: bool,
}

/// The rules of a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryRules {
    /// By disposition; one without a rule isn't followed by an attempt.
    pub rules: BTreeMap<Disposition, RetryRule>,
    /// Attempts a contact, all numbers together.
    pub most: u32,
}

/// An attempt that was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Past {
    /// Which of the contact's numbers, from 0.
    pub number: usize,
    /// How it ended.
    pub disposition: Disposition,
    /// When.
    pub ended: Timestamp,
}

/// What becomes of a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is dialled by this number, not before that time.
    Dial {
        /// Which number, from 0.
        number: usize,
        /// The earliest time.
        not_before: Timestamp,
    },
    /// The person was reached.
    Reached,
    /// Nothing is left to try.
    Exhausted,
}

impl Default for RetryRules {
    /// As outbound centres have it: busy soon again, no answer after hours and by another number, trouble of the network soon.
    fn default() -> Self {
        let rule =
            |times, minutes, other_number| RetryRule { times, delay: SignedDuration::from_mins(minutes), other_number };
        let rules = [
            (Disposition::Busy, rule(3, 10, false)),
            (Disposition::NoAnswer, rule(3, 180, true)),
            (Disposition::Machine, rule(3, 180, true)),
            (Disposition::Screened, rule(1, 180, true)),
            (Disposition::Unreachable, rule(2, 60, true)),
            (Disposition::Congestion, rule(3, 5, false)),
            (Disposition::Failed, rule(1, 15, false)),
        ];
        Self { rules: rules.into(), most: 6 }
    }
}

impl RetryRules {
    /// What follows for a contact with so many numbers after these attempts, oldest first.
    #[must_use]
    pub fn next(&self, history: &[Past], numbers: usize, now: Timestamp) -> Next {
        let Some(last) = history.last() else {
            return if numbers == 0 { Next::Exhausted } else { Next::Dial { number: 0, not_before: now } };
        };
        if history.iter().any(|past| past.disposition.ends_contact()) {
            return Next::Reached;
        }
        if history.len() >= usize::try_from(self.most).unwrap_or(usize::MAX) {
            return Next::Exhausted;
        }
        let dead = |number: usize| history.iter().any(|past| past.number == number && past.disposition.ends_number());
        let others = (1..=numbers).map(|step| (last.number + step) % numbers.max(1));
        let other = others.filter(|number| *number != last.number).find(|number| !dead(*number));
        if last.disposition.ends_number() {
            return match other {
                Some(number) => Next::Dial { number, not_before: now },
                None => Next::Exhausted,
            };
        }
        match self.rule(history, last.disposition) {
            Some(rule) => {
                // A number that was deleted meanwhile is not dialled.
                let same = Some(last.number).filter(|number| *number < numbers);
                let not_before = last.ended.saturating_add(rule.delay).unwrap_or(Timestamp::MAX);
                match other.filter(|_| rule.other_number).or(same).or(other) {
                    Some(number) => Next::Dial { number, not_before },
                    None => Next::Exhausted,
                }
            }
            None => Next::Exhausted,
        }
    }

    /// The rule for `disposition`, if it isn't used up.
    fn rule(&self, history: &[Past], disposition: Disposition) -> Option<RetryRule> {
        let rule = self.rules.get(&disposition)?;
        let ended_so = history.iter().filter(|past| past.disposition == disposition).count();
        (ended_so <= usize::try_from(rule.times).unwrap_or(usize::MAX)).then_some(*rule)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_772_500_000 + minute * 60).unwrap()
    }

    fn past(number: usize, disposition: Disposition, minute: i64) -> Past {
        Past { number, disposition, ended: at(minute) }
    }

    #[test]
    fn nobody_answering_is_tried_hours_later_by_the_next_number_and_busy_soon_by_the_same() {
        let rules = RetryRules::default();
        let silent = [past(0, Disposition::NoAnswer, 0)];
        assert_eq!(rules.next(&silent, 2, at(1)), Next::Dial { number: 1, not_before: at(180) });
        assert_eq!(rules.next(&silent, 1, at(1)), Next::Dial { number: 0, not_before: at(180) });
        let busy = [past(1, Disposition::Busy, 0)];
        assert_eq!(rules.next(&busy, 2, at(1)), Next::Dial { number: 1, not_before: at(10) });
    }

    #[test]
    fn a_number_that_leads_nowhere_is_left_for_the_next_at_once_and_never_dialled_again() {
        let rules = RetryRules::default();
        let history = [past(0, Disposition::NotFound, 0)];
        assert_eq!(rules.next(&history, 2, at(1)), Next::Dial { number: 1, not_before: at(1) });
        assert_eq!(rules.next(&history, 1, at(1)), Next::Exhausted);
        let history = [past(0, Disposition::NotFound, 0), past(1, Disposition::NoAnswer, 1)];
        assert_eq!(rules.next(&history, 2, at(2)), Next::Dial { number: 1, not_before: at(181) });
    }

    #[test]
    fn who_was_reached_is_not_called_again_and_what_has_no_rule_is_not_tried_again() {
        let rules = RetryRules::default();
        assert_eq!(rules.next(&[past(0, Disposition::Person, 0)], 2, at(1)), Next::Reached);
        assert_eq!(rules.next(&[past(0, Disposition::Refused, 0)], 2, at(1)), Next::Exhausted);
        assert_eq!(rules.next(&[past(0, Disposition::Unknown, 0)], 2, at(1)), Next::Exhausted);
        assert_eq!(rules.next(&[], 0, at(1)), Next::Exhausted);
    }

    #[test]
    fn a_number_that_was_deleted_meanwhile_is_not_dialled() {
        let rules = RetryRules::default();
        let busy = [past(1, Disposition::Busy, 0)];
        assert_eq!(rules.next(&busy, 1, at(1)), Next::Dial { number: 0, not_before: at(10) });
        assert_eq!(rules.next(&busy, 0, at(1)), Next::Exhausted);
    }

    #[test]
    fn a_rule_is_used_up() {
        let rules = RetryRules::default();
        let busy: Vec<_> = (0..4).map(|attempt| past(0, Disposition::Busy, attempt * 11)).collect();
        assert!(matches!(rules.next(&busy[..3], 1, at(40)), Next::Dial { .. }));
        assert_eq!(rules.next(&busy, 1, at(40)), Next::Exhausted);
    }

    proptest! {
        #[test]
        fn every_contact_comes_to_an_end_and_dead_numbers_stay_dead(
            numbers in 1..4usize, ends in proptest::collection::vec(0..Disposition::ALL.len(), 40)
        ) {
            let rules = RetryRules::default();
            let (mut history, mut now) = (Vec::new(), at(0));
            for end in ends {
                let Next::Dial { number, not_before } = rules.next(&history, numbers, now) else { break };
                prop_assert!(number < numbers && not_before >= now);
                prop_assert!(!history.iter().any(|past: &Past| past.number == number && past.disposition.ends_number()));
                now = not_before;
                history.push(Past { number, disposition: Disposition::ALL[end], ended: now });
            }
            prop_assert!(history.len() <= 6);
        }
    }
}
