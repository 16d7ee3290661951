//! Asking for answers, and taking that back: when `response.create` and `response.cancel` go out, and what is done about an answer that doesn't
//! come.

use std::time::{Duration, Instant};

use crate::engine::Output;

use super::answer::{Ask, Manner};
use super::failure::{self, Reason};
use super::link::later;
use super::outbox::{EventId, Sent};
use super::{Dialect, Realtime, Stage};

/// Another answer than ours is active: for so long its end is waited for before ours is asked for again.
const BLOCKED: Duration = Duration::from_secs(2);
/// An answer under way of which nothing comes is asked for anew at the second nudge: models that reason may take their time.
const PATIENCE: u32 = 2;

impl Realtime {
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

    /// Nothing more comes of the items of an answer; they are whole unless it broke off.
    pub(super) fn end_items(&mut self, answer: u64, whole: bool) {
        for item in self.said.coming(answer) {
            let out = &mut self.out;
            self.said.end(item, whole, |output| out.push(output));
        }
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

    /// The call wants something said.
    pub(super) fn instruct(&mut self, instruction: &str) {
        if self.stage == Stage::Talking {
            self.answers.wait(Ask::with(instruction.to_owned(), Manner::Open));
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
}
