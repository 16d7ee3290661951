//! Services that are lost: the caller is never left in silence, and never without an end.

use super::{ANSWER, Ended, GREETING, LEVEL, MS, NEXT, NOTE, OTHERS, Scene, TONES, configuration, engine_named};
use crate::fakes::{Admission, Mishap, Plan, Provider, Realtime};
use serde_json::Value;
use talkpath::call::APOLOGY;
use talkpath::net::shard::MediaEvent;
use talkpath_speech::engine::{Fault, Loss, Trouble};

/// From the last packet of what broke off to the next that is heard.
const SOON: usize = 1_500 * MS;
/// Who gives up soon.
const IMPATIENT: &str = "redial = { first_ms = 50, attempts = 2 }";

/// The silence before the sound at this place.
fn silence_before(ended: &Ended, place: usize) -> usize {
    let sounds = &ended.sounds;
    let silence = sounds[place].at.start - sounds[place - 1].at.end;
    eprintln!("silent for {} ms", silence / MS);
    silence
}

/// A question was asked, and its answer breaks off after 600 ms of it, with the socket.
async fn broken_off(fake: &Realtime, agent: &str) -> Scene {
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    let mishap = Some((600, Mishap::Vanish));
    fake.plan(Plan { mishap, pace: Some(120), ..Plan::tone("It is nearly ten.", ANSWER, LEVEL, 3_000) });
    fake.plan(Plan::tone("As I said, it is nearly ten.", NEXT, LEVEL, 600));
    fake.plan(Plan::tone("You are welcome.", OTHERS, LEVEL, 600));
    fake.transcript("What is the time?");
    fake.transcript("Thank you.");
    let engine = "audio = \"pcmu\"\nredial = { first_ms = 200 }";
    let mut scene = Scene::begin(&configuration(fake, engine, &format!("greeting = \"Hello.\"\n{agent}"))).await;
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    scene.sing(950).await;
    scene.until_tone(ANSWER).await;
    scene
}

/// The call goes on as if nothing had been.
async fn goes_on(fake: &Realtime, mut scene: Scene) -> Ended {
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    scene.sing(950).await;
    scene.until_tone(OTHERS).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    // What was said before is told to the new session, item by item, before it is asked to go on.
    let told: Vec<_> = fake.received().into_iter().filter(|one| one.session == 2).collect();
    let kinds: Vec<_> = told.iter().map(|one| one.kind().to_owned()).collect();
    let create = kinds.iter().position(|kind| kind == "response.create").unwrap();
    let of = |kind: &str| kinds.iter().filter(|one| *one == kind).count();
    let items: Vec<&Value> = told[..create]
        .iter()
        .filter(|one| one.kind() == "conversation.item.create")
        .map(|one| &one.event["item"])
        .collect();
    let texts: Vec<_> = items
        .iter()
        .map(|item| (item["role"].as_str().unwrap(), item["content"][0]["text"].as_str().unwrap()))
        .collect();
    assert_eq!(texts[..2], [("assistant", "Hello."), ("user", "What is the time?")], "{texts:?}");
    assert_eq!(of("response.create"), 2, "{kinds:?}");
    assert!(ended.told.iter().any(|event| matches!(event, MediaEvent::Trouble(Trouble::Recovered))));
    fake.assert_strict();
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_that_is_lost_in_mid_sentence_is_dialled_again_and_the_conversation_goes_on() {
    let fake = Realtime::start(Provider::OpenAi);
    let scene = broken_off(&fake, "").await;
    let ended = goes_on(&fake, scene).await;
    assert_eq!(ended.pitches(), [GREETING, ANSWER, NEXT, OTHERS], "{:?}", ended.sounds);
    assert!(silence_before(&ended, 2) < SOON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_a_filler_while_the_service_cannot_be_reached() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.next(Admission::Welcome);
    fake.next(Admission::Status(503, String::new()));
    fake.next(Admission::Held);
    let mut scene = broken_off(&fake, "filler = \"One moment, please.\"").await;
    scene.until_silence(100).await;
    crate::sound::until_sound(&mut scene.call.ear).await;
    fake.until_connections(3).await;
    fake.release();
    let ended = goes_on(&fake, scene).await;
    // In the filler's words there may be such a pitch, but not for long.
    let tones = ended.sounds.iter().filter(|sound| TONES.contains(&sound.hertz) && sound.at.len() > 300 * MS);
    let tones: Vec<_> = tones.map(|sound| sound.hertz).collect();
    assert_eq!(tones, [GREETING, ANSWER, NEXT, OTHERS], "{:?}", ended.sounds);
    assert!(ended.says("One moment, please."), "the filler isn't heard");
    assert!(silence_before(&ended, 2) < SOON);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_expires_is_replaced_and_the_caller_notices_nothing() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 1_200));
    fake.plan(Plan::tone("Yes?", ANSWER, LEVEL, 600));
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\"")).await;
    scene.until_tone(GREETING).await;
    // All of it is here, and has yet to be heard.
    fake.until_sent("response.done").await;
    fake.with(|service, now| service.server.expire(now));
    fake.until_sessions(2).await;
    scene.until_silence(200).await;
    scene.sing(950).await;
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches(), [GREETING, ANSWER], "{:?}", ended.sounds);
    ended.assert_whole(GREETING, 1_200);
    assert!(!ended.agent()[0].interrupted);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_fails_is_asked_for_again() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan { fails: Some("rate_limit_exceeded"), ..Plan::default() });
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 600));
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\"")).await;
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches(), [GREETING], "{:?}", ended.sounds);
    eprintln!("heard {} ms after the answer", ended.sounds[0].at.start / MS);
    fake.assert_strict();
}

