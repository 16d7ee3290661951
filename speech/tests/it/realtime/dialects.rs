//! The same call in every dialect and encoding.

use serde_json::json;
use talkpath_speech::Input;
use talkpath_speech::realtime::{Eagerness, Encoding, Greeting, ServerVad, Settings, Transcription, TurnEnd};
use talkpath_speech::tools::Builtin;

use super::world::{World, settings};
use crate::fake::realtime::{Dialect, Plan, Speech};

const DIALECTS: [(Dialect, Encoding); 7] = [
    (Dialect::Ga, Encoding::Pcm),
    (Dialect::Ga, Encoding::Mulaw),
    (Dialect::Ga, Encoding::Alaw),
    (Dialect::Beta, Encoding::Pcm),
    (Dialect::Beta, Encoding::Mulaw),
    (Dialect::Beta, Encoding::Alaw),
    (Dialect::Qwen, Encoding::Pcm),
];

/// Everything that can be set.
fn full(dialect: Dialect, audio: Encoding, turn_end: TurnEnd) -> Settings {
    let mut settings = settings(dialect);
    settings.audio = audio;
    settings.turn_end = turn_end;
    settings.voice = Some("a-voice".to_owned());
    settings.transcription = Some(Transcription { model: "a-recogniser".to_owned(), language: Some("de".to_owned()) });
    settings.tools = Builtin::ALL.map(Builtin::spec).to_vec();
    settings.greeting =
        Some(Greeting { text: "Good morning.".to_owned(), verbatim: true, interruptible: true, early: false });
    settings
}

fn ends() -> [TurnEnd; 3] {
    let vad = ServerVad { threshold: Some(0.6), prefix_padding_ms: Some(300), silence_duration_ms: Some(400) };
    [TurnEnd::Ours, TurnEnd::ServerVad(vad), TurnEnd::SemanticVad { eagerness: Some(Eagerness::High) }]
}

/// A greeting, a turn with a tool, an interruption, a lost session, keys, the end.
fn whole_call(settings: Settings) -> World {
    let mut world = World::answered(settings);
    world.tool_ms = Some(300);
    world.silence(4_000);
    world.server.plans.push_back(Plan::call("transfer", r#"{"target":"sales"}"#));
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(60), 300)], ..Plan::default() });
    world.turn(1_000);
    world.silence(4_000);
    world.turn(1_000);
    world.silence(5_000);
    world.cut_link(None, "reset");
    world.silence(2_000);
    world.key('7');
    world.silence(6_000);
    world.turn(1_000);
    world.silence(5_000);
    world.feed(Input::Ended);
    world.ring(3_000);
    world
}

#[test]
fn a_whole_call_goes_well_in_every_dialect_and_encoding_whoever_ends_the_turns() {
    for (dialect, audio) in DIALECTS {
        for turn_end in ends() {
            let name = format!("{dialect:?} {audio:?} {turn_end:?}");
            let world = whole_call(full(dialect, audio, turn_end));
            assert_eq!(world.server.violations, [""; 0], "{name}");
            world.check();
            let agent: Vec<&str> =
                world.call.transcript().iter().filter(|line| line.item.is_some()).map(|line| &*line.text).collect();
            assert_eq!(agent.len(), 5, "{name}: {agent:?}");
            assert_eq!((world.tools.len(), world.connects), (1, 2), "{name}");
            assert!(world.call.transcript()[2].interrupted || world.call.transcript()[3].interrupted, "{name}");
        }
    }
}

#[test]
fn ga_is_configured_by_the_letter() {
    let mut settings = full(Dialect::Ga, Encoding::Mulaw, ends()[1].clone());
    settings.tools.truncate(1);
    settings.extra.insert("audio".to_owned(), json!({ "input": { "noise_reduction": { "type": "far_field" } } }));
    let world = World::answered(settings);
    world.check();
    let hang_up = Builtin::HangUp.spec();
    assert_eq!(
        world.server.session,
        json!({
            "type": "realtime",
            "instructions": "You answer the telephone.",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": { "type": "audio/pcmu" },
                    "noise_reduction": { "type": "far_field" },
                    "transcription": { "model": "a-recogniser", "language": "de" },
                    "turn_detection": {
                        "type": "server_vad", "threshold": 0.6, "prefix_padding_ms": 300, "silence_duration_ms": 400,
                        "create_response": false, "interrupt_response": false,
                    },
                },
                "output": { "format": { "type": "audio/pcmu" }, "voice": "a-voice" },
            },
            "tools": [{ "type": "function", "name": "hang_up", "description": hang_up.description, "parameters": hang_up.parameters }],
            "tool_choice": "auto",
        })
    );
}

#[test]
fn qwen_is_configured_by_the_letter() {
    let mut settings = full(Dialect::Qwen, Encoding::Pcm, TurnEnd::Ours);
    settings.tools.truncate(1);
    let world = World::answered(settings);
    world.check();
    let hang_up = Builtin::HangUp.spec();
    let function = json!({ "name": "hang_up", "description": hang_up.description, "parameters": hang_up.parameters });
    assert_eq!(
        world.server.session,
        json!({
            "modalities": ["text", "audio"],
            "instructions": "You answer the telephone.",
            "voice": "a-voice",
            "input_audio_format": "pcm16",
            "output_audio_format": "pcm16",
            "input_audio_transcription": { "model": "a-recogniser", "language": "de" },
            "turn_detection": null,
            "tools": [{ "type": "function", "function": function }],
            "tool_choice": "auto",
        })
    );
}

#[test]
fn qwen_is_not_told_what_was_heard_and_finishes_before_it_is_left() {
    let world = whole_call(full(Dialect::Qwen, Encoding::Pcm, TurnEnd::Ours));
    let kinds = world.server.kinds();
    assert!(!kinds.contains(&"conversation.item.truncate"));
    assert_eq!(kinds.last(), Some(&"session.finish"));
    assert_eq!(world.disconnects, 1, "after session.finished");
}

#[test]
fn a_service_that_never_finishes_is_left_after_a_while() {
    let mut world = World::answered(settings(Dialect::Qwen));
    world.silence(1_000);
    world.server.mute = true;
    world.feed(Input::Ended);
    world.ring(1_900);
    assert_eq!(world.disconnects, 0);
    world.ring(200);
    assert_eq!(world.disconnects, 1);
}
