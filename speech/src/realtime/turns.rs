//! What the call tells: turns, keys, what was heard, goodbyes; and what the other side is told because of it.

use std::time::Instant;

use crate::engine::{ItemId, Leave, Note, Output};
use crate::keypad;
use crate::samples::Samples;

use super::answer::{Ask, Manner};
use super::history::Entry;
use super::link::later;
use super::outbox::Sent;
use super::said::Utterance;
use super::session::greeting;
use super::{FAREWELL, Realtime, Stage, TurnEnd};

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

    pub(super) fn finished(&mut self, item: ItemId) {
        let Some(utterance) = self.said.take(item) else { return };
        if self.knows(&utterance) && !utterance.is_whole() {
            // Its answer was cancelled; what was on its way then, we have dropped.
            self.truncate(&utterance.remote, self.said.received_ms(&utterance));
        }
        self.history.agent(item, &utterance.whole());
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
