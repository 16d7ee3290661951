//! What an operator can set about a stream engine, and what doesn't fit together.

use std::time::Duration;

use crate::engine::Wire;
use crate::error::Error;
use crate::realtime::{Redial, Secret};
use crate::samples::Samples;
use crate::turn::BargeIn;

/// Settings of a [`Stream`](super::Stream) engine.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// `wss://…` or `ws://…` of the bot.
    pub url: String,
    /// Header fields of the upgrade: `Authorization` and the like.
    pub headers: Vec<(String, Secret)>,
    /// What the upgrade is signed with ([`signature`](super::signature)); not signed without.
    pub signing_key: Option<Secret>,
    /// Which protocol the bot speaks.
    pub dialect: Dialect,
    /// How much of the caller's audio travels in one message: 20 to 100 ms in whole milliseconds, with Twilio 20.
    pub frame: Duration,
    /// How much of it is kept while there is no session; what is older is dropped.
    pub backlog: Duration,
    /// Who cuts what the bot says, until the bot says otherwise. With [`BargeIn::Off`] the bot alone does, by `clear`.
    pub interruption: BargeIn,
    /// For a bot whose audio is live (a person, a microphone): of what it sends outside utterances no more than this may wait to be heard. Silence
    /// is left out first, from half of this on. Everything is heard where there is none.
    pub drain: Option<Duration>,
    /// How much may wait to be heard; what is more is dropped, and the bot is told.
    pub queue: Duration,
    /// Whether a bot that is lost in mid-call is dialled again, and told that the call goes on. Not with Twilio, which knows no such thing.
    pub reconnect: bool,
    /// How it is dialled again, and how the first time when that fails.
    pub redial: Redial,
    /// How long a connection may take.
    pub connect_timeout: Duration,
    /// How often the bot is asked whether it is still there. A bot that has answered once and then misses two is taken for dead.
    pub ping: Option<Duration>,
    /// How long the bot may talk on when the operator drains.
    pub farewell: Duration,
}

/// The protocol that a bot speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ours: `docs/stream.md`.
    Talkpath(Audio),
    /// Twilio Media Streams, as of `<Connect><Stream>`.
    Twilio {
        /// The account that bots are told, `AC` and 32 hexadecimal digits: zeros where none is told.
        account_sid: Option<String>,
    },
}

/// The form of audio both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audio {
    /// 16-bit samples, little-endian, one channel.
    Pcm {
        /// What the caller says.
        from_caller: Rate,
        /// What the caller hears.
        to_caller: Rate,
    },
    /// G.711 µ-law, passed through.
    Mulaw,
    /// G.711 A-law, passed through.
    Alaw,
}

/// Samples a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Rate {
    Hz8000,
    Hz16000,
    Hz24000,
}

impl Rate {
    /// As a number.
    #[must_use]
    pub const fn hz(self) -> u32 {
        match self {
            Self::Hz8000 => 8_000,
            Self::Hz16000 => 16_000,
            Self::Hz24000 => 24_000,
        }
    }
}

impl Settings {
    /// A bot of our protocol with 16 kHz both ways: our turn machine cuts it, a lost connection is made again.
    #[must_use]
    pub fn new(url: &str) -> Self {
        let audio = Audio::Pcm { from_caller: Rate::Hz16000, to_caller: Rate::Hz16000 };
        Self {
            url: url.to_owned(),
            headers: Vec::new(),
            signing_key: None,
            dialect: Dialect::Talkpath(audio),
            frame: Duration::from_millis(20),
            backlog: Duration::from_secs(5),
            interruption: BargeIn::Steps,
            drain: None,
            queue: Duration::from_secs(600),
            reconnect: true,
            redial: Redial::default(),
            connect_timeout: Duration::from_secs(10),
            ping: Some(Duration::from_secs(15)),
            farewell: Duration::from_secs(8),
        }
    }

    /// A bot that was written for Twilio, which cuts itself.
    #[must_use]
    pub fn twilio(url: &str) -> Self {
        Self {
            dialect: Dialect::Twilio { account_sid: None },
            interruption: BargeIn::Off,
            reconnect: false,
            ping: None,
            ..Self::new(url)
        }
    }

