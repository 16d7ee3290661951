//! A caller that changes what was agreed on, by hand: its voice moves to another port, codec and packet time; an offer of ours
//! is answered late; a hold is a hold. Judged by the packets that come.

use crate::raw::{Call, Raw, field, sdp};
use crate::sound::PARROT;
use crate::support::{HOME, address, server};
use std::net::UdpSocket;
use std::time::Duration;
use talkpath::server::Server;

/// Nothing has come for so long: what was under way is through.
const SILENCE: Duration = Duration::from_millis(200);

/// Where the caller hears.
struct Ear(UdpSocket);

/// What a packet is: its payload type, and how many bytes of voice.
type Packet = (u8, usize);
const MU_LAW: Packet = (0, 160);
const A_LAW: Packet = (8, 160);
const LONG_A_LAW: Packet = (8, 240);

impl Ear {
    fn new() -> Self {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        socket.set_read_timeout(Some(crate::programs::PATIENCE)).unwrap();
        Self(socket)
    }

    fn sdp(&self, version: u32, payloads: &str, more: &str) -> String {
        sdp(self.0.local_addr().unwrap(), version, payloads, more)
    }

    fn next(&self) -> Packet {
        let mut buffer = [0; 1_500];
        let length = self.0.recv(&mut buffer).expect("a packet");
        (buffer[1] & 0x7F, length - 12)
    }

    /// Waits for a packet of this kind; those that were under way may come before it.
    fn until(&self, wanted: Packet) {
        while self.next() != wanted {}
    }

    /// Reads until nothing comes any more.
    fn until_silent(&self) {
        self.0.set_read_timeout(Some(SILENCE)).unwrap();
        let mut buffer = [0; 1_500];
        while self.0.recv(&mut buffer).is_ok() {}
        self.0.set_read_timeout(Some(crate::programs::PATIENCE)).unwrap();
    }

    /// Sends voice to where `answer` says that it is wanted.
    fn speak(&self, answer: &str, payload_type: u8, packets: u16) {
        let port = answer.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
        for sequence in 0..packets {
            let mut packet = vec![0xFF; 172];
            packet[..2].copy_from_slice(&[0x80, payload_type]);
            packet[2..4].copy_from_slice(&sequence.to_be_bytes());
            packet[4..8].copy_from_slice(&(u32::from(sequence) * 160).to_be_bytes());
            packet[8..12].copy_from_slice(&[7; 4]);
            self.0.send_to(&packet, (HOME, port)).unwrap();
        }
    }
}

fn caller(server: &Server) -> Call {
    Call::new(Raw::udp(address(server)), "receptionist")
}

fn nothing(_: &str) -> String {
    String::new()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_moves_is_followed_to_its_new_port_codec_and_packet_time_before_a_packet_comes_from_there() {
    let server = server(PARROT);
    let (mut call, old, new) = (caller(&server), Ear::new(), Ear::new());
    let ok = call.invite(&old.sdp(1, "0 8", ""), nothing);
    old.until(MU_LAW);
    // The server has learnt where the caller's packets come from; the offer counts for more.
    old.speak(&ok, 0, 5);
    call.invite(&new.sdp(2, "8", "a=ptime:30\r\n"), nothing);
    new.until(LONG_A_LAW);
    old.until_silent();
    assert_eq!(new.next(), LONG_A_LAW);
    call.bye();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voice_that_moves_by_update_is_followed_too() {
    let server = server(PARROT);
    let (mut call, old, new) = (caller(&server), Ear::new(), Ear::new());
    call.invite(&old.sdp(1, "0", ""), nothing);
    old.until(MU_LAW);
    let ok = call.ask("UPDATE", "", &new.sdp(2, "0", ""));
    assert!(ok.starts_with("SIP/2.0 200 ") && ok.contains("m=audio "), "{ok}");
    new.until(MU_LAW);
    old.until_silent();
    call.bye();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_the_ack_decides_where_voice_goes_and_in_which_codec() {
    let server = server(PARROT);
    let (mut call, ear) = (caller(&server), Ear::new());
    let ok = call.invite("", |ok| {
        assert!(ok.contains("RTP/AVP 0 8 "), "we offer what we have: {ok}");
        ear.sdp(1, "8", "")
    });
    assert_eq!(field(&ok, "Content-Type"), Some("application/sdp"));
    assert_eq!(ear.next(), A_LAW);
    call.bye();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reinvite_without_an_offer_moves_the_voice_by_the_answer_in_its_ack() {
    let server = server(PARROT);
    let (mut call, old, new) = (caller(&server), Ear::new(), Ear::new());
    call.invite(&old.sdp(1, "0 8", ""), nothing);
    old.until(MU_LAW);
    call.invite("", |_| new.sdp(2, "8", ""));
    new.until(A_LAW);
    old.until_silent();
    call.bye();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_to_whoever_holds_in_any_of_the_ways_to_say_so() {
    let server = server(PARROT);
    let (mut call, ear) = (caller(&server), Ear::new());
    call.invite(&ear.sdp(1, "0", ""), nothing);
    let zero = |held: String| held.replace(&format!("c=IN IP4 {HOME}"), "c=IN IP4 0.0.0.0");
    let ways: [&dyn Fn(u32) -> String; 3] = [
        &|version| ear.sdp(version, "0", "a=sendonly\r\n"),
        &|version| ear.sdp(version, "0", "a=inactive\r\n"),
        &|version| zero(ear.sdp(version, "0", "")),
    ];
    for (hold, version) in ways.iter().zip((2..).step_by(2)) {
        ear.until(MU_LAW);
        let ok = call.invite(&hold(version), nothing);
        assert!(ok.contains("a=recvonly") || ok.contains("a=inactive"), "{ok}");
        ear.until_silent();
        let ok = call.invite(&ear.sdp(version + 1, "0", ""), nothing);
        assert!(!ok.contains("only") && !ok.contains("inactive"), "{ok}");
    }
    ear.until(MU_LAW);
    call.bye();
}
