//! `talkpath check --connect`: a session with the engine of each agent, until it is ready or has said why it never will be.

use crate::call::{Brief, CallFacts, CallId, Part};
use crate::net::resolve::Resolver;
use crate::net::shard::{EngineSpec, Made, engine};
use crate::net::tls::Tls;
use crate::net::websocket::{Dialer, Socket};
use crate::trunk::Caller;
use anyhow::Context;
use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_config::{Agent, Config, EngineKind};
use talkpath_speech::engine::{Engine, Input, Output, Trouble};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

/// How long an engine may take until its session is ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// What became of a session.
pub(super) enum Found {
    /// It was ready after so long.
    Ready(Duration),
    /// It wasn't, and this is why.
    Wrong(String),
}

/// Asks the engine of every agent that has a remote one.
pub(super) async fn agents(config: &Config) -> anyhow::Result<Vec<(&Agent, Found)>> {
    let tls = Tls::new(config.engines.iter().filter_map(|engine| engine.authorities().flatten()))?;
    let dialer = Dialer::new(Resolver::new(config.sip.dns)?);
    let mut found = Vec::new();
    for agent in &config.agents {
        let Some(engine) = config.engine(&agent.engine).filter(|engine| !matches!(engine.kind, EngineKind::Builtin))
        else {
            continue;
        };
        let tls = tls.trusting(engine.authorities().flatten());
        found.push((agent, ask(agent, tls, &dialer).await));
    }
    Ok(found)
}

async fn ask(agent: &Agent, tls: Arc<ClientConfig>, dialer: &Dialer) -> Found {
    let facts = CallFacts::placed(Caller::default(), "check");
    let spec = match Part::of(agent, &Brief::default(), CallId::new(), &facts, || tls) {
        Ok(part) => part.engine,
        Err(error) => return Found::Wrong(error.to_string()),
    };
    let began = Instant::now();
    match tokio::time::timeout(PATIENCE, Session::new(spec, dialer).until_ready()).await {
        Ok(Ok(())) => Found::Ready(began.elapsed()),
        Ok(Err(why)) => Found::Wrong(format!("{why:#}")),
        Err(_) => Found::Wrong(format!("its session wasn't ready after {} s", PATIENCE.as_secs())),
    }
}

/// An engine and its socket, without a call.
struct Session<'a> {
    engine: Box<dyn Engine>,
    tls: Option<Arc<ClientConfig>>,
    dialer: &'a Dialer,
    socket: Option<Socket>,
}

impl<'a> Session<'a> {
    fn new(spec: EngineSpec, dialer: &'a Dialer) -> Self {
        let Made { engine, tls } = engine(spec, Instant::now());
        Self { engine, tls, dialer, socket: None }
    }

    /// Runs until the engine is ready; the first trouble is the answer, as nobody waits for a second try.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what an engine wants of a call means nothing without one")]
    async fn until_ready(mut self) -> anyhow::Result<()> {
        let mut wake = None;
        loop {
            match self.engine.poll() {
                Output::Ready => {
                    self.engine.handle(Input::Ended, Instant::now());
                    return self.take_leave().await;
                }
                Output::Trouble(Trouble::Reconnecting { why, .. }) => anyhow::bail!("{why}"),
                Output::Trouble(Trouble::Lost(loss)) => anyhow::bail!("{loss}"),
                Output::Timeout(at) => {
                    wake = at;
                    self.wait(wake).await;
                }
                wish => self.grant(wish).await?,
            }
            if wake.is_some_and(|at| at <= Instant::now()) {
                wake = None;
                self.engine.handle(Input::Wakeup, Instant::now());
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "what an engine wants of a call means nothing without one")]
    async fn grant(&mut self, wish: Output) -> anyhow::Result<()> {
        match wish {
            Output::Connect(endpoint) => {
                let tls = self.tls.clone().context("an engine without TLS wants a socket")?;
                match self.dialer.open(&endpoint, tls).await {
                    Ok(socket) => {
                        self.socket = Some(socket);
                        self.engine.handle(Input::SocketOpened, Instant::now());
                    }
                    Err(failure) => self.engine.handle(Input::SocketFailed(failure), Instant::now()),
                }
            }
            Output::Send(text) => self.send(Message::text(text)).await,
            Output::SendBinary(bytes) => self.send(Message::binary(bytes)).await,
            Output::Disconnect { .. } => self.socket = None,
            _ => {}
        }
        Ok(())
    }

    async fn send(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket
            && let Err(error) = socket.send(message).await
        {
            self.socket = None;
            self.engine.handle(Input::SocketClosed { code: None, reason: &error.to_string() }, Instant::now());
        }
    }

    /// Waits for a message, or for the time that the engine wants to be woken at.
    async fn wait(&mut self, wake: Option<Instant>) {
        let Some(socket) = &mut self.socket else {
            return tokio::time::sleep_until(wake.map_or_else(far, Into::into)).await;
        };
        let came = tokio::select! {
            came = socket.next() => came,
            () = tokio::time::sleep_until(wake.map_or_else(far, Into::into)) => return,
        };
        let now = Instant::now();
        match came {
            Some(Ok(Message::Text(text))) => self.engine.handle(Input::Message(&text), now),
            Some(Ok(Message::Binary(bytes))) => self.engine.handle(Input::Binary(&bytes), now),
            Some(Ok(Message::Close(frame))) => {
                self.socket = None;
                let (code, reason) =
                    frame.map_or((1_005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                self.engine.handle(Input::SocketClosed { code: Some(code), reason: &reason }, now);
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Err(error)) => {
                self.socket = None;
                self.engine.handle(Input::SocketClosed { code: None, reason: &error.to_string() }, now);
            }
            None => {
                self.socket = None;
                self.engine.handle(Input::SocketClosed { code: None, reason: "it was closed" }, now);
            }
        }
    }

    /// Says what the engine has to say at the end, and closes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "what an engine wants of a call means nothing without one")]
    async fn take_leave(mut self) -> anyhow::Result<()> {
        let mut farewell = None;
        loop {
            match self.engine.poll() {
                Output::Timeout(_) => break,
                Output::Disconnect { code } => {
                    farewell = Some(CloseFrame { code: code.into(), reason: Utf8Bytes::default() });
                    break;
                }
                wish => self.grant(wish).await?,
            }
        }
        if let Some(mut socket) = self.socket {
            // It was ready: how it goes is its own affair.
            drop(socket.close(farewell).await);
        }
        Ok(())
    }
}

fn far() -> tokio::time::Instant {
    tokio::time::Instant::now() + PATIENCE
}
