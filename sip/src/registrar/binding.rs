//! One telephone of a user, and what a REGISTER wants of the bindings: RFC 3261 §10.3 steps 6 and 7.

use std::time::{Duration, Instant};

use super::Limits;
use crate::flow::Flow;
use crate::message::{Contacts, HeaderName, NameAddr, Request, StatusCode, Text};
use crate::settings::MAX_ROUTES;

/// Most Contacts that a REGISTER may bring.
const MAX_CONTACTS: usize = 10;

/// One telephone. Nothing in it holds a receive buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// Its Contact: what the Request-URI of calls to it is.
    pub contact: NameAddr,
    /// The way that its REGISTER came, and calls to it go.
    pub flow: Flow,
    /// The proxies that a call to it has to pass (RFC 3327 §5.3.1).
    pub path: Vec<NameAddr>,
    /// Its software, by its own account.
    pub product: Option<Text>,
    /// When it ends.
    pub until: Instant,
    /// `q` in thousandths (§20.10); 1000 without one.
    pub(super) preference: u16,
    call_id: Text,
    cseq: u32,
}

/// Why a REGISTER changes nothing.
#[derive(Debug)]
pub(super) enum Refusal {
    /// For this reason.
    Status(StatusCode),
    /// It asks for less than this (423).
    Brief { least: Duration },
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self::Status(status)
    }
}

/// What a REGISTER wants.
#[derive(Debug)]
pub(super) enum Wanted {
    /// To know the bindings (§10.2.3).
    Nothing,
    /// To end all of them (§10.2.2).
    Star,
    /// To make, refresh or (those that have ended already) end these.
    Bindings(Vec<Binding>),
}

impl Binding {
    /// Whether both are the same telephone.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.contact.uri.equivalent(&other.contact.uri)
            && (self.call_id == other.call_id || self.flow.peer.ip() == other.flow.peer.ip())
    }

    /// Whether `other` came before this: a copy, or out of order (step 7: same Call-ID, and a CSeq that isn't higher).
    pub(super) fn is_newer(&self, other: &Self) -> bool {
        self.call_id == other.call_id && other.cseq <= self.cseq
    }
}

/// Reads a REGISTER; the error is what it is refused with.
pub(super) fn wanted(request: &Request, flow: Flow, limits: &Limits, now: Instant) -> Result<Wanted, Refusal> {
    let headers = &request.headers;
    let bad = |_| StatusCode::BAD_REQUEST;
    // "an overlarge one ... may be taken as its absence" (RFC 4475 §3.1.2.4).
    let expires = headers.expires().ok().flatten();
    let contacts = match headers.contacts().map_err(bad)? {
        // "The REGISTER-specific Contact header field value of "*" ... MUST NOT be used unless the Expires header field
        // is present with a value of "0"" (§10.2.2).
        Contacts::Star if expires == Some(Duration::ZERO) => return Ok(Wanted::Star),
        Contacts::Star => return Err(StatusCode::BAD_REQUEST.into()),
        Contacts::Addresses(contacts) if contacts.is_empty() => return Ok(Wanted::Nothing),
        Contacts::Addresses(contacts) => contacts,
    };
    if contacts.len() > MAX_CONTACTS || contacts.iter().any(|contact| !contact.uri.is_sip()) {
        return Err(StatusCode::BAD_REQUEST.into());
    }
    let path: Vec<_> = headers
        .values(&HeaderName::Path)
        .take(MAX_ROUTES)
        .map(|value| NameAddr::parse(value.detach()))
        .collect::<Result<_, _>>()
        .map_err(|_| StatusCode::BAD_REQUEST)?;
    let (call_id, cseq) = (headers.call_id().map_err(bad)?.detach(), headers.cseq().map_err(bad)?.number);
    let product = headers.user_agent().map(Text::detach);
    let binding = |contact: NameAddr| {
        let lasts = lasts(&contact, expires, limits)?;
        let (path, product, call_id) = (path.clone(), product.clone(), call_id.clone());
        let preference = preference(&contact);
        Ok(Binding { contact: bare(&contact), flow, path, product, until: now + lasts, preference, call_id, cseq })
    };
    contacts.into_iter().map(binding).collect::<Result<_, _>>().map(Wanted::Bindings)
}

/// How long a Contact is bound: its own `expires`, or Expires, or what is usual (step 6).
fn lasts(contact: &NameAddr, expires: Option<Duration>, limits: &Limits) -> Result<Duration, Refusal> {
    let own = contact.params.get("expires").and_then(|own| own.to_str()?.parse::<u32>().ok());
    let asked = own.map(|own| Duration::from_secs(own.into())).or(expires).unwrap_or(limits.usual);
    if !asked.is_zero() && asked < limits.least {
        return Err(Refusal::Brief { least: limits.least });
    }
    Ok(asked.min(limits.longest))
}

fn preference(contact: &NameAddr) -> u16 {
    let q = contact.params.get("q").and_then(|q| q.to_str()?.parse::<f32>().ok()).filter(|q| (0.0..=1.0).contains(q));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is 0 to 1")]
    q.map_or(1_000, |q| (q * 1_000.0) as u16)
}

/// Without what concerns the registration alone, and without the buffer that it came in.
fn bare(contact: &NameAddr) -> NameAddr {
    let mut contact = contact.detach();
    contact.params.remove("expires");
    contact
}
