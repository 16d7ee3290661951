//! The second opinion: rsip 0.4 reads what we print, and both say the same of every field.
//!
//! Its reach is long header names, IPv4 and names, `sip` and `sips`, ASCII, known methods; see [`in_reach`].

use proptest::prelude::*;
use rsip::prelude::*;
use talkpath_sip::message::{
    CSeq, HeaderName, Headers, Host, Message, Method, NameAddr, Request, Response, StatusCode, Token, Transport, Uri,
    Via,
};

use crate::message_corpus::all;
use crate::message_print::invite;

/// The same message as if it were ours: long names, one line a field.
fn as_ours(message: &Message) -> Message {
    let mut ours = message.clone();
    *ours.headers_mut() = Headers::new();
    for (name, value) in message.headers().iter() {
        ours.headers_mut().push(name.clone(), value);
    }
    ours
}

/// Whether rsip can be asked: what it is known not to read is left out, by rule and not by name.
fn in_reach(message: &Message) -> bool {
    let bytes = message.to_bytes();
    let headers = message.headers();
    let method = |method: &Method| !matches!(method, Method::Other(_));
    let uri = |uri: &Uri| {
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"+-_.".contains(b);
        let named = matches!(uri.host(), Some(Host::Name(_) | Host::V4(_)));
        uri.is_sip() && named && !uri.has_headers() && uri.user_bytes().is_none_or(|user| user.iter().all(plain))
    };
    let addresses = [headers.from(), headers.to()].into_iter().flatten().chain(headers.contact().ok().flatten());
    let start = match message {
        Message::Request(request) => method(&request.method) && uri(&request.uri),
        Message::Response(response) => !response.reason.is_empty(),
    };
    let quoted = |address: &NameAddr| address.display.as_bytes().iter().any(|b| b"<>\"\\".contains(b));
    let via = |via: Via| !matches!(via.transport(), Transport::Other(_)) && !matches!(via.host(), Host::V6(_));
    start
        && bytes.is_ascii()
        && method(&headers.cseq().unwrap().method)
        && headers.vias().all(|v| v.is_ok_and(via))
        && addresses.into_iter().all(|address| uri(&address.uri) && !quoted(&address))
        && headers.iter().all(|(_, value)| !value.is_empty() && !value.decode().contains(" ;"))
}

#[track_caller]
fn agree(ours: &Message) {
    let bytes = ours.to_bytes();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let theirs = rsip::SipMessage::try_from(bytes.as_ref()).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let headers = ours.headers();
    match (ours, &theirs) {
        (Message::Request(ours), rsip::SipMessage::Request(theirs)) => {
            assert_eq!(theirs.method.to_string(), ours.method.as_str());
            agree_on_uri(&ours.uri, &theirs.uri);
        }
        (Message::Response(ours), rsip::SipMessage::Response(theirs)) => {
            assert_eq!(u16::from(theirs.status_code.clone()), ours.status.code());
        }
        _ => panic!("a request for one, a response for the other\n{text}"),
    }
    assert_eq!(theirs.body(), ours.body(), "{text}");
    agree_on_lines(headers, theirs.headers());
    agree_on_via(&headers.via().unwrap(), &theirs.via_header().unwrap().typed().unwrap());
    let from = theirs.from_header().unwrap().typed().unwrap();
    let to = theirs.to_header().unwrap().typed().unwrap();
    agree_on_address(&headers.from().unwrap(), from.display_name.as_deref(), &from.uri, from.tag());
    agree_on_address(&headers.to().unwrap(), to.display_name.as_deref(), &to.uri, to.tag());
    let cseq = theirs.cseq_header().unwrap().typed().unwrap();
    let our_cseq = headers.cseq().unwrap();
    assert_eq!((cseq.seq, cseq.method.to_string()), (our_cseq.number, our_cseq.method.to_string()));
    assert_eq!(theirs.call_id_header().unwrap().value(), headers.call_id().unwrap().to_string());
    if let Some(contact) = headers.contact().unwrap() {
        let theirs = theirs.contact_header().unwrap().typed().unwrap();
        agree_on_address(&contact, theirs.display_name.as_deref(), &theirs.uri, None);
    }
}

/// Every header field, name and value, and a true Content-Length at the end.
fn agree_on_lines(ours: &Headers, theirs: &rsip::Headers) {
    let theirs: Vec<String> = theirs.iter().map(ToString::to_string).collect();
    let ours: Vec<String> = ours.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let is_length = |line: &&String| line.starts_with("Content-Length");
    assert_eq!(theirs.iter().filter(is_length).count(), 1);
    let rest = |lines: &[String]| lines.iter().filter(|line| !is_length(line)).cloned().collect::<Vec<_>>();
    assert_eq!(rest(&theirs), rest(&ours));
}

fn agree_on_via(ours: &Via, theirs: &rsip::typed::Via) {
    assert_eq!(theirs.transport.to_string(), ours.transport().as_str());
    assert_eq!(theirs.uri.host().to_string(), ours.host().to_string());
    assert_eq!(theirs.uri.port().map(|port| *port.value()), ours.port());
    assert_eq!(theirs.branch().map(|b| b.value().to_owned()), ours.branch().map(|b| b.to_string()));
    assert_eq!(theirs.received().unwrap(), ours.received());
}

