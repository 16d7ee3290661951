//! Templates of URLs: every value that is put into one is percent-encoded.

use minijinja::{AutoEscape, Error, Output, State, Value, escape_formatter};
use std::fmt::Write;

/// The name under which URLs are rendered.
pub(super) const NAME: &str = "url";

/// How their values are escaped.
pub(super) fn escape() -> AutoEscape {
    AutoEscape::Custom(NAME.into())
}

/// Writes a value where a template prints one. `safe` lets one through as it is.
pub(super) fn write(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if *state.auto_escape() != escape() {
        return escape_formatter(out, state, value);
    }
    let text = value.to_string();
    if value.is_safe() {
        return out.write_str(&text).map_err(Error::from);
    }
    // All but the unreserved characters (RFC 3986 §2.3).
    text.bytes()
        .try_for_each(|byte| match byte {
            b'-' | b'.' | b'_' | b'~' => out.write_char(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => out.write_char(char::from(byte)),
            _ => write!(out, "%{byte:02X}"),
        })
        .map_err(Error::from)
}