/// The service goes away for good while the greeting is heard; the agent has these fallbacks, of which `others` are made.
async fn gone(fake: &Realtime, fallback: &str, others: &str) -> Scene {
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    let agent = format!("greeting = \"Hello.\"\n{fallback}\n{others}");
    let mut scene = Scene::begin(&configuration(fake, &format!("audio = \"pcmu\"\n{IMPATIENT}"), &agent)).await;
    scene.until_tone(GREETING).await;
    fake.shut().await;
    fake.fail(Mishap::Vanish);
    scene
}

/// An agent "spare" with an engine of its own.
fn spare(fake: &Realtime) -> String {
    fake.plan(Plan::tone("I take over.", OTHERS, LEVEL, 600));
    fake.plan(Plan::tone("Yes.", NEXT, LEVEL, 600));
    let engine = engine_named("other", fake, "");
    format!("{engine}[[agent]]\nname = \"spare\"\nengine = \"other\"\ngreeting = \"I take over.\"\n")
}

fn loss(ended: &Ended) -> &Loss {
    let lost = ended
        .told
        .iter()
        .find_map(|event| if let MediaEvent::Trouble(Trouble::Lost(loss)) = event { Some(loss) } else { None });
    lost.expect("the loss is told")
}

/// Another agent takes over and talks.
async fn takes_over(mut scene: Scene, other: &Realtime) -> Ended {
    scene.until_tone(OTHERS).await;
    scene.until_silence(200).await;
    scene.sing(950).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert!(other.until_tone(NOTE, -30.0).await.elapsed().as_secs() < 60);
    other.assert_strict();
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_gone_for_good_is_replaced_by_another_agent() {
    let (fake, other) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    let scene = gone(&fake, "fallback = [\"spare\"]", &spare(&other)).await;
    let ended = takes_over(scene, &other).await;
    assert_eq!(loss(&ended).fault, Fault::Unreachable);
    assert_eq!(ended.pitches().last(), Some(&NEXT));
    assert!(silence_before(&ended, 1) < SOON);
    assert!(ended.conversation.turns.iter().any(|turn| turn.text == "I take over."));
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_gone_for_good_leaves_last_words() {
    for (fallback, words) in [("fallback = [{ say = \"Please call again.\" }]", "Please call again."), ("", APOLOGY)] {
        let fake = Realtime::start(Provider::OpenAi);
        let ended = gone(&fake, fallback, "").await.until_hung_up().await;
        assert!(ended.says(words), "{words} isn't heard: {:?}", ended.sounds);
        assert!(silence_before(&ended, 1) < SOON);
        assert_eq!(ended.agent().last().unwrap().text, words);
        fake.assert_strict();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_is_named_and_another_agent_talks_at_once() {
    let (fake, other) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.with(|service, _| service.key = "sk-another".to_owned());
    let agent = format!("greeting = \"Hello.\"\nfallback = [\"spare\"]\n{}", spare(&other));
    let scene = Scene::begin(&configuration(&fake, "", &agent)).await;
    let ended = takes_over(scene, &other).await;
    let loss = loss(&ended);
    assert_eq!(loss.fault, Fault::Key);
    assert!(loss.words.contains("key"), "{loss}");
    assert!(!loss.words.contains(crate::fakes::KEY), "a key is never told");
    assert_eq!(fake.connections(), 1, "a wrong key doesn't become right");
    assert_eq!(ended.pitches(), [OTHERS, NEXT], "{:?}", ended.sounds);
    assert!(ended.sounds[0].at.start < SOON, "{:?}", ended.sounds);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_never_makes_a_session_is_given_up() {
    let (fake, other) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.with(|service, _| service.server.mute = true);
    let agent = format!("greeting = \"Hello.\"\nfallback = [\"spare\"]\n{}", spare(&other));
    let engine = "connect_timeout = 1\nredial = { first_ms = 50, attempts = 2 }";
    let scene = Scene::begin(&configuration(&fake, engine, &agent)).await;
    let ended = takes_over(scene, &other).await;
    assert!(loss(&ended).fault == Fault::Unreachable, "{}", loss(&ended));
    assert_eq!(fake.connections(), 1 + 2);
    assert_eq!(ended.pitches(), [OTHERS, NEXT], "{:?}", ended.sounds);
    fake.assert_strict();
}
