//! URIs: RFC 3261 §19.1 (`sip`, `sips`), RFC 3966 (`tel`), and any other absolute URI, kept as it is.
//!
//! A [`Uri`] is the bytes it was read from and where its parts lie in them, so it prints as it came. The raw views
//! keep escapes; the decoded ones decode each `%HH` once.
//!
//! Deviations: bytes that RFC 3261 wants escaped are taken where they can't be mistaken for something else, and
//! `sip:@host`, which callers without a number send, has no user.

mod build;
mod compare;

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::error::Defect;
use super::host::{self, Host};
use super::params::Params;
use super::scan;
use super::text::{self, Text};

/// What comes before the first colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// RFC 3261 §19.1.
    Sip,
    /// RFC 3261 §19.1, over TLS.
    Sips,
    /// RFC 3966.
    Tel,
    /// Anything else; a request to it is answered 416.
    Other,
}

/// A URI. Equality is byte by byte; [`equivalent`](Self::equivalent) compares as RFC 3261 §19.1.4 does.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Uri {
    raw: Text,
    scheme: Scheme,
    /// For `tel` the number.
    user: Span,
    password: Span,
    host: Span,
    port: Option<u16>,
    /// With the leading `;`.
    params: Span,
    /// Without the `?`.
    headers: Span,
}

/// Where a part lies; empty when there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Span {
    start: u32,
    end: u32,
}

/// The parts of a URI while it is read, all slices of it.
#[derive(Default)]
struct Parts<'a> {
    user: &'a [u8],
    password: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
    headers: &'a [u8],
}

impl Uri {
    /// Reads a URI; there may be nothing around it.
    pub fn parse(text: impl Into<Text>) -> Result<Self, Defect> {
        let raw = text.into();
        let bytes = raw.as_bytes();
        let (scheme, parts) = cut(bytes)?;
        let span = |part: &[u8]| Span::of(bytes, part);
        let (user, password, host) = (span(parts.user), span(parts.password), span(parts.host));
        let (params, headers, port) = (span(parts.params), span(parts.headers), parts.port);
        Ok(Self { raw, scheme, user, password, host, port, params, headers })
    }

    /// Whether `bytes` can be read.
    pub(super) fn check(bytes: &[u8]) -> Result<(), Defect> {
        cut(bytes).map(drop)
    }

    /// Something that isn't a URI in the place of one, so that the request around it can be answered.
    pub(super) fn opaque(raw: Text) -> Self {
        let none = Span::default();
        let (scheme, port) = (Scheme::Other, None);
        Self { raw: raw.one_line(), scheme, user: none, password: none, host: none, port, params: none, headers: none }
    }

    /// The scheme.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The scheme as it is written, without the colon.
    pub fn scheme_name(&self) -> Cow<'_, str> {
        text::decode(scan::split_once(self.as_bytes(), b':').map_or(self.as_bytes(), |(scheme, _)| scheme))
    }

    /// Whether this is `sip` or `sips`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// The whole, as it is written.
    pub fn as_bytes(&self) -> &[u8] {
        self.raw.as_bytes()
    }

    /// The user part of `sip` and `sips`, escapes decoded (once); for people and for comparing, not for printing.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.user_bytes().map(|user| decoded(user))
    }

    /// The user part as it is written, escapes and all.
    pub fn user_bytes(&self) -> Option<&[u8]> {
        self.is_sip().then(|| self.part(self.user))?
    }

    /// The number of a `tel` URI (with its visual separators), or the user part without its own parameters
    /// (`+15551234;phone-context=..` at a gateway, RFC 3261 §19.1.6).
    pub fn number(&self) -> Option<Cow<'_, str>> {
        let user = self.part(self.user)?;
        Some(decoded(scan::split_once(user, b';').map_or(user, |(number, _)| number)))
    }

    /// The password, decoded.
    pub fn password(&self) -> Option<Cow<'_, str>> {
        self.part(self.password).map(decoded)
    }

    /// The host of `sip` and `sips`.
    pub fn host(&self) -> Option<Host> {
        Host::read(&self.raw, self.part(self.host)?).ok()
    }

    /// The port, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters, escapes and all.
    pub fn params(&self) -> Params {
        Params::trusted(self.raw.sub(self.bytes(self.params)))
    }

    /// The value of the parameter `name`, decoded; empty for a flag. `%6Cr` is `lr`.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.param_pairs()
            .find(|(n, _)| scan::unescape(n).eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| decoded(value.unwrap_or_default()))
    }

    /// Whether the parameter `name` is there.
    pub fn has_param(&self, name: &str) -> bool {
        self.param(name).is_some()
    }

    /// The header fields after `?`, name and value decoded (Replaces in a Refer-To).
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.header_pairs().map(|(name, value)| (decoded(name), decoded(value.unwrap_or_default())))
    }

    /// The header field `name` after `?`, decoded.
    pub fn header(&self, name: &str) -> Option<Cow<'_, str>> {
        self.headers().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether anything stands after `?`.
    pub fn has_headers(&self) -> bool {
        !self.headers.is_empty()
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { raw: self.raw.detach(), ..self.clone() }
    }

    fn param_pairs(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        pairs(self.bytes(self.params), b';')
    }

    fn header_pairs(&self) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
        pairs(self.bytes(self.headers), b'&')
    }

    fn part(&self, span: Span) -> Option<&[u8]> {
        (!span.is_empty()).then(|| self.bytes(span))
    }

    fn bytes(&self, span: Span) -> &[u8] {
        self.as_bytes().get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

impl Span {
    /// Where `part`, a slice of `whole`, lies. Lengths are bounded by [`MAX_LINE`](super::MAX_LINE).
    fn of(whole: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        match (u32::try_from(start), u32::try_from(start.wrapping_add(part.len()))) {
            (Ok(start), Ok(end)) if !part.is_empty() => Self { start, end },
            _ => Self::default(),
        }
    }

    fn is_empty(self) -> bool {
        self.start == self.end
    }
}

fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match scan::unescape(bytes) {
        Cow::Borrowed(bytes) => text::decode(bytes),
        Cow::Owned(bytes) => text::decode(&bytes).into_owned().into(),
    }
}

