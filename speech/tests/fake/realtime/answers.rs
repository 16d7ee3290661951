//! How a service answers: all events of an answer with the times at which they go out, faster than they can be heard.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::plan::{End, Plan, Speech};
use super::{Dialect, Item, Mishap, Server, response_name};

/// An answer that is going out.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) number: usize,
    /// What is still to be sent, and when.
    rest: VecDeque<(u64, Step)>,
    late: (usize, usize),
    /// The item that isn't whole yet: the fields of its events.
    open: Option<Value>,
}

/// What is sent in one go.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Event(Value),
    /// So many ms of the item at this place.
    Audio(usize, u64, Value),
    /// An item begins, whose events have these fields.
    Opens(Value),
    /// The item is whole, and with it this call of a tool.
    Closes(Option<String>),
    Done(Value),
    Mishap(Mishap),
}

impl Running {
    /// What has become due.
    pub(super) fn next(&mut self, now: u64) -> Option<(u64, Step)> {
        self.rest.pop_front_if(|(at, _)| *at <= now)
    }

    pub(super) fn due(&self) -> Option<u64> {
        self.rest.front().map(|(at, _)| *at)
    }
}

/// An answer that is being composed.
struct Script {
    at: u64,
    steps: VecDeque<(u64, Step)>,
    /// Fields that all events of an item have.
    fields: Value,
    /// The items as they will be.
    items: Vec<Value>,
    audio_ms: u64,
    mishap: Option<(u64, Mishap)>,
    pace: Option<u64>,
    end: End,
}

impl Script {
    fn event(&self, kind: &str, more: &Value) -> Value {
        let mut event = self.fields.clone();
        if let (Some(event), Some(more)) = (event.as_object_mut(), more.as_object()) {
            event.extend(more.clone());
        }
        event["type"] = json!(kind);
        event
    }

    fn step(&mut self, step: Step) {
        self.steps.push_back((self.at, step));
    }

    fn push(&mut self, kind: &str, more: &Value) {
        let event = self.event(kind, more);
        self.step(Step::Event(event));
    }

    fn audio(&mut self, kind: &str, place: usize, ms: u64, bytes: &[u8]) {
        let event = self.event(kind, &json!({ "delta": STANDARD.encode(bytes) }));
        self.step(Step::Audio(place, ms, event));
        self.audio_ms += ms;
        if let Some((_, mishap)) = self.mishap.take_if(|(at, _)| *at <= self.audio_ms) {
            self.step(Step::Mishap(mishap));
        }
        self.at += self.pace.unwrap_or(ms / 8);
    }
}

impl Server {
    /// Begins the next answer.
    pub(super) fn answer(&mut self, now: u64) {
        let plan = self.plans.pop_front().unwrap_or_else(|| self.default.clone());
        let number = self.responses;
        self.responses += 1;
        let id = response_name(number);
        let mut script = Script {
            at: now + 5,
            steps: VecDeque::new(),
            fields: json!({}),
            items: Vec::new(),
            audio_ms: 0,
            mishap: plan.mishap.clone(),
            pace: plan.pace,
            end: plan.fails.map_or(plan.end, End::Failed),
        };
        let created = json!({ "id": id, "object": "realtime.response", "status": "in_progress", "status_details": null, "output": [] });
        script.push("response.created", &json!({ "response": created }));
        let limit = json!({ "name": "tokens", "limit": 50_000, "remaining": 49_950, "reset_seconds": 0.06 });
        script.push("rate_limits.updated", &json!({ "rate_limits": [limit] }));
        script.at += plan.thinks;
        if plan.fails.is_some() {
            script.at += 20;
        } else {
            self.compose(&id, &plan, &mut script);
        }
        script.fields = json!({});
        let done = done(&id, script.end, std::mem::take(&mut script.items));
        script.step(Step::Done(done));
        self.running = Some(Running { number, rest: script.steps, late: plan.late, open: None });
    }

