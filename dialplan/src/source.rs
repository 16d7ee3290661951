//! Sets of source addresses: `loopback`, `private`, `any`, one address, or a network in CIDR notation; and who of them is
//! served.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A set of addresses that calls may come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// 127.0.0.0/8 and ::1.
    Loopback,
    /// RFC 1918, link-local (RFC 3927, RFC 4291 §2.5.6), shared (RFC 6598) and unique local (RFC 4193) addresses.
    Private,
    /// Every address.
    Any,
    /// The addresses that share the first `bits` bits with `network`.
    Net {
        /// Any address of the network.
        network: IpAddr,
        /// How many leading bits count.
        bits: u8,
    },
}

/// Who gets service at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// A call from none of these is refused.
    pub allow: Vec<Source>,
}

impl Admission {
    /// True when `source` may place calls here.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        self.allow.iter().any(|allowed| allowed.contains(source))
    }
}

/// A source that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "\"{0}\" is no source of calls; write \"loopback\", \"private\", \"any\", an address, or a network such as \"192.0.2.0/24\""
)]
pub struct SourceError(pub String);

impl Source {
    /// True when `address` is in the set; an IPv4 address mapped into IPv6 counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self {
            Self::Loopback => address.is_loopback(),
            Self::Private => is_private(address),
            Self::Any => true,
            Self::Net { network, bits } => shares_prefix(*network, address, *bits),
        }
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let shared = (Ipv4Addr::new(100, 64, 0, 0).to_bits(), 0xffc0_0000);
            v4.is_private() || v4.is_link_local() || v4.to_bits() & shared.1 == shared.0
        }
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

fn shares_prefix(network: IpAddr, address: IpAddr, bits: u8) -> bool {
    let wide = |v6: Ipv6Addr| v6.to_bits();
    let (a, b, width) = match (network, address) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u128::from(a.to_bits()), u128::from(b.to_bits()), 32),
        (IpAddr::V6(a), IpAddr::V6(b)) => (wide(a), wide(b), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    (a ^ b).checked_shr(width - u32::from(bits)).unwrap_or(0) == 0
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        let wrong = || SourceError(text.into());
        match text {
            "loopback" => return Ok(Self::Loopback),
            "private" => return Ok(Self::Private),
            "any" => return Ok(Self::Any),
            _ => {}
        }
        let (address, bits) = text.split_once('/').map_or((text, None), |(a, b)| (a, Some(b)));
        let network: IpAddr = address.parse().map_err(|_| wrong())?;
        let width = if network.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(width), str::parse::<u8>).map_err(|_| wrong())?;
        if bits > width {
            return Err(wrong());
        }
        // An IPv4 network written as mapped into IPv6 is that IPv4 network, if it is one at all.
        match (network, network.to_canonical()) {
            (IpAddr::V6(_), v4 @ IpAddr::V4(_)) => {
                let bits = bits.checked_sub(96).ok_or_else(wrong)?;
                Ok(Self::Net { network: v4, bits })
            }
            _ => Ok(Self::Net { network, bits }),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loopback => f.write_str("loopback"),
            Self::Private => f.write_str("private"),
            Self::Any => f.write_str("any"),
            Self::Net { network, bits } => write!(f, "{network}/{bits}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(source: &str, address: &str) -> bool {
        source.parse::<Source>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        for (source, address, expected) in [
            ("loopback", "127.8.9.1", true),
            ("loopback", "::1", true),
            ("loopback", "::ffff:127.0.0.1", true),
            ("private", "172.31.255.255", true),
            ("private", "172.32.0.1", false),
            ("private", "100.64.3.4", true),
            ("private", "fe80::1", true),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "192.0.2.1", false),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "198.51.100.9", false),
            ("0.0.0.0/0", "8.8.8.8", true),
            ("::/0", "2001:db8::1", true),
            ("any", "8.8.8.8", true),
        ] {
            assert_eq!(holds(source, address), expected, "{address} in {source}");
        }
    }

    #[test]
    fn strangers_are_not_admitted() {
        let home = Admission { allow: vec![Source::Loopback, Source::Private] };
        assert!(home.admits("127.0.0.1".parse().unwrap()));
        assert!(!home.admits("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn what_is_no_source_is_refused_by_name() {
        for text in ["", "home", "192.0.2.0/33", "::ffff:192.0.2.0/80", "192.0.2/24", "::/129", "1.2.3.4/-1"] {
            assert_eq!(text.parse::<Source>(), Err(SourceError(text.into())));
        }
    }
}
