//! A service that speaks the protocol to the letter and forgives nothing: what the digests say is refused is refused here, and written down
//! as a violation.
//!
//! A pure machine on a clock of milliseconds: [`Server::receive`] what arrives, [`Server::poll`] what it sends at a time. One that loses its
//! socket begins a new session on the next; violations are kept over all of them.
//!
//! | file | holds |
//! |---|---|
//! | `realtime/schema.rs`, `shape.rs` | what each dialect takes, field by field |
//! | `buffer.rs`, `ears.rs` | the caller's audio: appends, commits, the service's own turn detection |
//! | `conversation.rs` | items, truncations, asking for answers and cancelling them |
//! | `plan.rs`, `answers.rs` | what an answer will be, and its events with their times |
//! | `form.rs` | forms of audio, and sound in them |

use std::collections::{HashSet, VecDeque};
use std::ops::RangeInclusive;

use serde_json::{Value, json};

use super::{Act, Mishap};

mod answers;
mod buffer;
mod conversation;
mod ears;
mod form;
pub(crate) mod plan;
mod schema;
mod shape;

pub(crate) use form::Form;
pub(crate) use plan::{End, Plan, Speech};

use answers::Running;
use buffer::Flow;
use ears::Ears;
use shape::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Ga,
    Beta,
    Qwen,
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

/// What is to be sent.
#[derive(Clone, Debug)]
enum Sending {
    Event(Value),
    Mishap(Mishap),
}

pub(crate) struct Server {
    dialect: Dialect,
    pub(crate) violations: Vec<String>,
    /// Answers to come, in order; after them the default.
    pub(crate) plans: VecDeque<Plan>,
    pub(crate) default: Plan,
    /// All items of speech, over all sessions: the sample value of an item's audio is its place here and one, unless its sound is another.
    pub(crate) items: Vec<Item>,
    /// Everything received, without audio and what was refused.
    pub(crate) received: Vec<Value>,
    /// `session.update` as it came last.
    pub(crate) session: Value,
    /// The caller's audio of this session, as it came and decoded.
    pub(crate) appended: Vec<u8>,
    pub(crate) heard: Vec<i16>,
    pub(crate) commits: usize,
    pub(crate) responses: usize,
    pub(crate) cancels_too_late: usize,
    /// What the caller says in the next utterances, as it is written down.
    pub(crate) transcripts: VecDeque<String>,
    /// Deltas of audio are this long.
    pub(crate) delta_ms: u64,
    /// How long appends may be, in ms.
    pub(crate) appends: RangeInclusive<u64>,
    /// A caller louder than this, in dBov, is heard; one who isn't told of by [`Server::notice_start`] and [`Server::notice_stop`] with none.
    pub(crate) hears: Option<f32>,
    /// It takes so many ms to make a session, and as many to configure it.
    pub(crate) slow: u64,
    /// Each event has a field that nobody knows, and among them are events that nobody knows.
    pub(crate) noisy: bool,
    /// It never speaks of a session that it has made, and so on: silence from here on.
    pub(crate) mute: bool,
    out: VecDeque<(u64, Sending)>,
    running: Option<Running>,
    /// The session as it is in force.
    effective: Value,
    /// `session.created` and `session.updated` have gone out.
    created: bool,
    configured: bool,
    finished: bool,
    uncommitted: usize,
    /// The caller's last turn, for echoes.
    said: Vec<i16>,
    flow: Flow,
    ears: Ears,
    speaking: Option<String>,
    /// The first item of this session is at this place.
    first_item: usize,
    known_items: HashSet<String>,
    known_calls: HashSet<String>,
    answered_calls: HashSet<String>,
    event_ids: HashSet<String>,
    numbers: usize,
    /// Each session names its items anew, and so the same.
    item_numbers: usize,
}

