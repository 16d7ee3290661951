//! Character classes and small readers: RFC 3261 §25.1.
//!
//! Everything here looks at bytes, allocates nothing and can't fail by panicking.

/// Which bytes make a `token` (RFC 3261 §25.1).
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~');
        byte += 1;
    }
    table
};

pub(super) fn is_token_byte(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_token_byte(b))
}

/// `reserved` of RFC 3261 §25.1: these differ from their own escape (§19.1.4).
pub(super) fn is_reserved(byte: u8) -> bool {
    matches!(byte, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',')
}

/// `unreserved` of RFC 3261 §25.1: alphanumerics and marks.
pub(super) fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Without the linear white space around it.
pub(super) fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = bytes
        && is_space(*first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && is_space(*last)
    {
        bytes = rest;
    }
    bytes
}

/// `1*DIGIT`, leading zeros allowed; `None` when it isn't that or doesn't fit.
pub(super) fn decimal(bytes: &[u8]) -> Option<u64> {
    if bytes.is_empty() {
        return None;
    }
    bytes.iter().try_fold(0u64, |value, &b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// `1*DIGIT` that fits 32 bits.
pub(super) fn decimal_u32(bytes: &[u8]) -> Option<u32> {
    decimal(bytes).and_then(|v| u32::try_from(v).ok())
}

/// `1*DIGIT` that fits 16 bits.
pub(super) fn decimal_u16(bytes: &[u8]) -> Option<u16> {
    decimal(bytes).and_then(|v| u16::try_from(v).ok())
}

/// What lies before and after the first `byte`.
pub(super) fn split_once(bytes: &[u8], byte: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(byte, bytes)?;
    Some((bytes.get(..at)?, bytes.get(at + 1..)?))
}

/// The length of the quoted-string at the start of `bytes`, with both quotes; `None` when it never ends.
pub(super) fn quoted_len(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        let found = memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// One `%HH` or one byte as it stands, and how many bytes it took; a broken escape stands for itself.
pub(super) fn unescape_one(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = *bytes.first()?;
    if first == b'%'
        && let (Some(high), Some(low)) = (hex(bytes.get(1)), hex(bytes.get(2)))
    {
        return Some((high << 4 | low, 3));
    }
    Some((first, 1))
}

fn hex(byte: Option<&u8>) -> Option<u8> {
    char::from(*byte?).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Every `%HH` decoded once (never twice: `%2541` is `%41`).
pub(super) fn unescape(mut bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return bytes.into();
    }
    let mut out = Vec::with_capacity(bytes.len());
    while let Some((byte, taken)) = unescape_one(bytes) {
        out.push(byte);
        bytes = bytes.get(taken..).unwrap_or_default();
    }
    out.into()
}

/// Appends `bytes` with everything escaped that `keep` doesn't let stand.
pub(super) fn escape_into(out: &mut Vec<u8>, bytes: &[u8], keep: impl Fn(u8) -> bool) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &b in bytes {
        if is_unreserved(b) || keep(b) {
            out.push(b);
        } else {
            out.extend([b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]);
        }
    }
}
