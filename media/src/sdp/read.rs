//! Reading: the lines that say something about media, and what holds for one of them.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Attribute, Connection, Media, Session};

use super::{Direction, SdpError};

/// The bytes of the `o=` line: equal bytes mean that nothing was changed (RFC 3264 §8).
#[must_use]
pub fn origin(body: &[u8]) -> Option<&[u8]> {
    lines(body).find_map(|line| line.strip_prefix(b"o="))
}

fn lines(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii)
}

/// Parses what we need of a session description. Lines may end in LF alone, and bytes that are no UTF-8 are replaced.
pub(super) fn session(body: &[u8]) -> Result<Session, SdpError> {
    let mut needed = String::with_capacity(body.len());
    let mut connected = false;
    for line in lines(body).skip_while(|line| line.is_empty()) {
        match line {
            [b'm', b'=', ..] => connected = false,
            // A second c= is of multicast layers (RFC 8866 §5.7): the first will do.
            [b'c', b'=', ..] if std::mem::replace(&mut connected, true) => continue,
            [b'v' | b'c' | b'a', b'=', ..] => {}
            _ => continue,
        }
        for char in String::from_utf8_lossy(line).chars().filter(|char| !matches!(char, '\0' | '\r')) {
            needed.push(char);
        }
        needed.push_str("\r\n");
    }
    Ok(Session::parse(needed.as_bytes())?)
}

/// The values of all attributes of this name; a property (no value) is "".
pub(super) fn attributes<'a>(attributes: &'a [Attribute], name: &'static str) -> impl Iterator<Item = &'a str> {
    let named = attributes.iter().filter(move |attribute| attribute.attribute.eq_ignore_ascii_case(name));
    named.map(|attribute| attribute.value.as_deref().unwrap_or_default())
}

/// The line's own connection, else the session's.
fn connection<'a>(session: &'a Session, media: &'a Media) -> Option<&'a Connection> {
    media.connections.first().or(session.connection.as_ref())
}

/// Where the writer of the line receives.
pub(super) fn address(session: &Session, media: &Media) -> Result<IpAddr, SdpError> {
    let connection = connection(session, media).ok_or(SdpError::NoConnection)?;
    parse_address(&connection.connection_address)
        .ok_or_else(|| SdpError::BadAddress(connection.connection_address.clone()))
}

fn parse_address(text: &str) -> Option<IpAddr> {
    text.split('/').next()?.parse().ok()
}

/// Where the writer receives RTCP: `a=rtcp` (RFC 3605 §2.1), else the next port.
pub(super) fn rtcp(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
    let Some(value) = attributes(&media.attributes, "rtcp").next() else { return next };
    let mut words = value.split_ascii_whitespace();
    let Some(port) = words.next().and_then(|port| port.parse().ok()).filter(|&port: &u16| port != 0) else {
        return next;
    };
    let address = words.nth(2).and_then(parse_address).unwrap_or(rtp.ip());
    SocketAddr::new(address, port)
}

/// The direction of the line, else of the session, else both ways; 0.0.0.0 is the hold of RFC 2543 (RFC 3264 §8.4).
pub(super) fn direction(session: &Session, media: &Media) -> Direction {
    let stated = |attributes: &[Attribute]| {
        attributes.iter().find_map(|attribute| Direction::from_name(&attribute.attribute.to_ascii_lowercase()))
    };
    let stated = stated(&media.attributes).or_else(|| stated(&session.attributes)).unwrap_or_default();
    let nowhere = address(session, media).is_ok_and(|address| address.is_unspecified());
    Direction::new(stated.sends(), stated.receives() && !nowhere)
}

/// The packet time to send to the writer: its `ptime`, else `ours`, within its `maxptime`, 10 to 60 ms in tens.
pub(super) fn ptime(session: &Session, media: &Media, ours: u8) -> u8 {
    let stated = |name| {
        let values = attributes(&media.attributes, name).chain(attributes(&session.attributes, name));
        // Some write fractions ("20.0").
        values.filter_map(|value| value.trim().split('.').next()?.parse::<u32>().ok()).find(|&ms| ms > 0)
    };
    let asked = stated("ptime").unwrap_or(u32::from(ours)).min(stated("maxptime").unwrap_or(60));
    let bounded = asked.clamp(10, 60);
    u8::try_from(bounded - bounded % 10).unwrap_or(20)
}

/// Whether the line is an audio stream as we carry it.
pub(super) fn is_ours(media: &Media) -> bool {
    media.media.eq_ignore_ascii_case("audio") && media.proto.eq_ignore_ascii_case("RTP/AVP") && media.port != 0
}
