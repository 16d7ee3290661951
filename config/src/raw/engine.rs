//! `[[engine]]`: speech back ends. One struct has the keys of every kind; which of them a kind knows is judged in [`crate::engine`], by
//! their places.

use crate::value::{Choice, Line, Name, SecretText, Short};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use talkpath_speech::realtime::{AzureAuth, Eagerness, Encoding};
use talkpath_speech::turn::BargeIn;
use toml::Spanned;

/// The struct, and where each of its keys that were written stands.
macro_rules! keys {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? } and { $($plain:ident: $plain_kind:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct $name {
            $(pub(crate) $plain: $plain_kind,)*
            $(pub(crate) $field: Option<Spanned<$kind>>,)*
        }

        impl $name {
            #[cfg(test)]
            pub(crate) const KEYS: &[&str] = &[$(stringify!($plain),)* $(stringify!($field),)*];

            /// The keys that were written, with the places of their values.
            pub(crate) fn places(&self) -> Vec<(&'static str, Range<usize>)> {
                let all = [$((stringify!($field), self.$field.as_ref().map(Spanned::span)),)*];
                all.into_iter().filter_map(|(key, place)| Some((key, place?))).collect()
            }
        }
    };
}

pub(super) use keys;

keys! {
    /// An engine of any kind.
    Engine {
        url: String,
        headers: Headers,
        audio: Audio,
        backlog: u32,
        redial: Redial,
        connect_timeout: u32,
        ca: PathBuf,
        service: Service,
        model: Line,
        key: crate::value::Secret,
        resource: Line,
        api_version: Line,
        auth: Choice<AzureAuth>,
        voice: Line,
        transcription: Transcription,
        turn_end: TurnEnd,
        append_ms: u32,
        stall: u32,
        session: u32,
        goodbye: String,
        keys_ms: u32,
        extra: toml::Table,
        dialect: Dialect,
        signing_key: crate::value::Secret,
        account_sid: String,
        frame_ms: u32,
        interruption: Choice<BargeIn>,
        drain_ms: u32,
        queue: u32,
        reconnect: bool,
        ping: u32,
        farewell: u32,
    } and {
        name: Spanned<Name>,
        kind: EngineKind,
    }
}

/// The kinds of engines.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    Builtin,
    Realtime,
    Stream,
}

/// Names of header fields, and their values.
pub(crate) type Headers = BTreeMap<String, Spanned<SecretText>>;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Service {
    Openai,
    Azure,
    AzurePreview,
    Beta,
    Qwen,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Dialect {
    Talkpath,
    Twilio,
}

/// The form of audio by a name, or samples at two rates.
pub(crate) type Audio = Short<Choice<Encoding>, Rates>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rates {
    pub(crate) from_caller: Option<Spanned<u32>>,
    pub(crate) to_caller: Option<Spanned<u32>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { first_ms = 500, longest_ms = 8000, attempts = 6 }")]
pub(crate) struct Redial {
    pub(crate) first_ms: Option<u32>,
    pub(crate) longest_ms: Option<u32>,
    pub(crate) attempts: Option<u32>,
}

/// `false`, a model, or a table.
pub(crate) type Transcription = Short<ModelOrNone, TranscriptionTable>;

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "false, the name of a model, or a table such as { model = \"NAME\", language = \"en\" }")]
pub(crate) enum ModelOrNone {
    Whether(bool),
    Model(String),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TranscriptionTable {
    pub(crate) model: Option<Line>,
    pub(crate) language: Option<Line>,
}

/// Who finds the end of a turn, alone or with thresholds.
pub(crate) type TurnEnd = Short<Finder, TurnEndTable>;

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Finder {
    Ours,
    Server,
    Semantic,
}

keys! {
    /// Who finds it, and how.
    #[derive(Clone)]
    TurnEndTable {
        threshold: f32,
        prefix_padding_ms: u32,
        silence_duration_ms: u32,
        eagerness: Choice<Eagerness>,
    } and {
        by: Finder,
    }
}
