//! What a request has to pass before anybody acts on it: RFC 3261 §8.2.1 to §8.2.3, in that order.

use super::reply::Refusal;
use super::{MAX_ROUTES, Settings};
use crate::message::{HeaderName, Method, Request, Scheme, StatusCode};
use crate::session::{Content, MIN_SE, accepted, allow, content_of, is_too_small};

/// Refuses a request, other than ACK and CANCEL, that we can't serve whatever it is for.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest has nothing more to pass")]
pub(super) fn screen(request: &Request, settings: &Settings) -> Result<(), Refusal> {
    method(&request.method, settings)?;
    scheme(request)?;
    require(request, settings)?;
    match request.method {
        Method::Invite => {
            contact(request)?;
            content(request, settings)?;
            accept(request, settings)?;
            interval(request)
        }
        Method::Update => {
            content(request, settings)?;
            interval(request)
        }
        Method::Info => info(request, settings),
        _ => Ok(()),
    }
}

/// §8.2.1: 405 "with an Allow header field"; 501 for what nobody knows (§21.5.2).
fn method(method: &Method, settings: &Settings) -> Result<(), Refusal> {
    match method {
        Method::Invite
        | Method::Ack
        | Method::Bye
        | Method::Cancel
        | Method::Options
        | Method::Info
        | Method::Update => Ok(()),
        asked if settings.asked.contains(asked) => Ok(()),
        Method::Register
        | Method::Prack
        | Method::Subscribe
        | Method::Notify
        | Method::Refer
        | Method::Message
        | Method::Publish => {
            Err(Refusal::from(StatusCode::METHOD_NOT_ALLOWED).with(HeaderName::Allow, allow(settings)))
        }
        Method::Other(_) => Err(Refusal::from(StatusCode::NOT_IMPLEMENTED).with(HeaderName::Allow, allow(settings))),
    }
}

/// §8.2.2.1: "If the Request-URI uses a scheme not supported by the UAS, it SHOULD reject the request with a 416".
fn scheme(request: &Request) -> Result<(), Refusal> {
    match request.uri.scheme() {
        Scheme::Sip | Scheme::Sips | Scheme::Tel => Ok(()),
        Scheme::Other => Err(StatusCode::UNSUPPORTED_URI_SCHEME.into()),
    }
}

/// §8.2.2.3: 420 with the option tags that we don't know in Unsupported.
fn require(request: &Request, settings: &Settings) -> Result<(), Refusal> {
    let required = request.headers.require().map_err(|error| malformed(&error))?;
    let known = |tag: &str| settings.supported.iter().any(|supported| supported.eq_ignore_ascii_case(tag));
    let unknown: Vec<String> = required.iter().map(ToString::to_string).filter(|tag| !known(tag)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::from(StatusCode::BAD_EXTENSION).with(HeaderName::Unsupported, unknown.join(", ")))
}

/// §8.1.1.8: "The Contact header field MUST be present and contain exactly one SIP or SIPS URI in any request that can
/// result in the establishment of a dialog." More than one is forgiven.
fn contact(request: &Request) -> Result<(), Refusal> {
    let contact = request.headers.contact().map_err(|error| malformed(&error))?;
    if !contact.is_some_and(|contact| contact.uri.is_sip()) {
        return Err(malformed(&"Contact is missing"));
    }
    let routes = request.headers.record_routes().map_err(|error| malformed(&error))?;
    if routes.len() > MAX_ROUTES {
        return Err(malformed(&"Record-Route is too long"));
    }
    Ok(())
}

/// §8.2.3: 415 with Accept, or with Accept-Encoding when that is the trouble.
fn content(request: &Request, settings: &Settings) -> Result<(), Refusal> {
    let refusal = Refusal::from(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    match content_of(&request.headers, &request.body, settings) {
        Content::None | Content::Ours(..) => Ok(()),
        Content::Unsupported => Err(refusal.with(HeaderName::Accept, accepted(settings))),
        Content::Encoded => Err(refusal.with(HeaderName::AcceptEncoding, "identity")),
    }
}

/// §21.4.7: 406 when the caller understands nothing that we could answer with.
fn accept(request: &Request, settings: &Settings) -> Result<(), Refusal> {
    if !request.headers.contains(&HeaderName::Accept) {
        return Ok(());
    }
    let ranges = request.headers.accept().map_err(|error| malformed(&error))?;
    let ours = || settings.accept.iter().filter_map(|accepted| accepted.split_once('/'));
    if ranges.iter().any(|range| ours().any(|(kind, subtype)| range.accepts(kind, subtype))) {
        return Ok(());
    }
    Err(StatusCode::NOT_ACCEPTABLE.into())
}

/// RFC 4028 §9: 422 with the least that we take.
fn interval(request: &Request) -> Result<(), Refusal> {
    if !is_too_small(request) {
        return Ok(());
    }
    let least = MIN_SE.as_secs().to_string();
    Err(Refusal::from(StatusCode::SESSION_INTERVAL_TOO_SMALL).with(HeaderName::MinSe, least))
}

/// RFC 6086 §4.2.2: 415 for what the application doesn't understand. An INFO without a body asks for nothing.
fn info(request: &Request, settings: &Settings) -> Result<(), Refusal> {
    let understood = |found: &str| settings.info.iter().any(|known| known.eq_ignore_ascii_case(found));
    let content = request.headers.content_type().map_err(|error| malformed(&error))?;
    if request.body.is_empty() || content.is_some_and(|found| understood(&format!("{}/{}", found.kind, found.subtype)))
    {
        return Ok(());
    }
    Err(Refusal::from(StatusCode::UNSUPPORTED_MEDIA_TYPE).with(HeaderName::Accept, settings.info.join(", ")))
}

fn malformed(what: &dyn std::fmt::Display) -> Refusal {
    Refusal::explained(StatusCode::BAD_REQUEST, what)
}
