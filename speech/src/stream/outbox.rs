//! What leaves the engine, in order: wishes to the call, and messages to the bot in its dialect.
//!
//! While there is no session, what the bot should know of the call is kept, the last [`MOST_KEPT`] events of it, and told after the next start.

use std::collections::VecDeque;

use crate::engine::{Endpoint, Output};

use super::event::{Event, Moment, Start};
use super::facts::Facts;
use super::settings::{Audio, Dialect, Settings};
use super::twilio;

/// Events that are kept while there is no session; what is older is forgotten.
const MOST_KEPT: usize = 256;

/// How the bot is spoken to.
#[derive(Debug)]
enum Tongue {
    Talkpath(Audio),
    Twilio(twilio::Stream),
}

#[derive(Debug)]
pub(super) struct Outbox {
    tongue: Tongue,
    outputs: VecDeque<Output>,
    kept: VecDeque<Event>,
    /// The session has begun.
    open: bool,
}

impl Outbox {
    pub(super) fn new(dialect: &Dialect, call_id: &str) -> Self {
        let tongue = match dialect {
            Dialect::Talkpath(audio) => Tongue::Talkpath(*audio),
            Dialect::Twilio { account_sid } => Tongue::Twilio(twilio::Stream::new(account_sid.as_deref(), call_id)),
        };
        Self { tongue, outputs: VecDeque::new(), kept: VecDeque::new(), open: false }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push_back(output);
    }

    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The session begins, and what was kept is told.
    pub(super) fn start(&mut self, facts: &Facts, settings: &Settings, moment: Moment) {
        self.open = true;
        match &mut self.tongue {
            Tongue::Talkpath(audio) => send_json(&mut self.outputs, &Start::new(facts, *audio, settings, moment)),
            Tongue::Twilio(stream) => self.outputs.extend(stream.start(facts).map(Output::Send)),
        }
        std::mem::take(&mut self.kept).into_iter().for_each(|event| self.tell(event));
    }

    /// Tells an event, now or when there is a session.
    pub(super) fn tell(&mut self, event: Event) {
        if !self.open {
            return self.keep(event);
        }
        let outputs = &mut self.outputs;
        match &mut self.tongue {
            Tongue::Talkpath(_) => send_json(outputs, &event),
            Tongue::Twilio(stream) => stream.tell(event, |message| outputs.push_back(Output::Send(message))),
        }
    }

    /// Sends a frame of the caller's audio. Gives its buffer back where the frame was copied.
    pub(super) fn frame(&mut self, frame: Vec<u8>) -> Option<Vec<u8>> {
        match &mut self.tongue {
            Tongue::Talkpath(_) => {
                self.outputs.push_back(Output::SendBinary(frame));
                None
            }
            Tongue::Twilio(stream) => {
                self.outputs.push_back(Output::Send(stream.media(&frame)));
                Some(frame)
            }
        }
    }

    /// The call is over: takes leave and closes the socket once that is sent.
    pub(super) fn leave(&mut self, code: u16) {
        self.open = false;
        self.outputs.push_back(Output::Disconnect { code });
    }

    /// The socket is gone, or of no use: what waits to be sent isn't. `code` closes it where there is one.
    pub(super) fn lose(&mut self, code: Option<u16>) {
        self.forget();
        self.outputs.extend(code.map(|code| Output::Disconnect { code }));
    }

    /// A new socket is wanted.
    pub(super) fn connect(&mut self, endpoint: Endpoint) {
        self.forget();
        self.outputs.push_back(Output::Connect(endpoint.into()));
    }

    fn forget(&mut self) {
        self.open = false;
        self.outputs.retain(|output| !matches!(output, Output::Send(_) | Output::SendBinary(_)));
    }

    fn keep(&mut self, event: Event) {
        if !event.outlives_a_session() {
            return;
        }
        if self.kept.len() == MOST_KEPT {
            self.kept.pop_front();
        }
        self.kept.push_back(event);
    }
}

fn send_json(outputs: &mut VecDeque<Output>, message: &impl serde::Serialize) {
    // All of our messages have texts for keys: printing them can't fail.
    outputs.extend(serde_json::to_string(message).ok().map(Output::Send));
}
