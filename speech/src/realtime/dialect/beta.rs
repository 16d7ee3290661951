//! OpenAI before GA: spoken by clones and by Azure's preview.

use serde_json::{Value, json};

use super::{flat_format, flat_tools, set, transcription, turn_detection};
use crate::realtime::settings::Settings;

pub(super) fn session(settings: &Settings, instructions: &str) -> Value {
    let format = flat_format(settings.audio);
    let mut session = json!({
        "modalities": ["text", "audio"],
        "instructions": instructions,
        "input_audio_format": format,
        "output_audio_format": format,
        "input_audio_transcription": transcription(settings.transcription.as_ref()),
        "turn_detection": turn_detection(&settings.turn_end),
        "tools": flat_tools(&settings.tools),
        "tool_choice": "auto",
    });
    set(&mut session, "voice", settings.voice.as_deref());
    session
}
