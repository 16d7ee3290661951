//! Resampling between the telephone's 8 kHz and an engine's rate, stateful across chunks.
//!
//! Whole ratios, which all engines have, go through a filter of our own (`whole.rs`): 2 ms delay, flat to 3.4 kHz, nothing left at 4.5 kHz, and
//! less than half of the time that rubato takes. Others (recordings at 44.1 kHz) are rubato's: its FFT resampler in 5 ms blocks with a Hann window, 2.5 ms delay.
//! Its default constructor takes 10 ms each way, its default window at 5 ms loses 18 dB at 3 kHz, and its polynomial modes alias. Nothing
//! restarts between chunks.

mod whole;

use audioadapter_buffers::direct::InterleavedSlice;
use rubato::{Fft, FixedSync, Resampler as _, WindowFunction};

use crate::Error;
use whole::Whole;

/// One direction of one call.
pub struct Resampler {
    path: Path,
    from: u32,
    to: u32,
}

enum Path {
    Same,
    Converted(Box<Converter>),
}

/// A conversion, and what is left out of it.
struct Converter {
    method: Method,
    /// Output that is the delay and nothing else, where it is left out: all of it, and what is left of it.
    lead: usize,
    skip: usize,
    /// Samples taken and given since the beginning, or since the last [`Resampler::finish`].
    taken: u64,
    given: u64,
}

enum Method {
    Whole(Whole),
    Blocks(Box<Blocks>),
}

/// rubato, a block at a time.
struct Blocks {
    fft: Fft<f32>,
    /// One block in: the first `filled` samples wait for the rest.
    input: Vec<f32>,
    filled: usize,
    output: Vec<f32>,
}

impl std::fmt::Debug for Resampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Resampler({} Hz to {} Hz)", self.from, self.to)
    }
}

impl Resampler {
    /// From `from` Hz to `to` Hz, both a multiple of 200 (5 ms are whole samples).
    ///
    /// # Errors
    ///
    /// [`Error::SampleRates`] for any other rate.
    pub fn new(from: u32, to: u32) -> Result<Self, Error> {
        let unsupported = || Error::SampleRates { from, to };
        if from == 0 || to == 0 || !from.is_multiple_of(200) || !to.is_multiple_of(200) || from.max(to) > 192_000 {
            return Err(unsupported());
        }
        let path = if from == to {
            Path::Same
        } else {
            Path::Converted(Box::new(Converter::new(from, to).ok_or_else(unsupported)?))
        };
        Ok(Self { path, from, to })
    }

    /// As [`Resampler::new`], for stretches of speech that begin and end: the delay is left out at the beginning of each and
    /// made good by [`Resampler::finish`], so that what comes out is as long as what went in, and begins with it.
    ///
    /// # Errors
    ///
    /// As [`Resampler::new`].
    pub fn aligned(from: u32, to: u32) -> Result<Self, Error> {
        let mut resampler = Self::new(from, to)?;
        let delay = resampler.delay();
        if let Path::Converted(converter) = &mut resampler.path {
            (converter.lead, converter.skip) = (delay, delay);
        }
        Ok(resampler)
    }

    /// Ends a stretch of speech: appends what is left of it, and begins clean.
    pub fn finish(&mut self, out: &mut Vec<i16>) {
        let (from, to) = (u64::from(self.from), u64::from(self.to));
        if let Path::Converted(converter) = &mut self.path {
            let whole = (converter.taken * to).div_ceil(from);
            while converter.given < whole {
                let before = out.len();
                converter.pad(out);
                let excess = converter.given.saturating_sub(whole);
                out.truncate(out.len().saturating_sub(usize::try_from(excess).unwrap_or(usize::MAX)).max(before));
            }
        }
        self.reset();
    }

