//! Callers at the telephone's nominal level, about -26 dBov, over an agent at -20 dBov, on lines with echo and without.

use std::sync::LazyLock;

use super::*;
use crate::voice::{Voice, dbov};

const FLUSH: Action = Action::Flush { item: ITEM, cause: Cause::Voice };
/// Level of a steady agent's loudest frames.
const PEAK: f32 = -14.0;
const SILENT: f32 = -127.0;

/// Real speech: what the agent says, and what a caller says.
static AGENT: LazyLock<Vec<i16>> = LazyLock::new(|| {
    let text = "Our office is open from nine to five on every day of the week, and on Sundays from ten until noon. You can \
        reach us by bus, by train, and on foot along the river, where you will find the blue door beside the old mill.";
    Voice::new().unwrap().synthesize(text)
});
static CALLER: LazyLock<Vec<i16>> = LazyLock::new(|| {
    let text =
        "No wait, hold on a moment please, that is not what I wanted to know, I was asking about something else.";
    Voice::new().unwrap().synthesize(text)
});

/// The agent's voice as levels of 20 ms: syllables that peak at -14 dBov, about -20 on the whole, without a rest.
fn syllables(frame: usize) -> f32 {
    [-29.0, -20.0, PEAK, -16.0, -18.0, -22.0, -25.0, -28.0, -33.0, -42.0][frame % 10] - (frame / 10 % 3) as f32
}

fn power(level_dbov: f32) -> f32 {
    10_f32.powf(level_dbov / 10.0)
}

/// A line on which the agent speaks, and which returns what it is sent.
struct Scene {
    line: Line,
    delay: usize,
    loss_db: Option<f32>,
    sent: Vec<f32>,
}

impl Scene {
    fn new(loss_db: Option<f32>, delay_ms: usize) -> Self {
        let mut line = Line::new(Settings::default());
        line.start(ITEM, true);
        Self { line, delay: delay_ms / 20, loss_db, sent: Vec::new() }
    }

    /// `ms` of a caller at this level: whatever is above -50 dBov is voice to the VAD.
    fn caller(&mut self, ms: u64, level: impl Fn(usize) -> f32) -> &mut Self {
        for _ in 0..ms / 20 {
            let (turn, frame) = (&mut self.line.turn, self.sent.len());
            let duck = if turn.grip == Grip::Ducked { turn.settings().duck_db } else { 0.0 };
            let playing = turn.playing.is_some() && turn.grip != Grip::Paused;
            self.sent.push(if playing { syllables(frame) + duck } else { SILENT });
            turn.handle_sent(self.line.at, self.sent[frame]);
            let returned = frame.checked_sub(self.delay).map_or(SILENT, |then| self.sent[then]);
            let echo = self.loss_db.map_or(SILENT, |loss_db| returned - loss_db);
            let heard = 10.0 * (power(echo) + power(level(frame)) + power(-66.0)).log10();
            self.line.frame(heard > -50.0, heard);
        }
        self
    }

    fn quiet(&mut self, ms: u64) -> &mut Self {
        self.caller(ms, |_| SILENT)
    }

    /// When an action first came after `since`, in ms from then.
    fn after(&self, since: u64, wanted: Action) -> Option<u64> {
        let found = self.line.done.iter().find(|&&(at, action)| action == wanted && at > since);
        found.map(|&(at, _)| at - since)
    }

    fn reactions(&self, since: u64) -> [Option<u64>; 3] {
        [Action::Duck, Action::Pause, FLUSH].map(|action| self.after(since, action))
    }
}

fn within(reactions: [Option<u64>; 3], bars: [u64; 3]) -> bool {
    reactions.iter().zip(bars).all(|(reaction, bar)| reaction.is_some_and(|ms| ms <= bar))
}

#[test]
fn a_false_alarm_does_not_hide_the_real_interruption_after_it() {
    for loss_db in [None, Some(30.0), Some(20.0)] {
        for level in [-22.0, -25.0, -26.0] {
            for gap in [500, 1_000, 3_000] {
                let mut scene = Scene::new(loss_db, 100);
                scene.quiet(3_000).caller(300, |_| -25.0).quiet(gap);
                let since = scene.line.at.ms();
                scene.caller(3_000, |_| level);
                let reactions = scene.reactions(since);
                assert!(within(reactions, [100, 250, 450]), "{loss_db:?} {level} dBov after {gap}: {reactions:?}");
            }
        }
    }
}

#[test]
fn listeners_noises_without_end_do_not_make_the_line_deaf() {
    let mut scene = Scene::new(None, 0);
    scene.quiet(2_000);
    for _ in 0..6 {
        scene.caller(300, |_| -25.0).quiet(900);
    }
    let since = scene.line.at.ms();
    scene.caller(3_000, |_| -25.0);
    let reactions = scene.reactions(since);
    assert!(within(reactions, [400, 600, 800]), "{reactions:?}");
}

#[test]
fn a_caller_who_talks_from_the_first_second_is_heard() {
    for (loss_db, level) in [(None, -25.0), (None, -28.0), (Some(20.0), -25.0), (Some(15.0), -22.0)] {
        let mut scene = Scene::new(loss_db, 100);
        scene.caller(8_000, |_| level);
        let reactions = scene.reactions(0);
        assert!(within(reactions, [600, 800, 1_000]), "{loss_db:?} {level} dBov: {reactions:?}");
    }
}

