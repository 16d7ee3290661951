//! The socket of a remote engine: what it wants to have said goes out, what comes in is handed to it.

use super::Talk;
use crate::net::shard::command::MediaEvent;
use crate::net::shard::socket::{Came, Socket, Stalled};
use crate::net::shard::surroundings::Surroundings;
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::Instant;
use talkpath_speech::engine::{Endpoint, Engine, Input, Trouble};
use tokio_tungstenite::tungstenite::Message;

/// What a remote engine has beside itself.
pub(super) struct Remote {
    tls: Arc<ClientConfig>,
    socket: Option<Socket>,
}

impl Remote {
    pub(super) fn new(tls: Arc<ClientConfig>) -> Self {
        Self { tls, socket: None }
    }

    pub(super) fn into_socket(self) -> Option<Socket> {
        self.socket
    }
}

/// Hands an engine what has come on its socket; false when nothing has. The socket is gone after it was told to be.
pub(in crate::net::shard) fn hand_over(engine: &mut dyn Engine, socket: &mut Option<Socket>, now: Instant) -> bool {
    let Some(came) = socket.as_mut().and_then(Socket::poll) else { return false };
    match came {
        Came::Opened => engine.handle(Input::SocketOpened, now),
        Came::Text(text) => engine.handle(Input::Message(&text), now),
        Came::Binary(bytes) => engine.handle(Input::Binary(&bytes), now),
        Came::Failed(failure) => {
            *socket = None;
            engine.handle(Input::SocketFailed(failure), now);
        }
        Came::Closed { code, reason } => {
            *socket = None;
            engine.handle(Input::SocketClosed { code, reason: &reason }, now);
        }
    }
    true
}

/// Sends a message of an engine; a socket that takes it no more is gone, and the engine hears of it.
pub(in crate::net::shard) fn send(
    engine: &mut dyn Engine,
    socket: &mut Option<Socket>,
    message: Message,
    now: Instant,
) {
    let Some(open) = socket else { return };
    if let Err(Stalled(reason)) = open.send(message) {
        *socket = None;
        engine.handle(Input::SocketClosed { code: None, reason: &reason }, now);
    }
}

impl Talk {
    /// A tick has come: what has come of the engine's socket is handed over, each message with all that follows from it.
    pub(in crate::net::shard) fn pump(&mut self, now: Instant, around: &Surroundings<'_>) {
        match &mut self.remote {
            Some(Remote { socket: Some(socket), .. }) => socket.tick(),
            Some(Remote { socket: None, .. }) | None => return,
        }
        while let Some(remote) = &mut self.remote
            && hand_over(&mut *self.engine, &mut remote.socket, now)
        {
            self.settle(now, around);
        }
    }

    pub(super) fn connect(&mut self, endpoint: Arc<Endpoint>, around: &Surroundings<'_>) {
        if let Some(remote) = &mut self.remote {
            let tls = Arc::clone(&remote.tls);
            remote.socket = Some(Socket::connect(&around.services.dialer, endpoint, tls));
        }
    }

    pub(super) fn disconnect(&mut self, code: u16, around: &Surroundings<'_>) {
        if let Some(closing) = self.remote.as_mut().and_then(|remote| remote.socket.take()?.close(code)) {
            around.close(closing);
        }
    }

    pub(super) fn send(&mut self, message: Message, now: Instant) {
        if let Some(remote) = &mut self.remote {
            send(&mut *self.engine, &mut remote.socket, message, now);
        }
    }

    pub(super) fn in_trouble(&mut self, trouble: Trouble) {
        match &trouble {
            Trouble::Reconnecting { .. } => self.stopgap.engine_lost(),
            Trouble::Recovered => self.stopgap.engine_back(),
            // Whoever takes its place ends the trouble.
            Trouble::Lost(_) => self.stopgap.engine_lost(),
        }
        self.tell(MediaEvent::Trouble(trouble));
    }
}
