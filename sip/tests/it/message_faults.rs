//! Faults that other stacks were seen to have: one named test each, so that we are born without them.

use bytes::Bytes;
use talkpath_sip::message::{
    Fault, HeaderName, Message, Method, NameAddr, Params, Request, Response, StatusCode, Text, Token, Uri,
};

use crate::message_corpus::{expand, load, request};

fn options(extra: &str, body: &str) -> Bytes {
    let head =
        "OPTIONS sip:a@b SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\nFrom: sip:a@b;tag=1\nTo: sip:a@b\nCall-ID: c\n";
    expand(&format!("{head}CSeq: 1 OPTIONS\n{extra}\n{body}"))
}

fn read(extra: &str, body: &str) -> Request {
    match Message::parse_datagram(options(extra, body)).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

#[test]
fn a_content_length_of_two_to_the_64_minus_1_kills_nobody() {
    for huge in ["18446744073709551615", "18446744073709551616", "9223372036854775807", "4294967296"] {
        let error = Message::parse_datagram(options(&format!("Content-Length: {huge}\n"), "x")).unwrap_err();
        assert!(matches!(error.fault(), Fault::ShortBody { .. } | Fault::Header(_)), "{huge}");
        assert!(error.answerable().is_some(), "{huge}");
    }
}

#[test]
fn a_quoted_address_in_a_display_name_is_not_the_caller() {
    let from: NameAddr = r#""<sip:evil@x>, \"<sip:worse@x>" <sip:alice@example.com>;tag=1"#.parse().unwrap();
    assert_eq!(from.uri.to_string(), "sip:alice@example.com");
    assert_eq!(from.display, "<sip:evil@x>, \"<sip:worse@x>");
    assert_eq!(from.tag().unwrap(), "1");
}

#[test]
fn an_escaped_at_sign_is_escaped_once() {
    let uri: Uri = "sip:bob%40home@example.com".parse().unwrap();
    assert_eq!(uri.user().unwrap(), "bob@home");
    let again = Uri::sip(Some(&uri.user().unwrap()), &uri.host().unwrap(), None).unwrap();
    assert_eq!(again.to_string(), "sip:bob%40home@example.com");
    assert_eq!(again.with_param("x", Some("a@b")).unwrap().to_string(), "sip:bob%40home@example.com;x=a%40b");
}

#[test]
fn binary_bodies_do_not_go_through_utf_8() {
    let mut message = Request::new(Method::Message, "sip:a@b".parse().unwrap());
    message.set_body("application/octet-stream", (0..=255u8).collect::<Vec<u8>>());
    let printed = message.to_bytes();
    assert!(printed.ends_with(&(0..=255u8).collect::<Vec<u8>>()));
    assert!(load("valid", "mpart01").ends_with(&request("valid", "mpart01").body));
}

#[test]
fn leading_line_breaks_are_skipped() {
    let bytes = [b"\r\n\r\n\r\n".as_slice(), &options("Content-Length: 0\n", "")].concat();
    let message = Message::parse_datagram(bytes.into()).unwrap();
    assert_eq!(message.to_bytes(), options("Content-Length: 0\n", ""));
}

#[test]
fn a_datagram_without_content_length_keeps_its_body() {
    assert_eq!(read("Content-Type: text/plain\n", "hello").body, "hello");
    assert_eq!(read("Content-Length: 4\n", "hello").body, "hell");
    assert_eq!(read("", "").body, "");
}

#[test]
fn a_to_tag_behind_white_space_is_found() {
    for to in ["<sip:a@b> ; tag = x", "<sip:a@b>\t;\ttag=x", "sip:a@b ;tag= x", "\"A\" <sip:a@b>;foo ; TAG=x ;q"] {
        assert_eq!(to.parse::<NameAddr>().unwrap().tag().unwrap(), "x", "{to}");
    }
}

#[test]
fn a_digest_nonce_count_is_not_a_number_to_us() {
    let value = r#"Digest username="a", realm="b, c", nc=0000000a, qop=auth, uri="sip:b""#;
    let request = read(&format!("Authorization: {value}\n"), "");
    assert_eq!(request.headers.get(&HeaderName::Authorization).unwrap(), &value);
    let printed = String::from_utf8(request.to_bytes().to_vec()).unwrap();
    assert!(printed.contains("nc=0000000a"));
}

#[test]
fn no_value_of_ours_starts_a_header_field() {
    let evil = "x\r\nP-Asserted-Identity: <sip:boss@b>\r\n\r\nbody";
    let mut request = read("Content-Length: 0\n", "");
    request.headers.push(HeaderName::Subject, evil);
    request.headers.push_front(HeaderName::UserAgent, evil);
    request.headers.set(HeaderName::Organization, evil);
    let name = NameAddr::new("sip:a@b".parse().unwrap()).with_display(evil).with_tag(evil);
    request.headers.push(HeaderName::Contact, &name);
    let mut response = Response::to(&request, StatusCode::OK);
    response.reason = evil.into();
    response.set_to_tag(evil);
    for bytes in [request.to_bytes(), response.to_bytes()] {
        let message = Message::parse_datagram(bytes).unwrap();
        assert!(!message.headers().contains(&HeaderName::PAssertedIdentity));
        assert!(message.body().is_empty());
    }
}

#[test]
fn names_methods_and_uris_of_ours_hold_no_line_break() {
    let evil = "a\r\nb";
    assert!(HeaderName::new(evil).is_none());
    assert!(Method::new(evil).is_none());
    assert!(Token::new(evil).is_none());
    assert!(Uri::parse(format!("sip:{evil}@b")).is_err());
    assert!(Uri::parse(format!("tel:{evil}")).is_err());
    assert_eq!(Uri::sip(Some(evil), &"b".parse_host(), None).unwrap().to_string(), "sip:a%0D%0Ab@b");
    assert!(Uri::sip(None, &talkpath_sip::message::Host::Name(evil.into()), None).is_err());
    let mut params = Params::new();
    params.set(evil, Some("x"));
    params.set("p", Some(evil));
    assert_eq!(params.as_bytes(), b";p=\"a  b\"");
}

trait ParseHost {
    fn parse_host(&self) -> talkpath_sip::message::Host;
}

impl ParseHost for str {
    fn parse_host(&self) -> talkpath_sip::message::Host {
        talkpath_sip::message::Host::parse(self).unwrap()
    }
}

#[test]
fn what_is_detached_does_not_hold_the_receive_buffer() {
    let buffer = Bytes::from(load("trunk", "compact").to_vec());
    let Message::Request(invite) = Message::parse_datagram(buffer.clone()).unwrap() else { panic!("a response") };
    let headers = &invite.headers;
    let kept = (headers.from().unwrap().detach(), headers.call_id().unwrap().detach(), invite.uri.detach());
    let more = (
        headers.via().unwrap().detach(),
        headers.cseq().unwrap().detach(),
        headers.contact().unwrap().unwrap().detach(),
    );
    let whole = (invite.detach(), Response::to(&invite, StatusCode::OK).detach());
    assert!(!buffer.is_unique());
    drop(invite);
    assert!(buffer.is_unique());
    assert_eq!(kept.1, Text::from("5c9a0e7f@203.0.113.9"));
    assert_eq!((whole.0.headers.call_id().unwrap(), more.1.number), (kept.1, 102));
}
