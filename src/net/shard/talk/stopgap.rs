//! What we do ourselves so that nobody is left in silence: a filler while a lost engine is dialled again, and a word to a caller
//! who says nothing.

use super::{Talk, samples};
use crate::net::shard::command::{Idle, IdlePrompts, Line, MediaEvent};
use crate::net::shard::surroundings::Surroundings;
use std::time::Instant;
use talkpath_speech::Samples;
use talkpath_speech::engine::{Input, Leave, Note};
use talkpath_speech::turn::State;

/// From the end of one filler to the beginning of the next.
const BETWEEN: Samples = Samples::from_ms(5_000);

/// What there is to be said, and when.
#[derive(Debug)]
pub(super) struct Stopgap {
    filler: Option<Line>,
    idle: Option<Idle>,
    /// The engine is being dialled again; the next filler is due here.
    lost: Option<Samples>,
    /// Where anybody moved last.
    moved: Samples,
    /// How often the caller was asked since.
    asked: u32,
    /// The engine was asked for its last words.
    last_word: bool,
}

impl Stopgap {
    pub(super) fn new(filler: Option<Line>, idle: Option<Idle>) -> Self {
        Self { filler, idle, lost: None, moved: Samples::ZERO, asked: 0, last_word: false }
    }

    pub(super) fn engine_lost(&mut self) {
        self.lost.get_or_insert(Samples::ZERO);
    }

    pub(super) fn engine_back(&mut self) {
        self.lost = None;
    }

    /// Somebody said or pressed something.
    pub(super) fn moved(&mut self, at: Samples) {
        self.moved = at;
    }

    /// The caller did: whatever we had asked is answered.
    fn caller_moved(&mut self, at: Samples) {
        (self.moved, self.asked) = (at, 0);
    }

    pub(super) fn is_last_word_asked(&self) -> bool {
        self.last_word
    }

    pub(super) fn last_word_asked(&mut self) {
        self.last_word = true;
    }
}

impl Talk {
    /// Says the filler when the engine is lost and nobody speaks.
    pub(super) fn fill_in(&mut self) {
        let Some(due) = self.stopgap.lost else { return };
        let quiet = self.mouth.is_silent() && self.turn.state() != State::CallerSpeaking;
        if !quiet || self.position < due || self.leaving.is_some() {
            return;
        }
        if let Some(filler) = self.stopgap.filler.clone() {
            let length = Samples(filler.speech.audio.len() as u64);
            self.stopgap.lost = Some(self.position + length + BETWEEN);
            self.say_ourselves(&filler.text, &filler.speech);
        }
    }

    /// Has the engine ask a caller who says nothing, and leave when nothing comes of that.
    pub(super) fn ask_after_silence(&mut self, now: Instant, around: &Surroundings<'_>) {
        let Some(idle) = self.stopgap.idle.clone() else { return };
        match self.turn.state() {
            State::CallerSpeaking => return self.stopgap.caller_moved(self.position),
            State::Speaking | State::Thinking => return self.stopgap.moved(self.position),
            State::Listening => {}
        }
        let due = self.stopgap.moved + samples(idle.after);
        if self.held || self.aside || self.stopgap.lost.is_some() || self.stopgap.last_word || self.position < due {
            return;
        }
        self.stopgap.moved(self.position);
        self.stopgap.asked += 1;
        let asked = self.stopgap.asked;
        match &idle.prompts {
            IdlePrompts::Engine { instruction, times } if asked <= *times => {
                self.engine.handle(Input::Instruct(instruction), now);
                self.settle(now, around);
            }
            IdlePrompts::Lines(lines) if (asked as usize) <= lines.len() => {
                if let Some(line) = lines.get(asked as usize - 1) {
                    self.say_ourselves(&line.text, &line.speech);
                }
            }
            IdlePrompts::Engine { .. } | IdlePrompts::Lines(_) => {
                return self.take_leave(idle.goodbye.as_ref(), now, around);
            }
        }
        self.tell(MediaEvent::Noted(Note::StillThere { count: asked }));
    }

    /// Nobody has answered: we hang up, after the last words.
    fn take_leave(&mut self, words: Option<&Line>, now: Instant, around: &Surroundings<'_>) {
        self.stopgap.last_word_asked();
        self.longest = Some(self.position + super::LAST_WORDS);
        match words {
            Some(line) => {
                self.tell(MediaEvent::Noted(Note::Leaving(Leave::Silence)));
                self.say_ourselves(&line.text, &line.speech);
                self.leaving = Some(super::LAST_PACKETS);
            }
            None => self.goodbye(now, around),
        }
    }
}
