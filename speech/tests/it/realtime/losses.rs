//! Sessions that can't be had, and sessions that are lost.

use serde_json::json;
use talkpath_speech::Input;
use talkpath_speech::engine::{ConnectFailure, Fault, Loss, Trouble};
use talkpath_speech::realtime::{Greeting, Transcription, TurnEnd};
use talkpath_speech::tools::Builtin;

use super::world::{World, settings};
use crate::fake::realtime::{Dialect, Plan, Speech};

fn http(status: u16, body: &str) -> ConnectFailure {
    ConnectFailure::Http { status, body: body.to_owned() }
}

fn lost(world: &World) -> Option<&Loss> {
    world.troubles.iter().find_map(|trouble| match trouble {
        Trouble::Lost(loss) => Some(loss),
        Trouble::Reconnecting { .. } | Trouble::Recovered => None,
    })
}

/// A call on which a few things were said, all heard.
fn known(dialect: Dialect) -> World {
    let mut settings = settings(dialect);
    settings.turn_end = TurnEnd::Ours;
    settings.tools = Builtin::ALL.map(Builtin::spec).to_vec();
    settings.transcription = Some(Transcription { model: "gpt-transcribe".to_owned(), language: None });
    let mut world = World::answered(settings);
    world.tool_ms = Some(100);
    world.server.transcripts.push_back("My name is Ada.".to_owned());
    world.server.plans.push_back(Plan::call("send_dtmf", r#"{"digits":"1"}"#));
    world.server.plans.push_back(Plan::say("Hello Ada."));
    world.silence(500);
    world.turn(1_000);
    world.silence(4_000);
    world.check();
    world
}

#[test]
fn what_an_operator_must_mend_is_told_in_words_and_not_tried_again() {
    for (failure, fault, words) in [
        (
            http(401, r#"{"error":{"code":"invalid_api_key","message":"Incorrect API key"}}"#),
            Fault::Key,
            "the key was refused (401 invalid_api_key): check the engine's key",
        ),
        (http(403, "Forbidden"), Fault::Key, "the key was refused (403 Forbidden): check the engine's key"),
        (http(404, ""), Fault::Model, "there is no such model or address (404): check the engine's model and url"),
        (
            http(429, r#"{"error":{"code":"insufficient_quota","message":"You exceeded"}}"#),
            Fault::Quota,
            "the account has no credit left (429 insufficient_quota): check the provider's billing",
        ),
        (
            http(400, r#"{"code":"InvalidApiKey","message":"Invalid API-key provided."}"#),
            Fault::Key,
            "the key was refused (400 InvalidApiKey): check the engine's key",
        ),
        (
            http(400, r#"{"error":{"code":"OperationNotSupported","message":"The model is no realtime model"}}"#),
            Fault::Settings,
            "the engine refused the session (400 OperationNotSupported): check the engine's url and model",
        ),
        (
            ConnectFailure::Tls("unknown issuer".to_owned()),
            Fault::Unreachable,
            "TLS with the engine failed (unknown issuer): check the engine's url and the authorities trusted",
        ),
    ] {
        let mut world = World::ringing(settings(Dialect::Ga));
        world.feed(Input::SocketFailed(failure));
        world.ring(60_000);
        let loss = lost(&world).unwrap();
        assert_eq!((loss.fault, loss.words.as_str()), (fault, words));
        assert_eq!((world.connects, world.troubles.len()), (1, 1));
    }
}

#[test]
fn a_service_that_is_busy_is_tried_again_more_and_more_slowly_and_then_given_up() {
    let mut world = World::ringing(settings(Dialect::Ga));
    world.feed(Input::SocketFailed(http(429, r#"{"error":{"code":"rate_limit_exceeded"}}"#)));
    world.failures.extend((0..9).map(|_| http(503, "busy")));
    world.ring(30_000);
    assert_eq!(lost(&world).unwrap().fault, Fault::Overloaded);
    assert_eq!(world.connects, 7, "the first, and six more");
}

#[test]
fn a_session_refused_after_the_upgrade_is_told_in_words() {
    for (error, close) in [(true, true), (true, false), (false, true)] {
        let mut world = World::ringing(settings(Dialect::Ga));
        world.server.mute = true;
        world.ring(60);
        if error {
            let error = json!({ "type": "error", "event_id": "e", "error": { "type": "invalid_request_error", "code": "invalid_api_key", "message": "no" } });
            world.feed(Input::Message(&error.to_string()));
        }
        if close {
            world.cut_link(Some(3000), "invalid_request_error.invalid_api_key");
        }
        world.ring(30_000);
        assert_eq!(lost(&world).unwrap().fault, Fault::Key);
        assert_eq!(world.connects, 1);
    }
}

#[test]
fn settings_that_the_service_refuses_are_named() {
    let mut settings = settings(Dialect::Ga);
    settings.extra.insert("temperature".to_owned(), json!(0.8));
    let mut world = World::ringing(settings);
    world.is_wrong = true;
    world.ring(2_000);
    let loss = lost(&world).unwrap();
    assert_eq!(loss.fault, Fault::Settings);
    assert!(loss.words.contains("at `session.temperature` (unknown_parameter"), "{loss}");
    assert_eq!(world.server.violations.len(), 1);
}

#[test]
fn a_lost_session_is_rebuilt_with_what_was_said_and_heard() {
    for dialect in [Dialect::Ga, Dialect::Beta] {
        let mut world = known(dialect);
        world.server.received.clear();
        world.cut_link(None, "reset");
        world.silence(1_000);
        world.check();
        assert!(matches!(&world.troubles[..], [Trouble::Reconnecting { attempt: 1, .. }, Trouble::Recovered]));
        let agent = if dialect == Dialect::Ga { "output_text" } else { "text" };
        let items: Vec<_> = world.server.received[1..].iter().map(|message| message["item"].clone()).collect();
        let call = items[1]["call_id"].clone();
        assert_eq!(
            items,
            [
                json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": "My name is Ada." }] }),
                json!({ "type": "function_call", "call_id": call, "name": "send_dtmf", "arguments": "{\"digits\":\"1\"}" }),
                json!({ "type": "function_call_output", "call_id": call, "output": "{\"ok\":true}" }),
                json!({ "type": "message", "role": "assistant", "content": [{ "type": agent, "text": "Hello Ada." }] }),
            ]
        );
    }
}

#[test]
fn qwen_is_told_the_conversation_in_its_instructions() {
    let mut world = known(Dialect::Qwen);
    world.cut_link(None, "reset");
    world.silence(1_000);
    world.check();
    let instructions = world.server.session["instructions"].as_str().unwrap();
    let told = "Caller: My name is Ada.\nYou called the tool send_dtmf with {\"digits\":\"1\"}; it gave: {\"ok\":true}\nYou: Hello Ada.";
    assert!(instructions.ends_with(told), "{instructions}");
}

#[test]
fn a_session_lost_in_mid_answer_is_asked_to_go_on_within_a_second() {
    let mut world = known(Dialect::Ga);
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(100), 300)], ..Plan::default() });
    world.turn(1_000);
    world.silence(1_000);
    assert!(world.server.is_answering());
    world.server.received.clear();
    world.cut_link(Some(1011), "internal error");
    world.silence(1_000);
    let last = world.server.received.last().unwrap();
    assert!(last["response"]["instructions"].as_str().unwrap().contains("Go on where your last words stop"));
    world.silence(15_000);
    world.check();
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}

#[test]
fn an_answer_that_has_come_in_whole_is_heard_out_though_the_session_is_lost() {
    let mut world = known(Dialect::Ga);
    world.turn(1_000);
    world.silence(800);
    assert!(!world.server.is_answering() && !world.call.is_silent());
    world.server.received.clear();
    world.cut_link(None, "reset");
    world.silence(5_000);
    world.check();
    assert!(!world.server.kinds().contains(&"response.create"));
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}

#[test]
fn a_turn_that_falls_into_the_gap_is_sent_when_there_is_a_session_again() {
    let mut world = known(Dialect::Ga);
    world.failures.extend([ConnectFailure::TimedOut, ConnectFailure::Refused("nobody".to_owned())]);
    world.cut_link(None, "reset");
    world.silence(100);
    world.turn(400);
    world.silence(5_000);
    world.check();
    let ms = world.server.appended.len() / 48;
    assert!((700..1_500).contains(&ms), "the turn with its pre-roll and hangover, kept: {ms} ms");
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}

#[test]
fn a_session_that_expires_is_replaced() {
    let mut world = known(Dialect::Ga);
    let now = world.ms;
    let error = json!({ "type": "invalid_request_error", "code": "session_expired", "message": "Your session hit the maximum duration of 60 minutes." });
    world.server.say(now, json!({ "type": "error", "error": error }));
    world.silence(500);
    world.turn(1_000);
    world.silence(4_000);
    world.check();
    assert_eq!((world.connects, world.ready, world.disconnects), (2, 2, 1));
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}

#[test]
fn a_service_that_falls_silent_is_taken_for_dead() {
    let mut world = known(Dialect::Ga);
    world.server.mute = true;
    world.turn(1_000);
    world.silence(21_000);
    world.server.mute = false;
    world.silence(12_000);
    world.check();
    assert!(matches!(&world.troubles[0], Trouble::Reconnecting { why, .. } if why.contains("says nothing more")));
}

#[test]
fn a_session_that_closes_whenever_it_is_ready_is_given_up() {
    let mut world = World::answered(settings(Dialect::Ga));
    for _ in 0..20 {
        world.cut_link(Some(1011), "internal error");
        world.silence(11_000);
    }
    assert!(lost(&world).is_none(), "each of them was good for a while");
    for _ in 0..7 {
        assert!(lost(&world).is_none());
        let updates = world.server.kinds().len();
        world.cut_link(Some(1011), "internal error");
        (0..450).find(|_| {
            world.silence(20);
            world.server.kinds().len() > updates
        });
        world.silence(200);
    }
    world.check();
    assert_eq!(lost(&world).unwrap().fault, Fault::Unreachable);
}

#[test]
fn a_call_answered_before_the_session_is_ready_is_greeted_when_it_is() {
    let mut settings = settings(Dialect::Ga);
    settings.greeting = Some(Greeting { text: "Hi.".to_owned(), verbatim: false, interruptible: true, early: false });
    let mut world = World::ringing(settings);
    world.feed(Input::SocketFailed(ConnectFailure::Broken("reset".to_owned())));
    world.answer();
    world.silence(4_000);
    world.check();
    assert_eq!(world.call.transcript().len(), 1);
}

#[test]
fn what_the_engine_does_not_know_does_no_harm() {
    let mut world = known(Dialect::Ga);
    let huge = format!(
        r#"{{"type":"response.output_audio.delta","response_id":"none","item_id":"x","delta":"{}"}}"#,
        "AAAA".repeat(1 << 20)
    );
    for message in [
        "",
        "null",
        "[]",
        r#"{"type":7}"#,
        r#"{"type":"response.sung","verse":{"a":[1,2]}}"#,
        r#"{"type":"rate_limits.updated","rate_limits":[{"name":"requests","limit":1}]}"#,
        r#"{"type":"conversation.item.truncated","item_id":"item_9","audio_end_ms":1,"content_index":0}"#,
        r#"{"type":"response.output_audio.delta","response_id":"resp_0","item_id":"x","delta":"!!!"}"#,
        r#"{"type":"response.output_audio.delta","delta":{}}"#,
        r#"{"type":"response.done","response":{"id":"resp_77","usage":"free"}}"#,
        r#"{"type":"response.done"}"#,
        r#"{"type":"error","error":{"type":"server_error","code":500,"message":null}}"#,
        r#"{"type":"error"}"#,
        &huge,
    ] {
        world.feed(Input::Message(message));
    }
    world.turn(1_000);
    world.silence(4_000);
    world.check();
    assert_eq!(world.troubles, []);
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}
