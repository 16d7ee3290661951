//! `GET /metrics`: what Prometheus scrapes.

use super::Desk;
use super::problem::Problem;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

/// The text format of OpenMetrics, which Prometheus reads.
const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is counted over all calls, and how trunks stand, for Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "operating", security(("key" = [])),
    responses(
        (status = OK, description = "OpenMetrics text", body = String, content_type = "application/openmetrics-text"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
    )
)]
pub(super) async fn metrics(State(desk): State<Desk>) -> impl IntoResponse {
    let context = &desk.context;
    ([(header::CONTENT_TYPE, TEXT)], context.meter.text(context))
}
