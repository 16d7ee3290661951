//! Binding the sockets that SIP is listened for on, and saying what to do when that fails.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use talkpath_config::Listen;
use talkpath_sip::agent::Protocol;
use tokio::net::{TcpListener, UdpSocket};
use tracing::debug;

/// What we ask the system to buffer while the driver is busy: about 4,000 INVITEs.
const SOCKET_BUFFER: usize = 4 << 20;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1_024;

/// A bound socket.
#[derive(Debug)]
pub(super) enum Socket {
    Udp(UdpSocket),
    Tcp(TcpListener),
}

impl Socket {
    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Udp(socket) => socket.local_addr(),
            Self::Tcp(listener) => listener.local_addr(),
        }
    }
}

/// Binds a place to listen.
pub(super) fn bind(listen: Listen) -> anyhow::Result<Socket> {
    try_bind(listen).map_err(|error| {
        let advice = advice(listen, error.kind());
        anyhow::Error::new(error).context(advice)
    })
}

fn try_bind(listen: Listen) -> io::Result<Socket> {
    let (kind, protocol) = match listen.protocol {
        Protocol::Udp => (socket2::Type::DGRAM, socket2::Protocol::UDP),
        Protocol::Tcp => (socket2::Type::STREAM, socket2::Protocol::TCP),
    };
    let socket = socket2::Socket::new(socket2::Domain::for_address(listen.address), kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    if listen.address.is_ipv6() {
        // IPv4 has a listener of its own: as mapped addresses it would be answered with addresses that it can't reach.
        socket.set_only_v6(true)?;
    }
    if listen.protocol == Protocol::Tcp {
        // A port whose connections of a former start are still closing is free.
        socket.set_reuse_address(true)?;
        socket.bind(&listen.address.into())?;
        socket.listen(BACKLOG)?;
        return TcpListener::from_std(socket.into()).map(Socket::Tcp);
    }
    // Less than asked for is no failure: the system caps it.
    if let Err(error) = socket.set_recv_buffer_size(SOCKET_BUFFER) {
        debug!(%error, "the SIP socket keeps its default receive buffer");
    }
    socket.bind(&listen.address.into())?;
    UdpSocket::from_std(socket.into()).map(Socket::Udp)
}

fn advice(listen: Listen, why: ErrorKind) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are non-exhaustive")]
    let advice = match why {
        ErrorKind::AddrInUse => {
            "another program has the port; stop it or set sip.listen to another port \
             (`talkpath serve --listen udp://0.0.0.0:5070`)"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; set sip.listen to one that it has, or to 0.0.0.0 for all of them"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need a permission (CAP_NET_BIND_SERVICE); set sip.listen to a port above"
        }
        _ => "check sip.listen",
    };
    format!("can't listen for SIP on {listen}: {advice}")
}
