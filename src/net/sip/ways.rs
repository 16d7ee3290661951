//! By which of our sockets a peer is reached, and at which address it sees us.

use crate::net::address::{LocalAddresses, advertised};
use std::net::{IpAddr, SocketAddr};
use talkpath_config::Listen;
use talkpath_sip::agent::{Flow, Protocol, SocketId};

/// A socket that SIP is listened for on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listening {
    /// Transport and bound address, its port the real one.
    pub listen: Listen,
    pub(super) socket: SocketId,
}

/// The listeners of a driver, and which of our addresses peers see.
#[derive(Debug)]
pub(super) struct Ways {
    listeners: Vec<(Listening, LocalAddresses)>,
    /// The routing table's own opinion.
    routes: LocalAddresses,
    external: Option<IpAddr>,
}

impl Ways {
    pub(super) fn new(listeners: &[Listening], external: Option<IpAddr>) -> Self {
        let with_addresses = |listening: &Listening| (*listening, LocalAddresses::new(listening.listen.address.ip()));
        let any = IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED);
        Self { listeners: listeners.iter().map(with_addresses).collect(), routes: LocalAddresses::new(any), external }
    }

    /// The way to `peer` by `protocol`: from the listener at the address that packets to it leave from, else from one at
    /// all addresses, else from any of its family.
    pub(super) fn to(&mut self, peer: SocketAddr, protocol: Protocol) -> Option<Flow> {
        let routed = self.routes.towards(peer.ip());
        let fit = |(listening, _): &&mut (Listening, LocalAddresses)| {
            let Listen { protocol: ours, address } = listening.listen;
            ours == protocol && address.is_ipv4() == peer.is_ipv4()
        };
        let rank = |listening: &Listening| match listening.listen.address.ip() {
            own if own == routed => 0,
            own if own.is_unspecified() => 1,
            own if own.is_loopback() == peer.ip().is_loopback() => 2,
            _ => 3,
        };
        let (listening, addresses) =
            self.listeners.iter_mut().filter(fit).min_by_key(|(listening, _)| rank(listening))?;
        Some(flow(listening, addresses, self.external, peer))
    }

    /// The way back to `peer` from the UDP socket that its datagram came to.
    pub(super) fn back(&mut self, socket: SocketId, peer: SocketAddr) -> Option<Flow> {
        let (listening, addresses) = self.listeners.iter_mut().find(|(listening, _)| listening.socket == socket)?;
        Some(flow(listening, addresses, self.external, peer))
    }

    /// The way along a connection that `peer` has made to our `own` address, on a listener's port.
    pub(super) fn along(&self, own: IpAddr, port: u16, peer: SocketAddr) -> Flow {
        let local = advertised(self.external, own.to_canonical(), peer.ip().to_canonical());
        Flow::new(SocketAddr::new(local, port), peer, Protocol::Tcp)
    }
}

fn flow(listening: &Listening, addresses: &mut LocalAddresses, external: Option<IpAddr>, peer: SocketAddr) -> Flow {
    let Listen { protocol, address } = listening.listen;
    let local = advertised(external, addresses.towards(peer.ip()), peer.ip());
    let socket = match protocol {
        Protocol::Udp => listening.socket,
        Protocol::Tcp => SocketId::ANY,
    };
    Flow::new(SocketAddr::new(local, address.port()), peer, protocol).by(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(listen: &[(Protocol, &str)]) -> Ways {
        let listening = |(at, (protocol, address)): (usize, &(Protocol, &str))| Listening {
            listen: Listen { protocol: *protocol, address: address.parse().unwrap() },
            socket: SocketId(at as u64 + 1),
        };
        let all: Vec<_> = listen.iter().enumerate().map(listening).collect();
        Ways::new(&all, None)
    }

    fn socket(ways: &mut Ways, peer: &str, protocol: Protocol) -> Option<u64> {
        ways.to(peer.parse().unwrap(), protocol).map(|flow| flow.socket.0)
    }

    #[test]
    fn a_peer_is_reached_from_the_listener_at_its_address_and_of_its_family() {
        let udp = Protocol::Udp;
        let mut ways = ways(&[(udp, "127.0.0.1:5060"), (udp, "0.0.0.0:5070"), (udp, "[::]:5060")]);
        assert_eq!(socket(&mut ways, "127.0.0.1:9", udp), Some(1));
        assert_eq!(socket(&mut ways, "[::1]:9", udp), Some(3));
        assert_eq!(socket(&mut ways, "192.0.2.1:9", udp), Some(2), "loopback leads nowhere else");
        assert_eq!(socket(&mut ways, "127.0.0.1:9", Protocol::Tcp), None);
    }

    #[test]
    fn the_way_back_is_from_the_socket_that_was_spoken_to() {
        let mut ways = ways(&[(Protocol::Udp, "127.0.0.1:5060"), (Protocol::Udp, "127.0.0.1:5070")]);
        let back = ways.back(SocketId(2), "127.0.0.1:9".parse().unwrap()).unwrap();
        assert_eq!((back.local.port(), back.socket), (5070, SocketId(2)));
    }

    #[test]
    fn a_way_by_tcp_may_take_any_connection() {
        let mut ways = ways(&[(Protocol::Tcp, "127.0.0.1:5060")]);
        assert_eq!(socket(&mut ways, "127.0.0.1:9", Protocol::Tcp), Some(0));
    }
}
