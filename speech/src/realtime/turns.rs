//! What the call tells: turns, keys, what was heard, patience and goodbyes; and what is asked of the other side because of it.

use std::time::Instant;

use crate::engine::{ItemId, Leave, Note, Output};
use crate::keypad;
use crate::samples::Samples;

use super::answer::{Ask, Manner};
use super::failure::{self, Reason};
use super::history::Entry;
use super::link::later;
use super::outbox::{EventId, Sent};
use super::said::Utterance;
use super::session::greeting;
use super::{Dialect, FAREWELL, Realtime, Stage, TurnEnd};

/// Another answer than ours is active: for so long its end is waited for before ours is asked for again.
const BLOCKED: std::time::Duration = std::time::Duration::from_secs(2);
/// An answer under way of which nothing comes is asked for anew at the second nudge: models that reason may take their time.
const PATIENCE: u32 = 2;

impl Realtime {
    pub(super) fn answered(&mut self) {
        if self.stage == Stage::Ringing {
            self.stage = Stage::Talking;
            self.greet();
        }
    }

    /// Asks for the greeting, once, when it's time.
    pub(super) fn greet(&mut self) {
        let Some(words) = &self.settings.greeting else { return };
        let due = match self.stage {
            Stage::Ringing => words.early && self.link.is_ready(),
            Stage::Talking => true,
            Stage::Parting | Stage::Leaving { .. } | Stage::Over => false,
        };
        if due && !std::mem::replace(&mut self.greeted, true) {
            self.answers.wait(greeting(&words.text, words.verbatim, words.interruptible));
        }
    }

    /// The caller has the floor: whatever is unspoken is out of date.
    pub(super) fn turn_started(&mut self, at: Samples) {
        if self.stage == Stage::Over {
            return;
        }
        if self.stage == Stage::Parting {
            self.stage = Stage::Talking;
        }
        if self.settings.turn_end == TurnEnd::Ours && !self.floor.is_speaking() {
            self.feed.skip_to(at);
        }
        let under_way = self.answers.active().is_some_and(|active| !active.cancelled && active.ask.is_cuttable());
        let given = self.said.is_cuttable();
        let took = std::mem::take(&mut self.cut) || under_way || given || self.answers.has_waiting();
        self.floor.started(at, took);
        self.nudges = 0;
        self.answers.drop_waiting();
        self.cancel();
        if given {
            // What was given and hasn't begun to be heard.
            self.out.push(Output::Flush);
        }
        self.stop_collecting();
    }

    pub(super) fn turn_ended(&mut self, at: Samples) {
        if self.stage == Stage::Over || !self.floor.is_speaking() {
            return;
        }
        match self.settings.turn_end {
            TurnEnd::Ours => {
                self.floor.keep(at);
                self.floor.ended();
                if self.link.is_ready() {
                    self.commit();
                } else {
                    self.unheard = self.unheard + self.feed.park(self.backlog());
                }
            }
            TurnEnd::ServerVad(_) | TurnEnd::SemanticVad { .. } => {
                if self.floor.ended() {
                    self.answers.wait(Ask::PLAIN);
                }
            }
        }
    }

    /// The turn's audio is complete.
    pub(super) fn commit(&mut self) {
        let out = &mut self.out;
        self.feed.drain(true, |audio| out.append(audio));
        self.commit_sent();
    }

    /// The turns that had to wait for a session are complete.
    pub(super) fn commit_parked(&mut self) {
        let out = &mut self.out;
        self.feed.unpark(|audio| out.append(audio));
        self.commit_sent();
    }

    fn commit_sent(&mut self) {
        self.floor.served();
        let enough = self.feed.commit();
        self.floor.committed_by_us(enough);
        if enough {
            self.out.send(Sent::Commit, []);
            self.answers.wait(Ask::PLAIN);
        }
    }

