//! Callers who say nothing, and calls that last too long.

use super::{ANSWER, GREETING, LEVEL, MS, NEXT, OTHER, PACKET, Scene, configuration};
use crate::fakes::{Plan, Provider, Realtime};
use crate::support::config;
use serde_json::Value;
use std::time::Duration;

/// From the end of a sound to the beginning of the next.
const AFTER: usize = 2_000 * MS;
/// What the silence at a line's ends may add.
const MORE: usize = 150 * MS;

/// The silence is counted on the caller's clock, whose packets come between two of ours.
fn assert_waited(silence: usize) {
    assert!((AFTER - PACKET..AFTER + MORE).contains(&silence), "{} ms", silence / MS);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_says_nothing_is_asked_in_the_operators_words_and_taken_leave_of() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    let agent =
        "greeting = \"Hello.\"\nidle = { after = 2, prompts = [\"Are you still there?\"], goodbye = \"Goodbye.\" }";
    let ended = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", agent)).await.until_hung_up().await;
    assert!(ended.says("Are you still there?") && ended.says("Goodbye."), "{:?}", ended.sounds);
    assert_waited(ended.sounds[1].at.start - ended.sounds[0].at.end);
    let said: Vec<_> = ended.agent().iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(said, ["Hello.", "Are you still there?", "Goodbye."]);
    assert_eq!(fake.all("response.create").len(), 1, "the model is left out of it");
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_puts_the_question_and_the_goodbye_into_its_own_words() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    fake.plan(Plan::tone("Hello?", ANSWER, LEVEL, 400));
    fake.plan(Plan::tone("Goodbye then.", NEXT, LEVEL, 800));
    let agent = "greeting = \"Hello.\"\nidle = { after = 2, prompts = 1 }";
    let ended = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", agent)).await.until_hung_up().await;
    assert_eq!(ended.pitches(), [GREETING, ANSWER, NEXT], "{:?}", ended.sounds);
    assert_waited(ended.only(ANSWER).start - ended.only(GREETING).end);
    assert_waited(ended.only(NEXT).start - ended.only(ANSWER).end);
    ended.assert_whole(NEXT, 800);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_answers_the_question_is_not_taken_leave_of() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    fake.plan(Plan::tone("There you are.", ANSWER, LEVEL, 400));
    let agent =
        "greeting = \"Hello.\"\nidle = { after = 2, prompts = [\"Are you still there?\"], goodbye = \"Goodbye.\" }";
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", agent)).await;
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    crate::sound::until_sound(&mut scene.call.ear).await;
    crate::sound::until_pause(&mut scene.call.ear).await;
    scene.sing(950).await;
    scene.until_tone(ANSWER).await;
    scene.until_silence(1_900).await;
    let ended = scene.hang_up().await;
    assert!(ended.says("Are you still there?") && !ended.says("Goodbye."));
    assert_eq!(ended.sounds.last().map(|sound| sound.hertz), Some(ANSWER), "{:?}", ended.sounds);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_has_lasted_as_long_as_it_may_ends_with_a_goodbye() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 400));
    fake.plan(Plan::tone("We have to end.", NEXT, LEVEL, 800));
    let mut config = config(&configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\""));
    // Shorter than a configuration may say.
    config.agents.iter_mut().for_each(|agent| agent.max_duration = Some(Duration::from_secs(2)));
    let ended = Scene::with(config).await.until_hung_up().await;
    assert_eq!(ended.pitches(), [GREETING, NEXT], "{:?}", ended.sounds);
    let goodbye = ended.only(NEXT);
    ended.assert_whole(NEXT, 800);
    assert!(goodbye.start + MORE > AFTER, "{goodbye:?}");
    let asked = fake.all("response.create")[1].event["response"]["instructions"].clone();
    assert!(matches!(&asked, Value::String(asked) if asked.contains("goodbye")), "{asked}");
    assert!(!ended.pitches().contains(&OTHER));
    fake.assert_strict();
}
