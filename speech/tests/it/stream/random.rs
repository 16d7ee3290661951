//! Calls in which anything happens, over a link that delays and breaks: what must hold whatever that is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use talkpath_speech::Input;
use talkpath_speech::engine::ConnectFailure;
use talkpath_speech::stream::Rate::Hz8000;
use talkpath_speech::stream::Settings;
use talkpath_speech::turn::BargeIn;

use super::bot::{Own, settings};
use super::world::{Frame, World};
use crate::realtime::world::Dice;

const SEEDS: u64 = 60;

/// The level of utterance `n`: ducked it's still another than that of every other.
fn level(n: u64) -> i16 {
    4 * (1_000 + n as i16)
}

fn random_settings(dice: &mut Dice) -> Settings {
    let mut settings = settings(Hz8000, Hz8000);
    settings.frame = std::time::Duration::from_millis(20 + 20 * dice.below(5));
    settings.interruption = [BargeIn::Steps, BargeIn::Immediate, BargeIn::Off][dice.below(3) as usize];
    settings.backlog = std::time::Duration::from_millis(dice.below(4_000));
    settings.redial.attempts = 1_000;
    settings
}

struct Talker {
    utterances: u64,
    marks: u64,
}

impl Talker {
    fn mark(&mut self, bot: &mut Own) {
        bot.say(&json!({ "type": "mark", "name": format!("m{}", self.marks) }));
        self.marks += 1;
    }

    /// Something to hear, in pieces, perhaps without an end.
    fn talk(&mut self, bot: &mut Own, dice: &mut Dice) {
        let n = self.utterances;
        self.utterances += 1;
        let named = dice.below(4) > 0;
        if named {
            let interruptible = dice.below(4) > 0;
            bot.say(&json!({ "type": "utterance_begin", "id": format!("u{n}"), "interruptible": interruptible }));
        } else {
            // Else it would belong to whatever is open.
            bot.say(&json!({ "type": "utterance_end" }));
        }
        for _ in 0..dice.below(4) {
            bot.sound(level(n), dice.below(12_000) as usize);
            if dice.below(2) == 0 {
                self.mark(bot);
            }
        }
        if named && dice.below(4) > 0 {
            bot.say(&json!({ "type": "utterance_end" }));
        }
    }
}

/// Half a minute of anything.
fn live(world: &mut World<Own>, talker: &mut Talker, dice: &mut Dice) {
    for _ in 0..80 {
        match dice.below(24) {
            0..6 => world.silence(dice.below(40) * 20),
            6..10 => world.speaks(dice.below(40) * 20),
            10..16 => talker.talk(&mut world.bot, dice),
            16 => world.bot.say(&json!({ "type": "clear" })),
            17 => talker.mark(&mut world.bot),
            18 => {
                let mode = ["auto", "immediate", "off"][dice.below(3) as usize];
                world.bot.say(&json!({ "type": "interruption", "mode": mode }));
            }
            19 => {
                world.failures.extend((0..dice.below(3)).map(|_| ConnectFailure::TimedOut));
                world.close([None, Some(1001), Some(1011)][dice.below(3) as usize]);
            }
            20 => world.delay = (dice.below(150), dice.below(150)),
            21 => world.key(['1', '#'][dice.below(2) as usize]),
            22 => {
                world.feed(Input::Held(true));
                world.silence(dice.below(20) * 20);
                world.feed(Input::Held(false));
            }
            _ => world.feed(Input::Nudge),
        }
    }
}

fn messages(frames: &[(usize, Frame)]) -> Vec<(usize, Value)> {
    let texts = frames.iter().filter_map(|(at, frame)| match frame {
        Frame::Text(text) => Some((*at, serde_json::from_str(text).expect("JSON"))),
        Frame::Binary(_) => None,
    });
    texts.collect()
}

fn level_of(bytes: &[u8]) -> i16 {
    bytes.first_chunk().map_or(0, |bytes| i16::from_le_bytes(*bytes))
}

/// How often each level is among samples, ducked or not.
fn count(samples: &[i16], level: i16) -> usize {
    samples.iter().filter(|&&sample| sample == level || sample == level / 4).count()
}

/// Nothing from before a clear is heard after it.
fn check_clears(world: &World<Own>, what: &str) {
    let mut before = BTreeSet::new();
    for (at, frame) in &world.taken {
        match frame {
            Frame::Binary(bytes) if bytes.is_empty() => {}
            Frame::Binary(bytes) => {
                before.insert(level_of(bytes));
            }
            Frame::Text(text) if text.contains(r#""clear""#) => {
                let after = world.call.sent[*at..].iter().copied().collect::<BTreeSet<_>>();
                let heard = before.iter().filter(|&&level| after.contains(&level) || after.contains(&(level / 4)));
                assert_eq!(heard.count(), 0, "{what}: heard after a clear");
                before.clear();
            }
            Frame::Text(_) => {}
        }
    }
}

