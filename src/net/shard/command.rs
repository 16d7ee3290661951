//! What a shard is asked, and what it tells.

use super::leg::Leg;
use super::report::Report;
use crate::recorder::RecordingId;
use rustls::ClientConfig;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use talkpath_media::sdp::MediaPlan;
use talkpath_speech::engine::{CallerItem, Decision, Note, Ticket, ToolCall, ToolId, Trouble, Usage};
use talkpath_speech::turn;
use talkpath_speech::voice::Speech;
use talkpath_speech::{Samples, builtin, menu, pin, realtime, stream};
use tokio::sync::{mpsc, oneshot};

/// Commands that may wait for a shard; whoever sends one more waits.
pub(super) const COMMANDS: usize = 4_096;

/// Names a call on its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallKey(pub u64);

/// One of a call's two legs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Whom the call is with.
    Caller,
    /// Whom it is bridged to.
    Other,
}

/// What talks; the engine itself is made on the shard, where it lives.
#[derive(Clone, Debug)]
pub enum EngineSpec {
    /// The embedded receptionist.
    Builtin(builtin::Settings),
    /// A recording is played, then the call ends.
    Play(Arc<[i16]>),
    /// These words are said, then the call ends.
    Announce(Line),
    /// Keys are asked for, out of these options.
    Menu(menu::Settings),
    /// A PIN is asked for.
    Pin(pin::Settings),
    /// Nothing is said and nothing heard.
    Silent,
    /// A remote realtime engine.
    Realtime(Box<Remote<realtime::Settings>>),
    /// The customer's own bot, and what it is told of the call.
    Stream(Box<Remote<(stream::Settings, stream::Facts)>>),
}

/// A remote engine.
#[derive(Clone, Debug)]
pub struct Remote<T> {
    /// What it is made of.
    pub settings: T,
    /// What its socket is encrypted by, where its URL wants that.
    pub tls: Arc<ClientConfig>,
}

/// How a call is led, whoever talks.
#[derive(Clone, Debug, Default)]
pub struct Conduct {
    /// How turns are taken.
    pub turn: turn::Settings,
    /// What is said while a lost engine is dialled again.
    pub filler: Option<Line>,
    /// What becomes of a caller who says nothing; that is left to the engine where nothing is told.
    pub idle: Option<Idle>,
    /// How long the call may last, on the media clock: then the engine says goodbye.
    pub longest: Option<Duration>,
}

/// A line that we say ourselves.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its words.
    pub text: Arc<str>,
    /// How they sound.
    pub speech: Arc<Speech>,
}

/// What becomes of a caller who says nothing.
#[derive(Clone, Debug)]
pub struct Idle {
    /// After so long, and as long again after each time.
    pub after: Duration,
    /// How the caller is asked.
    pub prompts: IdlePrompts,
    /// Our own last words, before we hang up; with none the engine says goodbye.
    pub goodbye: Option<Line>,
}

/// How a caller who says nothing is asked.
#[derive(Clone, Debug)]
pub enum IdlePrompts {
    /// So often, by the engine.
    Engine {
        /// What it is told, to be put into words.
        instruction: Arc<str>,
        /// How often.
        times: u32,
    },
    /// In these words of ours, one after the other.
    Lines(Arc<[Line]>),
}

/// What the agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentState {
    /// It listens, or waits for somebody to speak.
    Listening,
    /// It was asked, and says nothing yet.
    Thinking,
    /// It is being heard.
    Speaking,
}

/// Everything that a call's voice needs.
#[derive(Debug)]
pub struct Opening {
    /// Its name on the shard.
    pub key: CallKey,
    /// Its sockets, receiver and sender.
    pub leg: Leg,
    /// What talks.
    pub engine: EngineSpec,
    /// How it is led.
    pub conduct: Conduct,
    /// Where events go; an event that finds no room is counted and lost.
    pub events: mpsc::Sender<MediaEvent>,
    /// Where its audio is recorded.
    pub recording: Option<RecordingId>,
    /// How long nothing may come before nobody is there.
    pub patience: Duration,
}

