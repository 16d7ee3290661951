//! One session of the stand-in: what its socket brings, and the answer under way.
//!
//!   appends ─► level ─► speech_started, speech_stopped, committed        response.create ─► Answering ──deltas──► done
//!
//! A second `response.create` while an answer is under way is refused, as the service does it; `response.cancel` ends the answer.

use super::answer::Answer;
use super::{Audio, Notes, VoiceEnd};
use crate::bench::clock;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_async_with_config};

/// From delta to delta: four times as fast as they are heard.
const PACE: Duration = Duration::from_millis(50);
/// So much quiet ends a turn.
const SILENCE_MS: usize = 500;

/// What a client says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    event_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    audio: Option<&'a str>,
    session: Option<Value>,
}

struct Session {
    socket: WebSocketStream<TcpStream>,
    audio: Audio,
    notes: Notes,
    answer: Arc<Answer>,
    line: u64,
    scratch: Vec<u8>,
    /// Bytes of audio that came.
    taken: usize,
    /// The caller's voice, while it lasts: where its last loud sample ends, and how that came.
    voice: Option<(usize, VoiceEnd)>,
    events: u64,
    turns: u64,
    answers: u64,
    /// The answer under way: its number, the next of its deltas and when that is due.
    answering: Option<(u64, usize, Instant)>,
}

/// Serves one socket to its end.
pub(super) async fn run(stream: TcpStream, audio: Audio, notes: Notes, answer: Arc<Answer>) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    // Small buffers: hundreds of sessions are read by one thread.
    let config = WebSocketConfig::default().read_buffer_size(8 * 1_024).write_buffer_size(0);
    let socket = accept_async_with_config(stream, Some(config)).await?;
    let scratch = Vec::new();
    let mut session = Session {
        socket,
        audio,
        notes,
        answer,
        line: 0,
        scratch,
        taken: 0,
        voice: None,
        events: 0,
        turns: 0,
        answers: 0,
        answering: None,
    };
    session.send("session.created", json!({"session": {"type": "realtime", "object": "realtime.session"}})).await?;
    session.serve().await
}

