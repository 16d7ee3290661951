//! Tools at work: what becomes of the calls in an answer.

use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use crate::engine::{Note, Output, Task, ToolCall, ToolId};
use crate::keypad::Keypad;
use crate::tools::{self, Builtin, Collect, Request};

use super::answer::{Active, Ask, Manner};
use super::calls::Draft;
use super::history::Entry;
use super::{Realtime, Stage};

/// What a model is told whose answer the caller cut.
const NOT_DONE: &str = r#"{"error":"not carried out: the caller interrupted"}"#;
/// What a model is told that hangs up.
const WILL_END: &str =
    r#"{"ok":true,"note":"the call ends once the caller has heard your last words, unless they speak first"}"#;
/// What a model is told to say that hangs up without a word.
const SAY_GOODBYE: &str = "The call is about to end. Say goodbye in one short sentence.";

/// Digits that a tool waits for.
#[derive(Debug)]
pub(super) struct Collector {
    id: ToolId,
    keypad: Keypad,
    wanted: Collect,
    name: Arc<str>,
    arguments: Arc<str>,
}

/// What is to become of a call.
enum Fate {
    /// The model is told this.
    Told(String),
    HangUp,
    Collect(Collect),
    Task(Task),
}

impl Realtime {
    /// Carries out the calls of a complete answer. Gives whether there were any.
    pub(super) fn carry_out(&mut self, answer: &Active) -> bool {
        let drafts = self.complete_drafts();
        let (any, mut leaving, mut told) = (!drafts.is_empty(), false, false);
        for draft in drafts {
            let fate = self.fate(&draft);
            let id = self.begin(&draft, answer.number);
            let (name, arguments): (Arc<str>, Arc<str>) = (draft.name.into(), object(&draft.arguments).into());
            match fate {
                Fate::Task(task) => self.out.push(Output::Tool(ToolCall { id, name, arguments, task })),
                Fate::Collect(wanted) => {
                    let keypad = Keypad::new(wanted.timeout);
                    self.collector = Some(Collector { id, keypad, wanted, name, arguments });
                }
                Fate::HangUp => {
                    leaving = true;
                    self.conclude(id, name, arguments, WILL_END);
                }
                Fate::Told(output) => {
                    told = true;
                    self.conclude(id, name, arguments, &output);
                }
            }
        }
        if leaving {
            self.leave(answer);
        } else if told && !self.calls.is_at_work(answer.number) {
            self.ask(Ask::PLAIN);
        }
        any
    }

    /// The answer was cut or failed: what it would have had done isn't.
    pub(super) fn refuse_calls(&mut self, answer: &Active) {
        for draft in self.complete_drafts() {
            let id = self.begin(&draft, answer.number);
            self.conclude(id, draft.name.into(), object(&draft.arguments).into(), NOT_DONE);
        }
    }

    /// The driver has carried out a call.
    pub(super) fn tool_result(&mut self, id: ToolId, output: &str) {
        let Some((work, last)) = self.calls.end(id) else { return };
        self.history.output(id, output);
        if self.stage == Stage::Over {
            return;
        }
        let known = self.link.is_ready() && work.epoch == self.link.epoch();
        if known {
            self.send_output(&work.call, output);
        }
        // A session that is rebuilt as text doesn't know the call; it's told in words.
        let ask = if known || !self.link.is_ready() {
            Ask::PLAIN
        } else {
            Ask::with(format!("A tool that you called has given: {output}"), Manner::Open)
        };
        if last {
            self.ask(ask);
        }
    }

    /// Gives a key to the tool that waits for digits, if one does.
    pub(super) fn collect(&mut self, key: char, now: Instant) -> bool {
        let Some(collector) = &mut self.collector else { return false };
        if collector.wanted.terminator == Some(key) {
            self.end_collecting("terminator");
            return true;
        }
        collector.keypad.push(key, now);
        if collector.keypad.keys().len() >= collector.wanted.max {
            self.end_collecting("length");
        }
        true
    }

