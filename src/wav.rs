//! WAV files as the telephone plays them.

use anyhow::{Context, bail, ensure};
use std::path::Path;
use std::sync::Arc;
use talkpath_media::resample::Resampler;

/// Samples a second on the telephone.
const RATE: u32 = 8_000;

/// A WAV file as 8 kHz mono.
///
/// # Errors
/// When it can't be read, or holds what can't be converted, with the command that mends it.
pub fn read(file: &Path) -> anyhow::Result<Arc<[i16]>> {
    let reader = hound::WavReader::open(file)
        .with_context(|| format!("can't play {}: it must be a WAV file that may be read", file.display()))?;
    let spec = reader.spec();
    ensure!(spec.channels > 0, "can't play {}: it has no channel", file.display());
    let samples = match (spec.sample_format, spec.bits_per_sample) {
        (hound::SampleFormat::Int, 16) => reader.into_samples::<i16>().collect::<Result<Vec<_>, _>>(),
        _ => bail!("can't play {}: it must have 16-bit samples (sox IN -b 16 OUT converts it)", file.display()),
    };
    let samples = samples.with_context(|| format!("{} is damaged", file.display()))?;
    let mono = mix(&samples, spec.channels);
    if spec.sample_rate == RATE {
        return Ok(mono.into());
    }
    let mut resampler = Resampler::new(spec.sample_rate, RATE).with_context(|| {
        format!(
            "can't play {} at {} Hz; convert it: sox {} -r 8000 -c 1 -b 16 OUT.wav",
            file.display(),
            spec.sample_rate,
            file.display()
        )
    })?;
    let mut out = Vec::new();
    resampler.push(&mono, &mut out);
    Ok(out.into())
}

fn mix(samples: &[i16], channels: u16) -> Vec<i16> {
    let mean = |frame: &[i16]| {
        let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
        i16::try_from(sum / i32::from(channels)).unwrap_or(0)
    };
    samples.chunks_exact(channels.into()).map(mean).collect()
}
