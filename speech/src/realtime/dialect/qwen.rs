//! Qwen-Omni: like the time before GA, with tools nested as in Chat and formats whose names don't tell the rates (16 kHz in, 24 kHz out).

use serde_json::{Value, json};

use super::{flat_format, set, transcription, turn_detection};
use crate::realtime::settings::Settings;
use crate::tools::ToolSpec;

pub(super) fn session(settings: &Settings, instructions: &str) -> Value {
    let format = flat_format(settings.audio);
    let mut session = json!({
        "modalities": ["text", "audio"],
        "instructions": instructions,
        "input_audio_format": format,
        "output_audio_format": format,
        "input_audio_transcription": transcription(settings.transcription.as_ref()),
        "turn_detection": turn_detection(&settings.turn_end),
    });
    set(&mut session, "voice", settings.voice.as_deref());
    if !settings.tools.is_empty() {
        set(&mut session, "tools", Some(settings.tools.iter().map(nested).collect::<Value>()));
        set(&mut session, "tool_choice", Some("auto"));
    }
    session
}

fn nested(ToolSpec { name, description, parameters }: &ToolSpec) -> Value {
    json!({ "type": "function", "function": { "name": name, "description": description, "parameters": parameters } })
}
