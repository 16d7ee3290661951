//! Which way messages take: RFC 3261 §12.2.1.1, §13.2.2.4 and §18.1.1, and callers behind NATs.

use super::refusals::request;
use super::*;
use crate::message::{HeaderName, Method, Request};

/// Where a proxy listens that isn't the stranger.
const PROXY: &str = "192.0.2.50:5060";

fn read(message: Message) -> Request {
    match message {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a request"),
    }
}

/// Somebody at `peer` sends Bob a datagram.
fn from(world: &mut World, peer: &str, text: String) {
    let (peer, bob) = (peer.parse().unwrap(), world.peers[BOB].address);
    world.deliver(peer, bob, text.into());
}

/// Bob takes the call that came last and hangs up without having an ACK: where his BYE goes.
fn bye_goes_to(world: &mut World) -> String {
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("offer")), Vec::new(), now)).unwrap();
    world.run(40_000);
    world.went(BOB, "BYE").last().cloned().unwrap()
}

/// §12.2.1.1: requests pass the proxies that recorded themselves, whatever Contact says.
#[test]
fn a_callee_s_bye_follows_record_route() {
    let mut world = World::new();
    world.inject(
        "INVITE sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bKp\r\n\
         Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKq\r\nRecord-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>\r\n\
         Max-Forwards: 69\r\nFrom: <sip:c@example.com>;tag=c\r\nTo: <sip:bob@example.com>\r\nCall-ID: rr\r\n\
         CSeq: 1 INVITE\r\nContact: <sip:c@198.51.100.5>\r\n\r\n",
    );
    assert_eq!(bye_goes_to(&mut world), PROXY);
    let ok = world.last(BOB, "200 INVITE");
    assert_eq!(ok.headers().get(&HeaderName::RecordRoute).unwrap(), &"<sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>");
    assert_eq!(ok.headers().vias().count(), 2);
    assert!(world.went(BOB, "200 INVITE").iter().all(|to| *to == stranger().to_string()));
    let bye = read(world.last(BOB, "BYE"));
    assert_eq!(bye.method, Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:c@198.51.100.5");
    let routes: Vec<_> = bye.headers.all(&HeaderName::Route).map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]);
}

/// §12.1.2: "taken in reverse order"; §13.2.2.4: the ACK of a 2xx is a request of the dialog.
#[test]
fn a_caller_s_ack_and_bye_follow_record_route_backwards() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    let recorded = "<sip:192.0.2.51;lr>, <sip:192.0.2.50;lr>";
    answer_as_bob(&mut world, &[(HeaderName::RecordRoute, recorded), (HeaderName::Contact, "<sip:b@198.51.100.5>")]);
    world.hangup(ALICE, alice);
    for (name, number) in [("ACK", 0), ("BYE", 1)] {
        assert_eq!(world.went(ALICE, name), [PROXY], "{name}");
        let sent = read(world.last(ALICE, name));
        assert_eq!(sent.uri.to_string(), "sip:b@198.51.100.5");
        let routes: Vec<_> = sent.headers.all(&HeaderName::Route).map(ToString::to_string).collect();
        assert_eq!(routes, ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]);
        let invite = read(world.last(ALICE, "INVITE")).headers.cseq().unwrap().number;
        assert_eq!(sent.headers.cseq().unwrap().number, invite + number);
    }
    assert_eq!(world.went(ALICE, "INVITE"), [world.peers[BOB].address.to_string()]);
}

/// Bob's 200 with these header fields reaches Alice, whatever Bob does.
fn answer_as_bob(world: &mut World, fields: &[(HeaderName, &str)]) {
    let mut answer = Response::to(&read(world.last(ALICE, "INVITE")), status(200));
    answer.set_to_tag("b");
    for (name, value) in fields {
        answer.headers.push(name.clone(), *value);
    }
    answer.set_body("application/sdp", "answer");
    let (from, to) = (world.peers[BOB].address, world.peers[ALICE].address);
    world.deliver(from, to, answer.to_bytes());
}