    /// Nothing more of the answer under way is wanted.
    pub(super) fn cancel(&mut self) {
        let Some(active) = self.answers.active_mut().filter(|active| !active.cancelled && active.ask.is_cuttable())
        else {
            return;
        };
        active.cancelled = true;
        let number = active.number;
        match (&active.remote, self.dialect) {
            (Some(remote), Dialect::Ga) => {
                let remote = remote.to_string().into();
                self.out.send(Sent::Cancel, [("response_id", remote)])
            }
            (Some(_) | None, Dialect::Ga | Dialect::Beta | Dialect::Qwen) => self.out.send(Sent::Cancel, []),
        };
        self.end_items(number, false);
    }

    /// The call has cut an item: the other side forgets what wasn't heard of it.
    pub(super) fn interrupted(&mut self, item: ItemId, heard: Samples) {
        let Some(utterance) = self.said.take(item) else { return };
        if self.stage == Stage::Parting {
            self.stage = Stage::Talking;
        }
        if self.answers.active().is_some_and(|active| active.number == utterance.response) {
            self.cancel();
        }
        self.cut |= !self.floor.is_speaking() && !utterance.is_heard(heard, self.settings.wire());
        if self.knows(&utterance) && !utterance.is_heard(heard, self.settings.wire()) {
            self.truncate(&utterance.remote, heard.ms().min(self.said.received_ms(&utterance)));
        }
        self.history.agent(item, &utterance.heard(heard));
    }

    /// Whether the other side has this item in its conversation.
    fn knows(&self, utterance: &Utterance) -> bool {
        self.link.is_ready() && utterance.epoch == self.link.epoch()
    }

    /// Tells the other side how much of an item was heard, where it can be told.
    pub(super) fn truncate(&mut self, remote: &str, ms: u64) {
        if self.dialect.truncates() {
            self.out.send(
                Sent::Truncate,
                [("item_id", remote.into()), ("content_index", 0.into()), ("audio_end_ms", ms.into())],
            );
        }
    }

    pub(super) fn finished(&mut self, item: ItemId) {
        let Some(utterance) = self.said.take(item) else { return };
        if self.knows(&utterance) && !utterance.is_whole() {
            // Its answer was cancelled; what was on its way then, we have dropped.
            self.truncate(&utterance.remote, self.said.received_ms(&utterance));
        }
        self.history.agent(item, &utterance.whole());
    }

    /// Nothing more comes of the items of an answer; they are whole unless it broke off.
    pub(super) fn end_items(&mut self, answer: u64, whole: bool) {
        for item in self.said.coming(answer) {
            let out = &mut self.out;
            self.said.end(item, whole, |output| out.push(output));
        }
    }

    /// Nobody has moved for a while though it is the model's turn.
    pub(super) fn nudge(&mut self, now: Instant) {
        if !matches!(self.stage, Stage::Talking) || !self.link.is_ready() {
            return;
        }
        self.nudges += 1;
        let Some(active) = self.answers.active() else {
            let served = self.spoke && !self.floor.is_owed();
            match self.answers.has_waiting() {
                // A turn that our turn machine closed late was answered before.
                false if served => self.out.push(Output::Nothing),
                false if !self.calls.is_busy() => self.ask_again(),
                true | false => {}
            }
            return;
        };
        let hopeless = !active.cancelled && !active.spoke() && active.remote.is_some();
        if self.nudges < PATIENCE || !hopeless || !active.ask.is_cuttable() {
            return;
        }
        let ask = active.ask.clone();
        self.cancel();
        self.answers.wait(ask);
        self.nudges = 0;
        self.progress = now;
    }

    /// A turn that went unnoticed: a service that still hears voice is told that the turn is over, and will say so.
    fn ask_again(&mut self) {
        if self.floor.is_heard() && self.feed.commit() {
            self.out.send(Sent::Commit, []);
        } else {
            self.floor.served();
            self.answers.wait(Ask::PLAIN);
        }
    }

    /// Asks for an answer, unless the end of the caller's turn will.
    pub(super) fn ask(&mut self, ask: Ask) {
        if !self.floor.is_speaking() || ask != Ask::PLAIN {
            self.answers.wait(ask);
        }
    }