    /// Says what doesn't fit together.
    ///
    /// # Errors
    /// [`Error::Remote`] names the setting and what is wrong with it.
    pub fn check(&self) -> Result<(), Error> {
        let wrong = |setting, why| Err(Error::Remote { setting, why });
        if !self.url.starts_with("wss://") && !self.url.starts_with("ws://") {
            return wrong("url", "must begin with wss:// or ws://");
        }
        if !self.url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("url", "must have its blanks and its letters beyond ASCII percent-encoded");
        }
        if self.headers.iter().any(|(name, value)| !is_field_name(name) || !is_field_value(&value.0)) {
            return wrong("headers", "must be names and values that HTTP allows");
        }
        if self.headers.iter().any(|(name, _)| is_reserved(name)) {
            return wrong("headers", "must leave those of the handshake and of talkpath alone");
        }
        if self.signing_key.as_ref().is_some_and(|key| key.0.is_empty()) {
            return wrong("signing_key", "is empty");
        }
        self.check_times()
    }

    fn check_times(&self) -> Result<(), Error> {
        let wrong = |setting, why| Err(Error::Remote { setting, why });
        let within = |time: Duration, low: u64, high: u64| (low..=high).contains(&ms(time));
        let twilio = match &self.dialect {
            Dialect::Talkpath(_) => false,
            Dialect::Twilio { account_sid } => {
                if account_sid.as_ref().is_some_and(|sid| !is_account(sid)) {
                    return wrong("account_sid", "must be AC and 32 hexadecimal digits in lower case");
                }
                true
            }
        };
        match self {
            _ if !within(self.frame, 20, 100) => wrong("frame", "must lie between 20 and 100 ms"),
            _ if !self.frame.subsec_micros().is_multiple_of(1_000) => wrong("frame", "must be whole milliseconds"),
            _ if twilio && ms(self.frame) != 20 => wrong("frame", "must be 20 ms with Twilio"),
            _ if twilio && self.reconnect => wrong("reconnect", "must be off with Twilio, which can't resume"),
            _ if !within(self.backlog, 0, 60_000) => wrong("backlog", "must be a minute at most"),
            _ if self.drain.is_some_and(|drain| !within(drain, 40, 5_000)) => {
                wrong("drain", "must lie between 40 ms and 5 s")
            }
            _ if !within(self.queue, 1_000, 600_000) => wrong("queue", "must lie between a second and ten minutes"),
            _ if !within(self.connect_timeout, 1_000, 60_000) => {
                wrong("connect_timeout", "must lie between a second and a minute")
            }
            _ if self.ping.is_some_and(|ping| !within(ping, 1_000, 600_000)) => {
                wrong("ping", "must lie between a second and ten minutes")
            }
            _ if !within(self.farewell, 0, 60_000) => wrong("farewell", "must be a minute at most"),
            _ => Ok(()),
        }
    }

    pub(super) fn wire(&self) -> Wire {
        match &self.dialect {
            Dialect::Talkpath(Audio::Pcm { from_caller, to_caller }) => {
                Wire::Pcm { input: from_caller.hz(), output: to_caller.hz() }
            }
            Dialect::Talkpath(Audio::Mulaw) | Dialect::Twilio { .. } => Wire::Mulaw,
            Dialect::Talkpath(Audio::Alaw) => Wire::Alaw,
        }
    }
}

/// A setting on the media clock.
pub(super) fn samples(time: Duration) -> Samples {
    Samples::from_ms(ms(time))
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A token (RFC 9110 §5.6.2).
fn is_field_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Nothing that ends a line (RFC 9110 §5.5).
fn is_field_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}

/// What the handshake (RFC 6455 §4.1) and we ourselves say.
fn is_reserved(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("sec-websocket-")
        || name.starts_with("x-talkpath-")
        || ["host", "upgrade", "connection", "content-length", "transfer-encoding"].contains(&name.as_str())
}

fn is_account(sid: &str) -> bool {
    let digits = sid.strip_prefix("AC").unwrap_or_default();
    digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
