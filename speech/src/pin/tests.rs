//! Gates on virtual time; each prompt lasts a second.

use super::*;
use crate::inquiry::desk::Desk;

fn gate() -> Desk<PinGate> {
    let settings = Settings { longest: 6, ..Settings::default() };
    assert_eq!(settings.lines().count(), 3);
    let mut desk = Desk::answered(PinGate::new(settings));
    assert_eq!(desk.said().len(), 1);
    desk
}

fn entered(digits: &str) -> Vec<Decision> {
    vec![Decision::Entered(digits.to_owned())]
}

#[test]
fn digits_end_by_hash_by_length_or_by_a_pause() {
    for (keys, wait) in [("1234#", 0), ("123456", 0), ("12", 4_000)] {
        let mut desk = gate();
        desk.keys(keys);
        desk.wait(wait);
        assert_eq!(desk.decisions, entered(keys.trim_end_matches('#')));
    }
}

#[test]
fn star_begins_the_entry_anew() {
    let mut desk = gate();
    desk.keys("12*34#");
    assert_eq!(desk.decisions, entered("34"));
}

#[test]
fn the_right_digits_end_it_silently() {
    let mut desk = gate();
    desk.keys("1234#");
    desk.keys("99");
    desk.feed(Input::Judged(true));
    desk.wait(60_000);
    desk.keys("1#");
    assert_eq!((desk.said().len(), desk.decisions.len(), desk.hung_up), (0, 1, false));
}

#[test]
fn wrong_digits_may_be_entered_again_until_the_attempts_are_used() {
    let mut desk = gate();
    for _ in 0..2 {
        desk.keys("1#");
        desk.feed(Input::Judged(false));
        assert_eq!(desk.said()[0], "That is not right, try again.");
    }
    desk.keys("1#");
    desk.decisions.clear();
    desk.feed(Input::Judged(false));
    assert_eq!((desk.said(), desk.decisions.len()), (vec!["Goodbye.".to_owned()], 0));
    desk.wait(1_000);
    assert_eq!(desk.decisions, [Decision::Denied]);
    desk.feed(Input::Judged(true));
    assert_eq!(desk.decisions.len(), 1, "nobody asked");
}

#[test]
fn a_caller_who_enters_nothing_is_asked_again() {
    let mut desk = gate();
    desk.wait(1_000 + 8_000);
    assert_eq!(desk.said()[0], "That is not right, try again.");
    desk.keys("#");
    assert_eq!(desk.said()[0], "That is not right, try again.");
    assert_eq!(desk.decisions, []);
}

#[test]
fn what_was_entered_is_never_printed() {
    assert_eq!(format!("{:?}", entered("1234")), "[Entered(4 digits)]");
}
