//! Scenes of a call with a bot of our protocol.

use serde_json::{Value, json};
use std::time::Duration;

use talkpath_speech::Input;
use talkpath_speech::engine::{Leave, Note, Task};
use talkpath_speech::ledger::{Line, Speaker};
use talkpath_speech::stream::Rate::{Hz8000, Hz16000, Hz24000};
use talkpath_speech::turn::{Action, BargeIn};

use super::bot::{Own, settings};
use super::world::{Frame, World};

const LEVEL: i16 = 8_000;

fn world() -> World<Own> {
    World::answered(settings(Hz8000, Hz8000), Own::new())
}

fn agent(world: &World<Own>) -> Vec<(&str, bool)> {
    let lines = world.call.transcript().iter().filter(|line| line.who == Speaker::Agent);
    lines.map(|Line { text, interrupted, .. }| (text.as_str(), *interrupted)).collect()
}

#[test]
fn a_call_is_told_from_its_ringing_to_its_end() {
    let mut world = World::ringing(settings(Hz16000, Hz24000), Own::new());
    world.ring(500);
    world.feed(Input::Answered);
    world.silence(400);
    world.key('5');
    world.speaks(1_000);
    world.silence(1_000);
    world.feed(Input::Held(true));
    world.feed(Input::Held(false));
    world.feed(Input::Ended);
    world.ring(200);
    let kinds = ["start", "answered", "key", "speech_started", "speech_stopped", "held", "resumed", "end"];
    assert_eq!(world.bot.kinds(), kinds);
    let start = world.bot.events("start")[0];
    assert_eq!((&start["answered"], &start["resumed"], &start["at_ms"]), (&json!(false), &json!(false), &json!(0)));
    assert_eq!(start["audio"]["to_caller"]["rate"], 24_000);
    assert_eq!((&start["from"], &start["variables"]), (&json!("+4930123456"), &json!({ "customer": "42" })));
    assert_eq!(world.bot.events("key")[0], &json!({ "type": "key", "key": "5", "at_ms": 400 }));
    assert_eq!(world.bot.events("speech_started")[0]["at_ms"], 260, "the tone of the key is no voice");
    assert_eq!(world.bot.events("speech_stopped")[0]["at_ms"], 1_400);
    assert_eq!(world.bot.events("end")[0]["reason"], "over");
    assert_eq!((world.ready, world.disconnects.as_slice()), (1, &[1000][..]));
    world.check_audio();
    assert_eq!(world.bot.heard.sessions[0].audio.len(), 2_400 * 32);
}

#[test]
fn frames_are_as_long_as_the_operator_says_and_the_last_as_long_as_the_call() {
    let mut settings = settings(Hz24000, Hz8000);
    settings.frame = Duration::from_millis(60);
    let mut world = World::answered(settings, Own::new());
    world.speaks(500);
    world.feed(Input::Ended);
    world.ring(100);
    world.check_audio();
    let mut frames = vec![60 * 48; 8];
    frames.push(20 * 48);
    assert_eq!(world.bot.heard.sessions[0].frames, frames);
}

#[test]
fn an_utterance_is_heard_whole_with_its_marks_and_its_words() {
    for rate in [Hz8000, Hz16000, Hz24000] {
        let mut world = World::answered(settings(Hz8000, rate), Own::new());
        let times = rate.hz() as usize / 8_000;
        world.bot.say(&json!({ "type": "utterance_begin", "id": "u", "text": "one two three four" }));
        world.bot.sound(LEVEL, 4_000 * times);
        world.bot.say(&json!({ "type": "mark", "name": "half" }));
        world.bot.sound(LEVEL, 4_000 * times);
        world.bot.say(&json!({ "type": "mark", "name": "whole" }));
        world.bot.say(&json!({ "type": "utterance_end", "id": "u" }));
        world.silence(2_000);
        assert_eq!(world.sent_of(LEVEL), 8_000, "at {rate:?}");
        assert_eq!(agent(&world), [("one two three four", false)]);
        assert_eq!(world.bot.events("finished"), [&json!({ "type": "finished", "id": "u", "heard_ms": 1_000 })]);
        let marks = world.bot.events("mark");
        assert_eq!((marks.len(), &marks[0]["name"], &marks[1]["name"]), (2, &json!("half"), &json!("whole")));
        let half = world.told.iter().find(|(_, frame)| matches!(frame, Frame::Text(text) if text.contains("half")));
        let began = world.call.sent.iter().position(|&sample| sample == LEVEL).unwrap();
        let heard = half.unwrap().0 - began;
        assert!((3_920..=4_160).contains(&heard), "{heard} samples were heard at {rate:?}");
        assert_eq!(world.bot.events("error"), [&Value::Null; 0]);
    }
}

