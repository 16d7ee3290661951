//! SIP over TCP by hand: messages in pieces and in heaps, streams that can't be read, peers that are slow or too many, and
//! connections that are gone when they are needed.

use crate::programs::PATIENCE;
use crate::raw::{Call, Raw, call_and_hang_up, field, register, reply, sdp, status};
use crate::sound::PARROT;
use crate::support::{HOME, HOME_6, end_of, has_ipv6, patiently, server, server_at};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::time::{Duration, Instant};
use talkpath::server::Server;
use talkpath_config::Listen;

/// Nobody may come in from where the tests live.
const CLOSED: &str = "[sip]\nallow = [\"192.0.2.1\"]\n";
/// Connections of one address that may have to prove itself.
const MOST_OF_ONE: usize = 64;
/// How long a message may take from its first byte to its last.
const MESSAGE: Duration = Duration::from_secs(15);

fn tcp(server: &Server) -> SocketAddr {
    let tcp = Listen::tcp((HOME, 0).into()).protocol;
    server.listening().find(|listen| listen.protocol == tcp).unwrap().address
}

/// Asks whether the server is there, along a connection that has been used already.
fn is_answered(raw: &mut Raw) {
    let options = raw.request("OPTIONS", "probe", "receptionist");
    raw.send(options.as_bytes());
    let answer = raw.answer();
    assert_eq!((status(&answer), field(&answer, "Call-ID")), (200, field(&options, "Call-ID")), "{answer}");
}

/// Waits until the server closes the connection; what came before that.
fn until_closed(raw: &mut Raw) -> String {
    let mut came = String::new();
    while let Some(more) = raw.receive() {
        came.push_str(&more);
    }
    came
}

/// A request whose head says that so many bytes follow.
fn with_length(raw: &Raw, length: &str) -> String {
    raw.request("OPTIONS", "probe", "receptionist").replace("Content-Length: 0\r\n", length)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_may_come_in_single_bytes_and_two_in_one_write() {
    let server = server(PARROT);
    let mut raw = Raw::tcp(tcp(&server));
    let options = raw.request("OPTIONS", "probe", "receptionist");
    options.as_bytes().iter().for_each(|byte| raw.send(&[*byte]));
    assert_eq!(field(&raw.answer(), "Call-ID"), field(&options, "Call-ID"));
    let both = [raw.request("OPTIONS", "probe", "receptionist"), raw.request("BYE", "probe", "receptionist")];
    // The second in two pieces: its end comes with nothing else.
    let (first, rest) = (both.concat().into_bytes(), 20);
    raw.send(&first[..first.len() - rest]);
    raw.send(&first[first.len() - rest..]);
    let answers = [raw.answer(), raw.answer()];
    assert_eq!(answers.each_ref().map(|answer| status(answer)), [200, 481]);
    assert_eq!(
        answers.each_ref().map(|answer| field(answer, "Call-ID")),
        both.each_ref().map(|it| field(it, "Call-ID"))
    );
}

/// RFC 5626 §3.5.1.
#[tokio::test(flavor = "multi_thread")]
async fn a_double_crlf_is_answered_with_one_and_disturbs_nothing() {
    let server = server("");
    let mut raw = Raw::tcp(tcp(&server));
    raw.send(b"\r\n\r\n");
    assert_eq!(raw.receive().as_deref(), Some("\r\n"));
    // A single one, as a pong would be, gets nothing.
    raw.send(b"\r\n");
    is_answered(&mut raw);
    raw.send(b"\r\n\r\n");
    assert_eq!(raw.receive().as_deref(), Some("\r\n"));
}

/// §18.3: where a message ends must be said; whoever leaves it open loses the connection, and nobody else anything.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_cannot_be_cut_into_messages_is_closed_with_no_harm_to_others() {
    let server = server(PARROT);
    let address = tcp(&server);
    let mut bystander = Call::new(Raw::tcp(address), "receptionist");
    bystander.invite(&sdp((HOME, 9).into(), 1, "0", ""), |_| String::new());
    let mut noise = vec![0; 100_000];
    StdRng::seed_from_u64(1_803).fill_bytes(&mut noise);
    let endless = "X-Endless: and so on\r\n".repeat(5_000);
    type Broken<'a> = (&'a str, &'a dyn Fn(&Raw) -> Vec<u8>);
    let broken: [Broken<'_>; 9] = [
        ("no Content-Length", &|raw| with_length(raw, "").into()),
        ("a huge Content-Length", &|raw| with_length(raw, "Content-Length: 18446744073709551615\r\n").into()),
        ("more than is taken", &|raw| with_length(raw, "Content-Length: 1000000\r\n").into()),
        ("a negative Content-Length", &|raw| with_length(raw, "Content-Length: -1\r\n").into()),
        ("two that differ", &|raw| with_length(raw, "Content-Length: 0\r\nl: 5\r\n").into()),
        ("a head without an end", &|raw| with_length(raw, &endless).into()),
        ("one line without an end", &|_| vec![b'x'; 100_000]),
        ("another protocol", &|_| b"GET / HTTP/1.1\r\nHost: talkpath\r\n\r\n".to_vec()),
        ("noise", &|_| noise.clone()),
    ];
    for (what, bytes) in broken {
        let mut raw = Raw::tcp(address);
        let bytes = bytes(&raw);
        raw.send(&bytes);
        assert_eq!(until_closed(&mut raw), "", "{what}");
        is_answered(&mut bystander.raw);
    }
    bystander.bye();
}

