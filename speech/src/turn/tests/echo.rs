//! Lines that return what we send.

use super::*;

/// The agent's voice as levels of 20 ms: syllables of some 200 ms between -30 and -14 dBov, a rest now and then.
fn speech(frame: u64) -> f32 {
    let syllable = [-30.0, -20.0, -14.0, -14.0, -15.0, -18.0, -22.0, -26.0, -32.0, -45.0];
    let rest = frame % 73 > 60;
    if rest { -90.0 } else { syllable[usize::try_from(frame % 10).unwrap()] - (frame / 10 % 4) as f32 }
}

/// Two levels at once.
fn sum(a: f32, b: f32) -> f32 {
    10.0 * (10_f32.powf(a / 10.0) + 10_f32.powf(b / 10.0)).log10()
}

/// A line that returns what it is sent.
struct Echoing {
    line: Line,
    /// Every frame sent, in dBov.
    sent: Vec<f32>,
}

impl Echoing {
    /// `ms` of the agent's speech, returned `delay_ms` later and `loss_db` softer, beside a caller who is `caller` dB above the echo's
    /// loudest. Everything above -50 dBov is voice to the VAD.
    fn talk(&mut self, ms: u64, delay_ms: usize, loss_db: f32, caller: Option<f32>) {
        for frame in 0..ms / 20 {
            let turn = &mut self.line.turn;
            let gain = if turn.grip == Grip::Ducked { turn.settings().duck_db } else { 0.0 };
            let playing = turn.state() == State::Speaking && turn.grip != Grip::Paused;
            self.sent.push(if playing { speech(self.line.at.ms() / 20) + gain } else { -127.0 });
            turn.handle_sent(self.line.at, self.sent[self.sent.len() - 1]);
            let echo = self.sent.iter().rev().nth(delay_ms / 20).map_or(-127.0, |sent| sent - loss_db);
            let caller = caller.map_or(-127.0, |above| speech(3) + above - loss_db - (frame % 3) as f32 / 2.0);
            let level = sum(sum(echo, caller), -70.0);
            self.line.frame(level > -50.0, level);
        }
    }
}

fn speaking() -> Echoing {
    let mut line = Line::new(Settings::default());
    line.start(ITEM, true);
    Echoing { line, sent: Vec::new() }
}

#[test]
fn a_line_that_echoes_never_interrupts_itself() {
    for loss_db in [10.0, 12.0, 15.0, 20.0, 30.0] {
        for delay_ms in (20..=300).step_by(20) {
            let mut echoing = speaking();
            echoing.talk(20_000, delay_ms, loss_db, None);
            assert_eq!(echoing.line.actions(), [], "{loss_db} dB, {delay_ms} ms");
        }
    }
}

#[test]
fn a_caller_6_db_louder_than_the_echo_interrupts() {
    for loss_db in [10.0, 20.0] {
        for delay_ms in (20..=300).step_by(20) {
            let mut echoing = speaking();
            echoing.talk(3_000, delay_ms, loss_db, None);
            echoing.talk(600, delay_ms, loss_db, Some(6.0));
            let flush = Action::Flush { item: ITEM, cause: Cause::Voice };
            let (paused, flushed) = (echoing.line.when(Action::Pause), echoing.line.when(flush));
            assert!(paused.is_some_and(|at| at <= 3_250), "{loss_db} dB, {delay_ms} ms: {paused:?}");
            assert!(flushed.is_some_and(|at| at <= 3_480), "{loss_db} dB, {delay_ms} ms: {flushed:?}");
        }
    }
}

#[test]
fn on_a_line_without_echo_a_soft_caller_soon_interrupts() {
    let mut echoing = speaking();
    echoing.talk(3_000, 100, 60.0, None);
    let mut line = echoing.line;
    (0..25).for_each(|n| {
        line.turn.handle_sent(line.at, speech(n));
        line.frame(true, -38.0);
    });
    assert_eq!(line.turn.counters().interruptions, 1);
}

#[test]
fn a_return_that_grows_is_learnt_from_the_false_alarm() {
    let mut echoing = speaking();
    echoing.talk(3_000, 40, 30.0, None);
    echoing.talk(10_000, 40, 14.0, None);
    let counters = echoing.line.turn.counters();
    assert!(counters.ducks <= 2, "{counters:?}");
    assert_eq!(counters.interruptions, 0);
}

#[test]
fn the_echo_of_the_last_words_is_no_turn() {
    let mut echoing = speaking();
    echoing.talk(1_200, 300, 10.0, None);
    echoing.line.turn.handle_playout(Playback::Idle);
    echoing.talk(1_300, 300, 10.0, None);
    assert_eq!(echoing.line.actions(), []);
}

#[test]
fn levels_that_are_no_numbers_do_no_harm() {
    let mut line = speaking().line;
    for level in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        line.turn.handle_sent(line.at, level);
        line.frame(true, level);
    }
    line.quiet(1_000);
    line.turn.handle_sent(line.at, -20.0);
    line.voice(500);
    assert_eq!(line.turn.counters().interruptions, 1);
}
