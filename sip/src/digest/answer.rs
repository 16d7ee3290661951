//! Answers to challenges: Authorization and Proxy-Authorization, RFC 7616 §3.4.

use std::borrow::Cow;

use super::Side;
use super::params::{Part, parts};
use crate::message::Request;

/// An answer as it was sent; what is missing is empty.
#[derive(Debug, Default)]
pub(super) struct Answer<'a> {
    pub(super) username: Cow<'a, [u8]>,
    pub(super) realm: Cow<'a, [u8]>,
    pub(super) nonce: Cow<'a, [u8]>,
    pub(super) uri: Cow<'a, [u8]>,
    pub(super) response: Cow<'a, [u8]>,
    pub(super) cnonce: Cow<'a, [u8]>,
    pub(super) algorithm: Option<Cow<'a, [u8]>>,
    pub(super) qop: Option<Cow<'a, [u8]>>,
    pub(super) count: Option<Cow<'a, [u8]>>,
}

impl<'a> Answer<'a> {
    /// The answers to this side in a request, one a header field (RFC 3261 §7.3.1).
    pub(super) fn all(request: &'a Request, side: Side) -> impl Iterator<Item = Self> {
        let name = side.answer_header();
        let fields = request.headers.iter().filter(move |(field, _)| **field == name);
        fields.filter_map(|(_, value)| Self::read(value.as_bytes()))
    }

    fn read(value: &'a [u8]) -> Option<Self> {
        let mut parts = parts(value);
        match parts.next() {
            Some(Part::Scheme(scheme)) if scheme.eq_ignore_ascii_case(b"Digest") => {}
            Some(_) | None => return None,
        }
        let mut answer = Self::default();
        for part in parts {
            match part {
                Part::Param(name, value) => answer.take(name, value),
                Part::Scheme(_) => break,
            }
        }
        Some(answer)
    }

    fn take(&mut self, name: &[u8], value: Cow<'a, [u8]>) {
        match name.to_ascii_lowercase().as_slice() {
            b"username" => self.username = value,
            b"realm" => self.realm = value,
            b"nonce" => self.nonce = value,
            b"uri" => self.uri = value,
            b"response" => self.response = value,
            b"cnonce" => self.cnonce = value,
            b"algorithm" => self.algorithm = Some(value),
            b"qop" => self.qop = Some(value),
            b"nc" => self.count = Some(value),
            _ => {}
        }
    }
}
