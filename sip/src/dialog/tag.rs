//! Our own tags: 64 random bits (RFC 3261 §19.3 asks for 32 at least), by which a session is found in one step.

use std::fmt;

/// The tag that we put into From (as caller) or To (as callee).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LocalTag(pub(crate) u64);

impl LocalTag {
    /// Reads what [`fmt::Display`] prints; anything else is somebody else's tag.
    pub(crate) fn parse(tag: &[u8]) -> Option<Self> {
        parse_hex(tag).map(Self)
    }
}

impl fmt::Display for LocalTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Sixteen lower-case hexadecimal digits, no more and no less.
pub(crate) fn parse_hex(digits: &[u8]) -> Option<u64> {
    if digits.len() != 16 {
        return None;
    }
    digits.iter().try_fold(0, |number: u64, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_we_print_is_our_tag() {
        let tag = LocalTag(0x0123_4567_89ab_cdef);
        assert_eq!(LocalTag::parse(tag.to_string().as_bytes()), Some(tag));
        for other in ["", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF", "0123456789abcdeg"] {
            assert_eq!(LocalTag::parse(other.as_bytes()), None);
        }
    }
}
