//! Endpointing, the states, and the watchdog.

use super::*;

#[test]
fn a_turn_begins_with_its_pre_roll_and_ends_with_its_voice() {
    let mut line = Line::new(Settings::default());
    line.quiet(1_000);
    line.play(&[800, 1_000]);
    let at = Samples::from_ms;
    assert_eq!(line.actions(), [Action::CallerStarted { at: at(700) }, Action::CallerStopped { at: at(1_800) }]);
    assert_eq!(line.when(Action::CallerStarted { at: at(700) }), Some(1_160));
    assert_eq!(line.when(Action::CallerStopped { at: at(1_800) }), Some(2_400));
}

#[test]
fn a_cough_into_silence_is_no_turn() {
    let mut line = Line::new(Settings::default());
    line.play(&[140, 1_000]);
    assert_eq!(line.actions(), []);
}

#[test]
fn a_pause_for_breath_does_not_end_the_turn_and_a_click_does_not_put_off_its_end() {
    let mut line = Line::new(Settings::default());
    line.play(&[500, 500, 500, 300, 20, 700]);
    let end = Samples::from_ms(1_500);
    assert_eq!(line.actions()[1..], [Action::CallerStopped { at: end }]);
    assert_eq!(line.when(Action::CallerStopped { at: end }), Some(2_100));
}

#[test]
fn turns_never_overlap() {
    let mut line = Line::new(Settings { preroll_ms: 1_000, ..Settings::default() });
    line.play(&[500, 600, 500]);
    let end = Samples::from_ms(500);
    assert_eq!(line.actions()[1..], [Action::CallerStopped { at: end }, Action::CallerStarted { at: end }]);
}

#[test]
fn voice_too_soft_for_the_line_is_none() {
    let mut line = Line::new(Settings::default());
    (0..100).for_each(|_| line.frame(true, -55.0));
    assert_eq!(line.actions(), []);
}

