//! Which of this machine's addresses a peer sees us at.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use talkpath_dialplan::Source;

/// Peers remembered before the cache starts anew.
const REMEMBERED: usize = 1_024;

/// How long an answer is believed: addresses and routes change under a running server.
const BELIEVED: Duration = Duration::from_secs(30);

/// Looks up local addresses by peer, and remembers them for a while.
#[derive(Debug)]
pub struct LocalAddresses {
    bound: IpAddr,
    known: HashMap<IpAddr, (IpAddr, Instant)>,
}

/// The address that we name to `peer`: the configured one for peers on the public Internet, of the same family; our own
/// for those beside us, who would need a NAT that sends their packets back.
#[must_use]
pub fn advertised(external: Option<IpAddr>, own: IpAddr, peer: IpAddr) -> IpAddr {
    let near = [Source::Loopback, Source::Private].iter().any(|source| source.contains(peer));
    match external {
        Some(external) if !near && external.is_ipv4() == own.is_ipv4() => external,
        Some(_) | None => own,
    }
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
        if let Some((known, since)) = self.known.get(&peer)
            && since.elapsed() < BELIEVED
        {
            return *known;
        }
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        let local = route_to(peer).unwrap_or(self.bound);
        self.known.insert(peer, (local, Instant::now()));
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

    #[test]
    fn only_public_peers_of_its_family_are_told_the_external_address() {
        let external = Some([203, 0, 113, 7].into());
        let own: IpAddr = [192, 168, 1, 2].into();
        assert_eq!(advertised(external, own, [198, 51, 100, 1].into()), IpAddr::from([203, 0, 113, 7]));
        assert_eq!(advertised(external, own, [192, 168, 1, 9].into()), own);
        let own: IpAddr = Ipv6Addr::LOCALHOST.into();
        assert_eq!(advertised(external, own, "2001:db8::1".parse().unwrap()), own);
    }
}
