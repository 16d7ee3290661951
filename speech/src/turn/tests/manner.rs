//! How the agent is cut: in steps, at once, or not at all.

use super::*;

const FLUSH: Action = Action::Flush { item: ITEM, cause: Cause::Voice };

#[test]
fn an_agent_that_is_cut_at_once_falls_silent_at_the_first_suspicion() {
    let mut line = Line::speaking();
    line.turn.set_barge_in(BargeIn::Immediate);
    line.voice(1_000);
    line.quiet(800);
    assert_eq!(line.when(FLUSH), Some(1_060));
    assert_eq!(line.when(Action::CallerStarted { at: Samples::from_ms(700) }), Some(1_060));
    assert_eq!(line.turn.counters().interruptions, 1);
}

#[test]
fn what_bursts_in_for_less_than_a_suspicion_cuts_nothing_at_once() {
    let mut line = Line::speaking();
    line.turn.set_barge_in(BargeIn::Immediate);
    line.play(&[40, 1_000, 20, 1_000]);
    assert_eq!(line.actions(), []);
}

#[test]
fn an_agent_that_decides_for_itself_is_neither_ducked_nor_cut() {
    let mut line = Line::speaking();
    line.turn.set_barge_in(BargeIn::Off);
    line.voice(1_000);
    line.turn.handle_key(line.at);
    line.turn.handle_words(line.at, "stop that");
    line.quiet(800);
    let (from, to) = (Samples::from_ms(700), Samples::from_ms(2_000));
    assert_eq!(line.actions(), [Action::CallerStarted { at: from }, Action::CallerStopped { at: to }]);
    assert_eq!(line.when(Action::CallerStarted { at: from }), Some(1_400), "as over what isn't interruptible");
}

#[test]
fn an_agent_that_was_paused_goes_on_when_it_begins_to_decide_for_itself() {
    let mut line = Line::speaking();
    line.voice(300);
    line.turn.set_barge_in(BargeIn::Off);
    line.drain();
    assert_eq!(line.actions(), [Action::Duck, Action::Pause, Action::Resume, Action::Unduck]);
    line.turn.set_barge_in(BargeIn::Steps);
    line.voice(300);
    assert_eq!(line.when(FLUSH), Some(1_400), "the voice goes on, and counts in full");
}

#[test]
fn another_agent_is_cut_in_steps_whatever_the_one_before_did() {
    let mut line = Line::speaking();
    line.turn.set_barge_in(BargeIn::Off);
    line.turn = line.turn.succeeded_by(Settings::default());
    line.start(ITEM, true);
    line.voice(1_000);
    assert!(line.actions().contains(&FLUSH));
}
