//! Packet loss concealment: the last pitch period of what was heard is repeated and fades away within 60 ms.
//!
//! In the manner of ITU-T G.711 Appendix I, without its 3.75 ms of delay: what was handed out can't be mended, so
//! the seam at the start of a loss is bent straight over 2 ms, and the seam at its end cross-faded into what arrives.
//!
//!   heard ──conceal──► repeating (level full for 10 ms, then falling to nothing at 60 ms) ──► silence
//!     ▲                                                                                         │
//!     └──────────────────────────────── heard: cross-faded ◄────────────────────────────────────┘

/// What a loss may be concealed with, in samples: 60 ms. From there on there is silence.
pub const LIMIT: usize = 480;

/// Pitch of voices: 66 to 200 Hz and, in multiples, above.
const SHORTEST_PERIOD: usize = 40;
const LONGEST_PERIOD: usize = 120;
/// What is compared to find the period: 20 ms.
const WINDOW: usize = 160;
const HISTORY: usize = WINDOW + LONGEST_PERIOD;
/// How long the level stays before it falls: 10 ms.
const HOLD: usize = 80;
/// How long the seam at the start is bent: 2 ms.
const BEND: usize = 16;
/// How long the seam at the end is cross-faded: 5 ms.
const CROSS_FADE: usize = 40;

/// The concealer of one stream.
#[derive(Clone, Debug)]
pub struct Concealer {
    history: [i16; HISTORY],
    period: [f32; LONGEST_PERIOD],
    period_len: usize,
    /// The step between what was heard last and where the repetition begins.
    bend: f32,
    /// Samples concealed since audio was heard.
    concealed: usize,
}

impl Default for Concealer {
    fn default() -> Self {
        Self::new()
    }
}

impl Concealer {
    /// A concealer that has heard silence.
    #[must_use]
    pub fn new() -> Self {
        Self {
            history: [0; HISTORY],
            period: [0.0; LONGEST_PERIOD],
            period_len: SHORTEST_PERIOD,
            bend: 0.0,
            concealed: 0,
        }
    }

    /// How many samples can still be concealed before there is only silence.
    #[must_use]
    pub fn remaining(&self) -> usize {
        LIMIT.saturating_sub(self.concealed)
    }

    /// Takes audio that arrived. If it ends a loss its first 5 ms are cross-faded with the repetition.
    pub fn heard(&mut self, samples: &mut [i16]) {
        if self.concealed > 0 {
            let faded = samples.len().min(CROSS_FADE);
            for (n, sample) in samples.iter_mut().take(faded).enumerate() {
                let weight = (n + 1) as f32 / (faded + 1) as f32;
                *sample = (f32::from(*sample) * weight + self.next() * (1.0 - weight)) as i16;
            }
            self.concealed = 0;
        }
        self.remember(samples);
    }

    /// Overwrites `out` with what replaces lost audio: a fading repetition, then silence.
    pub fn conceal(&mut self, out: &mut [i16]) {
        if self.concealed == 0 {
            self.find_period();
        }
        for sample in out.iter_mut() {
            *sample = self.next() as i16;
        }
    }

    /// Takes silence that is put in on purpose, after audio or a loss: its first 5 ms fade out what was heard.
    pub fn silent(&mut self, silence: &mut [i16]) {
        if self.concealed < LIMIT && self.history[HISTORY - 1] != 0 {
            if self.concealed == 0 {
                self.find_period();
            }
            let faded = silence.len().min(CROSS_FADE);
            for (n, sample) in silence.iter_mut().take(faded).enumerate() {
                *sample = (self.next() * (1.0 - (n + 1) as f32 / (faded + 1) as f32)) as i16;
            }
        }
        self.concealed = LIMIT;
        self.remember(silence);
    }

    fn remember(&mut self, samples: &[i16]) {
        let newest = samples.len().min(HISTORY);
        self.history.copy_within(newest.., 0);
        self.history[HISTORY - newest..].copy_from_slice(&samples[samples.len() - newest..]);
    }

    /// The repetition's next sample.
    fn next(&mut self) -> f32 {
        let n = self.concealed;
        self.concealed = n.saturating_add(1);
        if n >= LIMIT {
            return 0.0;
        }
        let level = if n < HOLD { 1.0 } else { (LIMIT - n) as f32 / (LIMIT - HOLD) as f32 };
        let bent = if n < BEND { self.bend * (BEND - n) as f32 / BEND as f32 } else { 0.0 };
        (self.period[n % self.period_len] + bent) * level
    }

