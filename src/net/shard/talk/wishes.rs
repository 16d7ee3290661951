//! What an engine wants, done.

use super::{LAST_PACKETS, Talk};
use crate::net::shard::command::{Command, MediaEvent};
use crate::net::shard::surroundings::Surroundings;
use std::sync::Arc;
use std::time::Instant;
use talkpath_media::g711::Law;
use talkpath_speech::engine::{Input, Output, Ticket, ToolCall, WallClock, Wire};
use talkpath_speech::turn::Answer;
use talkpath_speech::voice::Speech;
use tracing::warn;

/// What a model is told whose tool the call has no room for.
const NO_ROOM: &str = r#"{"error":"the call is too busy for this now"}"#;

impl Talk {
    /// Does what the engine wants.
    pub(super) fn grant(&mut self, output: Output, now: Instant, around: &Surroundings<'_>) {
        match output {
            Output::Audio { item, audio, interruptible } => {
                let item = self.items.outer(item);
                self.enqueue(item, audio, interruptible, now);
            }
            Output::Coded { item, bytes, interruptible } => {
                let item = self.items.outer(item);
                let law = if self.engine.wire() == Wire::Alaw { Law::A } else { Law::Mu };
                self.enqueue_coded(item, law, bytes, interruptible, now);
            }
            Output::Text { item, text, span } => {
                let item = self.items.outer(item);
                self.ledger.text(item, text, span);
            }
            Output::TextEnds { item, end } => {
                let item = self.items.outer(item);
                self.ledger.stretch(item, end);
            }
            Output::ItemEnd { item } => {
                let item = self.items.outer(item);
                self.end_item(item);
            }
            Output::Flush => self.interrupt(now),
            Output::Clear => self.drop_speech(now),
            Output::BargeIn(barge_in) => self.turn.set_barge_in(barge_in),
            Output::Synthesize { ticket, text } => self.synthesize(ticket, &text, now, around),
            Output::WallClock => self.tell_time(now, around),
            Output::Connect(endpoint) => self.connect(endpoint, around),
            Output::Disconnect { code } => self.disconnect(code, around),
            Output::Send(text) => self.send(text.into(), now),
            Output::SendBinary(bytes) => self.send(bytes.into(), now),
            Output::Ready => self.tell(MediaEvent::EngineReady),
            Output::Trouble(trouble) => self.in_trouble(trouble),
            Output::Tool(call) => self.tool(call, now),
            Output::CallerText { item, text, span, finished } => {
                let span = span.map(|span| span.start + self.origin..span.end + self.origin);
                if let Some(span) = &span {
                    self.ledger.caller_words(span, &text);
                }
                self.tell(MediaEvent::CallerSaid { item, text, span, finished });
            }
            Output::Usage(usage) => self.tell(MediaEvent::Usage(usage)),
            Output::Nothing => self.turn.handle_engine(Answer::Nothing),
            Output::HangUp => self.leaving = Some(LAST_PACKETS),
            Output::Decided(decision) => self.tell(MediaEvent::Decided(decision)),
            Output::Note(note) => self.tell(MediaEvent::Noted(note)),
            Output::Timeout(wake) => self.wake = wake,
        }
    }

    fn tell_time(&mut self, now: Instant, around: &Surroundings<'_>) {
        let time = jiff::Timestamp::now().to_zoned(around.services.zone.clone());
        let part = |value: i8| u8::try_from(value).unwrap_or_default();
        let clock = WallClock { hour: part(time.hour()), minute: part(time.minute()) };
        self.engine.handle(Input::WallClock(clock), now);
    }

    /// The call's task does what a model asks for.
    fn tool(&mut self, call: ToolCall, now: Instant) {
        let id = call.id;
        if self.events.try_send(MediaEvent::Tool(call)).is_err() {
            self.engine.handle(Input::ToolResult { id, output: NO_ROOM.to_owned() }, now);
        }
    }

    /// Asks for speech: at hand for the lines that are always said, from the worker for all others.
    fn synthesize(&mut self, ticket: Ticket, text: &str, now: Instant, around: &Surroundings<'_>) {
        if let Some(speech) = around.services.voice.phrasebook().find(text) {
            self.engine.handle(Input::Synthesized { ticket, speech }, now);
            return;
        }
        let (commands, key) = (around.commands.clone(), self.key);
        let deliver = move |speech| {
            // A shard that is gone needs no speech; from one that is swamped the engine's watchdog asks again.
            if let Some(commands) = commands.upgrade()
                && commands.try_send(Command::Synthesized(key, ticket, speech)).is_err()
            {
                warn!(call = key.0, "a line came and found no room on its shard");
            }
        };
        if let Err(error) = around.services.voice.request(text.to_owned(), deliver) {
            warn!(call = self.key.0, %error, "a line is left out");
            let nothing = Arc::new(Speech { audio: Arc::new([]), words: Vec::new() });
            self.engine.handle(Input::Synthesized { ticket, speech: nothing }, now);
        }
    }
}
