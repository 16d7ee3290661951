//! Tools that are built in: hanging up, pressing keys, collecting them.

use super::{ANSWER, GREETING, LEVEL, MS, NEXT, PACKET, Scene, configuration};
use crate::fakes::{Fake, Plan, Provider, Realtime};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use talkpath::phone::Packet;

/// Waits for what the model is told of a call of a tool: of the first, the second...
pub(super) async fn result(fake: &Realtime, place: usize) -> Value {
    let output =
        |item: &Value| (item["type"] == "function_call_output").then(|| item["output"].as_str().unwrap().to_owned());
    let found =
        |state: &crate::fakes::State<_>| state.received.iter().filter_map(|one| output(&one.event["item"])).nth(place);
    serde_json::from_str(&Fake::until(fake, "a tool's result", found).await).unwrap()
}

/// Says something in this tone, and calls a tool.
pub(super) fn tone_and_call(hertz: f32, ms: u64, name: &str, arguments: &Value) -> Plan {
    Plan { calls: vec![(name.to_owned(), arguments.to_string())], ..Plan::tone("One moment.", hertz, LEVEL, ms) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_hangs_up_when_its_goodbye_was_heard_to_its_end() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(tone_and_call(GREETING, 1_500, "hang_up", &json!({ "reason": "done" })));
    let toml = configuration(&fake, "audio = \"pcmu\"", "greeting = \"Goodbye.\"\ntools = [\"hang_up\"]");
    let ended = Scene::begin(&toml).await.until_hung_up().await;
    let goodbye = ended.only(GREETING);
    ended.assert_whole(GREETING, 1_500);
    // A telephone's jitter buffer has time to play it.
    assert!(ended.samples.len() - goodbye.end >= 200 * MS - PACKET, "{}", ended.samples.len() - goodbye.end);
    assert!(!ended.agent()[0].interrupted);
    assert_eq!(fake.until_left(1).await.code, Some(1_000));
    fake.assert_strict();
}

/// The keys in packets of telephone-events (RFC 4733 §2.3), in their order: all packets of one event have its timestamp.
fn keys(packets: &[Packet]) -> Vec<char> {
    const KEYS: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D'];
    let mut events: BTreeMap<u32, Vec<&[u8]>> = BTreeMap::new();
    let first = packets.first().map_or(0, |packet| packet.timestamp);
    for packet in packets {
        events.entry(packet.timestamp.wrapping_sub(first)).or_default().push(&packet.payload);
    }
    let key = |event: Vec<&[u8]>| {
        assert!(event.iter().all(|payload| payload.len() == 4 && payload[0] == event[0][0]), "{event:?}");
        // "the final packet for each event ... SHOULD be retransmitted" (§2.5.1.4), three times in all.
        assert_eq!(event.iter().filter(|payload| payload[1] & 0x80 != 0).count(), 3, "{event:?}");
        KEYS[usize::from(event[0][0])]
    };
    events.into_values().map(key).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_a_model_presses_leave_as_telephone_events_each_once() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(tone_and_call(GREETING, 400, "send_dtmf", &json!({ "digits": "12#,11" })));
    fake.plan(Plan::tone("Pressed.", NEXT, LEVEL, 400));
    let mut scene = Scene::begin(&configuration(&fake, "", "greeting = \"Hello.\"\ntools = [\"send_dtmf\"]")).await;
    scene.until_tone(NEXT).await;
    scene.until_silence(200).await;
    assert_eq!(keys(scene.call.ear.others()), ['1', '2', '#', '1', '1']);
    assert_eq!(result(&fake, 0).await, json!({ "sent": "12#,11" }));
    scene.hang_up().await;
    fake.assert_strict();
}

#[tokio::test(flavor = "multi_thread")]
async fn digits_that_a_model_waits_for_are_what_it_is_told() {
    let fake = Realtime::start(Provider::OpenAi);
    fake.plan(tone_and_call(GREETING, 400, "collect_digits", &json!({ "max": 6, "timeout": 5 })));
    fake.plan(Plan::tone("Thank you.", ANSWER, LEVEL, 400));
    let mut scene =
        Scene::begin(&configuration(&fake, "", "greeting = \"Hello.\"\ntools = [\"collect_digits\"]")).await;
    scene.until_tone(GREETING).await;
    scene.until_silence(200).await;
    "4711#".chars().for_each(|key| scene.call.mouth().press(key));
    scene.until_tone(ANSWER).await;
    scene.until_silence(200).await;
    let ended = scene.hang_up().await;
    assert_eq!(result(&fake, 0).await, json!({ "digits": "4711", "ended_by": "terminator" }));
    let pressed: String = ended.conversation.keys.iter().map(|pressed| pressed.key.as_str()).collect();
    assert_eq!(pressed, "4711#");
    assert_eq!(ended.pitches(), [GREETING, ANSWER], "{:?}", ended.sounds);
    // The keys are the tool's alone.
    let texts = fake.all("conversation.item.create").into_iter().filter(|one| one.event["item"]["type"] == "message");
    assert_eq!(texts.count(), 0);
    fake.assert_strict();
}
