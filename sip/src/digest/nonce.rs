//! Nonces that need no store: RFC 7616 §3.3 and §5.4.
//!
//!   serial (8 bytes) | expiry in ms since our start (8 bytes) | HMAC-SHA-256 of both and of this start (16 bytes)
//!
//! all in lower-case hexadecimal. What another start of the program made is not ours, whatever the key: it is stale.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::algorithm::Hex;
use crate::dialog::parse_hex;

/// What a nonce of ours says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonce {
    pub(super) serial: u64,
    pub(super) expires: u64,
}

/// Makes nonces and knows them again.
pub(super) struct Nonces {
    key: [u8; 64],
    /// What sets this start apart from others with the same key.
    salt: [u8; 16],
    epoch: Instant,
    life: u64,
    last: u64,
}

impl Nonces {
    pub(super) fn new(key: [u8; 32], salt: [u8; 16], life: Duration, now: Instant) -> Self {
        // HMAC pads a short key with zeros itself.
        let mut padded = [0; 64];
        padded.iter_mut().zip(key).for_each(|(to, from)| *to = from);
        Self { key: padded, salt, epoch: now, life: millis(life), last: 0 }
    }

    /// The time as nonces tell it.
    pub(super) fn clock(&self, now: Instant) -> u64 {
        millis(now.saturating_duration_since(self.epoch))
    }

    pub(super) fn next(&mut self, now: Instant) -> String {
        self.last = self.last.wrapping_add(1);
        let nonce = Nonce { serial: self.last, expires: self.clock(now).saturating_add(self.life) };
        let tag = self.tag(nonce).finalize().into_bytes();
        let tag = Hex::of(tag.get(..16).unwrap_or_default());
        format!("{:016x}{:016x}{}", nonce.serial, nonce.expires, tag.as_str())
    }

    /// What a nonce says, if this made it.
    pub(super) fn read(&self, text: &[u8]) -> Option<Nonce> {
        let mut parts = text.chunks(16).map(parse_hex);
        let mut part = || parts.next().flatten();
        let nonce = Nonce { serial: part()?, expires: part()? };
        let tag = [part()?.to_be_bytes(), part()?.to_be_bytes()].concat();
        if parts.next().is_some() {
            return None;
        }
        self.tag(nonce).verify_truncated_left(&tag).ok().map(|()| nonce)
    }

    fn tag(&self, nonce: Nonce) -> Hmac<Sha256> {
        let mut mac = self.mac();
        mac.update(&nonce.serial.to_be_bytes());
        mac.update(&nonce.expires.to_be_bytes());
        mac
    }

    fn mac(&self) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new(&self.key.into());
        mac.update(&self.salt);
        mac
    }

    /// Compares without telling by the time it takes how much is equal.
    pub(super) fn same(&self, one: &[u8], other: &[u8]) -> bool {
        let keyed = |bytes: &[u8]| {
            let mut mac = self.mac();
            mac.update(bytes);
            mac
        };
        keyed(one).verify(&keyed(other).finalize().into_bytes()).is_ok()
    }

    /// A password that nobody has.
    pub(super) fn decoy(&self) -> [u8; 32] {
        let mut mac = self.mac();
        mac.update(b"decoy");
        mac.finalize().into_bytes().into()
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl std::fmt::Debug for Nonces {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nonces").field("last", &self.last).finish_non_exhaustive()
    }
}
