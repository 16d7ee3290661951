//! Hosts and ports: RFC 3261 §25.1 `host`, with the IPv6 fixes of RFC 5118 §4.
//!
//! Deviations: underscores are taken in names, and `[2001:db8:::192.0.2.1]`, which the grammar of RFC 3261 allows by
//! mistake (RFC 5118 §4.10), is read as if it had two colons.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::error::Defect;
use super::scan;
use super::text::Text;

/// Where to find somebody. Names compare without regard to case, addresses by value.
#[derive(Clone, Debug)]
pub enum Host {
    /// A domain name.
    Name(Text),
    /// `192.0.2.1`
    V4(Ipv4Addr),
    /// `[2001:db8::1]`
    V6(Ipv6Addr),
}

impl Host {
    /// Reads a name, an IPv4 address or an IPv6 reference in its brackets.
    pub fn parse(text: impl Into<Text>) -> Result<Self, Defect> {
        let text = text.into();
        Self::read(&text, text.as_bytes())
    }

    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        Ok(match check(raw)? {
            Some(address) => address.into(),
            None => Self::Name(text.sub(raw)),
        })
    }

    /// The address, when it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some((*address).into()),
            Self::V6(address) => Some((*address).into()),
        }
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        match self {
            Self::Name(name) => Self::Name(name.detach()),
            Self::V4(address) => Self::V4(*address),
            Self::V6(address) => Self::V6(*address),
        }
    }
}

/// Whether `raw` is a host: the address, or nothing for a name.
pub(super) fn check(raw: &[u8]) -> Result<Option<IpAddr>, Defect> {
    match raw {
        [] => Err(Defect::Empty),
        [b'[', inner @ .., b']'] => v6(inner).map(|address| Some(address.into())).ok_or(Defect::Host),
        [first, ..] => {
            if first.is_ascii_digit()
                && let Some(address) = std::str::from_utf8(raw).ok().and_then(|s| s.parse::<Ipv4Addr>().ok())
            {
                return Ok(Some(address.into()));
            }
            let name = |&b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
            if raw.iter().all(name) { Ok(None) } else { Err(Defect::Host) }
        }
    }
}

fn v6(inner: &[u8]) -> Option<Ipv6Addr> {
    let text = std::str::from_utf8(inner).ok()?;
    text.parse().ok().or_else(|| {
        let (head, v4) = text.rsplit_once(':')?;
        (head.ends_with("::") && v4.contains('.')).then(|| format!("{head}{v4}").parse().ok())?
    })
}

/// An address as `received` and `maddr` carry it: with or without brackets (RFC 5118 §4.5).
pub(super) fn bare_ip(raw: &[u8]) -> Option<IpAddr> {
    match raw {
        [b'[', inner @ .., b']'] => v6(inner).map(IpAddr::V6),
        _ => std::str::from_utf8(raw).ok()?.parse().ok(),
    }
}

/// Cuts `host [":" port]`; white space around the colon is forgiven, as Via allows it.
pub(super) fn split_port(raw: &[u8]) -> Result<(&[u8], Option<u16>), Defect> {
    let raw = scan::trim(raw);
    let end = match raw.first() {
        Some(b'[') => memchr::memchr(b']', raw).ok_or(Defect::Host)? + 1,
        _ => memchr::memchr(b':', raw).unwrap_or(raw.len()),
    };
    let (host, rest) = raw.split_at_checked(end).ok_or(Defect::Host)?;
    match scan::trim(rest) {
        [] => Ok((scan::trim(host), None)),
        [b':', port @ ..] => {
            let port = scan::decimal_u16(scan::trim(port)).ok_or(Defect::Port)?;
            Ok((scan::trim(host), Some(port)))
        }
        _ => Err(Defect::Host),
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.as_bytes().eq_ignore_ascii_case(b.as_bytes()),
            (a, b) => a.ip().is_some() && a.ip() == b.ip(),
        }
    }
}

impl Eq for Host {}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name}"),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}
