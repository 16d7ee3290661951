//! Every threshold of turn-taking, with its default and its bounds.

use crate::error::Error;

/// Thresholds of the [turn machine](super::Turn). Levels are dBov (0 = a full-scale square wave), times milliseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// First step of barge-in: voice this long over the agent ducks it. At most 100, so that a duck comes within 100 ms.
    pub suspect_ms: u32,
    /// Second step: voice this long pauses the agent; its queue is kept and the engine isn't told.
    pub likely_ms: u32,
    /// Third step: voice this long takes the floor; the agent is flushed.
    pub sure_ms: u32,
    /// A hole in voice shorter than this doesn't end it: stop consonants, a lost packet.
    pub gap_ms: u32,
    /// A paused agent goes on after this much quiet.
    pub resume_after_ms: u32,
    /// What a ducked agent is turned down by (negative), for whoever owns the playout gain.
    pub duck_db: f32,
    /// Voice this long while the agent is silent opens the caller's turn. Longer than a cough.
    pub start_ms: u32,
    /// The caller's turn is told to begin this much before its first voiced frame.
    pub preroll_ms: u32,
    /// Hangover of endpointing: this much quiet closes the caller's turn.
    pub end_silence_ms: u32,
    /// A turn of the caller this long is closed and the engine asked, though the sound goes on: music on hold, a television, a fax. The sound counts
    /// as voice again once it has paused for `end_silence_ms`.
    pub max_turn_ms: u32,
    /// Quieter frames are never voice.
    pub min_level_dbov: f32,
    /// How far voice must stand above the line's noise.
    pub noise_margin_db: f32,
    /// A steady sound is taken for noise up to this level; never above, or loud steady callers went unheard.
    pub noise_ceiling_dbov: f32,
    /// For how long what we sent may come back as echo.
    pub echo_window_ms: u32,
    /// The return loss that any line is trusted to have; a better one is learnt from what comes back.
    pub echo_return_loss_db: f32,
    /// How far voice must stand above the echo expected.
    pub echo_margin_db: f32,
    /// Whether a key cuts the agent short.
    pub keys_interrupt: bool,
    /// After a key, sound this long is the key's own tone rather than voice.
    pub key_mask_ms: u32,
    /// The engine is nudged when it was asked and nobody moved for this long.
    pub watchdog_ms: u32,
    /// Words that a listener says without wanting the floor, in lower case.
    pub backchannels: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let backchannels = [
            "mm-hm", "mhm", "mm", "hm", "hmm", "uh-huh", "uh", "um", "ah", "oh", "yeah", "yes", "yep", "okay", "ok",
            "right", "sure",
        ];
        Self {
            suspect_ms: 60,
            likely_ms: 200,
            sure_ms: 400,
            gap_ms: 80,
            resume_after_ms: 200,
            duck_db: -12.0,
            start_ms: 160,
            preroll_ms: 300,
            end_silence_ms: 600,
            max_turn_ms: 60_000,
            min_level_dbov: -48.0,
            noise_margin_db: 6.0,
            noise_ceiling_dbov: -45.0,
            echo_window_ms: 400,
            echo_return_loss_db: 10.0,
            echo_margin_db: 4.0,
            keys_interrupt: true,
            key_mask_ms: 160,
            watchdog_ms: 8_000,
            backchannels: backchannels.map(String::from).to_vec(),
        }
    }
}

impl Settings {
    /// Says what doesn't fit together.
    ///
    /// # Errors
    /// [`Error::Steps`] when the three steps don't grow, [`Error::Setting`] for a figure out of its bounds.
    pub fn check(&self) -> Result<(), Error> {
        let &Self { suspect_ms, likely_ms, sure_ms, .. } = self;
        if !(suspect_ms < likely_ms && likely_ms < sure_ms) {
            return Err(Error::Steps { suspect_ms, likely_ms, sure_ms });
        }
        let within = |setting, value: f32, low: i32, high: i32| {
            let fits = value >= low as f32 && value <= high as f32;
            if fits { Ok(()) } else { Err(Error::Setting { setting, low, high }) }
        };
        let times = [
            ("suspect_ms", suspect_ms, 20, 100),
            ("sure_ms", sure_ms, 60, 5_000),
            ("gap_ms", self.gap_ms, 0, 500),
            ("resume_after_ms", self.resume_after_ms, 40, 5_000),
            ("start_ms", self.start_ms, 20, 2_000),
            ("preroll_ms", self.preroll_ms, 0, 1_000),
            ("end_silence_ms", self.end_silence_ms, 100, 10_000),
            ("max_turn_ms", self.max_turn_ms, 5_000, 600_000),
            ("echo_window_ms", self.echo_window_ms, 0, 2_000),
            ("key_mask_ms", self.key_mask_ms, 0, 1_000),
            ("watchdog_ms", self.watchdog_ms, 1_000, 30_000),
        ];
        times.into_iter().try_for_each(|(name, ms, low, high)| within(name, ms as f32, low, high))?;
        let levels = [
            ("duck_db", self.duck_db, -60, 0),
            ("min_level_dbov", self.min_level_dbov, -90, 0),
            ("noise_margin_db", self.noise_margin_db, 0, 30),
            ("noise_ceiling_dbov", self.noise_ceiling_dbov, -90, -10),
            ("echo_return_loss_db", self.echo_return_loss_db, 0, 60),
            ("echo_margin_db", self.echo_margin_db, 0, 30),
        ];
        levels.into_iter().try_for_each(|(name, value, low, high)| within(name, value, low, high))
    }
}
