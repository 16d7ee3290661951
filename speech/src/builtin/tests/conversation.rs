//! What the receptionist says when.

use super::*;

#[test]
fn nothing_is_said_before_the_call_is_answered_and_the_greeting_once_after() {
    let mut desk = Desk::new(Settings::default());
    desk.keys("1");
    desk.listen(1_000);
    desk.speak(1_000);
    desk.wait(60_000);
    assert!(desk.asked.is_empty() && desk.notes.is_empty());
    desk.feed(Input::Answered);
    desk.feed(Input::Answered);
    assert_eq!(desk.asked, [phrases::GREETING, phrases::MENU]);
    assert_eq!(desk.text.trim(), format!("{} {}", phrases::GREETING, phrases::MENU));
    assert_eq!(desk.items.len(), 1);
}

#[test]
fn a_greeting_can_be_uncuttable() {
    let mut desk = Desk::new(Settings { greeting_interruptible: false, ..Settings::default() });
    desk.feed(Input::Answered);
    assert!(!desk.items[0].2);
}

#[test]
fn the_parrot_repeats_a_turn_sample_for_sample_after_its_lead_in_once() {
    let mut desk = Desk::greeted();
    desk.listen(1_000);
    let (start, end) = desk.speak(1_400);
    let said: Vec<i16> = (start..end).map(|n| (n % 30_011) as i16).collect();
    assert_eq!(desk.text, "You said: [parrot]");
    assert_eq!(desk.items[0].1[8_000..], said);
    desk.hear_out();
    desk.forget();
    let (start, end) = desk.speak(700);
    let said: Vec<i16> = (start..end).map(|n| (n % 30_011) as i16).collect();
    assert_eq!((desk.text.as_str(), &desk.items[0].1), ("[parrot]", &said));
}

#[test]
fn without_a_lead_in_the_parrot_needs_no_voice() {
    let mut desk = Desk::new(Settings { parrot_lead_in: None, ..Settings::default() });
    desk.feed(Input::Answered);
    desk.hear_out();
    desk.forget();
    desk.listen(1_000);
    desk.speak(500);
    assert!(desk.asked.is_empty());
    assert_eq!(desk.items[0].1.len(), 2_400 + 4_000);
}

#[test]
fn with_the_parrot_off_a_turn_is_still_answered() {
    let mut desk = Desk::greeted();
    desk.keys("2");
    assert_eq!(desk.notes, [Note::Parrot { on: false }, Note::Keys("2".into())]);
    desk.hear_out();
    desk.listen(1_000);
    desk.speak(1_000);
    assert_eq!(desk.asked, [phrases::PARROT_OFF, phrases::NOT_REPEATED]);
    desk.keys("2");
    assert_eq!(desk.asked.last().unwrap(), phrases::PARROT_ON);
}

#[test]
fn one_tells_the_time() {
    let mut desk = Desk::greeted();
    desk.keys("1");
    assert_eq!(desk.clock_wanted, 1);
    desk.feed(Input::WallClock(WallClock { hour: 14, minute: 5 }));
    assert_eq!(desk.asked, ["It is two oh five in the afternoon."]);
    desk.feed(Input::WallClock(WallClock { hour: 14, minute: 6 }));
    assert_eq!(desk.asked.len(), 1, "nobody asked again");
}

#[test]
fn three_reads_for_about_a_minute_as_one_item_in_order() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.keys("3");
    assert_eq!(desk.asked, phrases::READING);
    while let Some(last) = desk.wanted.len().checked_sub(1) {
        assert!(desk.items.is_empty());
        desk.voice(last);
    }
    desk.drain();
    assert_eq!(desk.text.trim(), phrases::READING.join(" "));
    assert_eq!(desk.items[0].1.len(), 12 * 8_000 + 11 * 2_000);
}

#[test]
fn zero_repeats_the_menu() {
    let mut desk = Desk::greeted();
    desk.keys("0");
    assert_eq!(desk.asked, [phrases::MENU]);
}

#[test]
fn other_keys_are_read_back_together_after_a_pause() {
    let mut desk = Desk::greeted();
    desk.keys("4");
    desk.wait(1_400);
    desk.keys("2*1");
    desk.wait(1_499);
    assert!(desk.asked.is_empty());
    desk.wait(1);
    assert_eq!(desk.asked, ["You pressed four, two, star, one."]);
    assert_eq!(desk.notes, [Note::Keys("42*1".into())]);
}

#[test]
fn hash_ends_an_entry_at_once() {
    let mut desk = Desk::greeted();
    desk.keys("75#");
    assert_eq!(desk.asked, ["You pressed seven, five."]);
    assert!(!desk.hung_up);
}

#[test]
fn an_endless_entry_and_keys_that_no_telephone_has_do_no_harm() {
    let mut desk = Desk::greeted();
    desk.keys("x\u{0}é ");
    assert!(desk.notes.is_empty());
    desk.keys(&"5".repeat(1_000));
    desk.keys("#");
    assert_eq!(desk.notes, [Note::Keys("5".repeat(32))]);
}

