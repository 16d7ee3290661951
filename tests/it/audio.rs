//! Sound through the whole path and back: a caller's tones return by the parrot, in each law and at each packet time, and so
//! do its keys.

use crate::sound::{
    NOTE_DBOV, PARROT, SOUND, Song, assert_whole, call, coded, position, song, spoken, trimmed, until_pause,
    until_sound,
};
use crate::support::{address, patiently, report, server};
use std::sync::Arc;
use std::time::Duration;
use talkpath::call::CallEventKind;
use talkpath::net::shard::MediaEvent;
use talkpath::phone::{DialOptions, Ear, Heard};
use talkpath_media::g711::Law;
use talkpath_media::tone::level_at;

/// The last of the caller's turn that the parrot may leave out: the end of it is judged by frames of 20 ms.
const CUT: usize = 320;

#[tokio::test(flavor = "multi_thread")]
async fn tones_come_back_over_mu_law_sample_for_sample() {
    tones_come_back(Law::Mu, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tones_come_back_over_a_law_sample_for_sample() {
    tones_come_back(Law::A, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_10_ms_are_answered_in_kind() {
    tones_come_back(Law::Mu, 10).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_30_ms_are_answered_in_kind() {
    tones_come_back(Law::A, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn packets_of_60_ms_are_answered_in_kind() {
    tones_come_back(Law::Mu, 60).await;
}

async fn tones_come_back(law: Law, ptime_ms: u8) {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions { laws: vec![law], ptime_ms, ..DialOptions::default() }).await;
    until_sound(&mut call.ear).await;
    let Song { samples, notes } = song();
    let said = patiently("the song's end", call.mouth().say(Arc::from(&*samples))).await.unwrap();
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    let heard = call.ear.samples_since(said.ended);
    let sung = coded(law, &samples);
    let (heard, sung) = (trimmed(&heard), trimmed(&sung));
    assert!(heard.len() + CUT >= sung.len() && heard.len() <= sung.len(), "{} of {}", heard.len(), sung.len());
    assert!(sung.starts_with(heard), "what comes back differs from what was said");
    for (chord, range) in notes {
        let note = &heard[range.start..range.end.min(heard.len())];
        assert!(chord.iter().all(|tone| (level_at(*tone, note) - NOTE_DBOV).abs() < 0.3), "{chord:?}");
        assert!(level_at(chord[0] * 1.2, note) < NOTE_DBOV - 12.0, "{chord:?}");
    }
    assert_paced(&call.ear, usize::from(ptime_ms));
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    assert_whole(&counts, &*report(&mut events).await);
}

/// Packets are as long as agreed and as frequent as their length asks, and only the first of a talkspurt is marked.
fn assert_paced(ear: &Ear, ptime_ms: usize) {
    let heard = ear.heard();
    assert!(heard.iter().all(|heard| heard.packet.payload.len() == 8 * ptime_ms));
    let marked = |pair: &&[Heard]| pair[1].packet.marker;
    let step = |pair: &[Heard]| pair[1].packet.timestamp.wrapping_sub(pair[0].packet.timestamp);
    let skipped = |pair: &[Heard]| step(pair) != 8 * u32::try_from(ptime_ms).unwrap();
    assert!(heard[0].packet.marker && heard.windows(2).filter(marked).all(skipped), "a marker amid a talkspurt");
    // The caller's clock is another one; a stall may fall between the two looks at it.
    let began = heard.iter().position(|heard| heard.packet.sent > 0).unwrap();
    let (theirs, ours) = (heard.last().unwrap().packet.sent - heard[began].packet.sent, heard.len() - 1 - began);
    let (theirs, ours) = (ptime_ms * usize::try_from(theirs).unwrap(), ptime_ms * ours);
    assert!(theirs.abs_diff(ours) <= 300 + ours / 20, "{ours} ms came while {theirs} ms were sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_greeting_begins_within_200_ms_of_the_ack() {
    let server = server(PARROT);
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    let heard = call.ear.heard();
    let sound = heard.iter().position(Heard::is_audible).unwrap();
    // In audio, by both clocks: a stall of either side doesn't count.
    let after_ack = heard[..sound].iter().filter(|heard| heard.packet.sent > 0).count() as u64;
    let ms = 20 * after_ack.min(heard[sound].packet.sent);
    assert!(ms <= 200, "{ms} ms");
    patiently("the end", call.hang_up()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_heard_once_each_and_read_back() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    "42".chars().for_each(|key| call.mouth().press(key));
    patiently("silence", call.ear.until_silence(Duration::from_millis(1_000))).await.unwrap();
    patiently("the keys", call.ear.until_sound(SOUND)).await.unwrap();
    until_pause(&mut call.ear).await;
    let samples = call.ear.samples();
    let line = spoken(&["You pressed four, two."]);
    let at = position(&line, &samples).expect("the keys are read back, sample for sample as the voice says them");
    let before = &samples[at - 8_000..at];
    assert!(before.iter().chain(&samples[at + line.len()..]).all(|sample| *sample == 0), "nothing else is said");
    patiently("the end", call.hang_up()).await.unwrap();
    let mut keys = String::new();
    while let Ok(event) = events.try_recv() {
        if let CallEventKind::Media(MediaEvent::Key(key)) = event.kind {
            keys.push(key);
        }
    }
    assert_eq!(keys, "42");
}
