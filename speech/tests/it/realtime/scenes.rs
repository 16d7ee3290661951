//! Scenes with the GA dialect.

use std::time::Duration;

use talkpath_speech::engine::{Leave, Note, UsageOf};
use talkpath_speech::ledger::Speaker;
use talkpath_speech::realtime::{Greeting, ServerVad, Transcription, TurnEnd};
use talkpath_speech::turn::Action;
use talkpath_speech::{Input, Samples};

use super::world::{World, settings};
use crate::fake::realtime::{Dialect, Plan, Speech};

fn lines(world: &World, who: Speaker) -> Vec<(&str, bool)> {
    let lines = world.call.transcript().iter().filter(|line| line.who == who);
    lines.map(|line| (line.text.as_str(), line.interrupted)).collect()
}

fn count(world: &World, kind: &str) -> usize {
    world.server.kinds().iter().filter(|known| **known == kind).count()
}

fn greeting(interruptible: bool, early: bool) -> Option<Greeting> {
    Some(Greeting { text: "Welcome to the line.".to_owned(), verbatim: true, interruptible, early })
}

/// A call on which the agent says forty words of 300 ms each, and has for a while.
fn speaking(turn_end: TurnEnd) -> World {
    let mut settings = settings(Dialect::Ga);
    settings.turn_end = turn_end;
    let mut world = World::answered(settings);
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(40), 300)], ..Plan::default() });
    world.silence(500);
    world.turn(1_000);
    world.silence(3_000);
    assert!(!world.call.is_silent());
    world
}

#[test]
fn the_service_finds_the_end_of_the_turn_and_we_ask_for_the_answer() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.silence(500);
    world.turn(1_000);
    world.silence(6_000);
    world.check();
    assert_eq!(world.server.kinds(), ["session.update", "response.create"]);
    assert_eq!(lines(&world, Speaker::Agent), [("Sure, that is no problem at all.", false)]);
    let detection = &world.server.session["audio"]["input"]["turn_detection"];
    assert_eq!((&detection["create_response"], &detection["interrupt_response"]), (&false.into(), &false.into()));
    let usage = world.usages[0];
    assert_eq!((usage.of, usage.input.audio, usage.cached, usage.output.total), (UsageOf::Response, 6, 2, 20));
}

#[test]
fn with_our_turn_machine_the_service_gets_the_turns_alone_and_then_the_order_to_answer() {
    let mut settings = settings(Dialect::Ga);
    settings.turn_end = TurnEnd::Ours;
    let mut world = World::answered(settings);
    world.silence(30_000);
    assert_eq!(world.server.appended.len(), 0, "nobody has spoken");
    world.turn(1_000);
    world.silence(6_000);
    world.check();
    assert_eq!(world.server.kinds(), ["session.update", "input_audio_buffer.commit", "response.create"]);
    let ms = world.server.appended.len() / 48;
    assert!((1_500..2_000).contains(&ms), "pre-roll, turn and hangover: {ms} ms");
    assert!(world.server.session["audio"]["input"]["turn_detection"].is_null());
    assert_eq!(lines(&world, Speaker::Agent).len(), 1);
}

#[test]
fn every_sample_of_the_caller_arrives_once_and_in_order() {
    for append in [20, 40, 60, 100] {
        let mut settings = settings(Dialect::Ga);
        settings.append = Duration::from_millis(append);
        let mut world = World::answered(settings);
        world.silence(1_000);
        world.speaks(200);
        world.silence(400);
        world.silence(100);
        world.check();
        let samples: Vec<i16> =
            world.server.appended.chunks(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
        let voiced = samples.iter().filter(|sample| **sample != 0).count();
        assert_eq!(samples.iter().position(|sample| *sample != 0), Some(24_000), "appends of {append} ms");
        assert_eq!(voiced, 4_800, "appends of {append} ms");
    }
}

#[test]
fn a_greeting_is_asked_for_when_the_call_is_answered() {
    let mut settings = settings(Dialect::Ga);
    settings.greeting = greeting(true, false);
    let mut world = World::ringing(settings);
    world.ring(3_000);
    assert_eq!(world.server.kinds(), ["session.update"]);
    world.answer();
    world.silence(6_000);
    world.check();
    let instructions = world.server.received[1]["response"]["instructions"].as_str().unwrap();
    assert!(instructions.starts_with("You answer the telephone.") && instructions.ends_with("Welcome to the line."));
    assert_eq!(lines(&world, Speaker::Agent).len(), 1);
    assert_eq!(count(&world, "response.create"), 1);
}

#[test]
fn an_early_greeting_is_at_hand_when_the_call_is_answered() {
    let mut settings = settings(Dialect::Ga);
    settings.greeting = greeting(true, true);
    let mut world = World::ringing(settings);
    world.ring(3_000);
    assert_eq!(count(&world, "response.create"), 1);
    world.answer();
    world.silence(20);
    assert!(world.call.sent.iter().any(|sample| *sample != 0), "heard in the first packet");
    world.check();
}

#[test]
fn an_interruption_is_cancelled_and_truncated_where_the_caller_stopped_hearing() {
    for turn_end in [TurnEnd::Ours, TurnEnd::ServerVad(ServerVad::default())] {
        let mut world = speaking(turn_end);
        world.turn(1_000);
        world.silence(4_000);
        world.check();
        let heard = world.server.items[0].truncated.unwrap();
        assert!((2_000..4_500).contains(&heard), "{heard} ms");
        let (text, cut) = lines(&world, Speaker::Agent)[0];
        assert_eq!((text.split(' ').count() as u64, cut), (heard / 300, true), "{heard} ms: {text}");
        assert_eq!(lines(&world, Speaker::Agent)[1], ("Sure, that is no problem at all.", false));
    }
}

#[test]
fn an_answer_that_is_cut_while_it_comes_in_is_cancelled_first() {
    let mut settings = settings(Dialect::Ga);
    settings.turn_end = TurnEnd::Ours;
    let mut world = World::answered(settings);
    // 80 s of speech come in over 10 s.
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(266), 300)], ..Plan::default() });
    world.silence(500);
    world.turn(1_000);
    world.silence(2_000);
    assert!(world.server.is_answering());
    world.turn(1_000);
    world.silence(6_000);
    world.check();
    let kinds = world.server.kinds();
    let expected = ["response.cancel", "conversation.item.truncate", "input_audio_buffer.commit", "response.create"];
    assert_eq!(kinds[kinds.len() - 4..], expected);
    assert_eq!(lines(&world, Speaker::Agent).len(), 2);
}

