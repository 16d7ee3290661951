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
        let raw = scan::trim(raw);
        match (raw.first(), memchr::memchr3(b'<', b'"', b';', raw)) {
            (None, _) => Err(Defect::Empty),
            (Some(b'"'), _) => {
                let end = scan::quoted_len(raw).ok_or(Defect::Quote)?;
                let (quoted, rest) = raw.split_at_checked(end).ok_or(Defect::Quote)?;
                Self::bracketed(text, params::unquote(text, quoted), scan::trim(rest))
            }
            (Some(_), Some(at)) if raw.get(at) == Some(&b'<') => {
                let (display, rest) = raw.split_at_checked(at).ok_or(Defect::Bracket)?;
                if display.iter().any(|b| matches!(b, b',' | b'>')) {
                    return Err(Defect::DisplayName);
                }
                Self::bracketed(text, text.sub(scan::trim(display)), rest)
            }
            (Some(_), Some(at)) if raw.get(at) == Some(&b'"') => Err(Defect::Quote),
            (Some(_), semicolon) => {
                let (uri, params) = raw.split_at_checked(semicolon.unwrap_or(raw.len())).ok_or(Defect::Scheme)?;
                let uri = scan::trim(uri);
                if uri.iter().any(|b| matches!(b, b'?' | b',')) {
                    return Err(Defect::Character);
                }
                Ok(Self { display: Text::new(), uri: Uri::parse(text.sub(uri))?, params: Params::read(text, params)? })
            }
        }
    }

    /// `<uri> params`
    fn bracketed(text: &Text, display: Text, rest: &[u8]) -> Result<Self, Defect> {
        let [b'<', inner @ ..] = rest else { return Err(Defect::Bracket) };
        let (uri, params) = scan::split_once(inner, b'>').ok_or(Defect::Bracket)?;
        if !matches!(scan::trim(params).first(), None | Some(b';')) {
            return Err(Defect::Bracket);
        }
        Ok(Self { display, uri: Uri::parse(text.sub(uri))?, params: Params::read(text, params)? })
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
