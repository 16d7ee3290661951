//! The queue towards the caller: G.711 of the leg's law, with marks that say what has been heard.
//!
//! ```text
//!                ┌──────────── resume ◄────────────┐
//!   playing ──pause──► fading (24 ms) ──► paused ──┘        flush, from anywhere: the rest fades away and is gone
//!      └── duck(on) lowers, duck(off) lifts, over 12 ms
//! ```
//!
//! [`Playout::fill`] is called once a slot with any packet time; it copies and maps through gain tables and allocates
//! nothing. Audio is queued under an [`ItemId`]; [`Playout::heard`] says in samples how much of an item has gone out, and
//! [`Playout::poll`] when it began and when it was over. What fades while pausing stays queued and is not counted as heard:
//! a resumed answer begins with it, so no word is lost. An empty queue is silence in frames.
//!
//! Driven by a media shard: the engine pushes, the tick fills, the turn machine ducks, pauses, flushes.

mod gain;
mod items;

use std::collections::VecDeque;

pub use self::items::{Flushed, FlushedItem, ItemId, Progress};
use self::{
    gain::{BLOCK, FADE, Ramp},
    items::Items,
};
use crate::{
    SAMPLES_PER_MS,
    g711::{GainTable, Law},
    level,
};

/// An empty queue keeps room for so much: half a second. What an answer took is given back when it has been heard.
const KEPT: usize = 4_096;

/// What a queue is made of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlayoutSettings {
    /// The law of the leg.
    pub law: Law,
    /// How much audio may wait, in samples; more is refused.
    pub capacity: usize,
    /// How far ducking lowers, in dB below full: -12 is a quarter of the amplitude.
    pub duck_db: f32,
}

impl PlayoutSettings {
    /// Two minutes at most, ducked by 12 dB.
    #[must_use]
    pub const fn new(law: Law) -> Self {
        Self { law, capacity: 120_000 * SAMPLES_PER_MS as usize, duck_db: -12.0 }
    }
}

/// What a slot was filled with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameInfo {
    /// Position of its first sample on our send clock: samples filled before.
    pub start: u64,
    /// Whether it holds queued audio, as opposed to silence.
    pub speech: bool,
    /// The level of its loudest 20 ms in dBov, as sent: what an echo of it can be as loud as.
    pub level_dbov: f32,
}

/// The queue of one leg.
pub struct Playout {
    settings: PlayoutSettings,
    audio: VecDeque<u8>,
    items: Items,
    ramp: Ramp,
    ducked: bool,
    paused: bool,
    /// Bytes at the front of the queue that went out fading and were not taken off.
    faded: usize,
    /// What still fades away after a flush.
    tail: [u8; FADE],
    tail_len: usize,
    tail_at: usize,
    position: u64,
}

impl std::fmt::Debug for Playout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playout")
            .field("queued", &self.audio.len())
            .field("ducked", &self.ducked)
            .field("paused", &self.paused)
            .finish_non_exhaustive()
    }
}

impl Playout {
    /// An empty queue.
    #[must_use]
    pub fn new(settings: PlayoutSettings) -> Self {
        Self {
            settings,
            audio: VecDeque::new(),
            items: Items::default(),
            ramp: Ramp::new(settings.law, settings.duck_db),
            ducked: false,
            paused: false,
            faded: 0,
            tail: [0; FADE],
            tail_len: 0,
            tail_at: 0,
            position: 0,
        }
    }

    /// Queues encoded audio of `item`, in the leg's law. Gives how many bytes were refused because the queue is full or the item
    /// is over: finished, or flushed while more of it was on its way.
    pub fn push(&mut self, item: ItemId, bytes: &[u8]) -> usize {
        if self.items.is_closed(item) {
            return bytes.len();
        }
        let room = self.settings.capacity.saturating_sub(self.audio.len()).min(bytes.len());
        let (taken, refused) = bytes.split_at(room);
        self.audio.extend(taken);
        self.items.push(item, room as u64);
        refused.len()
    }

    /// [`Playout::push`] of linear audio at 8 kHz, in samples.
    pub fn push_pcm(&mut self, item: ItemId, samples: &[i16]) -> usize {
        if self.items.is_closed(item) {
            return samples.len();
        }
        let room = self.settings.capacity.saturating_sub(self.audio.len()).min(samples.len());
        let (taken, refused) = samples.split_at(room);
        let law = self.settings.law;
        self.audio.extend(taken.iter().map(|&sample| law.encode_sample(sample)));
        self.items.push(item, room as u64);
        refused.len()
    }

    /// No more audio of `item` will come: once what is queued of it has gone out, it is finished.
    pub fn mark_end(&mut self, item: ItemId) {
        self.items.mark_end(item);
    }

    /// Fills one slot of any length and tells what it holds. Only a pause or an empty queue makes silence.
    pub fn fill(&mut self, out: &mut [u8]) -> FrameInfo {
        let start = self.position;
        self.position += out.len() as u64;
        let mut speech = false;
        for block in out.chunks_mut(BLOCK) {
            speech |= self.fill_block(block);
        }
        if self.audio.is_empty() && self.audio.capacity() > KEPT {
            self.audio = VecDeque::new();
        }
        let level_dbov = if speech { self.loudest(out) } else { level::SILENT };
        FrameInfo { start, speech, level_dbov }
    }

    /// Another law was agreed on: what waits is recoded, and so is what comes.
    pub fn set_law(&mut self, law: Law) {
        if law == self.settings.law {
            return;
        }
        let table = GainTable::new(self.settings.law, law, 1.0);
        let (front, back) = self.audio.as_mut_slices();
        [front, back, &mut self.tail].into_iter().for_each(|bytes| table.apply(bytes));
        self.settings.law = law;
        self.ramp.set_law(law);
    }

