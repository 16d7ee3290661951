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

impl Payload {
    pub(super) fn law(self) -> Option<Law> {
        match self {
            Self::Audio(law) => Some(law),
            Self::Keys => None,
        }
    }
}

/// The payload types of the line that we know, each once, in its order.
pub(super) fn known(media: &Media) -> Vec<(u8, Payload)> {
    known_of(media.fmt.split_ascii_whitespace(), read::attributes(&media.attributes, "rtpmap"))
}

/// The formats that mean something to us by the first map of each, static types without one. Reads either list once: an offer may be
/// full of them.
fn known_of<'a>(formats: impl Iterator<Item = &'a str>, maps: impl Iterator<Item = &'a str>) -> Vec<(u8, Payload)> {
    let mut table = [Meaning::Unmapped; TYPES];
    for (payload_type, encoding) in maps.filter_map(split_map) {
        if let Some(meaning @ Meaning::Unmapped) = table.get_mut(usize::from(payload_type)) {
            *meaning = encoding_known(encoding).map_or(Meaning::Foreign, Meaning::Known);
        }
    }
    for law in [Law::Mu, Law::A] {
        if let Some(meaning @ Meaning::Unmapped) = table.get_mut(usize::from(law.payload_type())) {
            *meaning = Meaning::Known(Payload::Audio(law));
        }
    }
    let mut known = Vec::new();
    for payload_type in formats.filter_map(|format| format.parse::<u8>().ok()) {
        let Some(meaning) = table.get_mut(usize::from(payload_type)) else { continue };
        // A format that is listed again is nothing new.
        if let Meaning::Known(payload) = std::mem::replace(meaning, Meaning::Foreign) {
            known.push((payload_type, payload));
        }
    }
    known
}

/// Payload types are seven bits (RFC 3550 §5.1).
const TYPES: usize = 128;

#[derive(Clone, Copy)]
enum Meaning {
    Unmapped,
    Known(Payload),
    Foreign,
}

/// `<payload type> <encoding>`, the value of `a=rtpmap`.
fn split_map(map: &str) -> Option<(u8, &str)> {
    let (number, encoding) = map.trim().split_once(char::is_whitespace)?;
    Some((number.parse().ok()?, encoding.trim()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_and_each_map_of_a_large_offer_is_read_once() {
        for lines in [1_000, 4_000] {
            let (mut formats_read, mut maps_read) = (0, 0);
            let formats = (0..lines).map(|_| "0").inspect(|_| formats_read += 1);
            let maps = (0..lines).map(|_| "97 PCMA/8000").inspect(|_| maps_read += 1);
            assert_eq!(known_of(formats, maps), [(0, Payload::Audio(Law::Mu))]);
            assert_eq!((formats_read, maps_read), (lines, lines));
        }
    }

    #[test]
    fn the_first_map_of_a_type_holds_and_a_repeated_format_counts_once() {
        let known = known_of(
            ["96", "0", "96", "8", "200", "-1", "96"].into_iter(),
            ["96 PCMA/8000", "96 telephone-event/8000", "8 X/8000", "130 PCMU/8000", "x", "0"].into_iter(),
        );
        assert_eq!(known, [(96, Payload::Audio(Law::A)), (0, Payload::Audio(Law::Mu))]);
    }
}
