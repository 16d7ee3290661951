//! Single values of the file, judged as they are read, so that an error carries its line and column; and the shapes in
//! which values may be written: alone or in a list, short or as a table.

mod choice;
mod media;
mod secret;
mod sip;

pub(crate) use choice::{Choice, Words};
pub(crate) use media::PtimeMs;
pub use media::RtpPorts;
pub(crate) use secret::{Piece, Secret, SecretText};
pub use sip::{Listen, ListenError};
pub(crate) use sip::{NameServer, SipUri};

use jiff::tz::TimeZone;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::str::FromStr;
use toml::Spanned;

/// A text that means something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Parsed<T>(pub(crate) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ParsedVisitor(PhantomData)).map(Self)
    }
}

struct ParsedVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for ParsedVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// Types of ours that are read from texts likewise.
macro_rules! parsed {
    ($($type:ty),*) => {
        $(impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Parsed::deserialize(deserializer).map(|parsed| parsed.0)
            }
        })*
    };
}

parsed!(Line, Listen, Name, NameServer, SipUri, User, Zone);

/// How something is called: targets write it between `:` and `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(pub(crate) String);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.contains(['/', '{', '}', '*']) || text.contains(char::is_control) {
            return Err(format!("\"{text}\" is no name; it isn't empty and has none of / {{ }} *"));
        }
        Ok(Self(text.into()))
    }
}

/// Who a phone is: the user part of its address, as it is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User(pub(crate) String);

impl AsRef<str> for User {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for User {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '_' | '.');
        if text.is_empty() || !text.chars().all(good) {
            return Err(format!("\"{text}\" is no user of a phone; write letters, digits, and + - _ ."));
        }
        Ok(Self(text.into()))
    }
}

/// One line of text, as header fields have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line(pub(crate) String);

impl FromStr for Line {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() || text.contains(char::is_control) {
            return Err(format!("{text:?} must be one line of text"));
        }
        Ok(Self(text.into()))
    }
}

/// A time zone by its IANA name.
#[derive(Clone, Debug)]
pub(crate) struct Zone(pub(crate) TimeZone);

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        TimeZone::get(text)
            .map(Self)
            .map_err(|_| format!("\"{text}\" is no time zone; write its IANA name, such as \"Europe/Berlin\""))
    }
}

/// One value, or a list of at least one.
#[derive(Clone, Debug)]
pub(crate) struct Many<T>(pub(crate) Vec<Spanned<T>>);

/// The values of a list that may be left out.
pub(crate) fn values<T>(list: Option<Many<T>>) -> Vec<T> {
    list.map(|many| many.values().collect()).unwrap_or_default()
}

impl<T> Many<T> {
    /// The values, without their places.
    pub(crate) fn values(self) -> impl Iterator<Item = T> {
        self.0.into_iter().map(Spanned::into_inner)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let whole = Spanned::<OneOrList<T>>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(whole.into_inner().with_places(span))
    }
}

/// As [`Many`], before the place of a single value is known.
#[derive(Clone, Debug)]
pub(crate) enum OneOrList<T> {
    One(T),
    List(Vec<Spanned<T>>),
}

impl<T> OneOrList<T> {
    /// With `span` as the place of a single value.
    pub(crate) fn with_places(self, span: Range<usize>) -> Many<T> {
        match self {
            Self::One(value) => Many(vec![Spanned::new(span, value)]),
            Self::List(values) => Many(values),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OneOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrListVisitor(PhantomData))
    }
}

struct OneOrListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrListVisitor<T> {
    type Value = OneOrList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes, a table, or a list of them")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        T::deserialize(text.into_deserializer()).map(OneOrList::One)
    }

    // What is of the wrong type is refused by T, which knows whether it may be told.
    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(OneOrList::One)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        T::deserialize(number.into_deserializer()).map(OneOrList::One)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(OneOrList::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        let values = Vec::deserialize(SeqAccessDeserializer::new(seq))?;
        if values.is_empty() {
            return Err(A::Error::custom("an empty list would mean nothing; leave the key out, or write at least one"));
        }
        Ok(OneOrList::List(values))
    }
}

/// A value that is written as a text (or a list) when little is said of it, and as a table otherwise.
#[derive(Clone, Debug)]
pub(crate) enum Short<S, L> {
    Short(S),
    Long(L),
}

impl<'de, S: Deserialize<'de>, L: Deserialize<'de>> Deserialize<'de> for Short<S, L> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShortVisitor(PhantomData))
    }
}

struct ShortVisitor<S, L>(PhantomData<(S, L)>);

impl<'de, S: Deserialize<'de>, L: Deserialize<'de>> Visitor<'de> for ShortVisitor<S, L> {
    type Value = Short<S, L>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text in quotes, or a table")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        S::deserialize(text.into_deserializer()).map(Short::Short)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        S::deserialize(number.into_deserializer()).map(Short::Short)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Self::Value, E> {
        S::deserialize(number.into_deserializer()).map(Short::Short)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        S::deserialize(flag.into_deserializer()).map(Short::Short)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        S::deserialize(SeqAccessDeserializer::new(seq)).map(Short::Short)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        L::deserialize(MapAccessDeserializer::new(map)).map(Short::Long)
    }
}
