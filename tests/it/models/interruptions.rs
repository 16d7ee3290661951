//! Callers who talk over a model.

use super::{ANSWER, Ended, LEVEL, MS, NEXT, PACKET, Scene, configuration};
use crate::fakes::{Plan, Provider, Realtime};
use crate::support::{Attempt, undisturbed};
use talkpath::net::shard::MediaEvent;
use talkpath_media::tone::level_at;

const WORDS: &str = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen";
/// How long it takes to say them.
const LONG: u64 = 4_000;

/// The caller sings over the greeting when a second of it was heard.
async fn interrupted(fake: &Realtime, audio: &str) -> Ended {
    fake.plan(Plan::tone("Yes?", NEXT, LEVEL, 400));
    let toml = configuration(fake, &format!("audio = \"{audio}\""), "greeting = \"Hello.\"");
    let mut scene = Scene::begin(&toml).await;
    scene.until_tone(ANSWER).await;
    crate::sound::listen(&mut scene.call.ear, std::time::Duration::from_millis(1_000)).await;
    scene.sing(950).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    scene.hang_up().await
}

/// So many samples of the answer left as RTP, and then it was cut: exactly where a packet begins, in which it fades away. What fades isn't
/// counted as heard: it is over within 24 ms.
pub(super) fn assert_clear_until(told: usize, ended: &Ended) {
    const FADE: usize = 24 * MS;
    let answer = ended.only(ANSWER);
    let samples = &ended.samples[answer.start..];
    let packet = |at: usize| level_at(ANSWER, &samples[at..at + PACKET]);
    assert!(told.is_multiple_of(PACKET), "{told} samples are told");
    let (before, last, fading) = (packet(told - 2 * PACKET), packet(told - PACKET), packet(told));
    assert!((last - before).abs() < 0.5, "the last packet that is told is at {last}, the one before at {before}");
    assert!(fading < last - 3.0, "the packet after {told} samples is at {fading}, the one before at {last}");
    let end = samples.iter().take(answer.len()).rposition(|sample| sample.unsigned_abs() > 8).unwrap();
    assert!(end < told + FADE, "something is heard up to sample {end}, but {told} are told");
}

