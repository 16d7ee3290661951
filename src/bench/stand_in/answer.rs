//! What the stand-in says: a steady sound that begins and ends loud, cut into deltas and coded once for everybody.

use super::{ANSWER_MS, Audio};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use talkpath_media::g711::Law;
use talkpath_media::resample::Resampler;
use talkpath_media::tone::Tone;

/// How much of it travels in one message.
const DELTA_MS: usize = 200;

/// The deltas of an answer, in base64.
#[derive(Clone, Debug)]
pub(super) struct Answer(pub(super) Vec<String>);

impl Answer {
    pub(super) fn new(audio: Audio) -> anyhow::Result<Self> {
        let mut samples = vec![0; ANSWER_MS * 8];
        Tone::new(&[180.0, 700.0, 1_900.0], -20.0).fill(&mut samples);
        let bytes: Vec<u8> = match audio {
            Audio::Pcmu => samples.iter().map(|sample| Law::Mu.encode_sample(*sample)).collect(),
            Audio::Pcm => {
                let (mut resampler, mut up) = (Resampler::aligned(8_000, 24_000)?, Vec::new());
                resampler.push(&samples, &mut up);
                resampler.finish(&mut up);
                up.iter().flat_map(|sample| sample.to_le_bytes()).collect()
            }
        };
        let delta = audio.bytes_per_ms() * DELTA_MS;
        Ok(Self(bytes.chunks(delta).map(|piece| STANDARD.encode(piece)).collect()))
    }
}

impl Audio {
    /// How much a millisecond is.
    pub(super) const fn bytes_per_ms(self) -> usize {
        match self {
            Self::Pcm => 48,
            Self::Pcmu => 8,
        }
    }

    /// Where the last loud sample ends in coded audio, in bytes.
    pub(super) fn last_loud(self, bytes: &[u8]) -> Option<usize> {
        /// Far above what an idle line's noise becomes, below the peaks of a voice.
        const LOUD: u16 = 1_500;
        match self {
            Self::Pcmu => {
                bytes.iter().rposition(|byte| Law::Mu.decode_byte(*byte).unsigned_abs() > LOUD).map(|at| at + 1)
            }
            Self::Pcm => bytes
                .chunks_exact(2)
                .rposition(|pair| matches!(pair, &[low, high] if i16::from_le_bytes([low, high]).unsigned_abs() > LOUD))
                .map(|at| 2 * at + 2),
        }
    }
}
