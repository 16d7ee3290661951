//! What trunks and desk phones send every day.

use std::time::Duration;

use talkpath_sip::message::{HeaderName, Method, Rport, Scheme};

use crate::message_corpus::{load, names, parse, request, response};

#[test]
fn every_message_of_a_trunk_is_read_and_printed_as_it_came() {
    for name in names("trunk") {
        let message = parse("trunk", &name).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(message.to_bytes(), load("trunk", &name), "{name}");
    }
}

#[test]
fn compact_forms_are_the_long_ones() {
    let invite = request("trunk", "compact");
    assert_eq!(invite.headers.from().unwrap().display, "Anna");
    assert_eq!(invite.headers.call_id().unwrap(), "5c9a0e7f@203.0.113.9");
    assert_eq!(invite.headers.supported().unwrap().len(), 2);
    assert!(invite.headers.contains(&HeaderName::SessionExpires));
    assert!(invite.headers.content_type().unwrap().unwrap().is("application", "sdp"));
    assert_eq!(invite.headers.via().unwrap().rport(), Some(Rport::Requested));
    assert_eq!(invite.body.len(), 150);
}

#[test]
fn tel_uris_are_numbers() {
    let invite = request("trunk", "tel");
    assert_eq!((invite.uri.scheme(), invite.uri.user()), (Scheme::Tel, None));
    assert_eq!(invite.uri.number().unwrap(), "+49-30-123456");
    assert_eq!(invite.uri.param("phone-context").unwrap(), "example.com");
    let from = invite.headers.from().unwrap();
    assert_eq!((from.uri.param("isub").unwrap().as_ref(), from.tag().unwrap().to_string()), ("12", "t1".into()));
    assert_eq!(invite.headers.values(&HeaderName::PAssertedIdentity).count(), 2);
}

#[test]
fn a_latin_1_name_is_shown_right_and_passed_on_as_it_came() {
    let invite = request("trunk", "latin1");
    let from = invite.headers.from().unwrap();
    assert_eq!(from.display.decode(), "Jürgen Müller");
    assert!(from.to_text().as_bytes().starts_with(b"\"J\xfcrgen M\xfcller\" <sip:+493022@"));
    assert_eq!(invite.headers.get(&HeaderName::Subject).unwrap().to_string(), "Rückruf");
}

#[test]
fn folded_lines_are_one_value() {
    let ok = response("trunk", "folded");
    assert_eq!(ok.headers.to_tag().unwrap().unwrap(), "g1");
    assert_eq!(ok.headers.cseq().unwrap().number, 7);
    assert_eq!(ok.headers.via().unwrap().rport(), Some(Rport::Port(5060)));
    let routes: Vec<String> = ok.headers.record_routes().unwrap().iter().map(|r| r.uri.to_string()).collect();
    assert_eq!(routes, ["sip:p1.example.com;lr", "sip:p2.example.com;lr;ftag=9"]);
    assert_eq!(ok.headers.allow().unwrap(), [Method::Invite, Method::Ack, Method::Bye, Method::Cancel]);
}

#[test]
fn an_anonymous_caller_may_have_no_user_part() {
    let contact = request("trunk", "anonymous").headers.contact().unwrap().unwrap();
    assert_eq!((contact.uri.user(), contact.uri.port()), (None, Some(5060)));
    assert_eq!(contact.uri.to_string(), "sip:@203.0.113.9:5060");
}

#[test]
fn why_a_call_failed_is_read() {
    let busy = response("trunk", "sip2sip");
    let reasons = busy.headers.reason().unwrap();
    assert_eq!((reasons[0].protocol.to_string(), reasons[0].cause()), ("Q.850".into(), Some(17)));
    assert_eq!(reasons[0].text().unwrap(), "User busy");
    assert_eq!(reasons[1].cause(), Some(486));
    let retry = busy.headers.retry_after().unwrap().unwrap();
    assert_eq!((retry.delay, retry.comment.unwrap()), (Duration::from_secs(5), "back at 5 (or so)".into()));
    assert_eq!(retry.params.get("duration").unwrap(), "60");
    assert_eq!(busy.headers.to().unwrap().display, "Reception.Desk 2");
    assert_eq!(busy.headers.user_agent().unwrap(), &"PBX/1.0");
}
