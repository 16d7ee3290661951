//! Customers' own bots, by our protocol and by Twilio's.

use super::interruptions::assert_clear_until;
use super::{ANSWER, GREETING, LEVEL, LINE, MS, NOTE, PACKET, Scene};
use crate::fakes::{Bot, Mishap, Say};
use crate::support::{Attempt, undisturbed};
use serde_json::json;
use std::time::Duration;
use talkpath_media::tone::level_at;

fn configuration(bot: &Bot, engine: &str) -> String {
    format!(
        "[[engine]]\nname = \"bot\"\nkind = \"stream\"\nurl = \"{}\"\n{engine}\n[[agent]]\nname = \"receptionist\"\nengine = \"bot\"\n",
        bot.url()
    )
}

const TWILIO: &str = "dialect = \"twilio\"";

/// The bot's tone is heard as loud as it was said.
fn judge_level(scene: &Scene, hertz: f32, began: std::time::Instant) {
    let heard = scene.call.ear.samples_since(began);
    assert!((level_at(hertz, &heard[800..3_200]) - LEVEL).abs() < LINE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_talks_with_a_caller_hears_keys_and_hangs_up_when_it_was_heard() {
    let bot = Bot::own();
    bot.on("answered", Say::utterance("u1", "Hello.", Say::Tone(GREETING, LEVEL, 600)));
    bot.on("speech_stopped", Say::utterance("u2", "As you say.", Say::Tone(ANSWER, LEVEL, 600)));
    let mut scene = Scene::begin(&configuration(&bot, "")).await;
    let began = scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    judge_level(&scene, GREETING, began);
    scene.sing(950).await;
    bot.until_tone(NOTE, -25.0).await;
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    "4#".chars().for_each(|key| scene.call.mouth().press(key));
    assert_eq!(bot.until_nth("key", 1).await.event["key"], "#");
    assert_eq!(bot.all("key")[0].event["key"], "4");
    bot.say(Say::utterance("u3", "Goodbye.", Say::Tone(GREETING, LEVEL, 800)));
    bot.tell(json!({ "type": "hang_up", "when": "heard" }));
    let ended = scene.until_hung_up().await;
    assert_eq!(ended.pitches(), [GREETING, ANSWER, GREETING], "{:?}", ended.sounds);
    // To its end: the last few samples are in a packet of their own.
    let goodbye = ended.sounds[2].at.len();
    let whole = 800 * MS..=800 * MS + PACKET;
    assert!(whole.contains(&goodbye) || !ended.report.leg.skipped.is_zero(), "{goodbye}");
    let said: Vec<_> = ended.agent().iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(said, ["Hello.", "As you say.", "Goodbye."]);
    assert_eq!(bot.until_received("end").await.event["reason"], "bot");
    bot.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_is_talked_over_is_told_how_much_of_it_was_heard() {
    undisturbed("an interruption", async || {
        let bot = Bot::own();
        bot.on("answered", Say::utterance("u1", "one two three four five six", Say::Tone(ANSWER, LEVEL, 4_000)));
        let mut scene = Scene::begin(&configuration(&bot, "audio = \"pcmu\"")).await;
        scene.until_tone(ANSWER).await;
        crate::sound::listen(&mut scene.call.ear, Duration::from_millis(1_000)).await;
        scene.sing(950).await;
        let interrupted = bot.until_received("interrupted").await.event;
        bot.until_received("speech_stopped").await;
        let ended = scene.hang_up().await;
        bot.assert_strict();
        if let Some(disturbed) = Attempt::disturbed_by(&ended.report.leg) {
            return disturbed;
        }
        assert_eq!(ended.pitches(), [ANSWER], "{:?}", ended.sounds);
        let told = interrupted["utterances"][0]["heard_ms"].as_u64().unwrap();
        assert_clear_until(told as usize * MS, &ended);
        assert!(ended.agent()[0].interrupted);
        Attempt::Judged
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_twilio_talks_with_a_caller_hears_keys_and_ends_the_call() {
    let bot = Bot::twilio();
    let mark = json!({ "event": "mark", "mark": { "name": "greeted" } });
    bot.on("start", [Say::Tone(GREETING, LEVEL, 600), Say::Message(mark)]);
    let mut scene = Scene::begin(&configuration(&bot, TWILIO)).await;
    let began = scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    judge_level(&scene, GREETING, began);
    // Its mark comes back when what was before it has been heard.
    let marked = bot.until_received("mark").await;
    assert_eq!(marked.event["mark"]["name"], "greeted");
    assert!(marked.at.saturating_duration_since(began) >= Duration::from_millis(500));
    scene.sing(950).await;
    bot.until_tone(NOTE, -25.0).await;
    scene.call.mouth().press('7');
    assert_eq!(bot.until_received("dtmf").await.event["dtmf"]["digit"], "7");
    bot.say([Say::Tone(ANSWER, LEVEL, 600), Say::Wait(900)]);
    bot.fail(Mishap::Close(Some(1_000), String::new()));
    let ended = scene.until_hung_up().await;
    assert_eq!(ended.pitches(), [GREETING, ANSWER], "{:?}", ended.sounds);
    bot.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_of_twilio_cuts_itself_and_its_marks_come_back() {
    let bot = Bot::twilio();
    let mark = |name: &str| Say::Message(json!({ "event": "mark", "mark": { "name": name } }));
    bot.on("start", [mark("begin"), Say::Tone(ANSWER, LEVEL, 4_000), mark("end")]);
    let mut scene = Scene::begin(&configuration(&bot, TWILIO)).await;
    scene.until_tone(ANSWER).await;
    scene.sing(950).await;
    bot.until_tone(NOTE, -25.0).await;
    assert_eq!(bot.all("mark").len(), 1, "what comes after its speech was not heard yet");
    bot.tell(json!({ "event": "clear" }));
    scene.until_silence(300).await;
    assert_eq!(bot.until_nth("mark", 1).await.event["mark"]["name"], "end");
    bot.say([Say::Tone(GREETING, LEVEL, 400)]);
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(ended.pitches(), [ANSWER, GREETING], "{:?}", ended.sounds);
    assert!(ended.only(ANSWER).len() < 3_000 * MS, "{:?}", ended.sounds);
    bot.until_received("stop").await;
    bot.assert_strict();
}
