//! The caller's audio on its way to the bot, in frames of one length.
//!
//! ```text
//!   samples or G.711 ─► pending ──a frame is whole──► waiting ──session──► taken, in order
//!                                                        └──no session: the last `most` stay, what is older is dropped
//! ```
//!
//! Frames lie end to end from position zero of the media clock, so each begins at a whole millisecond.

use std::collections::VecDeque;

use crate::engine::Wire;
use crate::samples::Samples;

#[derive(Debug)]
pub(super) struct Ears {
    /// Bytes that one sample of the media clock is.
    width: usize,
    /// Bytes of a frame.
    frame: usize,
    pending: Vec<u8>,
    waiting: VecDeque<Vec<u8>>,
    /// A buffer that was given back.
    spare: Option<Vec<u8>>,
    /// Frames that may wait for a session.
    most: usize,
    /// All bytes that came in: their end is where the media clock stands.
    taken: u64,
    /// Of them, what nobody will hear, since that was last told.
    unheard: Samples,
}

impl Ears {
    pub(super) fn new(wire: Wire, frame: Samples, backlog: Samples) -> Self {
        let width = match wire {
            Wire::Pcm { input, .. } => 2 * (input / Samples::RATE) as usize,
            Wire::Mulaw | Wire::Alaw => 1,
        };
        let (width, length) = (width.max(1), frame.index().max(1));
        Self {
            width,
            frame: length.saturating_mul(width),
            pending: Vec::new(),
            waiting: VecDeque::new(),
            spare: None,
            most: backlog.index() / length,
            taken: 0,
            unheard: Samples::ZERO,
        }
    }

    /// Where the media clock stands.
    pub(super) fn position(&self) -> Samples {
        self.length(self.taken)
    }

    /// Where the first frame begins that is yet to be taken.
    pub(super) fn start(&self) -> Samples {
        let waiting: usize = self.waiting.iter().map(Vec::len).sum();
        self.length(self.taken.saturating_sub((waiting + self.pending.len()) as u64))
    }

    /// Samples at the wire's rate.
    pub(super) fn push_samples(&mut self, mut samples: &[i16]) {
        self.taken += samples.len() as u64 * 2;
        while !samples.is_empty() {
            let (head, rest) = samples.split_at(samples.len().min(self.room() / 2));
            let old = self.pending.len();
            self.pending.resize(old + head.len() * 2, 0);
            let fresh = self.pending.get_mut(old..).unwrap_or_default();
            for (bytes, sample) in fresh.chunks_exact_mut(2).zip(head) {
                bytes.copy_from_slice(&sample.to_le_bytes());
            }
            samples = rest;
            self.close_frame();
        }
    }

    /// Bytes of the wire's law.
    pub(super) fn push_bytes(&mut self, mut bytes: &[u8]) {
        self.taken += bytes.len() as u64;
        while !bytes.is_empty() {
            let (head, rest) = bytes.split_at(bytes.len().min(self.room()));
            self.pending.extend_from_slice(head);
            bytes = rest;
            self.close_frame();
        }
    }

    /// There is no session: what is too old is dropped.
    pub(super) fn hold(&mut self) {
        while self.waiting.len() > self.most {
            let Some(frame) = self.waiting.pop_front() else { return };
            self.unheard = self.unheard + self.length(frame.len() as u64);
            self.give_back(frame);
        }
    }

    /// The next whole frame.
    pub(super) fn take(&mut self) -> Option<Vec<u8>> {
        self.waiting.pop_front()
    }

    /// The call is over: what there is of a frame.
    pub(super) fn take_rest(&mut self) -> Option<Vec<u8>> {
        Some(std::mem::take(&mut self.pending)).filter(|rest| !rest.is_empty())
    }

    /// A frame was copied elsewhere: its buffer is used again.
    pub(super) fn give_back(&mut self, mut frame: Vec<u8>) {
        frame.clear();
        self.spare = Some(frame);
    }

    /// What was dropped since this was last asked.
    pub(super) fn take_unheard(&mut self) -> Samples {
        std::mem::take(&mut self.unheard)
    }

    /// Bytes that the frame lacks; there is room for them.
    fn room(&mut self) -> usize {
        if self.pending.capacity() == 0 {
            self.pending = self.spare.take().unwrap_or_else(|| Vec::with_capacity(self.frame));
        }
        self.frame - self.pending.len()
    }

    fn close_frame(&mut self) {
        if self.pending.len() == self.frame {
            self.waiting.push_back(std::mem::take(&mut self.pending));
        }
    }

    fn length(&self, bytes: u64) -> Samples {
        Samples(bytes / self.width as u64)
    }
}
