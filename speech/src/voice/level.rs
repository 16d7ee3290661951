//! Levels of speech: measuring, normalising, trimming.

use crate::samples::Samples;

/// Speech level aimed at.
const TARGET_DBOV: f32 = -20.0;
/// No sample is made louder than this (-1 dB below full scale).
const PEAK: f32 = 29_200.0;
/// 20 ms blocks this far below the loudest don't count as speech.
const SPEECH_RANGE_DB: f32 = 30.0;
/// What is this quiet at either end is silence.
const SILENCE: u16 = 150;
/// What is kept of the silence in front and behind.
const LEAD: Samples = Samples::from_ms(10);
const TAIL: Samples = Samples::from_ms(40);
const BLOCK: usize = 160;

/// The level of samples in dBov (ITU-T G.100.1: 0 is a full-scale square wave); -127 for silence and for no samples.
#[must_use]
pub fn dbov(samples: &[i16]) -> f32 {
    let energy: f64 = samples.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
    let mean = energy / (samples.len().max(1) as f64 * 32_768.0 * 32_768.0);
    (10.0 * mean.max(f64::MIN_POSITIVE).log10()).max(-127.0) as f32
}

/// The level while talking: pauses don't count.
pub(super) fn speech_dbov(samples: &[i16]) -> f32 {
    let level = |block: &[i16]| dbov(block);
    let loudest = samples.chunks(BLOCK).map(level).fold(-127.0, f32::max);
    let active = |block: &&[i16]| dbov(block) >= loudest - SPEECH_RANGE_DB;
    let talking: Vec<i16> = samples.chunks(BLOCK).filter(active).flatten().copied().collect();
    dbov(&talking)
}

/// Brings speech to the level aimed at, or as near as its peaks allow.
pub(super) fn normalize(samples: &mut [i16]) {
    let peak = samples.iter().map(|sample| sample.unsigned_abs()).max().unwrap_or(0);
    if peak == 0 {
        return;
    }
    let wanted = 10_f32.powf((TARGET_DBOV - speech_dbov(samples)) / 20.0);
    let gain = wanted.min(PEAK / f32::from(peak));
    for sample in samples {
        *sample = (f32::from(*sample) * gain).round() as i16;
    }
}

/// Cuts the silence at both ends to a little. Returns what went in front.
pub(super) fn trim(samples: &mut Vec<i16>) -> Samples {
    let loud = |sample: &i16| sample.unsigned_abs() > SILENCE;
    let first = samples.iter().position(loud).unwrap_or(samples.len());
    let last = samples.iter().rposition(loud).unwrap_or(0);
    samples.truncate(last.saturating_add(TAIL.index()));
    let cut = first.saturating_sub(LEAD.index()).min(samples.len());
    samples.drain(..cut);
    Samples(cut as u64)
}
