//! Both voices of a call on one clock: stereo blocks of one second, caller left, agent right.
//!
//! The clock is ours, the samples that we send: the agent's are placed where they went out. The caller's have their own
//! clock ([`crate::rtp::Frame::start`]), which starts elsewhere and drifts: where they belong is measured at each frame,
//! smoothed, and followed by stretching a frame by one sample in 160 at most until it fits. Only a step of more than 200 ms
//! is followed at once. A block is given out 200 ms after its end, so that late frames find it open.
//!
//! This is the pure part: the file is written elsewhere, off the shard.

use std::collections::VecDeque;

/// Samples of each channel in a block: one second.
pub const BLOCK: usize = 8000;
/// How long a block stays open after its end: 200 ms.
const OPEN: u64 = 1600;
/// A misplacement that is followed at once: 200 ms.
const STEP: i64 = 1600;
/// A misplacement that is worked off, and what is left of it when that ends: 10 ms and 1 ms.
const DRIFTED: f64 = 80.0;
const SETTLED: f64 = 8.0;
/// Weight of one frame in the measured misplacement.
const SMOOTHING: f64 = 1.0 / 64.0;

/// The recorder's two tracks.
#[derive(Debug)]
pub struct Aligner {
    /// Interleaved samples from `base` on.
    open: VecDeque<[i16; 2]>,
    /// Our clock at the first open sample.
    base: u64,
    /// Our clock: the end of what was sent.
    sent: u64,
    caller: Option<Caller>,
    /// Samples of each channel in a block.
    block: usize,
}

#[derive(Clone, Copy, Debug)]
struct Caller {
    /// Our clock minus the caller's, as applied.
    offset: i64,
    /// How much too early the caller is placed, smoothed.
    misplaced: f64,
    correcting: bool,
    /// Our clock at the end of what was placed.
    end: i64,
}

impl Default for Aligner {
    fn default() -> Self {
        Self::new()
    }
}

impl Aligner {
    /// Nothing recorded; blocks of one second.
    #[must_use]
    pub fn new() -> Self {
        Self::with_blocks(BLOCK)
    }

    /// Nothing recorded; blocks of this many samples of each channel, one second at most.
    #[must_use]
    pub fn with_blocks(samples: usize) -> Self {
        Self { open: VecDeque::new(), base: 0, sent: 0, caller: None, block: samples.clamp(1, BLOCK) }
    }

    /// What we have sent in one slot.
    pub fn agent(&mut self, samples: &[i16]) {
        let (skipped, open) = self.open(self.sent.cast_signed(), samples.len());
        for (&sample, [_, right]) in samples.iter().skip(skipped).zip(open) {
            *right = sample;
        }
        self.sent += samples.len() as u64;
    }

    /// A slot that was not sent: our clock goes on, in silence.
    pub fn skip(&mut self, samples: u64) {
        self.sent += samples;
    }

    /// What the caller said, on the caller's clock, when it was heard.
    pub fn caller(&mut self, start: u64, samples: &[i16]) {
        if samples.is_empty() {
            return;
        }
        let theirs = start.cast_signed();
        // It was said just before it was heard: it ends where our clock is.
        let measured = self.sent.cast_signed() - theirs - samples.len() as i64;
        let mut caller = self.caller.unwrap_or(Caller {
            offset: measured,
            misplaced: 0.0,
            correcting: false,
            end: measured + theirs,
        });
        let stretch = caller.follow(measured);
        let placed = samples.len() as i64 + stretch;
        let from = theirs + caller.offset;
        caller.offset += stretch;
        caller.end = from + placed;
        self.caller = Some(caller);
        self.place(from, placed, samples);
    }

    /// The next block that is complete, interleaved.
    pub fn poll(&mut self) -> Option<Box<[i16]>> {
        (self.sent >= self.base + self.block as u64 + OPEN).then(|| self.close(self.block))
    }

    /// What is left at the end of a call, the last block shorter: poll first, then call until `None`.
    pub fn finish(&mut self) -> Option<Box<[i16]>> {
        let heard = self.caller.map_or(0, |caller| caller.end.max(0).cast_unsigned());
        let rest = self.sent.max(heard).saturating_sub(self.base).min(self.block as u64);
        (rest > 0).then(|| self.close(rest as usize))
    }

    fn close(&mut self, length: usize) -> Box<[i16]> {
        let taken = self.open.len().min(length);
        let mut block: Vec<i16> = Vec::with_capacity(2 * length);
        block.extend(self.open.drain(..taken).flatten());
        block.resize(2 * length, 0);
        self.base += length as u64;
        block.into_boxed_slice()
    }

    /// The open samples from `from` on our clock, at most `length`, and how many before them are in blocks given out.
    ///
    /// Nothing is open minutes ahead: no clock is so wrong.
    fn open(&mut self, from: i64, length: usize) -> (usize, impl Iterator<Item = &mut [i16; 2]>) {
        let ahead = from.saturating_sub(self.base.cast_signed());
        let skipped = usize::try_from(ahead.saturating_neg().max(0)).unwrap_or(usize::MAX).min(length);
        let start = usize::try_from(ahead.max(0)).unwrap_or(usize::MAX).min(4 * BLOCK);
        let end = (start + length - skipped).min(4 * BLOCK);
        if end > self.open.len() {
            self.open.resize(end, [0; 2]);
        }
        (skipped, self.open.range_mut(start..end))
    }

