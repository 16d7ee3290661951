//! What each dialect takes, field by field: unknown fields and wrong types are refused, as the services refuse them.
//!
//! Stricter than they are in one thing: who answers the caller's turns and who interrupts must be said (`create_response`, `interrupt_response`).

use super::Dialect;
use super::shape::Field;
use super::shape::Shape::{
    self, Any, Either, Exactly, Fields, Flag, List, Nullable, One, Strings, Tagged, Text, Whole, Within,
};

/// Both kinds of `turn_detection`.
const SERVER_VAD: &[Field] = &[
    ("threshold", false, Within(0.0, 1.0)),
    ("prefix_padding_ms", false, Whole),
    ("silence_duration_ms", false, Whole),
    ("create_response", true, Flag),
    ("interrupt_response", true, Flag),
    ("idle_timeout_ms", false, Nullable(&Whole)),
];
const SEMANTIC_VAD: &[Field] = &[
    ("eagerness", false, One(&["low", "medium", "high", "auto"])),
    ("create_response", true, Flag),
    ("interrupt_response", true, Flag),
];
const DETECTION: Shape = Nullable(&Tagged("type", &[("server_vad", SERVER_VAD), ("semantic_vad", SEMANTIC_VAD)]));
const QWEN_VAD: &[Field] = &[
    ("threshold", false, Within(-1.0, 1.0)),
    ("prefix_padding_ms", false, Whole),
    ("silence_duration_ms", false, Within(200.0, 6_000.0)),
    ("create_response", true, Flag),
    ("interrupt_response", true, Flag),
    ("idle_timeout_ms", false, Whole),
    // Not documented for Qwen, and taken by it.
    ("eagerness", false, One(&["low", "medium", "high", "auto"])),
];
const QWEN_DETECTION: Shape = Nullable(&Tagged("type", &[("server_vad", QWEN_VAD), ("semantic_vad", QWEN_VAD)]));

const TRANSCRIPTION: Shape = Nullable(&Fields(&[
    ("model", true, Text),
    ("language", false, Text),
    ("languages", false, List(&Text)),
    ("prompt", false, Text),
    ("keywords", false, List(&Text)),
    ("delay", false, One(&["minimal", "low", "medium", "high", "xhigh"])),
]));
const NOISE: Shape =
    Nullable(&Fields(&[("type", true, One(&["near_field", "far_field"])), ("strength", false, Within(0.0, f64::MAX))]));

const FUNCTION: &[Field] = &[("name", true, Text), ("description", true, Text), ("parameters", true, Any)];
const FLAT_TOOL: Shape = Tagged("type", &[("function", FUNCTION)]);
const NESTED_TOOL: Shape = Tagged("type", &[("function", &[("function", true, Fields(FUNCTION))])]);
const CHOICE: Shape =
    Either(&[Tagged("type", &[("function", &[("name", true, Text)])]), One(&["auto", "none", "required"])]);
const MOST_TOKENS: Shape = Either(&[One(&["inf"]), Within(1.0, 4_096.0)]);

const FORMAT: Shape =
    Tagged("type", &[("audio/pcm", &[("rate", false, Exactly(24_000))]), ("audio/pcmu", &[]), ("audio/pcma", &[])]);
const INPUT: Shape = Fields(&[
    ("format", false, FORMAT),
    ("transcription", false, TRANSCRIPTION),
    ("turn_detection", false, DETECTION),
    ("noise_reduction", false, NOISE),
]);
const OUTPUT: Shape = Fields(&[("format", false, FORMAT), ("voice", false, Text), ("speed", false, Within(0.25, 1.5))]);
const GA: Shape = Tagged(
    "type",
    &[(
        "realtime",
        &[
            ("instructions", false, Text),
            ("output_modalities", false, Strings(&["audio"])),
            ("audio", false, Fields(&[("input", false, INPUT), ("output", false, OUTPUT)])),
            ("tools", false, List(&FLAT_TOOL)),
            ("tool_choice", false, CHOICE),
            ("parallel_tool_calls", false, Flag),
            ("reasoning", false, Fields(&[("effort", false, One(&["minimal", "low", "medium", "high", "xhigh"]))])),
            ("max_output_tokens", false, MOST_TOKENS),
            ("truncation", false, Either(&[Tagged("type", &[("retention_ratio", RATIO)]), One(&["auto", "disabled"])])),
            ("tracing", false, Any),
            ("include", false, List(&One(&["item.input_audio_transcription.logprobs"]))),
            ("prompt", false, Fields(&[("id", true, Text), ("version", false, Text), ("variables", false, Any)])),
        ],
    )],
);
const RATIO: &[Field] = &[
    ("retention_ratio", true, Within(0.0, 1.0)),
    ("token_limits", false, Fields(&[("post_instructions", false, Whole)])),
];

const BETA_FORMAT: Shape = One(&["pcm16", "g711_ulaw", "g711_alaw"]);
const BETA: Shape = Fields(&[
    ("modalities", true, Strings(&["text", "audio"])),
    ("instructions", false, Text),
    ("voice", false, Text),
    ("input_audio_format", true, BETA_FORMAT),
    ("output_audio_format", true, BETA_FORMAT),
    ("input_audio_transcription", false, TRANSCRIPTION),
    ("input_audio_noise_reduction", false, NOISE),
    ("turn_detection", false, DETECTION),
    ("tools", false, List(&FLAT_TOOL)),
    ("tool_choice", false, CHOICE),
    ("temperature", false, Within(0.0, 2.0)),
    ("max_response_output_tokens", false, MOST_TOKENS),
]);