/// Each mark comes back once, in order, and not before what lies before it was heard.
fn check_marks(world: &World<Own>, what: &str) {
    let (mut last, mut taken, mut set) = (0, BTreeMap::<i16, usize>::new(), BTreeMap::new());
    for (_, frame) in &world.taken {
        match frame {
            Frame::Binary(bytes) if !bytes.is_empty() => {
                last = level_of(bytes);
                *taken.entry(last).or_default() += bytes.len() / 2;
            }
            Frame::Text(text) if text.contains(r#""mark""#) => {
                let message: Value = serde_json::from_str(text).expect("JSON");
                let name = message["name"].as_str().expect("a name").to_owned();
                set.insert(name, (last, taken.get(&last).copied().unwrap_or_default()));
            }
            Frame::Binary(_) | Frame::Text(_) => {}
        }
    }
    let (mut back, mut order) = (Vec::new(), Vec::new());
    for (at, event) in messages(&world.told) {
        if event["type"] == "mark" {
            let name = event["name"].as_str().expect("a name").to_owned();
            let (level, before) = set[&name];
            let heard = count(&world.call.sent[..at], level);
            assert!(heard >= before.min(count(&world.call.sent, level)), "{what}: {name} came early");
            order.push(name.trim_start_matches('m').parse::<u64>().expect("a number"));
            back.push(name);
        }
        let lost = event["marks"].as_array().into_iter().flatten();
        back.extend(lost.map(|name| name.as_str().expect("a name").to_owned()));
    }
    assert!(order.is_sorted(), "{what}: {order:?}");
    let all = back.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(all.len(), back.len(), "{what}: a mark came back twice");
    assert!(all.iter().eq(set.keys()), "{what}: {:?}", set.keys().filter(|name| !all.contains(*name)));
}

/// Each utterance that has sound ends once, and what is told of it is what was heard.
fn check_utterances(world: &mut World<Own>, what: &str) {
    let mut ended = BTreeMap::new();
    for (_, event) in messages(&world.told) {
        let cut = event["utterances"].as_array().into_iter().flatten();
        let finished = Some(&event).filter(|event| event["type"] == "finished");
        for end in cut.chain(finished) {
            let Some(id) = end["id"].as_str() else { continue };
            let twice = ended.insert(id.to_owned(), end["heard_ms"].as_u64().expect("a time"));
            assert_eq!(twice, None, "{what}: {id} ended twice");
        }
    }
    for (id, heard_ms) in &ended {
        let n: u64 = id.trim_start_matches('u').parse().unwrap_or(2_500);
        assert_eq!(world.sent_of(level(n)) as u64 / 8, *heard_ms, "{what}: {id}");
    }
    let mut open = None;
    for (_, frame) in &world.taken {
        match frame {
            Frame::Binary(bytes) if bytes.len() >= 2 => {
                let n = u64::try_from(level_of(bytes) / 4 - 1_000).expect("a level");
                let named = open.as_ref().is_some_and(|open| *open == format!("u{n}"));
                assert!(!named || ended.contains_key(&format!("u{n}")), "{what}: nothing was told of u{n}");
            }
            Frame::Text(text) if text.contains("utterance_") => {
                let message: Value = serde_json::from_str(text).expect("JSON");
                open = message["id"].as_str().filter(|_| message["type"] == "utterance_begin").map(str::to_owned);
            }
            Frame::Binary(_) | Frame::Text(_) => {}
        }
    }
}

#[test]
fn marks_positions_and_silence_after_a_clear_hold_whatever_happens() {
    let mut lost = 0;
    for seed in 0..SEEDS {
        let what = format!("seed {seed}");
        let mut dice = Dice(seed);
        let mut world = World::ringing(random_settings(&mut dice), Own::new());
        world.dice = Dice(seed + 1_000_000);
        world.ring(dice.below(500));
        world.feed(Input::Answered);
        let mut talker = Talker { utterances: 0, marks: 0 };
        live(&mut world, &mut talker, &mut dice);
        // Then all is well, and a last utterance is heard whole.
        world.failures.clear();
        world.delay = (20, 0);
        world.silence(40_000);
        world.bot.say(&json!({ "type": "utterance_begin", "id": "u2500" }));
        world.silence(60_000);
        world.bot.sound(level(2_500), 8_000);
        world.bot.say(&json!({ "type": "utterance_end" }));
        world.silence(3_000);
        assert_eq!(world.sent_of(level(2_500)), 8_000, "{what}");
        assert_eq!(world.bot.events("error").len(), 0, "{what}");
        lost += world.bot.heard.sessions.len() - 1;
        world.check_audio();
        check_clears(&world, &what);
        check_marks(&world, &what);
        check_utterances(&mut world, &what);
    }
    assert!(lost > 60, "bots were lost {lost} times");
}
