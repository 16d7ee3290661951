//! The connections of a driver: which there are, to whom, and who waits for what of them.

use super::connection::{Arrival, Connection};
use bytes::Bytes;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use talkpath_sip::agent::{Flow, SocketId, Verdict};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tracing::{debug, trace, warn};

/// Connections at once; whoever comes beyond that is closed on.
const MOST: usize = 8_192;
/// Of them from one address that may have to prove itself, and hasn't yet: a whole office may be behind one.
const MOST_OF_ONE: usize = 64;
/// Messages that may wait to be written on one connection; one more, and it is given up.
const QUEUE: usize = 512;
/// The numbers before this are those of listeners.
const FIRST_CONNECTION: u64 = 1_000;

/// A connection that somebody made to us.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// Our address, and the port of ours that it was made to.
    pub(super) local: SocketAddr,
}

/// Whom connections are accepted from.
pub(super) type Doorman = Arc<dyn Fn(IpAddr) -> Verdict + Send + Sync>;

/// All connections of one driver.
#[derive(Debug)]
pub(super) struct Streams {
    all: HashMap<SocketId, Entry>,
    by_peer: HashMap<SocketAddr, SocketId>,
    tell: mpsc::Sender<Arrival>,
    last: u64,
}

#[derive(Debug)]
struct Entry {
    queue: mpsc::Sender<Bytes>,
    flow: Flow,
    /// Who is at the other end has proved who it is.
    proven: bool,
    /// Who waits for a pong.
    pongs: Vec<oneshot::Sender<()>>,
    /// Who wants to know when it is gone: their other ends see this one dropped.
    watchers: Vec<oneshot::Sender<()>>,
}

impl Streams {
    pub(super) fn new(tell: mpsc::Sender<Arrival>) -> Self {
        Self { all: HashMap::new(), by_peer: HashMap::new(), tell, last: FIRST_CONNECTION }
    }

    /// Takes a connection that was made to us; `flow` is the way along it, but for the connection itself.
    pub(super) fn accept(&mut self, stream: TcpStream, flow: Flow, verdict: Verdict) {
        let counts = |entry: &&Entry| !entry.proven && entry.flow.peer.ip() == flow.peer.ip();
        let of_one = || self.all.values().filter(counts).count();
        if self.all.len() >= MOST || (verdict != Verdict::Welcome && of_one() >= MOST_OF_ONE) {
            debug!(peer = %flow.peer, "a connection too many was closed");
            return;
        }
        let (connection, _) = self.add(flow);
        tokio::spawn(connection.run(stream));
    }

    /// The connection for `flow`: the very one, another to its peer, or a new one.
    fn find_or_make(&mut self, flow: Flow) -> Option<SocketId> {
        if self.all.contains_key(&flow.socket) {
            return Some(flow.socket);
        }
        if let Some(id) = self.by_peer.get(&flow.peer) {
            return Some(*id);
        }
        if self.all.len() >= MOST {
            warn!(peer = %flow.peer, "no connection was made: there are too many");
            return None;
        }
        let (connection, id) = self.add(flow);
        tokio::spawn(connection.connect(flow.local, flow.peer));
        Some(id)
    }

    fn add(&mut self, flow: Flow) -> (Connection, SocketId) {
        self.last += 1;
        let (id, (queue, queued)) = (SocketId(self.last), mpsc::channel(QUEUE));
        self.by_peer.insert(flow.peer, id);
        let (pongs, watchers) = (Vec::new(), Vec::new());
        self.all.insert(id, Entry { queue, flow: flow.by(id), proven: false, pongs, watchers });
        (Connection { id, tell: self.tell.clone(), queue: queued }, id)
    }

    /// Queues a message; false when its connection is stuck and given up, or can't be made.
    pub(super) fn send(&mut self, flow: Flow, data: Bytes) -> bool {
        let Some(id) = self.find_or_make(flow) else { return false };
        let sent = self.all.get(&id).is_some_and(|entry| entry.queue.try_send(data).is_ok());
        if !sent {
            self.remove(id);
        }
        sent
    }

    /// Something came along this way from somebody who has proved who it is.
    pub(super) fn note_proof(&mut self, flow: Flow) {
        if let Some(entry) = self.all.get_mut(&flow.socket) {
            entry.proven = true;
        }
    }

    /// The way along a connection.
    pub(super) fn flow(&self, id: SocketId) -> Option<Flow> {
        self.all.get(&id).map(|entry| entry.flow)
    }

    /// A double CRLF along the connection of `flow`; `pong` is told of its answer.
    pub(super) fn ping(&mut self, flow: Flow, pong: oneshot::Sender<()>) {
        if self.send(flow, Bytes::from_static(b"\r\n\r\n"))
            && let Some(entry) = self.existing(flow)
        {
            entry.pongs.push(pong);
        }
    }

    pub(super) fn pong(&mut self, id: SocketId) {
        if let Some(entry) = self.all.get_mut(&id) {
            entry.pongs.drain(..).for_each(hand_over);
        }
    }

    /// Whoever holds the other end of `watcher` sees it fail when the connection of `flow` is gone, or isn't there.
    pub(super) fn watch(&mut self, flow: Flow, watcher: oneshot::Sender<()>) {
        if let Some(entry) = self.existing(flow) {
            entry.watchers.retain(|watcher| !watcher.is_closed());
            entry.watchers.push(watcher);
        }
    }

    fn existing(&mut self, flow: Flow) -> Option<&mut Entry> {
        let id = if self.all.contains_key(&flow.socket) { flow.socket } else { *self.by_peer.get(&flow.peer)? };
        self.all.get_mut(&id)
    }

    /// A connection is over; gives the way that it was.
    pub(super) fn remove(&mut self, id: SocketId) -> Option<Flow> {
        let entry = self.all.remove(&id)?;
        if self.by_peer.get(&entry.flow.peer) == Some(&id) {
            self.by_peer.remove(&entry.flow.peer);
        }
        Some(entry.flow)
    }
}

/// Whoever waited may have gone meanwhile.
pub(super) fn hand_over(to: oneshot::Sender<()>) {
    if to.send(()).is_err() {
        trace!("nobody waits for this any more");
    }
}

/// Accepts connections from those who aren't strangers, until the driver is gone.
pub(super) fn listen(listener: TcpListener, doorman: Doorman, tell: mpsc::Sender<Accepted>) {
    tokio::spawn(async move {
        loop {
            let (stream, peer) = match listener.accept().await {
                Ok(accepted) => accepted,
                Err(error) => {
                    // No file descriptor is left, most likely: those who are here come first.
                    warn!(%error, "a SIP connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            };
            if doorman(peer.ip().to_canonical()) == Verdict::Stranger {
                debug!(%peer, "a stranger's connection was closed");
                continue;
            }
            // One that is gone already has no address.
            let Ok(local) = stream.local_addr() else { continue };
            if tell.send(Accepted { stream, peer, local }).await.is_err() {
                return;
            }
        }
    });
}
