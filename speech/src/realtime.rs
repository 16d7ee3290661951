//! A remote realtime engine: one machine for the OpenAI Realtime protocol in its dialects (GA, Azure, beta, Qwen-Omni).
//!
//! ```text
//!   caller's audio ─► feed ─► appends ─┐                       ┌─► audio, text, ends of items ─► call
//!   turns, keys ─► asks ─► one answer ─┼─► Send ··· Message ─►─┼─► calls of tools ─► results ─► one more ask
//!   what was heard ─► truncate ────────┘                       └─► the caller's words, usage, trouble
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `realtime/link.rs`, `session.rs` | the connection; losing it, rebuilding the conversation on the next |
//! | `turns.rs`, `floor.rs` | what the call tells: turns, keys, what was heard, goodbye |
//! | `hear.rs` | what the other side tells |
//! | `asks.rs`, `answer.rs` | the one answer under way and the one that waits |
//! | `said.rs`, `callers.rs` | the agent's items until they're heard, with the spans of their words; the caller's words |
//! | `work.rs`, `calls.rs` | tools |
//! | `history.rs`, `failure.rs` | what a lost session is rebuilt from; what a failure means, in words |
//! | `feed.rs`, `outbox.rs`, `event.rs` | audio out, messages out, messages in |
//! | `dialect.rs` | what differs between dialects |
//!
//! We own interruption: sessions run with `create_response` and `interrupt_response` false, or without turn detection. The end of the caller's turn
//! has one owner, by [`Settings::turn_end`]: the service, whose `committed` we answer with `response.create`, or our turn machine, at whose word
//! we commit and ask. A service that commits while the agent is being heard and nobody took the floor heard a listener's "mm-hm": it's
//! not answered.
//!
//! Driven like every [`Engine`]; the first poll asks for the socket. No audio travels before the service has confirmed its format
//! (`session.updated`); what the caller says until then is kept, to a bound. Messages of the hot path, appends and deltas, cost one allocation each.
//!
//! Deviations: an item that was begun on a session that is lost is not truncated on the next one, where it is text. An expiry that the service
//! announces by wall clock (`expires_at`) is not read: sessions are replaced by age ([`Settings::session`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Endpoint, Engine, Input, Leave, Note, Output, Wire};
use crate::keypad::Keypad;
use crate::samples::Samples;

mod answer;
mod asks;
mod base64_engine;
mod callers;
mod calls;
mod dialect;
mod endpoint;
mod event;
mod failure;
mod feed;
mod floor;
mod hear;
mod history;
mod link;
mod outbox;
mod said;
mod session;
mod settings;
#[cfg(test)]
mod tests;
mod turns;
mod work;

pub use endpoint::endpoint;
pub use settings::{
    AzureAuth, Eagerness, Encoding, Greeting, Redial, Secret, ServerVad, Service, Settings, Transcription, TurnEnd,
};

pub(crate) use base64_engine::BASE64;
pub(crate) use event::Text;
pub(crate) use link::later;
pub(crate) use said::{LETTER, weight};

use answer::Answers;
use callers::Callers;
use calls::Calls;
use dialect::Dialect;
use failure::Reason;
use feed::Feed;
use floor::Floor;
use history::History;
use link::{Link, State};
use outbox::Outbox;
use said::Said;
use work::Collector;

/// How long the model's goodbye may take to begin and come in.
const FAREWELL: Duration = Duration::from_secs(8);

/// The machine.
#[derive(Debug)]
pub struct Realtime {
    settings: Settings,
    dialect: Dialect,
    endpoint: Arc<Endpoint>,
    out: Outbox,
    link: Link,
    feed: Feed,
    answers: Answers,
    said: Said,
    callers: Callers,
    calls: Calls,
    history: History,
    floor: Floor,
    keypad: Keypad,
    collector: Option<Collector>,
    stage: Stage,
    greeted: bool,
    held: bool,
    /// The other side last moved on with an answer.
    progress: Instant,
    /// What was dropped of the caller's audio while there was no session.
    unheard: Samples,
    /// Answers that failed in a row, and when the next may be asked for.
    failures: u32,
    retry: Option<Instant>,
    /// The last answer asked for has been given to be heard, in part at least.
    spoke: bool,
    /// The caller has cut an item, and it hasn't been told yet that they have the floor.
    cut: bool,
    /// Times in a row that we were told that nothing comes.
    nudges: u32,
    /// The call was told of trouble.
    troubled: bool,
    /// What the other side last complained of on this socket.
    complaint: Option<Reason>,
}

/// How far the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing,
    Talking,
    /// The agent has said its last words, which aren't heard yet.
    Parting,
    /// The operator drains: the model was asked to say goodbye.
    Leaving {
        until: Instant,
    },
    Over,
}

impl Realtime {
    /// An engine that asks for its socket at once, so that the session is ready when the call is answered. [`Settings::check`] the settings first.
    #[must_use]
    pub fn new(settings: Settings, now: Instant) -> Self {
        let (dialect, wire) = (settings.service.dialect(), settings.wire());
        let mut engine = Self {
            dialect,
            endpoint: Arc::new(endpoint(&settings)),
            out: Outbox::new(dialect),
            link: Link::new(settings.redial, settings.connect_timeout, settings.session),
            feed: Feed::new(wire, settings.append),
            answers: Answers::new(),
            said: Said::new(wire),
            callers: Callers::default(),
            calls: Calls::default(),
            history: History::default(),
            floor: Floor::default(),
            keypad: Keypad::new(settings.keys.unwrap_or_default()),
            collector: None,
            stage: Stage::Ringing,
            greeted: false,
            held: false,
            progress: now,
            unheard: Samples::ZERO,
            failures: 0,
            retry: None,
            spoke: false,
            cut: false,
            nudges: 0,
            troubled: false,
            complaint: None,
            settings,
        };
        engine.dial(now);
        engine
    }

