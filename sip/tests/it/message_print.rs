//! What we print: built messages, answers, rewritten Vias.

use std::net::SocketAddr;

use talkpath_sip::message::{
    CSeq, HeaderName, Message, Method, NameAddr, Reason, Request, Response, Rport, StatusCode, Text, Token, Transport,
    Via,
};

use crate::message_corpus::{all, request};

/// A request of ours with everything that we put in.
pub(crate) fn invite() -> Request {
    let mut invite = Request::new(Method::Invite, "sip:+4930@192.0.2.1:5080;transport=udp".parse().unwrap());
    let from = NameAddr::new("sip:bot@example.com".parse().unwrap()).with_display("Bot \"7\"").with_tag("a1");
    let via = Via::new(Transport::Udp, "192.0.2.9".parse::<std::net::IpAddr>().unwrap().into(), Some(5060), "z9hG4bKq");
    invite.headers.push(HeaderName::Via, &via);
    invite.headers.push(HeaderName::MaxForwards, 70);
    invite.headers.push(HeaderName::From, &from);
    invite.headers.push(HeaderName::To, "<sip:+4930@example.com>");
    invite.headers.push(HeaderName::CallId, "x@192.0.2.9");
    invite.headers.push(HeaderName::CSeq, &CSeq::new(4, Method::Invite));
    invite.headers.push(HeaderName::Contact, "<sip:bot@192.0.2.9:5060>");
    invite.set_body("application/sdp", "v=0\r\n");
    invite
}

#[test]
fn what_was_built_is_read_back_the_same() {
    let invite = invite();
    let Message::Request(read) = Message::parse_datagram(invite.to_bytes()).unwrap() else { panic!("a response") };
    assert_eq!((&read.method, &read.uri, &read.body), (&invite.method, &invite.uri, &invite.body));
    assert_eq!(read.headers.from().unwrap(), invite.headers.from().unwrap());
    assert_eq!(read.headers.from().unwrap().display, "Bot \"7\"");
    assert_eq!(read.headers.content_length().unwrap(), Some(5));
    assert_eq!(read.to_bytes(), invite.to_bytes());
}

#[test]
fn a_wrong_content_length_is_corrected_where_it_stands() {
    let mut invite = invite();
    invite.headers.push_front(HeaderName::ContentLength, 4000);
    invite.headers.push(HeaderName::ContentLength, 17);
    let text = String::from_utf8(invite.to_bytes().to_vec()).unwrap();
    assert!(text.contains("SIP/2.0\r\nContent-Length: 5\r\nVia"));
    assert_eq!(text.matches("Content-Length").count(), 1);
}

#[test]
fn everything_read_is_read_again_the_same_from_what_we_print() {
    for (name, bytes) in all() {
        let Ok(message) = Message::parse_datagram(bytes) else { continue };
        let printed = message.to_bytes();
        let again = Message::parse_datagram(printed.clone()).unwrap();
        assert_eq!(again.to_bytes(), printed, "{name}");
        assert_eq!(again.body(), message.body(), "{name}");
        assert_eq!(message.detach().to_bytes(), printed, "{name}");
    }
}

#[test]
fn an_answer_echoes_what_rfc_3261_8_2_6_2_asks() {
    let invite = request("valid", "wsinv");
    let mut ok = Response::to(&invite, StatusCode::OK);
    ok.set_to_tag("ours");
    assert_eq!(ok.headers.vias().count(), 3);
    assert_eq!(ok.headers.to_tag().unwrap().unwrap(), "1918181833n");
    assert_eq!(ok.headers.get(&HeaderName::From), invite.headers.get(&HeaderName::From));
    assert_eq!((ok.headers.call_id(), ok.headers.cseq()), (invite.headers.call_id(), invite.headers.cseq()));
    assert!(!ok.headers.contains(&HeaderName::Route));
    let printed = Message::parse_datagram(ok.to_bytes()).unwrap();
    assert_eq!(printed.headers().via().unwrap().branch().unwrap(), "390skdjuw");
}

#[test]
fn an_answer_gets_our_tag_once_and_record_route_when_asked() {
    let options = request("semantic", "inv2543");
    let mut ok = Response::to(&options, StatusCode::RINGING).with_record_route(&options);
    ok.set_to_tag("ours");
    ok.set_to_tag("again");
    assert_eq!(ok.headers.to_tag().unwrap().unwrap(), "ours");
    assert_eq!(ok.headers.get(&HeaderName::To).unwrap(), &"sip:+16505552222@ss1.example.net;user=phone;tag=ours");
    assert_eq!(ok.headers.record_routes().unwrap(), options.headers.record_routes().unwrap());
    let plain = Response::to(&options, StatusCode::TRYING);
    assert!(!plain.headers.contains(&HeaderName::RecordRoute));
}