fn pairs(bytes: &[u8], separator: u8) -> impl Iterator<Item = (&[u8], Option<&[u8]>)> {
    bytes.split(move |&b| b == separator).filter(|part| !part.is_empty()).map(|part| {
        match scan::split_once(part, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (part, None),
        }
    })
}

/// Cuts a URI at its joints and checks them.
fn cut(bytes: &[u8]) -> Result<(Scheme, Parts<'_>), Defect> {
    if bytes.len() > super::MAX_LINE {
        return Err(Defect::TooLong);
    }
    let (scheme, rest) = scan::split_once(bytes, b':').ok_or(Defect::Scheme)?;
    let scheme = read_scheme(scheme)?;
    // Without a way out of the loop it is done many bytes at a time.
    if bytes.iter().fold(false, |bad, &b| bad | (b <= b' ') | matches!(b, b'<' | b'>' | b'"' | 0x7f)) {
        return Err(Defect::Character);
    }
    let parts = match scheme {
        Scheme::Sip | Scheme::Sips => sip_parts(rest)?,
        Scheme::Tel => tel_parts(rest)?,
        Scheme::Other if rest.is_empty() => return Err(Defect::Empty),
        Scheme::Other => Parts::default(),
    };
    Ok((scheme, parts))
}

fn read_scheme(scheme: &[u8]) -> Result<Scheme, Defect> {
    let known: [(&[u8], Scheme); 3] = [(b"sip", Scheme::Sip), (b"sips", Scheme::Sips), (b"tel", Scheme::Tel)];
    if let Some((_, scheme)) = known.iter().find(|(name, _)| scheme.eq_ignore_ascii_case(name)) {
        return Ok(*scheme);
    }
    let inside = |&b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    match scheme {
        [first, rest @ ..] if first.is_ascii_alphabetic() && rest.iter().all(inside) => Ok(Scheme::Other),
        _ => Err(Defect::Scheme),
    }
}

/// `[user[:password]@]host[:port][;params][?headers]`. The user part may hold `;`, `?`, `/` and `,`, so the `@` is
/// looked for first.
fn sip_parts(rest: &[u8]) -> Result<Parts<'_>, Defect> {
    let (userinfo, rest) = scan::split_once(rest, b'@').unwrap_or((b"", rest));
    let (user, password) = scan::split_once(userinfo, b':').unwrap_or((userinfo, b""));
    let (address, headers) = scan::split_once(rest, b'?').unwrap_or((rest, b""));
    let params_at = memchr::memchr(b';', address).unwrap_or(address.len());
    let (address, params) = address.split_at_checked(params_at).unwrap_or((address, b""));
    let (host, port) = host::split_port(address)?;
    host::check(host).map_err(|_| Defect::Host)?;
    Ok(Parts { user, password, host, port, params, headers })
}

/// `number[;params]`: digits, visual separators and what keypads have.
fn tel_parts(rest: &[u8]) -> Result<Parts<'_>, Defect> {
    let params_at = memchr::memchr(b';', rest).unwrap_or(rest.len());
    let (user, params) = rest.split_at_checked(params_at).unwrap_or((rest, b""));
    let good =
        |&b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'(' | b')' | b'*' | b'#' | b'%');
    if user.is_empty() {
        return Err(Defect::Empty);
    }
    if !user.iter().all(good) {
        return Err(Defect::Character);
    }
    Ok(Parts { user, params, ..Parts::default() })
}

impl FromStr for Uri {
    type Err = Defect;

    fn from_str(text: &str) -> Result<Self, Defect> {
        Self::parse(text)
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

impl fmt::Debug for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.raw, f)
    }
}

impl From<&Uri> for Text {
    fn from(uri: &Uri) -> Self {
        uri.raw.clone()
    }
}
