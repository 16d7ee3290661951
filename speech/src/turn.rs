//! The turn machine: who has the floor, and whether the agent should go on.
//!
//! Two states side by side. The floor:
//!
//! ```text
//!   Listening ──voice──► CallerSpeaking ──end_silence──► Thinking ──playout──► Speaking ──playout idle──► Listening
//!        ▲                     ▲                             │                     │
//!        └──── engine quiet ───┼─────────────────────────────┘                     │
//!                              └───────────────────── voice (sure) ────────────────┘
//! ```
//!
//! and the grip on the agent's playout, climbed while a run of voice lasts:
//!
//! ```text
//!   Free ──suspect: Duck──► Ducked ──likely: Pause──► Paused ──sure: Flush, CallerStarted──► Free
//!     ▲────── quiet: Unduck ───┘                         │
//!     └──────────────── quiet: Resume, Unduck ───────────┘   (a false alarm: nothing was lost, the engine never knew)
//! ```
//!
//! Items that are not interruptible are neither ducked nor cut; a caller who talks over one for as long as *sure* gets the floor
//! beside it. A run that was under way when an item starts counts in full: who already has the floor keeps it.
//!
//! [`BargeIn`] says whether the three steps are climbed, taken at once, or not at all: for engines that decide about interruption themselves.
//!
//! A turn that doesn't end (music on hold, a television, a fax) is closed after *max_turn* and the engine asked. What goes on sounding is then
//! nobody's voice until it has paused for *end_silence* or a recogniser hears words in it: it neither opens a turn nor cuts the answer.
//!
//! Driven per call by its media shard: one [`Turn::handle_voice`] per 20 ms of the caller's continuous stream is also the only
//! clock. After each input drain [`Turn::poll`]. Allocates nothing per frame.

use std::collections::VecDeque;

use crate::engine::ItemId;
use crate::samples::Samples;

mod facts;
mod run;
mod settings;
#[cfg(test)]
mod tests;
mod threshold;
mod words;

pub use facts::{Action, Answer, BargeIn, Cause, Counters, Playback, State, VoiceFrame};
pub use settings::Settings;

use run::Run;
use threshold::Threshold;

/// The length of a [`VoiceFrame`].
pub const FRAME: Samples = Samples::from_ms(20);
/// Voice shorter than this is a click: it doesn't put off the end of a turn.
const CLICK: Samples = Samples::from_ms(20);

/// The grip on the playout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grip {
    Free,
    Ducked,
    Paused,
}

/// The machine.
#[derive(Clone, Debug)]
pub struct Turn {
    settings: Settings,
    barge_in: BargeIn,
    now: Samples,
    run: Run,
    threshold: Threshold,
    grip: Grip,
    /// The item being heard, and whether it may be cut.
    playing: Option<(ItemId, bool)>,
    /// The caller's turn is open, since.
    open: Option<Samples>,
    /// The sound of a turn that was closed as too long goes on.
    endless: bool,
    /// End of the last voice that was no click.
    last_voice: Samples,
    /// End of the caller's turn before: turns don't overlap.
    last_turn: Samples,
    /// The engine owes an answer, since.
    asked: Option<Samples>,
    /// When the watchdog barks.
    watchdog: Option<Samples>,
    /// Voice up to here is the tone of a key.
    masked: Samples,
    actions: VecDeque<Action>,
    counters: Counters,
}

