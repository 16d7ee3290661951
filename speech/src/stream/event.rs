//! What a bot is told, in the words of our protocol (`docs/stream.md`); [`Twilio`](super::twilio) has its own for some of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::samples::Samples;
use crate::turn::BargeIn;

use super::facts::{Direction, Facts};
use super::settings::{Audio, Settings};

/// The protocol's version: it grows when a bot that knows the one before could fail.
const VERSION: u32 = 1;

/// Something that has happened.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Event {
    Answered,
    SpeechStarted {
        at_ms: u64,
    },
    SpeechStopped {
        at_ms: u64,
    },
    Key {
        key: char,
        at_ms: u64,
    },
    Mark {
        name: Box<str>,
        at_ms: u64,
    },
    Finished {
        id: Box<str>,
        heard_ms: u64,
    },
    Interrupted {
        by: By,
        utterances: Vec<Cut>,
        marks: Vec<Box<str>>,
    },
    Held {
        at_ms: u64,
    },
    Resumed {
        at_ms: u64,
    },
    Nudge {
        at_ms: u64,
    },
    Drained {
        ms: u64,
    },
    TransferResult {
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<Box<str>>,
        ok: bool,
        output: Value,
    },
    Ack {
        request: Box<str>,
    },
    Error {
        code: Code,
        message: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        request: Option<Box<str>>,
    },
    Goodbye {
        within_ms: u64,
    },
    Ping {
        n: u64,
    },
    End {
        reason: Reason,
    },
}

/// Who cut what the bot said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum By {
    /// The caller, or the call itself.
    Caller,
    /// The bot, by `clear`.
    Bot,
}

/// What was cut, and how much of it had been heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Cut {
    /// None for audio outside utterances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Box<str>>,
    pub(super) heard_ms: u64,
}

/// Why the call is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reason {
    /// The bot hung up.
    Bot,
    /// The operator stops the server.
    Operator,
    /// The caller hung up, was handed on, or is gone.
    Over,
}

/// What is wrong with what the bot said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Code {
    /// It isn't JSON, or a field is missing or of the wrong kind.
    Malformed,
    UnknownType,
    TooLarge,
    /// More audio waits to be heard than may: what came is dropped.
    QueueFull,
    /// Too many utterances, marks or commands wait.
    TooMany,
    UnknownUtterance,
    /// Not now.
    NotAllowed,
    /// It was tried.
    Failed,
}

impl Event {
    /// Whether it is worth telling on the next session when there is none.
    pub(super) fn outlives_a_session(&self) -> bool {
        match self {
            Self::SpeechStarted { .. }
            | Self::SpeechStopped { .. }
            | Self::Key { .. }
            | Self::Mark { .. }
            | Self::Finished { .. }
            | Self::Interrupted { .. }
            | Self::Held { .. }
            | Self::Resumed { .. }
            | Self::TransferResult { .. } => true,
            Self::Answered
            | Self::Nudge { .. }
            | Self::Drained { .. }
            | Self::Ack { .. }
            | Self::Error { .. }
            | Self::Goodbye { .. }
            | Self::Ping { .. }
            | Self::End { .. } => false,
        }
    }
}

/// The first message of a session.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename = "start")]
pub(super) struct Start<'a> {
    version: u32,
    call_id: &'a str,
    direction: Direction,
    from: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trunk: Option<&'a str>,
    agent: &'a str,
    variables: &'a BTreeMap<String, String>,
    headers: &'a BTreeMap<String, String>,
    audio: Format,
    interruption: &'static str,
    /// The call was answered.
    answered: bool,
    /// The caller holds the call.
    held: bool,
    /// The bot was lost, and this is the same call.
    resumed: bool,
    /// Where the caller's audio begins that follows.
    at_ms: u64,
}

#[derive(Debug, Serialize)]
struct Format {
    encoding: &'static str,
    channels: u32,
    from_caller: FromCaller,
    to_caller: ToCaller,
}

#[derive(Debug, Serialize)]
struct FromCaller {
    rate: u32,
    frame_ms: u128,
}

#[derive(Debug, Serialize)]
struct ToCaller {
    rate: u32,
}

/// How far the call is when a session begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) interruption: BargeIn,
    pub(super) answered: bool,
    pub(super) held: bool,
    pub(super) resumed: bool,
    pub(super) at: Samples,
}

impl<'a> Start<'a> {
    pub(super) fn new(facts: &'a Facts, audio: Audio, settings: &Settings, moment: Moment) -> Self {
        Self {
            version: VERSION,
            call_id: &facts.call_id,
            direction: facts.direction,
            from: &facts.from,
            to: &facts.to,
            trunk: facts.trunk.as_deref(),
            agent: &facts.agent,
            variables: &facts.variables,
            headers: &facts.headers,
            audio: Format::new(audio, settings.frame),
            interruption: interruption(moment.interruption),
            answered: moment.answered,
            held: moment.held,
            resumed: moment.resumed,
            at_ms: moment.at.ms(),
        }
    }
}

impl Format {
    fn new(audio: Audio, frame: Duration) -> Self {
        let (encoding, from_caller, to_caller) = match audio {
            Audio::Pcm { from_caller, to_caller } => ("s16le", from_caller.hz(), to_caller.hz()),
            Audio::Mulaw => ("mulaw", Samples::RATE, Samples::RATE),
            Audio::Alaw => ("alaw", Samples::RATE, Samples::RATE),
        };
        Self {
            encoding,
            channels: 1,
            from_caller: FromCaller { rate: from_caller, frame_ms: frame.as_millis() },
            to_caller: ToCaller { rate: to_caller },
        }
    }
}

/// The protocol's word for a manner of being cut.
const fn interruption(barge_in: BargeIn) -> &'static str {
    match barge_in {
        BargeIn::Steps => "auto",
        BargeIn::Immediate => "immediate",
        BargeIn::Off => "off",
    }
}
