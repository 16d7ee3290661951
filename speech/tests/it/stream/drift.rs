//! The page and the schema say what the code does: examples are accepted, and whatever the schema refuses the engine refuses too, and no more.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use talkpath_speech::stream::Rate::Hz8000;

use super::bot::{Own, settings};
use super::world::{Frame, World};
use crate::fake::stream::{SCHEMA, validator};

const PAGE: &str = include_str!("../../../../docs/stream.md");
const BOT: &str = include_str!("../../../../docs/examples/stream_bot.py");

/// The messages of the page, one a line.
fn examples() -> Vec<Value> {
    let blocks = PAGE.split("```json\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.flat_map(str::lines).map(|line| serde_json::from_str(line).expect(line)).collect()
}

fn types(side: &str) -> BTreeSet<String> {
    let all = SCHEMA["$defs"][side]["oneOf"].as_array().expect("messages");
    all.iter().map(|message| message["properties"]["type"]["const"].as_str().expect("a type").to_owned()).collect()
}

/// The codes of the errors that a message is answered with.
fn errors(message: &str) -> Vec<String> {
    let mut world = World::answered(settings(Hz8000, Hz8000), Own::new());
    world.bot.say(&json!({ "type": "utterance_begin", "id": "u1" }));
    world.bot.sound(8_000, 16_000);
    world.silence(60);
    world.bot.script.push((0, Frame::Text(message.to_owned())));
    world.silence(100);
    let errors = world.bot.events("error");
    errors.into_iter().map(|error| error["code"].as_str().expect("a code").to_owned()).collect()
}

#[test]
fn every_example_of_the_page_is_as_the_schema_says_and_every_message_has_one() {
    let (ours, bots) = (validator("from_talkpath", true), validator("from_bot", true));
    let mut seen = [BTreeSet::new(), BTreeSet::new()];
    for example in examples() {
        let kind = example["type"].as_str().expect("a type").to_owned();
        let sides = [ours.is_valid(&example), bots.is_valid(&example)];
        assert!(sides[0] != sides[1], "{example}");
        seen[usize::from(sides[1])].insert(kind);
    }
    assert_eq!(seen, [types("from_talkpath"), types("from_bot")]);
}

#[test]
fn every_example_of_what_a_bot_says_is_accepted() {
    let bots = validator("from_bot", true);
    for example in examples().iter().filter(|example| bots.is_valid(example)) {
        let mut example = example.clone();
        if example["type"] == "utterance_end" {
            example["id"] = json!("u1");
        }
        assert_eq!(errors(&example.to_string()), [""; 0], "{example}");
    }
}

#[test]
fn the_engine_refuses_exactly_what_the_schema_refuses() {
    let bots = validator("from_bot", false);
    let values = [
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(2.5),
        json!(2e9),
        json!(""),
        json!("x"),
        json!("1,2#"),
        json!("now"),
        json!("off"),
        json!("x".repeat(257)),
        json!([]),
        json!({}),
    ];
    let (mut taken, mut refused) = (0, 0);
    for message in SCHEMA["$defs"]["from_bot"]["oneOf"].as_array().expect("messages") {
        let kind = &message["properties"]["type"]["const"];
        let sound = examples().into_iter().find(|example| example["type"] == *kind && bots.is_valid(example));
        let sound = sound.expect("an example");
        for name in message["properties"].as_object().expect("fields").keys() {
            let changed = values.iter().map(|value| {
                let mut changed = sound.clone();
                changed[name] = value.clone();
                changed
            });
            let mut without = sound.clone();
            without.as_object_mut().expect("an object").remove(name);
            for message in changed.chain([without]) {
                let codes = errors(&message.to_string());
                let sound = !codes.iter().any(|code| code == "malformed" || code == "unknown_type");
                assert_eq!(sound, bots.is_valid(&message), "{message}: {codes:?}");
                if sound { taken += 1 } else { refused += 1 }
            }
        }
    }
    assert!(taken > 100 && refused > 200, "{taken} {refused}");
}

#[test]
fn the_bot_of_the_page_is_the_one_in_its_file() {
    assert!(PAGE.contains(BOT.trim_end()));
    assert!(BOT.lines().count() < 60);
}