    /// The first digit is waited for once the agent has said its words.
    pub(super) fn settle_collector(&mut self, now: Instant) {
        let silent = self.said.is_silent();
        let Some(collector) = &mut self.collector else { return };
        if silent {
            collector.keypad.wait(collector.wanted.timeout, now);
        }
        if collector.keypad.due(now) {
            self.end_collecting("timeout");
        }
    }

    /// The caller speaks instead.
    pub(super) fn stop_collecting(&mut self) {
        if self.collector.is_some() {
            self.end_collecting("speech");
        }
    }

    fn end_collecting(&mut self, ended_by: &str) {
        let Some(mut collector) = self.collector.take() else { return };
        let digits = collector.keypad.take().unwrap_or_default();
        let output = json!({ "digits": digits, "ended_by": ended_by }).to_string();
        let Collector { id, name, arguments, .. } = collector;
        self.out.push(Output::Note(Note::Tool { name, arguments, output: output.as_str().into() }));
        self.tool_result(id, &output);
    }

    /// The drafts that the other side has finished writing.
    fn complete_drafts(&mut self) -> Vec<Draft> {
        let mut drafts = self.calls.take_drafts();
        drafts.retain(|draft| draft.complete && !draft.call.is_empty());
        drafts
    }

    fn fate(&self, draft: &Draft) -> Fate {
        let error = |words: &str| Fate::Told(json!({ "error": words }).to_string());
        if !self.settings.tools.iter().any(|tool| tool.name == draft.name) {
            return error(&format!("there is no tool called {:?}", draft.name));
        }
        let Some(builtin) = Builtin::named(&draft.name) else {
            return match tools::check_object(&draft.arguments) {
                Ok(()) => Fate::Task(Task::Custom),
                Err(wrong) => error(&wrong.to_string()),
            };
        };
        match builtin.parse(&draft.arguments) {
            Err(wrong) => error(&wrong.to_string()),
            Ok(Request::HangUp) => Fate::HangUp,
            Ok(Request::CollectDigits(_)) if self.collector.is_some() => error("digits are being collected already"),
            Ok(Request::CollectDigits(wanted)) => Fate::Collect(wanted),
            Ok(Request::SendDtmf { digits }) => Fate::Task(Task::SendDtmf { digits }),
            Ok(Request::Transfer { target, reason }) => Fate::Task(Task::Transfer { target, reason }),
        }
    }

    /// Notes a call that is at work.
    fn begin(&mut self, draft: &Draft, answer: u64) -> ToolId {
        let id = self.calls.number();
        let (call, name, arguments) = (draft.call.clone(), draft.name.clone(), draft.arguments.clone());
        self.history.push(Entry::Call { id, call: call.clone(), name, arguments, output: None });
        self.calls.begin(id, call, answer, self.link.epoch());
        id
    }

    /// A call that needs nobody else.
    fn conclude(&mut self, id: ToolId, name: Arc<str>, arguments: Arc<str>, output: &str) {
        self.out.push(Output::Note(Note::Tool { name, arguments, output: output.into() }));
        self.history.output(id, output);
        if let Some((work, _)) = self.calls.end(id) {
            self.send_output(&work.call, output);
        }
    }

    /// The model hangs up: once its last words were heard, or after it has been asked for some.
    fn leave(&mut self, answer: &Active) {
        match answer.ask.manner {
            Manner::Last => self.hang_up(None),
            // Asked for last words once, it needn't be asked again.
            Manner::Parting => self.stage = Stage::Parting,
            Manner::Open | Manner::Uncuttable if answer.spoke() => self.stage = Stage::Parting,
            Manner::Open | Manner::Uncuttable => {
                self.answers.wait(Ask::with(SAY_GOODBYE.to_owned(), Manner::Parting));
            }
        }
    }
}

impl Collector {
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.keypad.deadline()
    }

    pub(super) fn keypad(&mut self) -> &mut Keypad {
        &mut self.keypad
    }
}

/// Arguments that were left empty are an empty object.
fn object(arguments: &str) -> &str {
    if arguments.trim().is_empty() { "{}" } else { arguments }
}
