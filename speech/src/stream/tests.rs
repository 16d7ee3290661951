//! Settings, each fault by its name, and what drivers may do that the one of the whole calls (`tests/it/stream`) doesn't.

use std::time::{Duration, Instant};

use crate::engine::{Engine, Input, ItemId, Output};
use crate::error::Error;
use crate::realtime::Secret;
use crate::samples::Samples;

use super::{Audio, Dialect, Facts, Rate, Settings, Stream};

const MS: fn(u64) -> Duration = Duration::from_millis;

/// Which setting is refused.
fn refused(change: impl FnOnce(&mut Settings), mut settings: Settings) -> Option<&'static str> {
    change(&mut settings);
    match settings.check() {
        Ok(()) => None,
        Err(Error::Remote { setting, .. }) => Some(setting),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn settings_that_fit_are_taken_up_to_their_bounds() {
    let (own, twilio) = (|| Settings::new("wss://bot.example/call"), || Settings::twilio("ws://bot.example/call"));
    assert_eq!(refused(|_| {}, own()), None);
    assert_eq!(refused(|_| {}, twilio()), None);
    assert_eq!(refused(|settings| settings.frame = MS(100), own()), None);
    assert_eq!(refused(|settings| settings.backlog = MS(0), own()), None);
    assert_eq!(refused(|settings| settings.drain = Some(MS(40)), own()), None);
    let account = Some(format!("AC{}", "0f".repeat(16)));
    let named = Dialect::Twilio { account_sid: account };
    assert_eq!(refused(|settings| settings.dialect = named, twilio()), None);
    let header = ("Authorization".to_owned(), Secret("Bearer a b".to_owned()));
    assert_eq!(refused(|settings| settings.headers.push(header), own()), None);
}

#[test]
fn what_does_not_fit_is_named() {
    let own = || Settings::new("wss://bot.example/call");
    let header = |name: &str, value: &str| {
        let header = (name.to_owned(), Secret(value.to_owned()));
        refused(|settings| settings.headers.push(header), own())
    };
    assert_eq!(refused(|settings| settings.url = "http://bot".to_owned(), own()), Some("url"));
    assert_eq!(refused(|settings| settings.url = "ws://bot/a b".to_owned(), own()), Some("url"));
    for (name, value) in [
        ("", "x"),
        ("a b", "x"),
        ("A", "x\r\nB: y"),
        ("Sec-WebSocket-Key", "x"),
        ("x-talkpath-signature", "x"),
        ("host", "x"),
    ] {
        assert_eq!(header(name, value), Some("headers"), "{name}");
    }
    assert_eq!(refused(|settings| settings.signing_key = Some(Secret(String::new())), own()), Some("signing_key"));
    for frame in [MS(19), MS(101), Duration::from_micros(20_500)] {
        assert_eq!(refused(|settings| settings.frame = frame, own()), Some("frame"));
    }
    assert_eq!(refused(|settings| settings.backlog = MS(60_001), own()), Some("backlog"));
    assert_eq!(refused(|settings| settings.drain = Some(MS(39)), own()), Some("drain"));
    assert_eq!(refused(|settings| settings.queue = MS(600_001), own()), Some("queue"));
    assert_eq!(refused(|settings| settings.connect_timeout = MS(0), own()), Some("connect_timeout"));
    assert_eq!(refused(|settings| settings.ping = Some(MS(999)), own()), Some("ping"));
    assert_eq!(refused(|settings| settings.farewell = MS(60_001), own()), Some("farewell"));
}

#[test]
fn what_twilio_can_not_do_is_refused() {
    let twilio = || Settings::twilio("wss://bot.example/call");
    assert_eq!(refused(|settings| settings.frame = MS(40), twilio()), Some("frame"));
    assert_eq!(refused(|settings| settings.reconnect = true, twilio()), Some("reconnect"));
    for account in ["", "AC", "AC0123456789ABCDEF0123456789ABCDEF", "XX0123456789abcdef0123456789abcdef"] {
        let named = Dialect::Twilio { account_sid: Some(account.to_owned()) };
        assert_eq!(refused(|settings| settings.dialect = named, twilio()), Some("account_sid"), "{account}");
    }
}

#[test]
fn settings_are_printed_without_what_opens_the_door() {
    let mut settings = Settings::new("wss://bot.example/call");
    settings.signing_key = Some(Secret("k-secret".to_owned()));
    settings.headers = vec![("Authorization".to_owned(), Secret("Bearer b-secret".to_owned()))];
    let printed = format!("{settings:?}");
    assert!(printed.contains("Authorization") && !printed.contains("secret"), "{printed}");
}

/// A call under way at these rates to the caller, and what was wished so far.
struct Rig {
    engine: Stream,
    now: Instant,
    outputs: Vec<Output>,
}

impl Rig {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    fn new(to_caller: Rate) -> Self {
        let mut settings = Settings::new("wss://bot.example/call");
        settings.dialect = Dialect::Talkpath(Audio::Pcm { from_caller: Rate::Hz8000, to_caller });
        let now = Instant::now();
        let engine = Stream::new(settings, Facts::default(), Duration::ZERO, now);
        let mut rig = Self { engine, now, outputs: Vec::new() };
        rig.handle(&[Input::SocketOpened, Input::Answered]);
        rig
    }

    /// Hands all of this in before it asks what is wished.
    fn handle(&mut self, inputs: &[Input<'_>]) {
        inputs.iter().for_each(|input| self.engine.handle(input.clone(), self.now));
        let outputs =
            std::iter::from_fn(|| Some(self.engine.poll()).filter(|next| !matches!(next, Output::Timeout(_))));
        self.outputs.extend(outputs);
    }

    fn samples(&self) -> Vec<i16> {
        let given =
            |output: &Output| if let Output::Audio { audio, .. } = output { audio.samples().to_vec() } else { vec![] };
        self.outputs.iter().flat_map(given).collect()
    }

    fn told(&self, what: &str) -> usize {
        self.outputs.iter().filter(|output| matches!(output, Output::Send(text) if text.contains(what))).count()
    }
}

#[test]
fn samples_that_messages_part_in_two_are_heard_as_they_are() {
    let bytes: Vec<u8> = (0..2_000_u16).flat_map(u16::to_le_bytes).collect();
    for lengths in [[1, 1, 1], [3, 2, 1], [7, 480, 0], [1, 0, 1]] {
        let (mut rig, mut rest) = (Rig::new(Rate::Hz24000), &bytes[..]);
        for length in lengths.iter().cycle() {
            let (head, tail) = rest.split_at(rest.len().min(*length));
            rig.handle(&[Input::Binary(head)]);
            rest = tail;
            if rest.is_empty() {
                break;
            }
        }
        assert!(rig.samples().into_iter().eq(0..2_000), "{lengths:?}");
    }
}

#[test]
fn a_mark_near_the_front_waits_for_the_first_packet() {
    let mut rig = Rig::new(Rate::Hz24000);
    rig.handle(&[Input::Binary(&[1; 48]), Input::Message(r#"{"type":"mark","name":"m"}"#)]);
    assert_eq!(rig.told(r#""name":"m""#), 0, "a millisecond of it came, and nothing was heard");
    rig.handle(&[Input::Heard { item: ItemId(0), heard: Samples(1) }]);
    assert_eq!(rig.told(r#""name":"m""#), 1);
}

#[test]
fn what_waits_to_be_sent_dies_with_its_socket() {
    let mut rig = Rig::new(Rate::Hz8000);
    rig.outputs.clear();
    let closed = Input::SocketClosed { code: None, reason: "gone" };
    rig.handle(&[Input::Audio(&[0; 160]), Input::Key('1'), closed, Input::SocketOpened]);
    let dialled = rig.outputs.iter().position(|output| matches!(output, Output::Connect(_))).unwrap();
    let sent = |output: &Output| matches!(output, Output::Send(_) | Output::SendBinary(_));
    assert!(!rig.outputs[..dialled].iter().any(sent), "nothing on the socket that is gone");
    assert_eq!((rig.told(r#""type":"start""#), rig.told(r#""type":"key""#)), (1, 0));
}

#[test]
fn what_was_cleared_makes_room_though_the_call_knows_nothing_of_it() {
    let mut rig = Rig::new(Rate::Hz8000);
    let seconds = vec![1; 2 * 8_000 * 100];
    (0..7).for_each(|_| rig.handle(&[Input::Binary(&seconds)]));
    assert_eq!((rig.samples().len(), rig.told("queue_full")), (4_800_000, 1));
    rig.handle(&[Input::Message(r#"{"type":"clear"}"#)]);
    rig.handle(&[Input::Binary(&seconds)]);
    assert_eq!((rig.samples().len(), rig.told("queue_full")), (5_600_000, 1));
}
