//! Bots with a stream engine.

use super::super::{Admission, Authority, Bot, Mishap, Say};
use super::driver::Driver;
use crate::programs::Scratch;
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};
use talkpath_media::tone::level_at_rate;
use talkpath_speech::engine::{Fault, Trouble};
use talkpath_speech::realtime::Secret;
use talkpath_speech::stream::{Facts, Settings, Stream};
use talkpath_speech::{Input, Samples};

const LEVEL: f32 = -20.0;

fn engine(settings: Settings, ca: Option<&Path>) -> Driver<Stream> {
    let facts = Facts {
        call_id: "call-7".to_owned(),
        from: "+4930123456".to_owned(),
        to: "+4989654321".to_owned(),
        agent: "sales".to_owned(),
        ..Facts::default()
    };
    Driver::new(Stream::new(settings, facts, Duration::from_secs(1_700_000_000), Instant::now()), ca)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_greets_is_told_of_keys_and_echoes_a_turn() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let bot = Bot::own_tls(&authority);
    bot.on("answered", Say::utterance("u1", "Hello.", Say::Tone(440.0, LEVEL, 600)));
    bot.on("speech_stopped", Say::utterance("u2", "As you say.", Say::Echo));
    let mut driver = engine(bot.settings(), Some(&authority.file(&scratch)));
    driver.feed(Input::Answered).await;
    driver.until("the greeting", |driver| driver.items.len() == 1).await;
    assert!((level_at_rate(440.0, &driver.agent, 16_000) - LEVEL).abs() < 0.5);
    driver.feed(Input::TurnStarted { at: Samples::ZERO }).await;
    driver.say(800.0, 400).await;
    driver.feed(Input::TurnEnded { at: Samples::from_ms(400) }).await;
    driver.feed(Input::Key('7')).await;
    driver.until("the echo", |driver| driver.items.len() == 2).await;
    let echo = driver.agent.get(16 * 600..).unwrap();
    assert!(echo.len() == 16 * 400 && (level_at_rate(800.0, echo, 16_000) - LEVEL).abs() < 1.0, "{}", echo.len());
    assert_eq!(bot.until_received("key").await.event["key"], "7");
    bot.tell(json!({ "type": "hang_up", "when": "now" }));
    driver.until("the end", |driver| driver.hung_up).await;
    driver.feed(Input::Ended).await;
    driver.while_waiting(bot.until_left(1)).await;
    assert_eq!(bot.rate(), 16_000);
    bot.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_twilio_greets_and_gets_its_mark_back() {
    let bot = Bot::twilio();
    let mark = json!({ "event": "mark", "mark": { "name": "greeted" } });
    bot.on("start", [Say::Tone(440.0, LEVEL, 600), Say::Message(mark)]);
    let mut driver = engine(bot.settings(), None);
    driver.feed(Input::Answered).await;
    driver.until("the greeting", |driver| driver.agent.len() == 8 * 600).await;
    assert!((level_at_rate(440.0, &driver.agent, 8_000) - LEVEL).abs() < 1.0);
    driver.say(800.0, 400).await;
    driver.while_waiting(bot.until_heard(800)).await;
    assert_eq!(driver.while_waiting(bot.until_received("mark")).await.event["mark"]["name"], "greeted");
    bot.until_tone(800.0, -23.0).await;
    bot.say([Say::Echo]);
    driver.until("the echo", |driver| driver.agent.len() >= 8 * 1_000).await;
    driver.feed(Input::Ended).await;
    driver.while_waiting(bot.until_received("stop")).await;
    bot.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_lost_is_told_that_the_call_goes_on() {
    for mishap in [Mishap::Vanish, Mishap::Reset, Mishap::Close(Some(1_011), "sorry".to_owned())] {
        let bot = Bot::own();
        let mut driver = engine(bot.settings(), None);
        driver.feed(Input::Answered).await;
        driver.until("the bot", |driver| driver.ready == 1).await;
        driver.say(800.0, 200).await;
        driver.while_waiting(bot.until_heard(400)).await;
        bot.fail(mishap);
        driver.until("the bot again", |driver| driver.ready == 2).await;
        let start = driver.while_waiting(bot.until_nth("start", 1)).await;
        assert_eq!((start.session, &start.event["resumed"]), (2, &json!(true)));
        bot.assert_strict();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_demands_its_header_and_may_be_closed() {
    let bot = Bot::own();
    bot.with(|script, _| script.demands.push(("authorization".to_owned(), "Bearer fake".to_owned())));
    let mut driver = engine(bot.settings(), None);
    driver.until("a refusal", |driver| !driver.troubles.is_empty()).await;
    let Some(Trouble::Lost(loss)) = driver.troubles.last() else { panic!("{:?}", driver.troubles) };
    assert_eq!((loss.fault, bot.upgrades()[0].status), (Fault::Key, 401));
    let mut settings = bot.settings();
    settings.headers.push(("Authorization".to_owned(), Secret("Bearer fake".to_owned())));
    bot.next(Admission::After(Duration::from_millis(20)));
    let mut driver = engine(settings, None);
    driver.feed(Input::Answered).await;
    let start = driver.while_waiting(bot.until_received("start")).await;
    assert_eq!(start.event["answered"], true);
    bot.tell(json!({ "type": "note", "text": "customer 42" }));
    bot.fail(Mishap::Close(Some(1_000), String::new()));
    driver.until("the bot to have left", |driver| driver.hung_up).await;
    bot.assert_strict();
}