fn agree_on_address(ours: &NameAddr, display: Option<&str>, uri: &rsip::Uri, tag: Option<&rsip::param::Tag>) {
    let display = display.unwrap_or_default();
    let display = display.strip_prefix('"').and_then(|d| d.strip_suffix('"')).unwrap_or(display);
    assert_eq!(display, ours.display.decode());
    agree_on_uri(&ours.uri, uri);
    if let Some(tag) = tag {
        assert_eq!(tag.value(), ours.tag().unwrap().to_string());
    }
}

/// The same text, but for the value of `transport`, which rsip prints in capitals.
fn agree_on_uri(ours: &Uri, theirs: &rsip::Uri) {
    let shout = |text: &str| match text.split_once(";transport=") {
        Some((before, after)) => format!("{before};transport={}", after.to_uppercase()),
        None => text.to_owned(),
    };
    assert_eq!(shout(&theirs.to_string()), shout(&ours.to_string()));
    assert_eq!(theirs.host_with_port.port.as_ref().map(|port| *port.value()), ours.port());
}

#[test]
fn rsip_agrees_on_every_message_of_the_corpus_within_its_reach() {
    let read: Vec<Message> = all().into_iter().filter_map(|(_, bytes)| Message::parse_datagram(bytes).ok()).collect();
    let reachable: Vec<Message> = read.iter().map(as_ours).filter(in_reach).collect();
    reachable.iter().for_each(agree);
    assert!(reachable.len() >= 15, "only {} of {} are within its reach", reachable.len(), read.len());
}

#[test]
fn rsip_agrees_on_every_method_and_every_answer() {
    for method in [
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "INFO",
        "PRACK",
        "UPDATE",
        "SUBSCRIBE",
        "NOTIFY",
        "REFER",
        "MESSAGE",
        "PUBLISH",
    ] {
        let mut request = invite();
        request.method = Method::new(method).unwrap();
        request.headers.set(HeaderName::CSeq, &CSeq::new(1, request.method.clone()));
        request.headers.set(HeaderName::From, "\"Bot 7\" <sip:bot@example.com>;tag=a1");
        agree(&Message::Request(request.clone()));
        for code in [100, 180, 183, 200, 302, 400, 404, 405, 415, 416, 420, 481, 486, 487, 488, 500, 501, 503, 505, 603]
        {
            let mut response = Response::to(&request, StatusCode::new(code).unwrap()).with_record_route(&request);
            response.set_to_tag("them");
            agree(&Message::Response(response));
        }
    }
}

fn request() -> impl Strategy<Value = Request> {
    let host = prop_oneof!["[a-z]{1,8}\\.(example|test)", "192\\.0\\.2\\.[1-9]"];
    let uri = (
        "sips?",
        "[a-zA-Z0-9+_.-]{1,12}",
        host.clone(),
        prop::option::of(1u16..),
        prop::option::of("transport=(udp|tcp)"),
    )
        .prop_map(|(scheme, user, host, port, param)| {
            let port = port.map(|port| format!(":{port}")).unwrap_or_default();
            let param = param.map(|param| format!(";{param}")).unwrap_or_default();
            format!("{scheme}:{user}@{host}{port}{param}").parse::<Uri>().unwrap()
        });
    let via = (
        prop::sample::select(vec![Transport::Udp, Transport::Tcp, Transport::Tls]),
        host,
        prop::option::of(1u16..),
        "z9hG4bK[a-zA-Z0-9]{1,20}",
    );
    let parts = (uri.clone(), uri.clone(), uri, via, "[a-zA-Z]{1,8}( [a-zA-Z]{1,8})?", "[a-zA-Z0-9]{1,10}");
    (parts, any::<u32>(), "[!-~]{1,20}", prop::collection::vec(any::<u8>(), 0..80)).prop_map(
        |((target, from, to, via, display, tag), number, call_id, body)| {
            let mut request = Request::new(Method::Info, target);
            let via = Via::new(via.0, Host::parse(via.1).unwrap(), via.2, &via.3);
            request.headers.push(HeaderName::Via, &via);
            request.headers.push(HeaderName::From, &NameAddr::new(from.clone()).with_display(display).with_tag(&tag));
            request.headers.push(HeaderName::To, &NameAddr::new(to));
            request.headers.push(HeaderName::CallId, call_id);
            request.headers.push(HeaderName::CSeq, &CSeq::new(number, Method::Info));
            request.headers.push(HeaderName::Contact, &NameAddr::new(from));
            request.headers.push(HeaderName::MaxForwards, 70);
            request.headers.push(HeaderName::Other(Token::new("X-Talkpath").unwrap()), "1, 2; 3=\"4\"");
            request.set_body("application/octet-stream", body);
            request
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rsip_agrees_on_what_we_build(request in request()) {
        agree(&Message::Request(request));
    }
}
