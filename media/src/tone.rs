//! Tones: sums of sines to send, and Goertzel's filter to find them again.

use std::f64::consts::TAU;

use crate::{SAMPLE_RATE, level};

/// A sum of sines at 8 kHz whose phase runs on from one fill to the next.
#[derive(Clone, Debug)]
pub struct Tone {
    /// Phase and phase step of each sine, in turns.
    sines: Vec<(f64, f64)>,
    amplitude: f64,
}

impl Tone {
    /// `frequencies` in Hz, each at `level_dbov` (a full-scale sine is -3 dBov).
    #[must_use]
    pub fn new(frequencies: &[f32], level_dbov: f32) -> Self {
        let step = |&frequency: &f32| (0.0, f64::from(frequency) / f64::from(SAMPLE_RATE));
        Self {
            sines: frequencies.iter().map(step).collect(),
            amplitude: 32768.0 * std::f64::consts::SQRT_2 * 10f64.powf(f64::from(level_dbov) / 20.0),
        }
    }

    /// Overwrites `samples` with the next stretch, clipped at full scale.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            let mut sum = 0.0;
            for (phase, step) in &mut self.sines {
                sum += (*phase * TAU).sin();
                *phase = (*phase + *step).fract();
            }
            *sample = (sum * self.amplitude).round() as i16;
        }
    }
}

/// One period of what a caller hears while a telephone rings: a second of 425 Hz and four of silence, as most countries
/// have it (ITU-T E.180).
#[must_use]
pub fn ringback() -> Vec<i16> {
    const LEVEL_DBOV: f32 = -20.0;
    let second = SAMPLE_RATE as usize;
    let mut period = vec![0; 5 * second];
    if let Some(sound) = period.get_mut(..second) {
        Tone::new(&[425.0], LEVEL_DBOV).fill(sound);
    }
    period
}

/// The level of the sine at `frequency` Hz in `samples` at 8 kHz, in dBov.
#[must_use]
pub fn level_at(frequency: f32, samples: &[i16]) -> f32 {
    level_at_rate(frequency, samples, SAMPLE_RATE)
}

/// As [`level_at`], for `samples` taken at `rate` Hz.
///
/// Frequencies closer than `rate / samples.len()` Hz run together.
#[must_use]
pub fn level_at_rate(frequency: f32, samples: &[i16], rate: u32) -> f32 {
    if samples.is_empty() || rate == 0 {
        return level::SILENT;
    }
    let turn = TAU * f64::from(frequency) / f64::from(rate);
    let (mut previous, mut before) = (0.0, 0.0);
    for &sample in samples {
        let next = f64::from(sample) + 2.0 * turn.cos() * previous - before;
        (previous, before) = (next, previous);
    }
    let power = previous * previous + before * before - 2.0 * turn.cos() * previous * before;
    let amplitude = 2.0 * power.max(0.0).sqrt() / samples.len() as f64;
    let rms = amplitude / std::f64::consts::SQRT_2 / 32768.0;
    if rms <= 0.0 { level::SILENT } else { ((20.0 * rms.log10()) as f32).max(level::SILENT) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_found_at_its_frequency_and_level_and_nowhere_else() {
        let mut samples = [0; 1600];
        Tone::new(&[1000.0], -10.0).fill(&mut samples);
        assert!((level_at(1000.0, &samples) + 10.0).abs() < 0.05);
        assert!(level_at(1500.0, &samples) < -70.0);
    }

    #[test]
    fn two_sines_are_both_found() {
        let mut samples = [0; 1600];
        Tone::new(&[770.0, 1335.0], -12.0).fill(&mut samples);
        assert!((level_at(770.0, &samples) + 12.0).abs() < 0.1);
        assert!((level_at(1335.0, &samples) + 12.0).abs() < 0.1);
    }

    #[test]
    fn a_tone_runs_on_from_fill_to_fill() {
        let (mut whole, mut parts) = ([0; 480], [0; 480]);
        Tone::new(&[440.0], -6.0).fill(&mut whole);
        let mut tone = Tone::new(&[440.0], -6.0);
        parts.chunks_mut(77).for_each(|part| tone.fill(part));
        assert_eq!(whole, parts);
    }

    #[test]
    fn nothing_has_no_level() {
        assert_eq!(level_at(440.0, &[]), level::SILENT);
        assert_eq!(level_at(440.0, &[0; 80]), level::SILENT);
    }
}
