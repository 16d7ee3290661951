//! Reading: the lines that say something about media, and what holds for one of them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

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

/// Where a line says that its writer receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Address(IpAddr),
    /// A host name (RFC 8866 §5.7): it is not resolved here.
    Name,
}

impl Place {
    /// The address to send to from `local`, unspecified where only a name is known; none if nothing can be sent there: another
    /// address family, multicast, broadcast. 0.0.0.0 is a hold and of any family.
    pub(super) fn reachable_from(self, local: Option<IpAddr>) -> Option<IpAddr> {
        let any = |six| if six { IpAddr::from(Ipv6Addr::UNSPECIFIED) } else { Ipv4Addr::UNSPECIFIED.into() };
        match self {
            Self::Name => Some(any(local.is_some_and(|local| local.is_ipv6()))),
            Self::Address(address) => {
                let family = local.is_none_or(|local| local.to_canonical().is_ipv6() == address.is_ipv6());
                let one_host = !address.is_multicast() && address != IpAddr::from(Ipv4Addr::BROADCAST);
                (address.is_unspecified() || family && one_host).then_some(address)
            }
        }
    }
}

/// Where the writer of the line receives.
pub(super) fn place(session: &Session, media: &Media) -> Result<Place, SdpError> {
    let connection = connection(session, media).ok_or(SdpError::NoConnection)?;
    let text = &connection.connection_address;
    let place = parse_address(text).map(Place::Address).or_else(|| is_name(text).then_some(Place::Name));
    place.ok_or_else(|| SdpError::BadAddress(text.clone()))
}

/// The address of the line if it is one: where we receive, in a description of ours.
pub(super) fn address(session: &Session, media: &Media) -> Option<IpAddr> {
    match place(session, media) {
        Ok(Place::Address(address)) => Some(address),
        Ok(Place::Name) | Err(_) => None,
    }
}

fn parse_address(text: &str) -> Option<IpAddr> {
    Some(text.split('/').next()?.parse::<IpAddr>().ok()?.to_canonical())
}

/// Labels of letters, digits, hyphens (and underscores, as some write), the last not a number.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let plain = |label: &str| !label.is_empty() && label.bytes().all(fits);
    let mut labels = text.strip_suffix('.').unwrap_or(text).rsplit('.');
    let last = labels.next().unwrap_or_default();
    text.len() <= 255 && plain(last) && last.bytes().any(|byte| byte.is_ascii_alphabetic()) && labels.all(plain)
}

/// Where the writer receives RTCP: `a=rtcp` (RFC 3605 §2.1), else the next port.
pub(super) fn rtcp(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(rtp.ip(), rtp.port().saturating_add(1));
    let Some(value) = attributes(&media.attributes, "rtcp").next() else { return next };
    let mut words = value.split_ascii_whitespace();
    let Some(port) = words.next().and_then(|port| port.parse().ok()).filter(|&port: &u16| port != 0) else {
        return next;
    };
    let named = words.nth(2).and_then(parse_address).filter(|named| named.is_ipv6() == rtp.is_ipv6());
    SocketAddr::new(named.unwrap_or(rtp.ip()), port)
}

/// The direction of the line, else of the session, else both ways; 0.0.0.0 is the hold of RFC 2543 (RFC 3264 §8.4).
pub(super) fn direction(session: &Session, media: &Media) -> Direction {
    let stated = |attributes: &[Attribute]| {
        attributes.iter().find_map(|attribute| Direction::from_name(&attribute.attribute.to_ascii_lowercase()))
    };
    let stated = stated(&media.attributes).or_else(|| stated(&session.attributes)).unwrap_or_default();
    let nowhere = address(session, media).is_some_and(|address| address.is_unspecified());
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

/// Whether the line is an audio stream as we carry it. RTP/AVPF is RTP/AVP with feedback (RFC 4585), which nobody has to send.
pub(super) fn is_ours(media: &Media) -> bool {
    let profile = ["RTP/AVP", "RTP/AVPF"].iter().any(|profile| media.proto.eq_ignore_ascii_case(profile));
    media.media.eq_ignore_ascii_case("audio") && profile && media.port != 0
}
