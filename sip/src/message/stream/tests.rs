//! Framing: any pieces give the same frames, limits hold, hostile bytes harm nobody.

use proptest::prelude::*;

use super::*;
use crate::message::StatusCode;

/// A request with this Content-Length field and what follows the head.
fn options(length: &str, body: &str) -> Vec<u8> {
    format!(
        "OPTIONS sip:bot@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.9;branch=z9hG4bKx\r\nMax-Forwards: 70\r\n\
         From: <sip:a@192.0.2.9>;tag=1\r\nTo: <sip:bot@192.0.2.1>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n{length}\r\n{body}"
    )
    .into_bytes()
}

fn with_body(body: &str) -> Vec<u8> {
    options(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// Every frame in words, pushing `size` bytes at a time.
fn frames(limits: StreamLimits, bytes: &[u8], size: usize) -> Vec<String> {
    let mut framer = Framer::new(limits);
    let mut frames = Vec::new();
    for piece in bytes.chunks(size.max(1)) {
        let mut piece = piece;
        while !piece.is_empty() {
            let taken = framer.push(piece);
            assert!(framer.held() <= limits.message.min(MAX_MESSAGE));
            piece = piece.get(taken..).unwrap();
            let before = frames.len();
            frames.extend(std::iter::from_fn(|| framer.poll()).map(|frame| words(&frame)));
            assert!(taken > 0 || frames.len() > before, "nothing taken, nothing given");
        }
    }
    frames
}

fn words(frame: &Frame) -> String {
    match frame {
        Frame::Message(Ok(message)) => format!("message with {:?}", message.body()),
        Frame::Message(Err(error)) => format!("refused: {error}"),
        Frame::Ping => "ping".to_owned(),
        Frame::Pong => "pong".to_owned(),
        Frame::Broken(error) => format!("broken: {error}"),
    }
}

fn whole(bytes: &[u8]) -> Vec<String> {
    frames(StreamLimits::default(), bytes, usize::MAX)
}

#[test]
fn messages_are_cut_by_content_length_in_any_spelling() {
    let spellings =
        ["Content-Length: 3\r\n", "l:3\r\n", "CONTENT-LENGTH \t:\r\n 003 \r\n", "Subject: x\r\n L: 9\r\nL: 3\r\n"];
    for spelling in spellings {
        let bytes = [options(spelling, "abc"), with_body(""), with_body("de")].concat();
        assert_eq!(
            whole(&bytes),
            ["message with b\"abc\"", "message with b\"\"", "message with b\"de\""],
            "{spelling}"
        );
    }
}

#[test]
fn a_pong_is_told_at_once_and_a_ping_when_it_is_whole() {
    let mut framer = Framer::default();
    let mut push = |bytes: &[u8]| {
        assert_eq!(framer.push(bytes), bytes.len());
        std::iter::from_fn(|| framer.poll()).map(|frame| words(&frame)).collect::<Vec<_>>()
    };
    assert!(push(b"\r").is_empty());
    assert_eq!(push(b"\n"), ["pong"]);
    assert_eq!(push(b"\r\n"), ["ping"]);
    assert_eq!(push(b"\r\n"), ["pong"]);
    assert_eq!(push(&with_body("")), ["message with b\"\""]);
    assert_eq!(push(b"\r\n\r\n"), ["pong", "ping"]);
}

#[test]
fn odd_bytes_between_messages_are_skipped() {
    let bytes = [b"\n\r\0\r\n\n".as_slice(), &with_body("a"), b"\0\n", &with_body("b")].concat();
    assert_eq!(whole(&bytes), ["pong", "message with b\"a\"", "message with b\"b\""]);
}

#[test]
fn a_message_that_can_not_be_read_is_refused_and_the_stream_goes_on() {
    let bad = b"OPTIONS sip:bot@192.0.2.1 SIP/2.0\r\nContent-Length: 2\r\n\r\nab";
    let twice = options("Content-Length: 2\r\nl: 2\r\n", "ab");
    let bytes = [bad.as_slice(), &twice, &with_body("x")].concat();
    let expected = ["refused: Via is missing", "refused: Content-Length is repeated", "message with b\"x\""];
    assert_eq!(whole(&bytes), expected);
    let mut framer = Framer::default();
    assert_eq!(framer.push(&twice), twice.len());
    let Some(Frame::Message(Err(error))) = framer.poll() else { panic!("not refused") };
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
}

#[test]
fn whatever_hides_where_the_next_message_starts_breaks_the_stream_once() {
    let cases = [
        ("", "broken: a message on a stream without Content-Length"),
        ("Content-Length: x\r\n", "broken: a message with an unclear Content-Length"),
        ("Content-Length:\r\n", "broken: a message with an unclear Content-Length"),
        ("Content-Length: -1\r\n", "broken: a message with an unclear Content-Length"),
        ("Content-Length: 1\r\nl: 2\r\n", "broken: a message with an unclear Content-Length"),
        ("Content-Length: 18446744073709551616\r\n", "broken: a message with an unclear Content-Length"),
    ];
    for (length, expected) in cases {
        let bytes = [options(length, "abc"), with_body("never seen")].concat();
        assert_eq!(whole(&bytes), [expected], "{length}");
    }
}

#[test]
fn a_content_length_of_two_to_the_64_minus_1_is_only_too_long() {
    let bytes = options("Content-Length: 18446744073709551615\r\n", "");
    let limit = MAX_MESSAGE - bytes.len();
    let expected = format!("broken: a body of 18446744073709551615 bytes is longer than {limit}");
    assert_eq!(whole(&bytes), [expected]);
}

#[test]
fn every_limit_is_exact() {
    let message = with_body("abcde");
    let head = message.len() - 5;
    let exact = StreamLimits { head, body: 5, message: head + 5 };
    assert_eq!(frames(exact, &message, 7), ["message with b\"abcde\""]);
    let broken = |limits| frames(limits, &message, 7).concat();
    assert_eq!(
        broken(StreamLimits { head: head - 1, ..exact }),
        format!("broken: header fields longer than {} bytes", head - 1)
    );
    assert_eq!(broken(StreamLimits { body: 4, ..exact }), "broken: a body of 5 bytes is longer than 4");
    assert_eq!(broken(StreamLimits { message: head + 4, ..exact }), "broken: a body of 5 bytes is longer than 4");
}

#[test]
fn a_broken_or_idle_stream_holds_nothing() {
    let mut framer = Framer::default();
    let endless = vec![b'a'; 40_000];
    assert_eq!(framer.push(&endless), endless.len());
    assert!(matches!(framer.poll(), Some(Frame::Broken(FramingError::HeadTooLong { limit: 32_768 }))));
    assert!(framer.poll().is_none());
    assert_eq!((framer.push(&endless), framer.held(), framer.buffer.capacity()), (endless.len(), 0, 0));
    let mut framer = Framer::default();
    let message = with_body("x");
    assert_eq!(framer.push(&message), message.len());
    assert!(framer.poll().is_some() && framer.poll().is_none());
    assert_eq!(framer.buffer.capacity(), 0);
}

#[test]
fn bytes_that_come_one_by_one_are_looked_at_a_few_times_only() {
    let large = with_body(&"x".repeat(60_000));
    let folded = options(&format!("Subject: {}\r\nl: 0\r\n", "\r\n y".repeat(2_000)), "");
    let bytes = [large.as_slice(), &folded].concat().repeat(4);
    let (mut framer, mut messages) = (Framer::default(), 0);
    for byte in &bytes {
        assert_eq!(framer.push(&[*byte]), 1);
        messages += std::iter::from_fn(|| framer.poll()).count();
    }
    assert_eq!(messages, 8);
    assert!(framer.searched <= 4 * bytes.len(), "{} of {}", framer.searched, bytes.len());
}

/// A piece of a stream: a message, a keep-alive, or garbage.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => "[a-z\r\n]{0,30}".prop_map(|body| with_body(&body)),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r\n\r\n".to_vec()),
        1 => Just(options("Content-Length: 2\r\nl: 2\r\n", "ab")),
        1 => prop::sample::select(vec!["\n", "\r", "\0", "x", "l: 3\r\n", "OPTIONS "]).prop_map(|s| s.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_give_the_same_frames(
        pieces in prop::collection::vec(piece(), 0..8),
        sizes in prop::collection::vec(1usize..60, 1..6),
        limit in 300usize..2_000,
    ) {
        let bytes = pieces.concat();
        let limits = StreamLimits { message: limit, ..StreamLimits::default() };
        let expected = frames(limits, &bytes, usize::MAX);
        for size in sizes {
            prop_assert_eq!(&frames(limits, &bytes, size), &expected);
        }
    }

    #[test]
    fn hostile_bytes_never_panic_and_never_fill_more_than_the_limit(
        bytes in prop::collection::vec(prop_oneof![3 => prop::sample::select(b"\r\n\r\n:l 0129".to_vec()), 1 => any::<u8>()], 0..600),
        limit in 0usize..200,
        size in 1usize..50,
    ) {
        let limits = StreamLimits { head: limit, body: limit / 2, message: limit.max(2) };
        prop_assert!(frames(limits, &bytes, size).len() <= bytes.len());
    }
}
