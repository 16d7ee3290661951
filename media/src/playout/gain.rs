//! Gain in steps that can't be heard: a ladder of tables, climbed one rung a block of 2 ms.
//!
//!   full ─2 ms─► .. six rungs .. ─► ducked ─► .. six rungs .. ─► silent

use crate::g711::{GainTable, Law};

/// Bytes that share one gain: 2 ms.
pub(super) const BLOCK: usize = 16;
/// Rungs from full to ducked, and as many from ducked to silent.
const HALF: usize = 6;
const SILENT: usize = 2 * HALF;
/// Bytes that a fade from full to silence takes: 24 ms.
pub(super) const FADE: usize = SILENT * BLOCK;

/// Where on the ladder the gain is.
#[derive(Debug)]
pub(super) struct Ramp {
    law: Law,
    duck_db: f32,
    /// Rungs 1 to `SILENT`; rung 0 needs no table. Made (3 kB, some 20 µs) when the gain first leaves rung 0: most calls that
    /// are set up in a rush never get there.
    tables: Vec<GainTable>,
    rung: usize,
}

impl Ramp {
    pub(super) fn new(law: Law, duck_db: f32) -> Self {
        Self { law, duck_db, tables: Vec::new(), rung: 0 }
    }

    fn tables(law: Law, duck_db: f32) -> Vec<GainTable> {
        let ducked = 10f32.powf(duck_db.min(0.0) / 20.0);
        let gain = |rung: usize| {
            if rung <= HALF {
                ducked.powf(rung as f32 / HALF as f32)
            } else {
                ducked * (SILENT - rung) as f32 / HALF as f32
            }
        };
        (1..=SILENT).map(|rung| GainTable::new(law, law, gain(rung))).collect()
    }

    /// The same rung in another law.
    pub(super) fn set_law(&mut self, law: Law) {
        *self = Self { rung: self.rung, ..Self::new(law, self.duck_db) };
    }

    /// One rung towards what is wanted.
    pub(super) fn step(&mut self, ducked: bool, paused: bool) {
        let wanted = if paused { SILENT } else { target(ducked) };
        self.rung = match self.rung.cmp(&wanted) {
            std::cmp::Ordering::Less => self.rung + 1,
            std::cmp::Ordering::Equal => wanted,
            std::cmp::Ordering::Greater => self.rung - 1,
        };
    }

    pub(super) fn step_to_silence(&mut self) {
        self.rung = (self.rung + 1).min(SILENT);
    }

    /// At once to what is wanted: nothing is sounding.
    pub(super) fn jump(&mut self, ducked: bool) {
        self.rung = target(ducked);
    }

    pub(super) fn is_silent(&self) -> bool {
        self.rung == SILENT
    }

    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        if self.rung > 0 && self.tables.is_empty() {
            self.tables = Self::tables(self.law, self.duck_db);
        }
        if let Some(table) = self.rung.checked_sub(1).and_then(|rung| self.tables.get(rung)) {
            table.apply(bytes);
        }
    }
}

fn target(ducked: bool) -> usize {
    if ducked { HALF } else { 0 }
}
