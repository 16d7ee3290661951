//! Connections: a port that can be closed, and one machine joined to one WebSocket, with its mishaps.

use super::door::{Admission, Refusal, Upgrade};
use super::host::{Heard, Left, Machine, Received, Sent, Shared, State, Took};
use super::machines::{Act, Mishap};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use socket2::SockRef;
use std::ops::ControlFlow::{self, Break, Continue};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::server::TlsStream;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};
use tokio_util::either::Either;

type Stream = Either<TcpStream, TlsStream<TcpStream>>;
type Socket = WebSocketStream<Stream>;

/// What the kernel may hold for somebody who doesn't read.
const DEAF_BUFFER: usize = 4 * 1_024;
/// Stands for a close frame without a code (RFC 6455 §7.4.1).
const NO_CODE: u16 = 1_005;

/// Takes connections for as long as it lives, while the port is to be open.
pub(super) async fn listen<M: Machine>(shared: Arc<Shared<M>>, listener: std::net::TcpListener) {
    listener.set_nonblocking(true).unwrap();
    let mut listener = Some(TcpListener::from_std(listener).unwrap());
    let mut open = shared.open.subscribe();
    let mut sessions = JoinSet::new();
    loop {
        match &listener {
            Some(listening) => tokio::select! {
                accepted = listening.accept() => {
                    let (tcp, _) = accepted.unwrap();
                    sessions.spawn(receive(Arc::clone(&shared), tcp));
                }
                closed = open.wait_for(|open| !*open) => {
                    drop(closed.unwrap());
                    listener = None;
                    shared.note(|state| state.listening = false);
                }
            },
            None => {
                drop(open.wait_for(|open| *open).await.unwrap());
                listener = Some(TcpListener::bind(shared.address).await.unwrap());
                shared.note(|state| state.listening = true);
            }
        }
    }
}

/// One connection, from its first packet to its last.
async fn receive<M: Machine>(shared: Arc<Shared<M>>, tcp: TcpStream) {
    tcp.set_nodelay(true).unwrap();
    let admission = shared.note(|state| {
        state.connections += 1;
        state.admissions.pop_front().unwrap_or_else(|| state.otherwise.clone())
    });
    let refusal = match admission {
        Admission::Welcome => None,
        Admission::Status(status, body) => Some(Refusal { status, body }),
        Admission::After(time) => {
            tokio::time::sleep(time).await;
            None
        }
        Admission::Held => {
            let released = shared.released.subscribe().wait_for(|released| *released).await.is_ok();
            assert!(released, "the fake outlives its connections");
            None
        }
        Admission::Vanish => return,
        Admission::Reset => return reset(&tcp),
    };
    let stream = match &shared.tls {
        None => Either::Left(tcp),
        Some(acceptor) => {
            // Whoever doesn't trust us hangs up.
            let Ok(stream) = acceptor.accept(tcp).await else { return };
            Either::Right(stream)
        }
    };
    let Ok(socket) = accept_hdr_async(stream, Usher { shared: &shared, refusal }).await else { return };
    let now = shared.ms();
    let session = shared.note(|state| {
        state.sessions += 1;
        state.machine.open(now);
        state.sessions
    });
    let code = Session { shared: &shared, session, socket, deaf: false, mute: false, closing: false }.run().await;
    shared.note(|state| state.left.push(Left { at: Instant::now(), session, code }));
}

/// Says who may come in.
struct Usher<'a, M> {
    shared: &'a Shared<M>,
    refusal: Option<Refusal>,
}

impl<M: Machine> tokio_tungstenite::tungstenite::handshake::server::Callback for Usher<'_, M> {
    fn on_request(self, request: &Request, mut response: Response) -> Result<Response, ErrorResponse> {
        let mut upgrade = Upgrade::of(request);
        // Who offers sub-protocols is told which is spoken (RFC 6455 §4.2.2).
        if let Some(offered) = request.headers().get("Sec-WebSocket-Protocol") {
            response.headers_mut().insert("Sec-WebSocket-Protocol", offered.clone());
        }
        let admitted = self.shared.note(|state| {
            let admitted = state.machine.admit(&upgrade);
            let admitted = self.refusal.map_or(admitted, Err);
            upgrade.status = admitted.as_ref().err().map_or(101, |refusal| refusal.status);
            state.upgrades.push(upgrade);
            admitted
        });
        match admitted {
            Ok(()) => Ok(response),
            Err(refusal) => Err(refusal.response()),
        }
    }
}

/// A socket that is open.
struct Session<'a, M> {
    shared: &'a Shared<M>,
    session: usize,
    socket: Socket,
    deaf: bool,
    mute: bool,
    closing: bool,
}

