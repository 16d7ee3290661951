//! The line between a WebSocket and a shard: binary messages on one side, RTP on loopback on the other.
//!
//!   up:   16-bit samples at 8 kHz, little endian, in pieces of any size ─► a packet each 20 ms
//!   down: a packet each 20 ms ─► 16-bit samples at 16 kHz, little endian
//!
//! Text messages are JSON: what happens on the call goes down, as its events have it; keys and the end come up.

use crate::call::context::Context;
use crate::call::event::CallId;
use crate::call::order::Order;
use crate::record::Follower;
use anyhow::Context as _;
use axum::extract::ws::{Message, WebSocket};
use rtp_rs::RtpReader;
use serde::Deserialize;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use talkpath_media::g711::Law;
use talkpath_media::resample::Resampler;
use talkpath_media::rtp::{Sender, SenderSettings};
use talkpath_media::sdp::{self, LocalMedia};
use talkpath_sip::agent::EndCause;
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tracing::debug;

const LAW: Law = Law::Mu;
const PTIME: u8 = 20;
const FRAME: usize = 160;
/// What may wait to be sent to the shard: 10 s. Of a client that sends faster than it speaks, the oldest is dropped.
const WAITING: usize = 80_000;
/// Larger than any packet of 20 ms.
const DATAGRAM: usize = 512;

/// What a client may say.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Control {
    /// It presses a key.
    Dtmf { digit: char },
    /// It hangs up; closing the socket says the same.
    HangUp,
}

/// The line's end at the call: whether the socket is still there, and how to close it.
#[derive(Debug)]
pub(in crate::call) struct Hook {
    ended: oneshot::Receiver<EndCause>,
    hang_up: Option<oneshot::Sender<()>>,
    /// How it ended, once it has.
    cause: Option<EndCause>,
}

impl Hook {
    /// Waits for the line's end.
    pub(in crate::call) async fn closed(&mut self) -> EndCause {
        match &self.cause {
            Some(cause) => cause.clone(),
            None => {
                let cause = (&mut self.ended).await.unwrap_or(EndCause::Transport);
                self.cause.insert(cause).clone()
            }
        }
    }

    /// Closes the socket.
    pub(in crate::call) fn hang_up(&mut self) {
        // Letting go of it says it.
        self.hang_up = None;
    }
}

/// A line whose client hasn't come yet.
#[derive(Debug)]
pub(super) struct Line {
    socket: std::net::UdpSocket,
    shard: SocketAddr,
}

impl Line {
    /// A line to where the shard receives RTP.
    pub(super) fn bind(shard: SocketAddr) -> anyhow::Result<Self> {
        let socket = std::net::UdpSocket::bind((shard.ip(), 0)).context("no port for the line of a WebSocket")?;
        socket.connect(shard)?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket, shard })
    }

    /// What it can do, for the shard's answer.
    pub(super) fn offer(&self) -> anyhow::Result<Vec<u8>> {
        let own = self.socket.local_addr()?;
        Ok(sdp::offer(&LocalMedia {
            address: own.ip(),
            rtp_port: own.port(),
            laws: vec![LAW],
            ptime_ms: PTIME,
            dtmf_payload_type: None,
            session_id: 1,
            version: 0,
        }))
    }

    /// Carries voice between the two until either ends.
    pub(super) fn connect(
        self,
        client: WebSocket,
        call: CallId,
        context: Arc<Context>,
        entries: Option<Follower>,
    ) -> Hook {
        let (tell, ended) = oneshot::channel();
        let (hang_up, hung_up) = oneshot::channel();
        let Self { socket, shard } = self;
        tokio::spawn(async move {
            let cause = match UdpSocket::from_std(socket).and_then(|socket| Carrier::new(socket, client, call, context))
            {
                Ok(carrier) => carrier.run(hung_up, entries).await,
                Err(error) => {
                    debug!(%error, %shard, "the line of a WebSocket has failed");
                    EndCause::Transport
                }
            };
            // A call that is over already need not know.
            drop(tell.send(cause));
        });
        Hook { ended, hang_up: Some(hang_up), cause: None }
    }
}

/// Carries voice.
struct Carrier {
    shard: UdpSocket,
    client: WebSocket,
    call: CallId,
    context: Arc<Context>,
    sender: Sender,
    /// Samples that wait for their packet.
    waiting: VecDeque<i16>,
    /// Half a sample that came at the end of a message.
    half: Option<u8>,
    up: Resampler,
    pace: Interval,
}