    fn compose(&mut self, id: &str, plan: &Plan, script: &mut Script) {
        let calls = |server: &mut Self, index: usize, script: &mut Script| {
            for (place, (name, arguments)) in plan.calls.iter().enumerate() {
                server.call(id, index + place, name, arguments, script);
            }
        };
        if plan.calls_first {
            calls(self, 0, script);
        }
        let before = script.items.len();
        for (index, speech) in plan.speech.iter().enumerate() {
            self.speech(id, before + index, speech, script);
        }
        if !plan.calls_first {
            calls(self, plan.speech.len(), script);
        }
    }

    fn speech(&mut self, id: &str, index: usize, Speech { text, sound }: &Speech, script: &mut Script) {
        let item = self.item_name("item_a");
        self.items.push(Item { id: item.clone(), response: self.responses - 1, sent_ms: 0, truncated: None });
        let place = self.items.len();
        let message = |status: &str, content: Value| json!({ "id": item, "object": "realtime.item", "type": "message", "role": "assistant", "status": status, "content": content });
        self.begin(id, index, &item, &message("in_progress", json!([])), script);
        script.push("response.content_part.added", &json!({ "part": { "type": "audio", "transcript": "" } }));
        let words: Vec<&str> = text.split_inclusive(' ').collect();
        let form = self.output();
        let bytes = form.render(sound, words.len() as u64, place, (&self.said, self.input().rate));
        let mut words = words.into_iter();
        let transcript = self.spelt("response.output_audio_transcript.delta");
        for piece in bytes.chunks((form.samples_in(self.delta_ms) * form.width()).max(1)) {
            // Words run ahead of their audio, two at a time, each in two parts.
            for word in words.by_ref().take(2) {
                let (front, back) = word.split_at(word.floor_char_boundary(word.len() / 2));
                for part in [front, back].into_iter().filter(|part| !part.is_empty()) {
                    script.push(&transcript, &json!({ "delta": part }));
                }
            }
            let ms = form.ms(piece.len() / form.width());
            script.audio(&self.spelt("response.output_audio.delta"), place, ms, piece);
        }
        words.for_each(|word| script.push(&transcript, &json!({ "delta": word })));
        let whole = script.end == End::Completed;
        let content = json!([{ "type": self.said_as(), "transcript": text }]);
        let message = message(if whole { "completed" } else { "incomplete" }, content);
        script.push(&self.spelt("response.output_audio.done"), &json!({}));
        script.push(&self.spelt("response.output_audio_transcript.done"), &json!({ "transcript": text }));
        script.push("response.content_part.done", &json!({ "part": { "type": "audio", "transcript": text } }));
        self.finish(message, None, script);
    }

    fn call(&mut self, id: &str, index: usize, name: &str, arguments: &str, script: &mut Script) {
        self.numbers += 1;
        let call = format!("call_{}", self.numbers);
        let item = self.item_name("item_f");
        let message = |status: &str, arguments: &str| json!({ "id": item, "object": "realtime.item", "type": "function_call", "status": status, "name": name, "call_id": call, "arguments": arguments });
        self.begin(id, index, &item, &message("in_progress", ""), script);
        script.fields = json!({ "response_id": id, "item_id": item, "output_index": index, "call_id": call });
        let mut rest = arguments;
        while !rest.is_empty() {
            let (part, more) = rest.split_at(rest.ceil_char_boundary(3));
            script.push("response.function_call_arguments.delta", &json!({ "delta": part }));
            rest = more;
        }
        let mut done = json!({ "arguments": arguments });
        if self.dialect == Dialect::Ga {
            done["name"] = json!(name);
        }
        script.push("response.function_call_arguments.done", &done);
        let message = message("completed", arguments);
        script.fields = json!({ "response_id": id, "output_index": index });
        self.finish(message, Some(call), script);
        script.at += 10;
    }

    /// The events with which an item begins.
    fn begin(&self, id: &str, index: usize, item: &str, message: &Value, script: &mut Script) {
        script.fields = json!({ "response_id": id, "output_index": index });
        script.push("response.output_item.added", &json!({ "item": message }));
        let fields = std::mem::replace(&mut script.fields, json!({}));
        script.push(self.added(), &json!({ "item": message, "previous_item_id": null }));
        script.fields = fields;
        script.fields["item_id"] = json!(item);
        script.fields["content_index"] = json!(0);
        script.step(Step::Opens(script.fields.clone()));
    }

