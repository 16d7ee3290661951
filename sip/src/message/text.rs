//! Text as SIP carries it: bytes that are meant to be UTF-8 (RFC 3261 §7.3.1 TEXT-UTF8) and now and then aren't.
//!
//! A [`Text`] is a cheap slice of the buffer it was read from. Bytes are kept as they came; only the views for
//! people decode them, as UTF-8 or else as Latin-1, which is what old trunks send. What outlives a transaction
//! is copied out with [`Text::detach`].

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

use super::scan;

/// A slice of text, usually of a receive buffer. Equality is byte by byte.
#[derive(Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text(Bytes);

impl Text {
    /// No text.
    pub const fn new() -> Self {
        Self(Bytes::new())
    }

    /// Text that lives as long as the program.
    pub const fn from_static(text: &'static str) -> Self {
        Self(Bytes::from_static(text.as_bytes()))
    }

    /// The bytes as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text, when it is UTF-8.
    pub fn to_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }

    /// The text for people: UTF-8, or Latin-1 when it isn't that.
    pub fn decode(&self) -> Cow<'_, str> {
        decode(&self.0)
    }

    /// Compares as tokens are compared: without regard to ASCII case.
    pub fn eq_ignore_case(&self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other.as_bytes())
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The bytes, shared.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// `part` must be a slice of this text: it is shared. (Any other slice is copied.)
    pub(super) fn sub(&self, part: &[u8]) -> Self {
        if part.is_empty() {
            return Self::new();
        }
        let start = part.as_ptr().addr().wrapping_sub(self.0.as_ptr().addr());
        match start.checked_add(part.len()) {
            Some(end) if end <= self.0.len() => Self(self.0.slice(start..end)),
            _ => Self(Bytes::copy_from_slice(part)),
        }
    }

    /// The same on one line: CR and LF become spaces, so that no value can start a header field of its own.
    pub(super) fn one_line(self) -> Self {
        if memchr::memchr2(b'\r', b'\n', &self.0).is_none() {
            return self;
        }
        let swap = |&b: &u8| if matches!(b, b'\r' | b'\n') { b' ' } else { b };
        Self(self.0.iter().map(swap).collect::<Vec<u8>>().into())
    }
}

/// UTF-8, or Latin-1 when it isn't that.
pub(super) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|&b| char::from(b)).collect::<String>().into(),
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.decode())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.decode(), f)
    }
}

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&String> for Text {
    fn from(text: &String) -> Self {
        text.as_str().into()
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        Self(Bytes::copy_from_slice(bytes))
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<Bytes> for Text {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<&Self> for Text {
    fn from(text: &Self) -> Self {
        text.clone()
    }
}

impl From<u32> for Text {
    fn from(number: u32) -> Self {
        Self(number.to_string().into())
    }
}

/// Text that is a `token` (RFC 3261 §25.1): it holds no space, no separator and no line break.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token(Text);

impl Token {
    /// The text as a token, if it is one.
    pub fn new(text: impl Into<Text>) -> Option<Self> {
        let text = text.into();
        scan::is_token(text.as_bytes()).then_some(Self(text))
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(self.0.detach())
    }
}

impl Deref for Token {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.0
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl PartialEq<&str> for Token {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}
