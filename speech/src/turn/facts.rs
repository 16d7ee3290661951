//! What the turn machine is told, and what it says.

use crate::engine::ItemId;
use crate::samples::Samples;

/// 20 ms of the caller's stream as the ears judged it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VoiceFrame {
    /// Position of its first sample.
    pub at: Samples,
    /// Whether the VAD heard voice.
    pub voiced: bool,
    /// Its level.
    pub level_dbov: f32,
}

/// What became of the playout queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Playback {
    /// The first packet of an item goes out.
    Started {
        /// The item.
        item: ItemId,
        /// Whether the caller may cut it.
        interruptible: bool,
    },
    /// The item went out to its end.
    Finished {
        /// The item.
        item: ItemId,
    },
    /// The queue is empty.
    Idle,
}

/// What became of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was asked for something: the watchdog runs.
    Asked,
    /// Its answer arrives: the watchdog waits anew, and rests when the answer is heard.
    Coming,
    /// It has nothing to say.
    Nothing,
}

/// How a caller's voice cuts the agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BargeIn {
    /// In the three steps.
    #[default]
    Steps,
    /// In one: what would duck the agent cuts it.
    Immediate,
    /// Not at all, and keys neither: every item is as one that isn't interruptible. Whoever talks decides for itself what it hears.
    Off,
}

/// Who has the floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nobody.
    Listening,
    /// The caller (perhaps beside an uncuttable item).
    CallerSpeaking,
    /// The engine, silent as yet.
    Thinking,
    /// The agent.
    Speaking,
}

/// Why the agent is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The caller's voice.
    Voice,
    /// Words that are no backchannel.
    Words,
    /// A key.
    Key,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Turn the agent down by [`Settings::duck_db`](super::Settings::duck_db).
    Duck,
    /// Full level again.
    Unduck,
    /// Send silence; keep the queue.
    Pause,
    /// Go on where the pause began.
    Resume,
    /// Drop what is left of `item` and every interruptible item queued behind it, end a pause, tell the engine what was heard.
    Flush {
        /// The item being heard.
        item: ItemId,
        /// Why.
        cause: Cause,
    },
    /// The caller has the floor; tell the engine.
    CallerStarted {
        /// Start of the voice, pre-roll included.
        at: Samples,
    },
    /// The caller is done; ask the engine.
    CallerStopped {
        /// End of the voice.
        at: Samples,
    },
    /// Nobody moves though the engine was asked: ask again.
    Nudge,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Times the agent was ducked.
    pub ducks: u64,
    /// Times it was paused.
    pub pauses: u64,
    /// Pauses that ended in a resume.
    pub false_alarms: u64,
    /// Flushes because of voice or words.
    pub interruptions: u64,
    /// Flushes because of keys.
    pub key_interruptions: u64,
    /// Turns of the caller.
    pub turns: u64,
    /// Times the engine was nudged.
    pub nudges: u64,
}
