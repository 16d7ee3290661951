//! Two legs and a bridge: a caller's call is led by the dialplan through a trunk to another talkpath, whose parrot answers.
//!
//!   telephone ──► server (dials, bridges) ──► trunk: a second server with a parrot

use crate::sound::{NOTE_DBOV, PARROT, Song, call, coded, song, spoken, trimmed, until_pause, until_sound};
use crate::support::{address, end_of, event, patiently, phone, report, server};
use std::net::SocketAddr;
use std::sync::Arc;
use talkpath::call::CallEventKind;
use talkpath::net::shard::MediaEvent;
use talkpath::phone::{DialOptions, PhoneCall};
use talkpath::server::Server;
use talkpath_media::g711::Law;
use talkpath_media::tone::level_at;

/// The last of the caller's turn that the parrot may leave out.
const CUT: usize = 320;

/// A server that leads every call to `number` through a trunk to `peer`, with `more` in the dial action.
fn switch(peer: SocketAddr, number: &str, more: &str) -> Server {
    switch_for(peer, number, 10, more)
}

/// As [`switch`], where it rings for so many seconds.
fn switch_for(peer: SocketAddr, number: &str, ring: u32, more: &str) -> Server {
    server(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{peer}\"]\noptions = 0\n\
         [[agent]]\nname = \"fallback\"\ngreeting = \"Nobody is there.\"\n\
         [[route]]\nname = \"test\"\nmatch = {{ to = \"fallback\" }}\naction = {{ agent = \"fallback\" }}\n\
         [[route]]\nname = \"out\"\naction = {{ dial = {{ to = \"trunk:carrier/{number}\", ring = {ring}{more} }} }}\n"
    ))
}

async fn dialled(server: &Server, laws: &[Law], ptime_ms: u8) -> PhoneCall {
    call(address(server), DialOptions { laws: laws.to_vec(), ptime_ms, ..DialOptions::default() }).await
}

/// Sings to the parrot behind the bridge; what comes back.
async fn sing(call: &mut PhoneCall) -> (Song, Vec<i16>) {
    until_sound(&mut call.ear).await;
    let song = song();
    let said = patiently("the song's end", call.mouth().say(Arc::from(&*song.samples))).await.unwrap();
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    (song, call.ear.samples_since(said.ended))
}

