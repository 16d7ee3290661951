//! Tools that the model calls.

use serde_json::json;
use talkpath_speech::Input;
use talkpath_speech::engine::{Leave, Note, Task};
use talkpath_speech::realtime::{Settings, TurnEnd};
use talkpath_speech::tools::{Builtin, ToolSpec};

use super::world::{World, settings};
use crate::fake::realtime::{Dialect, Plan, Speech};

fn equipped() -> Settings {
    let mut settings = settings(Dialect::Ga);
    settings.turn_end = TurnEnd::Ours;
    settings.tools = Builtin::ALL.map(Builtin::spec).to_vec();
    let parameters = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    settings.tools.push(ToolSpec {
        name: "weather".to_owned(),
        description: "Tell the weather.".to_owned(),
        parameters,
    });
    settings
}

/// A call whose model answers the first turn like this.
fn called(plan: Plan) -> World {
    let mut world = World::answered(equipped());
    world.server.plans.push_back(plan);
    world.tool_ms = Some(700);
    world.silence(500);
    world.turn(1_000);
    world.silence(2_000);
    world
}

fn outputs(world: &World) -> Vec<String> {
    let items = world.server.received.iter().map(|message| &message["item"]);
    let outputs = items.filter(|item| item["type"] == "function_call_output");
    outputs.map(|item| item["output"].as_str().unwrap_or_default().to_owned()).collect()
}

fn asks(world: &World) -> usize {
    world.server.kinds().iter().filter(|kind| **kind == "response.create").count()
}

