//! The realtime service with a realtime engine.

use super::super::{Admission, Authority, Mishap, Plan, Provider, Realtime};
use super::driver::Driver;
use crate::programs::Scratch;
use std::path::Path;
use std::time::{Duration, Instant};
use talkpath_media::tone::level_at_rate;
use talkpath_speech::engine::{Fault, Trouble};
use talkpath_speech::realtime::{self, Encoding, Settings, TurnEnd};
use talkpath_speech::{Input, Samples};

const LEVEL: f32 = -20.0;
const PITCH: f32 = 440.0;

fn engine(settings: Settings, ca: Option<&Path>) -> Driver<realtime::Realtime> {
    Driver::new(realtime::Realtime::new(settings, Instant::now()), ca)
}

/// A caller speaks, is answered by a tone, and hangs up.
async fn converse(fake: &Realtime, settings: Settings, ca: Option<&Path>) {
    let rate = if settings.audio == Encoding::Pcm { 24_000 } else { 8_000 };
    fake.plan(Plan::tone("This is an answer.", PITCH, LEVEL, 1_200));
    fake.transcript("Hello?");
    let mut driver = engine(settings, ca);
    driver.until("the session", |driver| driver.ready == 1).await;
    driver.feed(Input::Answered).await;
    driver.say(800.0, 600).await;
    driver.until("the answer", |driver| driver.items.len() == 1).await;
    assert_eq!(driver.agent.len(), rate as usize * 6 / 5);
    assert!((level_at_rate(PITCH, &driver.agent, rate) - LEVEL).abs() < 0.5);
    fake.until_tone(800.0, -23.0).await;
    driver.feed(Input::Ended).await;
    driver.until("the end", |driver| driver.closed).await;
    assert_eq!(fake.until_left(1).await.code, Some(1_000));
    assert_eq!((fake.connections(), fake.sessions(), fake.items()), (1, 1, vec![(1_200, None)]));
    assert!(fake.sent().iter().any(|sent| sent.event["type"] == "response.done"));
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dialect_answers_with_a_tone() {
    for provider in [Provider::OpenAi, Provider::Beta, Provider::Azure, Provider::AzurePreview, Provider::Qwen] {
        let fake = Realtime::start(provider);
        converse(&fake, fake.settings(), None).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn g711_is_heard_over_tls_by_those_who_trust_the_authority() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let fake = Realtime::start_tls(Provider::OpenAi, &authority);
    let settings = Settings { audio: Encoding::Mulaw, ..fake.settings() };
    converse(&fake, settings.clone(), Some(&authority.file(&scratch))).await;
    let mut distrustful = engine(settings, None);
    distrustful.until("distrust", |driver| !driver.troubles.is_empty()).await;
    assert_eq!((fake.sessions(), fake.upgrades().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_said_is_said_back() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::echo("As you say."));
    let mut driver = engine(Settings { turn_end: TurnEnd::Ours, ..fake.settings() }, None);
    driver.until("the session", |driver| driver.ready == 1).await;
    driver.feed(Input::Answered).await;
    driver.feed(Input::TurnStarted { at: Samples::ZERO }).await;
    driver.say(300.0, 400).await;
    driver.feed(Input::TurnEnded { at: Samples::from_ms(400) }).await;
    driver.until("the answer", |driver| driver.items.len() == 1).await;
    let tone = driver.agent.get(..24 * 300).unwrap();
    assert!((level_at_rate(300.0, tone, 24_000) - LEVEL).abs() < 1.0);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told_with_their_words() {
    let cases = [(401, Fault::Key), (403, Fault::Key), (404, Fault::Model)];
    for (status, fault) in cases {
        let fake = Realtime::start(Provider::OpenAi);
        fake.others(Admission::refusal(status, "not_to_be", "It is not to be."));
        let mut driver = engine(fake.settings(), None);
        driver.until("a refusal", |driver| !driver.troubles.is_empty()).await;
        let Some(Trouble::Lost(loss)) = driver.troubles.last() else { panic!("{:?}", driver.troubles) };
        assert_eq!(loss.fault, fault, "{loss}");
        assert!(loss.words.contains("not_to_be"), "{loss}");
        assert_eq!(fake.upgrades()[0].status, status);
    }
    let fake = Realtime::start(Provider::OpenAi);
    let mut driver = engine(Settings { key: realtime::Secret("sk-wrong".to_owned()), ..fake.settings() }, None);
    driver.until("a refusal", |driver| !driver.troubles.is_empty()).await;
    assert_eq!((fake.upgrades()[0].status, fake.sessions()), (401, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_held_or_dropped_comes_again() {
    let fake = Realtime::start(Provider::OpenAi);
    for admission in [Admission::Status(503, "busy".to_owned()), Admission::Vanish, Admission::Reset, Admission::Held] {
        fake.next(admission);
    }
    let mut settings = fake.settings();
    settings.redial.first = Duration::from_millis(1);
    settings.redial.attempts = 9;
    let mut driver = engine(settings, None);
    let held = async {
        fake.until_connections(4).await;
        assert_eq!((fake.sessions(), fake.upgrades().len()), (0, 1));
        fake.release();
    };
    driver.while_waiting(held).await;
    driver.until("the session", |driver| driver.ready == 1).await;
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mishap_in_mid_answer_is_survived() {
    let close = |code| Mishap::Close(code, "sorry".to_owned());
    for mishap in [Mishap::Vanish, Mishap::Reset, close(Some(1_011)), close(Some(1_001)), close(None)] {
        let fake = Realtime::start(Provider::OpenAi);
        let mut plan = Plan::tone("This is an answer.", PITCH, LEVEL, 1_200);
        plan.mishap = Some((600, mishap.clone()));
        fake.plan(plan);
        let mut driver = engine(fake.settings(), None);
        driver.until("the session", |driver| driver.ready == 1).await;
        driver.feed(Input::Answered).await;
        driver.say(800.0, 600).await;
        driver.until("another session", |driver| driver.ready == 2).await;
        assert!(driver.agent.len() >= 24 * 600, "{mishap:?}");
        assert!(fake.items()[0].0 >= 600, "{mishap:?}");
        fake.until_left(1).await;
        fake.assert_strict();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_that_is_shut_refuses_until_it_is_opened() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.shut().await;
    let mut settings = fake.settings();
    settings.redial.first = Duration::from_millis(1);
    settings.redial.longest = Duration::from_millis(50);
    settings.redial.attempts = 1_000;
    let mut driver = engine(settings, None);
    driver.until("trouble", |driver| !driver.troubles.is_empty()).await;
    assert_eq!(fake.connections(), 0);
    fake.reopen().await;
    driver.until("the session", |driver| driver.ready == 1).await;
    fake.fail(Mishap::Mute);
    driver.feed(Input::Answered).await;
    driver.say(800.0, 600).await;
    driver.while_waiting(fake.until_heard(600)).await;
    assert_eq!(driver.ready, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_deaf_stalls_what_is_sent_and_what_is_noisy_is_passed_over() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.with(|service, _| service.server.noisy = true);
    converse(&fake, fake.settings(), None).await;
    let mut driver = engine(fake.settings(), None);
    driver.until("the session", |driver| driver.ready == 1).await;
    driver.feed(Input::Answered).await;
    fake.fail(Mishap::Deaf);
    driver.while_waiting(fake.until_sent("mishap")).await;
    let heard = fake.samples().len();
    let minute = driver.say(800.0, 30_000);
    assert!(tokio::time::timeout(Duration::from_millis(300), minute).await.is_err(), "a minute fits nowhere");
    assert_eq!(fake.samples().len(), heard);
}