/// What was heard of the answer that was cut, in samples, and that everything tells the same of it.
fn judge(fake: &Realtime, ended: &Ended) {
    assert_eq!(ended.pitches(), [ANSWER, NEXT], "what was left is heard: {:?}", ended.sounds);
    let heard = ended.only(ANSWER).len();
    let truncations = fake.all("conversation.item.truncate");
    assert_eq!(truncations.len(), 1);
    let (told, truncated) = (truncations[0].event["audio_end_ms"].as_u64().unwrap(), fake.items()[0].1);
    assert_eq!(Some(told), truncated);
    eprintln!("heard {} ms with what faded, truncated at {told} ms", heard / MS);
    let told = told as usize * MS;
    assert_clear_until(told, ended);
    let turn = ended.agent()[0];
    assert!(turn.interrupted && WORDS.starts_with(&turn.text) && turn.text.len() < WORDS.len(), "{turn:?}");
    // Words are laid out over the audio in proportion: those that were heard are within one of their share.
    let (all, said) = (WORDS.len(), turn.text.len());
    let share = told * all / (LONG as usize * MS);
    assert!(said <= share && said + "fourteen ".len() >= share, "{said} characters told of {share}");
    assert_eq!(ended.told.iter().filter(|event| matches!(event, MediaEvent::Interrupted)).count(), 1);
    assert_eq!((ended.report.turns.interruptions, ended.conversation.interruptions), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_outran_playback_is_truncated_at_what_left_as_rtp() {
    for audio in ["pcmu", "pcm"] {
        undisturbed("an interruption", async || {
            let fake = Realtime::start(Provider::OpenAi);
            fake.plan(Plan::tone(WORDS, ANSWER, LEVEL, LONG));
            let ended = interrupted(&fake, audio).await;
            if let Some(disturbed) = Attempt::disturbed_by(&ended.report.leg) {
                return disturbed;
            }
            judge(&fake, &ended);
            assert_eq!(fake.all("response.cancel").len(), 0, "there was nothing left to cancel");
            fake.assert_strict();
            Attempt::Judged
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_still_comes_is_cancelled_first() {
    undisturbed("an interruption", async || {
        let fake = Realtime::start(Provider::OpenAi);
        // 200 ms of it every 150 ms, and what is under way when it is cancelled comes all the same.
        let plan = Plan { pace: Some(150), late: (2, 0), ..Plan::tone(WORDS, ANSWER, LEVEL, LONG) };
        fake.plan(plan);
        let ended = interrupted(&fake, "pcmu").await;
        if let Some(disturbed) = Attempt::disturbed_by(&ended.report.leg) {
            return disturbed;
        }
        let kinds = fake.kinds();
        let place = |kind: &str| kinds.iter().position(|one| one == kind).unwrap();
        assert!(place("response.cancel") < place("conversation.item.truncate"), "{kinds:?}");
        assert_eq!(ended.pitches(), [ANSWER, NEXT], "{:?}", ended.sounds);
        assert_clear_until(fake.items()[0].1.unwrap() as usize * MS, &ended);
        assert!(ended.agent()[0].interrupted);
        fake.assert_strict();
        Attempt::Judged
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_sound_pauses_a_model_that_is_told_nothing_and_loses_no_word() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone(WORDS, ANSWER, LEVEL, 2_400));
    let toml = configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\"");
    let mut scene = Scene::begin(&toml).await;
    scene.until_tone(ANSWER).await;
    crate::sound::listen(&mut scene.call.ear, std::time::Duration::from_millis(500)).await;
    scene.sing(450).await;
    scene.until_tone(ANSWER).await;
    scene.until_silence(1_000).await;
    let ended = scene.hang_up().await;
    assert_eq!((ended.report.turns.false_alarms, ended.report.turns.interruptions), (1, 0));
    assert_eq!(ended.pitches(), [ANSWER, ANSWER], "{:?}", ended.sounds);
    let heard: usize = ended.sounds.iter().map(|sound| sound.at.len()).sum();
    // What faded is said again, and the fade and its return are each over within two packets.
    let skipped = usize::try_from(talkpath_media::samples_in(ended.report.leg.skipped)).unwrap();
    assert!((2_400 * MS..=2_400 * MS + 2 * PACKET).contains(&(heard + skipped)), "{heard}");
    assert!(!ended.agent()[0].interrupted);
    assert_eq!(ended.agent()[0].text, WORDS);
    assert_eq!(fake.all("conversation.item.truncate").len() + fake.all("response.cancel").len(), 0);
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_who_hangs_up_in_mid_answer_ends_the_session_as_it_should() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan { pace: Some(200), ..Plan::tone(WORDS, ANSWER, LEVEL, LONG) });
    let mut scene = Scene::begin(&configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\"")).await;
    scene.until_tone(ANSWER).await;
    crate::sound::listen(&mut scene.call.ear, std::time::Duration::from_millis(500)).await;
    let ended = scene.hang_up().await;
    assert_eq!(fake.until_left(1).await.code, Some(1_000));
    let turn = ended.agent()[0];
    assert!(WORDS.starts_with(&turn.text) && turn.text.len() < WORDS.len() / 2, "{turn:?}");
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_that_must_be_heard_is_not_cut_and_the_caller_is_answered_after_it() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(Plan::tone(WORDS, ANSWER, LEVEL, 2_400));
    fake.plan(Plan::tone("Yes?", NEXT, LEVEL, 400));
    let toml = configuration(&fake, "audio = \"pcmu\"", "greeting = \"Hello.\"\ngreeting_interruptible = false");
    let mut scene = Scene::begin(&toml).await;
    scene.until_tone(ANSWER).await;
    scene.sing(950).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches(), [ANSWER, NEXT], "{:?}", ended.sounds);
    ended.assert_whole(ANSWER, 2_400);
    assert!(!ended.agent()[0].interrupted);
    assert_eq!(fake.all("conversation.item.truncate").len(), 0);
    fake.assert_strict();
}
