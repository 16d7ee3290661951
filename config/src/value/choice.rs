//! Words that stand for values of other rooms.

use super::Parsed;
use serde::{Deserialize, Deserializer};
use std::str::FromStr;
use talkpath_speech::realtime::{AzureAuth, Eagerness, Encoding};
use talkpath_speech::turn::BargeIn;

/// A value that is written as one of a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice<T>(pub(crate) T);

/// What has words.
pub(crate) trait Words: Sized + Copy + 'static {
    /// Each word, and what it stands for.
    const WORDS: &[(&str, Self)];
}

impl<T: Words> FromStr for Choice<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = T::WORDS.iter().find(|(word, _)| *word == text);
        found.map(|(_, value)| Self(*value)).ok_or_else(|| {
            let words: Vec<_> = T::WORDS.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("\"{text}\" is none of {}", words.join(", "))
        })
    }
}

impl<'de, T: Words> Deserialize<'de> for Choice<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Parsed::deserialize(deserializer).map(|parsed| parsed.0)
    }
}

impl Words for AzureAuth {
    const WORDS: &[(&str, Self)] = &[("api-key", Self::ApiKey), ("entra", Self::Entra)];
}

/// As RFC 3551 calls them.
impl Words for Encoding {
    const WORDS: &[(&str, Self)] = &[("pcm", Self::Pcm), ("pcmu", Self::Mulaw), ("pcma", Self::Alaw)];
}

impl Words for Eagerness {
    const WORDS: &[(&str, Self)] =
        &[("low", Self::Low), ("medium", Self::Medium), ("high", Self::High), ("auto", Self::Auto)];
}

/// As bots call them (`docs/stream.md`).
impl Words for BargeIn {
    const WORDS: &[(&str, Self)] = &[("auto", Self::Steps), ("immediate", Self::Immediate), ("off", Self::Off)];
}
