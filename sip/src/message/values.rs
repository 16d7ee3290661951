//! The small typed values of header fields: CSeq, media types, Reason, Retry-After, Contact lists.

use std::fmt;
use std::time::Duration;

use super::error::Defect;
use super::method::Method;
use super::name_addr::NameAddr;
use super::params::Params;
use super::scan;
use super::text::{Text, Token};

/// The order of requests in a dialog, and which one a response answers (RFC 3261 §20.16).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CSeq {
    /// The sequence number; any 32-bit one is taken, though §8.1.1.5 wants it under 2^31.
    pub number: u32,
    /// The request's method.
    pub method: Method,
}

impl CSeq {
    /// Number and method.
    pub fn new(number: u32, method: Method) -> Self {
        Self { number, method }
    }

    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let raw = scan::trim(raw);
        let space = raw.iter().position(|&b| scan::is_space(b)).ok_or(Defect::Number)?;
        let (number, method) = raw.split_at_checked(space).ok_or(Defect::Number)?;
        let number = scan::decimal_u32(number).ok_or(Defect::Number)?;
        let method = Method::read(text, scan::trim(method)).ok_or(Defect::Token)?;
        Ok(Self { number, method })
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { number: self.number, method: self.method.detach() }
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

impl From<&CSeq> for Text {
    fn from(cseq: &CSeq) -> Self {
        cseq.to_string().into()
    }
}

/// The Contact header fields of a message (RFC 3261 §20.10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contacts {
    /// `*`: every binding (§10.2.2).
    Star,
    /// Addresses, in their order.
    Addresses(Vec<NameAddr>),
}

/// `type/subtype;parameters` (RFC 3261 §20.15), of Content-Type and Accept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MediaType {
    /// `application`
    pub kind: Text,
    /// `sdp`
    pub subtype: Text,
    /// `boundary`, `charset`, `q`.
    pub params: Params,
}

impl MediaType {
    /// Reads one value.
    pub fn parse(text: impl Into<Text>) -> Result<Self, Defect> {
        let text = text.into();
        Self::read(&text, text.as_bytes())
    }

    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let params_at = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (name, params) = raw.split_at_checked(params_at).ok_or(Defect::MediaType)?;
        let (kind, subtype) = scan::split_once(name, b'/').ok_or(Defect::MediaType)?;
        let (kind, subtype) = (scan::trim(kind), scan::trim(subtype));
        if !scan::is_token(kind) || !scan::is_token(subtype) {
            return Err(Defect::MediaType);
        }
        Ok(Self { kind: text.sub(kind), subtype: text.sub(subtype), params: Params::read(text, params)? })
    }

    /// Whether this is `kind/subtype`, in any case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_case(kind) && self.subtype.eq_ignore_case(subtype)
    }

    /// Whether this range of an Accept, wildcards and all, takes `kind/subtype`.
    pub fn accepts(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" || self.kind.eq_ignore_case(kind))
            && (self.subtype == "*" || self.subtype.eq_ignore_case(subtype))
    }

    /// What separates the parts of a multipart body.
    pub fn boundary(&self) -> Option<Text> {
        self.params.unquoted("boundary")
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { kind: self.kind.detach(), subtype: self.subtype.detach(), params: self.params.detach() }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}

/// Why a call was ended (RFC 3326).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reason {
    /// `SIP`, `Q.850`.
    pub protocol: Token,
    /// The rest: `cause`, `text`.
    pub params: Params,
}

impl Reason {
    /// `protocol;cause=cause;text="text"`
    pub fn new(protocol: Token, cause: u16, text: &str) -> Self {
        let mut params = Params::new();
        params.set("cause", Some(&cause.to_string()));
        if !text.is_empty() {
            params.set("text", Some(text));
        }
        Self { protocol, params }
    }

    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let params_at = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (protocol, params) = raw.split_at_checked(params_at).ok_or(Defect::Token)?;
        let protocol = Token::new(text.sub(scan::trim(protocol))).ok_or(Defect::Token)?;
        Ok(Self { protocol, params: Params::read(text, params)? })
    }

    /// The protocol's cause: a status code, or a Q.850 cause.
    pub fn cause(&self) -> Option<u16> {
        scan::decimal_u16(self.params.find("cause")?)
    }

    /// The explanation for people.
    pub fn text(&self) -> Option<Text> {
        self.params.unquoted("text")
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self { protocol: self.protocol.detach(), params: self.params.detach() }
    }

    /// The value as it is printed, byte for byte.
    pub fn to_text(&self) -> Text {
        [self.protocol.as_bytes(), self.params.as_bytes()].concat().into()
    }
}

impl From<&Reason> for Text {
    fn from(reason: &Reason) -> Self {
        reason.to_text()
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}

/// Who refreshes a session: the one whose request the 2xx answers, or the one who answers (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answers it.
    Uas,
}

/// How long a session lasts without a refresh, and whose that is (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// From the refresh on.
    pub interval: Duration,
    /// Whose refresh it is, if that is said.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let params_at = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (seconds, params) = raw.split_at_checked(params_at).ok_or(Defect::Number)?;
        let interval = Duration::from_secs(scan::decimal_u32(scan::trim(seconds)).ok_or(Defect::Number)?.into());
        let refresher = match Params::read(text, params)?.get("refresher") {
            Some(uac) if uac.eq_ignore_case("uac") => Some(Refresher::Uac),
            Some(uas) if uas.eq_ignore_case("uas") => Some(Refresher::Uas),
            Some(_) | None => None,
        };
        Ok(Self { interval, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval.as_secs())?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

impl From<&SessionExpires> for Text {
    fn from(expires: &SessionExpires) -> Self {
        expires.to_string().into()
    }
}

/// When to try again (RFC 3261 §20.33).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// How long to wait.
    pub delay: Duration,
    /// The comment in parentheses, if there is one.
    pub comment: Option<Text>,
    /// `duration`: how long it will then last.
    pub params: Params,
}

impl RetryAfter {
    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let raw = scan::trim(raw);
        let digits = raw.iter().take_while(|b| b.is_ascii_digit()).count();
        let (seconds, rest) = raw.split_at_checked(digits).ok_or(Defect::Number)?;
        let delay = Duration::from_secs(scan::decimal_u32(seconds).ok_or(Defect::Number)?.into());
        let rest = scan::trim(rest);
        let end = comment_len(rest).ok_or(Defect::Bracket)?;
        let (comment, params) = rest.split_at_checked(end).ok_or(Defect::Bracket)?;
        let inner = match comment {
            [b'(', inner @ .., b')'] => Some(text.sub(inner)),
            _ => None,
        };
        Ok(Self { delay, comment: inner, params: Params::read(text, params)? })
    }
}

/// The length of a comment at the start, which may hold comments; zero without one, `None` when it never ends.
fn comment_len(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'(') {
        return Some(0);
    }
    let mut depth = 0usize;
    let mut bytes = bytes.iter().enumerate();
    while let Some((at, b)) = bytes.next() {
        match b {
            b'\\' => drop(bytes.next()),
            b'(' => depth += 1,
            b')' if depth == 1 => return Some(at + 1),
            b')' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// A word out of a list: an option-tag, a content-coding.
pub(super) fn word(text: &Text, raw: &[u8]) -> Result<Token, Defect> {
    Token::new(text.sub(raw)).ok_or(Defect::Token)
}
