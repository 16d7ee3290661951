//! Secrets: as they stand, or `${env:NAME}` or `${file:PATH}`; and texts that have such in them. They are never printed, also not by the
//! error that refuses one.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A secret.
#[derive(Clone)]
pub(crate) struct Secret(pub(crate) String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let secret = deserializer.deserialize_any(Text).and_then(|text| follow(&text).map_err(D::Error::custom))?;
        if secret.0.is_empty() {
            return Err(D::Error::custom("a secret is empty, and no protection"));
        }
        Ok(secret)
    }
}

/// Takes a text, and refuses anything else without repeating it: a PIN is easily written without quotes.
struct Text;

const QUOTES: &str = "a secret is a text in quotes, better \"${env:NAME}\" or \"${file:PATH}\"";

impl Visitor<'_> for Text {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(QUOTES)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<String, E> {
        Err(E::custom(QUOTES))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<String, E> {
        Err(E::custom(QUOTES))
    }
}

/// A text with secrets in it, as header fields have them: `Bearer ${env:NAME}`. What isn't a secret of its own is never printed either.
#[derive(Clone)]
pub(crate) struct SecretText(pub(crate) Vec<Piece>);

/// A part of it.
#[derive(Clone)]
pub(crate) enum Piece {
    /// As it was written.
    Text(String),
    /// From elsewhere.
    Secret(String),
}

impl SecretText {
    /// All of it.
    pub(crate) fn joined(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Secret(text) => text.clone(),
        };
        self.0.iter().map(piece).collect()
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText")
    }
}

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = deserializer.deserialize_any(Text)?;
        let (mut pieces, mut rest) = (Vec::new(), text.as_str());
        while let Some((before, after)) = rest.split_once("${") {
            let (reference, after) = after.split_once('}').ok_or_else(|| D::Error::custom(PLACES))?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Secret(found(reference).map_err(D::Error::custom)?.0));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        pieces.retain(|piece| !matches!(piece, Piece::Text(text) if text.is_empty()));
        Ok(Self(pieces))
    }
}

/// The secret itself, where `text` says where it is.
fn follow(text: &str) -> Result<Secret, String> {
    match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
        Some(reference) => found(reference),
        None => Ok(Secret(text.to_owned())),
    }
}

const PLACES: &str = "a secret is taken from \"${env:NAME}\" or \"${file:PATH}\"";

fn found(reference: &str) -> Result<Secret, String> {
    match reference.split_once(':') {
        Some(("env", name)) => {
            std::env::var(name).map(Secret).map_err(|_| format!("the environment variable {name} is not set"))
        }
        Some(("file", path)) => std::fs::read_to_string(path)
            .map(|secret| Secret(secret.trim_end_matches(['\r', '\n']).to_owned()))
            .map_err(|error| format!("the secret's file {path} can't be read: {error}")),
        Some(_) | None => Err(PLACES.into()),
    }
}
