//! Having a session with the bot: dialling, losing it, and going on with the next.

use std::time::{Duration, Instant};

use crate::engine::{ConnectFailure, Endpoint, Leave, Loss, Note, Output, Trouble};
use crate::samples::Samples;

use super::event::{Event, Moment, Reason};
use super::failure::{self, Verdict};
use super::link::{Next, State};
use super::settings::Dialect;
use super::signature::{CALL_ID_HEADER, SIGNATURE_HEADER, signature};
use super::{Stage, Stream};

/// Going away, normally (RFC 6455 §7.4.1).
const NORMAL: u16 = 1000;
/// So many pings may be unanswered.
const MISSED: u32 = 2;

/// Asking the bot whether it is still there.
#[derive(Debug)]
pub(super) struct Pulse {
    every: Option<Duration>,
    next: Option<Instant>,
    count: u64,
    missed: u32,
    /// The bot answers pings.
    answers: bool,
}

impl Pulse {
    pub(super) fn new(every: Option<Duration>) -> Self {
        Self { every, next: None, count: 0, missed: 0, answers: false }
    }

    /// A session begins, which may be with another bot.
    fn restart(&mut self, now: Instant) {
        self.next = self.every.and_then(|every| now.checked_add(every));
        (self.missed, self.answers) = (0, false);
    }

    fn stop(&mut self) {
        self.next = None;
    }

    pub(super) fn answered(&mut self) {
        (self.missed, self.answers) = (0, true);
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.next
    }
}

impl Stream {
    /// Asks for a socket.
    pub(super) fn dial(&mut self, now: Instant) {
        self.link.connect(now);
        self.ask_for_socket(now);
    }

    pub(super) fn ask_for_socket(&mut self, now: Instant) {
        self.spoke = false;
        let endpoint = self.endpoint(now);
        self.out.connect(endpoint);
    }

    /// Where the bot is, and what tells it that it's us.
    fn endpoint(&self, now: Instant) -> Endpoint {
        let call_id = self.facts.call_id.clone();
        let unix = self.unix.saturating_add(now.saturating_duration_since(self.epoch)).as_secs();
        let signed = self.settings.signing_key.as_ref().map(|key| signature(key, &call_id, unix));
        let own = [Some((CALL_ID_HEADER, call_id)), signed.map(|signed| (SIGNATURE_HEADER, signed))];
        let own = own.into_iter().flatten().map(|(name, value)| (name.to_owned(), value));
        let told = self.settings.headers.iter().map(|(name, value)| (name.clone(), value.0.clone()));
        let headers = told.chain(own).collect();
        Endpoint { url: self.settings.url.clone(), headers, protocols: Vec::new() }
    }

    pub(super) fn settle_link(&mut self, now: Instant) {
        if self.link.deadline().is_some_and(|deadline| now >= deadline) {
            match self.link.state() {
                State::Waiting { .. } if self.stage.is_last() => self.link.give_up(),
                State::Waiting { .. } => self.dial(now),
                State::Connecting { .. } => self.broken("no answer in time", false, true, now),
                State::Open { .. } | State::Gone => {}
            }
        }
        if self.link.is_open() && !self.out.is_open() && self.may_start() {
            self.start(now);
        }
        self.settle_pulse(now);
    }

    /// Bots of Twilio get to know a call when it is answered, ours as soon as they can.
    fn may_start(&self) -> bool {
        match &self.settings.dialect {
            Dialect::Talkpath(_) => true,
            Dialect::Twilio { .. } => self.stage != Stage::Ringing,
        }
    }

    fn settle_pulse(&mut self, now: Instant) {
        if self.pulse.next.is_none_or(|next| now < next) {
            return;
        }
        if self.pulse.answers && self.pulse.missed >= MISSED {
            return self.broken("the bot answers no more pings", false, true, now);
        }
        self.pulse.next = self.pulse.every.and_then(|every| now.checked_add(every));
        self.pulse.count += 1;
        self.pulse.missed += 1;
        self.tell(Event::Ping { n: self.pulse.count });
    }