    /// Sends the ask that waits, if it may be sent now.
    pub(super) fn ask_what_waits(&mut self, now: Instant) {
        if !self.link.is_ready() || self.retry.is_some_and(|retry| now < retry) {
            return;
        }
        let Some(ask) = self.answers.next(now) else { return };
        self.retry = None;
        let prompt = &self.settings.instructions;
        // The instructions of a response stand in the place of the session's, not beside them.
        let instructions = ask.directive.as_ref().map(|directive| format!("{prompt}\n\n{directive}"));
        let event = match self.dialect.response(instructions.as_deref()) {
            Some(response) => self.out.send(Sent::Create, [("response", response)]),
            None => self.out.send(Sent::Create, []),
        };
        self.answers.asked(ask, event);
        self.spoke = false;
        self.cut = false;
        self.progress = now;
    }

    /// The other side didn't take an ask.
    pub(super) fn ask_refused(&mut self, event: EventId, reason: &Reason, now: Instant) {
        if reason.code.contains("active_response") {
            return self.answers.refused(event, later(now, BLOCKED));
        }
        if let Some(active) = self.answers.failed(event)
            && !active.cancelled
        {
            self.ask_failed(active.ask, reason, now);
        }
    }

    /// An answer failed: again, a few times.
    pub(super) fn ask_failed(&mut self, ask: Ask, reason: &Reason, now: Instant) {
        self.failures += 1;
        if ask.manner == Manner::Last {
            return self.hang_up(None);
        }
        if let Some(loss) = failure::of_response(reason, self.failures) {
            return self.lose(loss, true);
        }
        tracing::warn!(error = reason.told(), failures = self.failures, "an answer failed");
        let delay = self.settings.redial.first.saturating_mul(1 << (self.failures - 1).min(16));
        self.retry = Some(later(now, delay.min(self.settings.redial.longest)));
        self.answers.wait_first(ask);
    }

    pub(super) fn key(&mut self, key: char, now: Instant) {
        let wanted = match self.stage {
            Stage::Talking | Stage::Parting => keypad::is_key(key),
            Stage::Ringing | Stage::Leaving { .. } | Stage::Over => false,
        };
        if wanted && !self.collect(key, now) && self.settings.keys.is_some() {
            self.keypad.push(key, now);
        }
    }

    /// Keys that no tool waited for are told to the model once they pause.
    pub(super) fn settle_keys(&mut self, now: Instant) {
        if self.held {
            return;
        }
        self.settle_collector(now);
        if !self.keypad.due(now) {
            return;
        }
        let Some(keys) = self.keypad.take() else { return };
        let text = format!("(The caller pressed {keys} on the telephone's keypad.)");
        self.out.push(Output::Note(Note::Keys(keys)));
        let as_item = self.dialect.takes_text();
        if as_item && self.link.is_ready() {
            let item = self.dialect.message(false, &text);
            self.out.send(Sent::Item, [("item", item)]);
        }
        self.ask(if as_item { Ask::PLAIN } else { Ask::with(text.clone(), Manner::Open) });
        self.history.push(Entry::Told { text });
    }

    pub(super) fn hold(&mut self, held: bool, now: Instant) {
        if std::mem::replace(&mut self.held, held) == held {
            return;
        }
        let keypad = self.collector.as_mut().map_or(&mut self.keypad, |collector| collector.keypad());
        if held { keypad.suspend() } else { keypad.resume(now) }
    }

    /// The operator drains.
    pub(super) fn goodbye(&mut self, now: Instant) {
        match self.stage {
            Stage::Leaving { .. } | Stage::Over => return,
            Stage::Ringing | Stage::Talking | Stage::Parting => {}
        }
        let words = self.settings.goodbye.clone().filter(|_| self.stage != Stage::Ringing && self.link.is_ready());
        self.out.push(Output::Note(Note::Leaving(Leave::Operator)));
        self.out.push(Output::Flush);
        let Some(words) = words else { return self.hang_up(None) };
        self.stage = Stage::Leaving { until: later(now, FAREWELL) };
        self.cancel();
        self.answers.drop_waiting();
        self.answers.wait(Ask::with(words, Manner::Last));
    }
}
