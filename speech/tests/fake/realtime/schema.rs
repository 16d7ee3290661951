//! What each dialect takes, field by field: unknown fields and wrong types are refused, as the services refuse them.

use serde_json::Value;

use super::Dialect;

/// What a field may be.
pub(crate) enum Shape {
    Text,
    Whole,
    Number,
    Flag,
    Any,
    /// One of these strings.
    One(&'static [&'static str]),
    Nullable(&'static Self),
    Strings(&'static [&'static str]),
    /// Any number of these.
    List(&'static Self),
    /// Fields; those with `true` must be there.
    Fields(&'static [(&'static str, bool, Self)]),
}

use Shape::{Any, Fields, Flag, List, Nullable, Number, One, Strings, Text, Whole};

const DETECTION: Shape = Nullable(&Fields(&[
    ("type", true, One(&["server_vad", "semantic_vad"])),
    ("threshold", false, Number),
    ("prefix_padding_ms", false, Whole),
    ("silence_duration_ms", false, Whole),
    ("eagerness", false, One(&["low", "medium", "high", "auto"])),
    ("create_response", true, Flag),
    ("interrupt_response", true, Flag),
]));
const TRANSCRIPTION: Shape = Nullable(&Fields(&[("model", true, Text), ("language", false, Text)]));
const FLAT_TOOL: Shape = Fields(&[
    ("type", true, One(&["function"])),
    ("name", true, Text),
    ("description", true, Text),
    ("parameters", true, Any),
]);
const GA_FORMAT: Shape =
    Fields(&[("type", true, One(&["audio/pcm", "audio/pcmu", "audio/pcma"])), ("rate", false, Whole)]);
const GA: Shape = Fields(&[
    ("type", true, One(&["realtime"])),
    ("instructions", false, Text),
    ("output_modalities", false, Strings(&["audio"])),
    (
        "audio",
        false,
        Fields(&[
            (
                "input",
                false,
                Fields(&[
                    ("format", false, GA_FORMAT),
                    ("transcription", false, TRANSCRIPTION),
                    ("turn_detection", false, DETECTION),
                    ("noise_reduction", false, Nullable(&Fields(&[("type", true, One(&["near_field", "far_field"]))]))),
                ]),
            ),
            (
                "output",
                false,
                Fields(&[("format", false, GA_FORMAT), ("voice", false, Text), ("speed", false, Number)]),
            ),
        ]),
    ),
    ("tools", false, List(&FLAT_TOOL)),
    ("tool_choice", false, One(&["auto", "none", "required"])),
    ("max_output_tokens", false, Any),
]);
const BETA: Shape = Fields(&[
    ("modalities", true, Strings(&["text", "audio"])),
    ("instructions", false, Text),
    ("voice", false, Text),
    ("input_audio_format", true, One(&["pcm16", "g711_ulaw", "g711_alaw"])),
    ("output_audio_format", true, One(&["pcm16", "g711_ulaw", "g711_alaw"])),
    ("input_audio_transcription", false, TRANSCRIPTION),
    ("turn_detection", false, DETECTION),
    ("tools", false, List(&FLAT_TOOL)),
    ("tool_choice", false, One(&["auto", "none", "required"])),
    ("temperature", false, Number),
]);
const QWEN: Shape = Fields(&[
    ("modalities", true, Strings(&["text", "audio"])),
    ("instructions", false, Text),
    ("voice", false, Text),
    ("input_audio_format", true, One(&["pcm", "pcm16"])),
    ("output_audio_format", true, One(&["pcm", "pcm16"])),
    ("input_audio_transcription", false, TRANSCRIPTION),
    ("turn_detection", false, DETECTION),
    (
        "tools",
        false,
        List(&Fields(&[
            ("type", true, One(&["function"])),
            ("function", true, Fields(&[("name", true, Text), ("description", true, Text), ("parameters", true, Any)])),
        ])),
    ),
    ("tool_choice", false, One(&["auto"])),
    ("temperature", false, Number),
]);