    /// Writes the caller's `samples`, stretched to `length`, from `from` on.
    fn place(&mut self, from: i64, length: i64, samples: &[i16]) {
        let length = usize::try_from(length).unwrap_or(0);
        let (skipped, open) = self.open(from, length);
        if length == samples.len() {
            for (&sample, [left, _]) in samples.iter().skip(skipped).zip(open) {
                *left = sample;
            }
            return;
        }
        for (n, [left, _]) in (skipped..length).zip(open) {
            *left = between(samples, n, length).unwrap_or(*left);
        }
    }
}

impl Caller {
    /// Takes a measurement; gives by how many samples this frame is to be stretched.
    fn follow(&mut self, measured: i64) -> i64 {
        let error = measured - self.offset;
        if error.abs() > STEP {
            self.offset = measured;
            self.misplaced = 0.0;
            return 0;
        }
        self.misplaced += (error as f64 - self.misplaced) * SMOOTHING;
        self.correcting = self.misplaced.abs() > if self.correcting { SETTLED } else { DRIFTED };
        if !self.correcting {
            return 0;
        }
        let stretch = if self.misplaced > 0.0 { 1 } else { -1 };
        self.misplaced -= stretch as f64;
        stretch
    }
}

/// Sample `n` of `samples` stretched to `length`, between its neighbours.
fn between(samples: &[i16], n: usize, length: usize) -> Option<i16> {
    let last = samples.len().checked_sub(1)?;
    let place = n as f32 * last as f32 / length.saturating_sub(1).max(1) as f32;
    let (left, right) = (*samples.get(place as usize)?, *samples.get((place as usize + 1).min(last))?);
    Some((f32::from(left) + (f32::from(right) - f32::from(left)) * place.fract()) as i16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `ms` of a call in which the caller's clock runs at `rate` of ours, with a click in both each second.
    fn recorded(ms: u64, rate: f64, late: u64) -> Vec<i16> {
        let mut aligner = Aligner::new();
        let (mut out, mut caller) = (Vec::new(), 0);
        for now in (160..=ms * 8).step_by(160) {
            let click = |at: u64| if at % 8000 == 4000 { 20_000 } else { 0 };
            let agent: Vec<i16> = (now - 160..now).map(click).collect();
            aligner.agent(&agent);
            let heard = ((now.saturating_sub(late)) as f64 * rate) as u64;
            while caller + 160 <= heard {
                // Each caller sample was said at its own place of our clock.
                let samples: Vec<i16> = (caller..caller + 160)
                    .map(|at| if (at as f64 / rate) as u64 % 8000 == 4000 { 20_000 } else { 0 })
                    .collect();
                aligner.caller(caller, &samples);
                caller += 160;
            }
            out.extend(std::iter::from_fn(|| aligner.poll()).flat_map(<[i16]>::into_vec));
        }
        out.extend(std::iter::from_fn(|| aligner.finish()).flat_map(<[i16]>::into_vec));
        out
    }

    fn clicks(stereo: &[i16], channel: usize) -> Vec<i64> {
        let loud = |&(_, pair): &(usize, &[i16])| pair[channel] > 8000;
        stereo.chunks(2).enumerate().filter(loud).map(|(at, _)| at as i64).collect()
    }

    #[test]
    fn both_voices_keep_their_place_and_length() {
        let stereo = recorded(10_000, 1.0, 0);
        assert_eq!(stereo.len(), 2 * 80_000);
        assert_eq!(clicks(&stereo, 0), clicks(&stereo, 1));
        assert_eq!(clicks(&stereo, 1).len(), 10);
    }

    #[test]
    fn a_caller_whose_clock_drifts_stays_aligned() {
        for rate in [1.001, 0.999] {
            let stereo = recorded(120_000, rate, 0);
            let (left, right) = (clicks(&stereo, 0), clicks(&stereo, 1));
            for click in &right {
                let apart = left.iter().map(|it| (it - click).abs()).min().unwrap();
                assert!(apart < 320, "a click at {click} is {apart} samples apart at rate {rate}");
            }
        }
    }

    #[test]
    fn a_slot_that_was_skipped_is_silence() {
        let mut aligner = Aligner::new();
        aligner.agent(&[5; 160]);
        aligner.skip(320);
        aligner.agent(&[6; 160]);
        let block = aligner.finish().unwrap();
        let right: Vec<i16> = block.chunks(2).map(|pair| pair[1]).collect();
        assert_eq!((right.len(), right[159], right[160], right[479], right[480]), (640, 5, 0, 0, 6));
        assert_eq!(aligner.finish(), None);
    }

    #[test]
    fn blocks_are_a_second_long_and_come_two_hundred_milliseconds_late() {
        let mut aligner = Aligner::new();
        aligner.agent(&vec![1; 9599]);
        assert_eq!(aligner.poll(), None);
        aligner.agent(&[1]);
        assert_eq!(aligner.poll().unwrap().len(), 2 * BLOCK);
        assert_eq!(aligner.poll(), None);
        assert_eq!(aligner.finish().unwrap().len(), 2 * 1600);
    }

    #[test]
    fn a_step_of_the_callers_clock_is_followed_at_once() {
        let mut aligner = Aligner::new();
        aligner.agent(&[0; 160]);
        aligner.caller(0, &[1; 160]);
        aligner.agent(&[0; 160]);
        aligner.caller(800_000, &[2; 160]);
        let block = aligner.finish().unwrap();
        let left: Vec<i16> = block.chunks(2).map(|pair| pair[0]).collect();
        assert_eq!((left.len(), left[0], left[159], left[160], left[319]), (320, 1, 1, 2, 2));
    }
}
