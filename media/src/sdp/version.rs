//! The version in `o=` within a dialog (RFC 3264 §8): 'the "o=" line of the new SDP MUST be identical to that in the previous SDP,
//! except that the version in the origin field MUST increment by one from the previous SDP', if anything else has changed.

use std::str;

/// A description of ours: its `o=` line, and what is before and after it.
#[derive(Clone, Copy)]
struct Parts<'a> {
    head: &'a str,
    user: &'a str,
    id: &'a str,
    version: u64,
    address: &'a str,
    rest: &'a str,
}

/// `body` as the description that follows `previous` in a dialog, both ours: with its version if they are otherwise the same, with one
/// more if not. What is no description stays as it is.
#[must_use]
pub fn revised(previous: &[u8], body: Vec<u8>) -> Vec<u8> {
    let Some((old, new)) = parts(previous).zip(parts(&body)) else { return body };
    let same = (old.head, old.rest) == (new.head, new.rest);
    let version = if same { old.version } else { old.version.saturating_add(1) };
    let (Parts { user, id, address, .. }, Parts { head, rest, .. }) = (old, new);
    format!("{head}\no={user} {id} {version} {address}\n{rest}").into_bytes()
}

fn parts(body: &[u8]) -> Option<Parts<'_>> {
    let (head, tail) = str::from_utf8(body).ok()?.split_once("\no=")?;
    let (origin, rest) = tail.split_once('\n')?;
    let mut words = origin.splitn(4, ' ');
    let (user, id, version) = (words.next()?, words.next()?, words.next()?.parse().ok()?);
    Some(Parts { head, user, id, version, address: words.next()?, rest })
}