impl<M: Machine> Session<'_, M> {
    /// The code with which the other side left.
    async fn run(mut self) -> Option<u16> {
        loop {
            let (acts, due) = self.poll();
            for act in acts {
                if let Break(code) = self.act(act).await {
                    return code;
                }
            }
            let due = due.map(|ms| self.shared.instant(ms));
            tokio::select! {
                came = self.socket.next(), if !self.deaf => match came {
                    Some(Ok(message)) => if let Break(code) = self.receive(&message) {
                        self.linger().await;
                        return code;
                    },
                    Some(Err(_)) | None => return None,
                },
                () = async { tokio::time::sleep_until(due.unwrap()).await }, if due.is_some() => {}
                () = self.shared.poked.notified() => {}
            }
        }
    }

    /// The close handshake, as far as the other side takes part in it.
    async fn linger(&mut self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        let rest = async { while let Some(Ok(_)) = self.socket.next().await {} };
        drop(tokio::time::timeout(PATIENCE, rest).await);
    }

    /// Another socket has taken this one's place.
    fn is_over(&self, state: &State<M>) -> bool {
        state.sessions != self.session
    }

    fn poll(&self) -> (Vec<Act>, Option<u64>) {
        let (now, at) = (self.shared.ms(), Instant::now());
        let mut state = self.shared.state();
        if self.is_over(&state) || self.closing {
            return (Vec::new(), None);
        }
        let mut acts = state.machine.poll(now);
        let due = state.machine.due();
        acts.retain(|act| !self.mute || matches!(act, Act::Mishap(_)));
        let session = self.session;
        let sent: Vec<Sent> = acts.iter().map(told).map(|event| Sent { at, session, event }).collect();
        drop(state);
        if !sent.is_empty() {
            self.shared.note(|state| state.sent.extend(sent));
        }
        (acts, due)
    }

    fn receive(&self, message: &Message) -> ControlFlow<Option<u16>> {
        let (now, at) = (self.shared.ms(), Instant::now());
        match message {
            Message::Text(text) => self.take(at, |machine| machine.text(text, now)),
            Message::Binary(bytes) => self.take(at, |machine| machine.binary(bytes, now)),
            Message::Close(frame) => return Break(Some(frame.as_ref().map_or(NO_CODE, |frame| frame.code.into()))),
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
        }
        Continue(())
    }

    fn take(&self, at: Instant, what: impl FnOnce(&mut M) -> Took) {
        let session = self.session;
        self.shared.note(|state| {
            if self.is_over(state) {
                return;
            }
            let Took { event, samples } = what(&mut state.machine);
            state.received.extend(event.map(|event| Received { at, session, event }));
            if !samples.is_empty() {
                state.heard.push(Heard { at, session, samples });
            }
        });
    }

    async fn act(&mut self, act: Act) -> ControlFlow<Option<u16>> {
        let sent = match act {
            Act::Text(text) => self.socket.send(Message::text(text)).await,
            Act::Binary(bytes) => self.socket.send(Message::binary(bytes)).await,
            Act::Mishap(Mishap::Vanish) => return Break(None),
            Act::Mishap(Mishap::Reset) => {
                reset(self.tcp());
                return Break(None);
            }
            Act::Mishap(Mishap::Close(code, reason)) => {
                self.closing = true;
                self.socket.close(code.map(|code| CloseFrame { code: code.into(), reason: reason.into() })).await
            }
            Act::Mishap(Mishap::Deaf) => {
                SockRef::from(self.tcp()).set_recv_buffer_size(DEAF_BUFFER).unwrap();
                self.deaf = true;
                Ok(())
            }
            Act::Mishap(Mishap::Mute) => {
                self.mute = true;
                Ok(())
            }
        };
        match sent {
            Ok(()) => Continue(()),
            // What is said after the other side's close frame is for nobody; that frame is still to be read.
            Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Protocol(_)) => Continue(()),
            Err(_) => Break(None),
        }
    }

    fn tcp(&self) -> &TcpStream {
        match self.socket.get_ref() {
            Either::Left(tcp) => tcp,
            Either::Right(tls) => tls.get_ref().0,
        }
    }
}

/// The end of this connection will be a reset.
fn reset(tcp: &TcpStream) {
    SockRef::from(tcp).set_linger(Some(Duration::ZERO)).unwrap();
}

/// What is written down of something that is sent.
fn told(act: &Act) -> Value {
    match act {
        Act::Binary(bytes) => json!({ "type": "binary", "bytes": bytes.len() }),
        Act::Mishap(mishap) => json!({ "type": "mishap", "mishap": format!("{mishap:?}") }),
        Act::Text(text) => {
            let mut event: Value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
            shorten(event.pointer_mut("/delta"));
            shorten(event.pointer_mut("/media/payload"));
            event
        }
    }
}

/// Audio as its length.
fn shorten(text: Option<&mut Value>) {
    const LONG: usize = 256;
    if let Some(value) = text
        && let Some(length) = value.as_str().map(str::len).filter(|length| *length > LONG)
    {
        *value = json!(length);
    }
}
