//! The service's ears: where the caller's voice begins and ends, by level, in ms of the audio that came.

/// A level is taken of so much.
const WINDOW_MS: u64 = 10;
/// So much voice is speech.
const VOICE_MS: u64 = 80;

/// What is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Noticed {
    /// The voice began here.
    Started(u64),
    /// It ended here.
    Stopped(u64),
}

#[derive(Debug)]
pub(crate) struct Ears {
    /// Louder than this, in dBov, is voice.
    threshold: f32,
    heard: u64,
    voice: u64,
    quiet: u64,
    began: u64,
    speaking: bool,
    rest: Vec<i16>,
}

impl Ears {
    pub(crate) fn new(threshold: f32) -> Self {
        Self { threshold, heard: 0, voice: 0, quiet: 0, began: 0, speaking: false, rest: Vec::new() }
    }

    /// More of the caller; a pause of `silence` ms ends their turn.
    pub(crate) fn listen(&mut self, samples: &[i16], rate: u32, silence: u64) -> Vec<Noticed> {
        self.rest.extend_from_slice(samples);
        let window = rate as usize * WINDOW_MS as usize / 1_000;
        let whole = self.rest.len() / window * window;
        let heard: Vec<i16> = self.rest.drain(..whole).collect();
        heard.chunks(window).filter_map(|window| self.window(is_louder(window, self.threshold), silence)).collect()
    }

    /// Whatever was said is over.
    pub(crate) fn forget(&mut self) {
        (self.voice, self.speaking) = (0, false);
    }

    fn window(&mut self, voiced: bool, silence: u64) -> Option<Noticed> {
        if voiced {
            if self.voice == 0 {
                self.began = self.heard;
            }
            self.voice += WINDOW_MS;
            self.quiet = 0;
        } else {
            self.quiet += WINDOW_MS;
        }
        self.heard += WINDOW_MS;
        if !self.speaking && self.voice >= VOICE_MS {
            self.speaking = true;
            return Some(Noticed::Started(self.began));
        }
        if self.quiet < silence {
            return None;
        }
        self.voice = 0;
        std::mem::take(&mut self.speaking).then_some(Noticed::Stopped(self.heard - self.quiet))
    }
}

fn is_louder(samples: &[i16], dbov: f32) -> bool {
    let power: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    let rms = (power / samples.len().max(1) as f64).sqrt() / 32_768.0;
    rms > 10f64.powf(f64::from(dbov) / 20.0)
}
