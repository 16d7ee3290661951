//! What is told of a call to programs: one entry an event, in order, numbered.

use crate::call::{CallEventKind, Direction};
use crate::net::shard::{AgentState, LegReport, MediaEvent, Report};
use crate::recorder::Outcome;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use talkpath_dialplan::DispositionKind;
use talkpath_speech::engine::{Decision, Leave, Note, Tokens, ToolCall, Trouble, Usage, UsageOf};
use utoipa::ToSchema;

/// One event of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Entry {
    /// Counts from 1, without gaps; also the id of the server-sent event.
    #[schema(example = 7)]
    pub seq: u64,
    /// When it happened.
    pub time: jiff::Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

/// What can happen to a call. Times in `_ms` are milliseconds on the call's media clock, whose zero is the answer.
#[derive(Clone, Debug, Serialize, ToSchema, PartialEq)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum What {
    /// It began: an INVITE came or left.
    Began {
        /// Which way.
        direction: Way,
        /// Who calls.
        from: String,
        /// Who is called.
        to: String,
    },
    /// Somebody is called, by us or in the caller's name.
    Dialling {
        /// Who.
        to: String,
    },
    /// Their telephone rings.
    Ringing,
    /// It was answered; voice travels.
    Answered,
    /// This agent talks from now on.
    Agent {
        /// Its name.
        name: String,
    },
    /// The caller was connected with somebody.
    Bridged {
        /// Who.
        to: String,
    },
    /// The agent does something else now.
    AgentState {
        /// What it does.
        state: State,
    },
    /// The caller has the floor.
    CallerStarted {
        /// Where the voice began.
        at_ms: u64,
    },
    /// The caller's turn is over.
    CallerStopped {
        /// Where it began.
        from_ms: u64,
        /// Where it ended.
        to_ms: u64,
    },
    /// What the caller said. Later texts of the same `item` replace earlier ones.
    CallerText {
        /// The utterance.
        item: u64,
        /// All of its words so far.
        text: String,
        /// Nothing more will come of it.
        r#final: bool,
        /// Where it began, if that is known.
        from_ms: Option<u64>,
        /// Where it ended.
        to_ms: Option<u64>,
    },
    /// What the caller heard of a line of the agent's.
    AgentText {
        /// The words that were heard.
        text: String,
        /// The caller cut it short.
        interrupted: bool,
        /// Where it began.
        from_ms: u64,
        /// Where it ended.
        to_ms: u64,
    },
    /// The agent lowered its voice: somebody may be speaking.
    Ducked,
    /// It fell silent, and may go on.
    Paused,
    /// It goes on where it paused: a false alarm.
    Resumed,
    /// The caller took the floor; what was left of the agent's speech is thrown away.
    Interrupted,
    /// A key was pressed.
    Key {
        /// By whom.
        by: Party,
        /// Which: 0 to 9, *, #, A to D.
        key: String,
    },
    /// The caller chose an option of a menu.
    Chosen {
        /// Its keys.
        keys: String,
    },
    /// The model wants something done.
    ToolCall {
        /// To tie the result to it.
        id: u64,
        /// The tool.
        name: String,
        /// Its arguments, a JSON object as the model wrote it.
        arguments: String,
    },
    /// What came of it.
    ToolResult {
        /// The call.
        id: u64,
        /// What the model was told.
        output: String,
    },
    /// The agent answers.
    Latency {
        /// From the end of the caller's speech to the first packet of the answer.
        total_ms: u64,
        /// Of it: until it was sure that the caller had finished.
        endpointing_ms: u64,
        /// Of it: from asking the engine to its first audio.
        engine_ms: u64,
    },
    /// What the remote engine charges for.
    Usage(Charge),
    /// The remote engine is ready, lost, back, or lost for good.
    Engine {
        /// How it fares.
        state: EngineState,
        /// Why.
        reason: Option<String>,
    },
    /// A remark for the record.
    Note {
        /// It, in words.
        text: String,
    },
    /// The call has lasted as long as it may.
    TimeIsUp,
    /// Nothing came from the other side for so long that there is nobody.
    NoMedia {
        /// For how long.
        silent_ms: u64,
    },
    /// The recording is complete, or could not be made.
    Recorded {
        /// The file.
        path: String,
        /// Its length; null when it failed.
        length_ms: Option<u64>,
        /// What the system said when it failed.
        error: Option<String>,
    },
    /// It is over. Only `recorded` can follow.
    Ended {
        /// How, for programs.
        disposition: Ending,
        /// How, in words.
        reason: String,
        /// What travelled; null when it was never answered.
        quality: Option<Quality>,
    },
}

/// Which way a call was placed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// To us.
    Inbound,
    /// By us.
    Outbound,
}

/// One side of a call.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Party {
    /// Whom the call is with.
    Caller,
    /// Whom the caller is connected with.
    Other,
}

/// What an agent is doing.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum State {
    /// It listens, or waits for somebody to speak.
    Listening,
    /// It was asked, and says nothing yet.
    Thinking,
    /// It is being heard.
    Speaking,
}

