//! The caller's audio on its way to the other side.
//!
//! ```text
//!   samples or G.711 ─► pending ──gate open──► appends of a chunk or more      gate shut: the last `keep` stay, what is older is dropped
//! ```
//!
//! With the service finding the ends of turns the gate is open as long as the session is ready; with ours it's open from the pre-roll of a turn
//! to its end. Positions are those of the media clock.

use std::time::Duration;

use crate::engine::Wire;
use crate::samples::Samples;

/// What is kept of a caller who isn't speaking: pre-roll and the time that recognising a turn takes fit in twice.
pub(super) const RECENT: Samples = Samples::from_ms(1_500);
/// One message holds no more, when a backlog goes out.
const MOST: Samples = Samples::from_ms(1_000);
/// Less than this can't be committed (`input_audio_buffer_commit_empty`).
const LEAST: Samples = Samples::from_ms(100);
/// Pending audio that is dropped is dropped in steps, so that shutting costs no copy for each packet.
const SLACK: Samples = Samples::from_ms(500);

#[derive(Debug)]
pub(super) struct Feed {
    /// Bytes that one sample of the media clock is.
    width: usize,
    pending: Vec<u8>,
    /// Turns that ended while nothing could be sent.
    parked: Vec<u8>,
    /// All bytes that came in: their end is where the media clock stands.
    taken: u64,
    chunk: usize,
    /// Sent since the last commit.
    uncommitted: Samples,
    /// Where the audio begins that the other side has from this socket.
    began: Option<Samples>,
}

impl Feed {
    pub(super) fn new(wire: Wire, append: Duration) -> Self {
        let width = match wire {
            Wire::Pcm { input, .. } => 2 * (input / Samples::RATE) as usize,
            Wire::Mulaw | Wire::Alaw => 1,
        };
        let append = Samples::from_ms(u64::try_from(append.as_millis()).unwrap_or(u64::MAX));
        Self {
            width: width.max(1),
            pending: Vec::new(),
            parked: Vec::new(),
            taken: 0,
            chunk: append.index().saturating_mul(width),
            uncommitted: Samples::ZERO,
            began: None,
        }
    }

    /// Samples at the wire's rate.
    pub(super) fn push_samples(&mut self, samples: &[i16]) {
        let old = self.pending.len();
        self.pending.resize(old + samples.len() * 2, 0);
        let fresh = self.pending.get_mut(old..).unwrap_or_default();
        for (bytes, sample) in fresh.chunks_exact_mut(2).zip(samples) {
            bytes.copy_from_slice(&sample.to_le_bytes());
        }
        self.taken += samples.len() as u64 * 2;
    }

    /// Bytes of the wire's law.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        self.taken += bytes.len() as u64;
    }

    /// The gate is shut: no more than `keep` stays, now or soon. Gives what was dropped.
    pub(super) fn hold(&mut self, keep: Samples) -> Samples {
        let (most, keep) = ((keep + SLACK).index(), keep.index());
        if self.pending.len() <= most.saturating_mul(self.width) {
            return Samples::ZERO;
        }
        self.drop_front(self.pending.len() - keep * self.width)
    }

    /// A turn ends here, and can't be sent yet: it is put aside, what there is of it within `most`. Gives what was dropped.
    pub(super) fn park(&mut self, most: Samples) -> Samples {
        self.parked.append(&mut self.pending);
        let excess = self.parked.len().saturating_sub(most.index().saturating_mul(self.width));
        self.parked.drain(..excess);
        self.length(excess)
    }

    /// Hands over what was put aside.
    pub(super) fn unpark(&mut self, append: impl FnMut(&[u8])) {
        self.parked.chunks(MOST.index() * self.width).for_each(append);
        self.uncommitted = self.uncommitted + self.length(self.parked.len());
        self.parked = Vec::new();
    }

    /// What lies before `at` isn't wanted.
    pub(super) fn skip_to(&mut self, at: Samples) {
        self.drop_front((at - self.start()).index().saturating_mul(self.width));
    }

    /// The gate is open: hands pending audio over, in messages, once there is a chunk of it, or all of it if `flush`.
    pub(super) fn drain(&mut self, flush: bool, mut append: impl FnMut(&[u8])) {
        if self.pending.len() < self.chunk && !flush {
            return;
        }
        let start = self.start();
        if !self.pending.is_empty() {
            self.began.get_or_insert(start);
        }
        self.pending.chunks(MOST.index() * self.width).for_each(&mut append);
        self.uncommitted = self.uncommitted + self.length(self.pending.len());
        self.pending.clear();
    }

    /// Whether there is enough to commit; then it's committed.
    pub(super) fn commit(&mut self) -> bool {
        let enough = self.uncommitted >= LEAST;
        if enough {
            self.uncommitted = Samples::ZERO;
        }
        enough
    }

    /// The other side has committed by itself.
    pub(super) fn committed(&mut self) {
        self.uncommitted = Samples::ZERO;
    }

    /// A new socket: the other side has nothing.
    pub(super) fn restart(&mut self) {
        self.uncommitted = Samples::ZERO;
        self.began = None;
    }

    /// What is `ms` into the audio that the other side has, on the media clock.
    pub(super) fn at(&self, ms: f64) -> Option<Samples> {
        let ms = (0.0..1e12).contains(&ms).then_some(ms as u64)?;
        self.began.map(|began| began + Samples::from_ms(ms))
    }

    fn drop_front(&mut self, bytes: usize) -> Samples {
        let bytes = bytes.min(self.pending.len());
        self.pending.drain(..bytes);
        self.length(bytes)
    }

    /// Where pending audio begins.
    fn start(&self) -> Samples {
        Samples((self.taken - self.pending.len() as u64) / self.width as u64)
    }

    fn length(&self, bytes: usize) -> Samples {
        Samples((bytes / self.width) as u64)
    }
}
