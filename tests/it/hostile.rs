//! Attacks on a running server: after each of a thousand hostile SIP datagrams it answers, and takes ordinary calls; hostile
//! RTP and RTCP at a live call's ports leave its audio as it was.
//!
//! The datagrams are the same ones in every run, seeded.

use crate::sound::{PARROT, assert_whole, call, coded, song, trimmed, until_pause, until_sound};
use crate::support::{HOME, address, patiently, phone, report, server};
use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};
use std::net::SocketAddr;
use std::sync::Arc;
use talkpath::phone::{DialOptions, Phone, PhoneCall};
use talkpath_media::g711::Law;
use tokio::net::UdpSocket;

/// Hostile datagrams.
const DATAGRAMS: usize = 1_000;
/// After so many of them a whole call is made; after each the server is asked whether it is there.
const CALL_EVERY: usize = 50;
/// INVITEs of the flood that are answered, and whose 200 is never acknowledged.
const UNACKNOWLEDGED: usize = 100;

/// Bytes and pieces that mean something to a SIP parser.
const PIECES: [&str; 18] = [
    "\r\n",
    "\r\n ",
    "\r\n\r\n",
    "\0",
    "\x7f",
    "\"",
    "\\",
    "<sip:",
    ">;tag=",
    "%00",
    "[::",
    ",,",
    ";;",
    ":",
    "@",
    "Content-Length: 18446744073709551615\r\n",
    "SIP/2.0",
    "Via: SIP/2.0/UDP x;branch=z9hG4bK\r\n",
];

/// Messages that attack one thing each; `@` is the server, `#` a number that no other has.
const ATTACKS: [&str; 16] = [
    "",
    "\r\n\r\n\r\n\r\n",
    "INVITE",
    "INVITE sip:receptionist@@ SIP/7.0\nVia: SIP/7.0/UDP 127.0.0.1:9;branch=z9hG4bK#\n\n",
    "OPTIONS sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nContent-Length: 18446744073709551615\n\nx",
    "OPTIONS sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nContent-Length: -1\n\n",
    "BYE sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nCall-ID: #\nFrom: <sip:a@b>;tag=1\n\
     To: <sip:@>;tag=nobody\nCSeq: 4294967296 BYE\nMax-Forwards: 70\nContent-Length: 0\n\n",
    "CANCEL sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nCall-ID: #\nFrom: <sip:a@b>;tag=1\nTo: <sip:@>\n\
     CSeq: 1 CANCEL\nMax-Forwards: 0\nContent-Length: 0\n\n",
    "ACK sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nCall-ID: #\nFrom: <sip:a@b>;tag=1\nTo: <sip:@>;tag=2\n\
     CSeq: 1 ACK\nContent-Length: 0\n\n",
    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP @;branch=z9hG4bK#\nCall-ID: #\nFrom: <sip:a@b>;tag=1\nTo: <sip:@>;tag=2\n\
     CSeq: 1 INVITE\nContact: <sip:a@127.0.0.1:9>\nContent-Length: 0\n\n",
    "SIP/2.0 100 Trying\nVia: SIP/2.0/UDP @;branch=z9hG4bK#\n\n",
    "SIP/2.0 4294967295 \nVia: SIP/2.0/UDP 127.0.0.1:9\nCSeq: 1 BYE\n\n",
    "INVITE sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nFrom: \"<sip:evil@x>\\\nTo: <sip:@>\nCall-ID: #\n\
     CSeq: 1 INVITE\nMax-Forwards: 70\nContact: *\nContent-Length: 0\n\n",
    "INVITE sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nFrom: <sip:a@b>;tag=1\nTo: <sip:@>\nCall-ID: #\n\
     CSeq: 1 INVITE\nMax-Forwards: 70\nContact: <sip:a@127.0.0.1:9>\nRequire: everything\nContent-Length: 0\n\n",
    "INVITE sip:@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#\nFrom: <sip:a@b>;tag=1\nTo: <sip:@>\nCall-ID: #\n\
     CSeq: 1 INVITE\nMax-Forwards: 70\nContact: <sip:a@127.0.0.1:9>\nContent-Type: application/sdp\nContent-Length: 22\n\n\
     v=0\nm=audio 99999999 x",
    "PUBLISH sip:@ SIP/2.0\nVia: SIP/2.0/UDP [::;branch=z9hG4bK#, SIP/2.0/UDP 127.0.0.1:99999;received=;rport=x\nl: 5\n\nx",
];

