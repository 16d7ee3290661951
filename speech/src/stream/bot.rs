//! What the bot says, and what becomes of it.

use std::sync::Arc;
use std::time::Instant;

use base64::Engine as _;
use serde_json::json;

use crate::engine::{CallerItem, Leave, Note, Output, Task, ToolCall, ToolId};
use crate::realtime::BASE64;
use crate::samples::Samples;
use crate::tools::Builtin;

use super::caption::Caption;
use super::command::{self, Command, Name, Refusal, When};
use super::event::{By, Code, Cut, Event, Reason};
use super::settings::Dialect;
use super::twilio::{self, Said};
use super::{MAX_MESSAGE, Request, Stage, Stream};

/// Commands that may be under way.
const MOST_REQUESTS: usize = 16;
/// The longest name of a mark, also in Twilio's dialect.
const LONGEST_MARK: usize = 1_024;
impl Stream {
    /// A text message.
    pub(super) fn message(&mut self, message: &str, now: Instant) {
        if !self.link.is_open() {
            return;
        }
        self.spoke = true;
        match &self.settings.dialect {
            Dialect::Talkpath(_) => self.talkpath(message),
            Dialect::Twilio { .. } if message.len() > MAX_MESSAGE => {
                tracing::warn!(bytes = message.len(), "a message of the bot is too large");
            }
            Dialect::Twilio { .. } => self.twilio(message, now),
        }
    }

    /// A binary message: audio, which only our own protocol sends so.
    pub(super) fn binary(&mut self, audio: &[u8], now: Instant) {
        if !self.link.is_open() {
            return;
        }
        self.spoke = true;
        match &self.settings.dialect {
            Dialect::Talkpath(_) if audio.len() > MAX_MESSAGE => {
                let message = format!("a binary message has {MAX_MESSAGE} bytes at most");
                self.refuse(Refusal::new(Code::TooLarge, message), None);
            }
            Dialect::Talkpath(_) => self.sound(audio, now),
            Dialect::Twilio { .. } => tracing::debug!("a bot of Twilio's dialect sends no binary messages"),
        }
    }

    fn twilio(&mut self, message: &str, now: Instant) {
        match twilio::parse(message) {
            Some(Said::Media(payload)) => {
                let mut audio = std::mem::take(&mut self.scratch);
                audio.clear();
                match BASE64.decode_vec(&*payload, &mut audio) {
                    Ok(()) => self.sound(&audio, now),
                    Err(error) => tracing::warn!(%error, "audio of the bot can't be read"),
                }
                self.scratch = audio;
            }
            Some(Said::Mark(name)) => drop(self.mark(&name).inspect_err(|refusal| {
                tracing::warn!(?refusal, "a mark of the bot's finds no room");
            })),
            Some(Said::Clear) => self.clear(),
            None => {}
        }
    }

    fn mark(&mut self, name: &str) -> Result<(), Refusal> {
        if name.len() > LONGEST_MARK {
            return Err(Refusal::new(Code::TooLarge, "the name of a mark is too long"));
        }
        self.queue.mark(name).map_err(|_full| Refusal::new(Code::TooMany, "too many marks wait to be heard"))?;
        self.tell_marks();
        Ok(())
    }

    /// Drops everything that waits.
    fn clear(&mut self) {
        let (names, marks) = self.queue.clear();
        for id in names {
            self.add_cut(By::Bot, Some(Cut { id: Some(id), heard_ms: 0 }), Vec::new());
        }
        if !marks.is_empty() {
            self.add_cut(By::Bot, None, marks);
        }
        self.clearing = true;
        self.out.push(Output::Clear);
    }

    fn talkpath(&mut self, message: &str) {
        let (request, command) = command::parse(message);
        match command.and_then(|command| self.obey(command, request.as_deref())) {
            Ok(Done::Yes) => request.into_iter().for_each(|request| self.tell(Event::Ack { request })),
            Ok(Done::Later) => {}
            Err(refusal) => self.refuse(refusal, request),
        }
    }

    pub(super) fn refuse(&mut self, refusal: Refusal, request: Option<Box<str>>) {
        let Refusal { code, message } = refusal;
        tracing::debug!(?code, message, "the bot is refused something");
        self.tell(Event::Error { code, message, request });
    }