#[test]
fn a_listeners_mm_hm_is_neither_an_interruption_nor_answered() {
    let mut world = speaking(TurnEnd::ServerVad(ServerVad::default()));
    world.speaks(260);
    world.silence(15_000);
    world.check();
    assert_eq!((world.server.commits, count(&world, "response.create")), (2, 1));
    assert_eq!(lines(&world, Speaker::Agent), [("word ".repeat(40).trim(), false)]);
}

#[test]
fn a_caller_who_goes_on_before_the_answer_is_heard_gets_one_answer() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.server.default.thinks = 900;
    world.silence(500);
    world.turn(1_000);
    world.turn(1_000);
    world.silence(8_000);
    world.check();
    assert_eq!(count(&world, "response.cancel"), 1);
    assert_eq!(lines(&world, Speaker::Agent).len(), 1);
}

#[test]
fn noise_that_the_service_does_not_hear_makes_the_model_go_on() {
    let mut world = speaking(TurnEnd::ServerVad(ServerVad { silence_duration_ms: Some(400), ..ServerVad::default() }));
    // The turn machine takes it for voice, the service's ears are told that there is none.
    world.feed(Input::TurnStarted { at: Samples(40_000) });
    world.feed(Input::TurnEnded { at: Samples(44_000) });
    world.silence(15_000);
    world.check();
    assert_eq!(count(&world, "response.create"), 2);
}

#[test]
fn an_uncuttable_greeting_is_heard_to_its_end_and_then_the_caller_is_answered() {
    let mut settings = settings(Dialect::Ga);
    settings.greeting = greeting(false, false);
    settings.turn_end = TurnEnd::Ours;
    let mut world = World::answered(settings);
    world.server.plans.push_back(Plan { speech: vec![Speech::words("legal ".repeat(20), 300)], ..Plan::default() });
    world.silence(1_000);
    world.turn(1_000);
    world.silence(10_000);
    world.check();
    assert_eq!(count(&world, "response.cancel"), 0);
    assert_eq!(
        lines(&world, Speaker::Agent),
        [("legal ".repeat(20).trim(), false), ("Sure, that is no problem at all.", false)]
    );
}

#[test]
fn the_callers_words_come_as_they_are_understood_and_with_their_place() {
    let mut settings = settings(Dialect::Ga);
    settings.transcription =
        Some(Transcription { model: "gpt-transcribe".to_owned(), language: Some("en".to_owned()) });
    let mut world = World::answered(settings);
    world.server.transcripts.push_back("I would like to book a table.".to_owned());
    world.silence(2_000);
    world.turn(1_000);
    world.silence(3_000);
    world.check();
    assert_eq!(world.words.first(), Some(&(0, "I would like t".to_owned(), false)));
    assert_eq!(world.words.last(), Some(&(0, "I would like to book a table.".to_owned(), true)));
    assert!(world.usages.iter().any(|usage| usage.of == UsageOf::Transcription && usage.seconds == 1.5));
}

#[test]
fn keys_are_told_to_the_model_as_one_entry() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.silence(1_000);
    "42#".chars().for_each(|key| world.key(key));
    world.silence(4_000);
    world.check();
    assert_eq!(world.notes, [Note::Keys("42#".to_owned())]);
    let item = &world.server.received[1]["item"];
    assert_eq!(item["content"][0]["text"], "(The caller pressed 42# on the telephone's keypad.)");
    assert_eq!(lines(&world, Speaker::Agent).len(), 1);
}

