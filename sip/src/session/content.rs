//! Bodies: which one is for the application. RFC 3261 §8.2.3, §20.11; RFC 5621 §3.1 and §8.
//!
//! Of a multipart body the application sees the part that it understands, as if it had come alone.
//!
//! Deviation from RFC 5621 §8.3: parts beside it are refused only when they say `handling=required`, not when they say
//! nothing. What comes beside a session description (locations, ISUP) is for proxies and gateways, and those who send
//! it rarely call it optional.

use bytes::Bytes;

use super::Body;
use super::multipart::{self, Part};
use crate::message::{HeaderName, Headers, MediaType, Text};
use crate::settings::Settings;

/// What a body is to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// There is none, or one that we may ignore (`handling=optional`, §20.11).
    None,
    /// One for the application: its Content-Type field, and its bytes.
    Ours(Text, &'a [u8]),
    /// One that we had to understand and don't.
    Unsupported,
    /// One in a coding that we don't undo.
    Encoded,
}

/// Sorts the body of a message by its header fields. One without a Content-Type is taken for what we expect.
pub(crate) fn content_of<'a>(headers: &Headers, body: &'a [u8], settings: &Settings) -> Content<'a> {
    if body.is_empty() {
        return Content::None;
    }
    let multipart = headers.content_type().ok().flatten().filter(|found| found.kind.eq_ignore_case("multipart"));
    match multipart {
        Some(multipart) => among(&multipart, headers, body, settings),
        None => alone(headers, body, settings),
    }
}

/// What the Content-Type of all our bodies may be, for Accept. "SIP UAs ... MUST support the 'multipart/mixed'" type.
pub(crate) fn accepted(settings: &Settings) -> String {
    let mut accepted = settings.accept.join(", ");
    accepted.push_str(if accepted.is_empty() { "multipart/mixed" } else { ", multipart/mixed" });
    accepted
}

fn alone<'a>(headers: &Headers, body: &'a [u8], settings: &Settings) -> Content<'a> {
    let disposition = Disposition::of(headers);
    let content_type = match headers.content_type() {
        Ok(Some(found)) if is_accepted(&found, settings) => headers.get(&HeaderName::ContentType).cloned(),
        Ok(None) => settings.accept.first().map(Text::from),
        Ok(Some(_)) | Err(_) => None,
    };
    match (content_type.filter(|_| disposition.session), is_encoded(headers), disposition.optional) {
        (Some(content_type), false, _) => Content::Ours(content_type, body),
        (_, _, true) => Content::None,
        (Some(_), true, false) => Content::Encoded,
        (None, _, false) => Content::Unsupported,
    }
}

/// The first part of a multipart body that is for the application, unless another part forbids to go on without it.
fn among<'a>(multipart: &MediaType, headers: &Headers, body: &'a [u8], settings: &Settings) -> Content<'a> {
    let failure = if Disposition::of(headers).optional { Content::None } else { Content::Unsupported };
    let Some(boundary) = multipart.boundary().filter(|_| !is_encoded(headers)) else { return failure };
    let mut ours = None;
    for Part { headers, body } in multipart::parts(boundary.as_bytes(), body) {
        let described = headers.contains(&HeaderName::ContentType);
        match alone(&headers, body, settings) {
            // Without a Content-Type a part is plain text (RFC 2046 §5.1).
            found @ Content::Ours(..) if described && !body.is_empty() => ours = ours.or(Some(found)),
            Content::Unsupported | Content::Encoded if Disposition::of(&headers).required => return failure,
            Content::None | Content::Ours(..) | Content::Unsupported | Content::Encoded => {}
        }
    }
    ours.unwrap_or(failure)
}

fn is_accepted(found: &MediaType, settings: &Settings) -> bool {
    let mut accepted = settings.accept.iter().filter_map(|accepted| accepted.split_once('/'));
    accepted.any(|(kind, subtype)| found.is(kind, subtype))
}

fn is_encoded(headers: &Headers) -> bool {
    !headers.content_encoding().is_ok_and(|codings| codings.is_empty())
}

/// Content-Disposition, as far as it matters here; `session` without one (§20.11).
struct Disposition {
    session: bool,
    optional: bool,
    required: bool,
}

impl Disposition {
    fn of(headers: &Headers) -> Self {
        let value = headers.get(&HeaderName::ContentDisposition).map(|value| value.decode().to_ascii_lowercase());
        let value = value.as_deref().unwrap_or("session");
        let mut parts = value.split(';').map(|part| part.replace([' ', '\t'], ""));
        let session = parts.next().is_some_and(|kind| kind == "session");
        let handling = parts.find_map(|part| part.strip_prefix("handling=").map(str::to_owned));
        let is = |wanted: &str| handling.as_deref() == Some(wanted);
        Self { session, optional: is("optional"), required: is("required") }
    }
}

impl Body {
    /// The body of a message, copied out of it.
    pub(crate) fn of(headers: &Headers, body: &Bytes, settings: &Settings) -> Option<Self> {
        match content_of(headers, body, settings) {
            Content::Ours(content_type, content) => {
                Some(Self { content_type: content_type.detach(), content: Bytes::copy_from_slice(content) })
            }
            Content::None | Content::Unsupported | Content::Encoded => None,
        }
    }
}
