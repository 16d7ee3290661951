//! One connection: a task that cuts what comes into messages and writes what is queued. RFC 3261 §18.3.
//!
//!   accepted, or connecting ──► open ──► closed (by either side, by what can't be read, by slowness, by silence)
//!
//! What it reads waits while the driver's queue is full, and then the peer's system waits: nothing is buffered without a
//! bound. What is to be written waits in a queue of its own; a peer that doesn't take it in time loses the connection.

use bytes::Bytes;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use talkpath_sip::agent::SocketId;
use talkpath_sip::message::{Frame, Framer, Message, ParseError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a connection may take to be made: less than a caller waits, so that another way can be tried.
const CONNECT: Duration = Duration::from_secs(4);
/// How long a message may take from its first byte to its last.
const MESSAGE: Duration = Duration::from_secs(15);
/// How long nothing at all may come on a connection that has brought no message yet.
const FIRST: Duration = Duration::from_secs(30);
/// How long nothing at all may come on one that has. Whoever wants it for longer sends keep-alives (RFC 5626 §3.5.1).
const IDLE: Duration = Duration::from_secs(3_600);
/// How long a peer may take for what we write.
const WRITE: Duration = Duration::from_secs(10);
/// How long what we have written may stay unacknowledged by the peer's system.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);
/// Bytes read at once.
const CHUNK: usize = 8_192;

/// What a connection tells the driver.
#[derive(Debug)]
pub(super) struct Arrival {
    pub(super) connection: SocketId,
    pub(super) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Message(Box<Result<Message, ParseError>>),
    /// The peer wants a CRLF.
    Ping,
    /// The peer lives.
    Pong,
    /// It is over, for this reason.
    Closed(String),
}

/// One end of a connection, before it runs.
pub(super) struct Connection {
    pub(super) id: SocketId,
    pub(super) tell: mpsc::Sender<Arrival>,
    pub(super) queue: mpsc::Receiver<Bytes>,
}

impl Connection {
    /// Makes the connection, from `from` where that is an address, and runs it.
    pub(super) async fn connect(self, from: SocketAddr, peer: SocketAddr) {
        let stream = match timeout(CONNECT, connect(from, peer)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return self.close(error.to_string()).await,
            Err(_) => return self.close(format!("no connection within {} s", CONNECT.as_secs())).await,
        };
        self.run(stream).await;
    }

    /// Runs until either side closes it.
    pub(super) async fn run(mut self, stream: TcpStream) {
        if let Err(error) = prepare(&stream) {
            return self.close(error.to_string()).await;
        }
        let (read, write) = stream.into_split();
        let (id, tell) = (self.id, self.tell.clone());
        let why = tokio::select! {
            why = reading(id, &tell, read) => why,
            why = writing(&mut self.queue, write) => why,
        };
        self.close(why).await;
    }

    async fn close(self, why: String) {
        // A driver that has ended needs no word.
        drop(self.tell.send(Arrival { connection: self.id, what: What::Closed(why) }).await);
    }
}

async fn connect(from: SocketAddr, peer: SocketAddr) -> io::Result<TcpStream> {
    let socket = if peer.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !from.ip().is_unspecified() && from.is_ipv4() == peer.is_ipv4() {
        socket.bind(SocketAddr::new(from.ip(), 0))?;
    }
    socket.connect(peer).await
}

/// What is written is a whole message each time; a peer whose system acknowledges nothing is gone.
fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED))
}

/// Reads messages until the stream ends; says why it did.
async fn reading(connection: SocketId, tell: &mpsc::Sender<Arrival>, mut stream: OwnedReadHalf) -> String {
    let (mut framer, mut chunk) = (Framer::default(), vec![0; CHUNK]);
    let mut deadline = Instant::now() + FIRST;
    let mut spoken = false;
    loop {
        let length = match timeout_at(deadline, stream.read(&mut chunk)).await {
            Ok(Ok(0)) => return "the other side closed it".into(),
            Ok(Ok(length)) => length,
            Ok(Err(error)) => return error.to_string(),
            Err(_) if framer.held() > 0 => return format!("a message took longer than {} s", MESSAGE.as_secs()),
            Err(_) => return "nothing came for too long".into(),
        };
        // A message that is under way keeps the time that it began with.
        let mut begins = framer.held() == 0;
        let mut rest = chunk.get(..length).unwrap_or_default();
        while !rest.is_empty() {
            let taken = framer.push(rest);
            rest = rest.get(taken..).unwrap_or_default();
            while let Some(frame) = framer.poll() {
                (spoken, begins) = (true, true);
                let what = match frame {
                    Frame::Message(message) => What::Message(Box::new(message)),
                    Frame::Ping => What::Ping,
                    Frame::Pong => What::Pong,
                    Frame::Broken(error) => return error.to_string(),
                };
                if tell.send(Arrival { connection, what }).await.is_err() {
                    return "the driver has ended".into();
                }
            }
        }
        if begins {
            let idle = if spoken { IDLE } else { FIRST };
            deadline = Instant::now() + if framer.held() == 0 { idle } else { MESSAGE };
        }
    }
}

/// Writes what is queued until nobody can queue any more; says why it stopped.
async fn writing(queue: &mut mpsc::Receiver<Bytes>, mut stream: OwnedWriteHalf) -> String {
    while let Some(data) = queue.recv().await {
        match timeout(WRITE, stream.write_all(&data)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return format!("the other side took nothing for {} s", WRITE.as_secs()),
        }
    }
    // What was written is read by the other side before it sees the end.
    drop(timeout(WRITE, stream.shutdown()).await);
    "we closed it".into()
}
