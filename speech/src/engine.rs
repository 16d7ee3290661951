//! The seam between a call and what talks on it.
//!
//! ```text
//!     caller's audio, turns, keys, what was heard ──[`Input`]──► engine ──[`Output`]──► audio, text, wishes
//! ```
//!
//! One shape carries all kinds: the embedded receptionist, whose speech a [`Output::Synthesize`] brings, and remote engines,
//! which turn [`Input::Audio`] into [`Output::Send`] and [`Input::Message`] into [`Output::Audio`]. A remote engine asks for its socket
//! ([`Output::Connect`]) as soon as it is polled, so that it can be made while the telephone rings:
//!
//! ```text
//!     none ──Connect──► (driver dials) ──SocketOpened──► open: Message, Send ──SocketClosed──► none
//!       ▲                    └──SocketFailed──► none         └──Disconnect──► none
//!       └── the engine decides when to Connect again: it owns back-off, and what is told to the other side after that
//! ```
//!
//! Driven by the call's step on its media shard: [`Engine::handle`] any number of inputs, then [`Engine::poll`] until
//! [`Output::Timeout`]; come back with [`Input::Wakeup`] at the time that it names. An engine never decides that the
//! caller interrupts: the [turn machine](crate::turn) does, the playout queue is flushed, and the engine is told how much of each
//! item was heard. An engine whose back end insists on deciding says [`Output::Flush`], or takes the turn machine's hand off
//! ([`Output::BargeIn`]) and takes back what it has said itself ([`Output::Clear`]).
//!
//! Invariant: the first sample of the first [`Input::Audio`] or [`Input::Coded`] is position zero of the media clock in which turns are told.
//!
//! Invariant: after [`Output::Disconnect`] or [`Output::Connect`] nothing more of the socket before is handed in, its end neither.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::samples::Samples;
use crate::turn::BargeIn;
use crate::voice::Speech;

mod clip;
mod decision;
mod note;
mod socket;
mod tool;
mod usage;

pub use clip::Clip;
pub use decision::Decision;
pub use note::{Leave, Note};
pub use socket::{ConnectFailure, Endpoint, Fault, Loss, Trouble};
pub use tool::{Task, ToolCall, ToolId};
pub use usage::{Tokens, Usage, UsageOf};

/// One thing that the agent says, from its first sample to its end. Numbered upwards by the engine, never used twice in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

/// One utterance of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerItem(pub u64);

/// In what form audio travels between call and engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// 16-bit samples: [`Input::Audio`], [`Output::Audio`].
    Pcm {
        /// Samples a second from the caller.
        input: u32,
        /// Samples a second from the engine.
        output: u32,
    },
    /// G.711 µ-law at 8 kHz both ways: [`Input::Coded`], [`Output::Coded`].
    Mulaw,
    /// G.711 A-law at 8 kHz both ways.
    Alaw,
}

impl Wire {
    /// Samples of the telephone.
    pub const TELEPHONE: Self = Self::Pcm { input: Samples::RATE, output: Samples::RATE };
}

/// Ties an [`Output::Synthesize`] to its [`Input::Synthesized`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// Time of day where the call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallClock {
    /// 0 to 23; greater values wrap.
    pub hour: u8,
    /// 0 to 59; greater values wrap.
    pub minute: u8,
}

