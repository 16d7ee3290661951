//! What the user agent answers by itself: RFC 3261 §8.2, §11, §12.2.2, §18.2.

use super::*;
use crate::message::HeaderName;

/// A request of the stranger to Bob.
pub(super) fn request(method: &str, branch: &str, extra: &str) -> String {
    format!(
        "{method} sip:bob@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.99;branch={branch};rport\r\nMax-Forwards: 70\r\n\
         From: <sip:eve@example.com>;tag=e\r\nTo: <sip:bob@example.com>\r\nCall-ID: s1\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:eve@192.0.2.99>\r\n{extra}\r\n"
    )
}

/// Asserts the status of the answer, and a header field of it.
fn refused(text: &str, code: u16, field: Option<(&HeaderName, &str)>) {
    let mut world = World::new();
    let reply = world.answer(text.to_owned());
    assert_eq!(reply.status.code(), code, "{text}");
    if let Some((name, value)) = field {
        assert_eq!(reply.headers.get(name).map(ToString::to_string).as_deref(), Some(value), "{text}");
    }
    assert!(reply.headers.to_tag().is_ok_and(|tag| tag.is_some()));
    assert!(world.peers[BOB].events.is_empty());
    world.settle();
    world.assert_clean();
}

/// §8.2.1, §8.2.2.1, §8.2.2.3, §8.2.3, §21.4.7, §15.1.2, §9.2
#[test]
fn requests_that_cannot_be_served_get_the_status_that_says_why() {
    let allow = Some((&HeaderName::Allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE"));
    refused(&request("REGISTER", "z9hG4bK1", ""), 405, allow);
    refused(&request("FETCH", "z9hG4bK1", ""), 501, None);
    refused(&request("OPTIONS", "z9hG4bK1", "").replacen("sip:bob@192.0.2.2", "http:bob", 1), 416, None);
    let unsupported = Some((&HeaderName::Unsupported, "100rel, magic"));
    refused(&request("INVITE", "z9hG4bK1", "Require: 100rel, magic\r\n"), 420, unsupported);
    let accept = Some((&HeaderName::Accept, "application/sdp, multipart/mixed"));
    refused(&(request("INVITE", "z9hG4bK1", "Content-Type: text/plain\r\n") + "hello"), 415, accept);
    let encoding = Some((&HeaderName::AcceptEncoding, "identity"));
    let packed = request("INVITE", "z9hG4bK1", "Content-Type: application/sdp\r\nContent-Encoding: gzip\r\n") + "x";
    refused(&packed, 415, encoding);
    refused(&request("INVITE", "z9hG4bK1", "Accept: text/html\r\n"), 406, None);
    refused(&request("BYE", "z9hG4bK1", ""), 481, None);
    refused(&request("CANCEL", "z9hG4bK1", ""), 481, None);
}

/// §21.4.1, §21.5.6 and RFC 4475 §3.1.2
#[test]
fn broken_requests_that_can_be_answered_get_400_or_505() {
    let broken = |method: &str, from: &str, to: &str, line: &str| {
        let mut world = World::new();
        let replies = world.inject_raw(request(method, "z9hG4bK1", "").replacen(from, to, 1));
        assert_eq!(replies.len(), 1);
        assert!(replies[0].starts_with(line.as_bytes()), "{:?}", replies[0]);
        world.assert_clean();
    };
    broken("INVITE", "Contact: <sip:eve@192.0.2.99>\r\n", "", "SIP/2.0 400 Bad Request (Contact is missing)\r\n");
    broken("INVITE", "CSeq: 1 INVITE", "CSeq: 1 BYE", "SIP/2.0 400 ");
    broken("INVITE", "Call-ID: s1\r\n", "", "SIP/2.0 400 Bad Request (Call-ID is missing)\r\n");
    broken("BYE", "To: <sip:bob@example.com>", "To: \"bob", "SIP/2.0 400 ");
    broken("OPTIONS", "SIP/2.0\r\n", "SIP/3.0\r\n", "SIP/2.0 505 ");
}

/// §20.11: a body that may be ignored is.
#[test]
fn an_optional_body_that_we_do_not_know_is_ignored() {
    let mut world = World::new();
    let extra = "Content-Type: text/plain\r\nContent-Disposition: render ;handling=optional\r\n";
    let reply = world.answer(request("INVITE", "z9hG4bK1", extra) + "hello");
    assert_eq!(reply.status.code(), 100);
    assert_eq!(world.events(BOB), ["Invited"]);
}

/// §11.2
#[test]
fn options_says_what_we_can_do_also_with_no_hops_left() {
    let mut world = World::new();
    let last_hop = request("OPTIONS", "z9hG4bK1", "").replace("Max-Forwards: 70", "Max-Forwards: 0");
    for text in [request("OPTIONS", "z9hG4bK2", ""), last_hop] {
        let reply = world.answer(text);
        assert_eq!(reply.status.code(), 200);
        for name in [HeaderName::Allow, HeaderName::Accept, HeaderName::AcceptEncoding, HeaderName::Supported] {
            assert!(reply.headers.contains(&name), "{name}");
        }
    }
    world.assert_clean();
}

/// §11: within a dialog too.
#[test]
fn options_within_a_call_is_answered() {
    let mut world = World::new();
    let (_, bob) = world.talk();
    let Message::Request(mut options) = world.last(ALICE, "ACK") else { panic!("a request") };
    options.method = crate::message::Method::Options;
    let number = options.headers.cseq().unwrap().number + 1;
    options.headers.set(HeaderName::CSeq, format!("{number} OPTIONS"));
    options.headers.set(HeaderName::Via, "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKo");
    assert_eq!(world.answer(options.to_bytes()).status.code(), 200);
    assert_eq!(world.peers[BOB].events.last().map(Event::session), Some(bob));
}

#[test]
fn a_draining_agent_refuses_new_calls_and_options_and_keeps_the_old() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    world.peers[BOB].agent.set_draining(true);
    for method in ["INVITE", "OPTIONS"] {
        let reply = world.answer(request(method, "z9hG4bK1", ""));
        assert_eq!(reply.status.code(), 503);
        assert!(reply.headers.retry_after().unwrap().is_some());
    }
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(50);
    assert_eq!(world.events(BOB).last().unwrap(), "Offer x");
}

/// §8.2.2.2
#[test]
fn a_copy_of_an_invite_that_took_another_path_gets_482() {
    let mut world = World::new();
    world.inject(request("INVITE", "z9hG4bKone", ""));
    assert_eq!(world.answer(request("INVITE", "z9hG4bKtwo", "")).status.code(), 482);
    assert_eq!(world.answer(request("INVITE", "z9hG4bKone", "")).status.code(), 100);
    assert_eq!(world.events(BOB), ["Invited"]);
}

/// §12.2.2: "the request is out of order and MUST be rejected with a 500 (Server Internal Error) response".
#[test]
fn a_request_with_a_lower_cseq_gets_500_and_one_of_no_dialog_481() {
    let mut world = World::new();
    world.talk();
    let Message::Request(mut bye) = world.last(ALICE, "ACK") else { panic!("a request") };
    bye.method = crate::message::Method::Bye;
    let number = bye.headers.cseq().unwrap().number;
    bye.headers.set(HeaderName::Via, "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKlow");
    bye.headers.set(HeaderName::CSeq, format!("{} BYE", number - 1));
    let reply = world.answer(bye.to_bytes());
    assert_eq!(reply.status.code(), 500);
    bye.headers.set(HeaderName::CSeq, format!("{} BYE", number + 1));
    bye.headers.set(HeaderName::From, "<sip:alice@example.com>;tag=forged");
    bye.headers.set(HeaderName::Via, "SIP/2.0/UDP 192.0.2.99;branch=z9hG4bKforged");
    assert_eq!(world.answer(bye.to_bytes()).status.code(), 481);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed"]);
}

/// §17.1.1.3, §8.1.3.3, §18.1.2
#[test]
fn acks_and_responses_of_nobody_are_dropped() {
    let mut world = World::new();
    assert!(world.inject(request("ACK", "z9hG4bK1", "")).is_empty());
    assert!(world.inject(request("ACK", "z9hG4bK1", "").replace("CSeq: 1 ACK", "CSeq: nonsense")).is_empty());
    let response = request("INVITE", "z9hG4bK0000000000000001", "");
    let response = response.replacen("INVITE sip:bob@192.0.2.2 SIP/2.0", "SIP/2.0 200 OK", 1);
    assert!(world.inject(response.clone()).is_empty());
    assert!(world.inject(response.replace("CSeq: 1 INVITE", "CSeq: INVITE")).is_empty());
    assert!(world.inject("\r\n\r\n").is_empty());
    world.assert_clean();
}

/// §18.2.1, §18.2.2 and RFC 3581 §4
#[test]
fn responses_go_where_via_and_rport_say() {
    let mut world = World::new();
    let mut sent_to = |via: &str| {
        let text = request("OPTIONS", "z9hG4bK1", "").replace("192.0.2.99;branch=z9hG4bK1;rport", via);
        let flow = Flow {
            local: world.peers[BOB].address,
            peer: "192.0.2.99:40000".parse().unwrap(),
            protocol: Protocol::Udp,
            socket: SocketId::ANY,
        };
        world.peers[BOB].agent.handle_datagram(flow, text.into(), world.now);
        match world.peers[BOB].agent.poll() {
            Output::Transmit(Transmit { flow, data }) => (flow.peer.to_string(), data),
            other @ (Output::Event(_) | Output::Outcome(_) | Output::Asked(_) | Output::Timeout(_)) => {
                panic!("a response: {other:?}")
            }
        }
    };
    assert_eq!(sent_to("10.1.1.1:5071;branch=z9hG4bKa").0, "192.0.2.99:5071");
    assert_eq!(sent_to("10.1.1.1;branch=z9hG4bKb").0, "192.0.2.99:5060");
    assert_eq!(sent_to("10.1.1.1:5071;branch=z9hG4bKc;maddr=10.1.1.7").0, "192.0.2.99:5071");
    let (peer, data) = sent_to("10.1.1.1:5071;branch=z9hG4bKd;rport");
    assert_eq!(peer, "192.0.2.99:40000");
    let text = String::from_utf8(data.to_vec()).unwrap();
    assert!(text.contains(";rport=40000;received=192.0.2.99\r\n"), "{text}");
}

/// §8.2.7: a stateless server answers the same request with the same tag.
#[test]
fn a_refusal_without_a_transaction_has_the_same_tag_each_time() {
    let mut world = World::new();
    let tag = |reply: Response| reply.headers.to_tag().unwrap().unwrap();
    let first = tag(world.answer(request("REGISTER", "z9hG4bK1", "")));
    assert_eq!(tag(world.answer(request("REGISTER", "z9hG4bK1", ""))), first);
    assert_ne!(tag(world.answer(request("REGISTER", "z9hG4bK2", ""))), first);
}

/// §17.2.3: peers of RFC 2543 have no magic cookie in their branches, or no branch at all.
#[test]
fn an_rfc_2543_caller_is_recognised_when_it_repeats_and_cancels() {
    let mut world = World::new();
    let old = |method: &str| request(method, "1", "").replace(";branch=1;rport", "");
    assert_eq!(world.answer(old("INVITE")).status.code(), 100);
    assert_eq!(world.answer(old("INVITE")).status.code(), 100);
    let codes: Vec<_> = world.inject(old("CANCEL")).iter().map(|reply| reply.status.code()).collect();
    assert_eq!(codes, [200, 487]);
    let tag = world.last(BOB, "487 INVITE").headers().to_tag().unwrap().unwrap();
    world.inject(old("ACK").replace("<sip:bob@example.com>", &format!("<sip:bob@example.com>;tag={tag}")));
    world.settle();
    assert_eq!(world.sent(BOB, "487 INVITE").len(), 1);
    assert_eq!(world.events(BOB), ["Invited", "Ended RemoteCancel"]);
    world.assert_clean();
}
