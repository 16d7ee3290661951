//! Header fields that requests of ours carry besides.

use crate::error::{ConfigError, Source};
use crate::raw;
use talkpath_speech::realtime::Secret;
use toml::Spanned;

/// What only the handshake says (RFC 6455 §4.1).
pub(crate) const HANDSHAKE: [&str; 9] = [
    "host",
    "upgrade",
    "connection",
    "content-length",
    "transfer-encoding",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
];

/// Names and values that HTTP allows, none of them `reserved`.
pub(crate) fn headers(
    written: Option<Spanned<raw::Headers>>,
    reserved: &[&str],
    source: Source<'_>,
) -> Result<Vec<(String, Secret)>, ConfigError> {
    let mut fields = Vec::new();
    for (name, value) in written.map(Spanned::into_inner).unwrap_or_default() {
        let (place, value) = (value.span(), value.into_inner().joined());
        name_is_good(&name, reserved).map_err(|problem| source.invalid(Some(place.clone()), problem))?;
        if !is_value(&value) {
            // The value may be a secret, and stays untold.
            let problem = format!("the value of {name} is one line of ASCII");
            return Err(source.invalid(Some(place), problem));
        }
        fields.push((name, Secret(value)));
    }
    Ok(fields)
}

/// A token (RFC 9110 §5.6.2) that isn't taken.
pub(crate) fn name_is_good(name: &str, reserved: &[&str]) -> Result<(), String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("\"{name}\" is no name of a header field"));
    }
    let lower = name.to_ascii_lowercase();
    if reserved.contains(&lower.as_str()) || lower.starts_with("x-talkpath-") {
        return Err(format!("{name} is said by talkpath itself"));
    }
    Ok(())
}

/// Nothing that ends a line (RFC 9110 §5.5).
pub(crate) fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
}
