//! How a service answers: all events of an answer with the times at which they go out, faster than they can be heard.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Dialect, Item, Running, Server, response_name};

/// Events of an answer that is being composed.
struct Script {
    at: u64,
    events: VecDeque<(u64, Value)>,
    /// Fields that all events of an item have.
    fields: Value,
}

impl Script {
    fn push(&mut self, kind: &str, more: &Value) {
        let mut event = self.fields.clone();
        if let (Some(event), Some(more)) = (event.as_object_mut(), more.as_object()) {
            event.extend(more.clone());
        }
        event["type"] = json!(kind);
        self.events.push_back((self.at, event));
    }
}

impl Server {
    /// Begins the next answer.
    pub(super) fn answer(&mut self, now: u64) {
        let plan = self.plans.pop_front().unwrap_or_else(|| self.default.clone());
        let number = self.responses;
        self.responses += 1;
        let id = response_name(number);
        let mut script = Script { at: now + 5, events: VecDeque::new(), fields: json!({}) };
        script.push(
            "response.created",
            &json!({ "response": { "id": id, "object": "realtime.response", "status": "in_progress" } }),
        );
        script.at += plan.thinks;
        if let Some(code) = plan.fails {
            let error = json!({ "type": "server_error", "code": code, "message": "it failed" });
            let details = json!({ "type": "failed", "error": error });
            script.at += 20;
            script.push(
                "response.done",
                &json!({ "response": { "id": id, "status": "failed", "status_details": details } }),
            );
        } else {
            if plan.calls_first {
                self.calls(&id, 0, &plan.calls, &mut script);
            }
            for (index, (text, word_ms)) in plan.speech.iter().enumerate() {
                self.speech(&id, index, text, *word_ms, &mut script);
            }
            if !plan.calls_first {
                self.calls(&id, plan.speech.len(), &plan.calls, &mut script);
            }
            script.fields = json!({});
            let usage = json!({ "total_tokens": 30, "input_tokens": 10, "output_tokens": 20,
                "input_token_details": { "text_tokens": 4, "audio_tokens": 6, "cached_tokens": 2 },
                "output_token_details": { "text_tokens": 5, "audio_tokens": 15 } });
            let response = json!({ "id": id, "object": "realtime.response", "status": "completed", "status_details": null,
                "output": [], "usage": usage });
            script.push("response.done", &json!({ "response": response }));
        }
        self.running = Some(Running { number, rest: script.events });
    }

    fn speech(&mut self, id: &str, index: usize, text: &str, word_ms: u64, script: &mut Script) {
        let item = self.item_name("item_a");
        self.items.push(Item { id: item.clone(), response: self.responses - 1, sent_ms: 0, truncated: None });
        let place = self.items.len();
        script.fields = json!({ "response_id": id, "item_id": item, "output_index": index, "content_index": 0 });
        let message = |status: &str, content: Value| json!({ "item": { "id": item, "object": "realtime.item", "type": "message", "role": "assistant", "status": status, "content": content } });
        script.push("response.output_item.added", &message("in_progress", json!([])));
        let words: Vec<&str> = text.split_inclusive(' ').collect();
        let mut left = words.len() as u64 * word_ms;
        let mut words = words.into_iter();
        let transcript = self.spelt("response.output_audio_transcript.delta");
        while left > 0 {
            // Words run ahead of their audio, two at a time, each in two parts.
            for word in words.by_ref().take(2) {
                let (front, back) = word.split_at(word.floor_char_boundary(word.len() / 2));
                for part in [front, back].into_iter().filter(|part| !part.is_empty()) {
                    script.push(&transcript, &json!({ "delta": part }));
                }
            }
            let ms = left.min(self.delta_ms);
            left -= ms;
            let audio = STANDARD.encode(self.audio(place, ms));
            let delta = json!({ "delta": audio, "x_ms": ms, "x_place": place });
            script.push(&self.spelt("response.output_audio.delta"), &delta);
            script.at += ms / 8;
        }
        words.for_each(|word| script.push(&transcript, &json!({ "delta": word })));
        script.push(&self.spelt("response.output_audio.done"), &json!({}));
        script.push(&self.spelt("response.output_audio_transcript.done"), &json!({ "transcript": text }));
        let content = json!([{ "type": "output_audio", "transcript": text }]);
        script.push("response.output_item.done", &message("completed", content));
    }

    fn calls(&mut self, id: &str, index: usize, calls: &[(String, String)], script: &mut Script) {
        for (place, (name, arguments)) in calls.iter().enumerate() {
            self.call(id, index + place, name, arguments, script);
        }
    }

    fn call(&mut self, id: &str, index: usize, name: &str, arguments: &str, script: &mut Script) {
        self.numbers += 1;
        let call = format!("call_{}", self.numbers);
        let item = format!("item_{call}");
        script.fields = json!({ "response_id": id, "item_id": item, "output_index": index, "call_id": call });
        let message = |status: &str, arguments: &str| json!({ "id": item, "type": "function_call", "status": status, "name": name, "call_id": call, "arguments": arguments });
        script.push("response.output_item.added", &json!({ "item": message("in_progress", "") }));
        for part in arguments.as_bytes().chunks(3) {
            let part = String::from_utf8_lossy(part);
            script.push("response.function_call_arguments.delta", &json!({ "delta": part }));
        }
        let mut done = json!({ "arguments": arguments });
        if self.dialect == Dialect::Ga {
            done["name"] = json!(name);
        }
        script.push("response.function_call_arguments.done", &done);
        let whole = json!({ "item": message("completed", arguments), "x_call": call });
        script.push("response.output_item.done", &whole);
        script.at += 10;
    }

    /// Audio of an item: each sample is the item's place.
    fn audio(&self, place: usize, ms: u64) -> Vec<u8> {
        if self.width() == 8 {
            return vec![(place % 200) as u8; 8 * ms as usize];
        }
        (0..24 * ms).flat_map(|_| (place as i16).to_le_bytes()).collect()
    }

    /// The dialect's name of an event.
    fn spelt(&self, kind: &str) -> String {
        match self.dialect {
            Dialect::Ga => kind.to_owned(),
            Dialect::Beta | Dialect::Qwen => kind.replace("response.output_audio", "response.audio"),
        }
    }

    /// Sends an event of the answer under way, and notes what the other side has now.
    pub(super) fn emit(&mut self, at: u64, mut event: Value) {
        if let (Some(ms), Some(place)) = (event["x_ms"].as_u64(), event["x_place"].as_u64()) {
            self.items[place as usize - 1].sent_ms += ms;
        }
        if let Some(call) = event["x_call"].as_str() {
            self.known_calls.insert(call.to_owned());
        }
        if event["type"] == "response.done" {
            self.running = None;
        }
        if let Some(fields) = event.as_object_mut() {
            fields.retain(|name, _| !name.starts_with("x_"));
        }
        self.say(at, event);
    }
}
