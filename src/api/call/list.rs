//! `GET /api/call`.

use super::super::Desk;
use super::super::extract::Query;
use super::super::problem::Problem;
use crate::call::CallId;
use crate::record::{CallState, Stage, Way};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Calls of a page where nothing is told.
const USUAL: usize = 50;
/// Calls of a page at most.
const MOST: usize = 500;

/// Which calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those that stand so.
    state: Option<Stage>,
    /// Only those that were placed this way.
    direction: Option<Way>,
    /// So many at most: 50 unless told, and never more than 500.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// Only those that began before this one: `next` of the page before.
    #[param(value_type = Option<String>, format = "uuid")]
    before: Option<CallId>,
}

/// Calls, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Page {
    calls: Vec<CallState>,
    /// For `before`, when there are more.
    next: Option<CallId>,
}

/// Live calls, and the last thousand that are over.
#[utoipa::path(
    get, path = "/api/call", tag = "calls", security(("key" = [])), params(Wanted),
    responses(
        (status = OK, body = Page),
        (status = BAD_REQUEST, description = "The query can't be read", body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::api) async fn list(State(desk): State<Desk>, Query(wanted): Query<Wanted>) -> Json<Page> {
    let Wanted { state, direction, limit, before } = wanted;
    let limit = limit.unwrap_or(USUAL).clamp(1, MOST);
    let fits = |call: &CallState| {
        state.is_none_or(|state| call.state == state) && direction.is_none_or(|direction| call.direction == direction)
    };
    let mut calls = desk.context.records.list(before, limit + 1, fits);
    let more = calls.len() > limit;
    calls.truncate(limit);
    let next = calls.last().filter(|_| more).map(|call| call.call_id);
    Json(Page { calls, next })
}
