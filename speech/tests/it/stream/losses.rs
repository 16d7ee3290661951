//! Bots that can't be had, and bots that are lost.

use serde_json::json;
use std::time::Duration;

use talkpath_speech::Input;
use talkpath_speech::engine::{ConnectFailure, Fault, Loss, Note, Trouble};
use talkpath_speech::realtime::Secret;
use talkpath_speech::stream::Rate::Hz8000;
use talkpath_speech::stream::{CALL_ID_HEADER, SIGNATURE_HEADER, signature};

use super::bot::{Own, settings};
use super::world::{Frame, World};

const LEVEL: i16 = 8_000;

fn world() -> World<Own> {
    World::answered(settings(Hz8000, Hz8000), Own::new())
}

fn lost(world: &World<Own>) -> Option<&Loss> {
    world.troubles.iter().find_map(|trouble| match trouble {
        Trouble::Lost(loss) => Some(loss),
        Trouble::Reconnecting { .. } | Trouble::Recovered => None,
    })
}

#[test]
fn a_bot_that_is_lost_is_told_that_the_same_call_goes_on_and_misses_nothing() {
    let mut world = world();
    world.bot.say(&json!({ "type": "utterance_begin", "id": "u", "interruptible": false }));
    world.bot.sound(LEVEL, 16_000);
    world.bot.say(&json!({ "type": "mark", "name": "end" }));
    world.silence(500);
    world.failures.push_back(ConnectFailure::Refused("nobody".to_owned()));
    world.failures.push_back(ConnectFailure::TimedOut);
    world.close(None);
    world.silence(100);
    world.key('4');
    world.silence(3_000);
    assert_eq!(world.bot.heard.sessions.len(), 2);
    let start = world.bot.events("start")[1].clone();
    assert_eq!(
        (&start["resumed"], &start["answered"], &start["call_id"]),
        (&json!(true), &json!(true), &json!("call-7"))
    );
    assert_eq!(start["at_ms"].as_u64().map(|at| at % 20), Some(0));
    let kinds = world.bot.kinds();
    let after = kinds.iter().rposition(|kind| *kind == "start").unwrap();
    assert_eq!(kinds[after + 1..], ["key", "mark", "finished"]);
    assert_eq!(world.sent_of(LEVEL), 16_000, "what it had said is heard");
    world.check_audio();
    let at = start["at_ms"].as_u64().unwrap() as usize * 8;
    let first = world.bot.heard.sessions[0].audio.len() / 2;
    assert!(at >= first && at - first <= 480, "what was lost was on its way: {first} {at}");
    assert_eq!(
        at + world.bot.heard.sessions[1].audio.len() / 2 + 160,
        world.said.len(),
        "the last frame is on its way"
    );
    assert!(matches!(world.troubles.first(), Some(Trouble::Reconnecting { attempt: 1, .. })));
    assert_eq!((world.troubles.len(), world.troubles.last()), (4, Some(&Trouble::Recovered)));
    world.bot.utter("v", 10_000, 800);
    world.silence(500);
    assert_eq!(world.sent_of(10_000), 800);
}

#[test]
fn a_bot_that_comes_back_while_the_call_is_held_is_told_so() {
    let mut world = world();
    world.silence(200);
    world.feed(Input::Held(true));
    world.silence(200);
    world.close(None);
    world.silence(500);
    world.feed(Input::Held(false));
    world.silence(100);
    let held: Vec<_> = world.bot.events("start").iter().map(|start| start["held"].clone()).collect();
    assert_eq!(held, [false, true]);
    assert_eq!(world.bot.kinds().last(), Some(&"resumed"));
}

#[test]
fn what_the_caller_says_for_longer_than_is_kept_is_lost_from_its_beginning() {
    let mut settings = settings(Hz8000, Hz8000);
    settings.backlog = Duration::from_millis(1_000);
    let mut world = World::answered(settings, Own::new());
    world.silence(500);
    world.failures.extend(vec![ConnectFailure::TimedOut; 3]);
    world.close(None);
    world.silence(6_000);
    world.check_audio();
    let note = world.notes.iter().find_map(|note| match note {
        Note::Unheard(unheard) => Some(unheard.ms()),
        Note::Keys(_)
        | Note::Parrot { .. }
        | Note::StillThere { .. }
        | Note::Tool { .. }
        | Note::Remark(_)
        | Note::Leaving(_) => None,
    });
    let (first, at) =
        (world.bot.heard.sessions[0].audio.len() as u64 / 16, world.bot.events("start")[1]["at_ms"].as_u64());
    let gap = at.unwrap() - first;
    assert!(note.is_some_and(|unheard| (gap - 80..=gap).contains(&unheard)), "{note:?} of {gap}");
    let mut starts =
        world.told.iter().filter(|(_, frame)| matches!(frame, Frame::Text(text) if text.contains("start")));
    let kept = starts.next_back().unwrap().0 as u64 / 8 - at.unwrap();
    assert!((980..=1_020).contains(&kept), "{kept} ms were kept");
}

#[test]
fn a_bot_that_never_comes_back_is_given_up() {
    let mut world = world();
    world.bot.say(&json!({ "type": "pong" }));
    world.silence(200);
    world.failures.extend(vec![ConnectFailure::Refused("nobody".to_owned()); 20]);
    world.close(Some(1011));
    world.silence(40_000);
    assert_eq!(lost(&world).map(|loss| loss.fault), Some(Fault::Failing));
    assert_eq!(world.endpoints.len(), 1 + 6, "six tries after it was lost");
}