#[test]
fn a_mark_comes_back_at_once_when_nothing_waits() {
    let mut world = world();
    world.bot.say(&json!({ "type": "mark", "name": "now" }));
    world.silence(100);
    assert_eq!(world.bot.events("mark")[0]["name"], "now");
}

#[test]
fn a_caller_who_interrupts_is_told_with_what_was_heard_and_late_audio_is_dropped() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "long", "text": "a b c d e f g h i j" }));
    world.bot.sound(LEVEL, 80_000);
    world.bot.say(&json!({ "type": "mark", "name": "never" }));
    world.silence(1_000);
    world.speaks(1_000);
    world.bot.sound(12_000, 8_000);
    world.silence(200);
    world.bot.utter("next", 10_000, 1_600);
    world.silence(2_000);
    let cut = world.bot.events("interrupted");
    assert_eq!((cut.len(), &cut[0]["by"], &cut[0]["marks"]), (1, &json!("caller"), &json!(["never"])));
    let heard = world.call.ended[0].1.ms();
    assert_eq!(cut[0]["utterances"], json!([{ "id": "long", "heard_ms": heard }]));
    assert_eq!(world.sent_of(LEVEL), world.call.ended[0].1.index());
    assert_eq!((world.sent_of(12_000), world.sent_of(10_000)), (0, 1_600), "late audio isn't heard, the next is");
    let kinds = world.bot.kinds();
    let at = |kind: &str| kinds.iter().position(|found| *found == kind);
    assert!(at("interrupted") < at("speech_started"), "{kinds:?}");
    assert!(agent(&world)[0].1 && agent(&world)[0].0.len() < 19, "{:?}", agent(&world));
    assert_eq!(world.bot.events("mark"), [&Value::Null; 0]);
}

#[test]
fn audio_outside_utterances_is_late_until_it_pauses_and_then_heard_again() {
    let mut world = world();
    world.bot.sound(LEVEL, 80_000);
    world.silence(500);
    for _ in 0..30 {
        world.bot.sound(12_000, 160);
        world.speaks(20);
    }
    assert_eq!(world.bot.events("interrupted").len(), 1);
    world.silence(300);
    world.bot.sound(10_000, 800);
    world.silence(1_500);
    assert_eq!((world.sent_of(12_000), world.sent_of(10_000)), (0, 800));
}

#[test]
fn audio_outside_utterances_that_never_pauses_is_heard_again_when_the_caller_is_done() {
    let mut world = world();
    world.bot.sound(LEVEL, 8_000);
    world.silence(500);
    for _ in 0..30 {
        world.bot.sound(12_000, 160);
        world.speaks(20);
    }
    for _ in 0..50 {
        world.bot.sound(12_000, 160);
        world.silence(20);
    }
    let stopped = world.bot.events("speech_stopped").len();
    world.silence(500);
    let heard = world.sent_of(12_000);
    // 600 of the second are what it takes to know that the caller is done.
    assert!(stopped == 1 && (2_400..=3_840).contains(&heard), "{heard}");
}

#[test]
fn an_utterance_of_which_nothing_came_is_out_of_date_when_the_caller_takes_the_floor() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "old" }));
    world.silence(100);
    world.speaks(300);
    world.bot.sound(LEVEL, 1_600);
    world.bot.say(&json!({ "type": "utterance_end", "id": "old" }));
    world.bot.sound(10_000, 1_600);
    world.silence(1_500);
    assert_eq!(world.bot.events("interrupted")[0]["utterances"], json!([{ "id": "old", "heard_ms": 0 }]));
    assert_eq!((world.sent_of(LEVEL), world.sent_of(10_000)), (0, 1_600));
    assert_eq!(world.bot.events("error"), [&Value::Null; 0]);
}