impl Carrier {
    fn new(shard: UdpSocket, client: WebSocket, call: CallId, context: Arc<Context>) -> std::io::Result<Self> {
        let settings = SenderSettings { payload_type: LAW.payload_type(), dtmf_payload_type: None, ptime_ms: PTIME };
        let mut pace = interval(Duration::from_millis(PTIME.into()));
        pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
        Ok(Self {
            shard,
            client,
            call,
            context,
            sender: Sender::new(settings, &mut rand::rng()),
            waiting: VecDeque::new(),
            half: None,
            up: Resampler::new(8_000, 16_000).map_err(std::io::Error::other)?,
            pace,
        })
    }

    async fn run(mut self, mut hung_up: oneshot::Receiver<()>, mut entries: Option<Follower>) -> EndCause {
        let mut datagram = [0; DATAGRAM];
        loop {
            let carried = tokio::select! {
                _ = self.pace.tick() => self.send().await,
                received = self.shard.recv(&mut datagram) => match received {
                    Ok(length) => self.play(datagram.get(..length).unwrap_or_default()).await,
                    // An ICMP error of a shard that isn't there yet.
                    Err(_) => Ok(()),
                },
                message = self.client.recv() => match message {
                    Some(Ok(message)) => match self.take(message).await {
                        true => Ok(()),
                        false => return EndCause::RemoteBye { reason: None },
                    },
                    Some(Err(_)) | None => return EndCause::RemoteBye { reason: None },
                },
                told = follow(&mut entries) => self.tell(told).await,
                _ = &mut hung_up => {
                    // The client sees the end of the call by the end of its socket.
                    drop(self.client.send(Message::Close(None)).await);
                    return EndCause::LocalHangup;
                }
            };
            if carried.is_err() {
                return EndCause::Transport;
            }
        }
    }

    /// A packet to the shard, of silence where the client has said nothing.
    async fn send(&mut self) -> Result<(), axum::Error> {
        let mut frame = [LAW.encode_sample(0); FRAME];
        for byte in &mut frame {
            let Some(sample) = self.waiting.pop_front() else { break };
            *byte = LAW.encode_sample(sample);
        }
        let mut packet = [0; DATAGRAM];
        let length = self.sender.packetize(&frame, &mut packet);
        // As RTP is: what isn't taken is lost.
        drop(self.shard.send(packet.get(..length).unwrap_or_default()).await);
        Ok(())
    }

    /// A packet of the shard's, to the client.
    async fn play(&mut self, datagram: &[u8]) -> Result<(), axum::Error> {
        let Ok(packet) = RtpReader::new(datagram) else { return Ok(()) };
        if packet.payload_type() != LAW.payload_type() {
            return Ok(());
        }
        let samples: Vec<i16> = packet.payload().iter().map(|byte| LAW.decode_byte(*byte)).collect();
        let mut wide = Vec::with_capacity(2 * samples.len());
        self.up.push(&samples, &mut wide);
        let bytes: Vec<u8> = wide.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.client.send(Message::Binary(bytes.into())).await
    }

    /// Takes what the client says; false at its end.
    async fn take(&mut self, message: Message) -> bool {
        match message {
            Message::Binary(bytes) => self.hear(&bytes),
            Message::Text(text) => match serde_json::from_str(&text) {
                Ok(Control::Dtmf { digit }) => {
                    let digit = digit.to_ascii_uppercase();
                    if matches!(digit, '0'..='9' | '*' | '#' | 'A'..='D') {
                        return self.context.roster.order(self.call, Order::Key(digit)).await.is_ok();
                    }
                }
                Ok(Control::HangUp) => return false,
                Err(error) => {
                    let problem = serde_json::json!({ "type": "error", "detail": error.to_string() });
                    return self.client.send(Message::text(problem.to_string())).await.is_ok();
                }
            },
            Message::Close(_) => return false,
            Message::Ping(_) | Message::Pong(_) => {}
        }
        true
    }

    fn hear(&mut self, bytes: &[u8]) {
        let joined = self.half.take().into_iter().chain(bytes.iter().copied());
        let mut low = None;
        for byte in joined {
            match low.take() {
                None => low = Some(byte),
                Some(first) => self.waiting.push_back(i16::from_le_bytes([first, byte])),
            }
        }
        self.half = low;
        let excess = self.waiting.len().saturating_sub(WAITING);
        self.waiting.drain(..excess);
    }

    async fn tell(&mut self, entries: Vec<crate::record::Entry>) -> Result<(), axum::Error> {
        for entry in entries {
            if let Ok(text) = serde_json::to_string(&entry) {
                self.client.send(Message::text(text)).await?;
            }
        }
        Ok(())
    }
}

/// What is told of the call next; nothing more, once all was.
async fn follow(entries: &mut Option<Follower>) -> Vec<crate::record::Entry> {
    let Some(follower) = entries else { return std::future::pending().await };
    match follower.next().await {
        Some(told) => told,
        None => {
            *entries = None;
            Vec::new()
        }
    }
}