#[test]
fn nine_and_hash_say_goodbye_and_hang_up_after_it() {
    for key in ["9", "#"] {
        let mut desk = Desk::greeted();
        desk.mute = true;
        desk.keys(key);
        assert_eq!(desk.asked, [phrases::GOODBYE]);
        assert!(!desk.hung_up, "not before the words");
        desk.mute = false;
        desk.drain();
        assert!(desk.hung_up && !desk.items[0].2, "a goodbye isn't cut");
        assert!(desk.notes.contains(&Note::Leaving(Leave::Caller)));
    }
}

#[test]
fn an_operators_goodbye_cuts_what_is_queued_and_is_said_once() {
    let mut desk = Desk::greeted();
    desk.keys("3");
    desk.feed(Input::Goodbye);
    desk.feed(Input::Goodbye);
    desk.keys("19");
    assert_eq!((desk.flushes, desk.hung_up), (1, true));
    assert_eq!(desk.asked.iter().filter(|line| *line == phrases::GOODBYE).count(), 1);
}

#[test]
fn a_goodbye_before_the_answer_only_hangs_up() {
    let mut desk = Desk::new(Settings::default());
    desk.feed(Input::Goodbye);
    desk.feed(Input::Answered);
    assert!(desk.hung_up && desk.asked.is_empty());
}

#[test]
fn a_silent_caller_is_asked_twice_and_then_left() {
    let mut desk = Desk::greeted();
    for count in 1..=2 {
        desk.wait(7_999);
        assert!(desk.asked.is_empty());
        desk.wait(1);
        assert_eq!(desk.asked, [phrases::STILL_THERE]);
        assert_eq!(desk.notes, [Note::StillThere { count }]);
        desk.wait(60_000);
        assert_eq!(desk.asked.len(), 1, "no prompt while one is being heard");
        desk.hear_out();
        desk.forget();
    }
    desk.wait(8_000);
    assert_eq!(desk.text.trim(), format!("{} {}", phrases::GONE_QUIET, phrases::GOODBYE));
    assert!(desk.hung_up);
}

#[test]
fn a_caller_who_moves_is_not_counted_as_silent() {
    let mut desk = Desk::greeted();
    desk.wait(8_000);
    desk.hear_out();
    desk.listen(1_000);
    desk.speak(10_000);
    desk.hear_out();
    desk.wait(8_000);
    assert_eq!(desk.notes.last(), Some(&Note::StillThere { count: 1 }));
}

#[test]
fn while_the_call_is_held_nobody_is_silent_and_afterwards_the_clock_begins_anew() {
    let mut desk = Desk::greeted();
    desk.wait(7_000);
    desk.feed(Input::Held(true));
    desk.wait(600_000);
    desk.feed(Input::Nudge);
    desk.feed(Input::Held(true));
    assert_eq!((desk.wakeup, desk.asked.len()), (None, 0));
    desk.feed(Input::Held(false));
    desk.wait(7_999);
    assert!(desk.asked.is_empty());
    desk.wait(1);
    assert_eq!(desk.asked, [phrases::STILL_THERE]);
}

#[test]
fn a_caller_who_takes_the_call_back_is_there() {
    let mut desk = Desk::greeted();
    for _ in 0..2 {
        desk.wait(8_000);
        desk.hear_out();
    }
    desk.feed(Input::Held(true));
    desk.feed(Input::Held(false));
    desk.wait(8_000);
    assert_eq!(desk.notes.last(), Some(&Note::StillThere { count: 1 }));
    assert!(!desk.hung_up);
}

#[test]
fn keys_that_were_begun_before_a_hold_wait_for_the_rest_after_it() {
    let mut desk = Desk::greeted();
    desk.keys("4");
    desk.feed(Input::Held(true));
    desk.wait(60_000);
    desk.keys("5");
    desk.wait(60_000);
    assert!(desk.asked.is_empty() && desk.wakeup.is_none());
    desk.feed(Input::Held(false));
    desk.wait(1_000);
    desk.keys("6");
    desk.wait(1_500);
    assert_eq!(desk.notes, [Note::Keys("456".into())]);
}

#[test]
fn a_nudge_asks_again_for_what_has_not_come_and_speaks_up_otherwise() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.keys("2");
    let first = desk.wanted.clone();
    desk.wanted.clear();
    desk.feed(Input::Nudge);
    assert_eq!(desk.wanted, first);
    desk.mute = false;
    desk.drain();
    desk.hear_out();
    desk.feed(Input::Nudge);
    assert_eq!(desk.asked.last().unwrap(), phrases::STILL_THERE);
}

#[test]
fn every_line_that_is_not_composed_is_among_the_fixed_lines() {
    let settings = Settings::default();
    let mut desk = Desk::greeted();
    for key in ["2", "2", "3", "0"] {
        desk.keys(key);
        desk.hear_out();
    }
    desk.listen(1_000);
    desk.speak(500);
    desk.hear_out();
    (0..3).for_each(|_| {
        desk.wait(8_000);
        desk.hear_out();
    });
    assert!(desk.hung_up);
    for line in &desk.asked {
        assert!(lines(&settings).contains(&line.as_str()), "{line}");
    }
}
