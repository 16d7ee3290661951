//! The seam between a call and what talks on it.
//!
//! ```text
//!     caller's audio, turns, keys, what was heard ──[`Input`]──► engine ──[`Output`]──► audio, text, wishes
//! ```
//!
//! One shape carries all kinds: the embedded receptionist, whose speech a [`Output::Synthesize`] brings, and remote engines,
//! which turn [`Input::Audio`] into [`Output::Send`] and [`Input::Message`] into [`Output::Audio`].
//!
//! Driven by the call's step on its media shard: [`Engine::handle`] any number of inputs, then [`Engine::poll`] until
//! [`Output::Timeout`]; come back with [`Input::Wakeup`] at the time that it names. An engine never decides that the
//! caller interrupts: the [turn machine](crate::turn) does, the playout queue is flushed, and the engine is told how much of each
//! item was heard. An engine whose back end insists on deciding says [`Output::Flush`].
//!
//! Invariant: the first sample of the first [`Input::Audio`] is position zero of the media clock in which turns are told.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use crate::samples::Samples;
use crate::voice::Speech;

mod clip;
mod decision;

pub use clip::Clip;
pub use decision::Decision;

/// One thing that the agent says, from its first sample to its end. Numbered upwards by the engine, never used twice in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemId(pub u64);

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
    /// The socket to the remote engine is open.
    SocketOpened,
    /// A message from the remote engine.
    Message(&'a str),
    /// The socket to the remote engine is gone.
    SocketClosed,
    /// Whether what [`Decision::Entered`] told is right.
    Judged(bool),
    /// The caller holds the call (true) or takes it back (false). Meanwhile nothing is heard on either side and no [`Input::Wakeup`] comes.
    Held(bool),
    /// The operator drains: say goodbye, then hang up.
    Goodbye,
    /// Nobody has moved for a while though it was the engine's turn: ask again, or say something.
    Nudge,
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
    /// What a span of an item's audio says, for the [ledger](crate::ledger). Pieces join verbatim: blanks are theirs to bring.
    Text {
        /// The item that is spoken.
        item: ItemId,
        /// The words.
        text: Arc<str>,
        /// From its first sample, on the media clock whatever the output rate.
        span: Range<Samples>,
    },
    /// All audio of the item has been given: report [`Input::Finished`] once it has been heard.
    ItemEnd {
        /// The item.
        item: ItemId,
    },
    /// Drop everything interruptible that is queued, report [`Input::Interrupted`] for each item.
    Flush,
    /// Speak `text` with the embedded voice (off the media shard) and bring it as [`Input::Synthesized`].
    Synthesize {
        /// To come back with.
        ticket: Ticket,
        /// English text.
        text: Arc<str>,
    },
    /// Tell the time of day.
    WallClock,
    /// A message to the remote engine.
    Send(String),
    /// End the call once everything queued has been heard.
    HangUp,
    /// What the caller's keys came to.
    Decided(Decision),
    /// An event for the record of the conversation.
    Note(Note),
    /// Drained. Hand in [`Input::Wakeup`] at this time, if there is one and nothing comes before.
    Timeout(Option<Instant>),
}

/// An event for the record of the conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The caller's keys were understood as one entry.
    Keys(String),
    /// Repeating the caller was switched on or off.
    Parrot {
        /// Whether it is on now.
        on: bool,
    },
    /// Nothing was heard of the caller, so we asked; the `count`th time in a row.
    StillThere {
        /// How often we've asked since the caller last moved.
        count: u32,
    },
    /// The agent takes leave.
    Leaving(Leave),
}

/// Why the agent takes leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// The caller asked for it.
    Caller,
    /// The operator asked for it.
    Operator,
    /// The caller stayed silent through every prompt.
    Silence,
}

/// What talks on a call: a machine without sockets and clock.
pub trait Engine {
    /// Takes one fact. Inputs that mean nothing to this engine are ignored.
    fn handle(&mut self, input: Input<'_>, now: Instant);

    /// The next wish; [`Output::Timeout`] when there is none left.
    fn poll(&mut self) -> Output;

    /// Samples a second that [`Input::Audio`] must have.
    fn input_rate(&self) -> u32;

    /// Samples a second of [`Output::Audio`].
    fn output_rate(&self) -> u32;
}
