//! The embedded receptionist: an English-speaking engine that needs neither network nor models.
//!
//! ```text
//!   Waiting ──Answered──► greeting ──► Attending ──Goodbye, `9`, `#`, silence──► goodbye, HangUp
//!                                        │ ▲
//!     turn ended ──► parrot ─────────────┤ │   (the caller's own words in the caller's own voice)
//!     `1` ──► time of day ───────────────┤ │
//!     `2` ──► parrot on or off ──────────┤ │
//!     `3` ──► a long text ───────────────┤ │   (something to interrupt)
//!     `0` ──► menu ──────────────────────┤ │
//!     other keys, then a pause ──► read ─┘ └── caller's turn or key: whatever is unspoken is dropped
//! ```
//!
//! It understands keys and speech activity, not words. When nobody speaks for a while it asks whether the caller is still there,
//! a few times, and then leaves. While the caller holds the call none of that time counts: keys that were begun wait for more, and taking the
//! call back is a sign of life.
//!
//! Driven like every [`Engine`]. Its fixed [`lines`] are few, so that a driver can have them spoken once and keep them; the time and
//! read-back keys are asked for as they come. Audio costs a copy into a ring of 1.5 s, and during a turn into the recording, which
//! grows by doubling.

use std::time::Instant;

use crate::engine::{Engine, Input, Leave, Note, Output, WallClock};
use crate::keypad::{self, Keypad};
use crate::samples::Samples;
use crate::script::{Manner, Part, Script, spaced};

mod phrases;
mod recorder;
mod settings;
#[cfg(test)]
mod tests;

pub use settings::{Settings, lines, opening};

use recorder::Recorder;

/// How the parrot's audio stands in the transcript.
const PARROTED: &str = "[parrot]";

/// The machine.
#[derive(Debug)]
pub struct Receptionist {
    settings: Settings,
    script: Script,
    recorder: Recorder,
    keypad: Keypad,
    stage: Stage,
    /// Repeat the caller after each turn.
    parrot: bool,
    /// The parrot has been introduced.
    led_in: bool,
    /// The caller has the floor.
    caller_speaks: bool,
    /// The caller holds the call.
    held: bool,
    /// The time of day was asked for.
    telling_time: bool,
    /// When silence has lasted too long.
    idle: Option<Instant>,
    /// Prompts since the caller last moved.
    prompts: u32,
}

/// How far the call is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Waiting,
    Attending,
    Leaving,
}

