//! From what a call's task sees to what programs are told.

use super::entry::{Charge, Ending, EngineState, LegQuality, Party, Quality, State, Way, What};
use crate::call::{CallEventKind, Direction};
use crate::net::shard::{AgentState, LegReport, MediaEvent, Report};
use crate::recorder::Outcome;
use std::time::Duration;
use talkpath_dialplan::DispositionKind;
use talkpath_speech::engine::{Decision, Leave, Note, Tokens, ToolCall, Trouble, Usage, UsageOf};

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
