//! Keeps what the caller says during a turn, sample for sample.
//!
//! A turn is recognised after it began, so the last [`RECENT`] of the stream are always at hand; the recording starts within them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::Clip;
use crate::samples::Samples;

/// Pre-roll and the time that recognising a turn takes fit in here twice.
const RECENT: Samples = Samples::from_ms(1_500);

/// The caller's stream, lately.
#[derive(Debug)]
pub(super) struct Recorder {
    /// The end of the stream so far.
    position: Samples,
    recent: VecDeque<i16>,
    recording: Option<(Samples, Vec<i16>)>,
    limit: usize,
}

impl Recorder {
    /// Records at most `limit` of a turn.
    pub(super) fn new(limit: Duration) -> Self {
        let ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        Self {
            position: Samples::ZERO,
            recent: VecDeque::with_capacity(RECENT.index()),
            recording: None,
            limit: Samples::from_ms(ms).index(),
        }
    }

    /// Takes the next samples of the stream.
    pub(super) fn push(&mut self, samples: &[i16]) {
        self.position = self.position + Samples::of(samples);
        let fresh = samples.get(samples.len().saturating_sub(RECENT.index())..).unwrap_or(samples);
        let stale = (self.recent.len() + fresh.len()).saturating_sub(RECENT.index());
        self.recent.drain(..stale.min(self.recent.len()));
        self.recent.extend(fresh);
        if let Some((_, kept)) = &mut self.recording {
            let room = self.limit.saturating_sub(kept.len()).min(samples.len());
            kept.extend_from_slice(samples.get(..room).unwrap_or_default());
        }
    }

    /// A turn began at `at`, or as near to it as is still at hand. A recording under way goes on.
    pub(super) fn start(&mut self, at: Samples) {
        if self.recording.is_some() {
            return;
        }
        let oldest = self.position - Samples(self.recent.len() as u64);
        let start = at.clamp(oldest, self.position);
        let kept = self.recent.iter().skip((start - oldest).index()).take(self.limit).copied().collect();
        self.recording = Some((start, kept));
    }

    /// The turn ended at `at`: what was recorded of it, if it began.
    pub(super) fn stop(&mut self, at: Samples) -> Option<Clip> {
        let (start, mut kept) = self.recording.take()?;
        kept.truncate((at - start).index());
        Some(Clip::new(Arc::from(kept)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(range: std::ops::Range<u64>) -> Vec<i16> {
        range.map(|n| (n % 30_000) as i16).collect()
    }

    fn record(limit_ms: u64, from: u64, to: u64) -> Clip {
        let mut recorder = Recorder::new(Duration::from_millis(limit_ms));
        // The turn is told of 400 ms after it began, its end 600 ms after the fact, and packets are of 20 ms.
        for at in (0..to + 4_800).step_by(160) {
            recorder.push(&stream(at..at + 160));
            if at == from + 3_200 {
                recorder.start(Samples(from));
            }
        }
        recorder.stop(Samples(to)).unwrap()
    }

    #[test]
    fn a_turn_is_kept_sample_for_sample_from_before_it_was_recognised() {
        assert_eq!(record(15_000, 16_000, 32_000).samples(), stream(16_000..32_000));
    }

    #[test]
    fn a_long_turn_is_kept_to_its_limit() {
        assert_eq!(record(1_000, 16_000, 48_000).samples(), stream(16_000..24_000));
    }

    #[test]
    fn what_is_no_longer_at_hand_is_left_out() {
        let mut recorder = Recorder::new(Duration::from_secs(15));
        recorder.push(&stream(0..40_000));
        recorder.start(Samples::ZERO);
        assert_eq!(recorder.stop(Samples(40_000)).unwrap().samples(), stream(28_000..40_000));
        assert_eq!(recorder.stop(Samples(40_000)), None);
    }
}
