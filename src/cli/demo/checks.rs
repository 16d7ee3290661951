//! What must be true of the demo's call, and whether it is.

use super::Told;
use super::script::Measured;
use crate::cli::console::Console;
use crate::recorder::Outcome;
use std::path::Path;
use std::time::Duration;
use talkpath_media::level::dbov;

/// The design's bar: silence within this much audio of the first voiced packet.
const SILENCE_BAR: Duration = Duration::from_millis(250);
/// An answer that takes longer than this isn't one.
const ANSWER_BAR: Duration = Duration::from_millis(3_500);
/// The greeting starts within this much of the ACK.
const GREETING_BAR: Duration = Duration::from_millis(400);
/// Packets that may be under way when the two sides stop counting.
const UNDER_WAY: u64 = 5;
/// At most one packet in so many may be late.
const LATE_ONE_IN: u64 = 100;
/// A recorded channel louder than this holds speech.
const SPEECH_DBOV: f32 = -45.0;
/// Correlation above which two stretches of sound are the same one.
const SAME: f64 = 0.9;

struct Check {
    what: String,
    right: bool,
}

/// Everything that was checked.
pub(super) struct Checks(Vec<Check>);

impl Checks {
    pub(super) fn of(measured: &Measured, told: &Told) -> Self {
        let mut checks = Self(Vec::new());
        let greeting = measured.greeting;
        checks.add(format!("greeting {} ms after the answer", greeting.as_millis()), greeting < GREETING_BAR);
        let silent = measured.silent_after;
        checks.add(
            format!("silent {} ms of audio after the caller interrupted", silent.as_millis()),
            silent < SILENCE_BAR,
        );
        checks.interruption(told);
        for (what, latency) in &measured.answers {
            checks.add(format!("answer to {what} after {} ms", latency.as_millis()), *latency < ANSWER_BAR);
        }
        let likeness = likeness(&measured.said, &measured.repeated);
        checks.add(format!("the caller's own voice came back (correlation {likeness:.3})"), likeness > SAME);
        checks.packets(measured, told);
        checks.recording(measured, told);
        checks
    }

    pub(super) fn all_right(&self) -> bool {
        self.0.iter().all(|check| check.right)
    }

    pub(super) fn print(&self, console: &Console) {
        for Check { what, right } in &self.0 {
            console.line(if *right { "right" } else { "WRONG" }, what);
        }
    }

    fn add(&mut self, what: String, right: bool) {
        self.0.push(Check { what, right });
    }

    /// One line was cut, and what was told of it is its beginning and not all of it.
    fn interruption(&mut self, told: &Told) {
        let settings = talkpath_speech::builtin::Settings::default();
        let line = talkpath_speech::builtin::opening(&settings).join(" ");
        let cut = told.interrupted.first().is_some_and(|heard| line.starts_with(heard.as_str()) && *heard != line);
        let right = told.report.turns.interruptions == 1 && cut;
        self.add("the interrupted line was told as far as it was heard".into(), right);
        self.add(format!("{} answers told with their latency", told.latencies), told.latencies >= 3);
    }

    fn packets(&mut self, measured: &Measured, told: &Told) {
        let (caller, server) = (measured.counts, &told.report.leg);
        // A machine that stands still delivers late; what was late was heard as silence.
        let late = server.late * LATE_ONE_IN <= server.received;
        let arrived = caller.sent.abs_diff(server.received) <= UNDER_WAY && server.lost == 0 && late;
        self.add(
            format!(
                "caller sent {}, server received {}, lost {}, late {}",
                caller.sent, server.received, server.lost, server.late
            ),
            arrived,
        );
        let came = server.sent.abs_diff(caller.received) <= UNDER_WAY && caller.lost == 0 && caller.doubled == 0;
        self.add(
            format!(
                "server sent {}, caller received {}, lost {}, doubled {}",
                server.sent, caller.received, caller.lost, caller.doubled
            ),
            came,
        );
        self.add(
            format!("{} breaks in the agent's timestamps", caller.broken_timestamps),
            caller.broken_timestamps == 0,
        );
    }

    fn recording(&mut self, measured: &Measured, told: &Told) {
        match &*told.recording {
            Outcome::Written { path, samples } => {
                let length = Duration::from_micros(u64::from(*samples) * 125);
                let fits = length.abs_diff(measured.length) < Duration::from_secs(1);
                let (caller, agent) = levels(path).unwrap_or((f32::MIN, f32::MIN));
                let spoken = caller > SPEECH_DBOV && agent > SPEECH_DBOV;
                let what = format!(
                    "recording {} ({:.1} s; caller left {caller:.0} dBov, agent right {agent:.0} dBov)",
                    path.display(),
                    length.as_secs_f64(),
                );
                self.add(what, fits && spoken);
            }
            Outcome::Failed { path, error } => self.add(format!("recording {}: {error}", path.display()), false),
        }
    }
}

/// The mean levels of both channels.
fn levels(path: &Path) -> Option<(f32, f32)> {
    let samples: Vec<i16> = hound::WavReader::open(path).ok()?.into_samples().collect::<Result<_, _>>().ok()?;
    let channel = |offset: usize| samples.iter().skip(offset).step_by(2).copied().collect::<Vec<_>>();
    Some((dbov(&channel(0)), dbov(&channel(1))))
}

/// How well a stretch from the middle of `said` is found anywhere in `heard`: 1 is the same sound.
fn likeness(said: &[i16], heard: &[i16]) -> f64 {
    const STRETCH: usize = 2_400;
    let middle = said.len().saturating_sub(STRETCH) / 2;
    let Some(wanted) = said.get(middle..middle + STRETCH) else { return 0.0 };
    let candidates = heard.windows(STRETCH).map(|window| correlation(wanted, window));
    candidates.fold(0.0, f64::max)
}

fn correlation(one: &[i16], other: &[i16]) -> f64 {
    let (mut product, mut power_one, mut power_other) = (0.0, 0.0, 0.0);
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        product += a * b;
        power_one += a * a;
        power_other += b * b;
    }
    if power_one > 0.0 && power_other > 0.0 { product / (power_one * power_other).sqrt() } else { 0.0 }
}
