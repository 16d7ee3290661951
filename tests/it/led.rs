//! Calls that are led through a trunk, whose servers are played by hand: overload, silence, refusals, early media, loops.

use crate::programs::{PATIENCE, free_port};
use crate::raw::{Call, Raw, field, reply, sdp, status};
use crate::support::{HOME, address, config, server};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
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

fn media() -> UdpSocket {
    let socket = UdpSocket::bind((HOME, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// The port for voice that a message describes.
fn port_of(message: &str) -> u16 {
    message.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// Sends packets with these numbers to a port of the server, each full of its number, in step with what comes the other way:
/// the first that comes says that the leg is there, each further one that 20 ms have passed by the server's clock.
fn say(mouth: UdpSocket, port: u16, numbers: Range<u8>) -> JoinHandle<UdpSocket> {
    spawn(move || {
        mouth.recv(&mut [0; 1_500]).unwrap();
        for number in numbers {
            let mut packet = vec![number; 172];
            packet[..12].copy_from_slice(&[0x80, 0, 0, number, 0, 0, 0, 0, 5, 5, 5, 5]);
            packet[4..8].copy_from_slice(&(u32::from(number) * 160).to_be_bytes());
            mouth.send_to(&packet, (HOME, port)).unwrap();
            mouth.recv(&mut [0; 1_500]).unwrap();
        }
        mouth
    })
}

/// Hears what [`say`] says, to its last packet: nothing twice, nothing in another order. The first may be blended with the
/// silence before it, and says another number then.
fn hear(ear: &UdpSocket, numbers: Range<u8>) {
    // By the server's clock, so that silence can't be listened to for ever.
    const MOST: usize = 1_500;
    let (mut buffer, mut heard) = ([0; 1_500], Vec::new());
    for _ in 0..MOST {
        ear.recv(&mut buffer).expect("voice");
        heard.extend(Some(buffer[100]).filter(|number| numbers.contains(number)));
        if heard.last() == Some(&(numbers.end - 1)) {
            assert!(heard.iter().skip(1).is_sorted_by(|one, next| one < next), "{heard:?}");
            return;
        }
    }
    panic!("only {heard:?} of {numbers:?} was heard");
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
    let carrier = Carrier::new();
    let server = office(&[&carrier]);
    let (ear, mouth) = (media(), media());
    let caller = caller(&server, ear.local_addr().unwrap());
    let invite = carrier.next("INVITE");
    carrier.describe(&invite, "183 Session Progress", mouth.local_addr().unwrap());
    let announcing = say(mouth, port_of(&invite.0), 0..50);
    hear(&ear, 0..50);
    announcing.join().unwrap();
    assert!(!caller.is_finished(), "it is not answered");
    carrier.answer(&invite, "486 Busy Here");
    assert_eq!(status(&caller.join().unwrap().0), 486);
}

/// RFC 3261 §13.2.2.1; RFC 3960 §2.1: an announcement goes over into the call, and only the answer is one.
#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_goes_over_into_the_call_when_it_is_answered() {
    let carrier = Carrier::new();
    let server = office(&[&carrier]);
    let (ear, mouth) = (media(), media());
    let caller = caller(&server, ear.local_addr().unwrap());
    let invite = carrier.next("INVITE");
    let place = mouth.local_addr().unwrap();
    carrier.describe(&invite, "183 Session Progress", place);
    let talking = say(mouth, port_of(&invite.0), 0..150);
    hear(&ear, 0..50);
    assert!(!caller.is_finished(), "it is not answered");

    carrier.describe(&invite, "200 OK", place);
    carrier.next("ACK");
    let (end, mut call) = caller.join().unwrap();
    assert_eq!(status(&end), 200, "{end}");
    hear(&ear, 50..150);
    let mouth = talking.join().unwrap();
    // And the other way.
    let answering = say(ear, port_of(&end), 150..200);
    hear(&mouth, 150..200);
    answering.join().unwrap();
    let hanging_up = spawn(move || call.bye());
    carrier.answer(&carrier.next("BYE"), "200 OK");
    hanging_up.join().unwrap();
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
