//! Parameters, `;name=value;flag`: RFC 3261 §7.3.1 and §19.1.1.
//!
//! Kept as the bytes they came in and searched when asked: nothing is allocated, nothing is lost in printing.
//! Deviation: empty parameters (`;;`) are skipped, as several trunks send them.

use std::fmt;

use super::error::Defect;
use super::scan;
use super::text::Text;

/// Parameters in their order, as they were written. The first of two of the same name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Params(Text);

impl Params {
    /// None.
    pub const fn new() -> Self {
        Self(Text::new())
    }

    /// Reads `raw`, a part of `text` that is empty or starts with `;`.
    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        Self::check(raw).map(|raw| Self(text.sub(raw)))
    }

    /// Whether `raw` can be read; gives it trimmed.
    pub(super) fn check(raw: &[u8]) -> Result<&[u8], Defect> {
        let raw = scan::trim(raw);
        if !matches!(raw.first(), None | Some(b';')) {
            return Err(Defect::Parameter);
        }
        split(raw).try_for_each(check)?;
        Ok(raw)
    }

    /// Takes `raw` on trust: a URI's parameters, which the URI has checked.
    pub(super) fn trusted(text: Text) -> Self {
        Self(text)
    }

    /// Each parameter's name, and its value unless it is a flag.
    pub fn iter(&self) -> impl Iterator<Item = (Text, Option<Text>)> + '_ {
        self.pairs().map(|(name, value)| (self.0.sub(name), value.map(|v| self.0.sub(v))))
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        split(self.0.as_bytes()).map(pair)
    }

    pub(super) fn find(&self, name: &str) -> Option<&[u8]> {
        self.pairs().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| value.unwrap_or_default())
    }

    /// The value of the parameter `name` (in any case), still in its quotes if it has any; empty for a flag.
    pub fn get(&self, name: &str) -> Option<Text> {
        self.find(name).map(|value| self.0.sub(value))
    }

    /// As [`get`](Self::get), with the quotes and backslashes of a quoted string taken off.
    pub fn unquoted(&self, name: &str) -> Option<Text> {
        self.find(name).map(|value| unquote(&self.0, value))
    }

    /// Whether the parameter `name` is there.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.pairs().next().is_none()
    }

    /// The bytes as they came, with the leading `;`.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Sets `name` where it stands, or at the end; `None` makes a flag of it. A value that is no token and no host
    /// is quoted. Does nothing when `name` is no token.
    pub fn set(&mut self, name: &str, value: Option<&str>) {
        if !scan::is_token(name.as_bytes()) {
            return;
        }
        let mut out = Vec::with_capacity(self.0.len() + name.len() + value.map_or(0, str::len) + 2);
        let mut done = false;
        for part in split(self.0.as_bytes()) {
            if !pair(part).0.eq_ignore_ascii_case(name.as_bytes()) {
                out.push(b';');
                out.extend_from_slice(part);
            } else if !done {
                write(&mut out, name, value);
                done = true;
            }
        }
        if !done {
            write(&mut out, name, value);
        }
        self.0 = out.into();
    }

    /// Takes the parameter `name` away.
    pub fn remove(&mut self, name: &str) {
        let mut out = Vec::with_capacity(self.0.len());
        for part in split(self.0.as_bytes()) {
            if !pair(part).0.eq_ignore_ascii_case(name.as_bytes()) {
                out.push(b';');
                out.extend_from_slice(part);
            }
        }
        self.0 = out.into();
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// The parts between semicolons outside quotes, trimmed, without the empty ones.
fn split(mut raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        loop {
            if raw.is_empty() {
                return None;
            }
            let end = part_len(raw);
            let part = scan::trim(raw.get(..end).unwrap_or(raw));
            raw = raw.get(end + 1..).unwrap_or_default();
            if !part.is_empty() {
                return Some(part);
            }
        }
    })
}

fn part_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr2(b';', b'"', bytes.get(at..).unwrap_or_default()) {
        at += found;
        let rest = bytes.get(at..).unwrap_or_default();
        if rest.first() == Some(&b';') {
            return at;
        }
        match scan::quoted_len(rest) {
            Some(len) => at += len,
            None => break,
        }
    }
    bytes.len()
}

fn pair(part: &[u8]) -> (&[u8], Option<&[u8]>) {
    match scan::split_once(part, b'=') {
        Some((name, value)) => (scan::trim(name), Some(scan::trim(value))),
        None => (part, None),
    }
}

/// A token for a name; for a value a quoted string, or anything without white space, quotes or list separators.
fn check(part: &[u8]) -> Result<(), Defect> {
    let (name, value) = pair(part);
    if !scan::is_token(name) {
        return Err(Defect::Parameter);
    }
    let Some(value) = value else { return Ok(()) };
    if value.first() == Some(&b'"') {
        return match scan::quoted_len(value) {
            Some(len) if len == value.len() => Ok(()),
            Some(_) => Err(Defect::Parameter),
            None => Err(Defect::Quote),
        };
    }
    let bad = |&b: &u8| b <= b' ' || matches!(b, b'"' | b',' | b'<' | b'>' | 0x7f);
    if value.iter().any(bad) { Err(Defect::Parameter) } else { Ok(()) }
}

fn write(out: &mut Vec<u8>, name: &str, value: Option<&str>) {
    out.push(b';');
    out.extend_from_slice(name.as_bytes());
    let Some(value) = value else { return };
    out.push(b'=');
    let plain = |b: u8| scan::is_token_byte(b) || matches!(b, b'[' | b']' | b':');
    if !value.is_empty() && value.bytes().all(plain) {
        out.extend_from_slice(value.as_bytes());
    } else {
        quote_into(out, value.as_bytes());
    }
}

/// Appends a quoted-string; line breaks become spaces (RFC 3261 §25.1 lets not even a quoted-pair hold them).
pub(super) fn quote_into(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    for &b in bytes {
        match b {
            b'\r' | b'\n' => out.push(b' '),
            b'"' | b'\\' | 0x7f | 0..b' ' if b != b'\t' => out.extend([b'\\', b]),
            _ => out.push(b),
        }
    }
    out.push(b'"');
}

/// What a quoted-string says; anything else as it stands.
pub(super) fn unquote(text: &Text, value: &[u8]) -> Text {
    let [b'"', inner @ .., b'"'] = value else { return text.sub(value) };
    if memchr::memchr(b'\\', inner).is_none() {
        return text.sub(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    out.into()
}
