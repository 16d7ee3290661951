//! A bot that was written for Twilio and refuses any deviation from what Twilio sends.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::must;

/// One stream, as the bot saw it.
#[derive(Debug, Default)]
pub(crate) struct Twilio {
    /// What came, without media.
    pub(crate) events: Vec<Value>,
    pub(crate) payloads: Vec<Vec<u8>>,
    pub(crate) messages: u64,
    /// The stream's name, once it's told.
    pub(crate) stream: String,
    pub(crate) stopped: bool,
    pub(crate) violations: Vec<String>,
    /// Marks that were set and haven't come back.
    marks: VecDeque<String>,
}

/// Exactly these fields, in any order.
fn fields(value: &Value, names: &[&str]) -> Result<(), String> {
    let mut found: Vec<&str> = value.as_object().ok_or("no object")?.keys().map(String::as_str).collect();
    let mut names = names.to_vec();
    found.sort_unstable();
    names.sort_unstable();
    must(found == names, &format!("fields {found:?} instead of {names:?}"))
}

fn is_sid(value: &Value, prefix: &str) -> Result<(), String> {
    let digits = value.as_str().and_then(|sid| sid.strip_prefix(prefix)).unwrap_or_default();
    let hexadecimal = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    must(digits.len() == 32 && hexadecimal, &format!("no SID of {prefix}: {value}"))
}

fn is(value: &Value, wanted: &Value) -> Result<(), String> {
    must(value == wanted, &format!("{value} instead of {wanted}"))
}

impl Twilio {
    /// The bot says this.
    pub(crate) fn says(&mut self, text: &str) {
        let Ok(message) = serde_json::from_str::<Value>(text) else { return };
        if message["event"] == "mark" {
            self.marks.extend(message["mark"]["name"].as_str().map(str::to_owned));
        }
    }

    pub(crate) fn receive_binary(&mut self, _bytes: &[u8]) {
        self.violations.push("Twilio sends no binary messages".to_owned());
    }

    pub(crate) fn receive_text(&mut self, text: &str) {
        if let Err(why) = self.told(text) {
            let begin: String = text.chars().take(400).collect();
            self.violations.push(format!("{why}: {begin}"));
        }
    }

    fn told(&mut self, text: &str) -> Result<(), String> {
        let event: Value = serde_json::from_str(text).map_err(|error| format!("no JSON ({error})"))?;
        self.messages += 1;
        must(!self.stopped, "stop is the last message")?;
        if self.messages == 1 {
            return is(&event, &json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" }));
        }
        self.event(&event)
    }

    fn event(&mut self, event: &Value) -> Result<(), String> {
        let kind = event["event"].as_str().ok_or("no event")?;
        if kind != "media" {
            self.events.push(event.clone());
        }
        fields(event, &["event", "sequenceNumber", "streamSid", kind])?;
        is(&event["sequenceNumber"], &(self.messages - 1).to_string().into())?;
        must((kind == "start") == (self.messages == 2), "start is the second message, once")?;
        let body = &event[kind];
        if kind == "start" {
            self.start(body)?;
        }
        is(&event["streamSid"], &self.stream.as_str().into())?;
        match kind {
            "start" => Ok(()),
            "media" => self.heard(body),
            "mark" => self.mark(body),
            "dtmf" => {
                fields(body, &["track", "digit"])?;
                is(&body["track"], &json!("inbound_track"))?;
                let digit = body["digit"].as_str().unwrap_or_default();
                must(digit.len() == 1 && digit.contains(|c| "0123456789*#ABCD".contains(c)), "no digit")
            }
            "stop" => {
                self.stopped = true;
                let start = self.events.first().map(|start| start["start"].clone()).unwrap_or_default();
                is(body, &json!({ "accountSid": start["accountSid"], "callSid": start["callSid"] }))
            }
            other => Err(format!("Twilio has no {other}")),
        }
    }

    fn start(&mut self, start: &Value) -> Result<(), String> {
        start["streamSid"].as_str().unwrap_or_default().clone_into(&mut self.stream);
        fields(start, &["accountSid", "streamSid", "callSid", "tracks", "mediaFormat", "customParameters"])?;
        is_sid(&start["accountSid"], "AC")?;
        is_sid(&start["callSid"], "CA")?;
        is_sid(&start["streamSid"], "MZ")?;
        is(&start["tracks"], &json!(["inbound"]))?;
        is(&start["mediaFormat"], &json!({ "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1 }))?;
        let parameters = start["customParameters"].as_object().ok_or("customParameters is no object")?;
        must(parameters.values().all(Value::is_string), "customParameters are strings")
    }

    fn heard(&mut self, media: &Value) -> Result<(), String> {
        let before = self.payloads.len();
        let payload = STANDARD.decode(media["payload"].as_str().ok_or("no payload")?);
        let payload = payload.map_err(|error| format!("no Base64 with padding ({error})"))?;
        let length = payload.len();
        self.payloads.push(payload);
        fields(media, &["track", "chunk", "timestamp", "payload"])?;
        is(&media["track"], &json!("inbound"))?;
        is(&media["chunk"], &(before + 1).to_string().into())?;
        is(&media["timestamp"], &(before * 20).to_string().into())?;
        must(length == 160, "a payload is 20 ms")
    }

    /// Marks come back in the order in which they were set.
    fn mark(&mut self, mark: &Value) -> Result<(), String> {
        fields(mark, &["name"])?;
        let expected = self.marks.pop_front();
        must(expected.as_deref() == mark["name"].as_str(), &format!("a mark in the place of {expected:?}"))
    }
}