const INVITE: &str = "INVITE sip:receptionist@@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#;rport\n\
    From: <sip:flood@127.0.0.1>;tag=#\nTo: <sip:receptionist@@>\nCall-ID: #\nCSeq: 1 INVITE\nMax-Forwards: 70\n\
    Contact: <sip:flood@127.0.0.1:9>\nContent-Type: application/sdp\nContent-Length: 106\n\n\
    v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 9 RTP/AVP 0\na=rtpmap:0 PCMU/8000\n";

const OPTIONS: &str = "OPTIONS sip:receptionist@@ SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK#;rport\n\
    From: <sip:probe@127.0.0.1>;tag=#\nTo: <sip:receptionist@@>\nCall-ID: #\nCSeq: 1 OPTIONS\nMax-Forwards: 70\n\
    Content-Length: 0\n\n";

/// A message of these as it travels.
fn message(text: &str, server: SocketAddr, number: usize) -> Vec<u8> {
    let text = text.replace('#', &format!("h{number}")).replace("@@", &format!("@{server}"));
    text.replace(":@", &format!(":{server}")).replace(" @", &format!(" {server}")).replace('\n', "\r\n").into_bytes()
}

/// The messages of RFC 4475 and 5118 and of trunks, as the SIP room keeps them.
fn corpus() -> Vec<Vec<u8>> {
    let folders = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sip/tests/it/corpus")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let text = |file: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(file.unwrap().path()).unwrap();
    let mut corpus: Vec<_> =
        files.map(text).map(|text| text.replace("<len/>", "0").replace('\n', "\r\n").into()).collect();
    corpus.sort();
    corpus
}

fn mutated(seed: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..random.random_range(1..=4) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..=24)).min(bytes.len());
        match random.random_range(0..5) {
            0 => drop(bytes.splice(at..at, PIECES[random.random_range(0..PIECES.len())].bytes())),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..end, bytes[at..end].repeat(3))),
            3 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            _ => bytes.truncate(at),
        }
    }
    bytes
}

fn noise(random: &mut StdRng) -> Vec<u8> {
    let mut bytes = vec![0; random.random_range(0..1_400)];
    random.fill_bytes(&mut bytes);
    bytes
}

/// The hostile datagrams, shuffled by their number.
fn hostile(server: SocketAddr) -> Vec<Vec<u8>> {
    let (mut random, corpus) = (StdRng::seed_from_u64(4_475), corpus());
    let datagram = |number: usize| match number % 10 {
        0 => message(INVITE, server, number),
        1 => mutated(&message(INVITE, server, number), &mut random),
        2 => noise(&mut random),
        3 | 4 => message(ATTACKS[random.random_range(0..ATTACKS.len())], server, number),
        5 => corpus[number / 10 % corpus.len()].clone(),
        6 => mutated(&message(OPTIONS, server, number), &mut random),
        _ => mutated(&corpus[random.random_range(0..corpus.len())], &mut random),
    };
    (0..DATAGRAMS).map(datagram).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_call_is_answered_after_each_of_a_thousand_hostile_datagrams() {
    let server = server(PARROT);
    let (address, phone) = (address(&server), phone());
    let (attacker, probe) = (UdpSocket::bind((HOME, 0)).await.unwrap(), UdpSocket::bind((HOME, 0)).await.unwrap());
    for (number, datagram) in hostile(address).iter().enumerate() {
        attacker.send_to(datagram, address).await.unwrap();
        still_there(&probe, address, number).await;
        if (number + 1).is_multiple_of(CALL_EVERY) {
            let mut call = whole_call(&phone, address).await;
            until_sound(&mut call.ear).await;
            let counts = patiently("the end", call.hang_up()).await.unwrap();
            assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0), "after {number}");
        }
    }
    // The flood was taken for calls, each of which waits for its ACK; nothing worse became of it.
    let waiting = server.context().shards.calls();
    assert!((UNACKNOWLEDGED..=2 * UNACKNOWLEDGED).contains(&waiting), "{waiting} calls");
}