/// What happens to an engine. Times of the stream are [`Samples`] of the caller's audio from the first that the engine was given.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The caller hears us from now on: greet.
    Answered,
    /// The caller's continuous audio at [`Engine::input_rate`]: all of it, silence and filled gaps included.
    Audio(&'a [i16]),
    /// The same as G.711, for an engine whose [wire](Engine::wire) is that: a byte is a sample. Such an engine takes no [`Input::Audio`].
    Coded(&'a [u8]),
    /// The caller has the floor since `at` (pre-roll included); whatever is unspoken is out of date.
    TurnStarted {
        /// Where the caller's voice began.
        at: Samples,
    },
    /// The caller's voice ended at `at`: it's our turn.
    TurnEnded {
        /// Where the caller's voice ended.
        at: Samples,
    },
    /// A key of the keypad: `0`..`9`, `*`, `#`, `A`..`D`.
    Key(char),
    /// What was queued of `item` has been flushed; nothing of it will be heard beyond `heard`.
    Interrupted {
        /// The item cut short.
        item: ItemId,
        /// How much of it was heard, from its first sample.
        heard: Samples,
    },
    /// So much of `item` has gone out, and it goes on: after each packet, for an engine that [follows](Engine::follows_playout) its playout.
    Heard {
        /// The item.
        item: ItemId,
        /// How much of it was heard, from its first sample.
        heard: Samples,
    },
    /// `item` was heard to its end.
    Finished {
        /// The item.
        item: ItemId,
    },
    /// What [`Output::Synthesize`] asked for.
    Synthesized {
        /// The ticket of the request.
        ticket: Ticket,
        /// The speech, shared with the cache it came from.
        speech: Arc<Speech>,
    },
    /// What [`Output::WallClock`] asked for.
    WallClock(WallClock),
    /// The socket that [`Output::Connect`] asked for is open.
    SocketOpened,
    /// It couldn't be opened.
    SocketFailed(ConnectFailure),
    /// A text message from the remote engine, whole.
    Message(&'a str),
    /// A binary message from the remote engine, whole.
    Binary(&'a [u8]),
    /// The socket to the remote engine is gone: closed by the other side, broken, or too slow to take what was sent.
    SocketClosed {
        /// The code of the close frame (RFC 6455 §7.4), if there was one; 1005 for a close frame without a code (§7.4.1).
        code: Option<u16>,
        /// Its reason, or what broke.
        reason: &'a str,
    },
    /// What a tool came to: one for each [`Output::Tool`].
    ToolResult {
        /// The call.
        id: ToolId,
        /// For the model to read.
        output: String,
    },
    /// Whether what [`Decision::Entered`] told is right.
    Judged(bool),
    /// The caller holds the call (true) or takes it back (false). Meanwhile nothing is heard on either side and no [`Input::Wakeup`] comes.
    Held(bool),
    /// The operator drains: say goodbye, then hang up.
    Goodbye,
    /// Nobody has moved for a while though it was the engine's turn: ask again, or say something.
    Nudge,
    /// Say something unasked, as this tells: for a model to put into words. Engines without one pass it over.
    Instruct(&'a str),
    /// The call is over. A remote engine takes leave of the other side; once it has said [`Output::Disconnect`] it may be dropped.
    Ended,
    /// The time that [`Output::Timeout`] named has come.
    Wakeup,
}

/// What an engine wants.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Queue audio at [`Engine::output_rate`] behind what is queued. It may come faster than it can be heard, in any size.
    Audio {
        /// The item that it continues.
        item: ItemId,
        /// The samples.
        audio: Clip,
        /// False for what must be heard to its end (legal text, a goodbye).
        interruptible: bool,
    },
    /// The same in the G.711 of the engine's [wire](Engine::wire).
    Coded {
        /// The item that it continues.
        item: ItemId,
        /// A byte a sample.
        bytes: Clip<u8>,
        /// As above.
        interruptible: bool,
    },
    /// What a span of an item's audio says, for the [ledger](crate::ledger). Pieces join verbatim: blanks are theirs to bring.
    Text {
        /// The item that is spoken.
        item: ItemId,
        /// The words.
        text: Arc<str>,
        /// From its first sample, on the media clock whatever the output rate.
        span: Range<Samples>,
    },
    /// The spans told of `item` were estimates; its last text ends at `end`, the others stretch with it ([`crate::Ledger::stretch`]).
    TextEnds {
        /// The item.
        item: ItemId,
        /// From its first sample.
        end: Samples,
    },
    /// All audio of the item has been given: report [`Input::Finished`] once it has been heard.
    ItemEnd {
        /// The item.
        item: ItemId,
    },
    /// Drop everything interruptible that is queued, report [`Input::Interrupted`] for each item.
    Flush,
    /// Drop everything that is queued, also what must be heard to its end: whoever brought it takes it back. Reported in the same way.
    Clear,
    /// From now on the turn machine cuts the agent in this manner ([`crate::Turn::set_barge_in`]).
    BargeIn(BargeIn),
    /// Speak `text` with the embedded voice (off the media shard) and bring it as [`Input::Synthesized`].
    Synthesize {
        /// To come back with.
        ticket: Ticket,
        /// English text.
        text: Arc<str>,
    },
    /// Tell the time of day.
    WallClock,
    /// Open a socket to the remote engine, in the place of any before.
    Connect(Arc<Endpoint>),
    /// The session with the remote engine is ready: what the caller says from now on is heard. Told of each session anew.
    Ready,
    /// Close the socket, with this code. If there is none, nothing is to be done.
    Disconnect {
        /// As in RFC 6455 §7.4.
        code: u16,
    },
    /// Nothing is owed to the caller: the watchdog of turn-taking rests ([`crate::turn::Answer::Nothing`]).
    Nothing,
    /// A text message to the remote engine. A socket that takes no more is told as [`Input::SocketClosed`].
    Send(String),
    /// A binary message to it.
    SendBinary(Vec<u8>),
    /// Carry this out, then hand in [`Input::ToolResult`].
    Tool(ToolCall),
    /// What the caller said, as far as the remote engine has understood. Later texts of the same item replace earlier ones.
    CallerText {
        /// The utterance. Numbered upwards; texts of several may come interleaved.
        item: CallerItem,
        /// All of its words so far.
        text: Arc<str>,
        /// Where it was said on the media clock, if that's known.
        span: Option<Range<Samples>>,
        /// Nothing more will come of it.
        finished: bool,
    },
    /// What the remote engine charges for.
    Usage(Usage),
    /// The remote engine is in trouble, or out of it. Whoever hears of [`Trouble::Lost`] puts another engine in this one's place.
    Trouble(Trouble),
    /// End the call once everything queued has been heard.
    HangUp,
    /// What the caller's keys came to.
    Decided(Decision),
    /// An event for the record of the conversation.
    Note(Note),
    /// Drained. Hand in [`Input::Wakeup`] at this time, if there is one and nothing comes before.
    Timeout(Option<Instant>),
}

/// What talks on a call: a machine without sockets and clock.
pub trait Engine {
    /// Takes one fact. Inputs that mean nothing to this engine are ignored.
    fn handle(&mut self, input: Input<'_>, now: Instant);

    /// The next wish; [`Output::Timeout`] when there is none left.
    fn poll(&mut self) -> Output;

    /// The form of audio both ways; the same for the engine's whole life.
    fn wire(&self) -> Wire {
        Wire::TELEPHONE
    }

    /// Whether it wants [`Input::Heard`]; the same for its whole life.
    fn follows_playout(&self) -> bool {
        false
    }

    /// Samples a second that [`Input::Audio`] must have.
    fn input_rate(&self) -> u32 {
        match self.wire() {
            Wire::Pcm { input, .. } => input,
            Wire::Mulaw | Wire::Alaw => Samples::RATE,
        }
    }

    /// Samples a second of [`Output::Audio`].
    fn output_rate(&self) -> u32 {
        match self.wire() {
            Wire::Pcm { output, .. } => output,
            Wire::Mulaw | Wire::Alaw => Samples::RATE,
        }
    }
}
