//! Which of this machine's addresses a peer sees us at.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

/// Peers remembered before the cache starts anew.
const REMEMBERED: usize = 1_024;

/// Looks up local addresses by peer, and remembers them.
#[derive(Debug)]
pub struct LocalAddresses {
    bound: IpAddr,
    known: HashMap<IpAddr, IpAddr>,
}

impl LocalAddresses {
    /// For a socket bound to `bound`; unless that is the unspecified address it is itself the answer.
    #[must_use]
    pub fn new(bound: IpAddr) -> Self {
        Self { bound, known: HashMap::new() }
    }

    /// The local address from which packets to `peer` leave.
    pub fn towards(&mut self, peer: IpAddr) -> IpAddr {
        if !self.bound.is_unspecified() {
            return self.bound;
        }
        if let Some(known) = self.known.get(&peer) {
            return *known;
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let local = route_to(peer).unwrap_or(self.bound);
        self.known.insert(peer, local);
        local
    }
}

/// Asks the routing table: a connected UDP socket knows its own address, and nothing is sent.
fn route_to(peer: IpAddr) -> io::Result<IpAddr> {
    let any: IpAddr = match peer {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(SocketAddr::new(peer, 9))?;
    socket.local_addr().map(|address| address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_peer_sees_the_loopback_address_of_a_wildcard_socket() {
        let mut addresses = LocalAddresses::new(Ipv4Addr::UNSPECIFIED.into());
        let home: IpAddr = Ipv4Addr::LOCALHOST.into();
        assert_eq!(addresses.towards(home), home);
    }
}