#[test]
fn an_operator_who_drains_lets_the_model_say_goodbye() {
    let mut world = speaking(TurnEnd::Ours);
    world.server.plans.push_back(Plan::say("Goodbye then."));
    world.feed(Input::Goodbye);
    world.speaks(1_000);
    world.silence(3_000);
    world.check();
    assert!(world.call.over);
    assert_eq!(world.notes, [Note::Leaving(Leave::Operator)]);
    assert_eq!(lines(&world, Speaker::Agent)[1], ("Goodbye then.", false), "talking over it changes nothing");
}

#[test]
fn a_goodbye_that_does_not_come_ends_the_call_all_the_same() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.silence(1_000);
    world.server.mute = true;
    world.feed(Input::Goodbye);
    world.silence(7_900);
    assert!(!world.call.over);
    world.silence(200);
    assert!(world.call.over);
}

#[test]
fn a_model_that_is_silent_is_asked_again() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.server.plans.push_back(Plan::default());
    world.silence(500);
    world.turn(1_000);
    world.silence(12_000);
    world.check();
    assert!(world.call.actions.iter().any(|(_, action)| *action == Action::Nudge));
    assert_eq!(lines(&world, Speaker::Agent).len(), 1);
}

#[test]
fn an_answer_that_fails_is_asked_for_again_after_a_while() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.server.plans.extend((0..2).map(|_| Plan { fails: Some("rate_limit_exceeded"), ..Plan::default() }));
    world.silence(500);
    world.turn(1_000);
    world.silence(5_000);
    world.check();
    assert_eq!((count(&world, "response.create"), lines(&world, Speaker::Agent).len()), (3, 1));
}

#[test]
fn an_answer_that_nobody_asked_for_is_heard_and_ours_waits_for_it() {
    let mut settings = settings(Dialect::Ga);
    settings.greeting = greeting(true, false);
    let mut world = World::ringing(settings);
    world.ring(1_000);
    world.server.plans.push_back(Plan::say("By myself."));
    let now = world.ms;
    world.server.answer_unasked(now);
    world.answer();
    world.silence(8_000);
    world.server.violations.retain(|violation| !violation.contains("second response.create"));
    world.check();
    assert_eq!(lines(&world, Speaker::Agent), [("By myself.", false), ("Sure, that is no problem at all.", false)]);
}

#[test]
fn a_call_that_is_over_leaves_the_service() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.silence(1_000);
    world.feed(Input::Ended);
    world.silence(60_000);
    world.check();
    assert_eq!((world.disconnects, world.connects, world.troubles.len()), (1, 1, 0));
}

#[test]
fn an_old_session_is_replaced_at_a_quiet_moment_and_nobody_notices() {
    let mut settings = settings(Dialect::Ga);
    settings.session = Duration::from_secs(20);
    let mut world = World::answered(settings);
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(100), 300)], ..Plan::default() });
    world.silence(500);
    world.turn(1_000);
    world.silence(25_000);
    assert_eq!(world.connects, 1, "the agent still speaks");
    world.silence(20_000);
    assert_eq!((world.connects, world.troubles.len()), (2, 0));
    world.turn(1_000);
    world.silence(5_000);
    world.check();
    assert_eq!(lines(&world, Speaker::Agent).len(), 2);
}

#[test]
fn an_answer_cancelled_by_the_callers_going_on_is_truncated_to_what_had_come_in() {
    let mut settings = settings(Dialect::Ga);
    settings.turn_end = TurnEnd::ServerVad(ServerVad { silence_duration_ms: Some(200), ..ServerVad::default() });
    let mut world = World::answered(settings);
    world.server.plans.push_back(Plan { speech: vec![Speech::words("word ".repeat(100), 300)], ..Plan::default() });
    world.silence(500);
    world.speaks(1_000);
    // The service takes this pause for the end of the turn, our turn machine doesn't.
    world.silence(420);
    world.speaks(200);
    world.silence(8_000);
    world.check();
    assert_eq!(count(&world, "response.cancel"), 1);
    let item = &world.server.items[0];
    assert!(item.truncated.is_some_and(|ms| ms > 0 && ms < item.sent_ms), "{item:?}");
    assert_eq!(lines(&world, Speaker::Agent).last(), Some(&("Sure, that is no problem at all.", false)));
}

#[test]
fn noise_after_the_answer_was_heard_makes_nobody_speak() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.silence(500);
    world.turn(1_000);
    world.silence(6_000);
    world.feed(Input::TurnStarted { at: Samples(70_000) });
    world.feed(Input::TurnEnded { at: Samples(71_000) });
    world.silence(3_000);
    world.check();
    assert_eq!(count(&world, "response.create"), 1);
}

#[test]
fn an_answer_that_never_begins_is_asked_for_anew_at_the_second_nudge() {
    let mut world = World::answered(settings(Dialect::Ga));
    world.server.plans.push_back(Plan { thinks: 60_000, ..Plan::say("Never.") });
    world.silence(500);
    world.turn(1_000);
    world.silence(20_000);
    world.check();
    assert_eq!((count(&world, "response.cancel"), count(&world, "response.create")), (1, 2));
    assert_eq!(lines(&world, Speaker::Agent), [("Sure, that is no problem at all.", false)]);
}
