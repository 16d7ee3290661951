//! The customer's own bot over a WebSocket: one machine for our protocol (`docs/stream.md`) and that of Twilio Media Streams.
//!
//! ```text
//!   caller's audio ─► ears ─► frames ───────┐                    ┌─► utterances, marks ─► queue ─► audio, text ─► call
//!   turns, keys, what was heard ─► events ──┼─► Send ··· bot ─►──┼─► clear, interruption, hang_up ─► wishes
//!   results ─► answers to requests ─────────┘                    └─► keys, transfer ─► tools
//! ```
//!
//! | file | holds |
//! |---|---|
//! | `stream/link.rs`, `session.rs`, `failure.rs` | the connection; losing it and going on; what a failure means, in words |
//! | `turns.rs` | what the call tells |
//! | `bot.rs`, `sound.rs` | what the bot says, in messages and in audio |
//! | `queue.rs`, `utterance.rs`, `current.rs` | what was said and isn't heard yet, with its marks |
//! | `caption.rs`, `room.rs` | the words of it for the transcript; how much of it may wait |
//! | `ears.rs`, `outbox.rs` | the caller's audio in frames; messages out |
//! | `event.rs`, `command.rs`, `twilio.rs` | the two dialects |
//! | `signature.rs` | how the bot knows us |
//!
//! We own interruption: the turn machine cuts what the bot says and the bot is told how much was heard. A bot that wants to decide for itself says
//! so ([`BargeIn::Off`], which bots of Twilio begin with): the turn machine then lets everything play, and the bot's `clear` drops it. The mode is told to
//! the turn machine rather than sent with each item, so that it holds for what is already queued; an utterance can be uncuttable besides.
//!
//! A bot that is lost is dialled again and told that the same call goes on; what it has said so far is heard meanwhile, and what it should know is told
//! then. One that closes normally has left: the call ends when everything was heard.
//!
//! Driven like every [`Engine`]; the first poll asks for the socket. It [follows](Engine::follows_playout) its playout, for marks and to know how
//! much waits. A frame of the caller's audio costs one allocation, a message of the bot's audio one.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::engine::{Engine, Input, Output, ToolId, Wire};
use crate::turn::BargeIn;

mod bot;
mod caption;
mod command;
mod current;
mod ears;
mod event;
mod facts;
mod failure;
mod link;
mod outbox;
mod queue;
mod room;
mod session;
mod settings;
mod signature;
mod sound;
#[cfg(test)]
mod tests;
mod turns;
mod twilio;
mod utterance;

pub use facts::{Direction, Facts};
pub use settings::{Audio, Dialect, Rate, Settings};
pub use signature::{CALL_ID_HEADER, SIGNATURE_HEADER, call_sid, signature};

use ears::Ears;
use event::Reason;
use link::Link;
use outbox::Outbox;
use queue::Queue;
use room::Room;
use session::Pulse;
use sound::LeftOut;
use turns::Report;

/// The largest message that is taken from a bot, in bytes: 87 seconds at 24 kHz. The driver lets its socket read no larger ones.
pub const MAX_MESSAGE: usize = 4 * 1024 * 1024;

/// The machine.
#[derive(Debug)]
pub struct Stream {
    settings: Settings,
    facts: Facts,
    /// The time of day at `epoch`, since 1970 UTC.
    unix: Duration,
    epoch: Instant,
    out: Outbox,
    link: Link,
    pulse: Pulse,
    ears: Ears,
    queue: Queue,
    room: Room,
    stage: Stage,
    /// Why the call is over, when it is.
    reason: Reason,
    barge_in: BargeIn,
    held: bool,
    /// There has been a session in this call.
    started: bool,
    /// Something came on this socket.
    spoke: bool,
    /// The call was told of trouble.
    troubled: bool,
    /// Times in a row that nobody moved.
    nudges: u32,
    report: Option<Report>,
    /// The bot has dropped what waits, and the call hasn't said yet what was heard of it.
    clearing: bool,
    left_out: LeftOut,
    requests: BTreeMap<ToolId, Request>,
    tools: u64,
    caller_items: u64,
    scratch: Vec<u8>,
}

/// How far the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Ringing,
    Talking,
    /// The operator drains: the bot may talk on for a while.
    Leaving {
        until: Instant,
    },
    /// The call ends when everything was heard: the bot has had its last word.
    Parting,
    Over,
}

impl Stage {
    /// Nothing more is said.
    fn is_last(self) -> bool {
        match self {
            Self::Parting | Self::Over => true,
            Self::Ringing | Self::Talking | Self::Leaving { .. } => false,
        }
    }
}

/// What the bot wanted of the driver, and under which name, if it gave one.
#[derive(Debug)]
enum Request {
    Keys(Option<Box<str>>),
    Transfer(Option<Box<str>>),
}

