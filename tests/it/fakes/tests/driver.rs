//! An engine of the speech room on a real socket, without a call: what a shard does, in a few lines.

use crate::support::patiently;
use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath::net::resolve::Resolver;
use talkpath::net::tls;
use talkpath::net::websocket::{Dialer, Socket};
use talkpath_media::g711::Law;
use talkpath_media::tone::Tone;
use talkpath_speech::engine::{ConnectFailure, Note, ToolCall, Trouble, Wire};
use talkpath_speech::{Engine, Input, ItemId, Output, Samples};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// A call's worth of driving.
pub(super) struct Driver<E> {
    engine: E,
    dialer: Dialer,
    tls: Arc<ClientConfig>,
    dialling: Option<JoinHandle<Result<Socket, ConnectFailure>>>,
    socket: Option<Socket>,
    wakeup: Option<Instant>,
    /// What the caller has heard, or would.
    pub(super) agent: Vec<i16>,
    /// Samples of the item that isn't whole yet.
    item: usize,
    pub(super) ready: usize,
    pub(super) items: Vec<ItemId>,
    pub(super) troubles: Vec<Trouble>,
    pub(super) tools: Vec<ToolCall>,
    pub(super) notes: Vec<Note>,
    pub(super) hung_up: bool,
    /// The engine has closed its socket.
    pub(super) closed: bool,
}

impl<E: Engine> Driver<E> {
    pub(super) fn new(engine: E, ca: Option<&std::path::Path>) -> Self {
        Self {
            engine,
            dialer: Dialer::new(Resolver::new(None).unwrap()),
            tls: Arc::new(tls::client(ca).unwrap()),
            dialling: None,
            socket: None,
            wakeup: None,
            agent: Vec::new(),
            item: 0,
            ready: 0,
            items: Vec::new(),
            troubles: Vec::new(),
            tools: Vec::new(),
            notes: Vec::new(),
            hung_up: false,
            closed: false,
        }
    }