/// How a remote engine fares.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum EngineState {
    /// Its session is ready: what the caller says is heard.
    Ready,
    /// Its connection is lost and made again.
    Reconnecting,
    /// It works again.
    Recovered,
    /// It is lost for good; the agent's fallback is taken.
    Lost,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It was answered.
    Answered,
    /// The callee was busy.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// It was refused.
    Refused,
    /// There is no such number.
    NotFound,
    /// Nothing leads to the callee now.
    Unreachable,
    /// The network, or a cap of ours, left no room.
    Congestion,
    /// It was given up before it was answered.
    Cancelled,
    /// Something went wrong on the way.
    Failed,
}

/// What a remote engine charges for.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema, PartialEq)]
pub struct Charge {
    /// True for writing down what the caller said, false for an answer of the model.
    pub transcription: bool,
    /// Tokens that were read.
    pub input_tokens: u64,
    /// Of them, audio.
    pub input_audio_tokens: u64,
    /// Of them, what was at hand from before.
    pub cached_tokens: u64,
    /// Tokens that were written.
    pub output_tokens: u64,
    /// Of them, audio.
    pub output_audio_tokens: u64,
    /// Seconds of audio, where that is what is charged.
    pub seconds: f64,
}

/// What travelled on a call.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq)]
pub struct Quality {
    /// On the caller's leg.
    pub caller: LegQuality,
    /// On the leg of whom the caller was connected with last.
    pub other: Option<LegQuality>,
}

/// What travelled on a leg.
#[derive(Clone, Copy, Debug, Serialize, ToSchema, PartialEq)]
pub struct LegQuality {
    /// Packets that we sent.
    pub sent: u64,
    /// Packets that came.
    pub received: u64,
    /// Packets that never came.
    pub lost: u64,
    /// Packets that came too late to be used.
    pub late: u64,
    /// Interarrival jitter (RFC 3550 §6.4.1), in milliseconds.
    pub jitter_ms: f64,
    /// Round trip by RTCP, in milliseconds, when the other side reports.
    pub round_trip_ms: Option<f64>,
    /// The share of our packets that the other side has lost lately, 0 to 1, when it reports.
    pub remote_loss: Option<f32>,
}

/// Milliseconds, for programs.
fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl What {
    /// What an event tells; nothing of what is none of a program's business.
    pub(super) fn of(event: &CallEventKind) -> Option<Self> {
        Some(match event {
            CallEventKind::Began { direction, from, to, .. } => {
                Self::Began { direction: (*direction).into(), from: from.clone(), to: to.clone() }
            }
            CallEventKind::Dialling { to } => Self::Dialling { to: to.clone() },
            CallEventKind::Ringing => Self::Ringing,
            CallEventKind::Answered => Self::Answered,
            CallEventKind::Agent { name } => Self::Agent { name: name.clone() },
            CallEventKind::Bridged { to } => Self::Bridged { to: to.clone() },
            CallEventKind::Media(event) => return Self::of_media(event),
            CallEventKind::ToolResult { id, output } => Self::ToolResult { id: id.0, output: output.clone() },
            CallEventKind::Recorded(outcome) => Self::of_recording(outcome),
            CallEventKind::Ended { disposition, report } => Self::Ended {
                disposition: disposition.kind().into(),
                reason: disposition.to_string(),
                quality: report.as_deref().map(Quality::of),
            },
        })
    }

    fn of_media(event: &MediaEvent) -> Option<Self> {
        Some(match event {
            MediaEvent::CallerStarted { at } => Self::CallerStarted { at_ms: ms(*at) },
            MediaEvent::CallerStopped { from, to } => Self::CallerStopped { from_ms: ms(*from), to_ms: ms(*to) },
            MediaEvent::CallerSaid { item, text, span, finished } => Self::CallerText {
                item: item.0,
                text: text.to_string(),
                r#final: *finished,
                from_ms: span.as_ref().map(|span| span.start.ms()),
                to_ms: span.as_ref().map(|span| span.end.ms()),
            },
            MediaEvent::AgentSaid { heard, interrupted, from, to } => {
                Self::AgentText { text: heard.clone(), interrupted: *interrupted, from_ms: ms(*from), to_ms: ms(*to) }
            }
            MediaEvent::Ducked => Self::Ducked,
            MediaEvent::Paused => Self::Paused,
            MediaEvent::Resumed => Self::Resumed,
            MediaEvent::Interrupted => Self::Interrupted,
            MediaEvent::Key(key) => Self::Key { by: Party::Caller, key: key.to_string() },
            MediaEvent::OtherKey(key) => Self::Key { by: Party::Other, key: key.to_string() },
            MediaEvent::Decided(Decision::Chosen(keys)) => Self::Chosen { keys: keys.clone() },
            MediaEvent::Decided(Decision::NoChoice | Decision::Entered(_) | Decision::Denied) | MediaEvent::HangUp => {
                return None;
            }
            MediaEvent::Latency { total, endpointing, engine } => {
                Self::Latency { total_ms: ms(*total), endpointing_ms: ms(*endpointing), engine_ms: ms(*engine) }
            }
            MediaEvent::State(state) => Self::AgentState { state: (*state).into() },
            MediaEvent::EngineReady => Self::Engine { state: EngineState::Ready, reason: None },
            MediaEvent::Trouble(trouble) => Self::of_trouble(trouble),
            MediaEvent::Tool(ToolCall { id, name, arguments, .. }) => {
                Self::ToolCall { id: id.0, name: name.to_string(), arguments: arguments.to_string() }
            }
            MediaEvent::Usage(usage) => Self::Usage(Charge::of(usage)),
            MediaEvent::Noted(note) => Self::Note { text: told(note) },
            MediaEvent::TimeIsUp => Self::TimeIsUp,
            MediaEvent::NoMedia { silent } => Self::NoMedia { silent_ms: ms(*silent) },
            MediaEvent::Failed => Self::Note { text: "a fault of ours ended the call's voice".to_owned() },
        })
    }

    fn of_trouble(trouble: &Trouble) -> Self {
        match trouble {
            Trouble::Reconnecting { why, .. } => {
                Self::Engine { state: EngineState::Reconnecting, reason: Some(why.clone()) }
            }
            Trouble::Recovered => Self::Engine { state: EngineState::Recovered, reason: None },
            Trouble::Lost(loss) => Self::Engine { state: EngineState::Lost, reason: Some(loss.words.clone()) },
        }
    }

    fn of_recording(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Written { path, samples } => Self::Recorded {
                path: path.display().to_string(),
                length_ms: Some(u64::from(*samples) / 8),
                error: None,
            },
            Outcome::Failed { path, error } => {
                Self::Recorded { path: path.display().to_string(), length_ms: None, error: Some(error.clone()) }
            }
        }
    }
}