    /// Acts on what has become due, and moves on what can.
    fn settle(&mut self, now: Instant) {
        self.settle_link(now);
        if self.stage == Stage::Over {
            return;
        }
        self.settle_feed();
        self.settle_keys(now);
        if self.answers.is_owed() && now >= self.stalls_at() {
            self.broken("the engine says nothing more", false, true, now);
        }
        if self.stage == Stage::Parting && self.said.is_silent() {
            self.hang_up(Some(Leave::Agent));
        }
        if matches!(self.stage, Stage::Leaving { until } if now >= until) {
            self.hang_up(None);
        }
        self.ask_what_waits(now);
    }

    /// The caller's audio goes on as far as the gate is open.
    fn settle_feed(&mut self) {
        let (ready, out) = (self.link.is_ready(), &mut self.out);
        match (&self.settings.turn_end, ready) {
            (TurnEnd::ServerVad(_) | TurnEnd::SemanticVad { .. }, true) => {
                self.feed.drain(false, |audio| out.append(audio))
            }
            (TurnEnd::Ours, true) if self.floor.is_speaking() => self.feed.drain(false, |audio| out.append(audio)),
            (TurnEnd::Ours, _) if !self.floor.is_speaking() => {
                self.feed.hold(feed::RECENT);
            }
            (TurnEnd::ServerVad(_) | TurnEnd::SemanticVad { .. } | TurnEnd::Ours, _) => {
                self.unheard = self.unheard + self.feed.hold(self.backlog());
            }
        }
    }

    /// What is kept of the caller's audio while the session isn't ready.
    fn backlog(&self) -> Samples {
        Samples::from_ms(u64::try_from(self.settings.backlog.as_millis()).unwrap_or(u64::MAX))
    }

    /// When an answer that doesn't move on is given up.
    fn stalls_at(&self) -> Instant {
        link::later(self.progress, self.settings.stall)
    }

    /// Nobody speaks, and nothing is under way.
    fn is_quiet(&self) -> bool {
        let tools = self.calls.is_busy() || self.collector.is_some();
        let caller = self.floor.is_speaking() || self.floor.is_heard() || self.keypad.collecting();
        self.stage == Stage::Talking && !tools && !caller && self.answers.is_quiet() && self.said.is_silent()
    }

    /// The call ends once everything has been heard.
    fn hang_up(&mut self, leave: Option<Leave>) {
        self.stage = Stage::Over;
        leave.into_iter().for_each(|leave| self.out.push(Output::Note(Note::Leaving(leave))));
        self.out.push(Output::HangUp);
    }

    /// When to come back.
    fn deadline(&self) -> Option<Instant> {
        let link = match self.link.state() {
            State::Ready { .. } if !self.is_quiet() => None,
            State::Idle
            | State::Waiting { .. }
            | State::Connecting { .. }
            | State::Opening { .. }
            | State::Configuring { .. }
            | State::Ready { .. }
            | State::Finishing { .. }
            | State::Gone => self.link.deadline(),
        };
        if self.stage == Stage::Over {
            return link;
        }
        let stall = self.answers.is_owed().then(|| self.stalls_at());
        let retry = self.retry.filter(|_| self.answers.has_waiting());
        let leaving = match self.stage {
            Stage::Leaving { until } => Some(until),
            Stage::Ringing | Stage::Talking | Stage::Parting | Stage::Over => None,
        };
        let keys = self.collector.as_ref().map_or(self.keypad.deadline(), Collector::deadline);
        [link, stall, retry, leaving, keys, self.answers.deadline()].into_iter().flatten().min()
    }
}

impl Engine for Realtime {
    fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::Audio(samples) if self.takes_samples() && self.stage != Stage::Over => {
                self.feed.push_samples(samples)
            }
            Input::Coded(bytes) if !self.takes_samples() && self.stage != Stage::Over => self.feed.push_bytes(bytes),
            Input::Message(message) => self.message(message, now),
            Input::Answered => self.answered(),
            Input::TurnStarted { at } => self.turn_started(at),
            Input::TurnEnded { at } => self.turn_ended(at),
            Input::Key(key) => self.key(key, now),
            Input::Interrupted { item, heard } => self.interrupted(item, heard),
            Input::Finished { item } => self.finished(item),
            Input::SocketOpened => self.link.opened(),
            Input::SocketFailed(failure) => self.socket_failed(&failure, now),
            Input::SocketClosed { code, reason } => self.socket_closed(code, reason, now),
            Input::ToolResult { id, output } => self.tool_result(id, &output),
            Input::Held(held) => self.hold(held, now),
            Input::Goodbye => self.goodbye(now),
            Input::Nudge => self.nudge(now),
            Input::Instruct(instruction) => self.instruct(instruction),
            Input::Ended => self.ended(now),
            Input::Audio(_)
            | Input::Coded(_)
            | Input::Synthesized { .. }
            | Input::Binary(_)
            | Input::Heard { .. }
            | Input::WallClock(_)
            | Input::Judged(_)
            | Input::Wakeup => {}
        }
        self.settle(now);
    }

    fn poll(&mut self) -> Output {
        self.out.poll().unwrap_or_else(|| Output::Timeout(self.deadline()))
    }

    fn wire(&self) -> Wire {
        self.settings.wire()
    }
}

impl Realtime {
    fn takes_samples(&self) -> bool {
        self.settings.audio == Encoding::Pcm
    }
}
