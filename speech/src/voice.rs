//! The embedded voice: English text to 8 kHz speech, by flite-rs (diphones; nothing to install, nothing to fetch).
//!
//! Speech comes at a level of about -20 dBov while talking, its peaks below full scale, without the silence around it, and with the
//! place at which each word ends. Deterministic: the same text gives the same samples.
//!
//! Cost, release build, one core of a shared machine: 0.95 ms of CPU per second of speech; making a [`Voice`] 0.1 ms. So a sentence
//! keeps a thread for several milliseconds: off the media shards.
//!
//! Deviation: the crate's own engine is by-passed for its two stages, analysis and waveform, because only the analysis knows the words' times.

use std::sync::Arc;

use flite_rs::language::Language;
use flite_rs::{Flow, Utterance, VoiceParams, pipeline, text};

use crate::error::Error;
use crate::samples::Samples;

mod level;

pub use level::dbov;

/// A word of a [`Speech`], as written, and where it ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The word with its punctuation.
    pub text: Arc<str>,
    /// Its end, from the first sample of the speech. Never before the end of the word before.
    pub end: Samples,
}

/// Spoken text.
#[derive(Clone, Debug, PartialEq)]
pub struct Speech {
    /// Samples at 8 kHz.
    pub audio: Arc<[i16]>,
    /// The words in order; the last ends with the audio.
    pub words: Vec<Word>,
}

/// The voice. Parses its tables once, then is cheap to share: `Send`, `Sync`, and speaking takes `&self`.
pub struct Voice {
    language: Arc<Language>,
    voice: flite_rs::Voice,
    params: VoiceParams,
}

impl Voice {
    /// Reads the embedded voice.
    ///
    /// # Errors
    /// [`Error::Voice`] if the data compiled in is malformed: a broken build.
    pub fn new() -> Result<Self, Error> {
        let language = flite_rs::Engine::try_new()?.language();
        let voice = flite_rs::Voice::parse(flite_rs::KAL_VOICE_DATA)?;
        let params = voice.params();
        Ok(Self { language, voice, params })
    }

    /// The samples of `text`, spoken at 8 kHz. Empty if there is nothing to speak.
    #[must_use]
    pub fn synthesize(&self, text: &str) -> Vec<i16> {
        self.render(text).0
    }

    /// `text` spoken at 8 kHz, with its words.
    #[must_use]
    pub fn speak(&self, text: &str) -> Speech {
        let (samples, words) = self.render(text);
        Speech { audio: samples.into(), words }
    }

    fn render(&self, text: &str) -> (Vec<i16>, Vec<Word>) {
        let (mut samples, mut words) = (Vec::new(), Vec::new());
        for sentence in text::sentences(text) {
            let spoken = pipeline::analyse(&self.language, &sentence, &self.params);
            place_words(&sentence, &spoken, Samples::of(&samples), &mut words);
            flite_rs::voice::synthesise_streaming(&self.voice, &spoken, &self.params, &mut |period| {
                samples.extend_from_slice(period);
                Flow::Continue
            });
        }
        level::normalize(&mut samples);
        let cut = level::trim(&mut samples);
        settle(&mut words, cut, Samples::of(&samples));
        (samples, words)
    }
}

/// Notes where each token of a sentence ends in a stream where the sentence begins at `offset`. The text is taken from the tokens as they
/// were written: analysis takes the full stop off abbreviations.
fn place_words(sentence: &[text::Token], spoken: &Utterance, offset: Samples, words: &mut Vec<Word>) {
    for (token, node) in sentence.iter().zip(spoken.iter_relation("Token")) {
        let text = format!("{}{}{}", token.prepunctuation, token.name, token.punctuation);
        // A token of which no word is spoken (a lone dash) ends where the token before it does.
        let end = end_of(spoken, node).map(|end| offset + end);
        let end = end.or_else(|| words.last().map(|word| word.end)).unwrap_or(offset);
        words.push(Word { text: text.into(), end });
    }
}

/// The end of the last segment of a token's last word.
fn end_of(spoken: &Utterance, token: usize) -> Option<Samples> {
    let word = spoken.last_daughter(token)?;
    let syllable = spoken.last_daughter(spoken.item_as(word, "SylStructure")?)?;
    let segment = spoken.last_daughter(syllable)?;
    let seconds = spoken.feature_f32(segment, "end").max(0.0);
    Some(Samples((seconds * Samples::RATE as f32) as u64))
}

/// Moves the words by what was cut off in front, in order and within the audio; the last ends with it.
fn settle(words: &mut [Word], cut: Samples, length: Samples) {
    let mut before = Samples::ZERO;
    for word in &mut *words {
        word.end = (word.end - cut).clamp(before, length);
        before = word.end;
    }
    if let Some(last) = words.last_mut() {
        last.end = length;
    }
}

#[cfg(test)]
mod tests;
