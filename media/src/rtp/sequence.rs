//! Sequence numbers extended over their wrap: RFC 3550 A.1.
//!
//! The last 128 are remembered one by one, which tells a duplicate from a late packet and a loss from a packet that
//! carried no audio. A jump beyond MAX_DROPOUT or MAX_MISORDER is believed when the next packet follows it: the
//! sender has restarted. Deviation: no probation, because a phone's first packet is its first word.

/// "MAX_DROPOUT = 3000" (RFC 3550 A.1).
const MAX_DROPOUT: u16 = 3000;
/// "MAX_MISORDER = 100" (RFC 3550 A.1).
pub(crate) const MAX_MISORDER: u16 = 100;
const REMEMBERED: u64 = 128;

/// Where a packet stands among those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Newer than all before, with its extended number.
    Newer(u64),
    /// First of a restarted sequence, numbered as if nothing were missing.
    Restarted(u64),
    /// Older than the newest, not seen before.
    Older(u64),
    /// Seen before.
    Duplicate,
    /// A jump that nothing has confirmed yet.
    Implausible,
}

#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    highest: u64,
    wire: u16,
    /// Bit n: `highest - n` was received.
    received: u128,
    implausible: Option<u16>,
}

impl Sequence {
    pub(crate) fn new(first: u16) -> Self {
        // Room below for packets that overtook each other at the very beginning.
        Self { highest: 1 << 32, wire: first, received: 1, implausible: None }
    }

    pub(crate) fn highest(&self) -> u64 {
        self.highest
    }

    /// The newest number as it was on the wire.
    pub(crate) fn wire(&self) -> u16 {
        self.wire
    }

    pub(crate) fn place(&mut self, wire: u16) -> Place {
        let ahead = wire.wrapping_sub(self.wire);
        let behind = self.wire.wrapping_sub(wire);
        if ahead == 0 {
            return Place::Duplicate;
        }
        if ahead <= MAX_DROPOUT {
            return Place::Newer(self.advance(wire, u32::from(ahead)));
        }
        if behind < MAX_MISORDER {
            let bit = 1u128 << behind;
            let seen = self.received & bit != 0;
            self.received |= bit;
            let number = self.highest.saturating_sub(u64::from(behind));
            return if seen { Place::Duplicate } else { Place::Older(number) };
        }
        if self.implausible == Some(wire) {
            return Place::Restarted(self.restart(wire));
        }
        self.implausible = Some(wire.wrapping_add(1));
        Place::Implausible
    }

    /// The next packet is `wire`, whatever came before: another stream, numbered on from the last.
    pub(crate) fn restart(&mut self, wire: u16) -> u64 {
        self.advance(wire, 1)
    }

    fn advance(&mut self, wire: u16, by: u32) -> u64 {
        self.received = self.received.checked_shl(by).unwrap_or(0) | 1;
        self.highest += u64::from(by);
        self.wire = wire;
        self.implausible = None;
        self.highest
    }

    /// Whether any packet strictly between two extended numbers has not arrived.
    pub(crate) fn is_missing_between(&self, after: u64, before: u64) -> bool {
        let Some(count) = before.checked_sub(after.saturating_add(1)).filter(|&count| count > 0) else { return false };
        let Some(newest) = self.highest.checked_sub(before - 1) else { return true };
        if newest + count > REMEMBERED {
            return true;
        }
        let run = if count == REMEMBERED { u128::MAX } else { (1 << count) - 1 };
        (self.received >> newest) & run != run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: u64 = 1 << 32;

    #[test]
    fn numbers_run_on_over_the_wrap() {
        let mut sequence = Sequence::new(65_534);
        assert_eq!(sequence.place(65_535), Place::Newer(FIRST + 1));
        assert_eq!(sequence.place(1), Place::Newer(FIRST + 3));
        assert_eq!(sequence.place(0), Place::Older(FIRST + 2));
        assert_eq!(sequence.place(65_535), Place::Duplicate);
        assert_eq!(sequence.place(65_533), Place::Older(FIRST - 1));
    }

    #[test]
    fn a_jump_counts_once_the_next_packet_follows_it() {
        let mut sequence = Sequence::new(10);
        assert_eq!(sequence.place(40_000), Place::Implausible);
        assert_eq!(sequence.place(11), Place::Newer(FIRST + 1));
        assert_eq!(sequence.place(40_000), Place::Implausible);
        assert_eq!(sequence.place(40_001), Place::Restarted(FIRST + 2));
        assert_eq!(sequence.place(40_002), Place::Newer(FIRST + 3));
    }

    #[test]
    fn what_is_missing_is_known() {
        let mut sequence = Sequence::new(0);
        for wire in [1, 2, 4, 5, 130] {
            sequence.place(wire);
        }
        assert!(!sequence.is_missing_between(FIRST + 4, FIRST + 5));
        assert!(!sequence.is_missing_between(FIRST + 3, FIRST + 6));
        assert!(sequence.is_missing_between(FIRST + 2, FIRST + 5));
        assert!(sequence.is_missing_between(FIRST, FIRST + 130));
        assert!(!sequence.is_missing_between(FIRST + 5, FIRST + 2));
        assert!(sequence.is_missing_between(FIRST + 130, FIRST + 140));
    }
}
