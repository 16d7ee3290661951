//! Voice activity: webrtc-vad at 8 kHz over 20 ms frames, fed in any chunking.
//!
//! Each whole frame gives a verdict and its level; the turn machine decides what to make of them. Deviation: the
//! wrapped detector is not `Send`, so neither is [`Vad`]; it belongs to the call's ears, on its shard.

use webrtc_vad::{SampleRate, VadMode};

use crate::level;

/// Samples in one verdict: 20 ms.
pub const FRAME: usize = 160;

/// How readily a frame is called noise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Misses the least speech.
    Quality,
    /// In between, towards speech.
    LowBitrate,
    /// In between, towards noise.
    #[default]
    Aggressive,
    /// Takes the least noise for speech.
    VeryAggressive,
}

/// The verdict on 20 ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoiceFrame {
    /// Position of its first sample, counted from the first sample ever pushed.
    pub start: u64,
    /// Whether somebody speaks.
    pub voiced: bool,
    /// Its level.
    pub level_dbov: f32,
}

/// The detector, and the part of a frame that waits to be whole.
pub struct Vad {
    detector: webrtc_vad::Vad,
    waiting: [i16; FRAME],
    filled: usize,
    position: u64,
}

impl std::fmt::Debug for Vad {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vad").field("position", &self.position).finish_non_exhaustive()
    }
}

impl Vad {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        let mode = match mode {
            Mode::Quality => VadMode::Quality,
            Mode::LowBitrate => VadMode::LowBitrate,
            Mode::Aggressive => VadMode::Aggressive,
            Mode::VeryAggressive => VadMode::VeryAggressive,
        };
        Self {
            detector: webrtc_vad::Vad::new_with_rate_and_mode(SampleRate::Rate8kHz, mode),
            waiting: [0; FRAME],
            filled: 0,
            position: 0,
        }
    }

    /// Takes samples at 8 kHz and calls `each` for every frame that they complete.
    pub fn push(&mut self, mut samples: &[i16], mut each: impl FnMut(VoiceFrame)) {
        while !samples.is_empty() {
            let taken = samples.len().min(FRAME - self.filled);
            let (head, rest) = samples.split_at(taken);
            self.waiting[self.filled..self.filled + taken].copy_from_slice(head);
            self.filled += taken;
            samples = rest;
            if self.filled == FRAME {
                each(self.judge());
            }
        }
    }

    fn judge(&mut self) -> VoiceFrame {
        let frame = VoiceFrame {
            start: self.position,
            // An error means a wrong frame length, which 160 samples are not.
            voiced: self.detector.is_voice_segment(&self.waiting).unwrap_or(false),
            level_dbov: level::dbov(&self.waiting),
        };
        self.filled = 0;
        self.position += FRAME as u64;
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A voice-like buzz: a pulse every 8 ms rung through a formant.
    fn buzz(samples: &mut [i16]) {
        let (mut last, mut before) = (0.0f32, 0.0f32);
        for (n, sample) in samples.iter_mut().enumerate() {
            let pulse = if n % 64 == 0 { 6000.0 } else { 0.0 };
            let next = pulse + 1.7 * last - 0.85 * before;
            (last, before) = (next, last);
            *sample = next as i16;
        }
    }

    fn verdicts(samples: &[i16], chunk: usize) -> Vec<VoiceFrame> {
        let mut vad = Vad::new(Mode::Aggressive);
        let mut frames = Vec::new();
        samples.chunks(chunk).for_each(|chunk| vad.push(chunk, |frame| frames.push(frame)));
        frames
    }

    #[test]
    fn a_voice_is_heard_and_silence_is_not() {
        let mut samples = [0; 16000];
        buzz(&mut samples[8000..]);
        let frames = verdicts(&samples, 160);
        assert_eq!(frames.len(), 100);
        assert!(frames[..50].iter().all(|frame| !frame.voiced && frame.level_dbov == level::SILENT));
        assert!(frames[60..].iter().filter(|frame| frame.voiced).count() > 30);
    }

    #[test]
    fn the_chunking_changes_nothing() {
        let mut samples = [0; 4800];
        buzz(&mut samples[800..]);
        let whole = verdicts(&samples, 160);
        for chunk in [1, 80, 97, 240, 480, 4800] {
            assert_eq!(verdicts(&samples, chunk), whole, "chunks of {chunk}");
        }
        assert!(whole.iter().enumerate().all(|(n, frame)| frame.start == n as u64 * 160));
    }
}
