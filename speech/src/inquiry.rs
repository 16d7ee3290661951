//! A question that is answered by keys: what a menu and a gate have in common.
//!
//! ```text
//!   Waiting ──answered──► Asking ──take──► Judging ──accept──► Over
//!      │                    ▲                 │
//!      │                    └── refuse: again, prompt ──┤
//!      └──leave──► Parting ◄── refuse: attempts used ───┘     Parting ──goodbye heard──► Over, decided or hung up
//! ```
//!
//! Keys interrupt the prompt (the turn machine flushes it); the patience for the first key runs from the prompt's end. While the caller
//! holds the call no time runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::engine::{Clip, Decision, Input, Leave, Note, Output};
use crate::keypad::{self, Keypad};
use crate::script::{Manner, Part, Script, spaced};

/// How a recording stands in the transcript.
const RECORDING: &str = "[recording]";

/// Something to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Text for the embedded voice.
    Text(String),
    /// Samples at 8 kHz.
    Clip(Arc<[i16]>),
}

impl Prompt {
    /// What the embedded voice has to speak of it, for whoever has it spoken ahead.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Clip(_) => None,
        }
    }

    fn part(&self) -> Part {
        match self {
            Self::Text(text) => Part::line(text),
            Self::Clip(samples) => Part::Sound(Clip::new(Arc::clone(samples)), RECORDING),
        }
    }
}

/// What is asked, and how patiently.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) prompt: Prompt,
    pub(crate) again: Prompt,
    pub(crate) goodbye: Option<Prompt>,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Asking,
    Judging,
    /// The goodbye is being said; then this is told.
    Parting(Decision),
    Over,
}

/// The machine within the machine: its owner decides what an entry is worth.
#[derive(Debug)]
pub(crate) struct Inquiry {
    question: Question,
    script: Script,
    keypad: Keypad,
    stage: Stage,
    refused: u32,
    held: bool,
}

impl Inquiry {
    pub(crate) fn new(question: Question, interdigit: Duration) -> Self {
        let keypad = Keypad::new(interdigit);
        Self { question, script: Script::default(), keypad, stage: Stage::Waiting, refused: 0, held: false }
    }

    /// Does what every keypad engine does, and gives the key that its owner must look at.
    pub(crate) fn handle(&mut self, input: Input<'_>, now: Instant) -> Option<char> {
        match input {
            Input::Answered => self.answered(),
            Input::Key(key) if self.stage == Stage::Asking && keypad::is_key(key) => {
                self.script.drop_unspoken();
                return Some(key);
            }
            Input::Interrupted { item, .. } | Input::Finished { item } => self.script.over(item),
            Input::Synthesized { ticket, speech } => self.script.synthesized(ticket, &speech),
            Input::Held(held) => self.hold(held, now),
            Input::Goodbye => self.leave(),
            Input::Nudge => {
                self.script.ask_again();
            }
            Input::Key(_)
            | Input::Audio(_)
            | Input::TurnStarted { .. }
            | Input::TurnEnded { .. }
            | Input::WallClock(_)
            | Input::Coded(_)
            | Input::SocketOpened
            | Input::SocketFailed(_)
            | Input::Message(_)
            | Input::Binary(_)
            | Input::Heard { .. }
            | Input::SocketClosed { .. }
            | Input::ToolResult { .. }
            | Input::Ended
            | Input::Judged(_)
            | Input::Instruct(_)
            | Input::Wakeup => {}
        }
        None
    }

    /// Keeps a key of the entry.
    pub(crate) fn push(&mut self, key: char, now: Instant) {
        self.keypad.push(key, now);
    }

    /// The entry begins anew.
    pub(crate) fn clear(&mut self, now: Instant) {
        self.keypad.take();
        self.keypad.wait(self.question.timeout, now);
    }

    /// The keys of the entry so far.
    pub(crate) fn keys(&self) -> &str {
        self.keypad.keys()
    }

    /// Whether no key came in time, or none to follow the last.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.stage == Stage::Asking && !self.held && self.keypad.due(now)
    }

    /// The entry is over: no keys are taken until it is judged.
    pub(crate) fn take(&mut self) -> String {
        self.stage = Stage::Judging;
        self.keypad.take().unwrap_or_default()
    }

    /// Whether an entry waits to be judged.
    pub(crate) fn is_judging(&self) -> bool {
        self.stage == Stage::Judging
    }

    /// The entry is for its owner to judge, later.
    pub(crate) fn tell(&mut self, decision: Decision) {
        self.script.decide(decision);
    }

    /// The entry is good: silence, and perhaps a decision.
    pub(crate) fn accept(&mut self, decision: Option<Decision>) {
        self.stage = Stage::Over;
        self.script.drop_unspoken();
        self.script.flush();
        decision.into_iter().for_each(|decision| self.script.decide(decision));
    }

    /// The entry is no good: the question is asked again, or this is decided.
    pub(crate) fn refuse(&mut self, last: Decision) {
        self.refused += 1;
        self.script.drop_unspoken();
        if self.refused < self.question.attempts {
            self.stage = Stage::Asking;
            let parts = [self.question.again.part(), self.question.prompt.part()];
            return self.script.say(spaced(parts), Manner::Interruptible);
        }
        self.stage = Stage::Parting(last);
        self.script.flush();
        if let Some(goodbye) = &self.question.goodbye {
            self.script.say([goodbye.part()], Manner::Uncuttable);
        }
    }

    /// Acts on what has become due.
    pub(crate) fn settle(&mut self, now: Instant) {
        if self.held {
            self.keypad.suspend();
        } else if self.stage == Stage::Asking && self.script.is_silent() {
            self.keypad.wait(self.question.timeout, now);
        }
        if self.script.is_silent() && matches!(self.stage, Stage::Parting(_)) {
            let Stage::Parting(decision) = std::mem::replace(&mut self.stage, Stage::Over) else { return };
            self.script.decide(decision);
        }
    }

    pub(crate) fn poll(&mut self) -> Output {
        let next = if self.stage == Stage::Asking { self.keypad.deadline() } else { None };
        self.script.poll().unwrap_or(Output::Timeout(next))
    }

    fn answered(&mut self) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Asking;
            self.script.say([self.question.prompt.part()], Manner::Interruptible);
        }
    }

    fn hold(&mut self, held: bool, now: Instant) {
        if std::mem::replace(&mut self.held, held) && !held {
            self.keypad.resume(now);
        }
    }

    /// The operator drains.
    fn leave(&mut self) {
        let heard = !matches!(self.stage, Stage::Waiting);
        if std::mem::replace(&mut self.stage, Stage::Over) == Stage::Over {
            return self.script.hang_up();
        }
        self.script.drop_unspoken();
        self.script.flush();
        self.script.note(Note::Leaving(Leave::Operator));
        match &self.question.goodbye {
            Some(goodbye) if heard => self.script.say([goodbye.part()], Manner::Last),
            Some(_) | None => self.script.hang_up(),
        }
    }
}

#[cfg(test)]
pub(crate) mod desk;
