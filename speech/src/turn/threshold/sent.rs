//! The levels of what we sent, one a frame of the caller's clock, as far back as an echo may come from.

use std::collections::VecDeque;

use crate::samples::Samples;

use super::super::FRAME;

/// What we sent below this can't be heard as echo.
const INAUDIBLE_DBOV: f32 = -60.0;
const NOTHING: f32 = -127.0;
/// Packets are up to 60 ms long: the level of one holds for this many frames after its first.
const HELD: u64 = 2;
/// How fast an echo dies away: in dB a frame, as in a room with a reverberation of 400 ms.
const DECAY_DB: f32 = 3.0;
/// Frames within this of the loudest are speech rather than its rests.
const SPEECH_RANGE_DB: f32 = 20.0;

/// A ring of levels.
#[derive(Clone, Debug)]
pub(super) struct Sent {
    levels: VecDeque<f32>,
    /// The same with the tail that an echo draws, and loose.
    smeared: VecDeque<f32>,
    /// The newest level with its tail.
    tail: f32,
    /// The frame after the newest.
    end: u64,
    window: u64,
}

impl Sent {
    /// For echoes up to `window` late.
    pub(super) fn new(window: Samples) -> Self {
        let window = window.0 / FRAME.0 + 1;
        let room = usize::try_from(window + HELD + 3).unwrap_or(1);
        Self {
            levels: VecDeque::with_capacity(room),
            smeared: VecDeque::with_capacity(room),
            tail: NOTHING,
            end: 0,
            window,
        }
    }

    /// The frame in which `at` lies.
    pub(super) fn frame(at: Samples) -> u64 {
        at.0 / FRAME.0
    }

    /// Delays that an echo may have, in frames: zero up to the window.
    pub(super) fn delays(&self) -> u64 {
        self.window + 1
    }

    pub(super) fn push(&mut self, at: Samples, level_dbov: f32) {
        let level = if level_dbov.is_finite() { level_dbov } else { NOTHING };
        let frame = Self::frame(at);
        if frame < self.end {
            if let Some(newest) = self.levels.back_mut() {
                *newest = newest.max(level);
            }
            self.tail = self.tail.max(level);
            return self.loosen(0);
        }
        let missed = (frame - self.end).min(self.levels.capacity() as u64);
        for missed in 0..missed {
            let held = if missed < HELD { self.levels.back().copied() } else { None };
            self.append(held.unwrap_or(NOTHING));
        }
        self.end = frame + 1;
        self.append(level);
    }

    /// The level sent in a frame. One that isn't sent yet, or too long ago, is silence.
    pub(super) fn level(&self, frame: u64) -> f32 {
        self.at(&self.levels, frame)
    }

    /// The loudest of what may come back in `frame`, if anything audible can.
    pub(super) fn peak(&self, frame: u64) -> Option<f32> {
        let first = frame.saturating_sub(self.window);
        let levels = (first..=frame + HELD).map(|frame| self.level(frame));
        levels.filter(|level| *level > INAUDIBLE_DBOV).reduce(f32::max)
    }

    /// The loudest of what may come back in `frame` over a path of this delay, give or take a frame: our clock and the caller's aren't in
    /// step.
    pub(super) fn smeared(&self, frame: u64, delay: u64) -> f32 {
        let then = frame.checked_sub(delay);
        then.map_or(INAUDIBLE_DBOV, |then| self.at(&self.smeared, then).max(INAUDIBLE_DBOV))
    }

    /// Whether we are speaking in `frame`, whose echoes are as loud as `peak` lets expect.
    pub(super) fn speaks(&self, frame: u64, peak: f32) -> bool {
        self.level(frame) > peak - SPEECH_RANGE_DB
    }

    fn at(&self, ring: &VecDeque<f32>, frame: u64) -> f32 {
        let newest = self.end.saturating_sub(1);
        let age = newest.saturating_sub(frame);
        let index = (ring.len() as u64).checked_sub(age + 1).and_then(|index| usize::try_from(index).ok());
        let level = index.and_then(|index| ring.get(index)).copied();
        level.filter(|_| frame <= newest + HELD).unwrap_or(NOTHING)
    }

    fn append(&mut self, level: f32) {
        if self.levels.len() == self.levels.capacity() {
            self.levels.pop_front();
            self.smeared.pop_front();
        }
        let before = self.tail;
        self.tail = level.max(before - DECAY_DB).max(NOTHING);
        self.levels.push_back(level);
        self.smeared.push_back(before);
        self.loosen(1);
        self.loosen(0);
    }

    /// Lets the newest level count in the frame that is this much older.
    fn loosen(&mut self, age: usize) {
        let index = self.smeared.len().checked_sub(age + 1);
        if let Some(smeared) = index.and_then(|index| self.smeared.get_mut(index)) {
            *smeared = smeared.max(self.tail);
        }
    }
}