#[test]
fn a_tool_is_carried_out_and_the_model_goes_on() {
    let mut world = called(Plan::call("weather", r#"{"city":"Zürich"}"#));
    world.silence(3_000);
    world.check();
    let call = &world.tools[0];
    assert_eq!((&*call.name, &*call.arguments, &call.task), ("weather", r#"{"city":"Zürich"}"#, &Task::Custom));
    assert_eq!((outputs(&world), asks(&world)), (vec![r#"{"ok":true}"#.to_owned()], 2));
    assert_eq!(world.server.open_calls(), 0);
}

#[test]
fn several_calls_in_one_answer_are_all_answered_before_the_model_is_asked_once() {
    let calls = [("weather", "{}"), ("send_dtmf", r#"{"digits":"1,2#"}"#), ("transfer", r#"{"target":"sales"}"#)];
    let calls = calls.map(|(name, arguments)| (name.to_owned(), arguments.to_owned())).to_vec();
    let mut world = called(Plan { speech: vec![Speech::words("One moment please.", 300)], calls, ..Plan::default() });
    world.silence(4_000);
    world.check();
    let tasks: Vec<&Task> = world.tools.iter().map(|call| &call.task).collect();
    let transfer = Task::Transfer { target: "sales".to_owned(), reason: None };
    assert_eq!(tasks, [&Task::Custom, &Task::SendDtmf { digits: "1,2#".to_owned() }, &transfer]);
    assert_eq!((outputs(&world).len(), asks(&world), world.server.open_calls()), (3, 2, 0));
}

#[test]
fn wrong_arguments_and_unknown_tools_are_told_to_the_model_and_carried_out_by_nobody() {
    for (name, arguments, words) in [
        ("send_dtmf", r#"{"digits":"hello"}"#, "`digits` must be"),
        ("weather", r#"{"city":"#, "one JSON object"),
        ("launch", "{}", "there is no tool called"),
    ] {
        let world = called(Plan::call(name, arguments));
        world.check();
        assert!(world.tools.is_empty());
        assert!(outputs(&world)[0].contains(words), "{:?}", outputs(&world));
        assert!(matches!(&world.notes[0], Note::Tool { output, .. } if output.contains(words)));
        assert_eq!(asks(&world), 2);
    }
}

#[test]
fn the_call_ends_once_the_last_words_were_heard() {
    let plan = Plan { speech: vec![Speech::words("It was a pleasure, goodbye.", 300)], ..Plan::call("hang_up", "") };
    let mut world = called(plan);
    assert!(world.call.over || !world.call.is_silent());
    world.silence(2_000);
    world.check();
    assert!(world.call.over);
    assert_eq!(world.notes.last(), Some(&Note::Leaving(Leave::Agent)));
    assert_eq!((outputs(&world).len(), asks(&world)), (1, 1));
}

#[test]
fn a_model_that_hangs_up_without_a_word_is_asked_for_one() {
    let mut world = called(Plan::call("hang_up", r#"{"reason":"done"}"#));
    world.silence(4_000);
    world.check();
    assert_eq!((world.call.over, asks(&world)), (true, 2));
    assert_eq!(world.call.transcript().last().unwrap().text, "Sure, that is no problem at all.");
}

#[test]
fn a_caller_who_speaks_before_the_last_words_are_over_keeps_the_call() {
    let plan = Plan { speech: vec![Speech::words("goodbye ".repeat(20), 300)], ..Plan::call("hang_up", "{}") };
    let mut world = called(plan);
    world.turn(1_000);
    world.silence(6_000);
    world.check();
    assert_eq!((world.call.over, asks(&world)), (false, 2));
}

#[test]
fn digits_are_collected_by_the_engine() {
    for (arguments, keys, wait, output) in [
        (r#"{"max":4}"#, "1234", 0, r#"{"digits":"1234","ended_by":"length"}"#),
        (r#"{"max":9}"#, "12#", 0, r#"{"digits":"12","ended_by":"terminator"}"#),
        (r#"{"max":9,"timeout":3,"terminator":""}"#, "1#", 3_100, r##"{"digits":"1#","ended_by":"timeout"}"##),
        (r#"{"max":9,"timeout":3}"#, "", 6_000, r#"{"digits":"","ended_by":"timeout"}"#),
    ] {
        let speech = vec![Speech::words("Your number please.", 300)];
        let mut world = called(Plan { speech, ..Plan::call("collect_digits", arguments) });
        keys.chars().for_each(|key| world.key(key));
        world.silence(wait);
        world.silence(1_000);
        world.check();
        assert_eq!((outputs(&world), asks(&world)), (vec![output.to_owned()], 2), "{keys}");
        assert!(world.tools.is_empty());
    }
}

#[test]
fn a_caller_who_speaks_instead_of_entering_digits_is_answered() {
    let mut world = called(Plan::call("collect_digits", r#"{"max":4}"#));
    world.key('1');
    world.turn(1_000);
    world.silence(3_000);
    world.check();
    assert_eq!(outputs(&world), [r#"{"digits":"1","ended_by":"speech"}"#]);
    assert_eq!(asks(&world), 2, "one answer to both");
}

#[test]
fn a_call_in_an_answer_that_is_cut_is_answered_and_not_carried_out() {
    let speech = vec![Speech::words("word ".repeat(200), 300)];
    let mut world = called(Plan { speech, calls_first: true, ..Plan::call("weather", "{}") });
    assert!(world.server.is_answering());
    world.turn(1_000);
    world.silence(5_000);
    world.check();
    assert!(world.tools.is_empty());
    assert_eq!(outputs(&world), [r#"{"error":"not carried out: the caller interrupted"}"#]);
    assert_eq!((asks(&world), world.server.open_calls()), (2, 0));
}

#[test]
fn a_tool_that_is_at_work_while_the_session_is_lost_is_answered_on_the_next() {
    for dialect in [Dialect::Ga, Dialect::Qwen] {
        let mut settings = settings(dialect);
        settings.turn_end = TurnEnd::Ours;
        settings.tools = vec![Builtin::Transfer.spec()];
        let mut world = World::answered(settings);
        world.server.plans.push_back(Plan::call("transfer", r#"{"target":"sales"}"#));
        world.tool_ms = Some(3_000);
        world.silence(500);
        world.turn(1_000);
        world.silence(500);
        assert_eq!(world.tools.len(), 1);
        world.cut_link(None, "reset");
        world.silence(6_000);
        world.check();
        let told = if dialect == Dialect::Ga { 1 } else { 0 };
        assert_eq!((outputs(&world).len(), asks(&world), world.server.open_calls()), (told, 2, 0));
        let instructions = world.server.received.last().and_then(|last| last["response"]["instructions"].as_str());
        let words = "A tool that you called has given: {\"ok\":true}";
        assert_eq!(instructions.is_some_and(|text| text.ends_with(words)), dialect == Dialect::Qwen);
    }
}

#[test]
fn a_result_that_nobody_waits_for_changes_nothing() {
    let mut world = called(Plan::call("weather", "{}"));
    world.silence(2_000);
    let id = world.tools[0].id;
    world.feed(Input::ToolResult { id, output: "again".to_owned() });
    world.silence(2_000);
    world.check();
    assert_eq!((outputs(&world).len(), asks(&world)), (1, 2));
}
