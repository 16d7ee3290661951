//! What all our messages have in common: who we are, what we can do, and bodies.

use crate::message::{HeaderName, Headers, Request, Response};
use crate::settings::Settings;

use super::Body;

/// The methods that we take.
pub(crate) const ALLOW: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

/// Puts Allow and Supported, which §13.2.1 and §13.3.1.4 ask for. An empty Supported says "no extensions" (§20.37).
pub(crate) fn capabilities(headers: &mut Headers, settings: &Settings) {
    headers.push(HeaderName::Allow, ALLOW);
    headers.push(HeaderName::Supported, settings.supported.join(", "));
}

/// Puts Server.
pub(crate) fn sign_response(response: &mut Response, settings: &Settings) {
    if !settings.product.is_empty() {
        response.headers.push(HeaderName::Server, &settings.product);
    }
}

/// Puts User-Agent.
pub(crate) fn sign_request(request: &mut Request, settings: &Settings) {
    if !settings.product.is_empty() {
        request.headers.push(HeaderName::UserAgent, &settings.product);
    }
}

/// What a body is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// There is none, or one that we may ignore (`handling=optional`, §20.11).
    None,
    /// One for the application.
    Ours,
    /// One that we had to understand and don't.
    Unsupported,
    /// One in a coding that we don't undo.
    Encoded,
}

/// Sorts the body of a message by its header fields. One without a Content-Type is taken for what we expect.
pub(crate) fn content_of(headers: &Headers, body: &[u8], settings: &Settings) -> Content {
    if body.is_empty() {
        return Content::None;
    }
    let disposition = headers.get(&HeaderName::ContentDisposition).map(|value| value.decode().to_ascii_lowercase());
    let disposition = disposition.as_deref().unwrap_or("session");
    let kind = disposition.split(';').next().unwrap_or_default().trim();
    let optional = disposition.split(';').any(|part| part.replace(' ', "") == "handling=optional");
    let encoded = !headers.content_encoding().is_ok_and(|codings| codings.is_empty());
    let known = match headers.content_type() {
        Ok(Some(found)) => settings
            .accept
            .iter()
            .any(|accepted| accepted.split_once('/').is_some_and(|(kind, subtype)| found.is(kind, subtype))),
        Ok(None) => true,
        Err(_) => false,
    };
    match (known && kind == "session", encoded, optional) {
        (true, false, _) => Content::Ours,
        (_, _, true) => Content::None,
        (true, true, false) => Content::Encoded,
        (false, _, false) => Content::Unsupported,
    }
}

impl Body {
    /// The body of a message, copied out of it.
    pub(crate) fn of(headers: &Headers, body: &bytes::Bytes, settings: &Settings) -> Option<Self> {
        if content_of(headers, body, settings) != Content::Ours {
            return None;
        }
        let content_type = match headers.get(&HeaderName::ContentType) {
            Some(content_type) => content_type.detach(),
            None => settings.accept.first()?.into(),
        };
        Some(Self { content_type, content: bytes::Bytes::copy_from_slice(body) })
    }
}