/// Asks the server whether it is there and waits until it says so.
async fn still_there(probe: &UdpSocket, server: SocketAddr, number: usize) {
    let mut buffer = [0; 2_048];
    probe.send_to(&message(OPTIONS, server, DATAGRAMS + number), server).await.unwrap();
    let branch = format!("branch=z9hG4bKh{};", DATAGRAMS + number);
    loop {
        let length = patiently("an answer to OPTIONS", probe.recv(&mut buffer)).await.unwrap();
        let response = String::from_utf8_lossy(&buffer[..length]);
        if response.contains(&branch) {
            assert!(response.starts_with("SIP/2.0 200 "), "after datagram {number}: {response}");
            return;
        }
    }
}

async fn whole_call(phone: &Phone, server: SocketAddr) -> PhoneCall {
    patiently("an answer", phone.dial(server, "receptionist", DialOptions::default())).await.unwrap()
}

/// An RTP or RTCP datagram that nobody should send.
fn hostile_media(random: &mut StdRng, ssrc: u32) -> Vec<u8> {
    let mut bytes = noise(random);
    let kind = random.random_range(0..8);
    if bytes.len() < 40 || kind == 0 {
        return bytes;
    }
    let (first, second) = match kind {
        // As many contributing sources, as long an extension, as much padding as there isn't.
        1 => (0x8F, 0),
        2 => (0x90, 0),
        3 => (0xA0, 0x80),
        // A plain packet of voice, and a key.
        4 => (0x80, 0),
        5 => (0x80, 101),
        // BYE and a report of the caller's, as if it were told.
        6 => (0x81, 203),
        _ => (0x9F, 200),
    };
    bytes[..2].copy_from_slice(&[first, second]);
    bytes[if second >= 200 { 4..8 } else { 8..12 }].copy_from_slice(&ssrc.to_be_bytes());
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_rtp_and_rtcp_leave_a_live_call_undisturbed() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    let rtcp = SocketAddr::new(call.remote.ip(), call.remote.port() + 1);
    let attackers = [UdpSocket::bind((HOME, 0)).await.unwrap(), UdpSocket::bind("127.0.0.2:0").await.unwrap()];
    let (song, mut random) = (song(), StdRng::seed_from_u64(3_550));
    let mut singing = call.mouth().begin(Arc::from(&*song.samples));
    let said = loop {
        let ssrc = patiently("a packet", call.ear.next()).await.unwrap().packet.ssrc;
        for attacker in &attackers {
            for _ in 0..4 {
                attacker.send_to(&hostile_media(&mut random, ssrc), call.remote).await.unwrap();
                attacker.send_to(&hostile_media(&mut random, ssrc), rtcp).await.unwrap();
            }
        }
        if let Ok(said) = singing.try_recv() {
            break said;
        }
    };
    call.ear.catch_up();
    until_sound(&mut call.ear).await;
    until_pause(&mut call.ear).await;
    let (heard, sung) = (call.ear.samples_since(said.ended), coded(Law::Mu, &song.samples));
    let (heard, sung) = (trimmed(&heard), trimmed(&sung));
    assert!(sung.starts_with(heard) && heard.len() + 320 >= sung.len(), "{} of {}", heard.len(), sung.len());
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    let report = report(&mut events).await;
    assert_whole(&counts, &report);
    assert!(report.leg.strangers > 100 && report.leg.lost == 0, "{:?}", report.leg);
    assert_eq!((report.turns.turns, report.turns.key_interruptions), (1, 0));
}