impl Server {
    pub(crate) fn new(dialect: Dialect) -> Self {
        const HEARS: f32 = -45.0;
        Self {
            dialect,
            violations: Vec::new(),
            plans: VecDeque::new(),
            default: Plan::say("Sure, that is no problem at all."),
            items: Vec::new(),
            received: Vec::new(),
            session: Value::Null,
            appended: Vec::new(),
            heard: Vec::new(),
            commits: 0,
            responses: 0,
            cancels_too_late: 0,
            transcripts: VecDeque::new(),
            delta_ms: 200,
            appends: 20..=60,
            hears: Some(HEARS),
            slow: 0,
            noisy: false,
            mute: false,
            out: VecDeque::new(),
            running: None,
            effective: Value::Null,
            created: false,
            configured: false,
            finished: false,
            uncommitted: 0,
            said: Vec::new(),
            flow: Flow::default(),
            ears: Ears::new(HEARS),
            speaking: None,
            first_item: 0,
            known_items: HashSet::new(),
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
        self.created = false;
        self.configured = false;
        self.finished = false;
        self.uncommitted = 0;
        self.flow = Flow::default();
        self.ears = Ears::new(self.hears.unwrap_or(0.0));
        self.speaking = None;
        self.first_item = self.items.len();
        self.known_items.clear();
        self.known_calls.clear();
        self.answered_calls.clear();
        self.appended.clear();
        self.heard.clear();
        self.said.clear();
        self.item_numbers = 0;
        self.effective = self.defaults();
        let mut session = self.effective.clone();
        session["id"] = json!("sess_1");
        session["object"] = json!("realtime.session");
        session["expires_at"] = json!(1_800_000_000_u64);
        self.say(now + self.slow, json!({ "type": "session.created", "session": session }));
    }

    /// What a session is before it is configured.
    fn defaults(&self) -> Value {
        let detection = json!({ "type": "server_vad", "threshold": 0.5, "prefix_padding_ms": 300, "silence_duration_ms": 500,
            "create_response": true, "interrupt_response": true });
        let format = json!({ "type": "audio/pcm", "rate": 24_000 });
        match self.dialect {
            Dialect::Ga => json!({ "type": "realtime", "output_modalities": ["audio"],
                "audio": { "input": { "format": format, "turn_detection": detection }, "output": { "format": format, "voice": "alloy" } } }),
            Dialect::Beta | Dialect::Qwen => json!({ "modalities": ["text", "audio"], "voice": "alloy",
                "input_audio_format": "pcm16", "output_audio_format": "pcm16", "turn_detection": detection }),
        }
    }

    /// What is sent by now.
    pub(crate) fn poll(&mut self, now: u64) -> Vec<Act> {
        while let Some((at, step)) = self.running.as_mut().and_then(|running| running.next(now)) {
            self.emit(at, step);
        }
        let mut acts = Vec::new();
        while self.out.front().is_some_and(|(at, _)| *at <= now) {
            let Some((_, sending)) = self.out.pop_front() else { break };
            let act = self.send(sending);
            acts.extend(act.filter(|_| !self.mute));
        }
        acts
    }

    /// When it has something to say next.
    pub(crate) fn due(&self) -> Option<u64> {
        let running = self.running.as_ref().and_then(Running::due);
        [running, self.out.front().map(|(at, _)| *at)].into_iter().flatten().min()
    }

    fn send(&mut self, sending: Sending) -> Option<Act> {
        match sending {
            Sending::Event(event) => {
                self.created |= event["type"] == "session.created";
                self.configured |= event["type"] == "session.updated";
                Some(Act::Text(event.to_string()))
            }
            Sending::Mishap(Mishap::Mute) => {
                self.mute = true;
                None
            }
            Sending::Mishap(mishap) => Some(Act::Mishap(mishap)),
        }
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.running.is_some()
    }

    /// The form of the caller's audio.
    pub(crate) fn input(&self) -> Form {
        Form::input(self.dialect, &self.effective)
    }

    /// The form of the agent's audio.
    pub(crate) fn output(&self) -> Form {
        Form::output(self.dialect, &self.effective)
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
        if self.noisy {
            event["a_new_field"] = json!({ "deep": [1, "two", null] });
            if self.numbers.is_multiple_of(5) {
                let unknown =
                    json!({ "type": "session.weather.updated", "event_id": "event_w", "weather": ["rain", 7] });
                self.queue(at, Sending::Event(unknown));
            }
        }
        self.queue(at, Sending::Event(event));
    }

    /// Something goes wrong, after all that is said until then.
    pub(crate) fn fail(&mut self, at: u64, mishap: Mishap) {
        self.queue(at, Sending::Mishap(mishap));
    }

    /// An answer that nobody asked for.
    pub(crate) fn answer_unasked(&mut self, now: u64) {
        self.answer(now);
    }

    /// The session's time is over.
    pub(crate) fn expire(&mut self, now: u64) {
        let error = json!({ "type": "invalid_request_error", "code": "session_expired", "param": null, "event_id": null,
            "message": "Your session hit the maximum duration of 60 minutes." });
        self.say(now, json!({ "type": "error", "error": error }));
        self.fail(now, Mishap::Close(Some(1001), "session_expired".to_owned()));
    }

    fn queue(&mut self, at: u64, sending: Sending) {
        let place = self.out.partition_point(|(before, _)| *before <= at);
        self.out.insert(place, (at, sending));
    }

    pub(crate) fn receive(&mut self, text: &str, now: u64) {
        let Ok(message) = serde_json::from_str::<Value>(text) else {
            self.refuse(&Value::Null, &Refusal::new("invalid_value", "no JSON"), now);
            return self.violate(format!("no JSON: {text}"));
        };
        let kind = message["type"].as_str().unwrap_or_default().to_owned();
        if self.finished {
            return self.violate(format!("{kind} after session.finish"));
        }
        if let Err(refusal) = self.well_formed(&kind, &message) {
            self.violate(format!("{kind}: {refusal}"));
            return self.refuse(&message, &refusal, now);
        }
        self.in_order(&kind, &message);
        if kind != "input_audio_buffer.append" {
            self.received.push(message.clone());
        }
        match kind.as_str() {
            "session.update" => self.update(&message, now),
            "input_audio_buffer.append" => self.append(&message, now),
            "input_audio_buffer.commit" => self.commit(&message, now),
            "input_audio_buffer.clear" => self.clear(now),
            "response.create" => self.create(&message, now),
            "response.cancel" => self.cancel(&message, now),
            "conversation.item.truncate" => self.truncate(&message, now),
            "conversation.item.create" => self.item(&message, now),
            "conversation.item.delete" | "conversation.item.retrieve" => self.look_up(&message, now),
            "session.finish" => {
                self.finished = true;
                self.say(now, json!({ "type": "session.finished" }));
            }
            _ => self.violate(format!("what is {kind}?")),
        }
    }

    fn violate(&mut self, why: impl Into<String>) {
        self.violations.push(why.into());
    }

    fn well_formed(&self, kind: &str, message: &Value) -> Result<(), Refusal> {
        let mut fields = message.clone();
        let object = fields.as_object_mut().ok_or_else(|| Refusal::new("invalid_type", "no object"))?;
        object.remove("type");
        let event_id = object.remove("event_id");
        let shape = schema::event(self.dialect, kind).ok_or_else(|| Refusal {
            param: Some("type".to_owned()),
            ..Refusal::new("invalid_value", format!("there is no event {kind:?}"))
        })?;
        if event_id.is_some_and(|id| !id.is_string()) {
            return Err(Refusal { param: Some("event_id".to_owned()), ..Refusal::new("invalid_type", "no string") });
        }
        shape::check(&fields, shape, "")
    }

    /// What no service would refuse, and what no client should do.
    fn in_order(&mut self, kind: &str, message: &Value) {
        let appends = kind == "input_audio_buffer.append";
        match message["event_id"].as_str() {
            Some(id) if !self.event_ids.insert(id.to_owned()) => self.violate(format!("event_id {id} twice")),
            Some(_) => {}
            None if appends && self.dialect != Dialect::Qwen => {}
            None => self.violate(format!("{kind} without event_id")),
        }
        if !self.created {
            self.violate(format!("{kind} before session.created"));
        } else if !self.configured && kind != "session.update" && kind != "session.finish" {
            self.violate(format!("{kind} before session.updated"));
        }
    }

    fn update(&mut self, message: &Value, now: u64) {
        let session = &message["session"];
        let voice = |session: &Value| match self.dialect {
            Dialect::Ga => session["audio"]["output"]["voice"].clone(),
            Dialect::Beta | Dialect::Qwen => session["voice"].clone(),
        };
        let other_voice = voice(session).is_string() && voice(session) != voice(&self.effective);
        if other_voice && self.items.iter().skip(self.first_item).any(|item| item.sent_ms > 0) {
            self.violate("another voice after audio");
            let refusal = Refusal::new("cannot_update_voice", "the voice can't change once it was heard");
            return self.refuse(message, &refusal, now);
        }
        self.session = session.clone();
        merge(&mut self.effective, session, true);
        let effective = self.effective.clone();
        self.say(now + self.slow, json!({ "type": "session.updated", "session": effective }));
    }

    fn refuse(&mut self, message: &Value, refusal: &Refusal, now: u64) {
        let error = json!({ "type": "invalid_request_error", "code": refusal.code, "message": refusal.to_string(),
            "param": refusal.param, "event_id": message["event_id"] });
        self.say(now, json!({ "type": "error", "error": error }));
    }

    /// The dialect's name of the event that tells of a new item.
    fn added(&self) -> &'static str {
        match self.dialect {
            Dialect::Ga => "conversation.item.added",
            Dialect::Beta | Dialect::Qwen => "conversation.item.created",
        }
    }

    fn item_name(&mut self, prefix: &str) -> String {
        self.item_numbers += 1;
        let name = format!("{prefix}{}", self.item_numbers);
        self.known_items.insert(name.clone());
        name
    }
}

/// What isn't named stays; what has a type of its own is another thing altogether.
fn merge(old: &mut Value, new: &Value, top: bool) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if top || !new.contains_key("type") => {
            for (name, value) in new {
                merge(old.entry(name).or_insert(Value::Null), value, false);
            }
        }
        (old, new) => *old = new.clone(),
    }
}

fn response_name(number: usize) -> String {
    format!("resp_{number}")
}
