//! Which nonce counts have been used: the memory that keeps answers from being replayed (RFC 7616 §3.3, §5.5).
//!
//! Only nonces whose answer was right are noted, so nobody without a password can fill it. Like an anti-replay
//! window of IPsec, each takes counts that arrive out of order by less than [`WINDOW`]. When it is full the oldest
//! nonce is dropped, and from then on every nonce as old that isn't in it counts as stale: bounded, and still no
//! answer is good twice.

use std::collections::BTreeMap;

/// How far behind the highest count another may come.
const WINDOW: u32 = 64;

/// The counts used, by the serial number of the nonce.
#[derive(Debug)]
pub(super) struct Ledger {
    used: BTreeMap<u64, Used>,
    capacity: usize,
    /// Nonces with a lower serial are stale unless they are in `used`.
    floor: u64,
}

#[derive(Debug)]
struct Used {
    /// Milliseconds on the server's clock.
    expires: u64,
    highest: u32,
    /// Bit n: `highest - n` was used.
    window: u64,
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Self {
        Self { used: BTreeMap::new(), capacity: capacity.max(1), floor: 0 }
    }

    /// Uses this count of a nonce; false when it was used, or may have been. Without a count the nonce is used up.
    pub(super) fn take(&mut self, serial: u64, expires: u64, count: Option<u32>, now: u64) -> bool {
        if let Some(used) = self.used.get_mut(&serial) {
            return count.is_some_and(|count| used.take(count));
        }
        if serial < self.floor {
            return false;
        }
        self.make_room(now);
        let used = match count {
            Some(highest) => Used { expires, highest, window: 1 },
            None => Used { expires, highest: u32::MAX, window: u64::MAX },
        };
        self.used.insert(serial, used);
        true
    }

    fn make_room(&mut self, now: u64) {
        while let Some(oldest) = self.used.first_entry() {
            let expired = oldest.get().expires <= now;
            if !expired && self.used.len() < self.capacity {
                return;
            }
            let Some((serial, _)) = self.used.pop_first() else { return };
            if !expired {
                self.floor = serial.saturating_add(1);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.used.len()
    }
}

impl Used {
    fn take(&mut self, count: u32) -> bool {
        if count > self.highest {
            let ahead = count - self.highest;
            self.window = if ahead < WINDOW { self.window << ahead | 1 } else { 1 };
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = 1u64.checked_shl(behind).filter(|_| behind < WINDOW).unwrap_or(0);
        let fresh = bit != 0 && self.window & bit == 0;
        self.window |= bit;
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_good_once_and_may_come_a_little_late() {
        let mut ledger = Ledger::new(8);
        let mut take = |count| ledger.take(1, 100, Some(count), 0);
        assert!(take(1) && take(5) && take(3));
        assert!(!take(3) && !take(1) && !take(5));
        assert!(take(2) && take(200));
        assert!(!take(136), "the window is 64 wide");
        assert!(take(137) && !take(137));
        assert!(take(u32::MAX) && !take(u32::MAX) && take(u32::MAX - 1));
    }

    #[test]
    fn without_a_count_a_nonce_is_good_once() {
        let mut ledger = Ledger::new(8);
        assert!(ledger.take(1, 100, None, 0));
        assert!(!ledger.take(1, 100, None, 0) && !ledger.take(1, 100, Some(7), 0));
        assert!(ledger.take(2, 100, Some(1), 0) && !ledger.take(2, 100, None, 0));
    }

    #[test]
    fn when_it_is_full_what_it_forgets_is_stale_and_never_good_again() {
        let mut ledger = Ledger::new(4);
        assert!((10..20).all(|serial| ledger.take(serial, 1_000, Some(1), 0)));
        assert_eq!(ledger.len(), 4);
        assert!((0..20).all(|serial| !ledger.take(serial, 1_000, Some(1), 0)));
        assert!((16..20).all(|serial| ledger.take(serial, 1_000, Some(2), 0)));
    }

    #[test]
    fn what_has_expired_makes_room_first() {
        let mut ledger = Ledger::new(4);
        assert!((10..14).all(|serial| ledger.take(serial, 100, Some(1), 0)));
        assert!(ledger.take(20, 300, Some(1), 200));
        assert_eq!(ledger.len(), 1);
        assert!(ledger.take(15, 300, Some(1), 200), "nothing unexpired was forgotten");
    }
}
