//! Header fields read as what they mean, when somebody asks: RFC 3261 §20.
//!
//! A field that may stand once and stands twice is an error here, not a choice between two truths.

use std::time::Duration;

use super::error::{Defect, HeaderError};
use super::headers::Headers;
use super::method::Method;
use super::name::HeaderName;
use super::name_addr::NameAddr;
use super::scan;
use super::text::{Text, Token};
use super::values::{CSeq, Contacts, MediaType, Reason, RetryAfter, SessionExpires, word};
use super::via::Via;

impl Headers {
    /// The topmost Via.
    pub fn via(&self) -> Result<Via, HeaderError> {
        self.vias().next().ok_or(HeaderError::Missing(HeaderName::Via))?
    }

    /// Every Via, topmost first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via, HeaderError>> + '_ {
        self.read_list(&HeaderName::Via, Via::read)
    }

    /// Who the request is from (RFC 3261 §8.1.1.3).
    pub fn from(&self) -> Result<NameAddr, HeaderError> {
        self.must(&HeaderName::From, NameAddr::read)
    }

    /// Who the request is for (RFC 3261 §8.1.1.2).
    pub fn to(&self) -> Result<NameAddr, HeaderError> {
        self.must(&HeaderName::To, NameAddr::read)
    }

    /// The From tag; RFC 2543 peers send none.
    pub fn from_tag(&self) -> Result<Option<Text>, HeaderError> {
        self.from().map(|from| from.tag())
    }

    /// The To tag, once there is a dialog.
    pub fn to_tag(&self) -> Result<Option<Text>, HeaderError> {
        self.to().map(|to| to.tag())
    }

    /// Call-ID (RFC 3261 §8.1.1.4).
    pub fn call_id(&self) -> Result<Text, HeaderError> {
        self.must(&HeaderName::CallId, |text, raw| call_id(raw).map(|()| text.sub(raw)))
    }

    /// CSeq (RFC 3261 §8.1.1.5).
    pub fn cseq(&self) -> Result<CSeq, HeaderError> {
        self.must(&HeaderName::CSeq, CSeq::read)
    }

    /// Max-Forwards; a number over 255 is an error that may be taken as its absence (RFC 4475 §3.1.2.4).
    pub fn max_forwards(&self) -> Result<Option<u8>, HeaderError> {
        self.may(&HeaderName::MaxForwards, |_, raw| {
            scan::decimal(raw).and_then(|hops| u8::try_from(hops).ok()).ok_or(Defect::Number)
        })
    }

    /// Content-Length, however large.
    pub fn content_length(&self) -> Result<Option<u64>, HeaderError> {
        self.may(&HeaderName::ContentLength, |_, raw| scan::decimal(raw).ok_or(Defect::Number))
    }

    /// Every Contact.
    pub fn contacts(&self) -> Result<Contacts, HeaderError> {
        if self.contact_star()? {
            return Ok(Contacts::Star);
        }
        self.read_list(&HeaderName::Contact, NameAddr::read).collect::<Result<_, _>>().map(Contacts::Addresses)
    }

    /// Whether Contact is `*`, which must then be alone.
    fn contact_star(&self) -> Result<bool, HeaderError> {
        let star = self.parts(&HeaderName::Contact).any(|(_, raw)| raw == b"*");
        if star && self.parts(&HeaderName::Contact).nth(1).is_some() {
            return Err(HeaderError::Malformed(HeaderName::Contact, Defect::Star));
        }
        Ok(star)
    }

    /// The first Contact that is an address: the remote target of a dialog (RFC 3261 §12.1).
    pub fn contact(&self) -> Result<Option<NameAddr>, HeaderError> {
        self.parts(&HeaderName::Contact)
            .find(|(_, raw)| *raw != b"*")
            .map(|(text, raw)| NameAddr::read(text, raw).map_err(|d| HeaderError::Malformed(HeaderName::Contact, d)))
            .transpose()
    }

    /// Record-Route, in its order.
    pub fn record_routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.read_list(&HeaderName::RecordRoute, NameAddr::read).collect()
    }

    /// Route, in its order.
    pub fn routes(&self) -> Result<Vec<NameAddr>, HeaderError> {
        self.read_list(&HeaderName::Route, NameAddr::read).collect()
    }

    /// The option-tags that the request needs us to know (RFC 3261 §8.2.2.3).
    pub fn require(&self) -> Result<Vec<Token>, HeaderError> {
        self.read_list(&HeaderName::Require, word).collect()
    }

    /// The option-tags that the request needs proxies to know.
    pub fn proxy_require(&self) -> Result<Vec<Token>, HeaderError> {
        self.read_list(&HeaderName::ProxyRequire, word).collect()
    }

    /// The option-tags that the peer knows.
    pub fn supported(&self) -> Result<Vec<Token>, HeaderError> {
        self.read_list(&HeaderName::Supported, word).collect()
    }

    /// The methods that the peer takes.
    pub fn allow(&self) -> Result<Vec<Method>, HeaderError> {
        self.read_list(&HeaderName::Allow, |text, raw| Method::read(text, raw).ok_or(Defect::Token)).collect()
    }

    /// The media types that the peer takes; none written means `application/sdp` (RFC 3261 §20.1).
    pub fn accept(&self) -> Result<Vec<MediaType>, HeaderError> {
        self.read_list(&HeaderName::Accept, MediaType::read).collect()
    }

    /// What the body is.
    pub fn content_type(&self) -> Result<Option<MediaType>, HeaderError> {
        self.may(&HeaderName::ContentType, MediaType::read)
    }

    /// How the body is packed, the last coding outermost; `identity` isn't given.
    pub fn content_encoding(&self) -> Result<Vec<Token>, HeaderError> {
        let mut codings: Vec<Token> = self.read_list(&HeaderName::ContentEncoding, word).collect::<Result<_, _>>()?;
        codings.retain(|coding| !coding.eq_ignore_case("identity"));
        Ok(codings)
    }

    /// Expires; an overlarge one is an error that may be taken as its absence (RFC 4475 §3.1.2.4).
    pub fn expires(&self) -> Result<Option<Duration>, HeaderError> {
        self.may(&HeaderName::Expires, seconds)
    }

    /// Min-Expires (RFC 3261 §20.23).
    pub fn min_expires(&self) -> Result<Option<Duration>, HeaderError> {
        self.may(&HeaderName::MinExpires, seconds)
    }

    /// Session-Expires (RFC 4028 §4).
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, HeaderError> {
        self.may(&HeaderName::SessionExpires, SessionExpires::read)
    }

    /// Min-SE (RFC 4028 §5).
    pub fn min_se(&self) -> Result<Option<Duration>, HeaderError> {
        self.may(&HeaderName::MinSe, |text, raw| Ok(SessionExpires::read(text, raw)?.interval))
    }

    /// Retry-After (RFC 3261 §20.33).
    pub fn retry_after(&self) -> Result<Option<RetryAfter>, HeaderError> {
        self.may(&HeaderName::RetryAfter, RetryAfter::read)
    }

    /// Reason, every protocol's (RFC 3326).
    pub fn reason(&self) -> Result<Vec<Reason>, HeaderError> {
        self.read_list(&HeaderName::Reason, Reason::read).collect()
    }

    /// The peer's software: User-Agent of a request, Server of a response.
    pub fn user_agent(&self) -> Option<&Text> {
        self.get(&HeaderName::UserAgent).or_else(|| self.get(&HeaderName::Server))
    }

    /// Checks what must be right in every message, without taking hold of anything; gives the method of CSeq.
    pub(super) fn check(&self) -> Result<Method, HeaderError> {
        self.parts(&HeaderName::Via).next().ok_or(HeaderError::Missing(HeaderName::Via))?;
        self.check_list(&HeaderName::Via, Via::check)?;
        self.must(&HeaderName::From, |_, raw| NameAddr::check(raw))?;
        self.must(&HeaderName::To, |_, raw| NameAddr::check(raw))?;
        self.must(&HeaderName::CallId, |_, raw| call_id(raw))?;
        let method = self.must(&HeaderName::CSeq, |text, raw| CSeq::read(text, raw).map(|cseq| cseq.method))?;
        if !self.contact_star()? {
            self.check_list(&HeaderName::Contact, NameAddr::check)?;
        }
        self.check_list(&HeaderName::RecordRoute, NameAddr::check)?;
        self.check_list(&HeaderName::Route, NameAddr::check)?;
        match self.whole(&HeaderName::MaxForwards).nth(1) {
            Some(_) => Err(HeaderError::Repeated(HeaderName::MaxForwards)),
            None => Ok(method),
        }
    }

    /// Checks each value of a list.
    fn check_list(&self, name: &HeaderName, check: impl Fn(&[u8]) -> Result<(), Defect>) -> Result<(), HeaderError> {
        self.parts(name)
            .try_for_each(|(_, raw)| check(raw))
            .map_err(|defect| HeaderError::Malformed(name.clone(), defect))
    }

    /// Reads each value of a list.
    pub(super) fn read_list<'a, T>(
        &'a self,
        name: &'a HeaderName,
        read: impl Fn(&Text, &[u8]) -> Result<T, Defect> + 'a,
    ) -> impl Iterator<Item = Result<T, HeaderError>> + 'a {
        self.parts(name).map(move |(text, raw)| read(text, raw).map_err(|d| HeaderError::Malformed(name.clone(), d)))
    }

    /// Reads a field that may stand once.
    fn may<T>(
        &self,
        name: &HeaderName,
        read: impl Fn(&Text, &[u8]) -> Result<T, Defect>,
    ) -> Result<Option<T>, HeaderError> {
        let mut all = self.whole(name);
        let Some((text, raw)) = all.next() else { return Ok(None) };
        if all.next().is_some() {
            return Err(HeaderError::Repeated(name.clone()));
        }
        read(text, raw).map(Some).map_err(|d| HeaderError::Malformed(name.clone(), d))
    }

    /// Reads a field that must stand once.
    fn must<T>(&self, name: &HeaderName, read: impl Fn(&Text, &[u8]) -> Result<T, Defect>) -> Result<T, HeaderError> {
        self.may(name, read)?.ok_or_else(|| HeaderError::Missing(name.clone()))
    }
}

fn seconds(_: &Text, raw: &[u8]) -> Result<Duration, Defect> {
    scan::decimal_u32(raw).map(|s| Duration::from_secs(s.into())).ok_or(Defect::Number)
}

/// "word [ @ word ]" (RFC 3261 §25.1), taken as anything without white space.
fn call_id(raw: &[u8]) -> Result<(), Defect> {
    if raw.is_empty() {
        return Err(Defect::Empty);
    }
    if raw.iter().any(|&b| scan::is_space(b)) { Err(Defect::Character) } else { Ok(()) }
}
