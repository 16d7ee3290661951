//! The first word: the service is reached while the telephone rings, so that the caller doesn't wait for it.

use super::{Ended, GREETING, LEVEL, MS, Scene, configuration};
use crate::fakes::{Plan, Provider, Realtime};
use crate::support::{Attempt, undisturbed};
use std::time::Duration;

/// From the ACK to the first packet of the greeting.
const SOON: Duration = Duration::from_millis(200);

/// A call that is greeted, and how long after the ACK that began.
async fn greeted(fake: &Realtime, agent: &str) -> (Ended, Duration) {
    let toml = configuration(fake, "audio = \"pcmu\"", &format!("greeting = \"Hello.\"\n{agent}"));
    let mut scene = Scene::begin(&toml).await;
    let answered = scene.answered();
    let after = scene.until_tone(GREETING).await.saturating_duration_since(answered);
    scene.until_silence(200).await;
    // The session was there while it rang, the caller was heard only from the answer on.
    fake.until_heard(20).await;
    let updated = fake.until_received("session.update").await.at;
    assert!(updated < answered && fake.heard()[0].at >= answered);
    (scene.hang_up().await, after)
}

fn judge(fake: &Realtime, ended: &Ended, after: Duration) -> Attempt {
    fake.assert_strict();
    // Nothing of it was said while nobody could hear it.
    assert_eq!(ended.pitches(), [GREETING]);
    if let Some(disturbed) = Attempt::disturbed_by(&ended.report.leg) {
        return disturbed;
    }
    assert_eq!(ended.only(GREETING).len(), 600 * MS);
    eprintln!("greeted {} ms after the ACK", after.as_millis());
    assert!(after <= SOON, "greeted {after:?} after the ACK");
    Attempt::Judged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_begins_within_200_ms_of_the_ack() {
    undisturbed("a greeting", async || {
        let fake = Realtime::start(Provider::OpenAi);
        fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 600));
        let (ended, after) = greeted(&fake, "ring = 300").await;
        judge(&fake, &ended, after)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_that_was_asked_for_while_it_rang_is_at_hand_however_long_the_model_thinks() {
    undisturbed("a greeting", async || {
        let fake = Realtime::start(Provider::OpenAi);
        fake.plan(Plan { thinks: 300, ..Plan::tone("Hello.", GREETING, LEVEL, 600) });
        let (ended, after) = greeted(&fake, "ring = 700\ngreeting_early = true").await;
        judge(&fake, &ended, after)
    })
    .await;
}