    /// Takes samples at the input rate and appends what they complete at the output rate.
    ///
    /// Allocates only when `out` has to grow.
    pub fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        match &mut self.path {
            Path::Same => out.extend_from_slice(samples),
            Path::Converted(converter) => converter.push(samples, out),
        }
    }

    /// How late the output is, in output samples: 2 to 2.5 ms.
    #[must_use]
    pub fn delay(&self) -> usize {
        match &self.path {
            Path::Same => 0,
            Path::Converted(converter) => match &converter.method {
                Method::Whole(_) => whole::DELAY * (self.to / self.from.min(self.to)) as usize,
                Method::Blocks(blocks) => blocks.fft.output_delay(),
            },
        }
    }

    /// Forgets what was pushed, as after a flush: the next answer begins clean.
    pub fn reset(&mut self) {
        match &mut self.path {
            Path::Same => {}
            Path::Converted(converter) => {
                match &mut converter.method {
                    Method::Whole(whole) => whole.reset(),
                    Method::Blocks(blocks) => blocks.reset(),
                }
                (converter.taken, converter.given, converter.skip) = (0, 0, converter.lead);
            }
        }
    }
}

impl Converter {
    fn new(from: u32, to: u32) -> Option<Self> {
        let (ratio, rest) = ((from.max(to) / from.min(to)) as usize, from.max(to) % from.min(to));
        let method = if rest != 0 || ratio > whole::HIGHEST {
            Method::Blocks(Box::new(Blocks::new(from, to)?))
        } else if to > from {
            Method::Whole(Whole::up(ratio))
        } else {
            Method::Whole(Whole::down(ratio))
        };
        Some(Self { method, lead: 0, skip: 0, taken: 0, given: 0 })
    }

    fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        self.taken += samples.len() as u64;
        self.run(samples, out);
    }

    /// Appends what some silence behind the end completes.
    fn pad(&mut self, out: &mut Vec<i16>) {
        const SILENCE: [i16; 40] = [0; 40];
        self.run(&SILENCE, out);
    }

    fn run(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        let before = out.len();
        match &mut self.method {
            Method::Whole(whole) => whole.push(samples, out),
            Method::Blocks(blocks) => blocks.push(samples, out),
        }
        let skipped = self.skip.min(out.len() - before);
        if skipped > 0 {
            out.drain(before..before + skipped);
            self.skip -= skipped;
        }
        self.given += (out.len() - before) as u64;
    }
}

impl Blocks {
    fn new(from: u32, to: u32) -> Option<Self> {
        let (block_in, block_out) = (from as usize / 200, to as usize / 200);
        let fft =
            Fft::new_custom(from as usize, to as usize, block_in, 1, 1, WindowFunction::Hann, FixedSync::Both).ok()?;
        let (input, output) = (vec![0.0; fft.input_frames_max()], vec![0.0; fft.output_frames_max()]);
        let whole = input.len() == block_in && output.len() == block_out;
        whole.then_some(Self { fft, input, filled: 0, output })
    }

    fn push(&mut self, mut samples: &[i16], out: &mut Vec<i16>) {
        while !samples.is_empty() {
            let (head, rest) = samples.split_at(samples.len().min(self.input.len() - self.filled));
            for (slot, &sample) in self.input[self.filled..].iter_mut().zip(head) {
                *slot = f32::from(sample);
            }
            self.filled += head.len();
            samples = rest;
            if self.filled == self.input.len() {
                self.filled = 0;
                self.convert(out);
            }
        }
    }

    fn convert(&mut self, out: &mut Vec<i16>) {
        let (frames_in, frames_out) = (self.input.len(), self.output.len());
        let (Ok(input), Ok(mut output)) = (
            InterleavedSlice::new(&self.input, 1, frames_in),
            InterleavedSlice::new_mut(&mut self.output, 1, frames_out),
        ) else {
            return;
        };
        if self.fft.process_into_buffer(&input, &mut output, None).is_err() {
            // Both buffers have the sizes that the resampler asked for; were it otherwise, time must still go on.
            self.output.fill(0.0);
        }
        out.extend(self.output.iter().map(|&sample| sample.round() as i16));
    }

    fn reset(&mut self) {
        self.fft.reset();
        self.filled = 0;
    }
}

#[cfg(test)]
mod tests;
