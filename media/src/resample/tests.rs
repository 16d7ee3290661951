//! The resampler measured: flatness, rejection, delay, continuity.

use super::*;
use crate::tone::{Tone, level_at_rate};

/// A second of a sine at `rate`.
fn sine(frequency: f32, rate: u32, amplitude: f32) -> Vec<i16> {
    let turn = std::f32::consts::TAU * frequency / rate as f32;
    (0..rate).map(|n| ((n as f32 * turn).sin() * amplitude) as i16).collect()
}

fn resample(samples: &[i16], from: u32, to: u32, chunk: usize) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to).unwrap();
    let mut out = Vec::new();
    samples.chunks(chunk).for_each(|chunk| resampler.push(chunk, &mut out));
    out
}

/// What becomes of a sine at `frequency`, in dB, past the start-up.
fn response(frequency: f32, found_at: f32, from: u32, to: u32) -> f32 {
    let samples = sine(frequency, from, 10_000.0);
    let out = resample(&samples, from, to, 160);
    level_at_rate(found_at, &out[out.len() / 2..], to) - level_at_rate(frequency, &samples[samples.len() / 2..], from)
}

#[test]
fn the_telephone_band_is_flat_both_ways() {
    for rate in [16_000, 24_000] {
        for frequency in [200.0, 1000.0, 2000.0, 3000.0, 3400.0] {
            for (from, to) in [(8000, rate), (rate, 8000)] {
                let change = response(frequency, frequency, from, to);
                assert!(change.abs() < 1.0, "{frequency} Hz, {from} to {to}: {change} dB");
            }
        }
    }
}

#[test]
fn what_doesnt_fit_the_telephone_band_is_gone_not_folded() {
    for rate in [16_000, 24_000] {
        let alias = response(4500.0, 3500.0, rate, 8000);
        let image = response(3500.0, 4500.0, 8000, rate);
        assert!(alias < -60.0, "4.5 kHz at {rate} Hz folds to 3.5 kHz at {alias} dB");
        assert!(image < -60.0, "3.5 kHz is mirrored to 4.5 kHz of {rate} Hz at {image} dB");
    }
}

#[test]
fn the_delay_is_two_milliseconds() {
    let mut click = vec![0; 800];
    click[400] = 20_000;
    for rate in [16_000, 24_000, 48_000] {
        let out = resample(&click, 8000, rate, 160);
        let peak = out.iter().enumerate().max_by_key(|(_, sample)| sample.unsigned_abs()).unwrap().0;
        let ms = peak as f64 * 1000.0 / f64::from(rate) - 50.0;
        assert!((ms - 2.0).abs() < 0.1, "{rate} Hz: {ms} ms");
        assert_eq!(Resampler::new(8000, rate).unwrap().delay(), rate as usize / 500);
        assert_eq!(Resampler::new(rate, 8000).unwrap().delay(), 16);
    }
}

#[test]
fn a_ratio_that_is_not_whole_is_converted_too() {
    let change = response(1000.0, 1000.0, 44_000, 8000);
    assert!(change.abs() < 0.5, "{change} dB");
    let image = response(3500.0, 4500.0, 8000, 44_000);
    assert!(image < -60.0, "{image} dB");
}

#[test]
fn the_loudest_of_inputs_is_not_wrapped_round() {
    for (from, to) in [(8000, 24_000), (24_000, 8000), (8000, 16_000), (8000, 48_000)] {
        let square: Vec<i16> = (0..from).map(|n| if n / (from / 400) % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let out = resample(&square, from, to, 160);
        let jump = out.windows(2).map(|pair| pair[0].abs_diff(pair[1])).max().unwrap();
        assert!(u32::from(jump) < 65_000, "{from} to {to}: a step of {jump}");
    }
}

#[test]
fn the_chunking_changes_nothing() {
    let mut samples = vec![0; 4800];
    Tone::new(&[440.0, 1234.0], -15.0).fill(&mut samples);
    let whole = resample(&samples, 8000, 24_000, 4800);
    assert_eq!(whole.len(), 14_400);
    for chunk in [1, 40, 77, 160, 480] {
        assert_eq!(resample(&samples, 8000, 24_000, chunk), whole, "chunks of {chunk}");
    }
}

#[test]
fn a_reset_resampler_is_a_new_one() {
    let samples = sine(440.0, 24_000, 8000.0);
    let mut resampler = Resampler::new(24_000, 8000).unwrap();
    let (mut first, mut second) = (Vec::new(), Vec::new());
    resampler.push(&samples[..1003], &mut first);
    resampler.reset();
    first.clear();
    resampler.push(&samples[..960], &mut first);
    Resampler::new(24_000, 8000).unwrap().push(&samples[..960], &mut second);
    assert_eq!(first, second);
}

#[test]
fn equal_rates_pass_through_and_odd_ones_are_refused() {
    assert_eq!(resample(&[1, 2, 3], 8000, 8000, 2), [1, 2, 3]);
    for (from, to) in [(0, 8000), (8000, 0), (11_025, 8000), (8000, 1_000_000)] {
        assert_eq!(Resampler::new(from, to).unwrap_err(), Error::SampleRates { from, to });
    }
}

#[test]
fn an_aligned_stretch_is_as_long_as_what_went_in_and_lies_where_it_lay() {
    let mut resampler = Resampler::aligned(24_000, 8_000).unwrap();
    for length in [1, 7, 119, 120, 121, 4_800, 12_345] {
        let samples = &sine(440.0, 24_000, 10_000.0)[..length];
        let mut out = Vec::new();
        samples.chunks(97).for_each(|chunk| resampler.push(chunk, &mut out));
        resampler.finish(&mut out);
        assert_eq!(out.len(), length.div_ceil(3));
        let expected = samples.iter().step_by(3);
        // The ends ring: a filter knows nothing of what lies beyond them.
        let differs = out.iter().zip(expected).skip(24).take(out.len().saturating_sub(48));
        assert!(differs.clone().all(|(found, wanted)| found.abs_diff(*wanted) < 120), "{length}");
    }
}

#[test]
fn an_aligned_stretch_that_is_given_up_leaves_nothing_for_the_next() {
    let (loud, mut out) = (sine(440.0, 24_000, 20_000.0), Vec::new());
    let mut resampler = Resampler::aligned(24_000, 8_000).unwrap();
    resampler.push(&loud[..1_000], &mut out);
    resampler.reset();
    out.clear();
    resampler.push(&[0; 600], &mut out);
    resampler.finish(&mut out);
    assert_eq!(out, [0; 200]);
}
