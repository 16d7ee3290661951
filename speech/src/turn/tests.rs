//! The turn machine on the media clock, and a small telephone line to play scenes on.

use super::*;

mod barge_in;
mod echo;
mod floor;
mod manner;
mod nominal;
mod random;

const ITEM: ItemId = ItemId(7);

/// A machine, its clock, and everything that it did with the time at which it did.
struct Line {
    turn: Turn,
    at: Samples,
    done: Vec<(u64, Action)>,
    /// Frames go out too, with the agent's speech while it plays.
    sends: bool,
}

impl Line {
    fn new(settings: Settings) -> Self {
        settings.check().unwrap();
        Self { turn: Turn::new(settings), at: Samples::ZERO, done: Vec::new(), sends: false }
    }

    /// A line on which the agent speaks since a second ago, heard without echo.
    fn speaking() -> Self {
        let mut line = Self::new(Settings::default());
        line.start(ITEM, true);
        line.sends = true;
        line.quiet(1_000);
        line
    }

    fn start(&mut self, item: ItemId, interruptible: bool) {
        self.turn.handle_playout(Playback::Started { item, interruptible });
        self.drain();
    }

    fn drain(&mut self) {
        while let Some(action) = self.turn.poll() {
            self.done.push((self.at.ms(), action));
        }
    }

    fn frame(&mut self, voiced: bool, level_dbov: f32) {
        if self.sends {
            self.turn.handle_sent(self.at, self.agent());
        }
        self.turn.handle_voice(VoiceFrame { at: self.at, voiced, level_dbov });
        self.at = self.at + FRAME;
        self.drain();
    }

    /// What the agent sends now: syllables that peak at -14 dBov.
    fn agent(&self) -> f32 {
        let syllable = [-29.0, -20.0, -14.0, -16.0, -18.0, -22.0, -25.0, -28.0, -33.0, -42.0];
        let level = syllable[usize::try_from(self.at.ms() / 20 % 10).unwrap()];
        match self.turn.grip {
            _ if self.turn.playing.is_none() => -127.0,
            Grip::Free => level,
            Grip::Ducked => level + self.turn.settings.duck_db,
            Grip::Paused => -127.0,
        }
    }

    fn voice(&mut self, ms: u64) {
        (0..ms / 20).for_each(|_| self.frame(true, -25.0));
    }

    fn quiet(&mut self, ms: u64) {
        (0..ms / 20).for_each(|_| self.frame(false, -70.0));
    }

    /// Voice and quiet by turns, in ms, voice first.
    fn play(&mut self, lengths: &[u64]) {
        for (index, &length) in lengths.iter().enumerate() {
            if index % 2 == 0 { self.voice(length) } else { self.quiet(length) }
        }
    }

    fn actions(&self) -> Vec<Action> {
        self.done.iter().map(|&(_, action)| action).collect()
    }

    /// When an action was first taken, in ms.
    fn when(&self, wanted: Action) -> Option<u64> {
        self.done.iter().find(|&&(_, action)| action == wanted).map(|&(at, _)| at)
    }
}