#[test]
fn only_a_100_echoes_the_timestamp() {
    let mut invite = invite();
    invite.headers.push(HeaderName::Timestamp, "54");
    assert!(Response::to(&invite, StatusCode::TRYING).headers.contains(&HeaderName::Timestamp));
    assert!(!Response::to(&invite, StatusCode::RINGING).headers.contains(&HeaderName::Timestamp));
}

fn stamped(via: &str, source: &str) -> String {
    let mut request = invite();
    request.headers.set(HeaderName::Via, via);
    request.headers.stamp_via(source.parse::<SocketAddr>().unwrap()).unwrap();
    request.headers.get(&HeaderName::Via).unwrap().to_string()
}

#[test]
fn received_and_rport_are_noted_in_the_topmost_via_alone() {
    let source = "203.0.113.5:40000";
    assert_eq!(
        stamped("SIP/2.0/UDP 10.0.0.1:5060;rport;branch=b, SIP/2.0/UDP p;rport", source),
        "SIP/2.0/UDP 10.0.0.1:5060;rport=40000;branch=b;received=203.0.113.5, SIP/2.0/UDP p;rport"
    );
    assert_eq!(
        stamped("SIP/2.0/UDP host.example.com;branch=b", source),
        "SIP/2.0/UDP host.example.com;branch=b;received=203.0.113.5"
    );
    assert_eq!(stamped("SIP/2.0/UDP 203.0.113.5;branch=b", source), "SIP/2.0/UDP 203.0.113.5;branch=b");
    assert_eq!(stamped("SIP/2.0/UDP [2001:db8::1];branch=b", "[2001:db8::1]:9"), "SIP/2.0/UDP [2001:db8::1];branch=b");
}

#[test]
fn a_received_of_the_senders_own_making_is_not_believed() {
    let honest = stamped("SIP/2.0/UDP 203.0.113.5;received=198.51.100.1;branch=b", "203.0.113.5:5060");
    assert_eq!(honest, "SIP/2.0/UDP 203.0.113.5;branch=b");
    let forged = stamped("SIP/2.0/UDP 10.0.0.1;received=198.51.100.1;rport=1;branch=b", "203.0.113.5:5062");
    let via = Via::parse(forged).unwrap();
    assert_eq!(via.response_target(), Some("203.0.113.5:5062".parse().unwrap()));
    assert_eq!(via.rport(), Some(Rport::Port(5062)));
}

#[test]
fn small_values_print_as_they_are_read() {
    let reason = Reason::new(Token::new("Q.850").unwrap(), 16, "Normal, \"clearing\"");
    assert_eq!(reason.to_text(), "Q.850;cause=16;text=\"Normal, \\\"clearing\\\"\"");
    assert_eq!(Text::from(&CSeq::new(7, Method::Bye)), "7 BYE");
    assert_eq!(HeaderName::new("f").unwrap().to_string(), "From");
    assert_eq!(HeaderName::new("CALL-id"), HeaderName::new("i"));
    assert_eq!(HeaderName::new("x-Foo"), HeaderName::new("X-FOO"));
    assert_eq!(StatusCode::new(699).unwrap().default_reason(), "Global Failure");
    assert!(StatusCode::new(99).is_none() && StatusCode::new(700).is_none());
}

#[test]
fn header_fields_are_set_and_removed_in_their_places() {
    let mut headers = invite().headers;
    let count = headers.len();
    headers.push(HeaderName::Subject, "two");
    headers.push_front(HeaderName::Subject, "one");
    headers.set(HeaderName::Subject, "only");
    assert_eq!(headers.iter().next().unwrap().1, &"only");
    assert_eq!((headers.all(&HeaderName::Subject).count(), headers.len()), (1, count + 1));
    headers.push(HeaderName::Via, "SIP/2.0/UDP z, SIP/2.0/UDP y");
    assert_eq!(headers.values(&HeaderName::Via).count(), 3);
    assert_eq!(headers.remove_first(&HeaderName::Via).unwrap(), "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKq");
    assert_eq!((headers.remove(&HeaderName::Via), headers.remove(&HeaderName::Via)), (1, 0));
}