    fn obey(&mut self, command: Command, request: Option<&str>) -> Result<Done, Refusal> {
        match command {
            Command::UtteranceBegin { id, text, interruptible } => self.begin(id, text, interruptible)?,
            Command::UtteranceEnd { id } => self.end(id)?,
            Command::Text { id, text, from_ms, to_ms } => {
                let span = [from_ms, to_ms].map(|ms| ms.map(command::Ms::samples));
                self.text(id, &text, span)?;
            }
            Command::CallerText { text, from_ms, to_ms, finished } => {
                let span = from_ms.zip(to_ms).map(|(from, to)| from.samples()..to.samples().max(from.samples()));
                let item = CallerItem(self.caller_items);
                self.caller_items += u64::from(finished);
                self.out.push(Output::CallerText { item, text: text.into(), span, finished });
            }
            Command::Mark { name: Name(name) } => self.mark(&name)?,
            Command::Clear => self.clear(),
            Command::HangUp { when } => self.bot_hangs_up(when)?,
            Command::Interruption { mode } => {
                self.barge_in = mode.into();
                self.out.push(Output::BargeIn(self.barge_in));
            }
            Command::Note { text } => self.out.push(Output::Note(Note::Remark(text))),
            Command::Pong => self.pulse.answered(),
            Command::Keys { digits } => {
                let task = Task::SendDtmf { digits: digits.0 };
                return self.want(task, Request::Keys(request.map(Into::into)));
            }
            Command::Transfer { target: Name(target), reason } => {
                let task = Task::Transfer { target: target.into(), reason };
                self.want(task, Request::Transfer(request.map(Into::into)))?;
            }
        }
        Ok(Done::Yes)
    }

    fn begin(&mut self, Name(id): Name, text: Option<String>, interruptible: bool) -> Result<(), Refusal> {
        self.may_talk()?;
        self.nudges = 0;
        let caption = text.map_or_else(Caption::default, |text| Caption::whole(&text));
        let out = &mut self.out;
        let begun = self.queue.begin(Some(id), interruptible, caption, |output| out.push(output));
        begun.map(drop).map_err(|_full| Refusal::new(Code::TooMany, "too many utterances wait to be heard"))
    }

    fn end(&mut self, id: Option<Name>) -> Result<(), Refusal> {
        let id = id.as_ref().map(|Name(id)| &**id);
        if self.queue.is_late() {
            self.queue.end_late();
        } else if self.queue.open(id).is_some() {
            let out = &mut self.out;
            self.queue.end(true, |output| out.push(output));
        } else if id.is_some_and(|id| self.queue.named(id).is_none()) {
            return Err(unknown(id));
        }
        Ok(())
    }

    fn text(&mut self, id: Option<Name>, text: &str, [from, to]: [Option<Samples>; 2]) -> Result<(), Refusal> {
        self.may_talk()?;
        let id = id.as_ref().map(|Name(id)| &**id);
        let utterance = match id {
            Some(id) => self.queue.named(id),
            None => self.queue.open(None),
        };
        let Some(utterance) = utterance else { return Err(unknown(id)) };
        if utterance.caption.is_whole() {
            return Err(Refusal::new(Code::NotAllowed, "this utterance was begun with its whole text"));
        }
        if !utterance.caption.push(text, from, to) {
            return Err(Refusal::new(Code::TooMany, "too much text waits for the first audio of its utterance"));
        }
        if utterance.is_given() {
            let out = &mut self.out;
            utterance.caption.tell(utterance.item, |output| out.push(output));
        }
        Ok(())
    }

    fn bot_hangs_up(&mut self, when: When) -> Result<(), Refusal> {
        self.may_talk()?;
        match when {
            When::Heard => {}
            When::Now => self.clear(),
        }
        let leave = match self.stage {
            // That was noted when the operator asked for it.
            Stage::Leaving { .. } => None,
            Stage::Ringing | Stage::Talking | Stage::Parting | Stage::Over => Some(Leave::Agent),
        };
        self.hang_up(leave, Reason::Bot);
        Ok(())
    }

    /// Has the driver do something.
    fn want(&mut self, task: Task, request: Request) -> Result<Done, Refusal> {
        self.may_talk()?;
        if self.requests.len() >= MOST_REQUESTS {
            return Err(Refusal::new(Code::TooMany, "too many commands are under way"));
        }
        let (tool, arguments) = match &task {
            Task::SendDtmf { digits } => (Builtin::SendDtmf, json!({ "digits": digits })),
            Task::Transfer { target, reason: None } => (Builtin::Transfer, json!({ "target": target })),
            Task::Transfer { target, reason: Some(reason) } => {
                (Builtin::Transfer, json!({ "target": target, "reason": reason }))
            }
            Task::Custom => return Ok(Done::Yes),
        };
        let id = ToolId(self.tools);
        self.tools += 1;
        self.requests.insert(id, request);
        let (name, arguments) = (Arc::from(tool.name()), arguments.to_string().into());
        self.out.push(Output::Tool(ToolCall { id, name, arguments, task }));
        Ok(Done::Later)
    }

    fn may_talk(&self) -> Result<(), Refusal> {
        if self.stage.is_last() { Err(Refusal::new(Code::NotAllowed, "the call is about to end")) } else { Ok(()) }
    }
}

/// Whether a command has been carried out.
enum Done {
    Yes,
    /// Its answer comes when it is.
    Later,
}

fn unknown(id: Option<&str>) -> Refusal {
    let message =
        id.map_or_else(|| "no utterance is open".to_owned(), |id| format!("no utterance {id:?} waits to be heard"));
    Refusal::new(Code::UnknownUtterance, message)
}
