//! What an answer of the service will be.

use std::sync::Arc;

use super::super::Mishap;

/// What an answer will be: speech, calls of tools, or a failure.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Items of speech.
    pub(crate) speech: Vec<Speech>,
    /// Calls of tools: names and arguments.
    pub(crate) calls: Vec<(String, String)>,
    /// The calls are complete before the speech comes in.
    pub(crate) calls_first: bool,
    /// The answer fails with this code, before anything of it is made.
    pub(crate) fails: Option<&'static str>,
    /// How it ends after all that was made of it.
    pub(crate) end: End,
    /// How long the model thinks before it begins, in ms.
    pub(crate) thinks: u64,
    /// The time between two pieces of audio, in ms; an eighth of their length if none is told.
    pub(crate) pace: Option<u64>,
    /// When it is cancelled, so many pieces of its audio still come before it is done, and so many after.
    pub(crate) late: (usize, usize),
    /// What goes wrong once so many ms of its audio were sent.
    pub(crate) mishap: Option<(u64, Mishap)>,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum End {
    #[default]
    Completed,
    /// It fails with this code.
    Failed(&'static str),
    /// It breaks off for this reason: `max_output_tokens`, `content_filter`.
    Incomplete(&'static str),
}

/// An item of speech.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    pub(crate) text: String,
    pub(crate) sound: Sound,
}

/// What an item sounds like.
#[derive(Clone, Debug)]
pub(crate) enum Sound {
    /// Each word of its text takes so many ms, and each sample (in G.711: each byte) is the item's place among all items of the server, from 1.
    Place(u64),
    /// A sine of this many Hz at this level (a full-scale sine is -3 dBov), for so many ms.
    Tone(f32, f32, u64),
    /// These samples, at the rate of the session's output.
    Samples(Arc<[i16]>),
    /// What the caller said last, or so much of it as was committed.
    Echo,
}

impl Speech {
    pub(crate) fn words(text: impl Into<String>, word_ms: u64) -> Self {
        Self { text: text.into(), sound: Sound::Place(word_ms) }
    }
}

impl Plan {
    pub(crate) fn say(words: &str) -> Self {
        Self::speech(Speech::words(words, 300))
    }

    pub(crate) fn call(name: &str, arguments: &str) -> Self {
        Self { calls: vec![(name.to_owned(), arguments.to_owned())], ..Self::default() }
    }

    pub(crate) fn speech(speech: Speech) -> Self {
        Self { speech: vec![speech], ..Self::default() }
    }

    /// A sine of this pitch and level for so many ms, with words for its transcript.
    pub(crate) fn tone(words: &str, hertz: f32, dbov: f32, ms: u64) -> Self {
        Self::speech(Speech { text: words.to_owned(), sound: Sound::Tone(hertz, dbov, ms) })
    }

    /// What the caller said is said back.
    pub(crate) fn echo(words: &str) -> Self {
        Self::speech(Speech { text: words.to_owned(), sound: Sound::Echo })
    }
}