    /// Lowers what goes out, or lifts it again.
    pub fn duck(&mut self, on: bool) {
        self.ducked = on;
    }

    /// Fades what goes out and then holds the queue.
    pub fn pause(&mut self) {
        self.paused = true;
    }

    /// Goes on where the pause began to fade; nothing that was not clearly heard is left out.
    pub fn resume(&mut self) {
        if !std::mem::take(&mut self.paused) {
            return;
        }
        let faded = std::mem::take(&mut self.faded);
        if !self.ramp.is_silent() {
            // The fade had only begun: going back would repeat what was heard.
            self.take(faded);
        }
    }

    /// Drops all that waits; what is just going out fades within 24 ms. Tells what of each item was heard.
    pub fn flush(&mut self) -> Flushed {
        self.flush_except(|_| false)
    }

    /// [`Playout::flush`], but the items that `keep` names stay queued, and go out next.
    pub fn flush_except(&mut self, keep: impl Fn(ItemId) -> bool) -> Flushed {
        if !self.ramp.is_silent() && self.tail_at >= self.tail_len {
            match self.items.stretch(self.faded, &keep) {
                // What is going out is kept and just goes on, past what faded if it was being paused.
                (true, _) => self.take(self.faded),
                (false, cut) => self.fade_away(cut),
            }
        }
        if self.ramp.is_silent() {
            self.ramp.jump(self.ducked);
        }
        let mut kept = VecDeque::new();
        let mut at = 0;
        for (item, run) in self.items.runs() {
            let end = (at + usize::try_from(run).unwrap_or(usize::MAX)).min(self.audio.len());
            if keep(item) {
                kept.extend(self.audio.range(at.min(end)..end));
            }
            at = end;
        }
        self.audio = kept;
        self.faded = 0;
        self.paused = false;
        self.items.flush_except(keep)
    }

    /// The next `cut` samples will be flushed: the first of them fade away.
    fn fade_away(&mut self, cut: usize) {
        self.tail_len = cut.min(FADE).min(self.audio.len().saturating_sub(self.faded));
        self.tail_at = 0;
        for (slot, &byte) in self.tail.iter_mut().zip(self.audio.range(self.faded..self.faded + self.tail_len)) {
            *slot = byte;
        }
    }

    /// What happened since the last fill: drain it after each.
    pub fn poll(&mut self) -> Option<Progress> {
        self.items.poll()
    }

    /// How many samples of `item` have gone out; also of the last 16 that are over. `None` for one never queued.
    #[must_use]
    pub fn heard(&self, item: ItemId) -> Option<u64> {
        self.items.heard(item)
    }

    /// Samples that wait.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.audio.len()
    }

    /// Whether nothing waits and nothing fades.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.audio.is_empty() && self.tail_at >= self.tail_len
    }

    /// Whether it is paused, or fading into a pause.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// Whether it is ducked.
    #[must_use]
    pub fn is_ducked(&self) -> bool {
        self.ducked
    }

    /// Our send clock: samples filled so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Lets `samples` of the send clock pass unsent, as [`crate::rtp::Sender::skip`]; what waits is kept.
    pub fn skip(&mut self, samples: u64) {
        self.position += samples;
    }

    /// The level of the loudest 20 ms in `frame`, in steps of 10 ms.
    fn loudest(&self, frame: &[u8]) -> f32 {
        let window = 20 * SAMPLES_PER_MS as usize;
        let last = frame.len().saturating_sub(window);
        let starts = (0..last).step_by(window / 2).chain([last]);
        let levels =
            starts.map(|start| level::dbov_of_law(self.settings.law, &frame[start..frame.len().min(start + window)]));
        levels.fold(level::SILENT, f32::max)
    }

    /// Fills a block of at most [`BLOCK`] bytes at one gain. Whether it holds audio.
    fn fill_block(&mut self, block: &mut [u8]) -> bool {
        if self.tail_at < self.tail_len {
            self.ramp.step_to_silence();
            return self.fill_from_tail(block);
        }
        self.ramp.step(self.ducked, self.paused);
        let filled = if self.ramp.is_silent() { 0 } else { self.copy_queue(block) };
        let (audio, silence) = block.split_at_mut(filled);
        self.ramp.apply(audio);
        silence.fill(self.settings.law.silence());
        if self.paused {
            self.faded += filled;
        } else {
            self.take(filled);
        }
        filled > 0
    }

    /// Copies what is next in the queue, past what has faded.
    fn copy_queue(&self, block: &mut [u8]) -> usize {
        let rest = self.audio.len().saturating_sub(self.faded);
        let count = rest.min(block.len());
        for (slot, &byte) in block.iter_mut().zip(self.audio.range(self.faded..self.faded + count)) {
            *slot = byte;
        }
        count
    }

    fn fill_from_tail(&mut self, block: &mut [u8]) -> bool {
        let rest = &self.tail[self.tail_at..self.tail_len];
        let count = rest.len().min(block.len());
        let (audio, silence) = block.split_at_mut(count);
        audio.copy_from_slice(&rest[..count]);
        self.ramp.apply(audio);
        silence.fill(self.settings.law.silence());
        self.tail_at += count;
        if self.tail_at >= self.tail_len {
            self.ramp.jump(self.ducked);
        }
        true
    }

    /// Takes off what was heard.
    fn take(&mut self, count: usize) {
        self.audio.drain(..count);
        self.items.hear(count as u64);
        if self.audio.is_empty() && self.audio.capacity() > settled_capacity() {
            self.audio.shrink_to(settled_capacity());
        }
    }
}

/// What an idle queue keeps of its memory: two seconds.
const fn settled_capacity() -> usize {
    2000 * SAMPLES_PER_MS as usize
}

#[cfg(test)]
mod tests;
