//! A service that speaks the protocol to the letter and forgives nothing: what the digests say is refused is refused here, and written down
//! as a violation.
//!
//! A pure machine on a clock of milliseconds: [`Server::receive`] what arrives, [`Server::poll`] what it sends at a time. One that loses its
//! socket begins a new session on the next; violations are kept over all of them.

use std::collections::{HashSet, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

mod answers;
mod schema;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Ga,
    Beta,
    Qwen,
}

/// What an answer will be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Items of speech: the words, and the length of each word in ms.
    pub(crate) speech: Vec<(String, u64)>,
    /// Calls of tools.
    pub(crate) calls: Vec<(String, String)>,
    /// The calls are complete before the speech comes in.
    pub(crate) calls_first: bool,
    /// The answer fails with this code instead.
    pub(crate) fails: Option<&'static str>,
    /// How long the model thinks before it begins.
    pub(crate) thinks: u64,
}

impl Plan {
    pub(crate) fn say(words: &str) -> Self {
        Self { speech: vec![(words.to_owned(), 300)], ..Self::default() }
    }

    pub(crate) fn call(name: &str, arguments: &str) -> Self {
        Self { calls: vec![(name.to_owned(), arguments.to_owned())], ..Self::default() }
    }
}

/// An item of the agent's speech.
#[derive(Clone, Debug)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) response: usize,
    /// Audio that was sent.
    pub(crate) sent_ms: u64,
    pub(crate) truncated: Option<u64>,
}

/// An answer that is going out.
struct Running {
    number: usize,
    /// What is still to be sent, and when.
    rest: VecDeque<(u64, Value)>,
}

/// Ears of the service.
#[derive(Default)]
struct Ears {
    heard: u64,
    voice: u64,
    quiet: u64,
    speaking: Option<String>,
}

pub(crate) struct Server {
    dialect: Dialect,
    pub(crate) violations: Vec<String>,
    /// Answers to come, in order; after them the default.
    pub(crate) plans: VecDeque<Plan>,
    pub(crate) default: Plan,
    /// All items of speech, over all sessions: the sample value of an item's audio is its place here and one.
    pub(crate) items: Vec<Item>,
    /// Everything received, without audio.
    pub(crate) received: Vec<Value>,
    /// `session.update` as it came last.
    pub(crate) session: Value,
    pub(crate) appended: Vec<u8>,
    pub(crate) commits: usize,
    pub(crate) responses: usize,
    pub(crate) cancels_too_late: usize,
    /// What the caller says in the next utterances, as it is written down.
    pub(crate) transcripts: VecDeque<String>,
    /// Deltas of audio are this long.
    pub(crate) delta_ms: u64,
    /// It never speaks of a session that it has made, and so on: silence from here on.
    pub(crate) mute: bool,
    out: VecDeque<(u64, String)>,
    running: Option<Running>,
    configured: bool,
    finished: bool,
    uncommitted_ms: u64,
    ears: Ears,
    known_calls: HashSet<String>,
    answered_calls: HashSet<String>,
    event_ids: HashSet<String>,
    numbers: usize,
    /// Each session names its items anew, and so the same.
    item_numbers: usize,
}

