//! Who guesses passwords: an address that answers challenges wrong too often is shut out for a while.
//!
//!   wrong answers ──LIMIT within WINDOW──► shut out for SENTENCE ──► forgotten
//!
//! Bounded: beyond [`MOST`] addresses the guard remembers no new ones until old ones are forgotten, and those who guess
//! from that many addresses are not stopped by counting them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Wrong answers that shut an address out: a telephone with a mistyped password makes two a try.
const LIMIT: u32 = 20;
/// Within this time.
const WINDOW: Duration = Duration::from_secs(60);
/// For so long.
const SENTENCE: Duration = Duration::from_secs(300);
/// Addresses remembered.
const MOST: usize = 16_384;

/// Counts wrong answers by address.
#[derive(Debug, Default)]
pub(super) struct Guard {
    addresses: HashMap<IpAddr, Record>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    failures: u32,
    /// When the count is forgotten, or the sentence over.
    until: Instant,
}

impl Record {
    fn is_shut_out(self, now: Instant) -> bool {
        self.failures >= LIMIT && now < self.until
    }
}

impl Guard {
    /// Whether `source` is shut out now.
    pub(super) fn shuts_out(&self, source: IpAddr, now: Instant) -> bool {
        self.addresses.get(&source).is_some_and(|record| record.is_shut_out(now))
    }

    /// A wrong answer from `source`.
    pub(super) fn note_failure(&mut self, source: IpAddr, now: Instant) {
        if self.addresses.len() >= MOST {
            self.addresses.retain(|_, record| now < record.until);
        }
        if self.addresses.len() >= MOST && !self.addresses.contains_key(&source) {
            return;
        }
        let fresh = Record { failures: 0, until: now + WINDOW };
        let record = self.addresses.entry(source).or_insert(fresh);
        if record.until <= now {
            *record = fresh;
        }
        record.failures += 1;
        if record.failures == LIMIT {
            record.until = now + SENTENCE;
            tracing::warn!(peer = %source, minutes = SENTENCE.as_secs() / 60, "too many wrong passwords: refused 403 for a while");
        }
    }

    /// How many addresses are shut out.
    pub(super) fn count(&self, now: Instant) -> usize {
        self.addresses.values().filter(|record| record.is_shut_out(now)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    fn epoch() -> Instant {
        Instant::now()
    }

    const GUESSER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 66));

    #[test]
    fn an_address_that_guesses_is_shut_out_for_a_while_and_then_forgotten() {
        let (mut guard, now) = (Guard::default(), epoch());
        for _ in 1..LIMIT {
            guard.note_failure(GUESSER, now);
        }
        assert!(!guard.shuts_out(GUESSER, now));
        guard.note_failure(GUESSER, now);
        assert!(guard.shuts_out(GUESSER, now + SENTENCE - Duration::from_secs(1)));
        assert_eq!(guard.count(now), 1);
        assert!(!guard.shuts_out(GUESSER, now + SENTENCE));
        guard.note_failure(GUESSER, now + SENTENCE);
        assert!(!guard.shuts_out(GUESSER, now + SENTENCE));
    }

    #[test]
    fn slow_mistakes_shut_nobody_out() {
        let (mut guard, now) = (Guard::default(), epoch());
        for minute in 0..200 {
            guard.note_failure(GUESSER, now + minute * WINDOW);
        }
        assert!(!guard.shuts_out(GUESSER, now + 200 * WINDOW));
    }

    #[test]
    fn a_guesser_with_the_whole_internet_takes_no_more_memory_than_is_set_aside() {
        let (mut guard, now) = (Guard::default(), epoch());
        for address in 0..2 * MOST as u32 {
            guard.note_failure(std::net::Ipv4Addr::from_bits(address).into(), now);
        }
        assert_eq!(guard.addresses.len(), MOST);
        guard.note_failure(GUESSER, now + WINDOW);
        assert_eq!(guard.addresses.len(), 1);
    }
}
