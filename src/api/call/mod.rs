//! Calls: placed, looked at, steered, followed.

pub(super) mod events;
pub(super) mod initiate;
pub(super) mod list;
pub(super) mod socket;

use super::Desk;
use super::problem::{Kind, Problem};
use crate::call::{CallId, Order};
use crate::record::{CallState, Conversation};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;

/// The call of a path.
fn wanted(id: &str) -> Result<CallId, Problem> {
    id.parse()
        .map(CallId)
        .map_err(|_| Problem::new(Kind::NoSuchCall, format!("\"{id}\" is no call's id: those are UUIDs")))
}

fn unknown(call: CallId) -> Problem {
    let detail = format!("no call {call} is known: it never was, or is over for so long that it was forgotten");
    Problem::new(Kind::NoSuchCall, detail)
}

/// How a call stands, or how it ended.
#[utoipa::path(
    get, path = "/api/call/{call_id}", tag = "calls", security(("key" = [])),
    params(("call_id" = String, Path, description = "The call", format = "uuid")),
    responses(
        (status = OK, body = CallState),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(State(desk): State<Desk>, Path(id): Path<String>) -> Result<Json<CallState>, Problem> {
    let call = wanted(&id)?;
    desk.context.records.state(call).map(Json).ok_or_else(|| unknown(call))
}

/// What was said on a call: turns of both sides with their times on the media clock, interruptions, false alarms, keys, tools, usage.
#[utoipa::path(
    get, path = "/api/call/{call_id}/conversation", tag = "calls", security(("key" = [])),
    params(("call_id" = String, Path, description = "The call", format = "uuid")),
    responses(
        (status = OK, body = Conversation),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn conversation(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<Json<Conversation>, Problem> {
    let call = wanted(&id)?;
    desk.context.records.conversation(call).map(Json).ok_or_else(|| unknown(call))
}

/// Hangs up, or gives up dialling. The call's end is told as its last events.
#[utoipa::path(
    post, path = "/api/call/{call_id}/terminate", tag = "calls", security(("key" = [])),
    params(("call_id" = String, Path, description = "The call", format = "uuid")),
    responses(
        (status = ACCEPTED, description = "It is being ended", body = CallState),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, description = "It is over", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn terminate(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<CallState>), Problem> {
    order(&desk, &id, Order::HangUp).await
}

/// Silences the agent, as if the caller had interrupted it. What must be heard to its end is.
#[utoipa::path(
    post, path = "/api/call/{call_id}/interrupt", tag = "calls", security(("key" = [])),
    params(("call_id" = String, Path, description = "The call", format = "uuid")),
    responses(
        (status = ACCEPTED, description = "It is being silenced", body = CallState),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = NOT_FOUND, description = "No such call", body = Problem, content_type = "application/problem+json"),
        (status = CONFLICT, description = "It is over", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn interrupt(
    State(desk): State<Desk>,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<CallState>), Problem> {
    order(&desk, &id, Order::Interrupt).await
}

async fn order(desk: &Desk, id: &str, order: Order) -> Result<(StatusCode, Json<CallState>), Problem> {
    let call = wanted(id)?;
    let obeyed = desk.context.roster.order(call, order).await;
    let state = desk.context.records.state(call).ok_or_else(|| unknown(call))?;
    match obeyed {
        Ok(()) => Ok((StatusCode::ACCEPTED, Json(state))),
        Err(_) => Err(Problem::new(Kind::CallOver, format!("call {call} is over"))),
    }
}