impl Session {
    async fn serve(&mut self) -> anyhow::Result<()> {
        loop {
            let due = self.answering.map(|(_, _, due)| due);
            let pause = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.hear(&text).await?,
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(error.into()),
                    None => return Ok(()),
                },
                () = pause => self.go_on().await?,
            }
        }
    }

    async fn hear(&mut self, text: &str) -> anyhow::Result<()> {
        let said: Said<'_> = serde_json::from_str(text)?;
        match &*said.kind {
            "input_audio_buffer.append" => self.append(said.audio.unwrap_or_default()).await,
            "session.update" => {
                let session = said.session.unwrap_or_default();
                let told = session.get("instructions").and_then(Value::as_str).unwrap_or_default();
                self.line = told.rsplit(' ').next().and_then(|line| line.parse().ok()).unwrap_or_default();
                self.send("session.updated", json!({ "session": session })).await
            }
            "response.create" if self.answering.is_some() => {
                let error = json!({
                    "type": "invalid_request_error", "code": "conversation_already_has_active_response",
                    "message": "an answer is under way", "event_id": said.event_id,
                });
                self.send("error", json!({ "error": error })).await
            }
            "response.create" => self.begin().await,
            "response.cancel" if self.answering.is_some() => self.end("cancelled").await,
            _ => Ok(()),
        }
    }

    /// Listens for the end of a turn.
    async fn append(&mut self, audio: &str) -> anyhow::Result<()> {
        let now = clock::nanos();
        self.scratch.clear();
        STANDARD.decode_vec(audio, &mut self.scratch)?;
        let (before, per_ms) = (self.taken, self.audio.bytes_per_ms());
        self.taken += self.scratch.len();
        if let Some(end) = self.audio.last_loud(&self.scratch) {
            let behind = ((self.scratch.len() - end) * 1_000_000 / per_ms) as u64;
            let began = self.voice.is_none();
            self.voice = Some((before + end, VoiceEnd { line: self.line, at: now, behind }));
            if began {
                let started = json!({"audio_start_ms": before / per_ms, "item_id": self.item()});
                self.send("input_audio_buffer.speech_started", started).await?;
            }
            return Ok(());
        }
        match self.voice {
            Some((end, voice)) if self.taken - end >= SILENCE_MS * per_ms => {
                self.voice = None;
                self.notes.voice(voice);
                self.commit().await
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn commit(&mut self) -> anyhow::Result<()> {
        let item = self.item();
        let stopped = json!({"audio_end_ms": self.taken / self.audio.bytes_per_ms(), "item_id": item});
        self.send("input_audio_buffer.speech_stopped", stopped).await?;
        self.send("input_audio_buffer.committed", json!({"item_id": item, "previous_item_id": null})).await?;
        self.turns += 1;
        let content = [json!({"type": "input_audio", "transcript": null})];
        let item = json!({"id": item, "type": "message", "role": "user", "status": "completed", "content": content});
        self.send("conversation.item.added", json!({"item": item})).await
    }

    /// The caller's item to come.
    fn item(&self) -> String {
        format!("item_caller_{}", self.turns)
    }

    async fn begin(&mut self) -> anyhow::Result<()> {
        self.answers += 1;
        let number = self.answers;
        let (response, item) = (format!("resp_{number}"), format!("item_{number}"));
        self.send("response.created", json!({"response": {"id": response, "status": "in_progress", "output": []}}))
            .await?;
        let message =
            json!({"id": item, "type": "message", "role": "assistant", "status": "in_progress", "content": []});
        let added = json!({"response_id": response, "output_index": 0, "item": message});
        self.send("response.output_item.added", added).await?;
        self.send("conversation.item.added", json!({"item": message})).await?;
        let words = of_item(number, json!({"delta": "This is what the line sounds like."}));
        self.send("response.output_audio_transcript.delta", words).await?;
        self.answering = Some((number, 0, Instant::now()));
        self.go_on().await
    }

    /// The next delta, or the end.
    async fn go_on(&mut self) -> anyhow::Result<()> {
        let Some((number, next, due)) = self.answering else { return Ok(()) };
        let answer = Arc::clone(&self.answer);
        let Some(delta) = answer.0.get(next) else { return self.end("completed").await };
        self.answering = Some((number, next + 1, due + PACE));
        let message = format!(
            r#"{{"type":"response.output_audio.delta","event_id":"event_{number}_{next}","response_id":"resp_{number}","item_id":"item_{number}","output_index":0,"content_index":0,"delta":"{delta}"}}"#
        );
        if next == 0 {
            self.notes.answer(self.line);
        }
        Ok(self.socket.send(Message::text(message)).await?)
    }

    async fn end(&mut self, status: &str) -> anyhow::Result<()> {
        let Some((number, ..)) = self.answering.take() else { return Ok(()) };
        self.send("response.output_audio.done", of_item(number, json!({}))).await?;
        let item_status = if status == "completed" { status } else { "incomplete" };
        let message =
            json!({"id": format!("item_{number}"), "type": "message", "role": "assistant", "status": item_status});
        let done = json!({"response_id": format!("resp_{number}"), "output_index": 0, "item": message});
        self.send("response.output_item.done", done).await?;
        let usage = json!({"total_tokens": 80, "input_tokens": 40, "output_tokens": 40});
        let response = json!({"id": format!("resp_{number}"), "status": status, "output": [message], "usage": usage});
        self.send("response.done", json!({ "response": response })).await
    }

    async fn send(&mut self, kind: &str, mut fields: Value) -> anyhow::Result<()> {
        self.events += 1;
        if let Value::Object(fields) = &mut fields {
            fields.insert("type".to_owned(), kind.into());
            fields.insert("event_id".to_owned(), format!("event_{}", self.events).into());
        }
        Ok(self.socket.send(Message::text(fields.to_string())).await?)
    }
}

/// Fields of an event about the message of an answer.
fn of_item(number: u64, mut fields: Value) -> Value {
    if let Value::Object(fields) = &mut fields {
        fields.insert("response_id".to_owned(), format!("resp_{number}").into());
        fields.insert("item_id".to_owned(), format!("item_{number}").into());
        fields.insert("output_index".to_owned(), 0.into());
        fields.insert("content_index".to_owned(), 0.into());
    }
    fields
}
