//! What leaves the engine: outputs in order, and the numbering and printing of messages.
//!
//! Appends are printed by hand into one allocation of the right size: they are most of what is sent. All other messages go through
//! [`serde_json::Value`] and carry an `event_id`, by which errors find what they are about.

use std::collections::VecDeque;
use std::sync::Arc;

use base64::Engine as _;
use serde_json::{Map, Value};

use crate::engine::{Endpoint, Output};

use super::base64_engine::BASE64;
use super::dialect::Dialect;

/// So many messages are remembered until an error might be about them.
const REMEMBERED: usize = 64;
const EVENT: &str = "event_";

/// Numbers what is sent on all sockets of one engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventId(u64);

/// What a message was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    Update,
    Create,
    Cancel,
    Truncate,
    Commit,
    Item,
    Finish,
}

impl Sent {
    const fn kind(self) -> &'static str {
        match self {
            Self::Update => "session.update",
            Self::Create => "response.create",
            Self::Cancel => "response.cancel",
            Self::Truncate => "conversation.item.truncate",
            Self::Commit => "input_audio_buffer.commit",
            Self::Item => "conversation.item.create",
            Self::Finish => "session.finish",
        }
    }
}

#[derive(Debug)]
pub(super) struct Outbox {
    dialect: Dialect,
    outputs: VecDeque<Output>,
    events: u64,
    sent: VecDeque<(EventId, Sent)>,
}

impl Outbox {
    pub(super) fn new(dialect: Dialect) -> Self {
        Self { dialect, outputs: VecDeque::new(), events: 0, sent: VecDeque::new() }
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Sends a message whose further fields are `fields`.
    pub(super) fn send<const N: usize>(&mut self, what: Sent, fields: [(&str, Value); N]) -> EventId {
        let event = self.number();
        if self.sent.len() == REMEMBERED {
            self.sent.pop_front();
        }
        self.sent.push_back((event, what));
        let mut message = Map::new();
        message.insert("type".to_owned(), what.kind().into());
        message.insert("event_id".to_owned(), format!("{EVENT}{}", event.0).into());
        message.extend(fields.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.outputs.push_back(Output::Send(Value::Object(message).to_string()));
        event
    }

    /// Sends some of the caller's audio.
    pub(super) fn append(&mut self, audio: &[u8]) {
        const OPEN: &str = r#"{"type":"input_audio_buffer.append","#;
        const AUDIO: &str = r#""audio":""#;
        const CLOSE: &str = r#""}"#;
        /// Room for an `event_id`.
        const NUMBER: usize = 48;
        let room = OPEN.len() + AUDIO.len() + NUMBER + audio.len().div_ceil(3) * 4 + CLOSE.len();
        let mut message = String::with_capacity(room);
        message.push_str(OPEN);
        if self.dialect.numbers_appends() {
            use std::fmt::Write as _;
            let EventId(number) = self.number();
            // Printing into a string can't fail.
            let _infallible = write!(message, r#""event_id":"{EVENT}{number}","#);
        }
        message.push_str(AUDIO);
        BASE64.encode_string(audio, &mut message);
        message.push_str(CLOSE);
        self.outputs.push_back(Output::Send(message));
    }

    /// What the message with this `event_id` was, if it's ours and not long ago.
    pub(super) fn find(&self, event_id: &str) -> Option<(EventId, Sent)> {
        let number: u64 = event_id.strip_prefix(EVENT)?.parse().ok()?;
        self.sent.iter().rev().find(|(event, _)| event.0 == number).copied()
    }

    /// A new socket: nothing that waits to be sent on the old one is.
    pub(super) fn connect(&mut self, endpoint: &Arc<Endpoint>) {
        self.forget();
        self.outputs.push_back(Output::Connect(Arc::clone(endpoint)));
    }

    pub(super) fn disconnect(&mut self, code: u16) {
        self.forget();
        self.outputs.push_back(Output::Disconnect { code });
    }

    /// The socket is gone, and what waits to be sent with it.
    pub(super) fn forget(&mut self) {
        self.outputs.retain(|output| !matches!(output, Output::Send(_)));
        self.sent.clear();
    }

    fn number(&mut self) -> EventId {
        self.events += 1;
        EventId(self.events)
    }
}
