//! Reading and writing `Digest name=value, name="value"`: RFC 3261 §25.1 `challenge` and `credentials`.
//!
//! Tolerant in what is read: names in any case, values without quotes, white space anywhere, missing commas, empty
//! list elements, quotes that never close, and several challenges in one field, as HTTP has them. Every byte is
//! looked at once.

use std::borrow::Cow;

use crate::message::Text;

/// A piece of an authentication field.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// What opens a challenge: `Digest`.
    Scheme(&'a [u8]),
    /// `name=value`, the value without its quotes and backslashes.
    Param(&'a [u8], Cow<'a, [u8]>),
}

/// The pieces of a field's value in their order.
pub(super) struct Parts<'a>(&'a [u8]);

pub(super) fn parts(value: &[u8]) -> Parts<'_> {
    Parts(value)
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

impl<'a> Parts<'a> {
    /// Takes the bytes up to the first that `stop` names.
    fn until(&mut self, stop: impl Fn(u8) -> bool) -> &'a [u8] {
        let len = self.0.iter().position(|&b| stop(b)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(len).unwrap_or((self.0, b""));
        self.0 = rest;
        taken
    }

    /// What a quoted string says, whose opening quote has been taken; without an end it goes to the field's.
    fn quoted(&mut self) -> Cow<'a, [u8]> {
        let plain = self.until(|b| matches!(b, b'"' | b'\\'));
        if let Some(rest) = self.0.strip_prefix(b"\"") {
            self.0 = rest;
            return plain.into();
        }
        let mut value = plain.to_vec();
        loop {
            match self.0 {
                [b'\\', escaped, rest @ ..] => {
                    value.push(*escaped);
                    self.0 = rest;
                }
                [b'"' | b'\\', rest @ ..] => {
                    self.0 = rest;
                    return value.into();
                }
                [] => return value.into(),
                [_, ..] => value.extend_from_slice(self.until(|b| matches!(b, b'"' | b'\\'))),
            }
        }
    }

    fn value(&mut self) -> Cow<'a, [u8]> {
        self.until(|b| !is_space(b));
        if let Some(rest) = self.0.strip_prefix(b"\"") {
            self.0 = rest;
            return self.quoted();
        }
        let value = self.until(|b| b == b',');
        value.trim_ascii_end().into()
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        loop {
            self.until(|b| !is_space(b) && b != b',');
            let word = self.until(|b| is_space(b) || matches!(b, b',' | b'=' | b'"'));
            self.until(|b| !is_space(b));
            match self.0 {
                [] => return None,
                [b'=', rest @ ..] => {
                    self.0 = rest;
                    let value = self.value();
                    if !word.is_empty() {
                        return Some(Part::Param(word, value));
                    }
                }
                [b'"', rest @ ..] => {
                    // A string that belongs to nothing.
                    self.0 = rest;
                    self.quoted();
                }
                [b',', ..] => {}
                [_, ..] => return Some(Part::Scheme(word)),
            }
        }
    }
}

/// Writes a field's value.
pub(super) struct Writer(Vec<u8>);

impl Writer {
    /// Opens with the scheme `Digest`.
    pub(super) fn digest() -> Self {
        let mut out = Vec::with_capacity(320);
        out.extend_from_slice(b"Digest");
        Self(out)
    }

    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(if self.0.len() > b"Digest".len() { b", " } else { b" " });
        self.0.extend_from_slice(name.as_bytes());
        self.0.push(b'=');
    }

    /// `name=value`
    #[must_use]
    pub(super) fn token(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.extend_from_slice(value);
        self
    }

    /// `name="value"`, with backslashes before quotes and backslashes.
    #[must_use]
    pub(super) fn quoted(mut self, name: &str, value: &[u8]) -> Self {
        self.name(name);
        self.0.push(b'"');
        for &b in value {
            if matches!(b, b'"' | b'\\') {
                self.0.push(b'\\');
            }
            self.0.push(b);
        }
        self.0.push(b'"');
        self
    }

    pub(super) fn finish(self) -> Text {
        self.0.into()
    }
}
