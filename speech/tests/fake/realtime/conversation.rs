//! The conversation at the service: its items, and who may ask for what answer.

use serde_json::{Value, json};

use super::shape::Refusal;
use super::{Dialect, Server, response_name};

impl Server {
    pub(super) fn create(&mut self, message: &Value, now: u64) {
        if let Some(running) = &self.running {
            let what = format!("{} is active", response_name(running.number));
            self.refuse(message, &Refusal::new("conversation_already_has_active_response", what), now);
            return self.violate("a second response.create while an answer is active");
        }
        self.answer(now);
    }

    pub(super) fn cancel(&mut self, message: &Value, now: u64) {
        let Some(running) = &self.running else {
            self.cancels_too_late += 1;
            return self.refuse(
                message,
                &Refusal::new("response_cancel_not_active", "there is nothing to cancel"),
                now,
            );
        };
        let id = response_name(running.number);
        if message["response_id"].as_str().is_some_and(|named| named != id) {
            self.refuse(message, &Refusal::new("response_cancel_not_active", "another answer is active"), now);
            return self.violate("a cancel of another answer");
        }
        self.break_off("client_cancelled", now);
    }

    pub(super) fn truncate(&mut self, message: &Value, now: u64) {
        let (id, ms) =
            (message["item_id"].as_str().unwrap_or_default(), message["audio_end_ms"].as_u64().unwrap_or_default());
        if message["content_index"] != 0 {
            self.violate("truncated at another content_index");
        }
        let known = self.known_items.contains(id);
        let Some(item) = self.items.iter_mut().rfind(|item| known && item.id == id) else {
            let what = format!("there is no audio of {id:?}");
            self.refuse(message, &Refusal::new("item_truncate_invalid_item_id", what), now);
            return self.violate("truncated what isn't there");
        };
        if ms > item.sent_ms {
            let what = format!("audio_end_ms is {ms}, there are {} ms", item.sent_ms);
            let why = format!("truncated at {ms} of {} ms", item.sent_ms);
            let refusal = Refusal { param: Some("audio_end_ms".to_owned()), ..Refusal::new("invalid_value", what) };
            self.refuse(message, &refusal, now);
            return self.violate(why);
        }
        if item.truncated.replace(ms).is_some() {
            self.violate("truncated twice");
        }
        self.say_truncated(id, ms, now);
    }

    /// The service truncates its last item of speech by itself.
    pub(crate) fn truncate_unasked(&mut self, ms: u64, now: u64) {
        let id = self.items.last().map(|item| item.id.clone()).unwrap_or_default();
        self.say_truncated(&id, ms, now);
    }

    fn say_truncated(&mut self, id: &str, ms: u64, now: u64) {
        self.say(
            now,
            json!({ "type": "conversation.item.truncated", "item_id": id, "content_index": 0, "audio_end_ms": ms }),
        );
    }

    pub(super) fn item(&mut self, message: &Value, now: u64) {
        let item = &message["item"];
        let call = item["call_id"].as_str().unwrap_or_default().to_owned();
        match item["type"].as_str() {
            Some("function_call") if self.known_calls.insert(call.clone()) => {}
            Some("function_call") => self.violate(format!("call {call} made twice")),
            Some("function_call_output") if !self.known_calls.contains(&call) => {
                self.violate(format!("output of {call}, which nobody called"));
            }
            Some("function_call_output") if !self.answered_calls.insert(call.clone()) => {
                self.violate(format!("call {call} answered twice"));
            }
            _ => {}
        }
        let mut item = item.clone();
        if item["id"].is_null() {
            item["id"] = self.item_name("item_m").into();
        }
        self.known_items.extend(item["id"].as_str().map(str::to_owned));
        self.tell_item(&item, now);
    }

    /// `conversation.item.delete` and `.retrieve`.
    pub(super) fn look_up(&mut self, message: &Value, now: u64) {
        let id = message["item_id"].as_str().unwrap_or_default();
        let deletes = message["type"] == "conversation.item.delete";
        match (self.known_items.contains(id), deletes) {
            (true, true) => {
                self.known_items.remove(id);
                self.say(now, json!({ "type": "conversation.item.deleted", "item_id": id }));
            }
            (true, false) => {
                let item = json!({ "id": id, "object": "realtime.item", "type": "message" });
                self.say(now, json!({ "type": "conversation.item.retrieved", "item": item }));
            }
            (false, _) => {
                let code = if deletes { "item_delete_invalid_item_id" } else { "item_retrieve_invalid_item_id" };
                self.refuse(message, &Refusal::new(code, format!("there is no {id:?}")), now);
                self.violate(format!("{} of an unknown item", if deletes { "delete" } else { "retrieve" }));
            }
        }
    }

    /// Tells of an item that is whole.
    pub(super) fn tell_item(&mut self, item: &Value, now: u64) {
        self.say(now, json!({ "type": self.added(), "item": item, "previous_item_id": null }));
        if self.dialect == Dialect::Ga {
            self.say(now, json!({ "type": "conversation.item.done", "item": item, "previous_item_id": null }));
        }
    }
}
