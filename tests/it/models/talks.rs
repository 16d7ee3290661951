//! Callers and models take turns.

use super::{ANSWER, GREETING, LEVEL, LINE, NOTE, Scene, configuration};
use crate::fakes::{Admission, Plan, Provider, Realtime};
use talkpath::net::shard::MediaEvent;
use talkpath_media::tone::{level_at, level_at_rate};

/// A model greets, hears a question and answers it, by this engine and agent; both are judged by their tones.
pub(super) async fn talk(fake: &Realtime, configuration: &str) {
    fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 600));
    fake.plan(Plan::tone("This is the answer.", ANSWER, LEVEL, 1_500));
    fake.transcript("What is the time?");
    let mut scene = Scene::begin(configuration).await;
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    scene.sing(1_500 - 50).await;
    let began = scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    let answer = scene.call.ear.samples_since(began);
    assert!((level_at(ANSWER, &answer[800..8_000]) - LEVEL).abs() < LINE);
    let ended = scene.hang_up().await;
    let said = ended.told.iter().any(
        |event| matches!(event, MediaEvent::AgentSaid { heard, interrupted: false, .. } if heard == "This is the answer."),
    );
    assert!(said, "{:?}", ended.told);
    fake.until_left(1).await;
    let (heard, rate) = (fake.samples(), fake.rate());
    let longest =
        heard.chunks(rate as usize / 10).map(|piece| level_at_rate(NOTE, piece, rate)).fold(f32::MIN, f32::max);
    assert!(longest > -30.0, "the song is not in what the model heard: {longest}");
    fake.assert_strict();
}

async fn talk_in(audio: &str) {
    let fake = Realtime::start(Provider::OpenAi);
    talk(&fake, &configuration(&fake, &format!("audio = \"{audio}\""), "greeting = \"Hello.\"")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_a_model_and_is_heard_in_samples() {
    talk_in("pcm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_a_model_and_is_heard_in_mu_law() {
    talk_in("pcmu").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_a_model_and_is_heard_in_a_law() {
    talk_in("pcma").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_turns_we_end_is_answered() {
    let fake = Realtime::start(Provider::OpenAi);
    talk(&fake, &configuration(&fake, "turn_end = \"ours\"", "greeting = \"Hello.\"")).await;
    assert_eq!(fake.all("input_audio_buffer.commit").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_caller_says_while_the_service_is_being_reached_is_answered() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.next(Admission::Held);
    fake.plan(Plan::tone("I have heard you.", ANSWER, LEVEL, 600));
    let mut scene = Scene::begin(&configuration(&fake, "", "")).await;
    fake.until_connections(1).await;
    scene.sing(950).await;
    assert_eq!(fake.sessions(), 0);
    fake.release();
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    scene.hang_up().await;
    let (heard, rate) = (fake.samples(), fake.rate());
    let loud = heard.chunks(rate as usize / 50).filter(|piece| level_at_rate(NOTE, piece, rate) > -25.0).count();
    // The first note of the song, whole: ten pieces of 20 ms, less those at its ends.
    assert!(loud >= 8, "{loud} pieces");
    fake.assert_strict();
}
