//! What is unspoken is dropped.

use super::*;

#[test]
fn an_interrupted_item_says_nothing_more() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.keys("3");
    desk.voice(0);
    desk.drain();
    let (item, given) = (desk.items[0].0, desk.items[0].1.len());
    desk.feed(Input::Interrupted { item, heard: Samples(4_000) });
    desk.mute = false;
    desk.drain();
    assert_eq!((desk.items.len(), desk.items[0].1.len()), (1, given));
    assert!(!desk.ended.contains(&item));
}

#[test]
fn a_turn_of_the_caller_drops_an_answer_that_is_still_being_made() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.keys("1");
    desk.feed(Input::WallClock(WallClock { hour: 9, minute: 30 }));
    desk.listen(400);
    desk.feed(Input::TurnStarted { at: Samples::ZERO });
    desk.mute = false;
    desk.drain();
    assert!(desk.items.is_empty(), "the time went stale");
    desk.listen(600);
    desk.feed(Input::TurnEnded { at: Samples(desk.stream) });
    assert_eq!(desk.text, "You said: [parrot]");
}

#[test]
fn an_answer_given_in_part_is_ended_when_it_is_dropped() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.keys("3");
    desk.voice(0);
    desk.drain();
    desk.feed(Input::TurnStarted { at: Samples::ZERO });
    assert_eq!(desk.ended, [desk.items[0].0]);
}

#[test]
fn the_answer_to_a_key_survives_the_news_of_what_the_key_cut() {
    let mut desk = Desk::greeted();
    desk.keys("3");
    let reading = desk.items[0].0;
    desk.keys("0");
    desk.feed(Input::Interrupted { item: reading, heard: Samples(100) });
    assert_eq!(desk.items.len(), 2);
    assert_eq!(desk.ended, [reading, desk.items[1].0]);
}

#[test]
fn a_goodbye_survives_a_caller_who_talks_over_it() {
    let mut desk = Desk::greeted();
    desk.mute = true;
    desk.listen(1_000);
    desk.keys("9");
    desk.feed(Input::TurnStarted { at: Samples::ZERO });
    desk.feed(Input::TurnEnded { at: Samples(8_000) });
    desk.mute = false;
    desk.drain();
    assert_eq!(desk.text.trim(), phrases::GOODBYE);
    assert!(desk.hung_up);
}

#[test]
fn keys_pressed_before_a_turn_are_noted_but_not_read_over_it() {
    let mut desk = Desk::greeted();
    desk.keys("45");
    desk.listen(400);
    desk.feed(Input::TurnStarted { at: Samples::ZERO });
    desk.wait(5_000);
    assert_eq!(desk.notes, [Note::Keys("45".into())]);
    assert!(desk.asked.is_empty());
}

#[test]
fn nobody_is_asked_whether_they_are_there_while_they_speak() {
    let mut desk = Desk::greeted();
    desk.listen(400);
    desk.feed(Input::TurnStarted { at: Samples::ZERO });
    desk.wait(60_000);
    assert!(desk.notes.is_empty());
}