/// What happened on a call, at the rate of people.
#[derive(Clone, Debug)]
pub enum MediaEvent {
    /// The caller has the floor.
    CallerStarted {
        /// Where in the caller's audio the voice began.
        at: Duration,
    },
    /// The caller's turn ended.
    CallerStopped {
        /// Where in the caller's audio it began.
        from: Duration,
        /// Where it ended.
        to: Duration,
    },
    /// The agent's line, as far as it was heard.
    AgentSaid {
        /// What the caller heard of it.
        heard: String,
        /// True when the caller cut it short.
        interrupted: bool,
        /// Where it began on the media clock.
        from: Duration,
        /// Where it ended, or was cut.
        to: Duration,
    },
    /// What the caller said, as far as the engine has understood. Later texts of the same item replace earlier ones.
    CallerSaid {
        /// The utterance.
        item: CallerItem,
        /// All of its words so far.
        text: Arc<str>,
        /// Where it was said on the media clock, if that's known.
        span: Option<Range<Samples>>,
        /// Nothing more will come of it.
        finished: bool,
    },
    /// The agent does something else now.
    State(AgentState),
    /// The session with the remote engine is ready.
    EngineReady,
    /// How the remote engine fares.
    Trouble(Trouble),
    /// A model wants something done; [`ShardHandle::tool_result`] tells it what came of it.
    Tool(ToolCall),
    /// What the remote engine charges for.
    Usage(Usage),
    /// An event for the record.
    Noted(Note),
    /// The call has lasted as long as it may: the agent says goodbye.
    TimeIsUp,
    /// The agent lowered its voice: someone may be speaking.
    Ducked,
    /// The agent fell silent; it may go on.
    Paused,
    /// It goes on where it paused: nobody wanted the floor.
    Resumed,
    /// The caller took the floor; what was left is thrown away.
    Interrupted,
    /// The caller pressed a key.
    Key(char),
    /// Whom the caller is bridged to pressed one.
    OtherKey(char),
    /// What the caller's keys came to.
    Decided(Decision),
    /// The agent answers.
    Latency {
        /// From the end of the caller's speech, or the key, to the first packet of the answer.
        total: Duration,
        /// Of it: until the turn machine was sure that the caller had finished.
        endpointing: Duration,
        /// Of it: from asking the engine to its first audio.
        engine: Duration,
    },
    /// The engine has said all that it had to say: hang up.
    HangUp,
    /// Nothing came from the caller for so long that there is nobody.
    NoMedia {
        /// For how long.
        silent: Duration,
    },
    /// A fault of ours ended the call's voice.
    Failed,
}

pub(super) enum Command {
    Open(Box<Opening>),
    Answered(CallKey),
    Update(CallKey, Side, MediaPlan),
    Press(CallKey, Side, char, Duration),
    Adopt(CallKey, Box<Leg>),
    Release(CallKey, Side, oneshot::Sender<Box<Leg>>),
    Become(CallKey, Box<(EngineSpec, Conduct)>),
    ToolResult(CallKey, ToolId, String),
    Say(CallKey, Line),
    Ring(CallKey, Arc<[i16]>, oneshot::Sender<()>),
    ComeBack(CallKey),
    Interrupt(CallKey),
    Listen(CallKey, mpsc::Sender<Box<[i16]>>),
    Judged(CallKey, bool),
    Key(CallKey, Side, char),
    Goodbye(CallKey),
    Close(CallKey, oneshot::Sender<Box<Report>>),
    Synthesized(CallKey, Ticket, Arc<Speech>),
}

/// No shard can take another call, or it is gone.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the media threads are overloaded")]
pub struct Unavailable;

/// What a shard publishes of itself.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) calls: AtomicUsize,
    pub(super) late: AtomicBool,
}

/// A handle on one shard; clones share it.
#[derive(Clone, Debug)]
pub struct ShardHandle {
    commands: mpsc::Sender<Command>,
    load: Arc<Load>,
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open(_) => "Open",
            Self::Answered(_) => "Answered",
            Self::Update(..) => "Update",
            Self::Press(..) => "Press",
            Self::Adopt(..) => "Adopt",
            Self::Release(..) => "Release",
            Self::Become(..) => "Become",
            Self::ToolResult(..) => "ToolResult",
            Self::Say(..) => "Say",
            Self::Ring(..) => "Ring",
            Self::ComeBack(_) => "ComeBack",
            Self::Interrupt(_) => "Interrupt",
            Self::Listen(..) => "Listen",
            Self::Judged(..) => "Judged",
            Self::Key(..) => "Key",
            Self::Goodbye(_) => "Goodbye",
            Self::Close(..) => "Close",
            Self::Synthesized(..) => "Synthesized",
        })
    }
}

impl ShardHandle {
    pub(super) fn new(commands: mpsc::Sender<Command>, load: Arc<Load>) -> Self {
        Self { commands, load }
    }

