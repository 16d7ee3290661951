//! Who wakes up when: one ordered set for all machines of the user agent.
//!
//! Each machine has at most one wake-up, the earliest of its timers; moving or removing it costs O(log n), and finding
//! the next is free of any scan.

use std::collections::{BTreeSet, HashMap};
use std::hash::Hash;
use std::time::Instant;

/// The wake-ups of machines known by `K`.
#[derive(Debug)]
pub(crate) struct WakeUps<K> {
    by_time: BTreeSet<(Instant, K)>,
    by_machine: HashMap<K, Instant>,
}

impl<K: Copy + Ord + Hash> WakeUps<K> {
    pub(crate) fn new() -> Self {
        Self { by_time: BTreeSet::new(), by_machine: HashMap::new() }
    }

    /// Moves the wake-up of `machine`; `None` takes it away.
    pub(crate) fn set(&mut self, machine: K, at: Option<Instant>) {
        let before = match at {
            Some(at) => self.by_machine.insert(machine, at),
            None => self.by_machine.remove(&machine),
        };
        if before == at {
            return;
        }
        if let Some(before) = before {
            self.by_time.remove(&(before, machine));
        }
        if let Some(at) = at {
            self.by_time.insert((at, machine));
        }
    }

    /// The next wake-up of all.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// A machine whose time has come; its wake-up is gone.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<K> {
        let (at, machine) = self.by_time.first().copied()?;
        if at > now {
            return None;
        }
        self.by_time.pop_first();
        self.by_machine.remove(&machine);
        Some(machine)
    }
}