#[test]
fn a_whole_text_is_cut_in_proportion_to_what_was_heard_of_all_its_audio() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "u", "text": "a b c d e f g h i j" }));
    world.bot.sound(LEVEL, 80_000);
    world.bot.say(&json!({ "type": "utterance_end" }));
    world.silence(4_800);
    world.speaks(1_000);
    assert_eq!(agent(&world), [("a b c d e", true)]);
}

#[test]
fn a_clear_drops_everything_and_tells_what_was_heard_and_which_marks_never_come() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "legal", "interruptible": false }));
    world.bot.sound(LEVEL, 16_000);
    world.bot.say(&json!({ "type": "mark", "name": "a" }));
    world.bot.utter("second", 10_000, 16_000);
    world.bot.say(&json!({ "type": "mark", "name": "b" }));
    world.silence(500);
    world.bot.say(&json!({ "type": "clear", "request": "c" }));
    world.bot.utter("third", 12_000, 800);
    world.silence(1_000);
    let cut = world.bot.events("interrupted")[0];
    assert_eq!((&cut["by"], &cut["marks"]), (&json!("bot"), &json!(["a", "b"])));
    let heard = world.call.ended[0].1.ms();
    assert_eq!(cut["utterances"], json!([{ "id": "legal", "heard_ms": heard }, { "id": "second", "heard_ms": 0 }]));
    assert_eq!((world.sent_of(10_000), world.sent_of(12_000)), (0, 800));
    assert_eq!(world.bot.events("ack"), [&json!({ "type": "ack", "request": "c" })]);
    assert_eq!(world.bot.events("finished")[0]["id"], "third");
}

#[test]
fn what_must_be_heard_is_heard_and_only_what_waits_behind_it_is_cut() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "legal", "interruptible": false }));
    world.bot.sound(LEVEL, 16_000);
    world.bot.utter("more", 10_000, 16_000);
    world.silence(500);
    world.speaks(700);
    world.silence(2_000);
    assert_eq!((world.sent_of(LEVEL), world.sent_of(10_000)), (16_000, 0));
    assert_eq!(world.bot.events("interrupted")[0]["utterances"], json!([{ "id": "more", "heard_ms": 0 }]));
    assert_eq!(world.bot.events("finished")[0]["id"], "legal");
}

#[test]
fn a_bot_that_decides_for_itself_is_not_cut_and_one_that_is_cut_at_once_is() {
    let mut world = world();
    world.bot.say(&json!({ "type": "interruption", "mode": "off", "request": "m" }));
    world.bot.utter("u", LEVEL, 24_000);
    world.silence(500);
    world.speaks(1_000);
    world.silence(2_000);
    assert_eq!(world.sent_of(LEVEL), 24_000);
    assert!(!world.call.actions.iter().any(|(_, action)| matches!(action, Action::Duck | Action::Flush { .. })));
    assert_eq!(world.bot.events("ack").len(), 1);
    world.bot.say(&json!({ "type": "interruption", "mode": "immediate" }));
    world.bot.utter("v", 10_000, 24_000);
    world.silence(500);
    let spoke = world.call.ms();
    world.speaks(500);
    let flush = world.call.actions.iter().find(|(_, action)| matches!(action, Action::Flush { .. }));
    assert_eq!(flush.unwrap().0 - spoke, 60);
}

#[test]
fn the_operator_may_leave_interruption_to_the_bot() {
    let mut settings = settings(Hz8000, Hz8000);
    settings.interruption = BargeIn::Off;
    let mut world = World::answered(settings, Own::new());
    world.bot.utter("u", LEVEL, 16_000);
    world.silence(200);
    world.speaks(1_000);
    world.silence(1_500);
    assert_eq!(world.sent_of(LEVEL), 16_000);
    assert_eq!(world.bot.events("start")[0]["interruption"], "off");
}

