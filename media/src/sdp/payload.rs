//! Payload types of an m= line: static ones of RFC 3551 §6, others by `a=rtpmap` (RFC 8866 §6.6).

use sdp_types::Media;

use super::read;
use crate::{SAMPLE_RATE, g711::Law};

/// What a payload type of an audio line means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Audio(Law),
    Keys,
}

/// The payload types of the line that we know, in its order.
pub(super) fn known(media: &Media) -> Vec<(u8, Payload)> {
    let types = media.fmt.split_ascii_whitespace().filter_map(|format| format.parse().ok());
    types
        .filter(|&payload_type: &u8| payload_type < 128)
        .filter_map(|payload_type| Some((payload_type, meaning(media, payload_type)?)))
        .collect()
}

fn meaning(media: &Media, payload_type: u8) -> Option<Payload> {
    match mapped(media, payload_type) {
        Some(encoding) => encoding_known(encoding),
        None => [Law::Mu, Law::A].into_iter().find(|law| law.payload_type() == payload_type).map(Payload::Audio),
    }
}

/// The encoding of `a=rtpmap:<payload type> <encoding>`.
fn mapped(media: &Media, payload_type: u8) -> Option<&str> {
    read::attributes(&media.attributes, "rtpmap").find_map(|map| {
        let (number, encoding) = map.trim().split_once(char::is_whitespace)?;
        (number.parse() == Ok(payload_type)).then_some(encoding.trim())
    })
}

/// `<name>/<clock rate>[/<channels>]`, names in any case.
fn encoding_known(encoding: &str) -> Option<Payload> {
    let mut parts = encoding.split('/').map(str::trim);
    let (name, rate, channels) = (parts.next()?, parts.next(), parts.next());
    let plain = rate.is_none_or(|rate| rate.parse() == Ok(SAMPLE_RATE)) && matches!(channels, None | Some("1"));
    if !plain {
        return None;
    }
    let law = [Law::Mu, Law::A].into_iter().find(|law| name.eq_ignore_ascii_case(law.encoding_name()));
    law.map(Payload::Audio).or_else(|| name.eq_ignore_ascii_case("telephone-event").then_some(Payload::Keys))
}

/// The first payload type with this meaning.
pub(super) fn find(known: &[(u8, Payload)], payload: Payload) -> Option<u8> {
    known.iter().find(|(_, it)| *it == payload).map(|(payload_type, _)| *payload_type)
}
