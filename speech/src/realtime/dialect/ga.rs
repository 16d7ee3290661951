//! OpenAI since GA, and Azure since it followed.

use serde_json::{Value, json};

use super::{flat_tools, set, transcription, turn_detection};
use crate::realtime::settings::{Encoding, Settings};

pub(super) fn session(settings: &Settings, instructions: &str) -> Value {
    let format = match settings.audio {
        Encoding::Pcm => json!({ "type": "audio/pcm", "rate": 24_000 }),
        Encoding::Mulaw => json!({ "type": "audio/pcmu" }),
        Encoding::Alaw => json!({ "type": "audio/pcma" }),
    };
    let input = json!({
        "format": format,
        "transcription": transcription(settings.transcription.as_ref()),
        "turn_detection": turn_detection(&settings.turn_end),
    });
    let mut output = json!({ "format": format });
    set(&mut output, "voice", settings.voice.as_deref());
    json!({
        "type": "realtime",
        "instructions": instructions,
        "output_modalities": ["audio"],
        "audio": { "input": input, "output": output },
        "tools": flat_tools(&settings.tools),
        "tool_choice": "auto",
    })
}