/// A message whose end is known but which makes no sense is answered, if it can be, and the next one is read.
#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_message_is_answered_400_and_the_stream_goes_on() {
    let server = server("");
    let mut raw = Raw::tcp(tcp(&server));
    let broken = raw.request("OPTIONS", "probe", "receptionist").replace("CSeq: 1 OPTIONS", "CSeq: one OPTIONS");
    raw.send(broken.as_bytes());
    assert_eq!(status(&raw.answer()), 400);
    raw.send(b"A response of no protocol\r\nContent-Length: 4\r\n\r\nnone");
    is_answered(&mut raw);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_trickles_in_for_too_long_loses_its_connection() {
    let server = server("");
    let mut raw = Raw::tcp(tcp(&server));
    is_answered(&mut raw);
    raw.set_patience(Duration::from_millis(500));
    let begun = Instant::now();
    // Each byte keeps the connection busy; the message has begun with the first.
    for byte in raw.request("OPTIONS", "slow", "receptionist").into_bytes() {
        raw.send(&[byte]);
        match raw.try_receive() {
            Ok(None) => break,
            Ok(Some(came)) => panic!("nothing was asked yet: {came}"),
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}"),
        }
        assert!(begun.elapsed() < 2 * MESSAGE, "it was never closed");
    }
    assert!(begun.elapsed() > MESSAGE - Duration::from_secs(1), "closed after {:?}", begun.elapsed());
}

/// §18.2.2: "the response MUST be sent using the existing connection", whatever address the Via names.
#[tokio::test(flavor = "multi_thread")]
async fn a_response_takes_the_connection_of_its_request() {
    let server = server("");
    let (mut one, mut other) = (Raw::tcp(tcp(&server)), Raw::tcp(tcp(&server)));
    let crossed = |from: &Raw, named: &Raw| {
        let request = from.request("OPTIONS", "probe", "receptionist");
        request.replace(&format!("TCP {};", from.own), &format!("TCP {};", named.own))
    };
    let (first, second) = (crossed(&one, &other), crossed(&other, &one));
    one.send(first.as_bytes());
    other.send(second.as_bytes());
    assert_eq!(field(&one.answer(), "Call-ID"), field(&first, "Call-ID"));
    assert_eq!(field(&other.answer(), "Call-ID"), field(&second, "Call-ID"));
}

