//! `GET /api/call/{call_id}/events`: what happens on a call, as server-sent events.

use super::super::Desk;
use super::super::extract::Query;
use super::super::problem::{Kind, Problem};
use super::{unknown, wanted};
use crate::record::{Entry, Follower};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use std::convert::Infallible;
use utoipa::IntoParams;

/// From where on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Events after the one of this number; 0 for all. `Last-Event-ID` says the same, and counts more.
    after: Option<u64>,
}

/// Everything that happens on a call, from its beginning or from where a follower was before: each event with its number as `id`, its
/// type as `event`, and all of it as JSON in `data`. The stream ends after the last event of the call.
#[utoipa::path(
    get, path = "/api/call/{call_id}/events", tag = "calls", security(("key" = [])),
    params(
        ("call_id" = String, Path, description = "The call", format = "uuid"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The number of the last event that was seen"),
        From,
    ),
    responses(
        (status = OK, description = "Server-sent events; the data of each is this", body = Entry, content_type = "text/event-stream"),
        (status = BAD_REQUEST, description = "The number can't be read", body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::api) async fn events(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let call = wanted(&id)?;
    let seen =
        match headers.get("last-event-id") {
            None => from.after.unwrap_or_default(),
            Some(last) => last.to_str().ok().and_then(|last| last.parse().ok()).ok_or_else(|| {
                Problem::new(Kind::Malformed, "Last-Event-ID is no number of an event; those are digits")
            })?,
        };
    let follower = desk.context.records.follow(call, seen).ok_or_else(|| unknown(call))?;
    Ok(Sse::new(told(follower)).keep_alive(KeepAlive::default()))
}

fn told(follower: Follower) -> impl Stream<Item = Result<Event, Infallible>> {
    let batches = stream::unfold(follower, |mut follower| async move {
        let entries = follower.next().await?;
        Some((stream::iter(entries), follower))
    });
    batches.flatten().map(|entry| {
        let data = serde_json::to_value(&entry).unwrap_or_default();
        let name = data.get("type").and_then(serde_json::Value::as_str).unwrap_or_default();
        let event = Event::default().id(entry.seq.to_string()).event(name);
        Ok(event.data(data.to_string()))
    })
}
