//! `WS /ws/call/{call_id}`: the caller's leg of a call that waits for one, or an ear at any other.

use super::super::Desk;
use super::super::extract::Query;
use super::super::problem::{Kind, Problem};
use super::{unknown, wanted};
use crate::call::{CallId, Order};
use crate::record::Follower;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use talkpath_media::resample::Resampler;
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

/// Pieces of audio that may wait for a listener: two seconds.
const PIECES: usize = 50;
/// The largest message that a client may send: two seconds of samples.
const MESSAGE: usize = 32 * 1_024;

/// What a second party wants.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// To hear both sides, unheard.
    #[default]
    Listen,
}

/// What whoever comes wants.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wish {
    /// Of a call that waits for its caller, nothing is asked.
    #[serde(default)]
    mode: Mode,
}

/// A WebSocket. A call that was initiated with `leg: websocket` takes the first that comes as its caller: binary messages up are 16-bit
/// little-endian samples at 8 kHz, in pieces of any size; those down are samples at 16 kHz, 20 ms each. Text messages down are the call's
/// events, as JSON; up they are `{"type":"dtmf","digit":"5"}` and `{"type":"hang_up"}`; closing the socket hangs up, too. Any other live
/// call lets whoever comes listen: both sides mixed, samples at 16 kHz, a quarter of a second late, and its events.
#[utoipa::path(
    get, path = "/ws/call/{call_id}", tag = "calls", security(("key" = [])),
    params(("call_id" = String, Path, description = "The call", format = "uuid"), Wish),
    responses(
        (status = SWITCHING_PROTOCOLS, description = "The WebSocket is open"),
        (status = BAD_REQUEST, description = "The query can't be read", body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, description = "It is over", body = Problem, content_type = "application/problem+json"),
        (status = UPGRADE_REQUIRED, description = "This is for WebSockets", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::api) async fn socket(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Query(wish): Query<Wish>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let call = wanted(&id)?;
    let upgrade = upgrade.map_err(|rejection| Problem::new(Kind::SocketWanted, rejection.body_text()))?;
    let upgrade = upgrade.max_message_size(MESSAGE).max_frame_size(MESSAGE);
    let entries = desk.context.records.follow(call, 0).ok_or_else(|| unknown(call))?;
    if let Some(enter) = desk.context.doors.enter(call) {
        return Ok(upgrade.on_upgrade(async move |socket| {
            // A call that is over meanwhile lets the socket fall.
            drop(enter.send(socket));
        }));
    }
    let Mode::Listen = wish.mode;
    let (hear, heard) = mpsc::channel(PIECES);
    let order = Order::Listen(hear);
    desk.context.roster.order(call, order).await.map_err(|_| over(call))?;
    Ok(upgrade.on_upgrade(move |socket| listen(socket, heard, entries)))
}

fn over(call: CallId) -> Problem {
    Problem::new(Kind::CallOver, format!("call {call} is over"))
}

/// Passes on what is heard and told, until the call or the listener is gone.
async fn listen(mut socket: WebSocket, mut heard: mpsc::Receiver<Box<[i16]>>, mut entries: Follower) {
    let Ok(mut up) = Resampler::new(8_000, 16_000) else { return };
    loop {
        let message = tokio::select! {
            piece = heard.recv() => match piece {
                Some(piece) => Message::Binary(mixed(&piece, &mut up).into()),
                None => break,
            },
            told = entries.next() => match told {
                Some(told) => {
                    for entry in told {
                        let text = serde_json::to_string(&entry).unwrap_or_default();
                        if socket.send(Message::text(text)).await.is_err() {
                            return;
                        }
                    }
                    continue;
                }
                None => break,
            },
            said = socket.recv() => match said {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Nobody hears a listener.
                Some(Ok(Message::Text(_) | Message::Binary(_) | Message::Ping(_) | Message::Pong(_))) => continue,
            },
        };
        if socket.send(message).await.is_err() {
            return;
        }
    }
    // A listener that is gone needs no farewell.
    drop(socket.send(Message::Close(None)).await);
}

/// Both sides in one, at 16 kHz.
fn mixed(stereo: &[i16], up: &mut Resampler) -> Vec<u8> {
    let (pairs, _) = stereo.as_chunks::<2>();
    let mono: Vec<i16> = pairs.iter().map(|[caller, agent]| caller.saturating_add(*agent)).collect();
    let mut wide = Vec::with_capacity(2 * mono.len());
    up.push(&mono, &mut wide);
    wide.iter().flat_map(|sample| sample.to_le_bytes()).collect()
}
