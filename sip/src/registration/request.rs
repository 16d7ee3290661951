//! The requests of a registration: REGISTER as RFC 3261 §10.2 builds it, and OPTIONS as a probe.

use std::time::Duration;

use rand::Rng;

use super::Settings;
use crate::message::{CSeq, HeaderName, Method, NameAddr, Request, Text, Uri};

/// What all REGISTERs of one registration have in common.
#[derive(Debug)]
pub(super) struct Template {
    /// "The Call-ID SHOULD be the same for registrations of the same UA" (§10.2).
    call_id: Text,
    from: NameAddr,
    cseq: u32,
    /// The user part of our Contact, which no other registration has.
    pub(super) user: Text,
    pub(super) contact: Uri,
}

impl Template {
    pub(super) fn new(settings: &Settings, rng: &mut dyn Rng) -> Self {
        let user = Text::from(word(rng));
        Self {
            call_id: format!("{}{}", word(rng), word(rng)).into(),
            from: settings.address.clone().with_tag(&word(rng)),
            cseq: rng.next_u32() >> 16,
            contact: with_user(&settings.contact, &user),
            user,
        }
    }

    /// Where we are reached has changed.
    pub(super) fn set_contact(&mut self, contact: &Uri) {
        self.contact = with_user(contact, &self.user);
    }

    /// The next REGISTER. "A UA MUST increment the CSeq value by one for each REGISTER request with the same Call-ID."
    pub(super) fn register(&mut self, settings: &Settings, expires: Duration) -> Request {
        // "less than 2**31" (§8.1.1.5).
        self.cseq = self.cseq.wrapping_add(1) & 0x7fff_ffff;
        let mut request = Request::new(Method::Register, settings.registrar.clone());
        let expires = expires.as_secs().to_string();
        let mut contact = NameAddr::new(self.contact.clone());
        contact.params.set("expires", Some(&expires));
        let headers = &mut request.headers;
        for route in &settings.routes {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, &self.from);
        headers.push(HeaderName::To, &settings.address);
        headers.push(HeaderName::CallId, &self.call_id);
        headers.push(HeaderName::CSeq, &CSeq::new(self.cseq, Method::Register));
        headers.push(HeaderName::Contact, &contact);
        headers.push(HeaderName::Expires, expires);
        // "The UA ... SHOULD include the option tag 'path' as a header field value" (RFC 3327 §5.1).
        headers.push(HeaderName::Supported, "path");
        for (name, value) in &settings.headers {
            headers.push(name.clone(), value);
        }
        request
    }

    /// A probe along the registered flow.
    pub(super) fn options(&self, settings: &Settings, rng: &mut dyn Rng) -> Request {
        let mut request = Request::new(Method::Options, settings.registrar.clone());
        let headers = &mut request.headers;
        for route in &settings.routes {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::MaxForwards, "70");
        headers.push(HeaderName::From, settings.address.clone().with_tag(&word(rng)).to_text());
        headers.push(HeaderName::To, NameAddr::new(settings.registrar.clone()).to_text());
        headers.push(HeaderName::CallId, format!("{}{}", word(rng), word(rng)));
        headers.push(HeaderName::CSeq, &CSeq::new(1, Method::Options));
        headers.push(HeaderName::Contact, NameAddr::new(self.contact.clone()).to_text());
        headers.push(HeaderName::Accept, "application/sdp");
        request
    }
}

/// 64 random bits.
fn word(rng: &mut dyn Rng) -> String {
    format!("{:016x}", rng.next_u64())
}

/// The URI with this user part, which needs no escapes.
fn with_user(uri: &Uri, user: &Text) -> Uri {
    let bytes = uri.as_bytes();
    let Some(colon) = bytes.iter().position(|&b| b == b':') else { return uri.clone() };
    let (scheme, rest) = bytes.split_at_checked(colon + 1).unwrap_or((bytes, b""));
    let host = rest.iter().position(|&b| b == b'@').and_then(|at| rest.get(at + 1..)).unwrap_or(rest);
    Uri::parse([scheme, user.as_bytes(), b"@", host].concat()).unwrap_or_else(|_| uri.clone())
}