impl Turn {
    /// A call at position zero: nobody has the floor. [`Settings::check`] the settings first.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            threshold: Threshold::new(&settings),
            settings,
            barge_in: BargeIn::Steps,
            now: Samples::ZERO,
            run: Run::default(),
            grip: Grip::Free,
            playing: None,
            open: None,
            endless: false,
            last_voice: Samples::ZERO,
            last_turn: Samples::ZERO,
            asked: None,
            watchdog: None,
            masked: Samples::ZERO,
            actions: VecDeque::with_capacity(8),
            counters: Counters::default(),
        }
    }

    /// The machine of another agent that takes over in mid-call: what was learnt of the line and counted stays, nobody owes
    /// anybody anything, and whoever has the floor begins anew.
    #[must_use]
    pub fn succeeded_by(&self, settings: Settings) -> Self {
        Self {
            now: self.now,
            last_voice: self.last_voice,
            last_turn: self.now,
            masked: self.masked,
            threshold: self.threshold.clone(),
            counters: self.counters,
            ..Self::new(settings)
        }
    }

    /// Takes the next 20 ms of the caller's stream. Frames are continuous; one that lies in the past is ignored.
    pub fn handle_voice(&mut self, frame: VoiceFrame) {
        if frame.at + FRAME <= self.now {
            return;
        }
        self.now = frame.at + FRAME;
        let loud = self.threshold.exceeded(&self.settings, frame.at, frame.voiced, frame.level_dbov);
        let sound = frame.voiced && loud && frame.at >= self.masked;
        let voice = !self.is_endless(sound) && sound;
        let hole = if self.grip == Grip::Paused { self.settings.resume_after_ms } else { self.settings.gap_ms };
        self.run.push(frame.at, voice, ms(hole));
        if voice && self.run.length() > CLICK {
            self.last_voice = self.now;
        }
        self.climb();
        self.endpoint();
        self.watch();
    }

    /// A frame with this level was sent while the caller's stream was at `at`.
    pub fn handle_sent(&mut self, at: Samples, level_dbov: f32) {
        self.threshold.sent(at, level_dbov);
    }

    /// The playout moved on.
    pub fn handle_playout(&mut self, playback: Playback) {
        match playback {
            Playback::Started { item, interruptible } => {
                self.playing = Some((item, interruptible));
                self.rest();
                if !interruptible {
                    self.release();
                }
            }
            Playback::Finished { item } => {
                if self.playing.is_some_and(|(playing, _)| playing == item) {
                    self.silent();
                }
            }
            Playback::Idle => self.silent(),
        }
    }

    /// The engine moved on.
    pub fn handle_engine(&mut self, answer: Answer) {
        match answer {
            Answer::Asked => self.ask(),
            Answer::Coming => self.wind_up(),
            Answer::Nothing => self.rest(),
        }
    }

    /// The caller pressed a key while the stream was at `at`.
    pub fn handle_key(&mut self, at: Samples) {
        self.masked = self.masked.max(at.min(self.now) + ms(self.settings.key_mask_ms));
        self.run.clear();
        if self.settings.keys_interrupt {
            self.flush(Cause::Key);
        }
        self.release();
    }

    /// A recogniser heard words of the caller that end at `at`. Words that are no backchannel take the floor at once.
    pub fn handle_words(&mut self, at: Samples, text: &str) {
        if self.cuttable().is_none() || words::backchannel(text, &self.settings.backchannels) {
            return;
        }
        self.last_voice = self.last_voice.max(at.min(self.now));
        self.flush(Cause::Words);
        self.endless = false;
        self.open();
    }

    /// From now on a caller's voice cuts the agent in this manner.
    pub fn set_barge_in(&mut self, barge_in: BargeIn) {
        self.barge_in = barge_in;
        if barge_in == BargeIn::Off {
            self.release();
        }
    }

    /// The next thing to be done, in order.
    pub fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Who has the floor.
    #[must_use]
    pub fn state(&self) -> State {
        match (self.open.is_some(), self.playing, self.asked) {
            (true, _, _) => State::CallerSpeaking,
            (false, Some(_), _) => State::Speaking,
            (false, None, Some(_)) => State::Thinking,
            (false, None, None) => State::Listening,
        }
    }

    /// What happened so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The thresholds in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Climbs the steps of barge-in as far as the run of voice reaches, or lets go.
    fn climb(&mut self) {
        let (settings, voice) = (&self.settings, self.run.length());
        let suspect = ms(settings.suspect_ms);
        let (likely, sure) = match self.barge_in {
            BargeIn::Immediate => (suspect, suspect),
            BargeIn::Steps | BargeIn::Off => (ms(settings.likely_ms), ms(settings.sure_ms)),
        };
        if self.run.start().is_none() {
            return self.false_alarm();
        }
        if self.cuttable().is_none() {
            return;
        }
        if self.grip == Grip::Free && voice >= suspect {
            self.grip = Grip::Ducked;
            self.counters.ducks += 1;
            self.actions.push_back(Action::Duck);
        }
        if self.grip == Grip::Ducked && voice >= likely {
            self.grip = Grip::Paused;
            self.counters.pauses += 1;
            self.actions.push_back(Action::Pause);
        }
        if self.grip == Grip::Paused && voice >= sure && self.threshold.is_sure() {
            self.flush(Cause::Voice);
            self.open();
        }
    }

    /// Opens the caller's turn when voice has lasted, closes it when quiet has.
    fn endpoint(&mut self) {
        if let Some(since) = self.open {
            let endless = self.now - since >= ms(self.settings.max_turn_ms);
            if endless {
                self.endless = true;
                self.run.clear();
            }
            if endless || self.is_quiet() {
                self.close();
            }
            return;
        }
        let needed = match self.playing {
            None => self.settings.start_ms,
            Some(_) if self.cuttable().is_some() => return,
            Some(_) => self.settings.sure_ms,
        };
        if self.run.start().is_some() && self.run.length() >= ms(needed) && self.threshold.is_sure() {
            self.open();
        }
    }

    /// Closes the caller's turn and asks the engine.
    fn close(&mut self) {
        self.open = None;
        self.last_turn = self.last_voice;
        self.actions.push_back(Action::CallerStopped { at: self.last_voice });
        self.ask();
    }

    fn is_quiet(&self) -> bool {
        self.now - self.last_voice >= ms(self.settings.end_silence_ms)
    }

    /// Whether the sound of a turn that was closed as too long goes on, now that there is sound or not.
    fn is_endless(&mut self, sound: bool) -> bool {
        if self.endless && sound {
            self.last_voice = self.now;
        }
        self.endless &= !self.is_quiet();
        self.endless
    }

    /// Nudges the engine that owes an answer for too long. While somebody speaks nobody waits for it.
    fn watch(&mut self) {
        if self.open.is_some() || self.playing.is_some() {
            self.wind_up();
        } else if self.watchdog.is_some_and(|bark| self.now >= bark) {
            self.ask();
            self.counters.nudges += 1;
            self.actions.push_back(Action::Nudge);
        }
    }

    fn ask(&mut self) {
        self.asked = Some(self.now);
        self.wind_up();
    }

    /// The watchdog of an engine that was asked waits its whole time again.
    fn wind_up(&mut self) {
        self.watchdog = self.asked.map(|_| self.now + ms(self.settings.watchdog_ms));
    }

    fn rest(&mut self) {
        self.asked = None;
        self.watchdog = None;
    }

    /// The item being heard, if it may be cut.
    fn cuttable(&self) -> Option<ItemId> {
        let cuttable = |&(_, interruptible): &(ItemId, bool)| interruptible && self.barge_in != BargeIn::Off;
        self.playing.filter(cuttable).map(|(item, _)| item)
    }

    fn flush(&mut self, cause: Cause) {
        let Some(item) = self.cuttable() else { return };
        self.playing = None;
        match cause {
            Cause::Voice | Cause::Words => self.counters.interruptions += 1,
            Cause::Key => self.counters.key_interruptions += 1,
        }
        self.threshold.believe();
        self.actions.push_back(Action::Flush { item, cause });
        if std::mem::replace(&mut self.grip, Grip::Free) != Grip::Free {
            self.actions.push_back(Action::Unduck);
        }
        tracing::debug!(?item, ?cause, at = %self.now, "agent interrupted");
    }

    /// Opens the caller's turn unless it is open.
    fn open(&mut self) {
        self.rest();
        if self.open.is_some() {
            return;
        }
        self.open = Some(self.now);
        self.counters.turns += 1;
        let start = self.run.start().unwrap_or(self.last_voice);
        let at = (start - ms(self.settings.preroll_ms)).max(self.last_turn);
        self.threshold.believe();
        self.actions.push_back(Action::CallerStarted { at });
        tracing::debug!(%at, "caller's turn");
    }

    /// The voice that the grip was for is over.
    fn false_alarm(&mut self) {
        match self.grip {
            Grip::Free => return self.threshold.forget_alarm(),
            Grip::Ducked => {}
            Grip::Paused => self.counters.false_alarms += 1,
        }
        self.threshold.false_alarm(&self.settings);
        self.release();
    }

    /// Nothing is being heard any more.
    fn silent(&mut self) {
        self.playing = None;
        self.release();
    }

    /// Lets the playout go on at full level.
    fn release(&mut self) {
        let grip = std::mem::replace(&mut self.grip, Grip::Free);
        if grip == Grip::Paused {
            self.actions.push_back(Action::Resume);
        }
        if grip != Grip::Free {
            self.actions.push_back(Action::Unduck);
        }
    }
}

fn ms(ms: u32) -> Samples {
    Samples::from_ms(ms.into())
}
