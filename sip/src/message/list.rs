//! Comma-separated header values: RFC 3261 §7.3.1.
//!
//! A comma inside a quoted string or between angle brackets separates nothing. Header fields whose grammar is no
//! list (Date, the authentication fields) must not be read this way.

/// The values of one header field, trimmed. An empty one is given as empty; a value that is all white space gives none.
pub(super) struct Values<'a> {
    rest: Option<&'a [u8]>,
}

pub(super) fn split(value: &[u8]) -> Values<'_> {
    let value = super::scan::trim(value);
    Values { rest: (!value.is_empty()).then_some(value) }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest?;
        let end = value_len(rest);
        self.rest = rest.get(end + 1..);
        Some(super::scan::trim(rest.get(..end).unwrap_or(rest)))
    }
}

/// Where the first value ends: at a comma, or at the end when its quotes or brackets never close.
fn value_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b',', b'"', b'<', bytes.get(at..).unwrap_or_default()) {
        at += found;
        let rest = bytes.get(at..).unwrap_or_default();
        let skip = match rest.first() {
            Some(b'"') => super::scan::quoted_len(rest),
            Some(b'<') => memchr::memchr(b'>', rest).map(|end| end + 1),
            _ => return at,
        };
        match skip {
            Some(len) => at += len,
            None => break,
        }
    }
    bytes.len()
}
