//! Requests: RFC 3261 §7.1 and §8.1.1.

use bytes::Bytes;

use super::headers::Headers;
use super::method::Method;
use super::name::HeaderName;
use super::print;
use super::text::Text;
use super::uri::Uri;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// What it asks for.
    pub method: Method,
    /// Whom it asks: the Request-URI.
    pub uri: Uri,
    /// Its header fields. Content-Length is printed from the body, whatever stands here.
    pub headers: Headers,
    /// Its body.
    pub body: Bytes,
}

impl Request {
    /// A request without header fields.
    pub fn new(method: Method, uri: Uri) -> Self {
        Self { method, uri, headers: Headers::new(), body: Bytes::new() }
    }

    /// With this body and its Content-Type.
    pub fn set_body(&mut self, content_type: impl Into<Text>, body: impl Into<Bytes>) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = body.into();
    }

    /// At most how long it is as it travels, without printing it.
    pub(crate) fn room(&self) -> usize {
        print::request_len(self)
    }

    /// The request as it travels.
    pub fn to_bytes(&self) -> Bytes {
        print::request(self)
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self {
            method: self.method.detach(),
            uri: self.uri.detach(),
            headers: self.headers.detach(),
            body: Bytes::copy_from_slice(&self.body),
        }
    }
}
