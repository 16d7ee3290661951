//! RFC 4475 §3.1.2 and §3.3: invalid messages are refused, and those that can be are answered as the RFC asks.

use bytes::Bytes;
use talkpath_sip::message::{
    Defect, Fault, HeaderError, HeaderName, Message, Method, ParseError, Response, StatusCode,
};

use crate::message_corpus::{expand, names, parse};

/// Refused as `fault`, and answered with `status`.
#[track_caller]
fn answered(name: &str, fault: Fault, status: StatusCode) {
    let error = parse("invalid", name).unwrap_err();
    assert_eq!((error.fault(), error.status()), (&fault, status), "{name}");
    let mut answer = Response::to(error.answerable().unwrap(), error.status());
    answer.set_to_tag("us");
    assert!(answer.headers.via().is_ok() && answer.headers.contains(&HeaderName::CSeq), "{name}");
    assert!(answer.to_bytes().starts_with(format!("SIP/2.0 {status} ").as_bytes()), "{name}");
}

fn malformed(name: HeaderName, defect: Defect) -> Fault {
    HeaderError::Malformed(name, defect).into()
}

/// Refused as `fault`, and never answered.
#[track_caller]
fn dropped(error: &ParseError, fault: &Fault) {
    assert_eq!(error.fault(), fault);
    assert!(error.answerable().is_none());
}

#[test]
fn every_invalid_message_is_refused() {
    for name in names("invalid") {
        assert!(parse("invalid", &name).is_err(), "{name}");
    }
    assert_eq!(names("invalid").len(), 21);
}

#[test]
fn what_is_wrong_is_said_and_answered_with_400() {
    let bad = StatusCode::BAD_REQUEST;
    answered("badinv01", malformed(HeaderName::Via, Defect::Protocol), bad);
    answered("clerr", Fault::ShortBody { declared: 9999, present: 150 }, bad);
    answered("ncl", malformed(HeaderName::ContentLength, Defect::Number), bad);
    answered("scalar02", malformed(HeaderName::CSeq, Defect::Number), bad);
    answered("quotbal", malformed(HeaderName::To, Defect::Quote), bad);
    answered("ltgtruri", Fault::RequestUri(Defect::Scheme), bad);
    answered("lwsruri", Fault::RequestUri(Defect::Character), bad);
    answered("lwsstart", Fault::RequestUri(Defect::Scheme), bad);
    answered("trws", Fault::StartLine, bad);
    answered("escruri", Fault::RequestUri(Defect::Character), bad);
    answered("regbadct", malformed(HeaderName::Contact, Defect::Character), bad);
    answered("badaspec", malformed(HeaderName::To, Defect::Scheme), bad);
    answered("baddn", malformed(HeaderName::From, Defect::DisplayName), bad);
    answered("mismatch01", Fault::MethodMismatch, bad);
    answered("mismatch02", Fault::MethodMismatch, bad);
    answered("insuf", HeaderError::Missing(HeaderName::From).into(), bad);
    answered("multi01", HeaderError::Repeated(HeaderName::From).into(), bad);
    answered("mcl01", HeaderError::Repeated(HeaderName::ContentLength).into(), bad);
}

#[test]
fn badvers_another_version_is_answered_with_505() {
    answered("badvers", Fault::Version, StatusCode::VERSION_NOT_SUPPORTED);
}

#[test]
fn bigcode_a_huge_status_code_is_dropped() {
    dropped(&parse("invalid", "bigcode").unwrap_err(), &Fault::StatusCode);
}

#[test]
fn scalarlg_a_response_with_a_huge_cseq_is_dropped() {
    dropped(&parse("invalid", "scalarlg").unwrap_err(), &malformed(HeaderName::CSeq, Defect::Number));
}

#[test]
fn scalar02_a_huge_max_forwards_or_expires_alone_is_no_reason_to_refuse() {
    let bytes = crate::message_corpus::load("invalid", "scalar02");
    let text = String::from_utf8(bytes.to_vec()).unwrap().replace("36893488147419103232", "1");
    let register = Message::parse_datagram(text.into()).unwrap();
    assert!(register.headers().max_forwards().is_err());
    assert!(register.headers().expires().is_err());
    assert!(register.headers().contact().unwrap().unwrap().params.has("expires"));
}

#[test]
fn a_broken_ack_is_never_answered() {
    let ack = expand("ACK sip:a@b SIP/2.0\nVia: SIP/2.0/UDP a;branch=b\nFrom: sip:a@b\nCall-ID: c\nCSeq: 1 ACK\n\n");
    dropped(&Message::parse_datagram(ack).unwrap_err(), &HeaderError::Missing(HeaderName::To).into());
}

#[test]
fn a_request_without_a_readable_via_is_not_answered() {
    let options = expand("OPTIONS sip:a@b SIP/2.0\nFrom: sip:a@b\nTo: sip:a@b\nCall-ID: c\nCSeq: 1 OPTIONS\n\n");
    dropped(&Message::parse_datagram(options).unwrap_err(), &HeaderError::Missing(HeaderName::Via).into());
}

#[test]
fn noise_is_refused_without_an_answer() {
    for noise in
        ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\u{0}\u{1}\u{2}", "INVITE", ":", " \r\n\r\n", "SIP/2.0 200 OK\r\n"]
    {
        let error = Message::parse_datagram(Bytes::from(noise)).unwrap_err();
        assert!(error.answerable().is_none(), "{noise:?}: {error}");
    }
    assert_eq!(Message::parse_datagram(Bytes::from("\r\n\r\n")).unwrap_err().fault(), &Fault::Empty);
}

#[test]
fn a_head_without_an_end_is_answered_with_400() {
    let text =
        "BYE sip:a@b SIP/2.0\nVia: SIP/2.0/UDP a;branch=b\nFrom: sip:a@b\nTo: sip:a@b\nCall-ID: c\nCSeq: 1 BYE\n";
    let error = Message::parse_datagram(expand(text)).unwrap_err();
    assert_eq!(error.fault(), &Fault::NoEmptyLine);
    assert_eq!(error.answerable().unwrap().method, Method::Bye);
}

#[test]
fn a_lone_line_feed_can_not_hide_a_header_field() {
    let head = "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=b\r\nFrom: sip:a@b\r\nTo: sip:a@b\r\nCall-ID: c\r\n";
    for hidden in
        ["Subject: x\nP-Asserted-Identity: <sip:boss@b>\r\n", "Subject: x\rP-Asserted-Identity: <sip:boss@b>\r\n"]
    {
        let text = format!("{head}{hidden}CSeq: 1 BYE\r\n\r\n");
        let error = Message::parse_datagram(text.into()).unwrap_err();
        assert_eq!(error.fault(), &Fault::LoneLineBreak);
    }
}
