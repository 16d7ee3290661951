//! Where a message came from and where one goes: a pair of addresses and a protocol.

use std::net::{IpAddr, SocketAddr};

/// A transport of SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Datagrams: messages get lost, so transactions retransmit.
    Udp,
    /// A stream of bytes over a connection, which delivers or breaks.
    Tcp,
}

impl Protocol {
    /// True when the transport itself delivers: timers A, E and G are off, D, I, J and K zero (RFC 3261 §17).
    pub fn is_reliable(self) -> bool {
        match self {
            Self::Udp => false,
            Self::Tcp => true,
        }
    }

    /// The word in a Via's sent-protocol.
    pub fn token(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }

    /// The port where a peer listens that names none (RFC 3261 §18.2.2 and §19.1.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
        }
    }

    /// The one that a URI's `transport` parameter names (RFC 3261 §19.1.1), if it is one of ours.
    pub fn named(transport: &str) -> Option<Self> {
        [Self::Udp, Self::Tcp].into_iter().find(|protocol| protocol.token().eq_ignore_ascii_case(transport))
    }
}

impl std::fmt::Display for Protocol {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.token())
    }
}

/// Names one of the driver's sockets: a UDP socket, or a connection. The user agent only hands it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SocketId(pub u64);

impl SocketId {
    /// Any socket that leads to the peer will do.
    pub const ANY: Self = Self(0);
}

/// One of our sockets and a peer.
///
/// A datagram goes from `socket` to `peer`. A message on a stream goes along the connection `socket` while that lives;
/// otherwise along any connection to `peer`, which is made if there is none (RFC 3261 §18.1.1, §18.2.2).
///
/// Inside the user agent IPv4 addresses are IPv4: whatever comes in as an IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2)
/// goes out, also in a [`Transmit`](crate::agent::Transmit), without its mapping. A driver whose socket serves both
/// families maps it again when its system asks for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow {
    /// The socket's own address: never a wildcard, as Via and Contact are made of it.
    pub local: SocketAddr,
    /// The other side.
    pub peer: SocketAddr,
    /// How they talk.
    pub protocol: Protocol,
    /// Which socket or connection of ours.
    pub socket: SocketId,
}

impl Flow {
    /// A flow whose IPv4 addresses are IPv4, from any socket.
    pub fn new(local: SocketAddr, peer: SocketAddr, protocol: Protocol) -> Self {
        Self { local, peer, protocol, socket: SocketId::ANY }.canonical()
    }

    /// The same along this socket.
    #[must_use]
    pub fn by(self, socket: SocketId) -> Self {
        Self { socket, ..self }
    }

    /// The same without IPv4-mapped addresses.
    #[must_use]
    pub(crate) fn canonical(self) -> Self {
        let plain = |address: SocketAddr| match address.ip().to_canonical() {
            IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
            // The scope of a link-local address has to stay.
            IpAddr::V6(_) => address,
        };
        Self { local: plain(self.local), peer: plain(self.peer), ..self }
    }

    /// The same way to another peer: from the same UDP socket, along another connection.
    #[must_use]
    pub fn to(self, peer: SocketAddr) -> Self {
        let socket = match self.protocol {
            Protocol::Udp => self.socket,
            Protocol::Tcp => SocketId::ANY,
        };
        Self { peer, socket, ..self }
    }

    /// A way by another transport, whose local address isn't known yet: its port is 0.
    pub(crate) fn over(self, protocol: Protocol, peer: SocketAddr) -> Self {
        Self { local: SocketAddr::new(self.local.ip(), 0), peer, protocol, socket: SocketId::ANY }
    }

    /// Whether what happened to `other` happened to this: the same connection, or the same peer by the same protocol.
    pub(crate) fn shares(&self, other: &Self) -> bool {
        let connection = self.protocol == Protocol::Tcp && self.socket != SocketId::ANY && self.socket == other.socket;
        self.protocol == other.protocol && (connection || self.peer == other.peer)
    }

    /// Can `address` be where a message for this flow's other side has to go?
    ///
    /// Not when it is of another family or has no port or host. And not when it is a private address and the flow's
    /// peer is a public one: then a NAT stands between us, and only the way back reaches it.
    pub(crate) fn reaches(&self, address: SocketAddr) -> bool {
        let same_family = address.is_ipv4() == self.peer.is_ipv4();
        let real = address.port() != 0 && !address.ip().is_unspecified() && !address.ip().is_multicast();
        same_family && real && (is_public(address.ip()) || !is_public(self.peer.ip()))
    }
}

/// Can the whole Internet reach this address? (RFC 1918, RFC 3927, RFC 4193, RFC 6598, loopback: no.)
fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let shared = first == 100 && (64..128).contains(&second);
            !(v4.is_private() || v4.is_loopback() || v4.is_link_local() || shared)
        }
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(peer: &str) -> Flow {
        Flow::new("192.0.2.1:5060".parse().unwrap(), peer.parse().unwrap(), Protocol::Udp)
    }

    #[test]
    fn a_private_contact_behind_a_public_address_is_not_reached_directly() {
        assert!(!flow("203.0.113.9:40000").reaches("192.168.1.20:5060".parse().unwrap()));
        assert!(!flow("203.0.113.9:40000").reaches("100.64.3.2:5060".parse().unwrap()));
        assert!(flow("10.0.0.9:5060").reaches("192.168.1.20:5060".parse().unwrap()));
        assert!(flow("203.0.113.9:40000").reaches("198.51.100.7:5060".parse().unwrap()));
    }

    #[test]
    fn a_new_flow_has_no_mapped_addresses_and_keeps_scopes() {
        let local = "[::ffff:192.0.2.1]:5060".parse().unwrap();
        let peer = "[fe80::1%3]:5062".parse().unwrap();
        let flow = Flow::new(local, peer, Protocol::Udp);
        assert_eq!((flow.local, flow.peer), ("192.0.2.1:5060".parse().unwrap(), peer));
    }

    #[test]
    fn no_message_goes_to_port_zero_the_wildcard_or_the_other_family() {
        assert!(!flow("10.0.0.9:5060").reaches("10.0.0.9:0".parse().unwrap()));
        assert!(!flow("10.0.0.9:5060").reaches("0.0.0.0:5060".parse().unwrap()));
        assert!(!flow("10.0.0.9:5060").reaches("[2001:db8::1]:5060".parse().unwrap()));
    }
}