    /// Finds the period of the history's end and takes it as what is repeated.
    fn find_period(&mut self) {
        let length = self.best_lag();
        self.period_len = length;
        let start = HISTORY - length;
        for (n, sample) in self.period[..length].iter_mut().enumerate() {
            *sample = f32::from(self.history[start + n]);
        }
        // The last quarter runs into what came before the period, so that its end fits its own beginning.
        let quarter = length / 4;
        for n in 0..quarter {
            let weight = (n + 1) as f32 / (quarter + 1) as f32;
            let at = length - quarter + n;
            let before = f32::from(self.history[start - quarter + n]);
            self.period[at] = self.period[at] * (1.0 - weight) + before * weight;
        }
        self.bend = f32::from(self.history[HISTORY - 1]) - f32::from(self.history[start - 1]);
    }

    /// The lag at which the last 20 ms resemble what came before: every other one first, then its neighbours.
    fn best_lag(&self) -> usize {
        let coarse = (SHORTEST_PERIOD..=LONGEST_PERIOD)
            .step_by(2)
            .map(|lag| (lag, self.likeness(lag, 2)))
            .fold((SHORTEST_PERIOD, f32::MIN), |best, next| if next.1 > best.1 { next } else { best });
        let (from, to) = (coarse.0.max(SHORTEST_PERIOD + 1) - 1, (coarse.0 + 1).min(LONGEST_PERIOD));
        (from..=to)
            .map(|lag| (lag, self.likeness(lag, 1)))
            .fold((coarse.0, f32::MIN), |best, next| if next.1 > best.1 { next } else { best })
            .0
    }

    /// Normalised cross-correlation of the history's end with itself `lag` samples earlier.
    fn likeness(&self, lag: usize, step: usize) -> f32 {
        let (late, early) = (&self.history[HISTORY - WINDOW..], &self.history[HISTORY - WINDOW - lag..]);
        let (mut product, mut energy) = (0.0, 1.0);
        for (&a, &b) in late.iter().zip(early).step_by(step) {
            let (a, b) = (f32::from(a), f32::from(b));
            product += a * b;
            energy += b * b;
        }
        product / f32::sqrt(energy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{level, tone};

    fn heard(frequency: f32) -> (Concealer, tone::Tone) {
        let mut concealer = Concealer::new();
        let mut tone = tone::Tone::new(&[frequency], -15.0);
        let mut samples = [0; 160];
        for _ in 0..5 {
            tone.fill(&mut samples);
            concealer.heard(&mut samples);
        }
        (concealer, tone)
    }

    #[test]
    fn a_lost_packet_of_a_steady_tone_goes_unnoticed() {
        for frequency in [100.0, 150.0, 200.0, 440.0, 1000.0] {
            let (mut concealer, mut tone) = heard(frequency);
            let (mut concealed, mut lost) = ([0; 80], [0; 80]);
            concealer.conceal(&mut concealed);
            tone.fill(&mut lost);
            let error: Vec<i16> = concealed.iter().zip(&lost).map(|(a, b)| a.saturating_sub(*b)).collect();
            assert!(level::dbov(&error) < level::dbov(&lost) - 10.0, "{frequency} Hz");
        }
    }

    #[test]
    fn no_seam_clicks() {
        let (mut concealer, mut tone) = heard(170.0);
        let mut audio = vec![0; 160];
        tone.fill(&mut audio);
        let steepest =
            |audio: &[i16]| audio.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max().unwrap();
        let usual = steepest(&audio);
        concealer.heard(&mut audio);
        let (mut lost, mut after) = (vec![0; 200], vec![0; 160]);
        concealer.conceal(&mut lost);
        tone.fill(&mut vec![0; 200]);
        tone.fill(&mut after);
        concealer.heard(&mut after);
        audio.extend(lost);
        audio.extend(after);
        assert!(steepest(&audio) < usual * 2, "{} against {usual}", steepest(&audio));
    }

    #[test]
    fn a_long_loss_fades_to_silence_within_sixty_milliseconds() {
        let (mut concealer, _) = heard(200.0);
        let mut levels = Vec::new();
        let mut samples = [0; 80];
        for n in 0..8 {
            assert_eq!(concealer.remaining(), LIMIT.saturating_sub(n * 80));
            concealer.conceal(&mut samples);
            levels.push(level::dbov(&samples));
        }
        assert!(levels[0] > -16.5);
        assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 0.5), "{levels:?}");
        assert_eq!(levels[6], level::SILENT);
    }

    #[test]
    fn silence_is_concealed_by_silence() {
        let mut concealer = Concealer::new();
        let mut samples = [7; 480];
        concealer.conceal(&mut samples);
        assert_eq!(samples, [0; 480]);
    }
}