#[test]
fn steady_noise_loses_the_floor_while_a_caller_above_it_keeps_it() {
    let mut line = Line::new(Settings::default());
    (0..1_500).for_each(|_| line.frame(true, -46.0));
    assert_eq!(line.turn.state(), State::Thinking, "noise was taken for voice at first");
    (0..20).for_each(|_| line.frame(true, -36.0));
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn a_lost_packet_or_a_muted_second_does_not_make_noise_voice_again() {
    for (frames, level) in [(1, -127.0), (50, -127.0), (3, -75.0)] {
        let mut line = Line::new(Settings::default());
        (0..1_500).for_each(|_| line.frame(true, -46.0));
        line.quiet(20);
        let turns = line.turn.counters().turns;
        (0..frames).for_each(|_| line.frame(false, level));
        (0..500).for_each(|_| line.frame(true, -46.0));
        assert_eq!(line.turn.counters().turns, turns, "{frames} frames of {level} dBov");
    }
}

#[test]
fn the_noise_of_a_line_that_falls_quiet_is_forgotten_within_two_seconds() {
    let mut line = Line::new(Settings::default());
    (0..1_500).for_each(|_| line.frame(true, -46.0));
    line.quiet(2_000);
    (0..20).for_each(|_| line.frame(true, -44.0));
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn a_sound_without_end_is_asked_about_after_a_minute_and_cannot_cut_the_answer() {
    let mut line = Line::new(Settings { watchdog_ms: 30_000, ..Settings::default() });
    line.voice(61_000);
    let stopped = Action::CallerStopped { at: Samples::from_ms(60_160) };
    assert_eq!(line.actions(), [Action::CallerStarted { at: Samples::ZERO }, stopped]);
    assert_eq!(line.turn.state(), State::Thinking);
    line.start(ITEM, true);
    line.voice(5_000);
    line.turn.handle_playout(Playback::Finished { item: ITEM });
    line.voice(5_000);
    assert_eq!((line.done.len(), line.turn.state()), (2, State::Listening));
}

#[test]
fn after_a_sound_without_end_a_pause_or_a_word_gives_the_caller_a_voice_again() {
    let endless = || {
        let mut line = Line::new(Settings { max_turn_ms: 5_000, ..Settings::default() });
        line.voice(6_000);
        line.start(ITEM, true);
        line
    };
    let mut line = endless();
    line.play(&[200, 500, 500]);
    assert_eq!(line.turn.state(), State::Speaking, "500 ms are no pause");
    line.quiet(600);
    line.voice(500);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
    let mut line = endless();
    line.turn.handle_words(line.at, "stop that");
    line.voice(3_000);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn a_turn_just_short_of_the_longest_is_closed_by_its_silence() {
    let mut line = Line::new(Settings { max_turn_ms: 5_000, ..Settings::default() });
    line.play(&[4_500, 700, 500]);
    let at = Samples::from_ms;
    assert_eq!(line.actions()[1..], [Action::CallerStopped { at: at(4_500) }, Action::CallerStarted { at: at(4_900) }]);
}

#[test]
fn the_states_follow_a_conversation() {
    let mut line = Line::new(Settings::default());
    assert_eq!(line.turn.state(), State::Listening);
    line.voice(500);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
    line.quiet(600);
    assert_eq!(line.turn.state(), State::Thinking);
    line.start(ITEM, true);
    assert_eq!(line.turn.state(), State::Speaking);
    line.turn.handle_playout(Playback::Finished { item: ItemId(99) });
    assert_eq!(line.turn.state(), State::Speaking, "that was another item");
    line.turn.handle_playout(Playback::Idle);
    assert_eq!(line.turn.state(), State::Listening);
}

#[test]
fn an_engine_that_owes_an_answer_is_nudged_until_it_comes() {
    let mut line = Line::new(Settings { watchdog_ms: 2_000, ..Settings::default() });
    line.turn.handle_engine(Answer::Asked);
    line.quiet(4_500);
    assert_eq!(line.actions(), [Action::Nudge, Action::Nudge]);
    line.turn.handle_engine(Answer::Coming);
    line.quiet(1_900);
    line.start(ITEM, true);
    line.quiet(10_000);
    line.turn.handle_playout(Playback::Idle);
    line.quiet(10_000);
    assert_eq!(line.turn.counters().nudges, 2);
}

#[test]
fn an_answer_that_comes_and_is_never_heard_is_asked_for_again() {
    let mut line = Line::new(Settings { watchdog_ms: 2_000, ..Settings::default() });
    line.turn.handle_engine(Answer::Asked);
    line.quiet(1_500);
    line.turn.handle_engine(Answer::Coming);
    line.quiet(1_900);
    assert_eq!((line.turn.counters().nudges, line.turn.state()), (0, State::Thinking));
    line.quiet(200);
    assert_eq!(line.turn.counters().nudges, 1);
    line.turn.handle_engine(Answer::Nothing);
    line.quiet(10_000);
    assert_eq!((line.turn.counters().nudges, line.turn.state()), (1, State::Listening));
}

#[test]
fn an_engine_asked_while_somebody_speaks_is_nudged_only_after() {
    let mut line = Line::new(Settings { watchdog_ms: 2_000, ..Settings::default() });
    line.start(ITEM, false);
    line.turn.handle_engine(Answer::Asked);
    line.quiet(5_000);
    line.turn.handle_playout(Playback::Finished { item: ITEM });
    line.quiet(1_900);
    assert_eq!(line.actions(), []);
    line.quiet(200);
    assert_eq!(line.actions(), [Action::Nudge]);
    line.voice(1_000);
    line.turn.handle_engine(Answer::Asked);
    line.voice(5_000);
    assert_eq!(line.turn.counters().nudges, 1);
}

#[test]
fn nobody_is_nudged_while_the_caller_or_the_agent_speaks() {
    let mut line = Line::new(Settings { watchdog_ms: 1_000, ..Settings::default() });
    line.turn.handle_engine(Answer::Asked);
    line.voice(3_000);
    line.quiet(700);
    line.start(ITEM, true);
    line.quiet(3_000);
    assert_eq!(line.turn.counters().nudges, 0);
}

#[test]
fn frames_of_the_past_are_ignored() {
    let mut line = Line::new(Settings::default());
    line.quiet(1_000);
    for _ in 0..50 {
        line.turn.handle_voice(VoiceFrame { at: Samples::from_ms(100), voiced: true, level_dbov: -20.0 });
    }
    line.drain();
    assert_eq!(line.actions(), []);
}