/// A note, in words.
fn told(note: &Note) -> String {
    match note {
        Note::Keys(keys) => format!("the caller entered {keys}"),
        Note::Parrot { on: true } => "the agent repeats what is said".to_owned(),
        Note::Parrot { on: false } => "the agent no longer repeats what is said".to_owned(),
        Note::StillThere { count } => format!("the caller says nothing, and was asked; the {count}. time in a row"),
        Note::Unheard(samples) => format!("{} ms of the caller were not heard by the engine", samples.ms()),
        Note::Tool { name, arguments, output } => format!("tool {name} {arguments}: {output}"),
        Note::Remark(text) => text.clone(),
        Note::Leaving(leave) => match leave {
            Leave::Caller => "the agent takes leave: the caller wished it".to_owned(),
            Leave::Agent => "the agent takes leave: all is said".to_owned(),
            Leave::Operator => "the agent takes leave: the operator wished it".to_owned(),
            Leave::Silence => "the agent takes leave: the caller says nothing".to_owned(),
        },
    }
}

impl Charge {
    fn of(usage: &Usage) -> Self {
        let Usage { of, input, cached, output, seconds } = usage;
        let (Tokens { total: read, audio: heard, .. }, Tokens { total: written, audio: spoken, .. }) = (input, output);
        Self {
            transcription: *of == UsageOf::Transcription,
            input_tokens: *read,
            input_audio_tokens: *heard,
            cached_tokens: *cached,
            output_tokens: *written,
            output_audio_tokens: *spoken,
            seconds: *seconds,
        }
    }
}

impl Quality {
    fn of(report: &Report) -> Self {
        Self { caller: LegQuality::of(&report.leg), other: report.other.as_ref().map(LegQuality::of) }
    }
}

impl LegQuality {
    fn of(leg: &LegReport) -> Self {
        let millis = |duration: Duration| duration.as_secs_f64() * 1e3;
        Self {
            sent: leg.sent,
            received: leg.received,
            lost: leg.lost,
            late: leg.late,
            jitter_ms: millis(leg.jitter),
            round_trip_ms: leg.round_trip.map(millis),
            remote_loss: leg.remote_loss,
        }
    }
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::Inbound => Self::Inbound,
            Direction::Outbound => Self::Outbound,
        }
    }
}

impl From<AgentState> for State {
    fn from(state: AgentState) -> Self {
        match state {
            AgentState::Listening => Self::Listening,
            AgentState::Thinking => Self::Thinking,
            AgentState::Speaking => Self::Speaking,
        }
    }
}

impl Ending {
    /// As JSON has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Refused => "refused",
            Self::NotFound => "not_found",
            Self::Unreachable => "unreachable",
            Self::Congestion => "congestion",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

impl From<DispositionKind> for Ending {
    fn from(kind: DispositionKind) -> Self {
        match kind {
            DispositionKind::Answered => Self::Answered,
            DispositionKind::Busy => Self::Busy,
            DispositionKind::NoAnswer => Self::NoAnswer,
            DispositionKind::Refused => Self::Refused,
            DispositionKind::NotFound => Self::NotFound,
            DispositionKind::Unreachable => Self::Unreachable,
            DispositionKind::Congestion => Self::Congestion,
            DispositionKind::Cancelled => Self::Cancelled,
            DispositionKind::Failed => Self::Failed,
        }
    }
}
