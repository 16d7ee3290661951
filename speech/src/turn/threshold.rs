//! How loud a frame must be to count as voice: above the line's noise, and above the echo of what we sent.
//!
//! The echo of a frame comes back up to [`echo_window_ms`](super::Settings::echo_window_ms) later, so what is expected is the loudest
//! of that window, less the line's return loss. The loss is first the least that a line is trusted to have; half-second blocks in which
//! nothing rose above the threshold show what the line really returns, and the threshold sinks to just above it. A false
//! alarm lifts it again. So a line that echoes doesn't interrupt itself and a caller louder than the echo still does.

use std::collections::VecDeque;

use crate::samples::Samples;

use super::{FRAME, Settings};

/// What we sent below this can't be heard as echo.
const INAUDIBLE_DBOV: f32 = -60.0;
/// Better return loss than this makes no difference: the noise threshold is above the echo.
const BEST_LOSS_DB: f32 = 50.0;
/// Frames that a block of learning has.
const BLOCK: u32 = 25;
/// How fast a steady sound becomes noise: 3 dB a second.
const NOISE_RISE_DB: f32 = 0.06;

/// The threshold, following the line.
#[derive(Clone, Debug)]
pub(super) struct Threshold {
    sent: VecDeque<(Samples, f32)>,
    window: Samples,
    noise: f32,
    /// Expected echo relative to what was sent, in dB: minus the return loss.
    coupling: f32,
    block: Block,
    /// The loudest return of the block before, if that was a clean one.
    previous: Option<f32>,
    /// The loudest frame of the alarm under way, relative to what was sent.
    alarm: Option<f32>,
}

/// A block of learning: the loudest return among its frames.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    frames: u32,
    loudest: Option<f32>,
    disturbed: bool,
}

impl Threshold {
    pub(super) fn new(settings: &Settings) -> Self {
        let window = Samples::from_ms(settings.echo_window_ms.into());
        // Packets of 10 ms are the shortest that we send; one more lies across the window's edge.
        let room = window.ms() / 10 + 2;
        Self {
            sent: VecDeque::with_capacity(usize::try_from(room).unwrap_or(1)),
            window,
            noise: -70.0,
            coupling: -settings.echo_return_loss_db,
            block: Block::default(),
            previous: None,
            alarm: None,
        }
    }

    /// A frame was sent at `at` with this level.
    pub(super) fn sent(&mut self, at: Samples, level_dbov: f32) {
        while self.sent.len() == self.sent.capacity()
            || self.sent.front().is_some_and(|&(then, _)| then + self.window < at)
        {
            if self.sent.pop_front().is_none() {
                return;
            }
        }
        self.sent.push_back((at, level_dbov));
    }

    /// Whether a frame from the caller at `at` is loud enough to be voice. Learns from it.
    pub(super) fn exceeded(&mut self, settings: &Settings, at: Samples, level_dbov: f32) -> bool {
        let level = if level_dbov.is_finite() { level_dbov } else { -127.0 };
        self.noise = (self.noise + NOISE_RISE_DB).min(settings.noise_ceiling_dbov).min(level).max(-90.0);
        let floor = settings.min_level_dbov.max(self.noise + settings.noise_margin_db);
        let Some(peak) = self.peak(at) else {
            return level >= floor;
        };
        let returned = level - peak;
        let above_echo = returned >= self.coupling + settings.echo_margin_db;
        self.learn(settings, returned, above_echo);
        let exceeded = above_echo && level >= floor;
        if exceeded {
            self.alarm = Some(self.alarm.map_or(returned, |loudest| loudest.max(returned)));
        }
        exceeded
    }

    /// What was taken for voice was none: expect as loud a return again.
    pub(super) fn false_alarm(&mut self, settings: &Settings) {
        if let Some(returned) = self.alarm.take() {
            self.coupling = self.coupling.max(returned).min(-settings.echo_return_loss_db);
            self.previous = None;
        }
    }

    /// What was taken for voice was voice, or is over.
    pub(super) fn forget_alarm(&mut self) {
        self.alarm = None;
    }

    /// The loudest that can be coming back now, if anything can.
    fn peak(&self, at: Samples) -> Option<f32> {
        let recent = self.sent.iter().filter(|&&(then, _)| then + self.window + FRAME >= at);
        recent.map(|&(_, level)| level).filter(|level| *level > INAUDIBLE_DBOV).reduce(f32::max)
    }

    fn learn(&mut self, settings: &Settings, returned: f32, above_echo: bool) {
        self.block.frames += 1;
        self.block.disturbed |= above_echo;
        self.block.loudest = Some(self.block.loudest.map_or(returned, |loudest| loudest.max(returned)));
        if self.block.frames < BLOCK {
            return;
        }
        let block = std::mem::take(&mut self.block);
        let clean = block.loudest.filter(|_| !block.disturbed);
        if let (Some(before), Some(now)) = (self.previous, clean) {
            self.coupling =
                before.max(now).clamp(-BEST_LOSS_DB.max(settings.echo_return_loss_db), -settings.echo_return_loss_db);
        }
        self.previous = clean;
    }
}
