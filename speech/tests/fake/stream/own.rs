//! A bot of our protocol that refuses whatever the schema and the page don't describe.
//!
//! Tell it what comes ([`Own::receive_text`], [`Own::receive_binary`]) and what the bot says ([`Own::says`]): what answers something must answer
//! something that was said, once.

use jsonschema::Validator;
use serde_json::Value;

use super::{must, validator};

/// One session, as the bot saw it.
#[derive(Debug, Default)]
pub(crate) struct Session {
    pub(crate) events: Vec<Value>,
    pub(crate) audio: Vec<u8>,
    /// The length of each binary message.
    pub(crate) frames: Vec<usize>,
    answered: bool,
}

pub(crate) struct Own {
    pub(crate) sessions: Vec<Session>,
    pub(crate) violations: Vec<String>,
    validator: Validator,
    /// What was said and is to be answered.
    marks: Vec<String>,
    utterances: Vec<String>,
    requests: Vec<String>,
    transfers: Vec<String>,
    pings: u64,
}

impl Own {
    pub(crate) fn new() -> Self {
        Self {
            sessions: Vec::new(),
            violations: Vec::new(),
            validator: validator("from_talkpath", true),
            marks: Vec::new(),
            utterances: Vec::new(),
            requests: Vec::new(),
            transfers: Vec::new(),
            pings: 0,
        }
    }

    /// A socket was opened: a new session, of the same call.
    pub(crate) fn opened(&mut self) {
        self.sessions.push(Session::default());
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

    /// How the last session began.
    pub(crate) fn start(&self) -> Option<&Value> {
        self.sessions.last()?.events.first()
    }

    /// Bytes of the caller's audio in a millisecond, once a session has begun.
    pub(crate) fn width(&self) -> Option<usize> {
        let form = &self.start()?["audio"];
        let rate = usize::try_from(form["from_caller"]["rate"].as_u64()?).ok()?;
        Some(rate / 1_000 * if form["encoding"] == "s16le" { 2 } else { 1 })
    }

    /// Requests that wait for their `ack` or `error`.
    pub(crate) fn unanswered(&self) -> &[String] {
        &self.requests
    }

    /// The bot says this; what isn't JSON is none of our business.
    pub(crate) fn says(&mut self, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return };
        let field = |name: &str| message[name].as_str().map(str::to_owned);
        match message["type"].as_str() {
            Some("mark") => self.marks.extend(field("name")),
            Some("utterance_begin") => self.utterances.extend(field("id")),
            Some("transfer") => self.transfers.extend(field("request")),
            _ => {}
        }
        self.requests.extend(field("request"));
    }

    pub(crate) fn receive_binary(&mut self, bytes: &[u8]) {
        if let Err(why) = self.heard(bytes) {
            self.violations.push(why);
        }
    }

    pub(crate) fn receive_text(&mut self, text: &str) {
        if let Err(why) = self.told(text) {
            self.violations.push(format!("{why}: {text}"));
        }
    }

    fn heard(&mut self, bytes: &[u8]) -> Result<(), String> {
        let frame_ms = self.start().and_then(|start| start["audio"]["from_caller"]["frame_ms"].as_u64());
        let whole = frame_ms.zip(self.width()).map(|(ms, width)| ms as usize * width);
        let session = self.sessions.last_mut().ok_or("a message without a socket")?;
        let last = session.frames.last().copied();
        session.frames.push(bytes.len());
        session.audio.extend(bytes);
        must(!session.events.is_empty(), "audio before start")?;
        must(session.answered, "audio before the call is answered")?;
        must(session.events.last().is_none_or(|event| event["type"] != "end"), "audio after the end")?;
        let Some(whole) = whole else { return Err("start doesn't say how long frames are".to_owned()) };
        must((1..=whole).contains(&bytes.len()), "a frame of another length")?;
        must(last.is_none_or(|last| last == whole), "a short frame that wasn't the last")
    }

    fn told(&mut self, text: &str) -> Result<(), String> {
        let event: Value = serde_json::from_str(text).map_err(|error| format!("no JSON ({error})"))?;
        let shape = self.validator.validate(&event).map_err(|error| error.to_string());
        let session = self.sessions.last_mut().ok_or("a message without a socket")?;
        let (first, over) =
            (session.events.is_empty(), session.events.last().is_some_and(|last| last["type"] == "end"));
        session.answered |= event["type"] == "answered" || event["answered"] == true;
        session.events.push(event.clone());
        shape?;
        must((event["type"] == "start") == first, "there is one start, and it is the first message")?;
        must(!over, "end is the last message")?;
        self.answers(&event)
    }

    /// What answers something answers what was said, once. A session that goes on may answer what was said on the one before, which isn't known
    /// to a bot that keeps nothing.
    fn answers(&mut self, event: &Value) -> Result<(), String> {
        let resumed = self.start().is_some_and(|start| start["resumed"] == true);
        let once = |said: &mut Vec<String>, name: &Value, what: &str| {
            let Some(name) = name.as_str() else { return Ok(()) };
            let place = said.iter().position(|one| one == name);
            place.map(|place| said.remove(place));
            must(place.is_some() || resumed, &format!("{what} {name:?} that nobody waits for"))
        };
        match event["type"].as_str() {
            Some("mark") => once(&mut self.marks, &event["name"], "a mark"),
            Some("finished") => once(&mut self.utterances, &event["id"], "the end of an utterance"),
            Some("interrupted") => {
                for utterance in event["utterances"].as_array().into_iter().flatten() {
                    once(&mut self.utterances, &utterance["id"], "the end of an utterance")?;
                }
                let mut marks = event["marks"].as_array().into_iter().flatten();
                marks.try_for_each(|mark| once(&mut self.marks, mark, "a mark"))
            }
            Some("ack" | "error") => once(&mut self.requests, &event["request"], "an answer to the request"),
            Some("transfer_result") => once(&mut self.transfers, &event["request"], "the result of a transfer"),
            Some("ping") => {
                let n = event["n"].as_u64().unwrap_or_default();
                let before = std::mem::replace(&mut self.pings, n);
                must(resumed || n > before, "pings count upwards")
            }
            _ => Ok(()),
        }
    }
}