impl Stream {
    /// An engine that asks for its socket at once. `unix` is the time of day, since 1970 UTC, for [`signature`]. [`Settings::check`] the settings first.
    #[must_use]
    pub fn new(settings: Settings, facts: Facts, unix: Duration, now: Instant) -> Self {
        let frame = settings::samples(settings.frame);
        let mut engine = Self {
            out: Outbox::new(&settings.dialect, &facts.call_id),
            link: Link::connecting(settings.redial, settings.connect_timeout, now),
            pulse: Pulse::new(settings.ping),
            ears: Ears::new(settings.wire(), frame, settings::samples(settings.backlog)),
            queue: Queue::new(settings.wire()),
            room: Room::new(&settings),
            stage: Stage::Ringing,
            reason: Reason::Over,
            barge_in: settings.interruption,
            unix,
            epoch: now,
            settings,
            facts,
            held: false,
            started: false,
            spoke: false,
            troubled: false,
            nudges: 0,
            report: None,
            clearing: false,
            left_out: LeftOut::default(),
            requests: BTreeMap::new(),
            tools: 0,
            caller_items: 0,
            scratch: Vec::new(),
        };
        if engine.barge_in != BargeIn::Steps {
            engine.out.push(Output::BargeIn(engine.barge_in));
        }
        engine.ask_for_socket(now);
        engine
    }

    /// The caller's audio has come.
    fn send_frames(&mut self) {
        if !self.out.is_open() {
            return self.ears.hold();
        }
        while let Some(frame) = self.ears.take() {
            if let Some(copied) = self.out.frame(frame) {
                self.ears.give_back(copied);
            }
        }
    }

    /// The last of it, less than a frame: bots of Twilio know whole frames only.
    fn send_rest(&mut self) {
        match &self.settings.dialect {
            Dialect::Talkpath(_) => {
                self.ears.take_rest().into_iter().for_each(|rest| drop(self.out.frame(rest)));
            }
            Dialect::Twilio { .. } => {}
        }
    }

    /// Acts on what has become due.
    fn settle(&mut self, now: Instant) {
        self.settle_link(now);
        let out = &mut self.out;
        self.queue.settle(now, |output| out.push(output));
        if matches!(self.stage, Stage::Leaving { until } if now >= until) {
            self.hang_up(None, Reason::Operator);
        }
    }

    /// When to come back.
    fn deadline(&self) -> Option<Instant> {
        let leaving = match self.stage {
            Stage::Leaving { until } => Some(until),
            Stage::Ringing | Stage::Talking | Stage::Parting | Stage::Over => None,
        };
        [self.link.deadline(), self.pulse.deadline(), self.queue.deadline(), leaving].into_iter().flatten().min()
    }

    fn takes_samples(&self) -> bool {
        matches!(self.settings.wire(), Wire::Pcm { .. })
    }
}

impl Engine for Stream {
    fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::Audio(samples) if self.takes_samples() => {
                self.ears.push_samples(samples);
                self.send_frames();
            }
            Input::Coded(bytes) if !self.takes_samples() => {
                self.ears.push_bytes(bytes);
                self.send_frames();
            }
            Input::Message(message) => self.message(message, now),
            Input::Binary(audio) => self.binary(audio, now),
            Input::Answered => self.answered(),
            Input::TurnStarted { at } => self.turn_started(at),
            Input::TurnEnded { at } => self.turn_ended(at),
            Input::Key(key) => self.key(key),
            Input::Heard { item, heard } => self.heard(item, heard),
            Input::Interrupted { item, heard } => self.interrupted(item, heard, now),
            Input::Finished { item } => self.finished(item),
            Input::SocketOpened => self.socket_opened(now),
            Input::SocketFailed(failure) => self.socket_failed(&failure, now),
            Input::SocketClosed { code, reason } => self.socket_closed(code, reason, now),
            Input::ToolResult { id, output } => self.tool_result(id, output),
            Input::Held(held) => self.hold(held),
            Input::Goodbye => self.goodbye(now),
            Input::Nudge => self.nudge(),
            Input::Ended => self.ended(),
            Input::Audio(_)
            | Input::Coded(_)
            | Input::Synthesized { .. }
            | Input::WallClock(_)
            | Input::Judged(_)
            | Input::Instruct(_)
            | Input::Wakeup => {}
        }
        self.settle(now);
    }

    fn poll(&mut self) -> Output {
        if let Some(output) = self.out.poll() {
            return output;
        }
        // All that was cut by now has been told to us.
        self.clearing = false;
        self.queue.forget_cleared();
        self.report();
        self.out.poll().unwrap_or_else(|| Output::Timeout(self.deadline()))
    }

    fn wire(&self) -> Wire {
        self.settings.wire()
    }

    fn follows_playout(&self) -> bool {
        true
    }
}
