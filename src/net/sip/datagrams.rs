//! The UDP sockets of a driver: which one is ready, what came to it, and from which one a datagram leaves.

use bytes::Bytes;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::task::Poll;
use talkpath_sip::agent::{Flow, SocketId};
use tokio::net::UdpSocket;
use tracing::{debug, trace};

/// Datagrams of one socket that are read before timers, commands and output get their turn.
const BATCH: usize = 64;
/// The largest UDP payload.
const DATAGRAM: usize = 65_535;

/// The sockets, each with the number by which flows name it.
#[derive(Debug)]
pub(super) struct Datagrams {
    sockets: Vec<(SocketId, UdpSocket)>,
    buffer: Vec<u8>,
}

impl Datagrams {
    pub(super) fn new(sockets: Vec<(SocketId, UdpSocket)>) -> Self {
        Self { sockets, buffer: vec![0; DATAGRAM] }
    }

    /// Waits until a datagram has come to one of them.
    pub(super) async fn ready(&self) {
        poll_fn(|cx| {
            // Every one is polled: each has to wake us.
            let mut ready = false;
            for (_, udp) in &self.sockets {
                ready |= udp.poll_recv_ready(cx).is_ready();
            }
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    /// Hands over what has come: to which socket, and from whom.
    pub(super) fn receive(&mut self, mut take: impl FnMut(SocketId, SocketAddr, Bytes)) {
        let Self { sockets, buffer } = self;
        for (socket, udp) in sockets {
            for _ in 0..BATCH {
                match udp.try_recv_from(buffer) {
                    Ok((length, peer)) => {
                        trace!(%peer, length, "datagram received");
                        take(*socket, peer, Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default()));
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => {
                        debug!(%error, "a datagram could not be received");
                        break;
                    }
                }
            }
        }
    }

    /// False when no way leads there. Anything else that goes wrong passes: the retransmission is the next try.
    pub(super) async fn send(&self, flow: Flow, data: &[u8]) -> bool {
        let family = |(_, udp): &&(SocketId, UdpSocket)| {
            udp.local_addr().is_ok_and(|local| local.is_ipv4() == flow.peer.is_ipv4())
        };
        let named = self.named(flow).or_else(|| self.sockets.iter().find(family).map(|(_, udp)| udp));
        let Some(udp) = named else { return false };
        let Err(error) = udp.send_to(data, flow.peer).await else { return true };
        debug!(peer = %flow.peer, %error, "a datagram could not be sent");
        !matches!(
            error.kind(),
            ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable
        )
    }

    /// A keep-alive (RFC 5626 §4.4.1), if there is room for it: one that is lost is followed by the next.
    pub(super) fn keep_alive(&self, flow: Flow) {
        if let Some(udp) = self.named(flow)
            && let Err(error) = udp.try_send_to(b"\r\n\r\n", flow.peer)
        {
            debug!(peer = %flow.peer, %error, "a keep-alive could not be sent");
        }
    }

    fn named(&self, flow: Flow) -> Option<&UdpSocket> {
        self.sockets.iter().find(|(socket, _)| *socket == flow.socket).map(|(_, udp)| udp)
    }
}