    /// Drives until this holds.
    pub(super) async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        patiently(what, async {
            self.drain().await;
            while !holds(self) {
                self.step().await;
            }
        })
        .await;
    }

    /// Drives until something else is done.
    pub(super) async fn while_waiting<T>(&mut self, waited_for: impl Future<Output = T>) -> T {
        let mut waited_for = std::pin::pin!(waited_for);
        loop {
            self.drain().await;
            tokio::select! {
                done = &mut waited_for => return done,
                () = self.step() => {}
            }
        }
    }

    pub(super) async fn feed(&mut self, input: Input<'_>) {
        self.engine.handle(input, Instant::now());
        self.drain().await;
    }

    /// The caller speaks for so long, by a tone, and then is silent for as long: faster than a caller can.
    pub(super) async fn say(&mut self, hertz: f32, ms: usize) {
        let times = self.engine.input_rate() as usize / 8_000;
        let mut sound = vec![0; 8 * ms];
        Tone::new(&[hertz], -20.0).fill(&mut sound);
        sound.extend(vec![0; 8 * ms]);
        for frame in sound.chunks(160) {
            match self.engine.wire() {
                Wire::Pcm { .. } => {
                    let frame: Vec<i16> = frame.iter().flat_map(|one| std::iter::repeat_n(*one, times)).collect();
                    self.feed(Input::Audio(&frame)).await;
                }
                Wire::Mulaw => self.feed(Input::Coded(&coded(Law::Mu, frame))).await,
                Wire::Alaw => self.feed(Input::Coded(&coded(Law::A, frame))).await,
            }
        }
    }

    /// What comes next: a message, the end of the socket, or the engine's time.
    async fn step(&mut self) {
        let wakeup = self.wakeup.unwrap_or_else(|| Instant::now() + Duration::from_secs(60));
        let Some(socket) = &mut self.socket else {
            let dialled = async {
                match &mut self.dialling {
                    Some(dialling) => dialling.await.unwrap(),
                    None => std::future::pending().await,
                }
            };
            let dialled = tokio::select! {
                dialled = dialled => Some(dialled),
                () = tokio::time::sleep_until(wakeup.into()) => None,
            };
            return self.dialled(dialled).await;
        };
        tokio::select! {
            came = socket.next() => match came {
                Some(Ok(Message::Text(text))) => self.feed(Input::Message(&text)).await,
                Some(Ok(Message::Binary(bytes))) => self.feed(Input::Binary(&bytes)).await,
                Some(Ok(Message::Close(frame))) => {
                    self.socket = None;
                    let code = frame.map_or(1_005, |frame| frame.code.into());
                    self.feed(Input::SocketClosed { code: Some(code), reason: "closed" }).await;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => {
                    self.socket = None;
                    self.feed(Input::SocketClosed { code: None, reason: "broken" }).await;
                }
            },
            () = tokio::time::sleep_until(wakeup.into()) => self.feed(Input::Wakeup).await,
        }
    }

    /// What came of dialling; nothing if its time was over before.
    async fn dialled(&mut self, dialled: Option<Result<Socket, ConnectFailure>>) {
        match dialled {
            None => self.feed(Input::Wakeup).await,
            Some(Ok(socket)) => {
                (self.socket, self.dialling) = (Some(socket), None);
                self.feed(Input::SocketOpened).await;
            }
            Some(Err(failure)) => {
                self.dialling = None;
                self.feed(Input::SocketFailed(failure)).await;
            }
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is no business of sockets")]
    async fn drain(&mut self) {
        loop {
            match self.engine.poll() {
                Output::Timeout(wakeup) => {
                    self.wakeup = wakeup;
                    return;
                }
                Output::Connect(endpoint) => {
                    let (dialer, tls) = (self.dialer.clone(), Arc::clone(&self.tls));
                    self.socket = None;
                    self.dialling = Some(tokio::spawn(async move { dialer.open(&endpoint, tls).await }));
                }
                Output::Disconnect { code } => self.close(code),
                Output::Send(text) => self.send(Message::text(text)).await,
                Output::SendBinary(bytes) => self.send(Message::binary(bytes)).await,
                other => self.note(other),
            }
        }
    }

    async fn send(&mut self, message: Message) {
        if let Some(socket) = &mut self.socket
            && socket.send(message).await.is_err()
        {
            self.socket = None;
            self.engine.handle(Input::SocketClosed { code: None, reason: "broken" }, Instant::now());
        }
    }

    fn close(&mut self, code: u16) {
        self.closed = true;
        self.dialling = None;
        let Some(mut socket) = self.socket.take() else { return };
        // What is unread when a socket is dropped makes TCP take back what it hasn't delivered yet.
        drop(tokio::spawn(async move {
            drop(socket.close(Some(CloseFrame { code: code.into(), reason: "".into() })).await);
            while let Some(Ok(_)) = socket.next().await {}
        }));
    }

    /// Whatever comes is heard at once, however long it is.
    fn hear(&mut self, item: ItemId, samples: usize) {
        self.item += samples;
        let heard = Samples::from_ms(self.item as u64 * 1_000 / u64::from(self.engine.output_rate()));
        if self.engine.follows_playout() {
            self.engine.handle(Input::Heard { item, heard }, Instant::now());
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is for calls")]
    fn note(&mut self, output: Output) {
        match output {
            Output::Ready => self.ready += 1,
            Output::Audio { item, audio, .. } => {
                self.agent.extend_from_slice(audio.samples());
                self.hear(item, audio.len());
            }
            Output::Coded { item, bytes, .. } => {
                self.agent.extend(bytes.samples().iter().map(|byte| Law::Mu.decode_byte(*byte)));
                self.hear(item, bytes.len());
            }
            Output::ItemEnd { item } => {
                self.item = 0;
                self.items.push(item);
                self.engine.handle(Input::Finished { item }, Instant::now());
            }
            Output::Trouble(trouble) => self.troubles.push(trouble),
            Output::Tool(call) => self.tools.push(call),
            Output::Note(note) => self.notes.push(note),
            Output::HangUp => self.hung_up = true,
            _ => {}
        }
    }
}

fn coded(law: Law, frame: &[i16]) -> Vec<u8> {
    frame.iter().map(|sample| law.encode_sample(*sample)).collect()
}
