//! What is too large has a name, and nothing is worse than linear.

use std::fmt::Write;

use bytes::Bytes;
use talkpath_sip::message::{
    Fault, MAX_HEADERS, MAX_LINE, MAX_MESSAGE, Message, ParseError, StatusCode, Uri, is_keep_alive,
};

const HEAD: &str = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\nFrom: sip:a@b;tag=1\r\nTo: sip:a@b\r\n\
                    Call-ID: c\r\nCSeq: 1 OPTIONS\r\n";

fn read(extra: &str) -> Result<Message, ParseError> {
    Message::parse_datagram(Bytes::from(format!("{HEAD}{extra}\r\n")))
}

#[test]
fn a_message_over_the_limit_is_refused() {
    let bytes = Bytes::from(vec![b'a'; MAX_MESSAGE + 1]);
    assert_eq!(Message::parse_datagram(bytes).unwrap_err().fault(), &Fault::MessageTooLarge);
}

#[test]
fn a_line_over_the_limit_is_answered_with_513() {
    assert!(read(&format!("Subject: {}\r\n", "a".repeat(MAX_LINE - 9))).is_ok());
    let error = read(&format!("Subject: {}\r\n", "a".repeat(MAX_LINE))).unwrap_err();
    assert_eq!((error.fault(), error.status()), (&Fault::LineTooLong, StatusCode::MESSAGE_TOO_LARGE));
    assert!(error.answerable().is_some());
    let folded = read(&format!("Subject: x\r\n{}", " aaaaaaaa\r\n".repeat(MAX_LINE / 8))).unwrap_err();
    assert_eq!(folded.fault(), &Fault::LineTooLong);
    let start = format!("OPTIONS sip:{}@b SIP/2.0\r\n\r\n", "a".repeat(MAX_LINE));
    assert_eq!(Message::parse_datagram(start.into()).unwrap_err().fault(), &Fault::LineTooLong);
    assert!(Uri::parse(format!("sip:{}@b", "a".repeat(MAX_LINE))).is_err());
}

#[test]
fn too_many_header_fields_are_answered_with_513() {
    assert!(read(&"X: y\r\n".repeat(MAX_HEADERS - 5)).is_ok());
    let error = read(&"X: y\r\n".repeat(MAX_HEADERS)).unwrap_err();
    assert_eq!((error.fault(), error.status()), (&Fault::TooManyHeaders, StatusCode::MESSAGE_TOO_LARGE));
    assert!(error.answerable().unwrap().headers.len() <= MAX_HEADERS + 1);
}

#[test]
fn keep_alives_are_known() {
    for alive in [b"".as_slice(), b"\r\n", b"\r\n\r\n", b"\0", b"\0\0\0\0"] {
        assert!(is_keep_alive(alive));
    }
    assert!(!is_keep_alive(b"\r\nO"));
    assert!(!is_keep_alive(HEAD.as_bytes()));
}

/// Shapes that make careless parsers quadratic, each as large as a datagram can be.
fn hostile() -> Vec<Bytes> {
    let line = |value: &str| value.repeat((MAX_LINE - 20) / value.len());
    let mut vias = String::new();
    for _ in 0..7 {
        write!(vias, "Via: {}SIP/2.0/UDP h\r\n", line("SIP/2.0/UDP h;a;b,")).unwrap();
    }
    let heads = [
        vias,
        format!("Contact: {}\r\n", line("\"")).repeat(7),
        format!("Contact: {}\r\n", line("<")).repeat(7),
        format!("Contact: {}\r\n", line(",")).repeat(7),
        format!("Contact: <sip:a@b>{}\r\n", line(";a=\"\\")).repeat(7),
        format!("Contact: <sip:a@b{}>\r\n", line(";a")).repeat(7),
        format!("Record-Route: {}<sip:a>\r\n", line("<sip:a>,")).repeat(7),
        format!("Retry-After: 1 {}\r\n", line("(")).repeat(7),
        format!("Subject: x\r\n{}", " \r\n".repeat(2700)).repeat(7),
        "\r".repeat(60_000),
        ":".repeat(60_000),
    ];
    heads.iter().map(|extra| Bytes::from(format!("{HEAD}{extra}\r\n"))).collect()
}

/// Work is counted, not timed: what is allocated while reading and using the message is bounded by its length.
#[test]
fn hostile_messages_cost_no_more_than_their_length() {
    for bytes in hostile() {
        let len = u64::try_from(bytes.len()).unwrap();
        let info = allocation_counter::measure(|| {
            drop(Message::parse_datagram(bytes));
        });
        assert!(info.bytes_total < 64 * len, "{} bytes for {len}", info.bytes_total);
    }
}

#[test]
fn hostile_messages_panic_nobody() {
    for bytes in hostile() {
        match Message::parse_datagram(bytes) {
            Ok(message) => assert!(crate::message_exercise::message(&message) > 0),
            Err(error) => assert!(error.status().is_failure()),
        }
    }
}