/// A 2xx is bounded like an INVITE.
#[test]
fn a_200_with_more_routes_than_any_call_has_is_taken_without_them() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    let recorded = ["<sip:192.0.2.50;lr>"; MAX_ROUTES + 1].join(", ");
    answer_as_bob(&mut world, &[(HeaderName::RecordRoute, &recorded), (HeaderName::Contact, "<sip:b@192.0.2.2>")]);
    world.hangup(ALICE, alice);
    let bye = read(world.last(ALICE, "BYE"));
    assert!(!bye.headers.contains(&HeaderName::Route));
    assert_eq!(world.went(ALICE, "BYE"), ["192.0.2.2:5060"]);
}

/// A softphone in a container or a virtual machine: its own address is no way to it, only back where it came from.
#[test]
fn a_caller_who_does_not_know_that_it_is_translated_is_answered_where_its_packets_come_from() {
    let text = |branch: &str, host: &str| request("INVITE", branch, "").replace("192.0.2.99", host);
    let mut world = World::new();
    from(&mut world, "192.168.1.5:40000", text("z9hG4bK1", "172.17.0.2"));
    assert_eq!(bye_goes_to(&mut world), "192.168.1.5:40000");

    let mut world = World::new();
    from(
        &mut world,
        "192.168.1.5:5060",
        text("z9hG4bK1", "192.168.1.5").replace("sip:eve@192.168.1.5", "sip:eve@192.168.1.5:5088"),
    );
    assert_eq!(bye_goes_to(&mut world), "192.168.1.5:5088");
}

/// A proxy that doesn't record itself sends for somebody else: the Contact is another's than the Via's.
#[test]
fn a_contact_behind_a_proxy_that_stays_out_is_reached_directly() {
    let mut world = World::new();
    let text = request("INVITE", "z9hG4bK1", "").replace("eve@192.0.2.99", "eve@10.0.0.7");
    from(&mut world, "10.0.0.1:5060", text.replace("UDP 192.0.2.99", "UDP 10.0.0.1"));
    assert_eq!(bye_goes_to(&mut world), "10.0.0.7:5060");
}

/// §19.1.1: `transport` is how the resource wants to be reached; UDP would not reach it.
#[test]
fn a_route_or_contact_of_another_transport_is_reached_along_the_flow() {
    let to = |extra: &str, contact: &str| {
        let mut world = World::new();
        let text = request("INVITE", "z9hG4bK1", extra).replace("sip:eve@192.0.2.99", contact);
        from(&mut world, "192.0.2.99:40000", text);
        bye_goes_to(&mut world)
    };
    assert_eq!(to("", "sip:eve@192.0.2.99:5070;transport=tcp"), "192.0.2.99:40000");
    assert_eq!(to("", "sip:eve@192.0.2.99:5070;Transport=UDP"), "192.0.2.99:5070");
    let recorded = "Record-Route: <sip:192.0.2.50:5061;transport=TLS;lr>\r\n";
    assert_eq!(to(recorded, "sip:eve@192.0.2.99:5070"), "192.0.2.99:40000");
}

/// RFC 4291 §2.5.5.2: a socket of both families shows IPv4 peers as IPv6; nobody else may see that.
#[test]
fn an_ipv4_mapped_flow_shows_as_ipv4_everywhere() {
    let mapped = |text: &str| format!("[::ffff:{text}]:5060").parse().unwrap();
    let flow =
        Flow { local: mapped("192.0.2.2"), peer: mapped("192.0.2.99"), protocol: Protocol::Udp, socket: SocketId::ANY };
    let mut world = World::new();
    world.act(BOB, |agent, now| agent.handle_datagram(flow, request("INVITE", "z9hG4bK1", "").into(), now));
    assert_eq!(bye_goes_to(&mut world), "192.0.2.99:5060");
    let invite = Invite {
        request_uri: "sip:eve@192.0.2.99".parse().unwrap(),
        from: "<sip:bob@example.com>".parse().unwrap(),
        to: "<sip:eve@example.com>".parse().unwrap(),
        flow,
        contact: None,
        headers: Vec::new(),
        body: None,
        credentials: None,
    };
    world.act(BOB, |agent, now| agent.invite(invite, now)).unwrap();
    assert_eq!(world.went(BOB, "INVITE"), ["192.0.2.99:5060"]);
    for sent in &world.log {
        assert!(!String::from_utf8_lossy(&sent.data).contains("ffff"), "{:?}", sent.data);
    }
    world.act(BOB, |agent, now| agent.handle_transport_error(flow, now));
    assert_eq!(world.events(BOB).last().unwrap(), "Refused 503 Transport");
}