    /// The session begins.
    fn start(&mut self, now: Instant) {
        let moment = Moment {
            interruption: self.barge_in,
            answered: self.stage != Stage::Ringing,
            resumed: self.started,
            held: self.held,
            at: self.ears.start(),
        };
        self.out.start(&self.facts, &self.settings, moment);
        self.started = true;
        self.pulse.restart(now);
        self.out.push(Output::Ready);
        let unheard = self.ears.take_unheard();
        if unheard > Samples::ZERO {
            tracing::warn!(%unheard, "the caller's audio waited for the bot for too long");
            self.out.push(Output::Note(Note::Unheard(unheard)));
        }
        if std::mem::take(&mut self.troubled) {
            self.out.push(Output::Trouble(Trouble::Recovered));
        }
        self.send_frames();
    }

    pub(super) fn socket_opened(&mut self, now: Instant) {
        self.link.opened(now);
    }

    pub(super) fn socket_failed(&mut self, failure: &ConnectFailure, now: Instant) {
        if self.link.has_socket() {
            self.judge(failure::of_connect(failure, self.started), now);
        }
    }

    pub(super) fn socket_closed(&mut self, code: Option<u16>, reason: &str, now: Instant) {
        if self.link.has_socket() {
            self.judge(failure::of_close(code, reason, self.spoke), now);
        }
    }

    /// Acts on a failure of a socket that is gone already.
    fn judge(&mut self, verdict: Verdict, now: Instant) {
        match verdict {
            Verdict::Lost(loss) => self.lose(loss, false),
            Verdict::Retry { why, swamped } => self.broken(&why, swamped, false, now),
            Verdict::Left => {
                self.forget_session(false);
                self.link.give_up();
                self.hang_up(Some(Leave::Agent), Reason::Bot);
            }
        }
    }

    /// The session is gone or of no use: another, or the end. `open` says whether there is still a socket to close.
    fn broken(&mut self, why: &str, swamped: bool, open: bool, now: Instant) {
        self.forget_session(open);
        match self.stage {
            Stage::Parting | Stage::Over => return self.link.give_up(),
            Stage::Leaving { .. } => {
                self.link.give_up();
                return self.hang_up(None, Reason::Operator);
            }
            Stage::Ringing | Stage::Talking => {}
        }
        if self.started && !self.settings.reconnect {
            return self.lose(failure::no_resuming(why), false);
        }
        match self.link.failed(swamped, now) {
            Next::Retry(attempt) => {
                tracing::warn!(attempt, why, "the bot is lost");
                self.troubled = true;
                self.out.push(Output::Trouble(Trouble::Reconnecting { attempt, why: why.to_owned() }));
            }
            Next::Exhausted => self.lose(failure::exhausted(why, swamped, self.started), false),
        }
    }

    /// Beyond repair.
    fn lose(&mut self, loss: Loss, open: bool) {
        tracing::error!(fault = ?loss.fault, %loss, "the bot is lost for good");
        self.forget_session(open);
        self.link.give_up();
        match self.stage {
            Stage::Parting | Stage::Over => {}
            Stage::Leaving { .. } => self.hang_up(None, Reason::Operator),
            Stage::Ringing | Stage::Talking => {
                self.stage = Stage::Over;
                self.out.push(Output::Trouble(Trouble::Lost(loss)));
            }
        }
    }

    /// What was being said goes no further than it has come.
    fn forget_session(&mut self, open: bool) {
        self.report();
        self.out.lose(open.then_some(NORMAL));
        self.pulse.stop();
        let out = &mut self.out;
        self.queue.end(false, |output| out.push(output));
        self.queue.end_late();
    }

    /// The call is over.
    pub(super) fn ended(&mut self) {
        if self.out.is_open() {
            self.send_rest();
            self.tell(Event::End { reason: self.reason });
        }
        self.stage = Stage::Over;
        self.link.give_up();
        self.out.leave(NORMAL);
    }
}
