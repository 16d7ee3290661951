//! Comparing URIs: RFC 3261 §19.1.4.
//!
//! Deviation: URIs with more than [`MAX_PARTS`] parameters or header fields are only equivalent when they are the
//! same bytes; comparing sets stays bounded.

use super::{Scheme, Uri};
use crate::message::scan;

/// More parameters than any URI has that means well.
const MAX_PARTS: usize = 32;

type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

impl Uri {
    /// Whether both mean the same resource by the rules of RFC 3261 §19.1.4 (not transitive, hence not `==`).
    pub fn equivalent(&self, other: &Self) -> bool {
        if self.as_bytes() == other.as_bytes() {
            return true;
        }
        self.scheme == other.scheme
            && match self.scheme {
                Scheme::Sip | Scheme::Sips => self.same_address(other) && self.same_parts(other),
                Scheme::Tel => same_number(self.bytes(self.user), other.bytes(other.user)) && self.same_parts(other),
                Scheme::Other => false,
            }
    }

    fn same_address(&self, other: &Self) -> bool {
        same(self.bytes(self.user), other.bytes(other.user), false)
            && same(self.bytes(self.password), other.bytes(other.password), false)
            && self.host() == other.host()
            && self.port == other.port
    }

    fn same_parts(&self, other: &Self) -> bool {
        let few = |uri: &Self| uri.param_pairs().count() <= MAX_PARTS && uri.header_pairs().count() <= MAX_PARTS;
        few(self)
            && few(other)
            && self.params_fit(other)
            && other.params_fit(self)
            && self.headers_fit(other)
            && other.headers_fit(self)
    }

    /// "Any uri-parameter appearing in both URIs must match"; some may not appear in one alone.
    fn params_fit(&self, other: &Self) -> bool {
        self.param_pairs().all(|mine| match find(other.param_pairs(), mine.0) {
            Some(theirs) => same_value(mine, theirs),
            None => !counts_alone(mine.0),
        })
    }

    /// "URI header components are never ignored."
    fn headers_fit(&self, other: &Self) -> bool {
        self.header_pairs()
            .all(|mine| find(other.header_pairs(), mine.0).is_some_and(|theirs| same_value(mine, theirs)))
    }
}

/// The parameters that match nothing when only one URI has them.
fn counts_alone(name: &[u8]) -> bool {
    let name = scan::unescape(name);
    let names: [&[u8]; 6] = [b"user", b"ttl", b"method", b"maddr", b"transport", b"phone-context"];
    names.iter().any(|n| name.eq_ignore_ascii_case(n))
}

fn find<'a>(mut pairs: impl Iterator<Item = Pair<'a>>, name: &[u8]) -> Option<Pair<'a>> {
    pairs.find(|(n, _)| same(n, name, true))
}

fn same_value(a: Pair<'_>, b: Pair<'_>) -> bool {
    same(a.1.unwrap_or_default(), b.1.unwrap_or_default(), true)
}

/// "Characters other than those in the reserved set are equivalent to their %HH encoding."
fn same(a: &[u8], b: &[u8], ignore_case: bool) -> bool {
    normal(a, ignore_case).eq(normal(b, ignore_case))
}

/// Each character, and whether it is an escaped one of the reserved set.
fn normal(mut bytes: &[u8], ignore_case: bool) -> impl Iterator<Item = (u8, bool)> {
    std::iter::from_fn(move || {
        let (byte, taken) = scan::unescape_one(bytes)?;
        bytes = bytes.get(taken..).unwrap_or_default();
        let escaped = taken > 1 && scan::is_reserved(byte);
        Some((if ignore_case { byte.to_ascii_lowercase() } else { byte }, escaped))
    })
}

/// RFC 3966 §4: visual separators don't count, letters compare without case.
fn same_number(a: &[u8], b: &[u8]) -> bool {
    let digits = |bytes: &'_ [u8]| -> Vec<u8> {
        let counts = |b: &u8| !matches!(b, b'-' | b'.' | b'(' | b')');
        bytes.iter().copied().filter(counts).map(|b| b.to_ascii_lowercase()).collect()
    };
    digits(a) == digits(b)
}
