//! `name-addr` and `addr-spec` with parameters: From, To, Contact, Route and their kin (RFC 3261 §20.10, §25.1).
//!
//! A quoted display name is skipped as a whole, so `"<sip:evil@x>" <sip:a@b>` is a@b. Without angle brackets
//! whatever follows the first `;` is the header field's, and a `?` or `,` is refused (§20).
//!
//! Deviation: an unquoted display name may hold what isn't a token (dots, Latin-1), as trunks send it, but no comma,
//! quote or bracket.

use std::fmt;
use std::str::FromStr;

use super::error::Defect;
use super::params::{self, Params};
use super::scan;
use super::text::Text;
use super::uri::Uri;

/// An address, who it belongs to, and parameters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// The display name without quotes and backslashes; empty when there is none.
    pub display: Text,
    /// The address.
    pub uri: Uri,
    /// What follows the address: `tag`, `expires`, `q`.
    pub params: Params,
}

impl NameAddr {
    /// An address alone.
    pub fn new(uri: Uri) -> Self {
        Self { display: Text::new(), uri, params: Params::new() }
    }

    /// Reads one value.
    pub fn parse(text: impl Into<Text>) -> Result<Self, Defect> {
        let text = text.into();
        Self::read(&text, text.as_bytes())
    }

    /// Reads `raw`, a part of `text`.
    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let cut = Cut::at(raw)?;
        let display = params::unquote(text, cut.display);
        Ok(Self { display, uri: Uri::parse(text.sub(cut.uri))?, params: Params::read(text, cut.params)? })
    }

    /// Whether `raw` can be read.
    pub(super) fn check(raw: &[u8]) -> Result<(), Defect> {
        let cut = Cut::at(raw)?;
        Uri::check(cut.uri)?;
        Params::check(cut.params).map(drop)
    }

    /// The tag (RFC 3261 §19.3).
    pub fn tag(&self) -> Option<Text> {
        self.params.get("tag").filter(|tag| !tag.is_empty())
    }

    /// With this tag.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.params.set("tag", Some(tag));
        self
    }

    /// With this display name.
    #[must_use]
    pub fn with_display(mut self, display: impl Into<Text>) -> Self {
        self.display = display.into();
        self
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { display: self.display.detach(), uri: self.uri.detach(), params: self.params.detach() }
    }

    /// The value as it is printed, byte for byte: always with angle brackets, the display name always quoted.
    pub fn to_text(&self) -> Text {
        let len = self.display.len() + self.uri.as_bytes().len() + self.params.as_bytes().len() + 8;
        let mut out = Vec::with_capacity(len);
        if !self.display.is_empty() {
            params::quote_into(&mut out, self.display.as_bytes());
            out.push(b' ');
        }
        out.push(b'<');
        out.extend_from_slice(self.uri.as_bytes());
        out.push(b'>');
        out.extend_from_slice(self.params.as_bytes());
        out.into()
    }
}

/// A value cut at its joints.
struct Cut<'a> {
    /// With its quotes, if it has any.
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
}

impl<'a> Cut<'a> {
    fn at(raw: &'a [u8]) -> Result<Self, Defect> {
        let raw = scan::trim(raw);
        if raw.is_empty() {
            return Err(Defect::Empty);
        }
        if raw.first() == Some(&b'"') {
            let end = scan::quoted_len(raw).ok_or(Defect::Quote)?;
            let (display, rest) = raw.split_at_checked(end).ok_or(Defect::Quote)?;
            return Self::bracketed(display, scan::trim(rest));
        }
        let end = memchr::memchr3(b'<', b'"', b';', raw).unwrap_or(raw.len());
        let (before, rest) = raw.split_at_checked(end).ok_or(Defect::Bracket)?;
        let before = scan::trim(before);
        match rest.first() {
            Some(b'<') if before.iter().any(|b| matches!(b, b',' | b'>')) => Err(Defect::DisplayName),
            Some(b'<') => Self::bracketed(before, rest),
            Some(b'"') => Err(Defect::Quote),
            _ if before.iter().any(|b| matches!(b, b'?' | b',')) => Err(Defect::Character),
            _ => Ok(Self { display: b"", uri: before, params: rest }),
        }
    }

    /// `<uri> params`
    fn bracketed(display: &'a [u8], rest: &'a [u8]) -> Result<Self, Defect> {
        let [b'<', inner @ ..] = rest else { return Err(Defect::Bracket) };
        let (uri, params) = scan::split_once(inner, b'>').ok_or(Defect::Bracket)?;
        match scan::trim(params).first() {
            None | Some(b';') => Ok(Self { display, uri, params }),
            Some(_) => Err(Defect::Bracket),
        }
    }
}

impl FromStr for NameAddr {
    type Err = Defect;

    fn from_str(text: &str) -> Result<Self, Defect> {
        Self::parse(text)
    }
}

impl From<&NameAddr> for Text {
    fn from(address: &NameAddr) -> Self {
        address.to_text()
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}
