//! Responses: RFC 3261 §7.2 and §8.2.6.

use bytes::Bytes;

use super::headers::Headers;
use super::name::HeaderName;
use super::print;
use super::request::Request;
use super::scan;
use super::status::StatusCode;
use super::text::Text;

/// A response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// What became of the request.
    pub status: StatusCode,
    /// The same for people; printed on one line.
    pub reason: Text,
    /// Its header fields. Content-Length is printed from the body, whatever stands here.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
}

impl Response {
    /// The answer to `request`: its Via, From, To, Call-ID and CSeq as they came (RFC 3261 §8.2.6.2), its Timestamp
    /// in a 100 (§8.2.6.1), and the usual reason phrase. The To tag is [`set_to_tag`](Self::set_to_tag).
    pub fn to(request: &Request, status: StatusCode) -> Self {
        let mut headers = Headers::new();
        for name in [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
            headers.copy(&request.headers, &name);
        }
        if status == StatusCode::TRYING {
            headers.copy(&request.headers, &HeaderName::Timestamp);
        }
        let reason = Text::from_static(status.default_reason());
        Self { status, reason, headers, body: Bytes::new() }
    }

    /// With the Record-Route of `request`, which a response that makes a dialog must carry (RFC 3261 §12.1.1).
    #[must_use]
    pub fn with_record_route(mut self, request: &Request) -> Self {
        self.headers.copy(&request.headers, &HeaderName::RecordRoute);
        self
    }

    /// Adds the tag, a token, to To unless it has one. A To that can't be read is left as it is.
    pub fn set_to_tag(&mut self, tag: &str) {
        let Ok(to) = self.headers.to() else { return };
        if to.tag().is_none()
            && scan::is_token(tag.as_bytes())
            && let Some(value) = self.headers.get(&HeaderName::To)
        {
            let value = [value.as_bytes(), b";tag=", tag.as_bytes()].concat();
            self.headers.set(HeaderName::To, value);
        }
    }

    /// With this body and its Content-Type.
    pub fn set_body(&mut self, content_type: impl Into<Text>, body: impl Into<Bytes>) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body.into();
    }

    /// The response as it travels.
    pub fn to_bytes(&self) -> Bytes {
        print::response(self)
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self {
            status: self.status,
            reason: self.reason.detach(),
            headers: self.headers.detach(),
            body: Bytes::copy_from_slice(&self.body),
        }
    }
}
