//! What the other side says: one borrowed shape for all of its events, of which each fills the part that it needs.
//!
//! Nothing is copied from a message that has no escapes in the field, so a delta of audio is decoded where it lies. Unknown events and fields
//! are passed over; a field of the wrong type spoils its event, except for what is only counted (`usage`).

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};
use serde_json::value::RawValue;

use crate::engine::{Tokens, Usage, UsageOf};

/// An event of the other side.
#[derive(Debug, Deserialize)]
pub(super) struct Event<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) response_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) item_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) delta: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) transcript: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Text<'a>>,
    /// Qwen: what is settled of a transcription …
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    /// … and what may change.
    #[serde(borrow)]
    pub(super) stash: Option<Text<'a>>,
    pub(super) audio_start_ms: Option<f64>,
    pub(super) audio_end_ms: Option<f64>,
    #[serde(borrow)]
    pub(super) item: Option<Item<'a>>,
    #[serde(borrow)]
    pub(super) response: Option<Response<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Failure<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// An item of the conversation.
#[derive(Debug, Deserialize)]
pub(super) struct Item<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Text<'a>>,
}

/// A response.
#[derive(Debug, Deserialize)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) status_details: Option<Details<'a>>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// Why a response ended as it did.
#[derive(Debug, Deserialize)]
pub(super) struct Details<'a> {
    #[serde(borrow)]
    pub(super) reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<Failure<'a>>,
}

/// What went wrong.
#[derive(Debug, Deserialize)]
pub(super) struct Failure<'a> {
    #[serde(rename = "type", borrow)]
    pub(super) kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) code: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) param: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) event_id: Option<Text<'a>>,
}

/// A text that is borrowed where it can be. Numbers are taken for text: some servers count their codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor).map(Text)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(number.to_string()))
    }
}

/// `usage` of a response or a transcription: all of it optional, and none of it worth an event.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawUsage {
    input_tokens: Option<f64>,
    output_tokens: Option<f64>,
    seconds: Option<f64>,
    input_token_details: Option<RawDetails>,
    output_token_details: Option<RawDetails>,
    input_tokens_details: Option<RawDetails>,
    output_tokens_details: Option<RawDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RawDetails {
    text_tokens: Option<f64>,
    audio_tokens: Option<f64>,
    cached_tokens: Option<f64>,
}

/// Reads what is charged, if that can be read.
pub(super) fn usage(of: UsageOf, raw: &RawValue) -> Option<Usage> {
    let raw: RawUsage = serde_json::from_str(raw.get()).ok()?;
    let count =
        |number: Option<f64>| number.filter(|number| (0.0..1e15).contains(number)).map_or(0, |number| number as u64);
    let tokens = |total, details: &RawDetails| Tokens {
        total: count(total),
        text: count(details.text_tokens),
        audio: count(details.audio_tokens),
    };
    // Both spellings are met in the field.
    let input = raw.input_token_details.or(raw.input_tokens_details).unwrap_or_default();
    let output = raw.output_token_details.or(raw.output_tokens_details).unwrap_or_default();
    Some(Usage {
        of,
        input: tokens(raw.input_tokens, &input),
        cached: count(input.cached_tokens),
        output: tokens(raw.output_tokens, &output),
        seconds: raw.seconds.filter(|seconds| seconds.is_finite()).unwrap_or_default(),
    })
}