#[test]
fn a_bot_that_was_there_for_a_while_is_tried_as_often_as_the_first_time() {
    for (seconds, sessions) in [(15, 6), (5, 3)] {
        let mut settings = settings(Hz8000, Hz8000);
        settings.redial.attempts = 2;
        let mut world = World::answered(settings, Own::new());
        for _ in 0..5 {
            world.silence(seconds * 1_000);
            world.close(None);
        }
        world.silence(5_000);
        assert_eq!((world.bot.heard.sessions.len(), lost(&world).is_some()), (sessions, sessions < 6));
    }
}

#[test]
fn what_an_operator_must_mend_is_told_in_words_and_not_tried_again() {
    let http = |status, body: &str| ConnectFailure::Http { status, body: body.to_owned() };
    for (failure, fault, words) in [
        (http(401, "no"), Fault::Key, "the bot refused us (401 no): check the engine's headers and signing_key"),
        (http(403, ""), Fault::Key, "the bot refused us (403): check the engine's headers and signing_key"),
        (http(404, ""), Fault::Model, "there is no bot at this address (404): check the engine's url"),
        (
            http(200, "<html>"),
            Fault::Settings,
            "the bot's server didn't take the upgrade (200 <html>): check that the engine's url is a WebSocket",
        ),
        (
            ConnectFailure::Tls("unknown issuer".to_owned()),
            Fault::Unreachable,
            "TLS with the bot failed (unknown issuer): check the engine's url and the authorities trusted",
        ),
    ] {
        let mut world = World::failing(settings(Hz8000, Hz8000), Own::new(), vec![failure]);
        world.ring(10_000);
        assert_eq!(lost(&world), Some(&Loss { fault, words: words.to_owned() }));
        assert_eq!(world.endpoints.len(), 1);
    }
}

#[test]
fn a_server_that_is_busy_is_tried_again_but_not_at_once() {
    let busy = ConnectFailure::Http { status: 503, body: String::new() };
    for (failure, at_once) in [(busy, false), (ConnectFailure::TimedOut, true)] {
        let mut world = World::failing(settings(Hz8000, Hz8000), Own::new(), vec![failure; 20]);
        world.ring(400);
        assert_eq!(world.endpoints.len(), if at_once { 2 } else { 1 });
        world.ring(40_000);
        let fault = if at_once { Fault::Unreachable } else { Fault::Overloaded };
        assert_eq!((lost(&world).map(|loss| loss.fault), world.endpoints.len()), (Some(fault), 7));
    }
}

#[test]
fn a_bot_that_closes_before_it_says_anything_has_not_left() {
    let mut world = world();
    world.close(Some(1000));
    world.silence(1_000);
    assert_eq!((world.bot.heard.sessions.len(), world.call.over), (2, false));
    world.close(Some(1008));
    world.silence(1_000);
    assert_eq!(lost(&world).map(|loss| loss.fault), Some(Fault::Key));
}

#[test]
fn a_bot_that_answered_pings_and_stops_is_taken_for_dead_and_one_that_never_did_is_not() {
    for (pongs, sessions) in [(true, 2), (false, 1)] {
        let mut settings = settings(Hz8000, Hz8000);
        settings.ping = Some(Duration::from_secs(1));
        let mut bot = Own::new();
        bot.pongs = pongs;
        let mut world = World::answered(settings, bot);
        world.silence(5_000);
        assert_eq!(world.bot.heard.sessions.len(), 1);
        world.bot.pongs = false;
        world.silence(6_000);
        assert_eq!(world.bot.heard.sessions.len(), sessions);
        assert!(world.bot.events("ping").len() >= 9);
    }
}

#[test]
fn an_operator_who_wants_no_resuming_gets_the_fallback_at_once() {
    let mut settings = settings(Hz8000, Hz8000);
    settings.reconnect = false;
    let mut world = World::answered(settings, Own::new());
    world.silence(200);
    world.close(None);
    world.silence(200);
    assert_eq!((lost(&world).is_some(), world.endpoints.len()), (true, 1));
}

#[test]
fn each_upgrade_is_signed_with_the_time_at_which_it_is_made() {
    let mut settings = settings(Hz8000, Hz8000);
    let key = Secret("a shared secret".to_owned());
    settings.signing_key = Some(key.clone());
    settings.headers = vec![("Authorization".to_owned(), Secret("Bearer b".to_owned()))];
    let mut world = World::answered(settings, Own::new());
    world.silence(2_000);
    world.close(None);
    world.silence(100);
    let header = |n: usize, name: &str| {
        let headers = &world.endpoints[n].headers;
        headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.clone())
    };
    for (n, seconds) in [(0, 1_700_000_000), (1, 1_700_000_003)] {
        assert_eq!(header(n, CALL_ID_HEADER).as_deref(), Some("call-7"));
        assert_eq!(header(n, SIGNATURE_HEADER), Some(signature(&key, "call-7", seconds)));
        assert_eq!(header(n, "Authorization").as_deref(), Some("Bearer b"));
    }
}

#[test]
fn a_call_that_ends_while_the_bot_is_away_ends_without_it() {
    let mut world = world();
    world.silence(200);
    world.failures.extend(vec![ConnectFailure::TimedOut; 20]);
    world.close(None);
    world.silence(200);
    world.feed(Input::Goodbye);
    world.silence(500);
    assert!(world.call.over);
    world.feed(Input::Ended);
    let dialled = world.endpoints.len();
    world.ring(20_000);
    assert_eq!((world.endpoints.len(), world.disconnects.last()), (dialled, Some(&1000)));
}
