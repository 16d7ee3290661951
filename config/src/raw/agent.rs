//! `[[agent]]`, and the thresholds of its turn-taking.

use super::action::{Dial, Prompt};
use super::engine::keys;
use crate::value::{Line, Name, OneOrList, Short};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use talkpath_speech::turn;
use toml::Spanned;

keys! {
    /// An agent with any engine.
    Agent {
        prompt: Prompt,
        greeting: String,
        greeting_interruptible: bool,
        greeting_verbatim: bool,
        greeting_early: bool,
        parrot_lead_in: String,
        voice: Line,
        tools: Vec<Spanned<String>>,
        transfer: BTreeMap<String, Spanned<Dial>>,
        fallback: OneOrList<Fallback>,
        filler: Prompt,
        idle: Idle,
        max_duration: u32,
        variables: BTreeMap<String, Spanned<Scalar>>,
        turn: Turn,
    } and {
        name: Spanned<Name>,
        engine: Option<Spanned<String>>,
        ring: Option<u32>,
    }
}

/// The name of an agent, or last words.
pub(crate) type Fallback = Short<String, LastWords>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "the name of an agent, or a table such as { say = \"We are sorry.\" }")]
pub(crate) struct LastWords {
    pub(crate) say: Line,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { after = 20, prompts = [\"Are you still there?\"], goodbye = \"Goodbye.\" }"
)]
pub(crate) struct Idle {
    pub(crate) after: Spanned<u32>,
    pub(crate) prompts: Option<Spanned<Prompts>>,
    pub(crate) goodbye: Option<Spanned<Line>>,
}

/// How often, or in which words.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a number, a text, or a list of texts")]
pub(crate) enum Prompts {
    Count(u8),
    One(Line),
    Many(Vec<Line>),
}

/// A value of a variable, which is a text in the end.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged, expecting = "a text, a number, or true or false")]
pub(crate) enum Scalar {
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
}

impl Scalar {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
        }
    }
}

/// The thresholds of the turn machine, under the names that they have there.
macro_rules! turn {
    ($($field:ident: $kind:ty),* $(,)?) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Turn {
            $($field: Option<$kind>,)*
        }

        impl Turn {
            /// What was written, over the defaults.
            pub(crate) fn resolve(self) -> turn::Settings {
                let mut settings = turn::Settings::default();
                $(if let Some(value) = self.$field {
                    settings.$field = value;
                })*
                settings
            }
        }
    };
}

turn! {
    suspect_ms: u32,
    likely_ms: u32,
    sure_ms: u32,
    gap_ms: u32,
    resume_after_ms: u32,
    duck_db: f32,
    start_ms: u32,
    preroll_ms: u32,
    end_silence_ms: u32,
    max_turn_ms: u32,
    min_level_dbov: f32,
    noise_margin_db: f32,
    noise_ceiling_dbov: f32,
    echo_window_ms: u32,
    echo_return_loss_db: f32,
    echo_margin_db: f32,
    keys_interrupt: bool,
    key_mask_ms: u32,
    watchdog_ms: u32,
    backchannels: Vec<String>,
}
