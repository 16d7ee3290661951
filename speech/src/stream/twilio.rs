//! Twilio Media Streams, as bots of `<Connect><Stream>` know it: text messages only, G.711 µ-law in Base64.
//!
//! ```text
//!   connected, start, media …, dtmf, mark, stop ──►     ◄── media, mark, clear
//! ```
//!
//! Every message but `connected` has a `sequenceNumber` and the stream's name. Numbers that count are texts, `sampleRate` and `channels` are numbers. A
//! frame is printed by hand into one allocation of the right size. Bots are dealt with leniently: what isn't known is passed over, also a wrong
//! `streamSid`.
//!
//! Deviations: `start` comes when the call is answered, and there is no X-Twilio-Signature at the upgrade. `from_number` and `to_number` stand among the
//! `customParameters` when no variable has these names.

use std::fmt::Write as _;

use base64::Engine as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::realtime::{BASE64, Text};

use super::event::Event;
use super::facts::Facts;
use super::signature::{call_sid, sid};

/// What is told where the operator names no account.
const NO_ACCOUNT: &str = "AC00000000000000000000000000000000";
/// Name and value of a parameter have this many characters at most.
const LONGEST_PARAMETER: usize = 500;
/// The length of a frame.
const FRAME_MS: u64 = 20;

/// A stream: its names and what was counted on it.
#[derive(Debug)]
pub(super) struct Stream {
    account: String,
    call: String,
    stream: String,
    sequence: u64,
    chunks: u64,
}

impl Stream {
    pub(super) fn new(account: Option<&str>, call_id: &str) -> Self {
        let account = account.unwrap_or(NO_ACCOUNT).to_owned();
        Self { account, call: call_sid(call_id), stream: sid("MZ", call_id), sequence: 0, chunks: 0 }
    }

    /// The two messages that a stream begins with.
    pub(super) fn start(&mut self, facts: &Facts) -> [String; 2] {
        let connected = json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" });
        let start = json!({
            "accountSid": self.account,
            "streamSid": self.stream,
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": { "encoding": "audio/x-mulaw", "sampleRate": 8_000, "channels": 1 },
            "customParameters": parameters(facts),
        });
        [connected.to_string(), self.message("start", start)]
    }

    /// What there are words for; marks of what was cut come back as those of what was heard.
    pub(super) fn tell(&mut self, event: Event, mut send: impl FnMut(String)) {
        match event {
            Event::Key { key, .. } => {
                let dtmf = json!({ "track": "inbound_track", "digit": key });
                send(self.message("dtmf", dtmf));
            }
            Event::Mark { name, .. } => send(self.message("mark", json!({ "name": name }))),
            Event::Interrupted { marks, .. } => {
                marks.into_iter().for_each(|name| send(self.message("mark", json!({ "name": name }))));
            }
            Event::End { .. } => {
                let stop = json!({ "accountSid": self.account, "callSid": self.call });
                send(self.message("stop", stop));
            }
            Event::Answered
            | Event::SpeechStarted { .. }
            | Event::SpeechStopped { .. }
            | Event::Finished { .. }
            | Event::Held { .. }
            | Event::Resumed { .. }
            | Event::Nudge { .. }
            | Event::Drained { .. }
            | Event::TransferResult { .. }
            | Event::Ack { .. }
            | Event::Error { .. }
            | Event::Goodbye { .. }
            | Event::Ping { .. } => {}
        }
    }

    /// A frame of the caller's audio.
    pub(super) fn media(&mut self, frame: &[u8]) -> String {
        const AROUND: usize = 160;
        const NUMBERS: usize = 60;
        let mut message = String::with_capacity(AROUND + NUMBERS + self.stream.len() + frame.len().div_ceil(3) * 4);
        let timestamp = self.chunks * FRAME_MS;
        self.sequence += 1;
        self.chunks += 1;
        let Self { sequence, chunks, stream, .. } = self;
        // Printing into a string can't fail.
        let _infallible = write!(
            message,
            r#"{{"event":"media","sequenceNumber":"{sequence}","streamSid":"{stream}","media":{{"track":"inbound","chunk":"{chunks}","timestamp":"{timestamp}","payload":""#
        );
        BASE64.encode_string(frame, &mut message);
        message.push_str(r#""}}"#);
        message
    }

    fn message(&mut self, event: &str, body: Value) -> String {
        self.sequence += 1;
        let mut message = Map::new();
        message.insert("event".to_owned(), event.into());
        message.insert("sequenceNumber".to_owned(), self.sequence.to_string().into());
        message.insert("streamSid".to_owned(), self.stream.as_str().into());
        message.insert(event.to_owned(), body);
        Value::Object(message).to_string()
    }
}

/// What the bot gets to know of the call: texts that aren't too long.
fn parameters(facts: &Facts) -> Map<String, Value> {
    let own = [("from_number", &facts.from), ("to_number", &facts.to)];
    let given = facts.variables.iter().map(|(name, value)| (name.as_str(), value));
    let all = own.into_iter().chain(given);
    let fits = |(name, value): &(&str, &String)| name.chars().count() + value.chars().count() < LONGEST_PARAMETER;
    all.filter(fits).map(|(name, value)| (name.to_owned(), value.as_str().into())).collect()
}

/// What a bot of this dialect says.
pub(super) enum Said<'a> {
    /// Base64.
    Media(Text<'a>),
    Mark(Text<'a>),
    Clear,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    event: Text<'a>,
    #[serde(borrow)]
    media: Option<Media<'a>>,
    #[serde(borrow)]
    mark: Option<Mark<'a>>,
}

#[derive(Deserialize)]
struct Media<'a> {
    #[serde(borrow)]
    payload: Text<'a>,
}

#[derive(Deserialize)]
struct Mark<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

/// Reads a message; none where it means nothing.
pub(super) fn parse(message: &str) -> Option<Said<'_>> {
    let Message { event, media, mark } = match serde_json::from_str(message) {
        Ok(message) => message,
        Err(error) => {
            tracing::warn!(%error, bytes = message.len(), "a message of the bot can't be read");
            return None;
        }
    };
    match &*event {
        "media" => media.map(|media| Said::Media(media.payload)),
        "mark" => mark.map(|mark| Said::Mark(mark.name)),
        "clear" => Some(Said::Clear),
        _ => None,
    }
}
