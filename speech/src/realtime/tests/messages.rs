//! Messages in and out.

use super::event::{Event, usage};
use super::outbox::Sent;
use super::*;
use crate::engine::UsageOf;

fn parse(message: &str) -> Event<'_> {
    serde_json::from_str(message).unwrap()
}

#[test]
fn a_delta_is_read_where_it_lies_and_one_with_escapes_too() {
    let message = r#"{"type":"response.output_audio.delta","response_id":"r","delta":"AAAA","new":{"deep":[1,{}]}}"#;
    let event = parse(message);
    let delta = event.delta.as_deref().unwrap();
    assert!(message.as_bytes().as_ptr_range().contains(&delta.as_ptr()), "borrowed");
    let event = parse(r#"{"type":"x","delta":"A\/A=","item":null,"audio_start_ms":12.5}"#);
    assert_eq!((event.delta.as_deref(), event.audio_start_ms), (Some("A/A="), Some(12.5)));
}

#[test]
fn codes_may_be_numbers_and_usage_may_be_anything() {
    let event = parse(r#"{"type":"error","error":{"code":1011,"message":"no"}}"#);
    assert_eq!(event.error.unwrap().code.as_deref(), Some("1011"));
    let message = r#"{"type":"response.done","response":{"id":"r","usage":["free"]}}"#;
    let raw = parse(message).response.unwrap().usage.unwrap();
    assert_eq!(usage(UsageOf::Response, raw), None);
    let message = r#"{"type":"x","usage":{"input_tokens":7,"output_tokens":2.0,"input_tokens_details":{"audio_tokens":5,"cached_tokens":1},"seconds":null}}"#;
    let usage = usage(UsageOf::Transcription, parse(message).usage.unwrap()).unwrap();
    assert_eq!((usage.input.total, usage.input.audio, usage.cached, usage.output.total), (7, 5, 1, 2));
}

#[test]
fn messages_are_numbered_and_found_again_for_a_while() {
    let mut out = Outbox::new(Dialect::Ga);
    let first = out.send(Sent::Create, []);
    assert_eq!(out.poll(), Some(Output::Send(r#"{"event_id":"event_1","type":"response.create"}"#.to_owned())));
    assert_eq!(out.find("event_1"), Some((first, Sent::Create)));
    assert_eq!([out.find("event_2"), out.find("evt"), out.find("event_x")], [None; 3]);
    for _ in 0..64 {
        out.send(Sent::Truncate, []);
    }
    assert_eq!(out.find("event_1"), None);
    assert_eq!(out.find("event_65").map(|(_, sent)| sent), Some(Sent::Truncate));
}

#[test]
fn appends_are_printed_to_the_letter() {
    for (dialect, message) in [
        (Dialect::Ga, r#"{"type":"input_audio_buffer.append","audio":"AQIDBA=="}"#),
        (Dialect::Qwen, r#"{"type":"input_audio_buffer.append","event_id":"event_1","audio":"AQIDBA=="}"#),
    ] {
        let mut out = Outbox::new(dialect);
        out.append(&[1, 2, 3, 4]);
        assert_eq!(out.poll(), Some(Output::Send(message.to_owned())));
    }
}

#[test]
fn what_waits_for_a_socket_that_is_gone_is_not_sent_on_the_next() {
    let mut out = Outbox::new(Dialect::Ga);
    out.send(Sent::Create, []);
    out.push(Output::Flush);
    out.disconnect(1000);
    out.send(Sent::Update, []);
    out.connect(&Arc::new(endpoint(&settings(Service::OpenAi))));
    let left: Vec<Output> = std::iter::from_fn(|| out.poll()).collect();
    assert!(matches!(&left[..], [Output::Flush, Output::Disconnect { code: 1000 }, Output::Connect(_)]), "{left:?}");
    assert_eq!(out.find("event_1"), None);
}

proptest::proptest! {
    #[test]
    fn no_message_harms_the_engine(message in r#"\{"type":"[a-z_.]{0,40}"(,"[a-z_]{1,12}":("[^"\\]{0,20}"|[0-9]{1,5}|null|\{\}|\[\]|\{"id":"a","status":"failed"\})){0,6}\}"#) {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        let mut engine = Realtime::new(settings(Service::OpenAi), now);
        for input in [
            Input::SocketOpened,
            Input::Message(&message),
            Input::Message(r#"{"type":"session.created"}"#),
            Input::Message(&message),
            Input::Message(r#"{"type":"session.updated"}"#),
            Input::Message(r#"{"type":"response.created","response":{"id":"a"}}"#),
            Input::Message(&message),
            Input::Ended,
            Input::Message(&message),
        ] {
            engine.handle(input, now);
            while !matches!(engine.poll(), Output::Timeout(_)) {}
        }
    }
}
