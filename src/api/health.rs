//! Whether it lives, and whether it takes calls: for load balancers and orchestrators.

use super::Desk;
use crate::call::Phase;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// How the server is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ServerHealth {
    /// "serving"; "draining" when it takes no new calls.
    status: &'static str,
    /// Calls that have media now.
    calls: usize,
    /// The version of talkpath.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

fn look(desk: &Desk) -> (bool, ServerHealth) {
    let serving = *desk.context.phase().borrow() == Phase::Serving;
    let status = if serving { "serving" } else { "draining" };
    (serving, ServerHealth { status, calls: desk.context.shards.calls(), version: env!("CARGO_PKG_VERSION") })
}

/// Whether the process lives. It needs no key.
#[utoipa::path(get, path = "/health", tag = "operating", responses((status = OK, description = "It lives", body = ServerHealth)))]
pub(super) async fn health(State(desk): State<Desk>) -> Json<ServerHealth> {
    Json(look(&desk).1)
}

/// Whether it takes new calls. It needs no key.
#[utoipa::path(
    get, path = "/ready", tag = "operating",
    responses(
        (status = OK, description = "It takes calls", body = ServerHealth),
        (status = SERVICE_UNAVAILABLE, description = "It drains: it takes no new calls", body = ServerHealth),
    )
)]
pub(super) async fn ready(State(desk): State<Desk>) -> (StatusCode, Json<ServerHealth>) {
    let (serving, health) = look(&desk);
    (if serving { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}
