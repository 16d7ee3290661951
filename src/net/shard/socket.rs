//! An engine's WebSocket, as its shard sees it: polled with the ticks, and only when the reactor has said that something may
//! have happened. No task and no wake-up of the thread a message.
//!
//!   Connecting ──opened──► Open ──close──► [`Closing`] ──flushed, or out of time──► dropped
//!        └──failed──► gone    └──closed, broken, full──► gone

use crate::net::websocket::{Dialer, Socket as WebSocket};
use futures_util::{Sink, Stream};
use rustls::ClientConfig;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use talkpath_speech::engine::{ConnectFailure, Endpoint};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message, Utf8Bytes};

/// Messages that are taken at one tick: more wait for the next, so that one engine doesn't hold up everybody's packets.
const AT_ONCE: usize = 64;
/// The code that stands for a close frame without one (RFC 6455 §7.4.1).
const NO_CODE: u16 = 1_005;

/// An engine's socket.
pub(super) struct Socket {
    state: State,
    roused: Arc<Roused>,
    waker: Waker,
    /// Messages that may still be taken at this tick.
    budget: usize,
}

enum State {
    Connecting(JoinHandle<Result<WebSocket, ConnectFailure>>),
    Open(Box<WebSocket>),
    Gone,
}

/// What came of a socket.
#[derive(Debug)]
pub(super) enum Came {
    Opened,
    Failed(ConnectFailure),
    Text(Utf8Bytes),
    Binary(Bytes),
    /// It is gone; nothing more comes.
    Closed {
        code: Option<u16>,
        reason: String,
    },
}

/// What is sent can't be taken any more.
#[derive(Debug)]
pub(super) struct Stalled(pub(super) String);

/// Whether the reactor has called since the last look.
#[derive(Debug)]
struct Roused(AtomicBool);

impl Wake for Roused {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Socket {
    /// Begins to connect, on this thread's runtime.
    pub(super) fn connect(dialer: &Dialer, endpoint: Arc<Endpoint>, tls: Arc<ClientConfig>) -> Self {
        let dialer = dialer.clone();
        let connecting = tokio::task::spawn_local(async move { dialer.open(&endpoint, tls).await });
        let roused = Arc::new(Roused(AtomicBool::new(true)));
        let waker = Waker::from(Arc::clone(&roused));
        Self { state: State::Connecting(connecting), roused, waker, budget: 0 }
    }

    /// A tick has come: look again.
    pub(super) fn tick(&mut self) {
        self.budget = AT_ONCE;
    }

    /// What has come; to be asked until there is nothing.
    pub(super) fn poll(&mut self) -> Option<Came> {
        if self.budget == 0 || (!self.roused.0.load(Ordering::Acquire)) {
            return None;
        }
        self.budget -= 1;
        // Whatever happens from here on rouses us again.
        self.roused.0.store(false, Ordering::Release);
        let mut context = Context::from_waker(&self.waker);
        let came = match &mut self.state {
            State::Connecting(connecting) => match Pin::new(connecting).poll(&mut context) {
                Poll::Pending => None,
                Poll::Ready(Ok(Ok(socket))) => {
                    self.state = State::Open(Box::new(socket));
                    Some(Came::Opened)
                }
                Poll::Ready(Ok(Err(failure))) => {
                    self.state = State::Gone;
                    Some(Came::Failed(failure))
                }
                Poll::Ready(Err(error)) => {
                    self.state = State::Gone;
                    Some(Came::Failed(ConnectFailure::Broken(error.to_string())))
                }
            },
            State::Open(socket) => {
                let came = next(socket, &mut context);
                if let Some(Came::Closed { .. }) = came {
                    self.state = State::Gone;
                }
                came
            }
            State::Gone => None,
        };
        if came.is_some() {
            // There may be more behind it.
            self.roused.0.store(true, Ordering::Release);
        }
        came
    }

    /// Sends a message, or says that the other side takes no more; before it is open, and afterwards, it is dropped.
    pub(super) fn send(&mut self, message: Message) -> Result<(), Stalled> {
        let State::Open(socket) = &mut self.state else { return Ok(()) };
        match push(socket, message, &self.waker) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.state = State::Gone;
                Err(Stalled(told(&error)))
            }
        }
    }

    /// Closes it, behind what was sent before; what is left to be done, if anything.
    pub(super) fn close(mut self, code: u16) -> Option<Closing> {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Connecting(connecting) => {
                connecting.abort();
                None
            }
            State::Open(mut socket) => {
                let frame = CloseFrame { code: CloseCode::from(code), reason: Utf8Bytes::default() };
                // A socket that doesn't even take this is dropped.
                push(&mut socket, Message::Close(Some(frame)), &self.waker).ok()?;
                let mut closing = Closing { socket, waker: self.waker.clone() };
                (!closing.is_done()).then_some(closing)
            }
            State::Gone => None,
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let State::Connecting(connecting) = &self.state {
            connecting.abort();
        }
    }
}

/// A socket whose last messages are on their way.
pub(super) struct Closing {
    socket: Box<WebSocket>,
    waker: Waker,
}

impl Closing {
    /// Whether everything has left, or never will.
    pub(super) fn is_done(&mut self) -> bool {
        Pin::new(&mut *self.socket).poll_flush(&mut Context::from_waker(&self.waker)).is_ready()
    }
}

/// Hands a message to the socket, which writes it at once if it can.
fn push(socket: &mut WebSocket, message: Message, waker: &Waker) -> Result<(), Error> {
    let mut context = Context::from_waker(waker);
    // What the other side doesn't take yet waits in the socket, up to its bound.
    if let Poll::Ready(Err(error)) = Pin::new(&mut *socket).poll_ready(&mut context) {
        return Err(error);
    }
    Pin::new(&mut *socket).start_send(message)?;
    match Pin::new(socket).poll_flush(&mut context) {
        Poll::Ready(flushed) => flushed,
        Poll::Pending => Ok(()),
    }
}

fn next(socket: &mut WebSocket, context: &mut Context<'_>) -> Option<Came> {
    loop {
        return match Pin::new(&mut *socket).poll_next(context) {
            Poll::Pending => None,
            Poll::Ready(Some(Ok(Message::Text(text)))) => Some(Came::Text(text)),
            Poll::Ready(Some(Ok(Message::Binary(bytes)))) => Some(Came::Binary(bytes)),
            // The library answers pings by itself, with the next read.
            Poll::Ready(Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)))) => continue,
            Poll::Ready(Some(Ok(Message::Close(frame)))) => Some(match frame {
                Some(CloseFrame { code, reason }) => {
                    Came::Closed { code: Some(code.into()), reason: reason.to_string() }
                }
                None => Came::Closed { code: Some(NO_CODE), reason: String::new() },
            }),
            Poll::Ready(Some(Err(error))) => Some(Came::Closed { code: None, reason: told(&error) }),
            Poll::Ready(None) => Some(Came::Closed { code: None, reason: "the connection ended".to_owned() }),
        };
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other error of the library is told as it is")]
fn told(error: &Error) -> String {
    match error {
        Error::WriteBufferFull(_) => "it takes nothing more of what we send".to_owned(),
        other => other.to_string(),
    }
}
