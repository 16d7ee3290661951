//! What a bot says, in the words of our protocol (`docs/stream.md`).
//!
//! Unknown fields are passed over. What can't be understood is answered by an error and otherwise ignored.

use serde::Deserialize;

use crate::keypad;
use crate::samples::Samples;
use crate::turn::BargeIn;

use super::event::Code;

/// The longest text message that is read.
const MOST: usize = 64 * 1024;
/// The longest name: of an utterance, a mark, a request, a target.
const LONGEST_NAME: usize = 256;
/// Later than any call lasts.
const LAST_MS: f64 = 1e9;

/// A message of the bot, without its `request`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Command {
    UtteranceBegin {
        id: Name,
        text: Option<String>,
        #[serde(default = "yes")]
        interruptible: bool,
    },
    UtteranceEnd {
        id: Option<Name>,
    },
    Text {
        id: Option<Name>,
        text: String,
        from_ms: Option<Ms>,
        to_ms: Option<Ms>,
    },
    CallerText {
        text: String,
        from_ms: Option<Ms>,
        to_ms: Option<Ms>,
        #[serde(default = "yes", rename = "final")]
        finished: bool,
    },
    Mark {
        name: Name,
    },
    Clear,
    Keys {
        digits: Digits,
    },
    Transfer {
        target: Name,
        reason: Option<String>,
    },
    HangUp {
        #[serde(default)]
        when: When,
    },
    Interruption {
        mode: Mode,
    },
    Note {
        text: String,
    },
    Pong,
}

/// The types that there are.
pub(super) const TYPES: [&str; 12] = [
    "utterance_begin",
    "utterance_end",
    "text",
    "caller_text",
    "mark",
    "clear",
    "keys",
    "transfer",
    "hang_up",
    "interruption",
    "note",
    "pong",
];

/// When the call ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// Once everything was heard.
    #[default]
    Heard,
    Now,
}

/// How the caller cuts the bot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Mode {
    Auto,
    Immediate,
    Off,
}

impl From<Mode> for BargeIn {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Auto => Self::Steps,
            Mode::Immediate => Self::Immediate,
            Mode::Off => Self::Off,
        }
    }
}

/// A text of 1 to 256 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Name(pub(super) Box<str>);

impl TryFrom<String> for Name {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=LONGEST_NAME).contains(&text.len());
        if fits { Ok(Self(text.into())) } else { Err(format!("a name has 1 to {LONGEST_NAME} bytes")) }
    }
}

/// Keys of a telephone; a comma is a pause.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Digits(pub(super) String);

impl TryFrom<String> for Digits {
    type Error = String;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let fits = (1..=keypad::MOST).contains(&text.len()) && text.chars().all(|c| c == ',' || keypad::is_key(c));
        let wanted = || format!("digits are 1 to {} keys out of 0-9, *, #, A-D, and commas for pauses", keypad::MOST);
        if fits { Ok(Self(text)) } else { Err(wanted()) }
    }
}

/// A time in milliseconds, fractions allowed.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f64")]
pub(super) struct Ms(f64);

impl TryFrom<f64> for Ms {
    type Error = String;
    fn try_from(ms: f64) -> Result<Self, Self::Error> {
        if (0.0..=LAST_MS).contains(&ms) { Ok(Self(ms)) } else { Err(format!("times lie between 0 and {LAST_MS} ms")) }
    }
}

impl Ms {
    /// On the media clock.
    pub(super) fn samples(self) -> Samples {
        Samples((self.0 * 8.0) as u64)
    }
}

/// Why a message isn't carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: Code,
    pub(super) message: String,
}

impl Refusal {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// What every message has.
#[derive(Debug, Deserialize)]
struct Envelope {
    #[serde(rename = "type")]
    kind: String,
    request: Option<Name>,
}

/// Reads a message: what its answer has to name, and what it says.
pub(super) fn parse(message: &str) -> (Option<Box<str>>, Result<Command, Refusal>) {
    if message.len() > MOST {
        return (None, Err(Refusal::new(Code::TooLarge, format!("a text message has {MOST} bytes at most"))));
    }
    let malformed = |error: serde_json::Error| Refusal::new(Code::Malformed, shortened(&error.to_string()));
    let envelope = match serde_json::from_str::<Envelope>(message) {
        Ok(envelope) => envelope,
        Err(error) => return (None, Err(malformed(error))),
    };
    let command = if TYPES.contains(&envelope.kind.as_str()) {
        serde_json::from_str(message).map_err(malformed)
    } else {
        let message = format!("there is no message of type {:?}", shortened(&envelope.kind));
        Err(Refusal::new(Code::UnknownType, message))
    };
    (envelope.request.map(|name| name.0), command)
}

/// What was found may be long, and goes back to the bot.
fn shortened(text: &str) -> String {
    text.chars().take(160).collect()
}

const fn yes() -> bool {
    true
}