#[test]
fn a_steady_caller_at_minus_26_interrupts_within_the_bars_wherever_the_agent_stands() {
    for loss_db in [None, Some(30.0), Some(20.0)] {
        for since in (1_200..3_000).step_by(60) {
            let mut scene = Scene::new(loss_db, 80);
            scene.quiet(since);
            let since = scene.line.at.ms();
            scene.caller(1_000, |frame| -26.0 - (frame % 2) as f32);
            let reactions = scene.reactions(since);
            assert!(within(reactions, [100, 250, 450]), "{loss_db:?} after {since}: {reactions:?}");
        }
    }
}

/// A line that carries samples: the agent's echo, softer and later, and the caller.
struct Wire {
    line: Line,
    sent: Vec<i16>,
    /// Echoes: their delays in samples and their gains.
    echoes: Vec<(usize, f32)>,
    /// Where the agent's text begins.
    text: usize,
}

impl Wire {
    /// Echoes come `ms` late and `loss_db` softer.
    fn new(text: usize, echoes: &[(usize, f32)]) -> Self {
        let mut line = Line::new(Settings::default());
        line.start(ITEM, true);
        let echoes = echoes.iter().map(|&(ms, loss_db)| (ms * 8, 10_f32.powf(-loss_db / 20.0))).collect();
        Self { line, sent: Vec::new(), echoes, text }
    }

    /// `ms` of the line, on which the caller says these samples.
    fn carry(&mut self, ms: usize, caller: impl Fn(usize) -> f32) {
        for frame in 0..ms / 20 {
            let turn = &mut self.line.turn;
            let gain = match turn.grip {
                Grip::Free => 1.0,
                Grip::Ducked => 0.25,
                Grip::Paused => 0.0,
            };
            let gain = if turn.playing.is_some() { gain } else { 0.0 };
            let start = self.sent.len();
            let said = |n: usize| f32::from(AGENT[(self.text + n) % AGENT.len()]) * gain;
            self.sent.extend((start..start + 160).map(|n| said(n) as i16));
            turn.handle_sent(self.line.at, dbov(&self.sent[start..]));
            let echo =
                |n: usize, (delay, gain)| n.checked_sub(delay).map_or(0.0, |then| f32::from(self.sent[then]) * gain);
            let echoes = |n: usize| self.echoes.iter().map(|&path| echo(n, path)).sum::<f32>();
            let sample = |n: usize| (echoes(start + n) + caller(frame * 160 + n) + (n * 7 % 16) as f32 - 8.0) as i16;
            let level = dbov(&(0..160).map(sample).collect::<Vec<_>>());
            self.line.frame(level > -50.0, level);
        }
    }

    /// A caller speaks up, at -26 dBov. Returns when the agent was ducked, paused and cut.
    fn interrupted(&mut self) -> [Option<u64>; 3] {
        let since = self.line.at.ms();
        self.carry(3_000, |n| f32::from(CALLER[n]) * 0.5);
        let done = &self.line.done;
        let when =
            |wanted| done.iter().find(|&&(at, action)| action == wanted && at > since).map(|&(at, _)| at - since);
        [Action::Duck, Action::Pause, FLUSH].map(when)
    }
}

#[test]
fn a_nominal_caller_in_real_speech_interrupts_within_the_bars() {
    for echo in [None, Some(30.0), Some(20.0)] {
        for delay in [20, 47, 110, 200, 300] {
            for text in (0..12).map(|n| n * 3_100) {
                let mut wire = Wire::new(text, &echo.map(|loss_db| (delay, loss_db)).into_iter().collect::<Vec<_>>());
                wire.carry(2_000, |_| 0.0);
                let reactions = wire.interrupted();
                assert!(within(reactions, [100, 250, 450]), "{echo:?} {delay} ms at {text}: {reactions:?}");
            }
        }
    }
}

#[test]
fn a_nominal_caller_in_real_speech_is_heard_in_the_first_second_of_any_line() {
    for loss_db in [10.0, 15.0, 20.0, 30.0, 90.0] {
        for delay in [20, 47, 110, 200, 300] {
            for text in (0..12).map(|n| n * 3_100) {
                let reactions = Wire::new(text, &[(delay, loss_db)]).interrupted();
                assert!(within(reactions, [400, 600, 2_000]), "{loss_db} dB {delay} ms at {text}: {reactions:?}");
            }
        }
    }
}

#[test]
fn real_speech_that_comes_back_over_one_path_interrupts_nothing() {
    for loss_db in [10.0, 15.0, 20.0, 30.0] {
        for delay in [20, 33, 47, 85, 150, 251, 300] {
            let mut wire = Wire::new(delay * 100, &[(delay, loss_db)]);
            wire.carry(12_000, |_| 0.0);
            assert_eq!(wire.line.actions(), [], "{loss_db} dB, {delay} ms");
        }
    }
}

#[test]
fn an_echo_over_two_paths_pauses_the_agent_twice_at_most_and_never_cuts_it() {
    for loss_db in [14.0, 17.0, 20.0] {
        for delay in [20, 47, 110, 200] {
            let mut wire = Wire::new(delay * 50, &[(delay, loss_db), (delay + 140, loss_db + 1.0)]);
            wire.carry(30_000, |_| 0.0);
            let counters = wire.line.turn.counters();
            assert!(counters.pauses <= 2 && counters.interruptions == 0, "{loss_db} dB, {delay} ms: {counters:?}");
        }
    }
}