/// A caller over TCP at this Contact, whose connection is gone while the agent says goodbye.
fn caller_that_is_cut_off(server: &Server, contact: SocketAddr) {
    let mut call = Call::new(Raw::tcp(tcp(server)), "receptionist");
    call.contact = format!("<sip:raw@{contact};transport=tcp>");
    call.invite(&sdp((HOME, 9).into(), 1, "0", ""), |_| String::new());
    call.press('9');
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_outlives_its_connection_and_its_bye_makes_a_new_one_to_the_contact() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let contact = TcpListener::bind((HOME, 0)).unwrap();
    caller_that_is_cut_off(&server, contact.local_addr().unwrap());
    let mut raw = Raw::along(contact.accept().unwrap().0);
    let bye = raw.message().unwrap();
    assert!(bye.starts_with(&format!("BYE sip:raw@{}", contact.local_addr().unwrap())), "{bye}");
    raw.send(reply(&bye, "200 OK", "").as_bytes());
    assert_eq!(end_of(&mut events).await, "answered; we hung up");
    server.drain(Duration::ZERO).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_connection_and_contact_are_gone_ends_and_leaves_nothing() {
    let server = server(PARROT);
    let mut events = server.subscribe();
    let nobody = TcpListener::bind((HOME, 0)).unwrap().local_addr().unwrap();
    caller_that_is_cut_off(&server, nobody);
    assert_eq!(end_of(&mut events).await, "answered; we hung up");
    // A BYE that can't be sent is not waited for as long as one that may be answered yet.
    let begun = Instant::now();
    patiently("the end", server.sip().settled()).await;
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_closed_on_at_once() {
    let server = server(CLOSED);
    let mut raw = Raw::tcp(tcp(&server));
    let options = raw.request("OPTIONS", "probe", "receptionist");
    raw.send(options.as_bytes());
    assert_eq!(until_closed(&mut raw), "", "not a word");
}

/// Whether the server keeps the connection: it answers pings.
fn lives(raw: &mut Raw) -> bool {
    raw.send(b"\r\n\r\n");
    raw.receive().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_have_to_prove_who_it_is_has_so_many_connections_and_no_more() {
    let server = server(&format!("{CLOSED}[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n"));
    let address = tcp(&server);
    let mut all: Vec<_> = (0..MOST_OF_ONE).map(|_| Raw::tcp(address)).collect();
    assert!(all.iter_mut().all(lives));
    assert!(!lives(&mut Raw::tcp(address)), "one more is closed");
    assert!(all.iter_mut().all(lives), "at nobody's cost");
    // One that goes makes room, as soon as the server has seen it go.
    drop(all.pop());
    let deadline = Instant::now() + PATIENCE;
    while !lives(&mut Raw::tcp(address)) {
        assert!(Instant::now() < deadline, "there never was room again");
    }
}

/// An office has as many phones behind one address as it likes.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_proved_who_it_is_takes_no_place_of_those_who_have_not() {
    let server = server(&format!("{CLOSED}[[phone]]\nuser = \"desk\"\npassword = \"secret\"\n"));
    let address = tcp(&server);
    let mut all: Vec<_> = (0..MOST_OF_ONE).map(|_| Raw::tcp(address)).collect();
    assert!(all.iter_mut().all(lives));
    for raw in &mut all[..2] {
        assert_eq!(status(&register(raw, "desk", "secret")), 200);
    }
    let mut more = [Raw::tcp(address), Raw::tcp(address)];
    assert!(more.iter_mut().all(lives), "two have proved who they are");
    assert!(!lives(&mut Raw::tcp(address)));
    assert!(all.iter_mut().all(lives));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_made_over_tcp_in_both_families() {
    let homes = [HOME].into_iter().chain(has_ipv6().then_some(HOME_6));
    for home in homes {
        let server = server_at(&[home], PARROT);
        call_and_hang_up(Raw::tcp(tcp(&server)), "receptionist");
        let mut raw = Raw::tcp(tcp(&server));
        is_answered(&mut raw);
        server.drain(Duration::ZERO).await;
    }
}

/// Two servers of a trunk at one port, by UDP and by TCP; where there is only the former, nobody listens on the latter.
fn both_ways() -> (UdpSocket, TcpListener) {
    loop {
        let tcp = TcpListener::bind((HOME, 0)).unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            udp.set_read_timeout(Some(PATIENCE)).unwrap();
            return (udp, tcp);
        }
    }
}

/// Whoever calls it is led through a trunk at `place`, with an INVITE that is too large for a datagram.
fn talkative(place: SocketAddr) -> Server {
    server(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{place}\"]\nusername = \"{}\"\npassword = \"x\"\noptions = 0\n\
         caller_id = \"+4930123456\"\nidentity = \"p-asserted-identity\"\n\
         [[route]]\nname = \"out\"\naction = {{ dial = \"trunk:carrier/100\" }}\n",
        "u".repeat(40),
    ))
}

/// A caller with a name so long that the INVITE in its name is.
fn call_with_a_long_name(server: &Server) -> std::thread::JoinHandle<String> {
    let raw = Raw::udp(crate::support::address(server));
    std::thread::spawn(move || {
        let mut call = Call::new(raw, "100");
        call.name = format!("\"{}\" ", "So Many Names ".repeat(50));
        let refused = call.ask("INVITE", "", &sdp((HOME, 9).into(), 1, "0", ""));
        call.acknowledge_refusal(&refused);
        refused
    })
}

/// §18.1.1: what is larger than 1,300 bytes goes by TCP.
#[tokio::test(flavor = "multi_thread")]
async fn an_invite_too_large_for_a_datagram_goes_to_the_trunk_by_tcp() {
    let (udp, tcp) = both_ways();
    let server = talkative(tcp.local_addr().unwrap());
    let caller = call_with_a_long_name(&server);
    let mut trunk = Raw::along(tcp.accept().unwrap().0);
    let invite = trunk.message().unwrap();
    assert!(invite.len() > 1_300 && invite.contains("Via: SIP/2.0/TCP "), "{invite}");
    trunk.send(reply(&invite, "486 Busy Here", "").as_bytes());
    assert_eq!(status(&caller.join().unwrap()), 486);
    udp.set_nonblocking(true).unwrap();
    assert!(udp.recv(&mut [0]).is_err(), "nothing came by UDP");
}

/// "the element SHOULD retry the request, using UDP", where the peer doesn't take it by TCP.
#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_without_tcp_gets_a_large_invite_by_udp_after_all() {
    let (udp, tcp) = both_ways();
    let server = talkative(tcp.local_addr().unwrap());
    drop(tcp);
    let caller = call_with_a_long_name(&server);
    let mut buffer = [0; 65_536];
    let (length, from) = udp.recv_from(&mut buffer).unwrap();
    let invite = String::from_utf8_lossy(&buffer[..length]);
    assert!(invite.len() > 1_300 && invite.contains("Via: SIP/2.0/UDP "), "{invite}");
    udp.send_to(reply(&invite, "486 Busy Here", "").as_bytes(), from).unwrap();
    assert_eq!(status(&caller.join().unwrap()), 486);
}
