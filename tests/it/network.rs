//! Networks as callers have them: loss, jitter and duplication, strangers, a caller that moves to another port, and RTCP.

use crate::sound::{PARROT, assert_whole, call, listen, until_pause, until_sound};
use crate::support::{HOME, address, patiently, report, server, story};
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath::net::shard::MediaEvent;
use talkpath::phone::{DialOptions, Impairment, Phone, PhoneCall};
use talkpath_media::g711::Law;
use talkpath_speech::voice::Voice;

/// The network that the bars are about.
const BAD: Impairment = Impairment { loss: 0.1, jitter: Duration::from_millis(40), duplication: 0.02 };
/// What the receiver is silent for before it fills: the most by which its clock may be behind the caller's.
const FILL: Duration = Duration::from_millis(60);
/// A packet.
const PTIME: Duration = Duration::from_millis(20);
/// The judgement of voice is by frames of 20 ms, and the packet with its first or last may be lost: at most two in a row here.
const EDGE: Duration = Duration::from_millis(60);

/// Packets that may still be under way when the call ends.
const UNDER_WAY: u64 = 3;

/// The caller's voice.
fn sentence() -> Arc<[i16]> {
    Voice::new().unwrap().synthesize("I wonder whether you are open on a Sunday, or only all week long.").into()
}

/// A second of it.
fn words() -> Arc<[i16]> {
    sentence()[..8_000].into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reaches_the_engine_is_continuous_at_10_percent_loss_and_40_ms_jitter() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let placed = Instant::now();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    let mouth = call.mouth();
    mouth.impair(BAD);
    // The first time over the agent's voice, then twice into silence.
    let mut said = Vec::new();
    for _ in 0..3 {
        said.push(patiently("the caller", mouth.say(words())).await.unwrap().first);
        listen(&mut call.ear, Duration::from_millis(3_500)).await;
    }
    // The last packets come as they should: what was lost before them is known to be.
    mouth.impair(Impairment::default());
    listen(&mut call.ear, Duration::from_millis(400)).await;
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    let lasted = placed.elapsed();
    let (told, report) = story(&mut events).await;
    assert_whole(&counts, &report);

    assert!(counts.dropped > counts.sent / 20 && counts.repeated > 0, "{counts:?}");
    let leg = &report.leg;
    assert_eq!((leg.lost, leg.duplicated), (counts.dropped, counts.repeated), "{leg:?} {counts:?}");
    assert!((0..=UNDER_WAY).contains(&(counts.sent - counts.dropped - leg.received)), "{leg:?} {counts:?}");
    // The engine has heard the caller's clock to the end, and no more than there was time.
    let sent = PTIME * u32::try_from(counts.sent).unwrap();
    assert!(report.heard + FILL >= sent && report.heard <= lasted + BAD.jitter, "{:?} of {sent:?}", report.heard);
    // What was said twice began and ended just as far apart for the engine as it was sent.
    let turns: Vec<_> = told.iter().filter_map(turn).collect();
    let [_, (began, ended), (began_again, ended_again)] = turns[..] else { panic!("{told:?}") };
    let apart = PTIME * u32::try_from(said[2] - said[1]).unwrap();
    assert!((began_again - began).abs_diff(apart) <= EDGE, "{apart:?} apart, heard {:?} apart", began_again - began);
    assert!((ended_again - ended).abs_diff(apart) <= EDGE, "{apart:?} apart, heard {:?} apart", ended_again - ended);
    assert!(leg.concealed > Duration::ZERO);
}

