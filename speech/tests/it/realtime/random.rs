//! Whatever callers, models and networks do.

use std::time::Duration;

use talkpath_speech::Input;
use talkpath_speech::engine::{ConnectFailure, Fault, Trouble};
use talkpath_speech::realtime::{Encoding, Greeting, Redial, ServerVad, Settings, Transcription, TurnEnd};
use talkpath_speech::tools::Builtin;

use super::world::{Dice, World, settings};
use crate::fake::Mishap;
use crate::fake::realtime::{Dialect, End, Plan, Speech};

const SEEDS: u64 = 120;

fn random_settings(dice: &mut Dice) -> Settings {
    let dialect = [Dialect::Ga, Dialect::Ga, Dialect::Beta, Dialect::Qwen][dice.below(4) as usize];
    let mut settings = settings(dialect);
    if dialect != Dialect::Qwen {
        settings.audio = [Encoding::Pcm, Encoding::Pcm, Encoding::Mulaw, Encoding::Alaw][dice.below(4) as usize];
    }
    settings.turn_end = if dice.below(2) == 0 { TurnEnd::Ours } else { TurnEnd::ServerVad(ServerVad::default()) };
    settings.append = Duration::from_millis(20 + dice.below(81));
    settings.tools = Builtin::ALL.map(Builtin::spec)[1..].to_vec();
    settings.transcription = Some(Transcription { model: "m".to_owned(), language: None });
    settings.redial = Redial { attempts: 1_000, ..Redial::default() };
    if dice.below(2) == 0 {
        let (interruptible, early) = (dice.below(3) > 0, dice.below(2) == 0);
        settings.greeting = Some(Greeting { text: "Hello.".to_owned(), verbatim: true, interruptible, early });
    }
    settings
}

fn random_plan(dice: &mut Dice) -> Plan {
    let speech = |dice: &mut Dice| Speech::words("word ".repeat(1 + dice.below(30) as usize), 100 + dice.below(400));
    let mut plan = Plan { thinks: dice.below(1_500), ..Plan::default() };
    plan.speech = (0..dice.below(3)).map(|_| speech(dice)).collect();
    let calls = [
        ("send_dtmf", r#"{"digits":"12"}"#),
        ("transfer", r#"{"target":"sales"}"#),
        ("collect_digits", r#"{"max":2,"timeout":2}"#),
        ("send_dtmf", "{"),
        ("nothing", "{}"),
    ];
    let call = |dice: &mut Dice| calls[dice.below(calls.len() as u64) as usize];
    let calls: Vec<_> = (0..dice.below(3)).map(|_| call(dice)).collect();
    plan.calls = calls.into_iter().map(|(name, arguments)| (name.to_owned(), arguments.to_owned())).collect();
    plan.calls_first = dice.below(2) == 0;
    plan.fails = (dice.below(10) == 0).then_some("server_error");
    plan.late = (dice.below(3) as usize, dice.below(3) as usize);
    plan.end = match dice.below(12) {
        0 => End::Failed("server_error"),
        1 => End::Incomplete("max_output_tokens"),
        _ => End::Completed,
    };
    let mishaps =
        [Mishap::Vanish, Mishap::Close(Some(1011), "internal error".to_owned()), Mishap::Close(None, String::new())];
    plan.mishap = mishaps.get(dice.below(20) as usize).map(|mishap| (dice.below(3_000), mishap.clone()));
    plan
}

/// Half a minute of anything.
fn live(world: &mut World, dice: &mut Dice) {
    for _ in 0..60 {
        match dice.below(24) {
            0..8 => world.silence(dice.below(50) * 20),
            8..12 => world.speaks(dice.below(20) * 20),
            12..16 => world.turn(400 + dice.below(40) * 20),
            16 => world.key(['1', '#', '*'][dice.below(3) as usize]),
            17 => {
                world.failures.extend((0..dice.below(3)).map(|_| ConnectFailure::TimedOut));
                world.cut_link(None, "cut");
            }
            18 => world.feed(Input::Nudge),
            19 => {
                world.feed(Input::Held(true));
                world.silence(dice.below(50) * 20);
                world.feed(Input::Held(false));
            }
            20 => world.delay = (dice.below(200), dice.below(200)),
            21 => world.tool_ms = Some(dice.below(3_000)),
            _ => world.server.plans.push_back(random_plan(dice)),
        }
    }
}

#[test]
fn nothing_forbidden_is_ever_sent_and_the_engine_works_in_the_end() {
    for seed in 0..SEEDS {
        let mut dice = Dice(seed);
        let mut world = World::ringing(random_settings(&mut dice));
        world.dice = Dice(seed + 1_000_000);
        world.tool_ms = Some(500);
        world.server.delta_ms = 20 + dice.below(400);
        world.server.noisy = dice.below(2) == 0;
        world.server.slow = dice.below(200);
        world.server.transcripts = (0..200).map(|n| format!("utterance {n}")).collect();
        world.server.plans = (0..8).map(|_| random_plan(&mut dice)).collect();
        world.ring(dice.below(2_000));
        world.answer();
        live(&mut world, &mut dice);
        // Then all is well, and a last turn is answered.
        world.server.plans.clear();
        world.failures.clear();
        world.delay = (20, 10);
        world.silence(60_000);
        let before = world.call.transcript().len();
        world.turn(1_000);
        world.silence(15_000);
        let what = format!("seed {seed}");
        assert_eq!(world.faults, [""; 0], "{what}");
        assert_eq!(world.server.violations, [""; 0], "{what}");
        assert_eq!(world.server.open_calls(), 0, "{what}: calls without output");
        let lost = world.troubles.iter().find(|trouble| matches!(trouble, Trouble::Lost(_)));
        if let Some(Trouble::Lost(loss)) = lost {
            // So many answers in a row failed that it had to be given up.
            assert_eq!(loss.fault, Fault::Failing, "{what}");
            continue;
        }
        let last = &world.call.transcript()[before..];
        assert_eq!(last.last().map(|line| &*line.text), Some("Sure, that is no problem at all."), "{what}: {last:?}");
        world.feed(Input::Ended);
        world.ring(3_000);
        assert!(world.disconnects > 0, "{what}");
    }
}