    /// The events with which it ends.
    fn finish(&self, message: Value, call: Option<String>, script: &mut Script) {
        if self.dialect == Dialect::Ga {
            let fields = std::mem::replace(&mut script.fields, json!({}));
            script.push("conversation.item.done", &json!({ "item": message, "previous_item_id": null }));
            script.fields = fields;
        }
        script.push("response.output_item.done", &json!({ "item": message }));
        script.step(Step::Closes(call));
        script.items.push(message);
    }

    /// The dialect's name of an event.
    fn spelt(&self, kind: &str) -> String {
        match self.dialect {
            Dialect::Ga => kind.to_owned(),
            Dialect::Beta | Dialect::Qwen => kind.replace("response.output_audio", "response.audio"),
        }
    }

    /// The dialect's name of an agent's audio in an item.
    fn said_as(&self) -> &'static str {
        match self.dialect {
            Dialect::Ga => "output_audio",
            Dialect::Beta | Dialect::Qwen => "audio",
        }
    }

    /// Sends what is next of the answer under way, and notes what the other side has now.
    pub(super) fn emit(&mut self, at: u64, step: Step) {
        let open = self.running.as_mut().map(|running| &mut running.open);
        match step {
            Step::Event(event) => self.say(at, event),
            Step::Audio(place, ms, event) => {
                self.items[place - 1].sent_ms += ms;
                self.say(at, event);
            }
            Step::Opens(fields) => open.into_iter().for_each(|open| *open = Some(fields.clone())),
            Step::Closes(call) => {
                open.into_iter().for_each(|open| *open = None);
                self.known_calls.extend(call);
            }
            Step::Done(event) => {
                self.running = None;
                self.say(at, event);
            }
            Step::Mishap(mishap) => self.fail(at, mishap),
        }
    }

    /// The answer under way is broken off, if there is one.
    pub(super) fn break_off(&mut self, reason: &str, now: u64) {
        let Some(Running { number, rest, late, open, .. }) = self.running.take() else { return };
        let mut audio = rest.into_iter().map(|(_, step)| step).filter(|step| matches!(step, Step::Audio(..)));
        audio.by_ref().take(late.0).for_each(|step| self.emit(now, step));
        let id = response_name(number);
        if let Some(fields) = open {
            let item = json!({ "id": fields["item_id"], "object": "realtime.item", "status": "incomplete" });
            let done = json!({ "type": "response.output_item.done", "response_id": id, "output_index": fields["output_index"], "item": item });
            self.say(now, done);
        }
        let details = json!({ "type": "cancelled", "reason": reason });
        let response = json!({ "id": id, "object": "realtime.response", "status": "cancelled", "status_details": details, "output": [] });
        self.say(now, json!({ "type": "response.done", "response": response }));
        audio.take(late.1).for_each(|step| self.emit(now, step));
    }
}

/// `response.done`.
fn done(id: &str, end: End, items: Vec<Value>) -> Value {
    let usage = json!({ "total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
        "input_token_details": { "text_tokens": 4, "audio_tokens": 6, "cached_tokens": 2 },
        "output_token_details": { "text_tokens": 5, "audio_tokens": 15 } });
    let (status, details) = match end {
        End::Completed => ("completed", Value::Null),
        End::Failed(code) => {
            let error = json!({ "type": "server_error", "code": code, "message": "it failed" });
            ("failed", json!({ "type": "failed", "error": error }))
        }
        End::Incomplete(reason) => ("incomplete", json!({ "type": "incomplete", "reason": reason })),
    };
    let response = json!({ "id": id, "object": "realtime.response", "status": status, "status_details": details,
        "output": items, "usage": if status == "failed" { Value::Null } else { usage } });
    json!({ "type": "response.done", "response": response })
}