fn turn(event: &MediaEvent) -> Option<(Duration, Duration)> {
    if let MediaEvent::CallerStopped { from, to } = event { Some((*from, *to)) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_cannot_steal_the_stream() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    let begun = call.ear.heard().len();
    // One on the caller's own host, one elsewhere; both say what the caller would.
    let thieves = [Phone::start(HOME).unwrap(), Phone::start(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).unwrap()];
    let lines: Vec<_> = thieves.iter().map(|thief| thief.listening_line(call.remote, Law::Mu).unwrap()).collect();
    for (mouth, _) in &lines {
        drop(mouth.begin(sentence()));
    }
    listen(&mut call.ear, Duration::from_secs(4)).await;
    let mut stranger = 0;
    for (mouth, mut ear) in lines {
        let counts = mouth.disconnect().await.unwrap();
        ear.catch_up();
        assert!(counts.sent > 100 && counts.received == 0 && ear.heard().is_empty(), "{counts:?}");
        stranger += counts.sent;
    }
    listen(&mut call.ear, Duration::from_millis(100)).await;
    assert!(call.ear.heard().len() > begun + 190, "our voice went on to the caller");
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    let (told, report) = story(&mut events).await;
    assert_whole(&counts, &report);
    assert_eq!((report.leg.strangers, report.leg.lost), (stranger, 0));
    assert!((0..=UNDER_WAY).contains(&(counts.sent - report.leg.received)), "{:?} {counts:?}", report.leg);
    assert!(!told.iter().any(|event| matches!(event, MediaEvent::Ducked)), "a stranger was heard");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_falls_silent_and_comes_from_a_new_port_is_followed() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let phone = Phone::start(HOME).unwrap();
    let mut call =
        patiently("an answer", phone.dial(address(&server), "receptionist", DialOptions::default())).await.unwrap();
    until_sound(&mut call.ear).await;
    call.mouth().disconnect().await.unwrap();
    let (mouth, mut ear) = phone.listening_line(call.remote, Law::Mu).unwrap();
    let came = patiently("our voice at the new port", ear.next()).await.unwrap().packet.sent;
    assert!(came >= 100, "the old port's silence was waited for, not {came} packets");
    // The new port is heard, too: what it says is repeated.
    let said = patiently("the caller", mouth.say(words())).await.unwrap();
    ear.catch_up();
    until_sound(&mut ear).await;
    until_pause(&mut ear).await;
    assert!(crate::sound::trimmed(&ear.samples_since(said.ended)).len() > 6_000);
    let moved = mouth.disconnect().await.unwrap();
    assert_eq!((moved.lost, moved.doubled, moved.broken_timestamps), (0, 0, 0));
    server.drain(Duration::ZERO).await;
    patiently("the end", call.ended()).await.unwrap();
    let report = report(&mut events).await;
    assert!(report.leg.received > moved.sent / 2 && report.leg.strangers > 0, "{:?}", report.leg);
}

/// What one RTCP packet of a compound says (RFC 3550 §6.4.1, §6.4.2, §6.6).
#[derive(Debug)]
enum Rtcp {
    SenderReport { ssrc: u32, timestamp: u32, packets: u32, octets: u32, blocks: Vec<Block> },
    Bye { ssrc: u32 },
    Other(u8),
}

/// A reception report.
#[derive(Debug)]
struct Block {
    ssrc: u32,
    /// In 256ths.
    fraction: u8,
    lost: u32,
}

/// Reads by hand what our own crates wrote.
fn compound(mut data: &[u8]) -> Vec<Rtcp> {
    let word = |data: &[u8], at: usize| u32::from_be_bytes(data[4 * at..4 * at + 4].try_into().unwrap());
    let mut packets = Vec::new();
    while !data.is_empty() {
        assert_eq!(data[0] >> 6, 2, "version");
        let (packet, rest) = data.split_at(4 * (usize::from(u16::from_be_bytes([data[2], data[3]])) + 1));
        let count = usize::from(data[0] & 0x1F);
        packets.push(match packet[1] {
            200 => Rtcp::SenderReport {
                ssrc: word(packet, 1),
                timestamp: word(packet, 4),
                packets: word(packet, 5),
                octets: word(packet, 6),
                blocks: (0..count).map(|block| 7 + 6 * block).map(|at| read_block(&packet[4 * at..])).collect(),
            },
            203 => Rtcp::Bye { ssrc: word(packet, 1) },
            other => Rtcp::Other(other),
        });
        data = rest;
    }
    packets
}

fn read_block(data: &[u8]) -> Block {
    Block {
        ssrc: u32::from_be_bytes(data[..4].try_into().unwrap()),
        fraction: data[4],
        lost: u32::from_be_bytes([0, data[5], data[6], data[7]]),
    }
}

/// Ends the call and gives every RTCP datagram that came for it.
async fn reports(mut call: PhoneCall) -> (Vec<Vec<Rtcp>>, talkpath::phone::LineCounts) {
    let socket: UdpSocket = call.rtcp.take().unwrap();
    let counts = patiently("the end", call.hang_up()).await.unwrap();
    let socket = tokio::net::UdpSocket::from_std(socket).unwrap();
    let (mut came, mut buffer) = (Vec::new(), [0; 1_500]);
    loop {
        let length = patiently("a report with a BYE", socket.recv(&mut buffer)).await.unwrap();
        came.push(compound(&buffer[..length]));
        if came.iter().flatten().any(|packet| matches!(packet, Rtcp::Bye { .. })) {
            return (came, counts);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rtcp_tells_what_was_sent_and_lost_and_says_goodbye() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    call.mouth().impair(Impairment { loss: 0.1, ..Impairment::default() });
    // The first report comes within 3.1 s (RFC 3550 §6.3.1), and its like every 6.2 s.
    listen(&mut call.ear, Duration::from_secs(4)).await;
    call.mouth().impair(Impairment::default());
    listen(&mut call.ear, Duration::from_millis(200)).await;
    let packets = call.ear.heard().to_vec();
    let (came, counts) = reports(call).await;
    let report = report(&mut events).await;

    let [Rtcp::SenderReport { ssrc, timestamp, packets: sent, blocks, .. }, Rtcp::Other(202)] = &came[0][..] else {
        panic!("a report is SR and SDES, not {came:?}")
    };
    assert_eq!(*ssrc, packets[0].packet.ssrc);
    let at = usize::try_from(*sent).unwrap();
    assert!((25..=160).contains(&at), "after {at} packets");
    // Its clock is that of the packet that follows.
    assert_eq!(packets[at].packet.timestamp, *timestamp);
    assert!(blocks[0].lost > 0 && blocks[0].fraction > 0, "{blocks:?}");

    let [
        Rtcp::SenderReport { ssrc: last, packets: sent, octets, blocks, .. },
        Rtcp::Other(202),
        Rtcp::Bye { ssrc: leaving },
    ] = &came[came.len() - 1][..]
    else {
        panic!("the last is SR, SDES and BYE, not {came:?}")
    };
    assert_eq!((last, leaving), (ssrc, ssrc));
    assert_eq!((u64::from(*sent), *octets), (report.leg.sent, sent * 160));
    assert_eq!((u64::from(blocks[0].lost), report.leg.lost), (counts.dropped, counts.dropped));
    assert_ne!(blocks[0].ssrc, *ssrc, "it reports on the caller's stream");
}
