//! Pairs of UDP ports for RTP and RTCP: even and the odd one above it (RFC 3550 §11).
//!
//! The cursor goes round the whole range before a pair is used again, so that late packets of a call
//! that has ended don't meet the next one.

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use talkpath_config::RtpPorts;

/// Attempts with ports of the system's choice: the odd port above must be free too.
const ANY_ATTEMPTS: usize = 64;

/// Hands out bound pairs.
#[derive(Debug)]
pub struct PortPool {
    ports: RtpPorts,
    dscp: u8,
    cursor: AtomicU32,
}

/// Two bound, non-blocking sockets on neighbouring ports.
#[derive(Debug)]
pub struct PortPair {
    /// The even port.
    pub rtp: UdpSocket,
    /// The odd port above it.
    pub rtcp: UdpSocket,
}

impl PortPair {
    /// The RTP port.
    ///
    /// # Errors
    /// When the system can't name the socket's address.
    pub fn rtp_port(&self) -> io::Result<u16> {
        self.rtp.local_addr().map(|address| address.port())
    }
}

impl PortPool {
    /// A pool over `ports`; packets leave with the given differentiated services code point.
    #[must_use]
    pub fn new(ports: RtpPorts, dscp: u8) -> Self {
        let start = std::process::id().wrapping_mul(97);
        Self { ports, dscp, cursor: AtomicU32::new(start) }
    }

    /// Binds a free pair at `address`.
    ///
    /// # Errors
    /// `AddrInUse` when every pair of the range is taken; otherwise what the system said.
    pub fn pair(&self, address: IpAddr) -> io::Result<PortPair> {
        match self.ports {
            RtpPorts::Any => self.any_pair(address),
            RtpPorts::Range { first, last } => self.pair_in(address, first, last),
        }
    }

    fn any_pair(&self, address: IpAddr) -> io::Result<PortPair> {
        for _ in 0..ANY_ATTEMPTS {
            let rtp = self.bind(address, 0)?;
            let port = rtp.local_addr()?.port();
            if port % 2 == 0
                && let Ok(rtcp) = self.bind(address, port + 1)
            {
                return Ok(PortPair { rtp, rtcp });
            }
        }
        Err(exhausted())
    }

    fn pair_in(&self, address: IpAddr, first: u16, last: u16) -> io::Result<PortPair> {
        let pairs = u32::from(last - first).div_ceil(2);
        for _ in 0..pairs {
            let turn = self.cursor.fetch_add(1, Ordering::Relaxed) % pairs;
            let port = first.saturating_add(u16::try_from(turn * 2).unwrap_or(0));
            match self.bind_both(address, port) {
                Ok(pair) => return Ok(pair),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(error) => return Err(error),
            }
        }
        Err(exhausted())
    }

    fn bind_both(&self, address: IpAddr, port: u16) -> io::Result<PortPair> {
        let rtp = self.bind(address, port)?;
        let rtcp = self.bind(address, port + 1)?;
        Ok(PortPair { rtp, rtcp })
    }

    fn bind(&self, address: IpAddr, port: u16) -> io::Result<UdpSocket> {
        let target = SocketAddr::new(address, port);
        let socket = Socket::new(Domain::for_address(target), Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        mark_traffic(&socket, address, self.dscp)?;
        socket.bind(&target.into())?;
        Ok(socket.into())
    }
}

fn mark_traffic(socket: &Socket, address: IpAddr, dscp: u8) -> io::Result<()> {
    let class = u32::from(dscp) << 2;
    match address {
        IpAddr::V4(_) => socket.set_tos_v4(class),
        IpAddr::V6(_) => socket.set_tclass_v6(class),
    }
}

fn exhausted() -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, "every RTP port pair is taken; widen media.rtp_ports")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    #[test]
    fn a_pair_is_an_even_port_and_the_odd_one_above_it() {
        let pair = PortPool::new(RtpPorts::Any, 46).pair(HOME).unwrap();
        let rtp = pair.rtp_port().unwrap();
        assert_eq!(rtp % 2, 0);
        assert_eq!(pair.rtcp.local_addr().unwrap().port(), rtp + 1);
    }

    #[test]
    fn a_range_gives_each_pair_once_and_then_says_that_it_is_exhausted() {
        let free = PortPool::new(RtpPorts::Any, 0).pair(HOME).unwrap().rtp_port().unwrap();
        let pool = PortPool::new(RtpPorts::Range { first: free, last: free + 1 }, 0);
        let held = pool.pair(HOME).unwrap();
        assert_eq!(held.rtp_port().unwrap(), free);
        assert_eq!(pool.pair(HOME).unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(held);
        assert_eq!(pool.pair(HOME).unwrap().rtp_port().unwrap(), free);
    }
}
