//! How a bot can tell that it's us: header fields of the upgrade, and names made from a call's own.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::realtime::Secret;

/// The header field that names the call.
pub const CALL_ID_HEADER: &str = "X-Talkpath-Call-Id";
/// The header field that signs it.
pub const SIGNATURE_HEADER: &str = "X-Talkpath-Signature";

/// The value of [`SIGNATURE_HEADER`]: `t=SECONDS,v1=HEX`, where HEX is HMAC-SHA-256 (RFC 2104) under the key of the text `SECONDS.CALL_ID`, in
/// lower-case hexadecimal, and SECONDS are those since 1970 UTC. A bot computes the same and refuses a time that is minutes away.
#[must_use]
pub fn signature(key: &Secret, call_id: &str, unix_seconds: u64) -> String {
    // Keys of any length are taken (RFC 2104 §3), so there is always a code.
    let code = Hmac::<Sha256>::new_from_slice(key.0.as_bytes()).map(|mut hmac| {
        hmac.update(format!("{unix_seconds}.{call_id}").as_bytes());
        hex(&hmac.finalize().into_bytes())
    });
    format!("t={unix_seconds},v1={}", code.unwrap_or_default())
}

/// The name by which a bot of Twilio's dialect knows a call (`callSid`): `CA` and 32 hexadecimal digits, those of the call's own name where that is a
/// UUID, and otherwise made from it.
#[must_use]
pub fn call_sid(call_id: &str) -> String {
    sid("CA", call_id)
}

pub(super) fn sid(prefix: &str, name: &str) -> String {
    let digits: String = name.chars().filter(|c| *c != '-').collect();
    if digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return format!("{prefix}{}", digits.to_ascii_lowercase());
    }
    let hash = Sha256::digest(format!("{prefix}{name}").as_bytes());
    format!("{prefix}{}", hex(hash.get(..16).unwrap_or_default()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for nibble in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(nibble.into(), 16));
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_the_one_that_any_other_hmac_gives() {
        let key = Secret("a shared secret".to_owned());
        // python3 -c 'import hmac; print(hmac.new(b"a shared secret", b"1700000000.call-7", "sha256").hexdigest())'
        let expected = "t=1700000000,v1=d675125e7d467672e9d50789698132fb58d6f2df0fa2c3a7c490327712b09f0e";
        assert_eq!(signature(&key, "call-7", 1_700_000_000), expected);
    }

    #[test]
    fn every_part_of_what_is_signed_changes_the_signature() {
        let code = |key: &str, call: &str, time: u64| {
            signature(&Secret(key.to_owned()), call, time).split_once("v1=").unwrap().1.to_owned()
        };
        let all = [code("k", "c", 1), code("l", "c", 1), code("k", "d", 1), code("k", "c", 2), code("k", "1.c", 1)];
        assert!((1..all.len()).all(|n| !all[..n].contains(&all[n])), "{all:?}");
        assert!(all.iter().all(|code| code.len() == 64));
    }

    #[test]
    fn a_sid_is_the_calls_own_uuid_or_made_from_its_name() {
        assert_eq!(call_sid("0189D5C0-3c8b-7f2a-9e11-5b6c7d8e9f00"), "CA0189d5c03c8b7f2a9e115b6c7d8e9f00");
        let made = call_sid("7");
        assert!(made.starts_with("CA") && made.len() == 34 && made == call_sid("7") && made != call_sid("8"));
        assert!(made.bytes().skip(2).all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_ne!(made.strip_prefix("CA"), sid("MZ", "7").strip_prefix("MZ"));
    }
}
