//! Settings, each fault by its name. Whole calls against strict bots are in `tests/it/stream`.

use std::time::Duration;

use crate::error::Error;
use crate::realtime::Secret;

use super::{Dialect, Settings};

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
