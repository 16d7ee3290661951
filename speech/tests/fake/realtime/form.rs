//! The form of audio in one direction, as a session's settings say, and sound in it.

use std::f64::consts::{SQRT_2, TAU};

use serde_json::Value;

use super::super::g711::Law;
use super::Dialect;
use super::plan::Sound;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    /// 16-bit samples if there is none.
    law: Option<Law>,
    /// Samples a second.
    pub(crate) rate: u32,
}

impl Form {
    pub(crate) const fn new(law: Option<Law>, rate: u32) -> Self {
        Self { law, rate }
    }

    const fn pcm(rate: u32) -> Self {
        Self::new(None, rate)
    }

    /// What the caller's audio is.
    pub(crate) fn input(dialect: Dialect, session: &Value) -> Self {
        match dialect {
            Dialect::Ga => Self::ga(&session["audio"]["input"]["format"]),
            Dialect::Beta => Self::beta(&session["input_audio_format"]),
            Dialect::Qwen => Self::pcm(16_000),
        }
    }

    /// What the agent's audio is.
    pub(crate) fn output(dialect: Dialect, session: &Value) -> Self {
        match dialect {
            Dialect::Ga => Self::ga(&session["audio"]["output"]["format"]),
            Dialect::Beta => Self::beta(&session["output_audio_format"]),
            Dialect::Qwen => Self::pcm(24_000),
        }
    }

    fn ga(format: &Value) -> Self {
        Self::of(format["type"] == "audio/pcmu", format["type"] == "audio/pcma")
    }

    fn beta(format: &Value) -> Self {
        Self::of(format == "g711_ulaw", format == "g711_alaw")
    }

    fn of(mu: bool, a: bool) -> Self {
        match (mu, a) {
            (true, _) => Self { law: Some(Law::Mu), rate: 8_000 },
            (_, true) => Self { law: Some(Law::A), rate: 8_000 },
            (false, false) => Self::pcm(24_000),
        }
    }

    /// Bytes of one sample.
    pub(crate) fn width(self) -> usize {
        if self.law.is_some() { 1 } else { 2 }
    }

    pub(crate) fn samples_in(self, ms: u64) -> usize {
        ms as usize * self.rate as usize / 1_000
    }

    pub(crate) fn ms(self, samples: usize) -> u64 {
        samples as u64 * 1_000 / u64::from(self.rate)
    }

    pub(crate) fn decode(self, bytes: &[u8]) -> Vec<i16> {
        match self.law {
            Some(law) => law.decode_all(bytes),
            None => bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect(),
        }
    }

    pub(crate) fn encode(self, samples: &[i16]) -> Vec<u8> {
        match self.law {
            Some(law) => law.encode_all(samples),
            None => samples.iter().flat_map(|sample| sample.to_le_bytes()).collect(),
        }
    }

    /// A sine of this pitch and level (a full-scale sine is -3 dBov).
    pub(crate) fn tone(self, hertz: f32, dbov: f32, ms: u64) -> Vec<i16> {
        let (step, peak) = (TAU * f64::from(hertz) / f64::from(self.rate), f64::from(dbov) / 20.0);
        let peak = 32_768.0 * SQRT_2 * 10f64.powf(peak);
        let sample = |n: usize| ((n as f64 * step).sin() * peak).round() as i16;
        (0..self.samples_in(ms)).map(sample).collect()
    }

    /// All bytes of a sound. `words`: how many are said; `place`: that of the item; `said`: what the caller said last, at a rate.
    pub(crate) fn render(self, sound: &Sound, words: u64, place: usize, said: (&[i16], u32)) -> Vec<u8> {
        match sound {
            Sound::Place(word_ms) => {
                let samples = self.samples_in(words * word_ms);
                match self.law {
                    Some(_) => vec![(place % 200) as u8; samples],
                    None => self.encode(&vec![place as i16; samples]),
                }
            }
            Sound::Tone(hertz, dbov, ms) => self.encode(&self.tone(*hertz, *dbov, *ms)),
            Sound::Samples(samples) => self.encode(samples),
            Sound::Echo => self.encode(&self.stretched(said.0, said.1)),
        }
    }

    /// Sound of another rate at this one: as it is where that is the same, and else good enough to be recognised.
    pub(crate) fn stretched(self, samples: &[i16], from: u32) -> Vec<i16> {
        let to = self.rate;
        if from == to {
            return samples.to_vec();
        }
        let length = samples.len() as u64 * u64::from(to) / u64::from(from);
        let sample = |n: u64| {
            let at = n as f64 * f64::from(from) / f64::from(to);
            let near = |place: usize| samples.get(place).or(samples.last()).map_or(0.0, |sample| f64::from(*sample));
            let (left, right) = (near(at as usize), near(at as usize + 1));
            (left + (right - left) * at.fract()).round() as i16
        };
        (0..length).map(sample).collect()
    }
}
