//! Properties: arbitrary bytes never panic, and what we build is what is read.

use bytes::Bytes;
use proptest::prelude::*;
use talkpath_sip::message::{HeaderName, Host, Message, Method, NameAddr, Params, Request, Text, Uri, Via};

use crate::message_exercise;
use crate::message_print::invite;

/// Something like a message, with arbitrary lines.
fn lines() -> impl Strategy<Value = String> {
    let names =
        prop::sample::select(vec!["Via", "From", "t", "Contact", "CSeq", "Call-ID", "Route", "l", "X", "Reason"]);
    let line = (names, "[ -~\r\n\t]{0,40}").prop_map(|(name, value)| format!("{name}: {value}\r\n"));
    ("[A-Z]{1,8} [ -~]{0,30} SIP/2\\.0\r\n", prop::collection::vec(line, 0..12)).prop_map(|(start, lines)| {
        let via = "Via: SIP/2.0/UDP h;branch=b\r\nFrom: sip:a@b\r\nTo: sip:a@b\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n";
        format!("{start}{via}{}\r\n", lines.concat())
    })
}

/// Something like an address or a Via, put together from what they are made of.
fn value() -> impl Strategy<Value = String> {
    let pieces = vec![
        "\"",
        "\\",
        "<",
        ">",
        ";",
        "=",
        ":",
        "@",
        ",",
        "%41",
        "%",
        "[::1]",
        " ",
        "\t",
        "?",
        "&",
        "sip:",
        "tel:",
        "a",
        "b.c",
        "192.0.2.1",
        "\"a\\\"b\" ",
        "<sip:a@b>",
        ";tag=x",
        ";lr",
        "SIP/2.0/UDP ",
        "h:5060",
        ";branch=z",
        "ü",
        "\u{1}",
        "*",
    ];
    prop::collection::vec(prop::sample::select(pieces), 0..9).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::parse_datagram(bytes.into()) {
            prop_assert!(message_exercise::message(&message) > 0);
        }
    }

    #[test]
    fn arbitrary_lines_never_panic_and_print_as_they_are_read(text in lines()) {
        if let Ok(message) = Message::parse_datagram(text.into()) {
            prop_assert!(message_exercise::message(&message) > 0);
            let printed = message.to_bytes();
            prop_assert_eq!(Message::parse_datagram(printed.clone()).unwrap().to_bytes(), printed);
        }
    }

    #[test]
    fn arbitrary_values_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut invite = invite();
        let value = Text::from(bytes);
        for name in [HeaderName::Contact, HeaderName::Reason, HeaderName::RetryAfter, HeaderName::ContentType, HeaderName::Via] {
            invite.headers.set(name, &value);
        }
        prop_assert!(message_exercise::message(&Message::Request(invite)) > 0);
    }

    #[test]
    fn built_messages_are_read_back(
        display in "\\PC{0,20}", user in "\\PC{1,20}", tag in "[a-zA-Z0-9.]{1,12}",
        subject in "[!-~][ -~\u{a0}-\u{17f}]{0,30}", body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let uri = Uri::sip(Some(&user), &Host::parse("example.com").unwrap(), Some(5060)).unwrap();
        let mut sent = invite();
        let from = NameAddr::new(uri).with_display(display.as_str()).with_tag(&tag);
        sent.headers.set(HeaderName::From, &from);
        sent.headers.push(HeaderName::Subject, subject.trim());
        sent.set_body("application/octet-stream", body.clone());
        let Message::Request(read) = Message::parse_datagram(sent.to_bytes()).unwrap() else { panic!("a response") };
        let back = read.headers.from().unwrap();
        prop_assert_eq!(back.uri.user().unwrap(), user);
        prop_assert_eq!(back.display.decode(), display);
        prop_assert_eq!(back.tag().unwrap(), Text::from(tag));
        prop_assert_eq!(read.headers.get(&HeaderName::Subject).unwrap(), &subject.trim());
        prop_assert_eq!(read.body, Bytes::from(body));
    }

    #[test]
    fn values_that_are_read_print_as_they_mean(value in value()) {
        let text = Text::from(value.as_bytes());
        if let Ok(uri) = Uri::parse(&text) {
            prop_assert_eq!(uri.as_bytes(), value.as_bytes());
            prop_assert!(uri.equivalent(&uri));
        }
        if let Ok(address) = NameAddr::parse(&text) {
            prop_assert_eq!(NameAddr::parse(address.to_text()), Ok(address));
        }
        if let Ok(via) = Via::parse(&text) {
            prop_assert_eq!(Via::parse(via.to_text()), Ok(via));
        }
    }

    #[test]
    fn parameters_say_what_was_set(value in "\\PC{0,20}", other in "[a-z]{1,5}") {
        let mut params = Params::new();
        params.set("x", Some(&value));
        params.set(&other, None);
        params.set("x", Some(&value));
        prop_assert_eq!(params.iter().filter(|(name, _)| *name == "x").count(), 1);
        if other != "x" {
            let address = NameAddr { params, ..NameAddr::new("sip:a@b".parse().unwrap()) };
            let back = NameAddr::parse(address.to_text()).unwrap();
            prop_assert_eq!(back.params.unquoted("x").unwrap().to_string(), value);
        }
    }

    #[test]
    fn equivalence_is_reflexive_and_symmetric(a in "sip:[a-c%;]{0,6}@[ab]{1,2}(;[ab]=[ab%])?", b in "sip:[a-c%;]{0,6}@[ab]{1,2}(;[ab]=[ab%])?") {
        let (Ok(a), Ok(b)) = (Uri::parse(a), Uri::parse(b)) else { return Ok(()) };
        prop_assert!(a.equivalent(&a));
        prop_assert_eq!(a.equivalent(&b), b.equivalent(&a));
    }

    #[test]
    fn methods_and_names_are_tokens_or_nothing(text in "\\PC{0,12}") {
        let token = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&b));
        prop_assert_eq!(Method::new(text.as_str()).is_some(), token(&text));
        prop_assert_eq!(HeaderName::new(text.as_str()).is_some(), token(&text));
        if let Some(method) = Method::new(text.as_str()) {
            prop_assert_eq!(Request::new(method, "sip:a@b".parse().unwrap()).method.to_string(), text);
        }
    }
}
