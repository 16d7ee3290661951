//! Callers and listeners by WebSocket.

use crate::http::{answer, client, initiate, open};
use crate::sound::{NOTE_DBOV, PARROT, call, song, until_sound};
use crate::support::{address, patiently};
use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use serde_json::{Value, json};
use talkpath::phone::DialOptions;
use talkpath_media::tone::level_at_rate;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

/// Samples a second of what comes down.
const RATE: u32 = 16_000;

/// A client: what it has heard, and what it was told.
struct Client {
    socket: WebSocketStream<TcpStream>,
    heard: Vec<i16>,
    told: Vec<Value>,
}

impl Client {
    async fn connect(base: &str, call: &str) -> Self {
        Self::try_connect(base, call).await.unwrap()
    }

    async fn try_connect(base: &str, call: &str) -> Result<Self, tungstenite::Error> {
        let host = base.trim_start_matches("http://");
        let stream = TcpStream::connect(host).await.unwrap();
        let opening = client_async(format!("ws://{host}/ws/call/{call}"), stream);
        let (socket, _) = patiently("a WebSocket", opening).await?;
        Ok(Self { socket, heard: Vec::new(), told: Vec::new() })
    }

    /// Takes the next message; false at the end.
    async fn next(&mut self) -> bool {
        match patiently("a message", self.socket.next()).await {
            Some(Ok(Message::Binary(bytes))) => {
                let (pairs, rest) = bytes.as_chunks::<2>();
                assert!(rest.is_empty());
                self.heard.extend(pairs.iter().map(|pair| i16::from_le_bytes(*pair)));
            }
            Some(Ok(Message::Text(text))) => self.told.push(serde_json::from_str(&text).unwrap()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
        }
        true
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        while !holds(self) {
            assert!(self.next().await, "the socket ends before {what}: {:?}", self.told);
        }
    }

    fn was_told(&self, kind: &str) -> bool {
        self.told.iter().any(|told| told["type"] == kind)
    }

    /// The loudest tenth of a second of these tones together.
    fn loudest(&self, tones: [f32; 2]) -> f32 {
        let pieces = self.heard.chunks_exact(RATE as usize / 10);
        let level = |piece| tones.map(|tone| level_at_rate(tone, piece, RATE)).into_iter().fold(f32::MAX, f32::min);
        pieces.map(level).fold(f32::MIN, f32::max)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_by_websocket_talks_with_an_agent_presses_a_key_and_hangs_up() {
    let (_server, base) = open(PARROT);
    let http = client();
    let (status, placed) = initiate(&http, &base, &json!({ "leg": "websocket" })).await;
    assert_eq!((status, &placed["direction"]), (StatusCode::CREATED, &json!("inbound")), "{placed}");
    let id = placed["call_id"].as_str().unwrap();
    let mut caller = Client::connect(&base, id).await;
    // Its greeting was heard.
    caller.until("the greeting", |caller| caller.was_told("agent_text")).await;
    let song = song();
    let bytes: Vec<u8> = song.samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    // In pieces that split samples.
    for piece in bytes.chunks(1_001) {
        caller.socket.send(Message::binary(piece.to_vec())).await.unwrap();
    }
    caller.heard.clear();
    let lines = |caller: &Client| caller.told.iter().filter(|told| told["type"] == "agent_text").count();
    let before = lines(&caller);
    caller.until("the parrot", |caller| lines(caller) > before).await;
    for (tones, _) in &song.notes {
        let level = caller.loudest(*tones);
        assert!((level - NOTE_DBOV).abs() < 9.0, "{tones:?} came back at {level} dBov");
    }
    caller.socket.send(Message::text(json!({ "type": "dtmf", "digit": "5" }).to_string())).await.unwrap();
    caller.until("the key", |caller| caller.was_told("key")).await;
    caller.socket.send(Message::text("what?")).await.unwrap();
    caller.until("a complaint", |caller| caller.was_told("error")).await;
    caller.socket.send(Message::text(json!({ "type": "hang_up" }).to_string())).await.unwrap();
    while caller.next().await {}
    let (_, state) = loop {
        let (status, state) = answer(http.get(format!("{base}/api/call/{id}"))).await;
        if state["state"] == "ended" {
            break (status, state);
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(state["disposition"], "answered", "{state}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_by_websocket_is_hung_up_on_by_terminate() {
    let (_server, base) = open("");
    let http = client();
    let (_, placed) = initiate(&http, &base, &json!({ "leg": "websocket" })).await;
    let id = placed["call_id"].as_str().unwrap();
    let mut caller = Client::connect(&base, id).await;
    caller.until("the answer", |caller| caller.was_told("answered")).await;
    answer(http.post(format!("{base}/api/call/{id}/terminate"))).await;
    while caller.next().await {}
    let (status, _) = initiate(&http, &base, &json!({ "leg": "websocket", "phone": "alice" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_hears_both_sides_of_a_telephone_call() {
    let (server, base) = open(PARROT);
    let http = client();
    let mut telephone = call(address(&server), DialOptions::default()).await;
    let (_, page) = answer(http.get(format!("{base}/api/call?state=answered"))).await;
    let id = page["calls"][0]["call_id"].as_str().unwrap().to_owned();
    let mut listener = Client::connect(&base, &id).await;
    until_sound(&mut telephone.ear).await;
    let song = song();
    patiently("the caller", telephone.mouth().say(song.samples.as_slice().into())).await.unwrap();
    // The caller, and the parrot after it: each note twice.
    let note = song.notes[0].0;
    let heard = |listener: &Client| {
        let pieces = listener.heard.chunks_exact(RATE as usize / 10);
        let is_note = |piece: &[i16]| note.iter().all(|tone| level_at_rate(*tone, piece, RATE) > NOTE_DBOV - 9.0);
        pieces.map(is_note).collect::<Vec<_>>().windows(2).filter(|pair| !pair[0] && pair[1]).count()
    };
    listener.until("both sides", |listener| heard(listener) >= 2).await;
    telephone.hang_up().await.unwrap();
    while listener.next().await {}
    assert!(listener.was_told("ended") || listener.was_told("answered"), "{:?}", listener.told);
    let (status, _) = answer(http.get(format!("{base}/ws/call/{id}"))).await;
    assert_eq!(status, StatusCode::UPGRADE_REQUIRED);
    assert!(Client::try_connect(&base, &id).await.is_err(), "the call is over");
}
