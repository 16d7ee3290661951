//! The three steps, and what must not climb them.

use super::*;

const FLUSH: Action = Action::Flush { item: ITEM, cause: Cause::Voice };

#[test]
fn a_caller_who_speaks_up_ducks_pauses_and_takes_the_floor() {
    let mut line = Line::speaking();
    line.voice(1_000);
    line.quiet(800);
    let started = Action::CallerStarted { at: Samples::from_ms(700) };
    let stopped = Action::CallerStopped { at: Samples::from_ms(2_000) };
    assert_eq!(line.actions(), [Action::Duck, Action::Pause, FLUSH, Action::Unduck, started, stopped]);
    assert_eq!(line.turn.state(), State::Thinking);
    assert_eq!(line.turn.counters().interruptions, 1);
}

#[test]
fn a_duck_comes_within_100_ms_and_silence_within_250() {
    let mut line = Line::speaking();
    line.voice(1_000);
    assert_eq!(line.when(Action::Duck), Some(1_060));
    assert_eq!(line.when(Action::Pause), Some(1_200));
    assert_eq!(line.when(FLUSH), Some(1_400));
}

#[test]
fn a_300_ms_mm_hm_resumes_and_counts_as_false_alarm() {
    let mut line = Line::speaking();
    line.play(&[300, 1_000]);
    assert_eq!(line.actions(), [Action::Duck, Action::Pause, Action::Resume, Action::Unduck]);
    assert!(line.when(Action::Resume).unwrap() <= 1_000 + 300 + 220);
    let counters = line.turn.counters();
    assert_eq!((counters.false_alarms, counters.interruptions, counters.turns), (1, 0, 0));
    assert_eq!(line.turn.state(), State::Speaking);
}

#[test]
fn small_noises_never_cut_the_agent() {
    let scenes: [(&str, &[u64]); 8] = [
        ("mm-hm in one", &[300, 1_000]),
        ("mm-hm in two syllables", &[140, 60, 140, 1_000]),
        ("a cough", &[160, 1_000]),
        ("two coughs", &[160, 140, 160, 1_000]),
        ("a click", &[20, 1_000]),
        ("clicks every 60 ms", &[20, 40, 20, 40, 20, 40, 20, 40, 20, 40, 20, 40, 20, 40, 20, 1_000]),
        ("a knock that rings", &[60, 60, 20, 60, 20, 60, 20, 60, 20, 60, 20, 60, 20, 60, 20, 1_000]),
        ("yeah, right", &[220, 300, 260, 1_000]),
    ];
    for (scene, lengths) in scenes {
        let mut line = Line::speaking();
        line.play(lengths);
        assert_eq!(line.turn.state(), State::Speaking, "{scene}");
        let counters = line.turn.counters();
        assert_eq!((counters.interruptions, counters.turns), (0, 0), "{scene}");
    }
}

#[test]
fn a_click_does_not_even_duck() {
    let mut line = Line::speaking();
    line.play(&[20, 40, 20, 40, 20, 100, 40, 100, 20, 500]);
    assert_eq!(line.actions(), []);
}

#[test]
fn a_cough_ducks_but_does_not_pause() {
    let mut line = Line::speaking();
    line.play(&[160, 500]);
    assert_eq!(line.actions(), [Action::Duck, Action::Unduck]);
}

#[test]
fn holes_in_speech_do_not_start_it_over() {
    let mut line = Line::speaking();
    line.play(&[80, 40, 60, 20, 120, 60, 100, 60, 120]);
    assert!(line.when(Action::Pause).unwrap() <= 1_250);
    assert!(line.when(FLUSH).unwrap() <= 1_450);
}

#[test]
fn an_uncuttable_item_is_left_alone_while_the_caller_gets_the_floor_beside_it() {
    let mut line = Line::new(Settings::default());
    line.start(ITEM, false);
    line.play(&[300, 700, 1_000, 700]);
    let at = |ms| Samples::from_ms(ms);
    assert_eq!(line.actions(), [Action::CallerStarted { at: at(700) }, Action::CallerStopped { at: at(2_000) }]);
}

#[test]
fn who_has_the_floor_keeps_it_when_an_item_starts() {
    let mut line = Line::new(Settings::default());
    line.voice(600);
    line.done.clear();
    line.start(ITEM, true);
    line.voice(20);
    assert_eq!(line.actions(), [Action::Duck, Action::Pause, FLUSH, Action::Unduck]);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn an_item_that_ends_while_ducked_leaves_the_next_at_full_level() {
    let mut line = Line::speaking();
    line.voice(100);
    line.turn.handle_playout(Playback::Finished { item: ITEM });
    line.drain();
    assert_eq!(line.actions(), [Action::Duck, Action::Unduck]);
}

#[test]
fn a_key_cuts_the_agent_and_its_tone_is_no_voice() {
    let mut line = Line::speaking();
    line.voice(40);
    line.turn.handle_key(line.at);
    line.play(&[140, 600]);
    assert_eq!(line.actions(), [Action::Flush { item: ITEM, cause: Cause::Key }]);
    assert_eq!(line.turn.counters().key_interruptions, 1);
}

#[test]
fn a_key_told_of_the_future_masks_no_more_than_any_other() {
    let mut line = Line::new(Settings::default());
    line.turn.handle_key(Samples::from_ms(3_600_000));
    line.play(&[1_000]);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn a_key_spares_an_uncuttable_item() {
    let mut line = Line::new(Settings::default());
    line.start(ITEM, false);
    line.turn.handle_key(line.at);
    line.quiet(100);
    assert_eq!(line.actions(), []);
}

#[test]
fn words_take_the_floor_at_once_unless_they_are_backchannels() {
    let mut line = Line::speaking();
    line.voice(200);
    line.turn.handle_words(line.at, "Yeah, okay.");
    line.drain();
    assert_eq!(line.actions(), [Action::Duck, Action::Pause]);
    line.turn.handle_words(line.at, "okay stop");
    line.drain();
    let flush = Action::Flush { item: ITEM, cause: Cause::Words };
    assert_eq!(line.actions()[2..4], [flush, Action::Unduck]);
    assert_eq!(line.turn.state(), State::CallerSpeaking);
}

#[test]
fn steps_that_do_not_grow_are_refused() {
    let refused = |settings: Settings| settings.check().is_err();
    assert!(refused(Settings { likely_ms: 60, ..Settings::default() }));
    assert!(refused(Settings { suspect_ms: 120, ..Settings::default() }));
    assert!(refused(Settings { duck_db: 3.0, ..Settings::default() }));
    assert!(refused(Settings { echo_margin_db: f32::NAN, ..Settings::default() }));
    assert!(refused(Settings { max_turn_ms: 1_000, ..Settings::default() }));
    assert!(refused(Settings { max_turn_ms: u32::MAX, ..Settings::default() }));
    assert!(refused(Settings { watchdog_ms: u32::MAX, ..Settings::default() }));
    assert!(Settings::default().check().is_ok());
}