impl Server {
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            violations: Vec::new(),
            plans: VecDeque::new(),
            default: Plan::say("Sure, that is no problem at all."),
            items: Vec::new(),
            received: Vec::new(),
            session: Value::Null,
            appended: Vec::new(),
            commits: 0,
            responses: 0,
            cancels_too_late: 0,
            transcripts: VecDeque::new(),
            delta_ms: 200,
            mute: false,
            out: VecDeque::new(),
            running: None,
            configured: false,
            finished: false,
            uncommitted_ms: 0,
            ears: Ears::default(),
            known_calls: HashSet::new(),
            answered_calls: HashSet::new(),
            event_ids: HashSet::new(),
            numbers: 0,
            item_numbers: 0,
        }
    }

    /// A socket was opened: a new session.
    pub(crate) fn open(&mut self, now: u64) {
        self.out.clear();
        self.running = None;
        self.configured = false;
        self.finished = false;
        self.uncommitted_ms = 0;
        self.ears = Ears::default();
        self.known_calls.clear();
        self.answered_calls.clear();
        self.appended.clear();
        self.item_numbers = 0;
        let session = json!({ "id": "sess_1", "object": "realtime.session", "type": "realtime", "expires_at": 1_800_000_000_u64 });
        self.say(now, json!({ "type": "session.created", "session": session }));
    }

    /// What is sent by now.
    pub(crate) fn poll(&mut self, now: u64) -> Vec<String> {
        while let Some(running) = &mut self.running
            && running.rest.front().is_some_and(|(at, _)| *at <= now)
        {
            let Some((at, event)) = running.rest.pop_front() else { break };
            self.emit(at, event);
        }
        let mut sent = Vec::new();
        while self.out.front().is_some_and(|(at, _)| *at <= now) {
            sent.extend(self.out.pop_front().map(|(_, text)| text));
        }
        if self.mute { Vec::new() } else { sent }
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.running.is_some()
    }

    /// Calls that were made in answers of this session and not answered.
    pub(crate) fn open_calls(&self) -> usize {
        self.known_calls.difference(&self.answered_calls).count()
    }

    /// The kinds of everything received, without audio.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.received.iter().filter_map(|message| message["type"].as_str()).collect()
    }

    /// Sends whatever a test wants to be sent.
    pub(crate) fn say(&mut self, at: u64, mut event: Value) {
        self.numbers += 1;
        event["event_id"] = json!(format!("event_s{}", self.numbers));
        let place = self.out.partition_point(|(before, _)| *before <= at);
        self.out.insert(place, (at, event.to_string()));
    }

    /// An answer that nobody asked for.
    pub(crate) fn answer_unasked(&mut self, now: u64) {
        self.answer(now);
    }

    pub(crate) fn receive(&mut self, text: &str, now: u64) {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return self.violate(&format!("no JSON: {text}")) };
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        if self.finished {
            return self.violate(&format!("{kind} after session.finish"));
        }
        if let Err(why) = self.well_formed(&kind, &message) {
            let event_id = message["event_id"].clone();
            let error = json!({ "type": "invalid_request_error", "code": "invalid_value", "message": why, "event_id": event_id });
            self.say(now, json!({ "type": "error", "error": error }));
            return self.violate(&why);
        }
        if kind != "input_audio_buffer.append" {
            self.received.push(message.clone());
        }
        match kind.as_str() {
            "session.update" => self.update(&message, now),
            "input_audio_buffer.append" => self.append(&message, now),
            "input_audio_buffer.commit" => self.commit(&message, now),
            "response.create" => self.create(&message, now),
            "response.cancel" => self.cancel(&message, now),
            "conversation.item.truncate" => self.truncate(&message, now),
            "conversation.item.create" => self.item(&message, now),
            "session.finish" => {
                self.finished = true;
                self.say(now, json!({ "type": "session.finished" }));
            }
            _ => self.violate(&format!("what is {kind}?")),
        }
    }

    fn violate(&mut self, why: &str) {
        self.violations.push(why.to_owned());
    }

    fn well_formed(&mut self, kind: &str, message: &Value) -> Result<(), String> {
        let shape = schema::event(self.dialect, kind).ok_or_else(|| format!("unknown event {kind:?}"))?;
        let mut fields = message.clone();
        let object = fields.as_object_mut().ok_or("no object")?;
        object.remove("type");
        let event_id = object.remove("event_id");
        let appends = kind == "input_audio_buffer.append";
        match event_id {
            Some(Value::String(id)) if !self.event_ids.insert(id.clone()) => {
                return Err(format!("event_id {id} twice"));
            }
            Some(Value::String(_)) => {}
            Some(other) => return Err(format!("event_id: {other}")),
            None if appends && self.dialect != Dialect::Qwen => {}
            None => return Err(format!("{kind} without event_id")),
        }
        schema::check(&fields, shape, kind)
    }

    fn update(&mut self, message: &Value, now: u64) {
        self.session = message["session"].clone();
        self.configured = true;
        let session = self.session.clone();
        self.say(now, json!({ "type": "session.updated", "session": session }));
    }

    /// Bytes of the caller's audio in a millisecond.
    fn width(&self) -> usize {
        match (
            self.dialect,
            self.session["audio"]["input"]["format"]["type"].as_str(),
            self.session["input_audio_format"].as_str(),
        ) {
            (Dialect::Qwen, ..) => 32,
            (_, Some("audio/pcmu" | "audio/pcma"), _) | (_, _, Some("g711_ulaw" | "g711_alaw")) => 8,
            _ => 48,
        }
    }

    fn detection(&self) -> &Value {
        match self.dialect {
            Dialect::Ga => &self.session["audio"]["input"]["turn_detection"],
            Dialect::Beta | Dialect::Qwen => &self.session["turn_detection"],
        }
    }

    fn append(&mut self, message: &Value, now: u64) {
        if !self.configured {
            return self.violate("audio before its format was agreed on");
        }
        let audio = message["audio"].as_str().unwrap_or_default();
        let Ok(bytes) = STANDARD.decode(audio) else { return self.violate("audio is no base64") };
        let width = self.width();
        if bytes.is_empty() || (width > 8 && bytes.len() % 2 != 0) || bytes.len() / width > 1_000 {
            self.violate(&format!("an append of {} bytes", bytes.len()));
        }
        self.uncommitted_ms += (bytes.len() / width) as u64;
        self.appended.extend_from_slice(&bytes);
        let detection = self.detection().clone();
        if !detection.is_null() {
            let silence = detection["silence_duration_ms"].as_u64().unwrap_or(500);
            bytes.chunks(width).for_each(|chunk| self.listen(chunk, silence, now));
        }
    }

    /// A millisecond of the caller.
    fn listen(&mut self, chunk: &[u8], silence: u64, now: u64) {
        let voiced = chunk.iter().any(|byte| if chunk.len() <= 8 { *byte != 0xff } else { *byte != 0 });
        self.ears.heard += 1;
        if voiced {
            self.ears.voice += 1;
            self.ears.quiet = 0;
        } else {
            self.ears.quiet += 1;
        }
        if self.ears.speaking.is_none() && self.ears.voice >= 80 {
            let id = self.item_name("item_c");
            let start = self.ears.heard.saturating_sub(80 + 300);
            self.say(
                now,
                json!({ "type": "input_audio_buffer.speech_started", "audio_start_ms": start, "item_id": id }),
            );
            self.ears.speaking = Some(id);
        }
        if self.ears.quiet < silence {
            return;
        }
        self.ears.voice = 0;
        if let Some(id) = self.ears.speaking.take() {
            let end = self.ears.heard - self.ears.quiet;
            self.say(now, json!({ "type": "input_audio_buffer.speech_stopped", "audio_end_ms": end, "item_id": id }));
            self.committed(&id, now);
        }
    }

    fn commit(&mut self, message: &Value, now: u64) {
        if self.uncommitted_ms < 100 {
            self.refuse(message, "input_audio_buffer_commit_empty", now);
            // A service that commits by itself may have been faster.
            if self.detection().is_null() {
                self.violate("a commit of nothing");
            }
            return;
        }
        let id = self.ears.speaking.take().unwrap_or_else(|| self.item_name("item_c"));
        self.ears.voice = 0;
        self.committed(&id, now);
    }

    fn committed(&mut self, id: &str, now: u64) {
        self.commits += 1;
        self.uncommitted_ms = 0;
        self.say(now, json!({ "type": "input_audio_buffer.committed", "item_id": id, "previous_item_id": null }));
        let item = json!({ "id": id, "object": "realtime.item", "type": "message", "role": "user", "status": "completed",
            "content": [{ "type": "input_audio", "transcript": null }] });
        let added = if self.dialect == Dialect::Ga { "conversation.item.added" } else { "conversation.item.created" };
        self.say(now, json!({ "type": added, "item": item }));
        if let Some(text) = self.transcripts.pop_front() {
            let half = text.floor_char_boundary(text.len() / 2);
            let kind = "conversation.item.input_audio_transcription";
            self.say(
                now + 150,
                json!({ "type": format!("{kind}.delta"), "item_id": id, "content_index": 0, "delta": text.get(..half) }),
            );
            self.say(
                now + 200,
                json!({ "type": format!("{kind}.completed"), "item_id": id, "content_index": 0, "transcript": text,
                "usage": { "type": "duration", "seconds": 1.5 } }),
            );
        }
    }

    fn create(&mut self, message: &Value, now: u64) {
        if !self.configured {
            self.violate("an answer before the session was configured");
        }
        if self.running.is_some() {
            self.refuse(message, "conversation_already_has_active_response", now);
            return self.violate("a second response.create while an answer is active");
        }
        self.answer(now);
    }

    fn cancel(&mut self, message: &Value, now: u64) {
        let Some(running) = self.running.take() else {
            self.cancels_too_late += 1;
            return self.refuse(message, "response_cancel_not_active", now);
        };
        let id = response_name(running.number);
        if message["response_id"].as_str().is_some_and(|named| named != id) {
            self.running = Some(running);
            return self.violate("a cancel of another answer");
        }
        let details = json!({ "type": "cancelled", "reason": "client_cancelled" });
        let response =
            json!({ "id": id, "object": "realtime.response", "status": "cancelled", "status_details": details });
        self.say(now, json!({ "type": "response.done", "response": response }));
    }

    fn truncate(&mut self, message: &Value, now: u64) {
        let (id, ms) =
            (message["item_id"].as_str().unwrap_or_default(), message["audio_end_ms"].as_u64().unwrap_or_default());
        if message["content_index"] != 0 {
            self.violate("truncated at another content_index");
        }
        let Some(item) = self.items.iter_mut().rfind(|item| item.id == id) else {
            self.refuse(message, "item_truncate_invalid_item_id", now);
            return self.violate("truncated what isn't there");
        };
        if ms > item.sent_ms {
            let why = format!("truncated at {ms} of {} ms", item.sent_ms);
            self.refuse(message, "invalid_value", now);
            return self.violate(&why);
        }
        if item.truncated.replace(ms).is_some() {
            self.violate("truncated twice");
        }
        let id = id.to_owned();
        self.say(
            now,
            json!({ "type": "conversation.item.truncated", "item_id": id, "content_index": 0, "audio_end_ms": ms }),
        );
    }

    fn item(&mut self, message: &Value, now: u64) {
        let item = &message["item"];
        let call = item["call_id"].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str() {
            Some("function_call") if self.known_calls.insert(call.clone()) => {}
            Some("function_call") => self.violate(&format!("call {call} made twice")),
            Some("function_call_output") if !self.known_calls.contains(&call) => {
                self.violate(&format!("output of {call}, which nobody called"));
            }
            Some("function_call_output") if !self.answered_calls.insert(call.clone()) => {
                self.violate(&format!("call {call} answered twice"));
            }
            _ => {}
        }
        let added = if self.dialect == Dialect::Ga { "conversation.item.added" } else { "conversation.item.created" };
        let item = item.clone();
        self.say(now, json!({ "type": added, "item": item }));
    }

    fn refuse(&mut self, message: &Value, code: &str, now: u64) {
        let event_id = message["event_id"].clone();
        let error = json!({ "type": "invalid_request_error", "code": code, "message": code, "param": null, "event_id": event_id });
        self.say(now, json!({ "type": "error", "error": error }));
    }

    fn item_name(&mut self, prefix: &str) -> String {
        self.item_numbers += 1;
        format!("{prefix}{}", self.item_numbers)
    }
}

fn response_name(number: usize) -> String {
    format!("resp_{number}")
}
