//! Which calls owe a packet, by the tick at which it is due.
//!
//! A ring of slots, one a tick: the longest packet time (60 ms) spans 12 ticks of 5 ms, so 16 slots hold
//! every due time. A call stands in one slot at a time; serving it puts it into a later one. A
//! late tick serves every slot that it missed, in order.

use super::CallKey;

/// Slots in the ring: more than the ticks of the longest packet time.
const SLOTS: usize = 16;

/// A tick's number, counted from the start of the shard.
pub(super) type TickNumber = u64;

/// Calls by due tick.
#[derive(Debug, Default)]
pub(super) struct Wheel {
    slots: [Vec<CallKey>; SLOTS],
    served: TickNumber,
}

impl Wheel {
    /// Puts `call` where it is due; a time already served, or beyond the ring, becomes the nearest that can be kept.
    pub(super) fn insert(&mut self, call: CallKey, due: TickNumber) -> TickNumber {
        let due = due.clamp(self.served + 1, self.served + SLOTS as TickNumber);
        self.slot_mut(due).push(call);
        due
    }

    /// The least crowded of the next `span` ticks: new calls spread instead of sending in one burst.
    pub(super) fn quietest(&self, span: TickNumber) -> TickNumber {
        let next = self.served + 1;
        (next..next + span.clamp(1, SLOTS as TickNumber))
            .min_by_key(|tick| self.slots[Self::index(*tick)].len())
            .unwrap_or(next)
    }

    /// Moves every call due at or before `tick` into `due`, oldest slot first.
    pub(super) fn take_due(&mut self, tick: TickNumber, due: &mut Vec<CallKey>) {
        let oldest = tick.saturating_sub(SLOTS as TickNumber - 1).max(self.served + 1);
        for served in oldest..=tick {
            due.append(self.slot_mut(served));
        }
        self.served = self.served.max(tick);
    }

    fn slot_mut(&mut self, tick: TickNumber) -> &mut Vec<CallKey> {
        &mut self.slots[Self::index(tick)]
    }

    fn index(tick: TickNumber) -> usize {
        usize::try_from(tick % SLOTS as TickNumber).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(wheel: &mut Wheel, tick: TickNumber) -> Vec<CallKey> {
        let mut calls = Vec::new();
        wheel.take_due(tick, &mut calls);
        calls
    }

    #[test]
    fn a_call_is_served_at_its_tick_and_not_before() {
        let mut wheel = Wheel::default();
        wheel.insert(CallKey(7), 4);
        assert_eq!(due(&mut wheel, 3), []);
        assert_eq!(due(&mut wheel, 4), [CallKey(7)]);
        assert_eq!(due(&mut wheel, 20), []);
    }

    #[test]
    fn a_late_tick_serves_every_slot_that_it_missed_in_order() {
        let mut wheel = Wheel::default();
        for (call, tick) in [(1, 3), (2, 1), (3, 2)] {
            wheel.insert(CallKey(call), tick);
        }
        assert_eq!(due(&mut wheel, 3), [CallKey(2), CallKey(3), CallKey(1)]);
    }

    #[test]
    fn a_tick_so_late_that_the_ring_went_round_still_serves_each_call_once() {
        let mut wheel = Wheel::default();
        for call in 0..16 {
            wheel.insert(CallKey(call), call + 1);
        }
        assert_eq!(due(&mut wheel, 1_000).len(), 16);
        assert_eq!(due(&mut wheel, 1_001), []);
    }

    #[test]
    fn new_calls_spread_over_the_ticks_of_a_packet() {
        let mut wheel = Wheel::default();
        for call in 0..8 {
            let tick = wheel.quietest(4);
            wheel.insert(CallKey(call), tick);
        }
        assert!((1..=4).all(|tick| due(&mut wheel, tick).len() == 2));
    }
}