async fn a_song_crosses_the_bridge_and_comes_back(law: Law, ptime_ms: u8) {
    let far = server(PARROT);
    let near = switch(address(&far), "receptionist", "");
    let (mut ends, mut far_ends) = (near.subscribe(), far.subscribe());
    let mut call = dialled(&near, &[law], ptime_ms).await;
    let (song, heard) = sing(&mut call).await;
    let sung = coded(law, &song.samples);
    let (heard, sung) = (trimmed(&heard), trimmed(&sung));
    assert!(heard.len() + CUT >= sung.len() && heard.len() <= sung.len(), "{} of {}", heard.len(), sung.len());
    assert!(sung.starts_with(heard), "what comes back differs from what was said");
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0), "{counts:?}");
    let ended = report(&mut ends).await;
    let other = ended.other.expect("there was another leg");
    assert_eq!((other.lost, other.late, other.duplicated), (0, 0, 0), "{other:?}");
    let far = report(&mut far_ends).await;
    assert_eq!((far.leg.lost, far.leg.late, far.leg.duplicated), (0, 0, 0), "{far:?}");
    // Each leg carries what the other heard: no packet is made up, none is swallowed.
    assert!(other.sent.abs_diff(far.leg.received) <= 1, "{other:?} {far:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_song_crosses_the_bridge_sample_for_sample_in_mu_law() {
    a_song_crosses_the_bridge_and_comes_back(Law::Mu, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_song_crosses_the_bridge_sample_for_sample_in_a_law_and_packets_of_30_ms() {
    a_song_crosses_the_bridge_and_comes_back(Law::A, 30).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_between_two_laws_keeps_pitch_and_level() {
    let far = server(&format!("[media]\ncodecs = [\"PCMU\"]\n{PARROT}"));
    let near = switch(address(&far), "receptionist", "");
    let mut call = dialled(&near, &[Law::A], 20).await;
    let (song, heard) = sing(&mut call).await;
    let heard = trimmed(&heard);
    for (chord, range) in song.notes {
        let note = &heard[range.start..range.end.min(heard.len())];
        assert!(chord.iter().all(|tone| (level_at(*tone, note) - NOTE_DBOV).abs() < 0.3), "{chord:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_cross_the_bridge_and_its_end_ends_both_legs() {
    let far = server(PARROT);
    let near = switch(address(&far), "receptionist", "");
    let (mut ends, mut keys) = (near.subscribe(), far.subscribe());
    let mut call = dialled(&near, &[Law::Mu], 20).await;
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    call.mouth().press('5');
    let key =
        event(&mut keys, |kind| if let CallEventKind::Media(MediaEvent::Key(key)) = kind { Some(*key) } else { None });
    assert_eq!(patiently("the key behind the bridge", key).await, '5');
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    call.mouth().press('9');
    patiently("the parrot to hang up", call.ended()).await.unwrap();
    assert_eq!(end_of(&mut ends).await, "answered; we hung up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_hangs_up_ends_the_call_behind_the_bridge_too() {
    let far = server(PARROT);
    let near = switch(address(&far), "receptionist", "");
    let mut far_ends = far.subscribe();
    let mut call = dialled(&near, &[Law::Mu], 20).await;
    until_sound(&mut call.ear).await;
    patiently("the end", call.hang_up()).await.unwrap();
    let ended = report(&mut far_ends).await;
    assert!(ended.leg.sent > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_holds_and_resumes_across_the_bridge() {
    let far = server(PARROT);
    let near = switch(address(&far), "receptionist", "");
    let mut call = dialled(&near, &[Law::Mu], 20).await;
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    patiently("hold", call.hold(true)).await.unwrap();
    patiently("resume", call.hold(false)).await.unwrap();
    let (_, heard) = {
        call.mouth().press('1');
        until_sound(&mut call.ear).await;
        until_pause(&mut call.ear).await;
        sing_quietly(&mut call).await
    };
    assert!(!heard.is_empty());
}

/// As [`sing`], of a parrot that waits already.
async fn sing_quietly(call: &mut PhoneCall) -> (Song, Vec<i16>) {
    let song = song();
    let said = patiently("the song's end", call.mouth().say(Arc::from(&*song.samples))).await.unwrap();
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    let heard = trimmed(&call.ear.samples_since(said.ended)).to_vec();
    (song, heard)
}

/// What a caller is told by `near`.
async fn refusal(near: &Server) -> String {
    let phone = phone();
    let dialled = phone.dial(address(near), "anybody", DialOptions::default());
    patiently("a refusal", dialled).await.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_is_told_why_nobody_was_reached() {
    let busy = server("[[route]]\nname = \"busy\"\naction = { reject = { status = 486 } }\n");
    assert!(refusal(&switch(address(&busy), "1", "")).await.contains("486"));
    let declined = server("[[route]]\nname = \"no\"\naction = { reject = { status = 603 } }\n");
    assert!(refusal(&switch(address(&declined), "1", "")).await.contains("603"));
    let slow =
        server("[[agent]]\nname = \"slow\"\nring = 60000\n[[route]]\nname = \"all\"\naction = { agent = \"slow\" }\n");
    assert!(refusal(&switch_for(address(&slow), "1", 3, "")).await.contains("480"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_number_is_refused_by_name_and_never_dialled() {
    let far = server(PARROT);
    let near = server(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{}\"]\noptions = 0\n\
         [[route]]\nname = \"out\"\naction = {{ dial = \"trunk:carrier\" }}\n",
        address(&far)
    ));
    let phone = phone();
    let dialled = phone.dial(address(&near), "112", DialOptions::default());
    let refused = patiently("a refusal", dialled).await.unwrap_err().to_string();
    assert!(refused.contains("403"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn when_nobody_is_reached_the_agent_takes_the_call() {
    let busy = server("[[route]]\nname = \"busy\"\naction = { reject = { status = 486 } }\n");
    let near = switch(address(&busy), "1", ", otherwise = { agent = \"fallback\" }");
    let mut call = dialled(&near, &[Law::Mu], 20).await;
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    let line = spoken(&["Nobody is there."]);
    let heard = call.ear.samples();
    assert!(crate::sound::position(trimmed(&line), &heard).is_some(), "the agent says its own greeting");
}
