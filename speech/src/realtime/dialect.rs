//! What differs between the dialects of one protocol. Everything else in this module speaks all of them alike.
//!
//! | | GA | beta | Qwen-Omni |
//! |---|---|---|---|
//! | session | typed, `audio.{input,output}` | flat, `modalities` | flat, `modalities` |
//! | audio | pcm 24 kHz, G.711 | pcm 24 kHz, G.711 | pcm 16 kHz in, 24 kHz out |
//! | tools | flat | flat | under `function` |
//! | agent's text in items | `output_text` | `text` | none: texts travel in instructions |
//! | heard part of an item | truncated | truncated | can't be told |
//! | `event_id` of appends | left out | left out | given |
//! | end | close | close | `session.finish`, `session.finished`, close |
//!
//! Names of server events are understood in both spellings whatever the dialect ([`super::event`]).

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::engine::Wire;
use crate::tools::ToolSpec;

use super::settings::{Eagerness, Encoding, Settings, Transcription, TurnEnd};

mod beta;
mod ga;
mod qwen;

/// A dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    Ga,
    Beta,
    Qwen,
}

impl Dialect {
    /// The `session` object of `session.update`: everything that we set, with the operator's additions.
    pub(super) fn session(self, settings: &Settings, instructions: &str) -> Value {
        let mut session = match self {
            Self::Ga => ga::session(settings, instructions),
            Self::Beta => beta::session(settings, instructions),
            Self::Qwen => qwen::session(settings, instructions),
        };
        merge(&mut session, &settings.extra);
        session
    }

    /// The `response` object of `response.create`; none where nothing is to be said about it.
    pub(super) fn response(self, instructions: Option<&str>) -> Option<Value> {
        let instructions = instructions?;
        Some(match self {
            Self::Ga | Self::Beta => json!({ "instructions": instructions }),
            Self::Qwen => json!({ "instructions": instructions, "modalities": ["text", "audio"] }),
        })
    }

    /// A message of the conversation.
    pub(super) fn message(self, agent: bool, text: &str) -> Value {
        let (role, kind) = match (agent, self) {
            (false, _) => ("user", "input_text"),
            (true, Self::Ga) => ("assistant", "output_text"),
            (true, Self::Beta | Self::Qwen) => ("assistant", "text"),
        };
        json!({ "type": "message", "role": role, "content": [{ "type": kind, "text": text }] })
    }

    /// Samples of audio both ways.
    pub(super) const fn pcm(self) -> Wire {
        match self {
            Self::Ga | Self::Beta => Wire::Pcm { input: 24_000, output: 24_000 },
            Self::Qwen => Wire::Pcm { input: 16_000, output: 24_000 },
        }
    }

    /// Whether the other side can be told how much of an item was heard.
    pub(super) const fn truncates(self) -> bool {
        match self {
            Self::Ga | Self::Beta => true,
            Self::Qwen => false,
        }
    }

    /// Whether texts can be put into the conversation as items. If not they travel in instructions.
    pub(super) const fn takes_text(self) -> bool {
        self.truncates()
    }

    /// Whether appends are numbered like all other messages.
    pub(super) const fn numbers_appends(self) -> bool {
        match self {
            Self::Ga | Self::Beta => false,
            Self::Qwen => true,
        }
    }

    /// Whether the other side wants to be told of the end before the socket is closed.
    pub(super) const fn finishes(self) -> bool {
        self.numbers_appends()
    }

    /// How long before the service's own limit (60 min; Qwen 120 min) a session is replaced.
    pub(super) const fn lifetime(self) -> Duration {
        match self {
            Self::Ga | Self::Beta => Duration::from_secs(55 * 60),
            Self::Qwen => Duration::from_secs(110 * 60),
        }
    }
}

/// `turn_detection`, the same in all dialects. We own interruption and the order to answer.
fn turn_detection(turn_end: &TurnEnd) -> Value {
    let mut detection = match turn_end {
        TurnEnd::Ours => return Value::Null,
        TurnEnd::ServerVad(vad) => {
            let mut detection = json!({ "type": "server_vad" });
            set(&mut detection, "threshold", vad.threshold.map(rounded));
            set(&mut detection, "prefix_padding_ms", vad.prefix_padding_ms);
            set(&mut detection, "silence_duration_ms", vad.silence_duration_ms);
            detection
        }
        TurnEnd::SemanticVad { eagerness } => {
            let mut detection = json!({ "type": "semantic_vad" });
            set(&mut detection, "eagerness", eagerness.map(eagerness_name));
            detection
        }
    };
    set(&mut detection, "create_response", Some(false));
    set(&mut detection, "interrupt_response", Some(false));
    detection
}

/// A threshold as it was written: 0.6, not 0.6000000238418579.
fn rounded(threshold: f32) -> f64 {
    (f64::from(threshold) * 1_000.0).round() / 1_000.0
}

fn eagerness_name(eagerness: Eagerness) -> &'static str {
    match eagerness {
        Eagerness::Low => "low",
        Eagerness::Medium => "medium",
        Eagerness::High => "high",
        Eagerness::Auto => "auto",
    }
}

/// `transcription`, the same in all dialects under different names.
fn transcription(transcription: Option<&Transcription>) -> Value {
    let Some(Transcription { model, language }) = transcription else { return Value::Null };
    let mut value = json!({ "model": model });
    set(&mut value, "language", language.as_deref());
    value
}

/// Tools as OpenAI has them, in either dialect.
fn flat_tools(tools: &[ToolSpec]) -> Value {
    let flat = |ToolSpec { name, description, parameters }: &ToolSpec| json!({ "type": "function", "name": name, "description": description, "parameters": parameters });
    tools.iter().map(flat).collect()
}

/// Sets a field of an object if there is a value for it.
fn set<T: Into<Value>>(object: &mut Value, name: &str, value: Option<T>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(name.to_owned(), value.into());
    }
}

/// Lays `extra` over `value`, objects into objects.
fn merge(value: &mut Value, extra: &Map<String, Value>) {
    let Some(fields) = value.as_object_mut() else { return };
    for (name, extra) in extra {
        let field = fields.entry(name.as_str()).or_insert(Value::Null);
        match extra.as_object().filter(|_| field.is_object()) {
            Some(extra) => merge(field, extra),
            None => *field = extra.clone(),
        }
    }
}

/// The name of an encoding in the dialects of the time before GA.
fn flat_format(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Pcm => "pcm16",
        Encoding::Mulaw => "g711_ulaw",
        Encoding::Alaw => "g711_alaw",
    }
}
