//! Callers who are handed over by a model.
//!
//!   telephone ──► server with a model ──► a second server, whose model is the callee

use super::tools::{result, tone_and_call};
use super::{ANSWER, GREETING, LEVEL, NEXT, NOTE, OTHERS, RINGING, Scene, configuration, engine_named};
use crate::fakes::{Mishap, Plan, Provider, Realtime};
use crate::phones::until_registered;
use crate::support::{address, server};
use serde_json::json;
use talkpath::server::Server;

/// What the model's agent says of itself, which may hand callers over to `user` of the callee.
fn agent(callee: &Server, user: &str) -> String {
    let to = address(callee);
    format!(
        "greeting = \"Hello.\"\ntools = [\"transfer\"]\ntransfer = {{ desk = {{ to = \"sip:{user}@{to}\", ring = 10 }} }}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_handed_over_after_the_last_words_and_talks_with_the_callee() {
    let (fake, callee) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.plan(tone_and_call(GREETING, 1_200, "transfer", &json!({ "target": "desk" })));
    callee.plan(Plan::tone("Desk.", OTHERS, LEVEL, 600));
    callee.plan(tone_and_call(ANSWER, 600, "hang_up", &json!({})));
    let there = "greeting = \"Desk.\"\ntools = [\"hang_up\"]\nring = 2500";
    let far = server(&configuration(&callee, "audio = \"pcmu\"", there));
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", &agent(&far, "receptionist"))).await;
    scene.until_tone(OTHERS).await;
    scene.until_silence(200).await;
    // The agent is gone: nobody pays for its silence.
    assert_eq!(fake.until_left(1).await.code, Some(1_000));
    scene.sing(950).await;
    callee.until_tone(NOTE, -25.0).await;
    // The callee's BYE is the caller's.
    let ended = scene.until_hung_up().await;
    assert_eq!(ended.pitches(), [GREETING, RINGING, OTHERS, ANSWER], "{:?}", ended.sounds);
    ended.assert_whole(GREETING, 1_200);
    assert!(!ended.agent()[0].interrupted);
    let called = &ended.conversation.tools[0];
    assert!(called.output.as_ref().is_some_and(|output| output.contains("connected")), "{called:?}");
    fake.assert_strict();
    callee.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_handed_over_to_a_telephone_that_is_registered_here() {
    let (fake, callee) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.plan(tone_and_call(GREETING, 600, "transfer", &json!({ "target": "desk" })));
    callee.plan(Plan::tone("Desk.", OTHERS, LEVEL, 600));
    let agent = "greeting = \"Hello.\"\ntools = [\"transfer\"]\ntransfer = { desk = \"phone:desk\" }";
    let phone = "[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n";
    let near = server(&format!("{}{phone}", configuration(&fake, "audio = \"pcmu\"", agent)));
    let trunk = format!(
        "[[trunk]]\nname = \"pbx\"\nregistrar = \"sip:{}\"\nusername = \"desk\"\npassword = \"secret\"\n",
        address(&near)
    );
    let there = configuration(&callee, "audio = \"pcmu\"", "greeting = \"Desk.\"\nring = 300");
    let _far = server(&format!("{there}{trunk}"));
    until_registered(&near, 1).await;
    let mut scene = Scene::at(near).await;
    scene.until_tone(OTHERS).await;
    scene.sing(950).await;
    callee.until_tone(NOTE, -25.0).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches(), [GREETING, RINGING, OTHERS], "{:?}", ended.sounds);
    fake.assert_strict();
    callee.assert_strict();
}

/// Nobody is lost between two stools: who is being rung doesn't answer, and the model that asked for it is gone by then.
#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_takes_over_while_it_rings_talks_when_nobody_answers() {
    let (fake, other) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.plan(tone_and_call(GREETING, 600, "transfer", &json!({ "target": "desk" })));
    other.plan(Plan::tone("I take over.", OTHERS, LEVEL, 600));
    other.plan(Plan::tone("Yes?", NEXT, LEVEL, 600));
    let slow =
        server("[[agent]]\nname = \"slow\"\nring = 30000\n[[route]]\nname = \"slow\"\naction = { agent = \"slow\" }\n");
    let agent = agent(&slow, "slow").replace("ring = 10", "ring = 3");
    let spare = "[[agent]]\nname = \"spare\"\nengine = \"other\"\ngreeting = \"I take over.\"";
    let toml = format!(
        "{}{}{spare}",
        configuration(&fake, "redial = { first_ms = 50, attempts = 1 }", &format!("{agent}\nfallback = [\"spare\"]")),
        engine_named("other", &other, "audio = \"pcmu\"")
    );
    let mut scene = Scene::begin(&toml).await;
    scene.until_silence(200).await;
    fake.shut().await;
    fake.fail(Mishap::Vanish);
    scene.until_tone(OTHERS).await;
    scene.until_silence(200).await;
    scene.sing(950).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches().last(), Some(&NEXT), "{:?}", ended.sounds);
    ended.assert_whole(OTHERS, 600);
    other.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callee_who_answers_at_once_does_not_cut_the_last_words() {
    let (fake, callee) = (Realtime::start(Provider::OpenAi), Realtime::start(Provider::OpenAi));
    fake.plan(tone_and_call(GREETING, 1_200, "transfer", &json!({ "target": "desk" })));
    callee.plan(Plan::tone("Desk.", OTHERS, LEVEL, 600));
    let far = server(&configuration(&callee, "audio = \"pcmu\"", "greeting = \"Desk.\""));
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", &agent(&far, "receptionist"))).await;
    scene.until_tone(OTHERS).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    ended.assert_whole(GREETING, 1_200);
    ended.assert_whole(OTHERS, 600);
    assert!(!ended.agent()[0].interrupted);
    fake.assert_strict();
    // The caller's BYE is the callee's.
    callee.until_left(1).await;
    callee.assert_strict();
}

/// Nobody takes the caller: the model is told why, and speaks on.
async fn nobody_takes(callee: &Server, user: &str, why: &str) {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(tone_and_call(GREETING, 800, "transfer", &json!({ "target": "desk" })));
    fake.plan(Plan::tone("Nobody is there.", NEXT, LEVEL, 600));
    fake.plan(Plan::tone("Yes?", ANSWER, LEVEL, 600));
    let agent = agent(callee, user).replace("ring = 10", "ring = 3");
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", &agent)).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    let told = result(&fake, 0).await["error"].as_str().unwrap().to_owned();
    assert!(told.contains(why), "{told}");
    scene.sing(950).await;
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    let spoken: Vec<_> = ended.pitches().into_iter().filter(|hertz| *hertz != RINGING).collect();
    assert_eq!(spoken, [GREETING, NEXT, ANSWER], "{:?}", ended.sounds);
    ended.assert_whole(GREETING, 800);
    assert_eq!(fake.sessions(), 1, "the model is still the same");
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_speaks_on_when_nobody_answers() {
    let far =
        server("[[agent]]\nname = \"slow\"\nring = 30000\n[[route]]\nname = \"slow\"\naction = { agent = \"slow\" }\n");
    nobody_takes(&far, "slow", "no answer").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_speaks_on_when_the_callee_is_busy() {
    let busy = "[[route]]\nname = \"busy\"\naction = { reject = { status = 486 } }\n";
    nobody_takes(&server(busy), "anybody", "busy").await;
}
