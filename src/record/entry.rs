//! What is told of a call to programs: one entry an event, in order, numbered.

use serde::{Deserialize, Serialize};
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
