//! Challenges: RFC 7616 §3.3, RFC 8760 §2.4.

use super::Side;
use super::algorithm::Algorithm;
use super::params::{Part, Writer, parts};
use crate::message::{Headers, Text};

/// More challenges in one message are not looked at.
const MAX_CHALLENGES: usize = 16;

/// A challenge that we can answer, or one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: Text,
    pub(super) nonce: Text,
    pub(super) opaque: Option<Text>,
    pub(super) stale: bool,
    /// As it was named; nothing means MD5.
    pub(super) algorithm: Option<Algorithm>,
    /// `qop=auth`; otherwise there was no qop at all.
    pub(super) auth: bool,
}

/// Why a challenge can't be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Basic or something newer.
    #[error("authentication scheme {0:?}")]
    Scheme(Text),
    /// A hash that we don't know.
    #[error("algorithm {0:?}")]
    Algorithm(Text),
    /// `auth-int` alone, or something newer.
    #[error("protection {0:?}")]
    Protection(Text),
    /// A challenge without what an answer is made of.
    #[error("no realm or no nonce")]
    Incomplete,
}

/// What stands in one header field, before it is known whether it makes sense.
#[derive(Default)]
struct Raw {
    scheme: Text,
    realm: Option<Text>,
    nonce: Option<Text>,
    opaque: Option<Text>,
    stale: Option<bool>,
    algorithm: Option<Text>,
    qop: Option<Text>,
}

impl Raw {
    /// Of two parameters of the same name the first counts.
    fn take(&mut self, name: &[u8], value: &[u8]) {
        let text = match name.to_ascii_lowercase().as_slice() {
            b"realm" => &mut self.realm,
            b"nonce" => &mut self.nonce,
            b"opaque" => &mut self.opaque,
            b"algorithm" => &mut self.algorithm,
            b"qop" => &mut self.qop,
            b"stale" => {
                self.stale.get_or_insert(value.eq_ignore_ascii_case(b"true"));
                return;
            }
            _ => return,
        };
        text.get_or_insert_with(|| Text::from(value));
    }

    fn check(self) -> Result<Challenge, Unfit> {
        if !self.scheme.eq_ignore_case("Digest") {
            return Err(Unfit::Scheme(self.scheme));
        }
        let algorithm = match self.algorithm {
            Some(name) => Some(Algorithm::read(name.as_bytes()).ok_or(Unfit::Algorithm(name))?),
            None => None,
        };
        let qop = self.qop.unwrap_or_default();
        let words = qop.as_bytes().split(|&b| matches!(b, b',' | b' ' | b'\t')).filter(|word| !word.is_empty());
        let mut words = words.peekable();
        let auth = words.peek().is_some();
        if auth && !words.any(|word| word.eq_ignore_ascii_case(b"auth")) {
            return Err(Unfit::Protection(qop));
        }
        let (Some(realm), Some(nonce)) = (self.realm, self.nonce) else { return Err(Unfit::Incomplete) };
        Ok(Challenge { realm, nonce, opaque: self.opaque, stale: self.stale == Some(true), algorithm, auth })
    }
}

impl Challenge {
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm.unwrap_or(Algorithm::MD5)
    }

    /// Every challenge of this side in their order, those that can't be answered too. Nothing of it is a slice of a
    /// receive buffer.
    pub(super) fn all(headers: &Headers, side: Side) -> Vec<Result<Self, Unfit>> {
        let mut found: Vec<Raw> = Vec::new();
        for value in headers.all(&side.challenge_header()) {
            let mut first = true;
            for part in parts(value.as_bytes()) {
                match part {
                    Part::Scheme(_) if found.len() > MAX_CHALLENGES => break,
                    Part::Scheme(scheme) => {
                        found.push(Raw { scheme: scheme.into(), ..Raw::default() });
                        first = false;
                    }
                    // Without a scheme there is nothing to answer.
                    Part::Param(..) if first => break,
                    Part::Param(name, value) => {
                        if let Some(raw) = found.last_mut() {
                            raw.take(name, &value);
                        }
                    }
                }
            }
        }
        found.truncate(MAX_CHALLENGES);
        found.into_iter().map(Raw::check).collect()
    }

    /// The value of a WWW-Authenticate or Proxy-Authenticate.
    pub(super) fn to_text(&self) -> Text {
        let mut out = Writer::digest().quoted("realm", self.realm.as_bytes()).quoted("nonce", self.nonce.as_bytes());
        if let Some(opaque) = &self.opaque {
            out = out.quoted("opaque", opaque.as_bytes());
        }
        if self.stale {
            out = out.token("stale", b"true");
        }
        if let Some(algorithm) = self.algorithm {
            out = out.token("algorithm", algorithm.as_str().as_bytes());
        }
        if self.auth {
            out = out.quoted("qop", b"auth");
        }
        out.finish()
    }
}
