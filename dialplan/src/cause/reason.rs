//! Reading Reason header fields: RFC 3326 §2.
//!
//!   Reason: SIP;cause=487;text="Call ended", Q.850 ;cause=16 ;text="Terminated; bye, bye"
//!
//! Tolerant: white space anywhere, any case, any order of parameters, values that make no sense passed over.

use super::Cause;

/// The first Q.850 cause of a field.
pub(super) fn read(field: &str) -> Option<Cause> {
    split(field, ',').find_map(one)
}

fn one(value: &str) -> Option<Cause> {
    let mut parts = split(value, ';');
    let protocol = parts.next()?.trim();
    if !protocol.eq_ignore_ascii_case("Q.850") {
        return None;
    }
    parts.find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().parse().ok().filter(|_| name.trim().eq_ignore_ascii_case("cause"))?;
        Cause::new(value)
    })
}

/// The parts between separators that don't stand in quotes.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c: char| {
        let plain = !quoted && c == separator;
        quoted ^= c == '"' && !escaped;
        escaped = quoted && c == '\\' && !escaped;
        plain
    })
}