const QWEN: Shape = Fields(&[
    ("modalities", true, Strings(&["text", "audio"])),
    ("instructions", false, Text),
    ("voice", false, Text),
    ("input_audio_format", true, One(&["pcm", "pcm16"])),
    ("output_audio_format", true, One(&["pcm", "pcm16"])),
    ("input_audio_transcription", false, TRANSCRIPTION),
    ("turn_detection", false, QWEN_DETECTION),
    ("tools", false, List(&NESTED_TOOL)),
    ("tool_choice", false, One(&["auto"])),
    ("temperature", false, Within(0.0, 2.0)),
    ("top_p", false, Within(0.0, 1.0)),
    ("top_k", false, Whole),
    ("max_tokens", false, Whole),
    ("repetition_penalty", false, Within(0.0, f64::MAX)),
    ("presence_penalty", false, Within(-2.0, 2.0)),
    ("seed", false, Whole),
    ("smooth_output", false, Any),
    ("enable_search", false, Flag),
    ("search_options", false, Fields(&[("enable_source", false, Flag)])),
]);

const TEXT: &[Field] = &[("text", true, Text)];
const IS_MESSAGE: Field = ("type", true, One(&["message"]));
const ID: Field = ("id", false, Text);
const SYSTEM: &[Field] = &[IS_MESSAGE, ID, ("content", true, List(&Tagged("type", &[("input_text", TEXT)])))];
const USER: &[Field] = &[
    IS_MESSAGE,
    ID,
    (
        "content",
        true,
        List(&Tagged(
            "type",
            &[("input_text", TEXT), ("input_audio", &[("audio", true, Text), ("transcript", false, Text)])],
        )),
    ),
];
const ASSISTANT: &[Field] = &[IS_MESSAGE, ID, ("content", true, List(&Tagged("type", &[("output_text", TEXT)])))];
const BETA_ASSISTANT: &[Field] = &[IS_MESSAGE, ID, ("content", true, List(&Tagged("type", &[("text", TEXT)])))];
const CALLS: Shape = Tagged(
    "type",
    &[
        ("function_call", &[ID, ("call_id", true, Text), ("name", true, Text), ("arguments", true, Text)]),
        ("function_call_output", &[ID, ("call_id", true, Text), ("output", true, Text)]),
    ],
);
const GA_ITEM: Shape =
    Either(&[Tagged("role", &[("system", SYSTEM), ("user", USER), ("assistant", ASSISTANT)]), CALLS]);
const BETA_ITEM: Shape =
    Either(&[Tagged("role", &[("system", SYSTEM), ("user", USER), ("assistant", BETA_ASSISTANT)]), CALLS]);
const QWEN_ITEM: Shape =
    Tagged("type", &[("function_call_output", &[("call_id", true, Text), ("output", true, Text)])]);

const GA_RESPONSE: Shape = Fields(&[
    ("instructions", false, Text),
    ("output_modalities", false, Strings(&["audio"])),
    ("audio", false, Fields(&[("output", false, Fields(&[("format", false, FORMAT), ("voice", false, Text)]))])),
    ("tools", false, List(&FLAT_TOOL)),
    ("tool_choice", false, CHOICE),
    ("max_output_tokens", false, MOST_TOKENS),
    ("metadata", false, Any),
]);
const BETA_RESPONSE: Shape = Fields(&[
    ("instructions", false, Text),
    ("modalities", false, Strings(&["text", "audio"])),
    ("tools", false, List(&FLAT_TOOL)),
    ("tool_choice", false, CHOICE),
]);
const QWEN_RESPONSE: Shape =
    Fields(&[("instructions", false, Text), ("modalities", false, Strings(&["text", "audio"]))]);

/// The fields of a client event besides `type` and `event_id`; none for one that the dialect doesn't have.
pub(crate) fn event(dialect: Dialect, kind: &str) -> Option<&'static Shape> {
    use Dialect::{Beta, Ga, Qwen};
    Some(match (kind, dialect) {
        ("session.update", Ga) => &Fields(&[("session", true, GA)]),
        ("session.update", Beta) => &Fields(&[("session", true, BETA)]),
        ("session.update", Qwen) => &Fields(&[("session", true, QWEN)]),
        ("input_audio_buffer.append", _) => &Fields(&[("audio", true, Text)]),
        ("input_audio_buffer.commit" | "input_audio_buffer.clear", _) => &Fields(&[]),
        ("response.create", Ga) => &Fields(&[("response", false, GA_RESPONSE)]),
        ("response.create", Beta) => &Fields(&[("response", false, BETA_RESPONSE)]),
        ("response.create", Qwen) => &Fields(&[("response", false, QWEN_RESPONSE)]),
        ("response.cancel", Ga | Beta) => &Fields(&[("response_id", false, Text)]),
        ("response.cancel", Qwen) => &Fields(&[]),
        ("conversation.item.truncate", Ga | Beta) => {
            &Fields(&[("item_id", true, Text), ("content_index", true, Whole), ("audio_end_ms", true, Whole)])
        }
        ("conversation.item.delete" | "conversation.item.retrieve", Ga | Beta) => &Fields(&[("item_id", true, Text)]),
        ("conversation.item.create", Ga) => &Fields(&[("item", true, GA_ITEM), ("previous_item_id", false, Text)]),
        ("conversation.item.create", Beta) => &Fields(&[("item", true, BETA_ITEM), ("previous_item_id", false, Text)]),
        ("conversation.item.create", Qwen) => &Fields(&[("item", true, QWEN_ITEM)]),
        ("session.finish", Qwen) => &Fields(&[]),
        _ => return None,
    })
}
