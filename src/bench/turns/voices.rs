//! Two synthesizers, and what is made of their speech: other pitches, other levels.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use talkpath_media::level::dbov;
use talkpath_speech::voice::Voice;

/// Samples a second on the telephone.
pub(super) const RATE: f64 = 8_000.0;
const FRAME: usize = 160;
/// Frames this far below the loudest are pauses.
const RANGE_DB: f32 = 25.0;
/// Quieter ends are cut off.
const SILENCE: u16 = 200;
/// espeak-ng's own.
const ESPEAK_VOICES: [&str; 6] = ["en-us", "en-gb", "en-us+m3", "en-us+f2", "en-gb+f4", "en-us+m7"];

/// The synthesizers.
pub(super) struct Voices {
    flite: Voice,
    espeak: bool,
    /// What was spoken before.
    known: BTreeMap<(usize, String), Arc<[i16]>>,
}

impl Voices {
    pub(super) fn new() -> anyhow::Result<Self> {
        let installed = Command::new("espeak-ng").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        let espeak = installed.is_ok_and(|status| status.success());
        Ok(Self { flite: Voice::new()?, espeak, known: BTreeMap::new() })
    }

    /// What there is.
    pub(super) fn names(&self) -> &'static str {
        if self.espeak { "flite and espeak-ng" } else { "flite alone: espeak-ng isn't installed" }
    }

    /// `text` by the speaker of this number, at -20 dBov while talking.
    pub(super) fn say(&mut self, speaker: usize, text: &str) -> Arc<[i16]> {
        let key = (speaker % 16, text.to_owned());
        if let Some(known) = self.known.get(&key) {
            return Arc::clone(known);
        }
        let (by_espeak, variant) = (self.espeak && speaker % 2 == 1, speaker % 16 / 2);
        let spoken = if by_espeak { espeak(variant, text) } else { None };
        let spoken = spoken.unwrap_or_else(|| {
            // One voice, as several people have it: slower and deeper, faster and higher.
            let factor = [1.0, 0.9, 1.1, 0.95, 1.15, 1.05, 0.85, 1.0].get(variant).copied().unwrap_or(1.0);
            stretched(&self.flite.synthesize(text), factor)
        });
        let mut samples = trimmed(&spoken).to_vec();
        level(&mut samples, -20.0);
        let samples: Arc<[i16]> = samples.into();
        self.known.insert(key, Arc::clone(&samples));
        samples
    }
}

/// Speech of espeak-ng at 8 kHz.
fn espeak(variant: usize, text: &str) -> Option<Vec<i16>> {
    let voice = ESPEAK_VOICES.get(variant % ESPEAK_VOICES.len())?;
    let speed = (150 + 10 * (variant % 4)).to_string();
    let output = Command::new("espeak-ng").args(["--stdout", "-v", voice, "-s", &speed, text]).output().ok()?;
    let mut reader = hound::WavReader::new(std::io::Cursor::new(output.stdout)).ok()?;
    let rate = f64::from(reader.spec().sample_rate);
    // The length in a header that was written to a pipe is a guess: what can be read is what there is.
    let samples: Vec<i16> = reader.samples::<i16>().map_while(Result::ok).collect();
    Some(stretched(&samples, rate / RATE))
}

/// Every `factor`-th sample, between samples too, of what fits the telephone's band.
fn stretched(samples: &[i16], factor: f64) -> Vec<i16> {
    const HALF: i64 = 24;
    let cutoff = 0.45 / factor.max(1.0) * 2.0;
    let length = (samples.len() as f64 / factor) as usize;
    let at =
        |index: i64| usize::try_from(index).ok().and_then(|index| samples.get(index)).map_or(0.0, |&s| f64::from(s));
    let one = |n: usize| {
        let place = n as f64 * factor;
        let middle = place as i64;
        let sum: f64 = (middle - HALF..=middle + HALF)
            .map(|index| {
                let from = index as f64 - place;
                let turn = std::f64::consts::PI * cutoff * from;
                let sinc = if turn.abs() < 1e-9 { 1.0 } else { turn.sin() / turn };
                let window = 0.5 + 0.5 * (std::f64::consts::PI * from / (HALF as f64 + 1.0)).cos();
                at(index) * sinc * window * cutoff
            })
            .sum();
        sum.clamp(-32_768.0, 32_767.0) as i16
    };
    (0..length).map(one).collect()
}

fn trimmed(samples: &[i16]) -> &[i16] {
    let loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
    let first = samples.iter().position(loud).unwrap_or(0);
    let last = samples.iter().rposition(loud).map_or(samples.len(), |last| last + 1);
    samples.get(first..last).unwrap_or_default()
}

/// Brings samples to a level, pauses not counted.
pub(super) fn level(samples: &mut [i16], wanted_dbov: f32) {
    let loudest = samples.chunks(FRAME).map(dbov).fold(-127.0, f32::max);
    let talking: Vec<i16> =
        samples.chunks(FRAME).filter(|frame| dbov(frame) > loudest - RANGE_DB).flatten().copied().collect();
    let gain = 10_f32.powf((wanted_dbov - dbov(&talking)) / 20.0);
    for sample in samples {
        *sample = (f32::from(*sample) * gain).clamp(-32_768.0, 32_767.0) as i16;
    }
}
