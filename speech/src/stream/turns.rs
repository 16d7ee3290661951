//! What the call tells: turns, keys, what was heard; and what the bot is told because of it.

use std::time::Instant;

use crate::engine::{ItemId, Leave, Note, Output, ToolId};
use crate::keypad;
use crate::samples::Samples;
use crate::turn::BargeIn;

use super::event::{By, Code, Cut, Event, Reason};
use super::settings::Dialect;
use super::{Request, Stage, Stream};

/// What was cut, until it's told in one message.
#[derive(Debug)]
pub(super) struct Report {
    by: By,
    utterances: Vec<Cut>,
    marks: Vec<Box<str>>,
}

impl Stream {
    /// Tells the bot, after what was cut before, if all of that is known.
    pub(super) fn tell(&mut self, event: Event) {
        if !self.clearing {
            self.report();
        }
        self.out.tell(event);
    }

    /// Tells what was cut.
    pub(super) fn report(&mut self) {
        if let Some(Report { by, utterances, marks }) = self.report.take() {
            self.out.tell(Event::Interrupted { by, utterances, marks });
        }
    }

    pub(super) fn position_ms(&self) -> u64 {
        self.ears.position().ms()
    }

    pub(super) fn answered(&mut self) {
        if self.stage == Stage::Ringing {
            self.stage = Stage::Talking;
            self.tell(Event::Answered);
        }
    }

    /// The caller has the floor: what is unspoken is out of date, unless that is the bot's to say.
    pub(super) fn turn_started(&mut self, at: Samples) {
        self.nudges = 0;
        self.tell(Event::SpeechStarted { at_ms: at.ms() });
        match self.barge_in {
            BargeIn::Off => return,
            BargeIn::Steps | BargeIn::Immediate => {}
        }
        for id in self.queue.drop_unspoken() {
            self.add_cut(By::Caller, Some(Cut { id: Some(id), heard_ms: 0 }), Vec::new());
        }
        if self.queue.is_cuttable() {
            self.out.push(Output::Flush);
        }
    }

    pub(super) fn turn_ended(&mut self, at: Samples) {
        self.queue.answer();
        self.tell(Event::SpeechStopped { at_ms: at.ms() });
    }

    pub(super) fn key(&mut self, key: char) {
        if keypad::is_key(key) {
            self.nudges = 0;
            self.tell(Event::Key { key, at_ms: self.position_ms() });
        }
    }

    pub(super) fn heard(&mut self, item: ItemId, heard: Samples) {
        self.queue.hear(item, heard);
        self.tell_marks();
    }

    pub(super) fn finished(&mut self, item: ItemId) {
        let Some(utterance) = self.queue.finish(item) else { return };
        self.tell_marks();
        let heard_ms = utterance.given().ms();
        utterance.id.into_iter().for_each(|id| self.tell(Event::Finished { id, heard_ms }));
    }

    /// The call has cut an item.
    pub(super) fn interrupted(&mut self, item: ItemId, heard: Samples, now: Instant) {
        self.queue.hear(item, heard);
        self.tell_marks();
        let Some((utterance, marks)) = self.queue.cut(item, heard, now) else { return };
        let by = if utterance.cleared { By::Bot } else { By::Caller };
        let cut = Cut { id: utterance.id, heard_ms: heard.ms() };
        self.add_cut(by, Some(cut), marks);
        self.tell_marks();
    }

    /// Adds to what is to be told as cut.
    pub(super) fn add_cut(&mut self, by: By, cut: Option<Cut>, marks: Vec<Box<str>>) {
        if self.report.as_ref().is_some_and(|report| report.by != by) {
            self.report();
        }
        let report = self.report.get_or_insert_with(|| Report { by, utterances: Vec::new(), marks: Vec::new() });
        report.utterances.extend(cut);
        report.marks.extend(marks);
    }

    /// Tells the marks that have been reached.
    pub(super) fn tell_marks(&mut self) {
        while let Some(name) = self.queue.take_due() {
            let at_ms = self.position_ms();
            self.tell(Event::Mark { name, at_ms });
        }
    }

    pub(super) fn hold(&mut self, held: bool) {
        if std::mem::replace(&mut self.held, held) != held {
            let at_ms = self.position_ms();
            self.tell(if held { Event::Held { at_ms } } else { Event::Resumed { at_ms } });
        }
    }

    /// Nobody has moved: the bot is asked once, and then may be silent.
    pub(super) fn nudge(&mut self) {
        let asks = match &self.settings.dialect {
            Dialect::Talkpath(_) => self.out.is_open() && self.nudges == 0,
            Dialect::Twilio { .. } => false,
        };
        self.nudges += 1;
        if asks {
            self.tell(Event::Nudge { at_ms: self.position_ms() });
        } else {
            self.out.push(Output::Nothing);
        }
    }

    /// The operator drains: the bot has a while to say goodbye, if it is there and knows the word.
    pub(super) fn goodbye(&mut self, now: Instant) {
        match self.stage {
            Stage::Leaving { .. } | Stage::Parting | Stage::Over => return,
            Stage::Ringing | Stage::Talking => {}
        }
        self.out.push(Output::Note(Note::Leaving(Leave::Operator)));
        self.reason = Reason::Operator;
        let knows = match &self.settings.dialect {
            Dialect::Talkpath(_) => self.stage == Stage::Talking && self.out.is_open(),
            Dialect::Twilio { .. } => false,
        };
        let farewell = self.settings.farewell;
        match now.checked_add(farewell).filter(|_| knows) {
            Some(until) => {
                self.stage = Stage::Leaving { until };
                self.tell(Event::Goodbye { within_ms: u64::try_from(farewell.as_millis()).unwrap_or(u64::MAX) });
            }
            None => self.hang_up(None, Reason::Operator),
        }
    }

    /// The call ends once everything has been heard; nothing more is said.
    pub(super) fn hang_up(&mut self, leave: Option<Leave>, reason: Reason) {
        match self.stage {
            Stage::Parting | Stage::Over => return,
            Stage::Ringing | Stage::Talking | Stage::Leaving { .. } => {}
        }
        let out = &mut self.out;
        self.queue.end(true, |output| out.push(output));
        self.stage = Stage::Parting;
        self.reason = reason;
        leave.into_iter().for_each(|leave| self.out.push(Output::Note(Note::Leaving(leave))));
        self.out.push(Output::HangUp);
    }

    /// The driver has carried out what the bot wanted.
    pub(super) fn tool_result(&mut self, id: ToolId, output: String) {
        let Some(request) = self.requests.remove(&id) else { return };
        let output: serde_json::Value = serde_json::from_str(&output).unwrap_or(output.into());
        let ok = output.get("error").is_none();
        match request {
            Request::Transfer(request) => self.tell(Event::TransferResult { request, ok, output }),
            Request::Keys(Some(request)) if ok => self.tell(Event::Ack { request }),
            Request::Keys(_) if ok => {}
            Request::Keys(request) => {
                self.tell(Event::Error { code: Code::Failed, message: output.to_string(), request });
            }
        }
    }
}