const GA_ITEM: Shape = Fields(&[
    ("type", true, One(&["message", "function_call", "function_call_output"])),
    ("role", false, One(&["user", "assistant", "system"])),
    ("content", false, List(&Fields(&[("type", true, One(&["input_text", "output_text"])), ("text", true, Text)]))),
    ("call_id", false, Text),
    ("name", false, Text),
    ("arguments", false, Text),
    ("output", false, Text),
]);
const BETA_ITEM: Shape = Fields(&[
    ("type", true, One(&["message", "function_call", "function_call_output"])),
    ("role", false, One(&["user", "assistant", "system"])),
    ("content", false, List(&Fields(&[("type", true, One(&["input_text", "text"])), ("text", true, Text)]))),
    ("call_id", false, Text),
    ("name", false, Text),
    ("arguments", false, Text),
    ("output", false, Text),
]);
const QWEN_ITEM: Shape =
    Fields(&[("type", true, One(&["function_call_output"])), ("call_id", true, Text), ("output", true, Text)]);

/// The shape of a client event, without `type` and `event_id`; none for one that the dialect doesn't have.
pub(crate) fn event(dialect: Dialect, kind: &str) -> Option<&'static Shape> {
    use Dialect::{Beta, Ga, Qwen};
    Some(match (kind, dialect) {
        ("session.update", Ga) => &Fields(&[("session", true, GA)]),
        ("session.update", Beta) => &Fields(&[("session", true, BETA)]),
        ("session.update", Qwen) => &Fields(&[("session", true, QWEN)]),
        ("input_audio_buffer.append", _) => &Fields(&[("audio", true, Text)]),
        ("input_audio_buffer.commit" | "input_audio_buffer.clear", _) => &Fields(&[]),
        ("response.create", Ga | Beta) => &Fields(&[("response", false, Fields(&[("instructions", false, Text)]))]),
        ("response.create", Qwen) => &Fields(&[(
            "response",
            false,
            Fields(&[("instructions", false, Text), ("modalities", false, Strings(&["text", "audio"]))]),
        )]),
        ("response.cancel", Ga | Beta) => &Fields(&[("response_id", false, Text)]),
        ("response.cancel", Qwen) => &Fields(&[]),
        ("conversation.item.truncate", Ga | Beta) => {
            &Fields(&[("item_id", true, Text), ("content_index", true, Whole), ("audio_end_ms", true, Whole)])
        }
        ("conversation.item.create", Ga) => &Fields(&[("item", true, GA_ITEM)]),
        ("conversation.item.create", Beta) => &Fields(&[("item", true, BETA_ITEM)]),
        ("conversation.item.create", Qwen) => &Fields(&[("item", true, QWEN_ITEM)]),
        ("session.finish", Qwen) => &Fields(&[]),
        _ => return None,
    })
}

/// Where a value doesn't have a shape.
pub(crate) fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("{path}: {what}, found {value}"));
    match shape {
        Any => Ok(()),
        Text if value.is_string() => Ok(()),
        Text => wrong("invalid_type, expected a string"),
        Whole if value.is_u64() => Ok(()),
        Whole => wrong("invalid_type, expected an integer"),
        Number if value.is_number() => Ok(()),
        Number => wrong("invalid_type, expected a number"),
        Flag if value.is_boolean() => Ok(()),
        Flag => wrong("invalid_type, expected a boolean"),
        One(names) if value.as_str().is_some_and(|text| names.contains(&text)) => Ok(()),
        One(_) => wrong("invalid_value"),
        Nullable(_) if value.is_null() => Ok(()),
        Nullable(shape) => check(value, shape, path),
        Strings(all)
            if value
                .as_array()
                .is_some_and(|list| list.iter().map(Value::as_str).eq(all.iter().map(|one| Some(*one)))) =>
        {
            Ok(())
        }
        Strings(_) => wrong("invalid_value"),
        List(shape) => {
            let Some(list) = value.as_array() else { return wrong("invalid_type, expected a list") };
            list.iter().enumerate().try_for_each(|(at, value)| check(value, shape, &format!("{path}[{at}]")))
        }
        Fields(fields) => {
            let Some(object) = value.as_object() else { return wrong("invalid_type, expected an object") };
            for (name, value) in object {
                let Some((.., shape)) = fields.iter().find(|(known, ..)| known == name) else {
                    return Err(format!("{path}.{name}: unknown_parameter"));
                };
                check(value, shape, &format!("{path}.{name}"))?;
            }
            let missing = fields.iter().find(|(name, required, _)| *required && !object.contains_key(*name));
            missing.map_or(Ok(()), |(name, ..)| Err(format!("{path}.{name}: missing_required_parameter")))
        }
    }
}
