use super::*;
use crate::flow::Protocol;
use crate::message::{Message, StatusCode};

fn invite(extra: &str) -> Request {
    let text = format!(
        "INVITE sip:bot@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: Alice <sip:alice@example.com>;tag=a\r\nTo: <sip:bot@example.com>\r\nCall-ID: c1\r\nCSeq: 7 INVITE\r\n\
         Contact: <sip:alice@192.0.2.9:5080>\r\n{extra}\r\n"
    );
    match Message::parse_datagram(text.into()).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a request"),
    }
}

fn incoming(extra: &str) -> Dialog {
    Dialog::incoming(&invite(extra), LocalTag(1), Text::from("<sip:192.0.2.1>"), 10).unwrap()
}

fn flow() -> Flow {
    let address = |text: &str| text.parse().unwrap();
    Flow::new(address("192.0.2.1:5060"), address("192.0.2.9:5060"), Protocol::Udp)
}

fn header<'a>(request: &'a Request, name: &'a HeaderName) -> Vec<&'a str> {
    request.headers.all(name).map(|value| value.to_str().unwrap()).collect()
}

/// §12.2.1.1
#[test]
fn requests_of_the_called_side_turn_from_and_to_around_and_go_to_the_contact() {
    let mut dialog = incoming("");
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9:5080");
    assert_eq!(header(&bye, &HeaderName::From), ["<sip:bot@example.com>;tag=0000000000000001"]);
    assert_eq!(header(&bye, &HeaderName::To), ["\"Alice\" <sip:alice@example.com>;tag=a"]);
    assert_eq!(header(&bye, &HeaderName::CSeq), ["11 BYE"]);
    assert_eq!(header(&bye, &HeaderName::Route), Vec::<&str>::new());
    assert_eq!(dialog.next_hop(flow(), &[Protocol::Udp]).peer, "192.0.2.9:5080".parse().unwrap());
}

/// §12.1.1, §12.1.2 and §16.12: the called side takes Record-Route in order, the caller in reverse.
#[test]
fn a_loose_route_set_leaves_the_target_in_the_request_uri() {
    let routed = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51;lr>\r\n";
    let mut called = incoming(routed);
    let bye = called.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:alice@192.0.2.9:5080");
    assert_eq!(header(&bye, &HeaderName::Route), ["<sip:192.0.2.50;lr>", "<sip:192.0.2.51;lr>"]);
    assert_eq!(called.next_hop(flow(), &[Protocol::Udp]).peer, "192.0.2.50:5060".parse().unwrap());

    let mut answer = Response::to(&invite(routed), StatusCode::OK).with_record_route(&invite(routed));
    answer.set_to_tag("b");
    answer.headers.push(HeaderName::Contact, "<sip:bot@192.0.2.1>");
    let mut caller = Dialog::outgoing(Outgoing {
        call_id: "c1".into(),
        from: "<sip:alice@example.com>".parse().unwrap(),
        tag: LocalTag(2),
        to: "<sip:bot@example.com>".parse().unwrap(),
        request_uri: "sip:bot@example.com".parse().unwrap(),
        contact: "<sip:alice@192.0.2.9>".into(),
        cseq: 7,
    });
    caller.establish(&answer);
    let ack = caller.request_numbered(Method::Ack, 7);
    assert_eq!(ack.uri.to_string(), "sip:bot@192.0.2.1");
    assert_eq!(header(&ack, &HeaderName::Route), ["<sip:192.0.2.51;lr>", "<sip:192.0.2.50;lr>"]);
    assert_eq!(header(&ack, &HeaderName::CSeq), ["7 ACK"]);
}

/// §12.2.1.1: "the UAC MUST place the first URI from the route set into the Request-URI".
#[test]
fn a_strict_router_is_addressed_by_the_request_uri_and_the_target_comes_last() {
    let mut dialog = incoming("Record-Route: <sip:192.0.2.50;method=INVITE>, <sip:192.0.2.51;lr>\r\n");
    let bye = dialog.request(Method::Bye);
    assert_eq!(bye.uri.to_string(), "sip:192.0.2.50");
    assert_eq!(header(&bye, &HeaderName::Route), ["<sip:192.0.2.51;lr>", "<sip:alice@192.0.2.9:5080>"]);
    assert_eq!(dialog.next_hop(flow(), &[Protocol::Udp]).peer, "192.0.2.50:5060".parse().unwrap());
}

/// §12.2.2
#[test]
fn a_lower_cseq_is_out_of_order_and_an_equal_one_is_not() {
    let mut dialog = incoming("");
    assert!(!dialog.advance(6));
    assert!(dialog.advance(7));
    assert!(dialog.advance(4_000_000_000));
    assert!(!dialog.advance(8));
}

/// §12.2.1.2
#[test]
fn a_new_contact_moves_the_remote_target_and_a_name_goes_back_along_the_flow() {
    let mut dialog = incoming("");
    let mut answer = Response::to(&invite(""), StatusCode::OK);
    answer.headers.push(HeaderName::Contact, "<sip:alice@phone.example.com:5090>");
    dialog.refresh_target(&answer.headers);
    assert_eq!(dialog.request(Method::Bye).uri.to_string(), "sip:alice@phone.example.com:5090");
    assert_eq!(dialog.next_hop(flow(), &[Protocol::Udp]), flow());
}

#[test]
fn only_requests_with_the_calls_name_and_tags_are_of_the_dialog() {
    let dialog = incoming("");
    assert!(dialog.is_of(&invite("")));
    let mut other = invite("");
    other.headers.set(HeaderName::From, "<sip:alice@example.com>;tag=x");
    assert!(!dialog.is_of(&other));
}

#[test]
fn an_invite_without_a_contact_makes_no_dialog() {
    let mut bare = invite("");
    bare.headers.remove(&HeaderName::Contact);
    assert!(Dialog::incoming(&bare, LocalTag(1), Text::new(), 1).is_none());
}
