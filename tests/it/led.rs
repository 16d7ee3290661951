//! Calls that are led through a trunk, whose servers are played by hand: overload, silence, refusals, early media, loops.

use crate::programs::{PATIENCE, free_port};
use crate::raw::{Call, Raw, field, reply, sdp, status};
use crate::support::{HOME, address, config, server};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};
use talkpath::server::Server;
use talkpath_config::Listen;

/// A server of the trunk.
struct Carrier(UdpSocket);

impl Carrier {
    fn new() -> Self {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(socket)
    }

    fn place(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// The next request of this method, and where it came from; others that come before it are those that were answered.
    fn next(&self, method: &str) -> (String, SocketAddr) {
        let mut buffer = [0; 65_536];
        loop {
            let (length, from) = self.0.recv_from(&mut buffer).unwrap();
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if request.starts_with(method) {
                return (request, from);
            }
        }
    }

    fn answer(&self, (request, from): &(String, SocketAddr), status: &str) {
        self.0.send_to(reply(request, status, "").as_bytes(), from).unwrap();
    }

    /// Answers with a description of `media`.
    fn describe(&self, (request, from): &(String, SocketAddr), status: &str, media: SocketAddr) {
        let (body, contact) = (sdp(media, 1, "0", ""), self.place());
        let kind = "Content-Type: application/sdp\r\n";
        let head = reply(request, status, &format!("Contact: <sip:100@{contact}>\r\n{kind}"));
        let head = head.replace("Content-Length: 0", &format!("Content-Length: {}", body.len()));
        self.0.send_to((head + &body).as_bytes(), from).unwrap();
    }

    fn has_heard_nothing(&self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        self.0.recv(&mut [0; 65_536]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// Leads every call through a trunk with these servers.
fn office(carriers: &[&Carrier]) -> Server {
    let servers: Vec<_> = carriers.iter().map(|carrier| format!("\"sip:{}\"", carrier.place())).collect();
    let servers = servers.join(", ");
    server(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [{servers}]\noptions = 0\n\
         [[route]]\nname = \"out\"\naction = {{ dial = \"trunk:carrier/100\" }}\n"
    ))
}

fn nowhere() -> SocketAddr {
    (HOME, 9).into()
}

/// A caller in a thread of its own, as somebody has to answer its call meanwhile; gives the final response, acknowledged.
fn caller(server: &Server, media: SocketAddr) -> JoinHandle<(String, Call)> {
    let raw = Raw::udp(address(server));
    spawn(move || {
        let mut call = Call::new(raw, "100");
        let end = call.ask("INVITE", "", &sdp(media, 1, "0", ""));
        match status(&end) {
            200 => call.confirm(&end, ""),
            _ => call.acknowledge_refusal(&end),
        }
        (end, call)
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_overloaded_leaves_the_call_to_the_next() {
    let (full, free) = (Carrier::new(), Carrier::new());
    let server = office(&[&full, &free]);
    let caller = caller(&server, nowhere());
    full.answer(&full.next("INVITE"), "503 Service Unavailable");
    full.next("ACK");
    free.describe(&free.next("INVITE"), "200 OK", nowhere());
    free.next("ACK");
    let (end, mut call) = caller.join().unwrap();
    assert_eq!(status(&end), 200, "{end}");
    call.bye();
    free.answer(&free.next("BYE"), "200 OK");
    assert!(full.has_heard_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_nothing_leaves_the_call_to_the_next_soon() {
    let (dead, free) = (Carrier::new(), Carrier::new());
    let server = office(&[&dead, &free]);
    let caller = caller(&server, nowhere());
    dead.next("INVITE");
    let begun = Instant::now();
    let invite = free.next("INVITE");
    // Six copies of the INVITE have been sent in vain.
    let waited = begun.elapsed();
    assert!(waited > Duration::from_secs(3) && waited < Duration::from_secs(6), "{waited:?}");
    free.answer(&invite, "480 Temporarily Unavailable");
    assert_eq!(status(&caller.join().unwrap().0), 480);
}

/// RFC 3261 §13.2.2.1: what is heard before the answer reaches the caller, and is no answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_before_the_refusal_is_heard_by_the_caller_and_answers_nothing() {
    const PACKETS: u8 = 50;
    let carrier = Carrier::new();
    let server = office(&[&carrier]);
    let media = || {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket
    };
    let (ear, mouth) = (media(), media());
    let caller = caller(&server, ear.local_addr().unwrap());
    let invite = carrier.next("INVITE");
    carrier.describe(&invite, "183 Session Progress", mouth.local_addr().unwrap());
    let port = invite.0.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    // The bridge sends by our clock, so what comes is counted and not timed; a byte of voice is its packet's number.
    let announcing = spawn(move || {
        // The first packet that comes back says that the leg is there.
        mouth.recv(&mut [0; 1_500]).unwrap();
        for number in 0..PACKETS {
            let mut packet = vec![number; 172];
            packet[..12].copy_from_slice(&[0x80, 0, 0, number, 0, 0, 0, 0, 5, 5, 5, 5]);
            packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
            mouth.send_to(&packet, (HOME, port)).unwrap();
            // In step with what comes the other way, 20 ms a packet.
            mouth.recv(&mut [0; 1_500]).unwrap();
        }
    });
    let mut buffer = [0; 1_500];
    while buffer[100] != PACKETS - 1 {
        ear.recv(&mut buffer).expect("the announcement");
    }
    announcing.join().unwrap();
    assert!(!caller.is_finished(), "it is not answered");
    carrier.answer(&invite, "486 Busy Here");
    assert_eq!(status(&caller.join().unwrap().0), 486);
}

/// RFC 7332; RFC 3261 §16.3, §16.6: a call that comes back to us again and again must come to an end.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_led_on_has_one_hop_less_and_none_when_there_is_none_left() {
    let carrier = Carrier::new();
    let server = office(&[&carrier]);
    let led = |hops| {
        let raw = Raw::udp(address(&server));
        spawn(move || {
            let mut call = Call::new(raw, "100");
            call.hops = hops;
            let end = call.ask("INVITE", "", &sdp(nowhere(), 1, "0", ""));
            call.acknowledge_refusal(&end);
            status(&end)
        })
    };
    let caller = led(3);
    let invite = carrier.next("INVITE");
    assert_eq!(field(&invite.0, "Max-Forwards"), Some("2"));
    carrier.answer(&invite, "486 Busy Here");
    assert_eq!(caller.join().unwrap(), 486);
    carrier.next("ACK");
    assert_eq!(led(0).join().unwrap(), 483);
    assert!(carrier.has_heard_nothing());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_that_leads_to_ourselves_ends_with_too_many_hops() {
    let place = SocketAddr::new(HOME, free_port());
    let mut config = config(&format!("[[route]]\nname = \"circle\"\naction = {{ dial = \"sip:100@{place}\" }}\n"));
    config.sip.listen = vec![Listen::udp(place)];
    let _server = Server::start(config).unwrap();
    let mut call = Call::new(Raw::udp(place), "100");
    call.hops = 8;
    let end = call.ask("INVITE", "", &sdp(nowhere(), 1, "0", ""));
    call.acknowledge_refusal(&end);
    assert_eq!(status(&end), 483, "{end}");
}
