//! Whether what comes back is what we sent: an echo follows our own level at one delay, a caller at none.
//!
//! Two questions are asked of every delay that an echo may have. While voice is heard that isn't louder than an echo might be: how often was it
//! louder than *this* delay allows? The caller doesn't know when we pause for breath, so before long no delay is left. And of an
//! alarm that proved false: did its levels rise and fall with ours?

use super::sent::Sent;

/// Louder than a delay allows this often within some 400 ms: this delay doesn't explain it.
const MISSES: f32 = 2.5;
/// Once no delay explains it, the caller's voice isn't doubted while at least so much is left of that.
const MISSES_LEFT: f32 = 1.0;
/// What is left of the misses a frame later.
const FADE: f32 = 0.95;
/// Voice is no echo only if one delay in so many doesn't allow it at this very moment: what follows the caller's last word may be echo again.
const SHARE: usize = 10;
/// Alarms shorter than this say nothing.
const FEW: u32 = 5;
/// Levels that are one in the other's shadow correlate at least so well.
const CORRELATED: f32 = 0.8;
/// What we sent must have varied by this (standard deviation, in dB) to tell anything.
const VARIED_DB: f32 = 2.0;

/// One delay.
#[derive(Clone, Copy, Debug, Default)]
struct Path {
    misses: f32,
    sum: f32,
    squares: f32,
    products: f32,
}

/// Every delay.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    paths: Vec<Path>,
    /// No delay explains what is heard.
    unexplained: bool,
    /// Frames of the alarm, and the sums of their levels.
    frames: u32,
    sum: f32,
    squares: f32,
}

impl Echo {
    pub(super) fn new(sent: &Sent) -> Self {
        let paths = (0..sent.delays()).map(|_| Path::default()).collect();
        Self { paths, unexplained: false, frames: 0, sum: 0.0, squares: 0.0 }
    }

    /// Weighs a frame: voice at a level, or none. `loss_db` is less than any echo loses. Returns whether it is voice that can't be an echo.
    pub(super) fn weigh(&mut self, sent: &Sent, frame: u64, voice: Option<f32>, loss_db: f32) -> bool {
        let (mut least, mut missing) = (f32::MAX, 0);
        for (delay, path) in (0..).zip(&mut self.paths) {
            let missed = voice.is_some_and(|level| level > sent.smeared(frame, delay) - loss_db);
            path.misses = path.misses * FADE + if missed { 1.0 } else { 0.0 };
            least = least.min(path.misses);
            missing += usize::from(missed);
        }
        self.unexplained = least >= if self.unexplained { MISSES_LEFT } else { MISSES };
        self.unexplained && missing * SHARE > self.paths.len()
    }

    /// A frame of an alarm.
    pub(super) fn alarm(&mut self, sent: &Sent, frame: u64, level: f32) {
        self.frames += 1;
        self.sum += level;
        self.squares += level * level;
        for (delay, path) in (0..).zip(&mut self.paths) {
            let then = frame.checked_sub(delay).map_or(-60.0, |then| sent.level(then).max(-60.0));
            path.sum += then;
            path.squares += then * then;
            path.products += then * level;
        }
    }

    /// Whether the alarm followed what we sent.
    pub(super) fn followed(&self) -> bool {
        let n = self.frames as f32;
        let heard = self.squares * n - self.sum * self.sum;
        self.frames >= FEW
            && self.paths.iter().any(|path| {
                let sent = path.squares * n - path.sum * path.sum;
                let both = path.products * n - path.sum * self.sum;
                let slope = both / sent;
                let correlated = both > 0.0 && both * both >= CORRELATED * CORRELATED * sent * heard;
                sent >= VARIED_DB * VARIED_DB * n * n && correlated && (0.5..=2.0).contains(&slope)
            })
    }

    /// The alarm was false: everything is doubted anew.
    pub(super) fn doubt(&mut self) {
        self.forget();
        self.unexplained = false;
        self.paths.iter_mut().for_each(|path| path.misses = 0.0);
    }

    /// The alarm is over.
    pub(super) fn forget(&mut self) {
        if self.frames == 0 {
            return;
        }
        (self.frames, self.sum, self.squares) = (0, 0.0, 0.0);
        for path in &mut self.paths {
            *path = Path { misses: path.misses, ..Path::default() };
        }
    }
}
