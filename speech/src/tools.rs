//! Tools: what a model may call, how it is told of them, and what it is told when it calls them wrongly.
//!
//! | built in | who carries it out |
//! |---|---|
//! | `hang_up` | the engine, once the last words were heard |
//! | `collect_digits` | the engine, from the keys that it is given |
//! | `send_dtmf`, `transfer` | the driver ([`Task`](crate::engine::Task)) |
//!
//! All other tools are the operator's: declared by a [`ToolSpec`], carried out by the driver. An engine knows a built-in tool by its name, so
//! declaring one under such a name changes its description or narrows its arguments, not what it does.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::keypad;

mod arguments;

pub use arguments::ArgumentError;

use arguments::Arguments;

/// How many digits a tool may send or collect at once.
const MOST_DIGITS: usize = keypad::MOST;

/// How a model is told of a tool.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Letters, digits, `_` and `-`.
    pub name: String,
    /// What it does and when to call it, in words for the model.
    pub description: String,
    /// JSON Schema of its arguments: an object.
    pub parameters: Value,
}

/// The tools that every engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Builtin {
    /// End the call.
    HangUp,
    /// Press keys towards the other side.
    SendDtmf,
    /// Have the caller enter digits.
    CollectDigits,
    /// Hand the caller to somebody else.
    Transfer,
}

/// A built-in tool with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// End the call once the last words were heard.
    HangUp,
    /// Press these keys.
    SendDtmf {
        /// Out of `0`..`9`, `*`, `#`, `A`..`D` and `,`.
        digits: String,
    },
    /// Collect what the caller presses.
    CollectDigits(Collect),
    /// Hand over.
    Transfer {
        /// To whom, as the model named them.
        target: String,
        /// Why.
        reason: Option<String>,
    },
}

/// Which keys to collect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Collect {
    /// So many digits end the entry.
    pub max: usize,
    /// So does silence of this length, before the first and after each.
    pub timeout: Duration,
    /// So does this key, which isn't part of it.
    pub terminator: Option<char>,
}

impl Builtin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::HangUp, Self::SendDtmf, Self::CollectDigits, Self::Transfer];

    /// The tool with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tool| tool.name() == name)
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::HangUp => "hang_up",
            Self::SendDtmf => "send_dtmf",
            Self::CollectDigits => "collect_digits",
            Self::Transfer => "transfer",
        }
    }

    /// How a model is told of it.
    #[must_use]
    pub fn spec(self) -> ToolSpec {
        let (description, parameters) = match self {
            Self::HangUp => (HANG_UP, object(&json!({ "reason": text("Why the call is over.") }), &[])),
            Self::SendDtmf => (SEND_DTMF, object(&json!({ "digits": text(DIGITS) }), &["digits"])),
            Self::CollectDigits => (COLLECT_DIGITS, object(&collect_schema(), &["max"])),
            Self::Transfer => {
                let target = text("Who to connect the caller to: a name from your instructions, or a number.");
                (TRANSFER, object(&json!({ "target": target, "reason": text(REASON) }), &["target"]))
            }
        };
        ToolSpec { name: self.name().to_owned(), description: description.to_owned(), parameters }
    }

    /// Reads the arguments that a model wrote.
    ///
    /// # Errors
    /// An [`ArgumentError`], whose words are meant for the model.
    pub fn parse(self, arguments: &str) -> Result<Request, ArgumentError> {
        let arguments = Arguments::parse(arguments)?;
        match self {
            Self::HangUp => Ok(Request::HangUp),
            Self::SendDtmf => Ok(Request::SendDtmf { digits: arguments.digits("digits", MOST_DIGITS)? }),
            Self::CollectDigits => collect(&arguments).map(Request::CollectDigits),
            Self::Transfer => {
                Ok(Request::Transfer { target: arguments.text("target")?, reason: arguments.optional_text("reason")? })
            }
        }
    }
}

impl fmt::Display for Builtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// [`Builtin::Transfer`] to nobody but `targets`.
#[must_use]
pub fn transfer_to<'a>(targets: impl IntoIterator<Item = &'a str>) -> ToolSpec {
    let targets: Vec<&str> = targets.into_iter().collect();
    let target = json!({ "type": "string", "enum": targets, "description": "Who to connect the caller to." });
    let parameters = object(&json!({ "target": target, "reason": text(REASON) }), &["target"]);
    ToolSpec { parameters, ..Builtin::Transfer.spec() }
}

/// Whether `arguments` are a JSON object, as those of every tool must be. A model that has nothing to say may leave them empty.
///
/// # Errors
/// An [`ArgumentError`], whose words are meant for the model.
pub fn check_object(arguments: &str) -> Result<(), ArgumentError> {
    Arguments::parse(arguments).map(drop)
}

const HANG_UP: &str =
    "End the call. Say goodbye first, in the same answer: the call ends when the caller has heard it.";
const SEND_DTMF: &str = "Press keys on the telephone's keypad, for example to get through a menu at the other end.";
const COLLECT_DIGITS: &str = "Wait for the caller to enter digits on the telephone's keypad, and read them. \
    Tell the caller in the same answer what to enter.";
const TRANSFER: &str = "Connect the caller to somebody else. Tell the caller in the same answer what you are doing.";
const DIGITS: &str = "The keys in order, out of 0 to 9, *, #, A to D. A comma is a pause of half a second.";
const REASON: &str = "Why, in a sentence for whoever takes the call.";

fn collect(arguments: &Arguments) -> Result<Collect, ArgumentError> {
    let max = arguments.whole("max", 1, MOST_DIGITS as u64)?.unwrap_or(MOST_DIGITS as u64);
    let timeout = arguments.whole("timeout", 1, 60)?.unwrap_or(5);
    let terminator = arguments.key("terminator")?.unwrap_or(Some('#'));
    Ok(Collect { max: usize::try_from(max).unwrap_or(MOST_DIGITS), timeout: Duration::from_secs(timeout), terminator })
}

fn collect_schema() -> Value {
    json!({
        "max": { "type": "integer", "minimum": 1, "maximum": MOST_DIGITS, "description": "The entry ends after so many digits." },
        "timeout": { "type": "integer", "minimum": 1, "maximum": 60, "description": "Seconds without a key that end the entry; 5 unless told." },
        "terminator": { "type": "string", "description": "The key that ends the entry; # unless told, empty for none." },
    })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn object(properties: &Value, required: &[&str]) -> Value {
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), properties.clone());
    schema.insert("required".to_owned(), json!(required));
    schema.insert("additionalProperties".to_owned(), json!(false));
    Value::Object(schema)
}

#[cfg(test)]
mod tests;
