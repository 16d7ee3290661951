//! Having a session: dialling, configuring, losing it, and rebuilding the conversation on the next.

use std::time::Instant;

use serde_json::{Value, json};

use crate::engine::{ConnectFailure, Loss, Note, Output, Trouble};
use crate::samples::Samples;

use super::answer::{Ask, Manner};
use super::failure::{self, Reason, Verdict};
use super::history::{Entry, UNKNOWN};
use super::link::{Next, State};
use super::outbox::Sent;
use super::{Realtime, Stage};

/// Going away, normally (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;
/// What a model is told that was cut off by a fault.
const GO_ON: &str =
    "The connection broke off while you were answering. Go on where your last words stop, without greeting anew.";
/// What stands for a turn that was on its way when the session was lost.
const LOST_WORDS: &str = "(what the caller said was lost with the connection)";
/// What a conversation looks like in the instructions of a dialect that takes no texts as items.
const SO_FAR: &str =
    "The conversation so far, before the connection was lost for a moment. Go on from there without greeting anew.";

impl Realtime {
    /// Asks for a socket.
    pub(super) fn dial(&mut self, now: Instant) {
        self.link.connect(now);
        self.complaint = None;
        self.out.connect(&self.endpoint);
    }

    pub(super) fn settle_link(&mut self, now: Instant) {
        if self.link.deadline().is_none_or(|deadline| now < deadline) {
            return;
        }
        match self.link.state() {
            State::Waiting { .. } if self.stage == Stage::Over => self.link.give_up(),
            State::Waiting { .. } => self.dial(now),
            State::Connecting { .. } | State::Opening { .. } | State::Configuring { .. } => {
                self.broken("no session in time", false, true, now);
            }
            State::Ready { .. } if self.is_quiet() => {
                tracing::info!("the engine's session is replaced before it expires");
                self.out.disconnect(NORMAL);
                self.forget_session();
                self.dial(now);
            }
            State::Finishing { .. } => self.close(),
            State::Ready { .. } | State::Idle | State::Gone => {}
        }
    }

    pub(super) fn socket_failed(&mut self, failure: &ConnectFailure, now: Instant) {
        if self.link.has_socket() {
            self.judge(failure::of_connect(failure, self.link.was_ready()), false, now);
        }
    }

    pub(super) fn socket_closed(&mut self, code: Option<u16>, reason: &str, now: Instant) {
        if matches!(self.link.state(), State::Finishing { .. }) {
            return self.close();
        }
        if self.link.has_socket() {
            self.judge(failure::of_close(code, reason, self.complaint.as_ref()), false, now);
        }
    }

    /// Acts on a failure. `open` says whether there is still a socket to close.
    pub(super) fn judge(&mut self, verdict: Verdict, open: bool, now: Instant) {
        match verdict {
            Verdict::Lost(loss) => self.lose(loss, open),
            Verdict::Retry { why, swamped } => self.broken(&why, swamped, open, now),
        }
    }

    /// The session is gone or of no use: another, or the end.
    pub(super) fn broken(&mut self, why: &str, swamped: bool, open: bool, now: Instant) {
        if open {
            self.out.disconnect(NORMAL);
        }
        self.forget_session();
        match self.stage {
            Stage::Over => return self.link.give_up(),
            Stage::Leaving { .. } => {
                self.link.give_up();
                return self.hang_up(None);
            }
            Stage::Ringing | Stage::Talking | Stage::Parting => {}
        }
        match self.link.failed(swamped, now) {
            Next::Retry(attempt) => {
                tracing::warn!(attempt, why, "the engine's session is lost");
                self.troubled = true;
                self.out.push(Output::Trouble(Trouble::Reconnecting { attempt, why: why.to_owned() }));
            }
            Next::Exhausted => self.lose(failure::exhausted(why, swamped), false),
        }
    }

    /// Beyond repair.
    pub(super) fn lose(&mut self, loss: Loss, open: bool) {
        tracing::error!(fault = ?loss.fault, %loss, "the engine is lost");
        if open {
            self.out.disconnect(NORMAL);
        }
        self.forget_session();
        self.link.give_up();
        match self.stage {
            Stage::Over => {}
            Stage::Leaving { .. } => self.hang_up(None),
            Stage::Ringing | Stage::Talking | Stage::Parting => {
                self.stage = Stage::Over;
                self.out.push(Output::Trouble(Trouble::Lost(loss)));
            }
        }
    }

    /// What was under way on the session that is gone is asked for again on the next.
    fn forget_session(&mut self) {
        self.out.forget();
        self.feed.restart();
        self.callers.restart();
        if self.floor.restart() {
            self.history.push(Entry::Told { text: LOST_WORDS.to_owned() });
        }
        drop(self.calls.take_drafts());
        let Some(active) = self.answers.lost() else { return };
        self.end_items(active.number, false);
        if active.cancelled {
            return;
        }
        let go_on = active.spoke() && active.ask.directive.is_none();
        let ask = if go_on { Ask::with(GO_ON.to_owned(), active.ask.manner) } else { active.ask };
        self.answers.wait_first(ask);
    }

    /// `session.created`: tell what we want.
    pub(super) fn session_created(&mut self) {
        if !self.link.created() {
            return;
        }
        let so_far = if self.dialect.takes_text() { String::new() } else { self.conversation() };
        let mut instructions = self.settings.instructions.clone();
        if !so_far.is_empty() {
            instructions = format!("{instructions}\n\n{SO_FAR}\n{so_far}");
        }
        let session = self.dialect.session(&self.settings, &instructions);
        self.out.send(Sent::Update, [("session", session)]);
    }

