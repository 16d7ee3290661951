//! RFC 4475 §3.1.1: valid messages, however odd, are read, and read right.

use talkpath_sip::message::{Contacts, HeaderName, Host, Message, Method, NameAddr, Scheme, StatusCode, Transport};

use crate::message_corpus::{load, names, parse, request, response};

fn contacts(headers: &talkpath_sip::message::Headers) -> Vec<NameAddr> {
    match headers.contacts().unwrap() {
        Contacts::Addresses(addresses) => addresses,
        Contacts::Star => panic!("a star"),
    }
}

#[test]
fn every_valid_message_is_read_and_printed_as_it_came() {
    for name in names("valid") {
        let bytes = load("valid", &name);
        let message = parse("valid", &name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let printed = message.to_bytes();
        assert_eq!(printed, bytes[..printed.len()], "{name}");
        assert!(printed.len() == bytes.len() || name == "dblreq", "{name}");
    }
    assert_eq!(names("valid").len(), 13);
}

#[test]
fn wsinv_a_short_tortuous_invite() {
    let invite = request("valid", "wsinv");
    let headers = &invite.headers;
    assert_eq!(invite.method, Method::Invite);
    assert!(invite.uri.has_param("unknownparam"));
    assert_eq!(headers.to_tag().unwrap().unwrap(), "1918181833n");
    let from = headers.from().unwrap();
    assert_eq!(from.display, "J Rosenberg \\\"");
    assert_eq!(from.tag().unwrap(), "98asjd8");
    assert_eq!(headers.max_forwards().unwrap(), Some(68));
    let cseq = headers.cseq().unwrap();
    assert_eq!((cseq.number, cseq.method), (9, Method::Invite));
    assert_eq!(headers.named("NewFangledHeader").unwrap(), &"newfangled value continued newfangled value");
    assert_eq!(headers.get(&HeaderName::Subject).unwrap(), &"");
    assert!(headers.routes().unwrap()[0].uri.has_param("lr"));
    let contact = headers.contact().unwrap().unwrap();
    assert_eq!(contact.display, "Quoted string \"\"");
    assert_eq!(contact.params.get("newparam").unwrap(), "newvalue");
    assert!(contact.params.has("secondparam"));
    assert_eq!(contact.params.get("q").unwrap(), "0.33");
}

#[test]
fn wsinv_has_three_vias_in_two_header_fields() {
    let invite = request("valid", "wsinv");
    let vias: Vec<_> = invite.headers.vias().map(Result::unwrap).collect();
    let hosts: Vec<String> = vias.iter().map(|via| via.host().to_string()).collect();
    let branches: Vec<String> = vias.iter().map(|via| via.branch().unwrap().to_string()).collect();
    assert_eq!(hosts, ["192.0.2.2", "spindle.example.com", "192.168.255.111"]);
    assert_eq!(branches, ["390skdjuw", "z9hG4bK9ikj8", "z9hG4bK30239"]);
    assert_eq!(*vias[1].transport(), Transport::Tcp);
}

#[test]
fn intmeth_a_wide_range_of_valid_characters() {
    let message = request("valid", "intmeth");
    assert_eq!(message.method.as_str(), "!interesting-Method0123456789_*+`.%indeed'~");
    assert_eq!(message.headers.cseq().unwrap().method, message.method);
    assert_eq!(message.uri.user().unwrap(), "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    assert_eq!(message.uri.password().unwrap(), "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
    let to = message.headers.to().unwrap();
    assert_eq!(to.display, "BEL:\u{7} NUL:\0 DEL:\u{7f}");
    let from = message.headers.from().unwrap();
    assert_eq!(from.display, "token1~` token2'+_ token3*%!.-");
    assert_eq!(from.params.unquoted("fromParam''~+*_!.-%").unwrap(), "работающий");
    assert_eq!(from.tag().unwrap(), "_token~1'+`*%!-.");
    assert_eq!(message.headers.call_id().unwrap(), "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
    assert_eq!(message.headers.max_forwards().unwrap(), Some(255));
    assert_eq!(message.headers.named("extensionHeader-!.%*+_`'~").unwrap(), &"\u{feff}大停電");
}

#[test]
fn esc01_escapes_are_decoded_once_and_where_they_may_be() {
    let invite = request("valid", "esc01");
    assert_eq!(invite.uri.user().unwrap(), "sips:user@example.com");
    assert_eq!(invite.uri.host().unwrap(), Host::parse("example.net").unwrap());
    assert_eq!(invite.headers.to().unwrap().uri.user().unwrap(), "user");
    assert_eq!(invite.headers.from().unwrap().uri.user().unwrap(), "I have spaces");
    let contact = contacts(&invite.headers).remove(0);
    assert_eq!(contact.uri.user().unwrap(), "caller");
    assert!(contact.uri.has_param("lr"));
    assert_eq!(contact.uri.param("name").unwrap(), "value%41");
}

#[test]
fn escnull_an_escaped_null_is_a_character_like_others() {
    let register = request("valid", "escnull");
    assert_eq!(register.headers.to().unwrap().uri.user().unwrap(), "null-\0-null");
    let contacts = contacts(&register.headers);
    assert_eq!(contacts[0].uri.user().unwrap(), "\0");
    assert_eq!(contacts[1].uri.user().unwrap(), "\0\0");
    assert!(!contacts[0].uri.equivalent(&contacts[1].uri));
}

#[test]
fn esc02_a_percent_sign_outside_uris_escapes_nothing() {
    let message = request("valid", "esc02");
    assert_eq!(message.method.as_str(), "RE%47IST%45R");
    assert_ne!(message.method, Method::Register);
    assert_eq!(message.headers.to().unwrap().display, "%Z%45");
    assert_eq!(contacts(&message.headers).len(), 2);
    assert_eq!(message.headers.named("c%6fntact").unwrap(), &"<sip:alias2@host2.example.com>");
    assert_eq!(message.headers.via().unwrap().branch().unwrap(), "z9hG4bK209%fzsnel234");
}

#[test]
fn lwsdisp_no_space_is_needed_before_the_bracket() {
    let options = request("valid", "lwsdisp");
    let from = options.headers.from().unwrap();
    assert_eq!(from.display, "caller");
    assert_eq!(from.uri.user().unwrap(), "caller");
    assert_eq!(from.tag().unwrap(), "323");
}

#[test]
fn longreq_long_values_are_read() {
    let invite = request("valid", "longreq");
    assert_eq!(invite.headers.vias().flatten().count(), 34);
    assert_eq!(invite.headers.vias().last().unwrap().unwrap().received(), Some("192.0.2.5".parse().unwrap()));
    let to = invite.headers.to().unwrap();
    assert_eq!(to.uri.port(), Some(6000));
    assert_eq!(to.uri.params().iter().count(), 3);
    assert_eq!(invite.headers.from_tag().unwrap().unwrap().len(), 155);
    assert!(invite.headers.call_id().unwrap().len() > 100);
    assert_eq!(invite.body.len(), 150);
}

#[test]
fn dblreq_what_follows_the_body_is_dropped() {
    let register = request("valid", "dblreq");
    assert_eq!(register.method, Method::Register);
    assert!(register.body.is_empty());
    assert!(register.to_bytes().ends_with(b"Content-Length: 0\r\n\r\n"));
}

#[test]
fn semiuri_semicolons_belong_to_the_user_part() {
    let options = request("valid", "semiuri");
    assert_eq!(options.uri.user().unwrap(), "user;par=u@example.net");
    assert_eq!(options.uri.host().unwrap().to_string(), "example.com");
    assert!(options.uri.params().is_empty());
    assert_eq!(options.headers.accept().unwrap().len(), 6);
}

#[test]
fn transports_known_and_unknown_are_read() {
    let options = request("valid", "transports");
    let transports: Vec<String> = options.headers.vias().map(|via| via.unwrap().transport().to_string()).collect();
    assert_eq!(transports, ["UDP", "SCTP", "TLS", "UNKNOWN", "TCP"]);
}

#[test]
fn mpart01_a_binary_multipart_body_is_kept_byte_for_byte() {
    let message = request("valid", "mpart01");
    let content = message.headers.content_type().unwrap().unwrap();
    assert!(content.is("multipart", "mixed"));
    assert_eq!(content.boundary().unwrap(), "7a9cbec02ceef655");
    assert!(message.body.contains(&0) && std::str::from_utf8(&message.body).is_err());
    assert!(load("valid", "mpart01").ends_with(&message.body));
    assert_eq!(message.headers.via().unwrap().rport(), Some(talkpath_sip::message::Rport::Requested));
}

#[test]
fn unreason_a_reason_phrase_may_be_any_utf_8() {
    let ok = response("valid", "unreason");
    assert_eq!(ok.status, StatusCode::OK);
    assert_eq!(ok.reason, "= 2**3 * 5**2 но сто девяносто девять - простое");
}

#[test]
fn noreason_a_reason_phrase_may_be_empty() {
    let trying = response("valid", "noreason");
    assert_eq!(trying.status, StatusCode::TRYING);
    assert!(trying.reason.is_empty());
    let bare = "SIP/2.0 100\r\nVia: SIP/2.0/UDP a;branch=b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nFrom: sip:a@b\r\n\
                To: sip:a@b\r\n\r\n";
    assert!(Message::parse_datagram(bare.into()).is_ok());
    assert_eq!(trying.headers.contact().unwrap().unwrap().uri.scheme(), Scheme::Sip);
}