    /// Calls on this shard.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.load.calls.load(Ordering::Relaxed)
    }

    /// False when its thread has ended.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.commands.is_closed()
    }

    /// False while its ticks come so late that another call would be heard to stutter.
    #[must_use]
    pub fn keeps_time(&self) -> bool {
        !self.load.late.load(Ordering::Relaxed)
    }

    /// Gives it a call.
    ///
    /// # Errors
    /// [`Unavailable`] when the shard is gone.
    pub async fn open(&self, opening: Opening) -> Result<(), Unavailable> {
        self.load.calls.fetch_add(1, Ordering::Relaxed);
        self.commands.send(Command::Open(Box::new(opening))).await.map_err(|_| {
            self.load.calls.fetch_sub(1, Ordering::Relaxed);
            Unavailable
        })
    }

    /// The other side can hear us.
    pub async fn answered(&self, key: CallKey) {
        self.send(Command::Answered(key)).await;
    }

    /// Where and how voice travels on a leg has changed.
    pub async fn update(&self, key: CallKey, side: Side, plan: MediaPlan) {
        self.send(Command::Update(key, side, plan)).await;
    }

    /// Sends a key as telephone-event on a leg.
    pub async fn press(&self, key: CallKey, side: Side, digit: char, length: Duration) {
        self.send(Command::Press(key, side, digit, length)).await;
    }

    /// A key was pressed on a leg, beside its RTP.
    pub async fn key(&self, key: CallKey, side: Side, digit: char) {
        self.send(Command::Key(key, side, digit)).await;
    }

    /// Bridges a call to another leg: what one side says the other hears, keys too, and the engine neither speaks nor hears
    /// until the leg is released. A leg that the call was bridged to before is dropped.
    pub async fn adopt(&self, key: CallKey, leg: Leg) {
        self.send(Command::Adopt(key, Box::new(leg))).await;
    }

    /// Takes a leg out of its call, for another call to adopt, on whichever shard that lives: the other one, or the caller's
    /// own, whose call is then over. None when there is no such leg.
    pub async fn release(&self, key: CallKey, side: Side) -> Option<Box<Leg>> {
        let (reply, leg) = oneshot::channel();
        self.send(Command::Release(key, side, reply)).await;
        leg.await.ok()
    }

    /// Another engine talks from now on; what was queued is dropped, and nothing rings any more.
    pub async fn talk_as(&self, key: CallKey, engine: EngineSpec, conduct: Conduct) {
        self.send(Command::Become(key, Box::new((engine, conduct)))).await;
    }

    /// What a tool of [`MediaEvent::Tool`] came to, for the model to read.
    pub async fn tool_result(&self, key: CallKey, id: ToolId, output: String) {
        self.send(Command::ToolResult(key, id, output)).await;
    }

    /// Says a line of ours behind what is queued; the caller may cut it.
    pub async fn say(&self, key: CallKey, line: Line) {
        self.send(Command::Say(key, line)).await;
    }

    /// The caller hears that a telephone rings elsewhere, once what is queued was heard: this period, again and again. The engine
    /// neither speaks nor hears from then on, until [`ShardHandle::come_back`] or another takes its place. The receiver tells when it
    /// begins to ring, or fails when it never does.
    pub async fn ring(&self, key: CallKey, period: Arc<[i16]>) -> oneshot::Receiver<()> {
        let (tell, begun) = oneshot::channel();
        self.send(Command::Ring(key, period, tell)).await;
        begun
    }

    /// Nothing rings any more; the engine goes on.
    pub async fn come_back(&self, key: CallKey) {
        self.send(Command::ComeBack(key)).await;
    }

    /// Silences the agent, as if the caller had interrupted it; what must be heard to its end is.
    pub async fn interrupt(&self, key: CallKey) {
        self.send(Command::Interrupt(key)).await;
    }

    /// Lets somebody hear both sides, until it doesn't want to any more: interleaved pieces, the caller left. A piece that finds no room is lost.
    pub async fn listen(&self, key: CallKey, listener: mpsc::Sender<Box<[i16]>>) {
        self.send(Command::Listen(key, listener)).await;
    }

    /// Whether the digits of [`Decision::Entered`] are right.
    pub async fn judged(&self, key: CallKey, right: bool) {
        self.send(Command::Judged(key, right)).await;
    }

    /// The agent shall say goodbye and end.
    pub async fn goodbye(&self, key: CallKey) {
        self.send(Command::Goodbye(key)).await;
    }

    /// Ends a call; what travelled comes back, unless a fault took it.
    pub async fn close(&self, key: CallKey) -> Option<Box<Report>> {
        let (reply, report) = oneshot::channel();
        self.send(Command::Close(key, reply)).await;
        report.await.ok()
    }

    /// A shard that is gone takes its calls along: their tasks see their event channels close.
    async fn send(&self, command: Command) {
        drop(self.commands.send(command).await);
    }
}
