//! How loud a frame must be to count as voice: above the line's noise, and above the echo of what we sent.
//!
//! The echo of a frame comes back up to [`echo_window_ms`](super::Settings::echo_window_ms) later, so what is expected is the loudest
//! of that window, less the line's return loss. The loss is first the least that a line is trusted to have; blocks of our speech in
//! which nothing came near the threshold show what the line really returns, and the threshold sinks to just above it. So a line that echoes
//! doesn't interrupt itself and a caller louder than the echo still does.
//!
//! The caller must never be learnt as echo. Voice near the threshold proves nothing about the line; only an alarm that was false lifts the
//! threshold, if it followed what we sent or came twice at the same return; and a block without voice sinks it again. Voice
//! that is no louder than an echo may be, but that no single echo explains (see [`Echo`]), ducks and pauses the agent. It cuts it only if it
//! outlasts the window in which anything of the agent can still come back: the pause is the proof.

use crate::samples::Samples;

use super::Settings;

mod echo;
mod sent;

use echo::Echo;
use sent::Sent;

/// Better return loss than this makes no difference: the noise threshold is above the echo.
const BEST_LOSS_DB: f32 = 50.0;
/// Frames of our speech that a block of learning has.
const BLOCK: u32 = 20;
/// Voice that comes this near to the threshold may be the caller's.
const NEAR_DB: f32 = 6.0;
/// Alarms that differ by less have the same return.
const SAME_RETURN_DB: f32 = 3.0;
/// Alarms further apart than this have nothing to do with each other.
const REPEATED: Samples = Samples::from_ms(5_000);
/// So many false alarms about voice that no echo explains show a line with more than one echo: it is believed no more.
const STRIKES: u32 = 2;
/// Frames louder than any echo that make a caller sure.
const PROOF: u32 = 3;
/// How fast a steady sound becomes noise: 3 dB a second.
const NOISE_RISE_DB: f32 = 0.06;
/// How fast the noise is believed to fall: 20 dB a second. A lost packet is no quiet line.
const NOISE_FALL_DB: f32 = 0.4;
/// What is below is no line at all: filled gaps, digital silence.
const DIGITAL_SILENCE_DBOV: f32 = -90.0;

/// The threshold, following the line.
#[derive(Clone, Debug)]
pub(super) struct Threshold {
    sent: Sent,
    echo: Echo,
    noise: f32,
    /// Expected echo relative to what was sent, in dB: minus the return loss.
    coupling: f32,
    block: Block,
    /// The loudest return of the last block that was a clean one.
    previous: Option<f32>,
    /// The alarm under way.
    alarm: Option<Alarm>,
    /// When the last alarm proved false, and its return.
    last: Option<(Samples, f32)>,
    strikes: u32,
}

/// A block of learning: the loudest return among its frames.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    frames: u32,
    loudest: Option<f32>,
    disturbed: bool,
}

/// What was taken for voice.
#[derive(Clone, Copy, Debug)]
struct Alarm {
    at: Samples,
    /// Its loudest frame, relative to what was sent.
    returned: f32,
    /// Frames louder than the echo expected.
    loud: u32,
    /// It began no louder than that.
    soft: bool,
}

impl Threshold {
    pub(super) fn new(settings: &Settings) -> Self {
        let sent = Sent::new(Samples::from_ms(settings.echo_window_ms.into()));
        Self {
            echo: Echo::new(&sent),
            sent,
            noise: -70.0,
            coupling: -settings.echo_return_loss_db,
            block: Block::default(),
            previous: None,
            alarm: None,
            last: None,
            strikes: 0,
        }
    }

    /// A frame was sent at `at` with this level.
    pub(super) fn sent(&mut self, at: Samples, level_dbov: f32) {
        self.sent.push(at, level_dbov);
    }

