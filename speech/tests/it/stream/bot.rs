//! A bot of our protocol that refuses whatever the schema doesn't describe, and checks that the caller's audio is where it should be.

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};
use talkpath_speech::stream::{Audio, Dialect, Rate, Settings};

use super::world::{Bot, Frame, World};

pub(crate) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../../docs/stream.schema.json")).expect("the schema is JSON")
});

/// The validator of one side's messages. `closed`: fields that aren't described are refused.
pub(crate) fn validator(side: &str, closed: bool) -> Validator {
    let mut schema = json!({ "$ref": format!("#/$defs/{side}"), "$defs": SCHEMA["$defs"] });
    if closed {
        close(&mut schema);
    }
    jsonschema::draft202012::new(&schema).expect("the schema is one")
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// One session, as the bot saw it.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) events: Vec<Value>,
    pub(crate) audio: Vec<u8>,
    /// The length of each binary message.
    pub(crate) frames: Vec<usize>,
}

pub(crate) struct Own {
    pub(crate) sessions: Vec<Session>,
    /// What it says, each when its time has come.
    pub(crate) script: Vec<(u64, Frame)>,
    /// Answers pings.
    pub(crate) pongs: bool,
    validator: Validator,
}

impl Own {
    pub(crate) fn new() -> Self {
        Self { sessions: Vec::new(), script: Vec::new(), pongs: true, validator: validator("from_talkpath", true) }
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.script.push((0, Frame::Text(message.to_string())));
    }

    /// Samples of one level.
    pub(crate) fn sound(&mut self, level: i16, samples: usize) {
        self.script.push((0, Frame::Binary(level.to_le_bytes().repeat(samples))));
    }

    /// A whole utterance.
    pub(crate) fn utter(&mut self, id: &str, level: i16, samples: usize) {
        self.say(&json!({ "type": "utterance_begin", "id": id }));
        self.sound(level, samples);
        self.say(&json!({ "type": "utterance_end" }));
    }

    /// All events of a type, of all sessions.
    pub(crate) fn events(&self, kind: &str) -> Vec<&Value> {
        self.sessions.iter().flat_map(|session| &session.events).filter(|event| event["type"] == kind).collect()
    }

    /// The types of all events, in order, but for those that come by the clock.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        let events = self.sessions.iter().flat_map(|session| &session.events);
        events.filter_map(|event| event["type"].as_str()).filter(|kind| *kind != "ping").collect()
    }
}

impl Bot for Own {
    fn opened(&mut self) {
        self.sessions.push(Session::default());
    }

    fn receive(&mut self, frame: Frame) {
        let session = self.sessions.last_mut().expect("a message without a socket");
        match frame {
            Frame::Binary(bytes) => {
                assert!(!session.events.is_empty(), "audio before start");
                session.frames.push(bytes.len());
                session.audio.extend(bytes);
            }
            Frame::Text(text) => {
                let event: Value = serde_json::from_str(&text).expect("JSON");
                if let Err(error) = self.validator.validate(&event) {
                    panic!("{error}: {text}");
                }
                assert_eq!(event["type"] == "start", session.events.is_empty(), "one start, first: {text}");
                assert!(session.events.last().is_none_or(|last| last["type"] != "end"), "after the end: {text}");
                if event["type"] == "ping" && self.pongs {
                    self.script.push((0, Frame::Text(r#"{"type":"pong"}"#.to_owned())));
                }
                session.events.push(event);
            }
        }
    }

    fn poll(&mut self, ms: u64) -> Vec<Frame> {
        let (due, rest) = std::mem::take(&mut self.script).into_iter().partition(|(at, _)| *at <= ms);
        self.script = rest;
        let due: Vec<(u64, Frame)> = due;
        due.into_iter().map(|(_, frame)| frame).collect()
    }
}

impl World<Own> {
    /// Each session has exactly the caller's samples from where its start says, in whole frames.
    pub(crate) fn check_audio(&self) {
        for session in &self.bot.sessions {
            let Some(start) = session.events.first() else { continue };
            let form = &start["audio"];
            let rate = form["from_caller"]["rate"].as_u64().expect("a rate");
            let (times, at) = (rate as usize / 8_000, start["at_ms"].as_u64().expect("a place") as usize * 8);
            let samples: Vec<i16> =
                session.audio.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            let said = self.said.get(at..).unwrap_or_default().iter();
            let expected = said.flat_map(|&sample| std::iter::repeat_n(sample, times));
            assert!(samples.iter().copied().eq(expected.take(samples.len())), "from {at}: {}", samples.len());
            assert!(at * times + samples.len() <= self.said.len() * times);
            let frame = form["from_caller"]["frame_ms"].as_u64().expect("a length") * rate / 1_000 * 2;
            let whole = session.frames.split_last().map_or(&[][..], |(_, whole)| whole);
            assert!(whole.iter().all(|length| *length as u64 == frame), "{frame}: {:?}", session.frames);
        }
    }
}

/// Settings with these rates.
pub(crate) fn settings(from_caller: Rate, to_caller: Rate) -> Settings {
    let mut settings = Settings::new("wss://bot.example/call");
    settings.dialect = Dialect::Talkpath(Audio::Pcm { from_caller, to_caller });
    settings
}