    /// `session.updated`: audio is understood from here on.
    pub(super) fn session_updated(&mut self, now: Instant) {
        if !self.link.updated(now) {
            return;
        }
        self.out.push(Output::Ready);
        if self.dialect.takes_text() {
            self.rebuild();
        }
        let unheard = std::mem::take(&mut self.unheard);
        if unheard > Samples::ZERO {
            tracing::warn!(%unheard, "the caller's audio waited for the engine for too long");
            self.out.push(Output::Note(Note::Unheard(unheard)));
        }
        if std::mem::take(&mut self.troubled) {
            self.out.push(Output::Trouble(Trouble::Recovered));
        }
        if self.floor.has_kept() {
            self.commit_parked();
        }
        self.greet();
    }

    /// `session.finished`.
    pub(super) fn session_finished(&mut self) {
        if matches!(self.link.state(), State::Finishing { .. }) {
            self.close();
        }
    }

    /// The call is over.
    pub(super) fn ended(&mut self, now: Instant) {
        self.stage = Stage::Over;
        match self.link.state() {
            State::Ready { .. } if self.dialect.finishes() => {
                self.out.send(Sent::Finish, []);
                self.link.finish(now);
            }
            State::Finishing { .. } => {}
            State::Idle
            | State::Waiting { .. }
            | State::Connecting { .. }
            | State::Opening { .. }
            | State::Configuring { .. }
            | State::Ready { .. }
            | State::Gone => self.close(),
        }
    }

    fn close(&mut self) {
        self.out.disconnect(NORMAL);
        self.link.give_up();
    }

    /// Puts the conversation so far into a new session, as items.
    fn rebuild(&mut self) {
        let epoch = self.link.epoch();
        let mut items: Vec<Value> = Vec::new();
        for entry in self.history.entries() {
            match entry {
                Entry::Caller { text, .. } => {
                    items.push(self.dialect.message(false, text.as_deref().unwrap_or(UNKNOWN)));
                }
                Entry::Told { text } => items.push(self.dialect.message(false, text)),
                Entry::Agent { .. } => {
                    items.extend(self.spoken(entry).map(|text| self.dialect.message(true, &text)));
                }
                Entry::Call { call, name, arguments, output, .. } => {
                    items.push(
                        json!({ "type": "function_call", "call_id": call, "name": name, "arguments": arguments }),
                    );
                    items.extend(output.as_ref().map(|output| call_output(call, output)));
                }
            }
        }
        for item in items {
            self.out.send(Sent::Item, [("item", item)]);
        }
        self.calls.rebuilt(epoch);
    }

    /// The conversation so far, as lines.
    fn conversation(&self) -> String {
        let lines = self.history.entries().filter_map(|entry| match entry {
            Entry::Caller { text, .. } => Some(format!("Caller: {}", text.as_deref().unwrap_or(UNKNOWN))),
            Entry::Told { text } => Some(format!("Caller: {text}")),
            Entry::Agent { .. } => self.spoken(entry).map(|text| format!("You: {text}")),
            Entry::Call { name, arguments, output, .. } => {
                let output = output.as_deref().unwrap_or("(no result yet)");
                Some(format!("You called the tool {name} with {arguments}; it gave: {output}"))
            }
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The agent's words in an entry: as far as they were heard, or all of them while they are being heard.
    fn spoken(&self, entry: &Entry) -> Option<String> {
        let Entry::Agent { item, text } = entry else { return None };
        let words = text.clone().or_else(|| self.said.find(*item).map(super::said::Utterance::whole));
        words.filter(|words| !words.is_empty())
    }

    /// The other side complains.
    pub(super) fn complained(&mut self, reason: Reason, param: Option<&str>, event_id: Option<&str>, now: Instant) {
        let about = event_id.and_then(|event| self.out.find(event));
        match (about, failure::of_error(&reason)) {
            (_, Some(verdict)) => self.judge(verdict, true, now),
            (Some((_, Sent::Update)), None) if !self.link.is_ready() => {
                self.lose(failure::of_settings(&reason, param), true);
            }
            (Some((event, Sent::Create)), None) => self.ask_refused(event, &reason, now),
            // Clones may leave out whom they answer.
            (None, None) if reason.code.contains("already_has_active_response") => {
                if let Some(event) = self.answers.active().and_then(|active| active.event) {
                    self.ask_refused(event, &reason, now);
                }
            }
            // Races that harm nobody: a cancel after the end, a truncation of what is gone, a commit of nothing.
            (
                Some((_, Sent::Cancel | Sent::Truncate | Sent::Commit | Sent::Item | Sent::Finish | Sent::Update)),
                None,
            ) => {
                tracing::debug!(error = reason.told(), "the engine couldn't do what it was told");
            }
            (None, None) => {
                tracing::warn!(error = reason.told(), "the engine complains");
                self.complaint = Some(reason);
            }
        }
    }
}

/// What a tool came to, as an item.
pub(super) fn call_output(call: &str, output: &str) -> Value {
    json!({ "type": "function_call_output", "call_id": call, "output": output })
}

/// The greeting, as the model is told to say it.
pub(super) fn greeting(text: &str, verbatim: bool, interruptible: bool) -> Ask {
    let directive = if verbatim {
        format!("The call has just begun. Say exactly the following, word for word, and nothing else:\n{text}")
    } else {
        format!("The call has just begun. Greet the caller first: {text}")
    };
    Ask::with(directive, if interruptible { Manner::Open } else { Manner::Uncuttable })
}
