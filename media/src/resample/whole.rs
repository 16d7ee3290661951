//! Whole ratios: one polyphase filter in integers. What a telephone and an engine need.
//!
//! The filter is a sinc under a Kaiser window, 32 samples of the lower rate long, in Q15: flat to 3.4 kHz, 60 dB down at 4.5 kHz (of 8 kHz).
//! Products of 16 bits are what every CPU sums eight at a time, so nothing needs a vector written by hand; and the samples are the same on each.

/// The filter's length in samples of the lower rate.
const SPAN: usize = 32;
/// Where it is 6 dB down, as a share of the lower rate.
const CUTOFF: f64 = 0.494;
/// The window's shape: 65 dB.
const BETA: f64 = 6.2;
/// Coefficients are in units of this.
const UNIT: f64 = 32_768.0;
/// The highest ratio: from 8 kHz to 48 kHz.
pub(super) const HIGHEST: usize = 6;
/// Samples are taken in pieces of this many, so that the line of them stays short.
const PIECE: usize = 480;

/// How late the output is, in samples of the lower rate: half of the filter.
pub(super) const DELAY: usize = SPAN / 2;

/// Which way.
enum Way {
    /// The filter cut into phases, each to be laid over the newest samples as they lie.
    Up(Vec<[i16; SPAN]>),
    /// The filter, its end first, and how many samples have come since the last output.
    Down(Vec<i16>, usize),
}

/// A filter, and the samples that it still needs.
pub(super) struct Whole {
    way: Way,
    /// What lies under the filter of the next sample, and behind that what has come.
    line: Vec<i16>,
    /// Samples of the past that are kept.
    kept: usize,
}

impl Whole {
    /// Up by `ratio`.
    pub(super) fn up(ratio: usize) -> Self {
        let filter = filter(ratio, ratio as f64);
        let phase = |phase: usize| {
            let mut taps = [0; SPAN];
            for (tap, coefficient) in taps.iter_mut().rev().zip(filter.iter().skip(phase).step_by(ratio)) {
                *tap = *coefficient;
            }
            taps
        };
        let kept = SPAN - 1;
        Self { way: Way::Up((0..ratio).map(phase).collect()), line: vec![0; kept], kept }
    }

    /// Down by `ratio`.
    pub(super) fn down(ratio: usize) -> Self {
        let filter: Vec<i16> = filter(ratio, 1.0).into_iter().rev().collect();
        let kept = filter.len() - 1;
        Self { way: Way::Down(filter, 0), line: vec![0; kept], kept }
    }

    /// Takes samples, and appends what they complete.
    pub(super) fn push(&mut self, samples: &[i16], out: &mut Vec<i16>) {
        for piece in samples.chunks(PIECE) {
            self.line.extend_from_slice(piece);
            match &mut self.way {
                Way::Up(phases) => {
                    for under in self.line.windows(SPAN) {
                        out.extend(phases.iter().map(|phase| rounded(dot(under, phase))));
                    }
                }
                Way::Down(filter, since) => {
                    let ratio = filter.len() / SPAN;
                    let first = (ratio - *since) % ratio;
                    let windows = self.line.windows(filter.len()).skip(first).step_by(ratio);
                    out.extend(windows.map(|under| rounded(dot(under, filter))));
                    *since = (*since + piece.len()) % ratio;
                }
            }
            let past = self.line.len() - self.kept;
            self.line.copy_within(past.., 0);
            self.line.truncate(self.kept);
        }
    }

    /// Forgets what was pushed.
    pub(super) fn reset(&mut self) {
        self.line.clear();
        self.line.resize(self.kept, 0);
        if let Way::Down(_, since) = &mut self.way {
            *since = 0;
        }
    }
}

/// The sum of products, in Q15. The coefficients' magnitudes sum up to less than two, so it can't overflow.
fn dot(samples: &[i16], filter: &[i16]) -> i32 {
    samples.iter().zip(filter).map(|(sample, tap)| i32::from(*sample) * i32::from(*tap)).sum()
}

fn rounded(sum: i32) -> i16 {
    let value = (sum + (1 << 14)) >> 15;
    value.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// The filter between a rate and `ratio` times as much, its sum as near `gain` as its units allow. Its centre is at half of its length, its first
/// coefficient nothing: it is symmetric around that.
fn filter(ratio: usize, gain: f64) -> Vec<i16> {
    let (length, centre) = (SPAN * ratio, (DELAY * ratio) as f64);
    let shape = |n: usize| {
        if n == 0 {
            return 0.0;
        }
        let from = n as f64 - centre;
        let turn = std::f64::consts::PI * 2.0 * CUTOFF * from / ratio as f64;
        let sinc = if from == 0.0 { 1.0 } else { turn.sin() / turn };
        let place = from / centre;
        sinc * bessel(BETA * (1.0 - place * place).max(0.0).sqrt())
    };
    let shape: Vec<f64> = (0..length).map(shape).collect();
    let unit = gain * UNIT / shape.iter().sum::<f64>();
    shape.into_iter().map(|coefficient| (coefficient * unit).round().clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// The modified Bessel function of the first kind and order zero.
fn bessel(x: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..40 {
        term *= (x / (2.0 * f64::from(k))).powi(2);
        sum += term;
    }
    sum
}
