//! One answer at a time.

use super::answer::{Ask, Manner};
use super::outbox::{EventId, Sent};
use super::*;

fn events() -> impl FnMut() -> EventId {
    let mut out = Outbox::new(Dialect::Ga);
    move || out.send(Sent::Create, [])
}

fn must(words: &str) -> Ask {
    Ask::with(words.to_owned(), Manner::Uncuttable)
}

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

#[test]
fn asks_that_wait_are_one_and_what_must_be_said_comes_before_it() {
    let (mut answers, now) = (Answers::new(), epoch());
    answers.wait(Ask::PLAIN);
    answers.wait(Ask::PLAIN);
    answers.wait(must("greeting"));
    answers.wait(Ask::PLAIN);
    answers.wait(Ask::with("keys".to_owned(), Manner::Open));
    assert_eq!(answers.next(now), Some(must("greeting")));
    assert_eq!(answers.next(now), Some(Ask::with("keys".to_owned(), Manner::Open)));
    assert_eq!(answers.next(now), None);
    answers.wait(Ask::PLAIN);
    answers.wait(Ask::with("bye".to_owned(), Manner::Last));
    answers.wait(Ask::PLAIN);
    answers.drop_waiting();
    assert_eq!(answers.next(now), Some(Ask::with("bye".to_owned(), Manner::Last)));
    assert!(!answers.has_waiting());
}

#[test]
fn the_next_ask_waits_for_the_end_of_an_answer_also_when_it_was_cancelled() {
    let (mut answers, now, mut event) = (Answers::new(), epoch(), events());
    answers.asked(Ask::PLAIN, event());
    answers.created("a");
    answers.active_mut().unwrap().cancelled = true;
    answers.wait(Ask::PLAIN);
    assert_eq!(answers.next(now), None);
    assert!(answers.done(Some("b")).is_none(), "another answer's end");
    assert!(answers.done(Some("a")).unwrap().cancelled);
    assert_eq!(answers.next(now), Some(Ask::PLAIN));
}

#[test]
fn an_end_that_is_told_twice_ends_one_answer() {
    let (mut answers, mut event) = (Answers::new(), events());
    answers.asked(Ask::PLAIN, event());
    answers.created("a");
    assert!(answers.done(Some("a")).is_some());
    answers.asked(must("next"), event());
    assert!(answers.done(Some("a")).is_none());
    assert!(answers.lost().is_some());
    answers.asked(Ask::PLAIN, event());
    answers.created("a");
    assert!(answers.done(Some("a")).is_some(), "a new session may use the name again");
}

#[test]
fn an_ask_that_was_refused_waits_for_the_answer_that_is_active() {
    let (mut answers, now, mut event) = (Answers::new(), epoch(), events());
    let (asked, later) = (event(), now + Duration::from_secs(2));
    answers.asked(must("greeting"), asked);
    answers.refused(asked, later);
    assert_eq!((answers.next(now), answers.deadline()), (None, Some(later)));
    assert_eq!(answers.next(later), Some(must("greeting")));
    let asked = event();
    answers.asked(Ask::PLAIN, asked);
    answers.created("unasked");
    answers.refused(asked, later);
    assert!(!answers.has_waiting(), "an answer to the caller's turn serves as well as ours");
    assert!(answers.done(Some("unasked")).is_some());
}