#[test]
fn words_come_with_their_times_and_are_cut_where_the_caller_stopped_hearing() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "u" }));
    world.bot.say(&json!({ "type": "text", "text": "first ", "from_ms": 0, "to_ms": 500 }));
    world.bot.sound(LEVEL, 40_000);
    world.bot.say(&json!({ "type": "text", "id": "u", "text": "second ", "from_ms": 500, "to_ms": 1_000 }));
    world.bot.say(&json!({ "type": "text", "text": "third", "from_ms": 4_000 }));
    world.silence(1_500);
    world.speaks(1_000);
    assert_eq!(agent(&world), [("first second", true)]);
    world.silence(1_000);
    world.bot.say(&json!({ "type": "caller_text", "text": "st", "final": false }));
    world.bot.say(&json!({ "type": "caller_text", "text": "stop", "from_ms": 1_500, "to_ms": 2_500 }));
    world.bot.say(&json!({ "type": "caller_text", "text": "now" }));
    world.silence(100);
    let words: Vec<_> = world.words.iter().map(|(item, text, last)| (*item, text.as_str(), *last)).collect();
    assert_eq!(words, [(0, "st", false), (0, "stop", true), (1, "now", true)]);
}

#[test]
fn keys_and_transfers_are_done_and_answered_by_name() {
    let mut world = world();
    world.bot.say(&json!({ "type": "keys", "digits": "1,2#", "request": "k" }));
    world.bot.say(&json!({ "type": "transfer", "target": "support", "reason": "refund", "request": "t" }));
    world.bot.say(&json!({ "type": "keys", "digits": "3", "request": "l" }));
    world.silence(100);
    let tasks: Vec<_> = world.tools.iter().map(|call| call.task.clone()).collect();
    let keys = |digits: &str| Task::SendDtmf { digits: digits.to_owned() };
    let transfer = Task::Transfer { target: "support".to_owned(), reason: Some("refund".to_owned()) };
    assert_eq!(tasks, [keys("1,2#"), transfer, keys("3")]);
    assert_eq!(&*world.tools[1].arguments, r#"{"reason":"refund","target":"support"}"#);
    let results = [r#"{"ok":true}"#, r#"{"error":"busy"}"#, r#"{"error":"no"}"#];
    for (call, output) in world.tools.clone().into_iter().zip(results) {
        world.feed(Input::ToolResult { id: call.id, output: output.to_owned() });
    }
    world.silence(100);
    let acks: Vec<_> = world.bot.events("ack").iter().map(|ack| ack["request"].clone()).collect();
    assert_eq!(acks, ["t", "k"]);
    let result = json!({ "type": "transfer_result", "request": "t", "ok": false, "output": { "error": "busy" } });
    assert_eq!(world.bot.events("transfer_result"), [&result]);
    let error = world.bot.events("error")[0];
    assert_eq!((&error["code"], &error["request"]), (&json!("failed"), &json!("l")));
}

#[test]
fn a_bot_hangs_up_when_it_was_heard_or_at_once() {
    for (when, heard) in [("heard", 16_000), ("now", 4_800)] {
        let mut world = world();
        world.bot.utter("bye", LEVEL, 16_000);
        world.silence(600);
        world.bot.say(&json!({ "type": "hang_up", "when": when }));
        world.bot.utter("late", 10_000, 8_000);
        world.silence(2_000);
        let sent = world.sent_of(LEVEL);
        assert!(sent.abs_diff(heard) <= 640, "{when}: {sent}");
        assert!(world.call.over && world.sent_of(10_000) == 0);
        assert_eq!(world.notes, [Note::Leaving(Leave::Agent)]);
        assert_eq!(world.bot.events("error")[0]["code"], "not_allowed");
        world.feed(Input::Ended);
        world.ring(100);
        assert_eq!(world.bot.events("end")[0]["reason"], "bot");
    }
}

#[test]
fn a_bot_that_closes_normally_has_left() {
    for code in [1000, 1005] {
        let mut world = world();
        world.bot.utter("bye", LEVEL, 8_000);
        world.silence(100);
        world.close(Some(code));
        world.silence(2_000);
        assert_eq!((world.sent_of(LEVEL), world.call.over, world.endpoints.len()), (8_000, true, 1));
    }
}

#[test]
fn a_bot_has_a_while_to_say_goodbye_and_no_longer() {
    for speaks in [true, false] {
        let mut world = world();
        world.feed(Input::Goodbye);
        world.silence(1_000);
        assert_eq!(world.bot.events("goodbye")[0]["within_ms"], 8_000);
        if speaks {
            world.bot.utter("bye", LEVEL, 8_000);
            world.bot.say(&json!({ "type": "hang_up" }));
            world.silence(1_500);
        } else {
            assert!(!world.call.over);
            world.silence(8_000);
        }
        assert!(world.call.over);
        assert_eq!(world.notes, [Note::Leaving(Leave::Operator)]);
    }
}

#[test]
fn a_bot_that_says_nothing_is_asked_once_and_then_may_be_silent() {
    let mut world = world();
    world.silence(200);
    world.speaks(1_000);
    world.silence(40_000);
    assert_eq!(world.bot.events("nudge").len(), 1);
    assert_eq!(world.call.turn.counters().nudges, 2);
}

#[test]
fn what_a_bot_says_wrongly_is_answered_and_harms_nobody() {
    let mut world = world();
    let long = format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(70_000));
    let cases = [
        ("{", "malformed"),
        ("[]", "malformed"),
        (r#"{"type":"mark"}"#, "malformed"),
        (r#"{"type":"mark","name":7}"#, "malformed"),
        (r#"{"type":"keys","digits":"12x"}"#, "malformed"),
        (r#"{"type":"text","text":"a","from_ms":-1}"#, "malformed"),
        (r#"{"type":"sing"}"#, "unknown_type"),
        (r#"{"type":"utterance_end","id":"nobody"}"#, "unknown_utterance"),
        (r#"{"type":"text","text":"to nobody"}"#, "unknown_utterance"),
        (&long, "too_large"),
    ];
    for (message, _) in &cases {
        world.bot.script.push((0, Frame::Text((*message).to_owned())));
    }
    world.bot.script.push((0, Frame::Binary(vec![0; 5 << 20])));
    world.silence(100);
    let codes: Vec<_> = world.bot.events("error").into_iter().map(|error| error["code"].clone()).collect();
    let expected: Vec<_> = cases.iter().map(|(_, code)| *code).chain(["too_large"]).collect();
    assert_eq!(codes, expected);
    world.bot.utter("u", LEVEL, 1_600);
    world.silence(500);
    assert_eq!(world.sent_of(LEVEL), 1_600);
}

#[test]
fn a_bot_that_floods_is_told_once_and_nothing_grows_without_bound() {
    let mut world = world();
    for _ in 0..70 {
        world.bot.sound(LEVEL, 80_000);
    }
    world.silence(100);
    let errors = world.bot.events("error");
    assert_eq!((errors.len(), &errors[0]["code"]), (1, &json!("queue_full")));
    world.silence(2_000);
    world.bot.say(&json!({ "type": "clear" }));
    for n in 0..300 {
        world.bot.utter(&format!("u{n}"), 10_000, 160);
    }
    for n in 0..9_000 {
        world.bot.say(&json!({ "type": "mark", "name": format!("m{n}") }));
    }
    world.silence(100);
    let many = world.bot.events("error").iter().filter(|error| error["code"] == "too_many").count();
    assert_eq!(many, 44 + 9_000 - 8_192, "44 utterances and the marks");
    world.silence(6_000);
    assert_eq!((world.sent_of(10_000), world.bot.events("mark").len()), (256 * 160, 8_192));
}

#[test]
fn live_audio_never_waits_longer_than_it_may_and_utterances_are_not_shortened() {
    let mut settings = settings(Hz8000, Hz8000);
    settings.drain = Some(Duration::from_millis(200));
    settings.interruption = BargeIn::Off;
    let mut world = World::answered(settings, Own::new());
    // A stall of its line: two seconds of it come at once.
    world.bot.sound(LEVEL, 16_000);
    world.silence(40);
    world.bot.sound(10_000, 160);
    world.silence(1_000);
    assert_eq!((world.sent_of(LEVEL), world.sent_of(10_000)), (1_600, 160));
    assert!(world.bot.events("drained")[0]["ms"].as_u64() >= Some(1_800));
    world.bot.utter("answer", 12_000, 16_000);
    world.silence(2_500);
    assert_eq!(world.sent_of(12_000), 16_000);
}