impl Receptionist {
    /// A receptionist who waits for the call to be answered.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            script: Script::default(),
            recorder: Recorder::new(settings.parrot_limit),
            keypad: Keypad::new(settings.key_pause),
            stage: Stage::Waiting,
            parrot: settings.parrot,
            led_in: false,
            caller_speaks: false,
            held: false,
            telling_time: false,
            idle: None,
            prompts: 0,
            settings,
        }
    }

    fn answered(&mut self) {
        if self.stage != Stage::Waiting {
            return;
        }
        self.stage = Stage::Attending;
        let manner = if self.settings.greeting_interruptible { Manner::Interruptible } else { Manner::Uncuttable };
        let greeting = opening(&self.settings).map(Part::line);
        self.script.say(spaced(greeting), manner);
    }

    fn turn_started(&mut self, at: Samples) {
        self.recorder.start(at);
        self.caller_speaks = true;
        self.caller_moved();
        if let Some(keys) = self.keypad.take() {
            self.script.note(Note::Keys(keys));
        }
    }

    fn turn_ended(&mut self, at: Samples) {
        self.caller_speaks = false;
        let recording = self.recorder.stop(at);
        if self.stage != Stage::Attending {
            return;
        }
        match recording.filter(|clip| !clip.is_empty()) {
            Some(clip) if self.parrot => {
                let lead_in = self.settings.parrot_lead_in.as_deref().filter(|_| !self.led_in);
                self.led_in = true;
                let parts = lead_in.map(Part::line).into_iter().chain([Part::Sound(clip, PARROTED)]);
                self.script.say(parts, Manner::Interruptible);
            }
            Some(_) => self.say(phrases::NOT_REPEATED),
            None => {}
        }
    }

    /// The caller did something: what is unspoken is out of date.
    fn caller_moved(&mut self) {
        self.prompts = 0;
        self.telling_time = false;
        self.script.drop_unspoken();
    }

    fn key(&mut self, key: char, now: Instant) {
        if self.stage != Stage::Attending || !keypad::is_key(key) {
            return;
        }
        self.caller_moved();
        if self.keypad.collecting() && key != '#' {
            self.keypad.push(key, now);
        } else if self.keypad.collecting() {
            self.read_back();
        } else {
            self.command(key, now);
        }
    }

    fn command(&mut self, key: char, now: Instant) {
        match key {
            '0' => self.say(phrases::MENU),
            '1' => self.ask_time(),
            '2' => self.toggle_parrot(),
            '3' => {
                let text = phrases::READING.map(Part::line);
                self.script.say(spaced(text), Manner::Interruptible);
            }
            '9' | '#' => self.leave(Leave::Caller),
            _ => return self.keypad.push(key, now),
        }
        self.script.note(Note::Keys(key.into()));
    }

    fn read_back(&mut self) {
        if let Some(keys) = self.keypad.take() {
            self.say(&phrases::pressed(&keys));
            self.script.note(Note::Keys(keys));
        }
    }

    fn ask_time(&mut self) {
        self.telling_time = true;
        self.script.ask_time();
    }

    fn wall_clock(&mut self, time: WallClock) {
        if std::mem::take(&mut self.telling_time) && self.stage == Stage::Attending {
            self.say(&phrases::time(time));
        }
    }

    fn toggle_parrot(&mut self) {
        self.parrot = !self.parrot;
        self.say(if self.parrot { phrases::PARROT_ON } else { phrases::PARROT_OFF });
        self.script.note(Note::Parrot { on: self.parrot });
    }

    fn goodbye(&mut self) {
        if self.stage == Stage::Waiting {
            self.stage = Stage::Leaving;
            return self.script.hang_up();
        }
        self.leave(Leave::Operator);
    }

    fn leave(&mut self, why: Leave) {
        if self.stage == Stage::Leaving {
            return;
        }
        self.stage = Stage::Leaving;
        self.keypad.take();
        self.telling_time = false;
        self.script.drop_unspoken();
        self.script.flush();
        self.script.note(Note::Leaving(why));
        let gone_quiet = (why == Leave::Silence).then_some(phrases::GONE_QUIET);
        let words = gone_quiet.into_iter().chain([&*self.settings.goodbye]);
        self.script.say(words.map(Part::line), Manner::Last);
    }

    /// Nobody has spoken for too long.
    fn prompt(&mut self) {
        if self.prompts >= self.settings.idle_prompts {
            return self.leave(Leave::Silence);
        }
        self.prompts += 1;
        self.script.note(Note::StillThere { count: self.prompts });
        self.say(phrases::STILL_THERE);
    }

    /// Asked again by the watchdog: ask for what hasn't come, or else speak.
    fn nudge(&mut self) {
        if self.telling_time {
            self.script.ask_time();
        }
        if !self.script.ask_again() && self.quiet() {
            self.prompt();
        }
    }

    fn hold(&mut self, held: bool, now: Instant) {
        if std::mem::replace(&mut self.held, held) == held {
            return;
        }
        if held {
            return self.keypad.suspend();
        }
        self.prompts = 0;
        self.idle = None;
        self.keypad.resume(now);
    }

    fn say(&mut self, text: &str) {
        self.script.say([Part::line(text)], Manner::Interruptible);
    }

    /// Nobody speaks and nothing is under way.
    fn quiet(&self) -> bool {
        let busy = self.caller_speaks || self.telling_time || self.keypad.collecting();
        self.stage == Stage::Attending && !busy && !self.held && self.script.is_silent()
    }

    /// Acts on what has become due, and sets the idle timer by whether anything is under way.
    fn settle(&mut self, now: Instant) {
        if self.held {
            self.keypad.suspend();
        } else if self.keypad.due(now) {
            self.read_back();
        }
        if !self.quiet() {
            self.idle = None;
        } else if self.idle.is_some_and(|idle| now >= idle) {
            self.idle = None;
            self.prompt();
        } else {
            self.idle = self.idle.or_else(|| now.checked_add(self.settings.idle));
        }
    }
}

impl Engine for Receptionist {
    fn handle(&mut self, input: Input<'_>, now: Instant) {
        match input {
            Input::Audio(samples) => self.recorder.push(samples),
            Input::Answered => self.answered(),
            Input::TurnStarted { at } => self.turn_started(at),
            Input::TurnEnded { at } => self.turn_ended(at),
            Input::Key(key) => self.key(key, now),
            Input::Interrupted { item, .. } | Input::Finished { item } => self.script.over(item),
            Input::Synthesized { ticket, speech } => self.script.synthesized(ticket, &speech),
            Input::WallClock(time) => self.wall_clock(time),
            Input::Goodbye => self.goodbye(),
            Input::Held(held) => self.hold(held, now),
            Input::Nudge => self.nudge(),
            Input::Wakeup
            | Input::Coded(_)
            | Input::Judged(_)
            | Input::Instruct(_)
            | Input::SocketOpened
            | Input::SocketFailed(_)
            | Input::Message(_)
            | Input::Binary(_)
            | Input::Heard { .. }
            | Input::SocketClosed { .. }
            | Input::ToolResult { .. }
            | Input::Ended => {}
        }
        self.settle(now);
    }

    fn poll(&mut self) -> Output {
        let next = [self.idle, self.keypad.deadline()].into_iter().flatten().min();
        self.script.poll().unwrap_or(Output::Timeout(next))
    }
}