    /// Whether a frame from the caller at `at` that the VAD judged is loud enough to be voice. Learns from it.
    pub(super) fn exceeded(&mut self, settings: &Settings, at: Samples, voiced: bool, level_dbov: f32) -> bool {
        let level = if level_dbov.is_finite() { level_dbov } else { -127.0 };
        self.follow_noise(settings, level);
        let audible = level >= settings.min_level_dbov.max(self.noise + settings.noise_margin_db);
        let frame = Sent::frame(at);
        let Some(peak) = self.sent.peak(frame) else {
            self.echo.weigh(&self.sent, frame, None, 0.0);
            self.prove(audible && voiced);
            return audible;
        };
        let returned = level - peak;
        let above_echo = returned >= self.coupling + settings.echo_margin_db;
        let near = returned >= self.coupling + settings.echo_margin_db - NEAR_DB;
        self.learn(settings, returned, above_echo || near && voiced && audible, self.sent.speaks(frame, peak));
        let voice = Some(level).filter(|_| voiced && audible);
        let loss_db = settings.echo_return_loss_db - settings.echo_margin_db;
        let unexplained = self.echo.weigh(&self.sent, frame, voice, loss_db) && self.strikes < STRIKES;
        let exceeded = audible && (above_echo || unexplained);
        if exceeded && voiced {
            self.echo.alarm(&self.sent, frame, level);
            let alarm = self.alarm.get_or_insert(Alarm { at, returned, loud: 0, soft: !above_echo });
            alarm.returned = alarm.returned.max(returned);
            self.prove(above_echo);
        }
        exceeded
    }

    /// Whether what is taken for voice can't be our echo, over however many paths.
    pub(super) fn is_sure(&self) -> bool {
        self.alarm.is_none_or(|alarm| alarm.loud >= PROOF)
    }

    /// What was taken for voice was none: if it was our echo, expect as loud a return again.
    pub(super) fn false_alarm(&mut self, settings: &Settings) {
        if let Some(alarm) = self.alarm.take() {
            let repeated = self.last.is_some_and(|(at, returned)| {
                alarm.at - at < REPEATED && (alarm.returned - returned).abs() < SAME_RETURN_DB
            });
            if repeated || self.echo.followed() {
                self.coupling = self.coupling.max(alarm.returned).min(-settings.echo_return_loss_db);
                self.block = Block::default();
            }
            self.last = Some((alarm.at, alarm.returned));
            self.strikes += u32::from(alarm.loud < PROOF);
        }
        self.echo.doubt();
    }

    /// What was taken for voice is over, and was too short to matter.
    pub(super) fn forget_alarm(&mut self) {
        self.alarm = None;
        self.echo.forget();
    }

    /// What was taken for voice was voice.
    pub(super) fn believe(&mut self) {
        if self.alarm.is_some_and(|alarm| alarm.soft) {
            self.strikes = 0;
        }
        self.last = None;
        self.forget_alarm();
    }

    fn prove(&mut self, louder: bool) {
        if let Some(alarm) = &mut self.alarm {
            alarm.loud += u32::from(louder);
        }
    }

    fn follow_noise(&mut self, settings: &Settings, level: f32) {
        if level > DIGITAL_SILENCE_DBOV {
            let followed = level.clamp(self.noise - NOISE_FALL_DB, self.noise + NOISE_RISE_DB);
            self.noise = followed.min(settings.noise_ceiling_dbov);
        }
    }

    fn learn(&mut self, settings: &Settings, returned: f32, disturbed: bool, speaks: bool) {
        self.block.frames += u32::from(speaks);
        self.block.disturbed |= disturbed;
        self.block.loudest = Some(self.block.loudest.map_or(returned, |loudest| loudest.max(returned)));
        if self.block.frames < BLOCK {
            return;
        }
        let block = std::mem::take(&mut self.block);
        let Some(now) = block.loudest.filter(|_| !block.disturbed) else { return };
        if let Some(before) = self.previous.replace(now) {
            self.coupling =
                before.max(now).clamp(-BEST_LOSS_DB.max(settings.echo_return_loss_db), -settings.echo_return_loss_db);
        }
    }
}
