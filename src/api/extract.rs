//! What requests carry, read with problems as the answer to what can't be.

use super::problem::{Kind, Problem};
use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// A query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Query<T>(pub(super) T);

/// A JSON body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Self(query.0)).map_err(|rejection: QueryRejection| {
            Problem::new(Kind::Malformed, format!("the query can't be read: {}", rejection.body_text()))
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Json::<T>::from_request(request, state).await.map(|body| Self(body.0)).map_err(|rejection: JsonRejection| {
            let kind = match rejection.status() {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => Kind::JsonWanted,
                StatusCode::PAYLOAD_TOO_LARGE => Kind::TooLarge,
                StatusCode::UNPROCESSABLE_ENTITY => Kind::Invalid,
                _ => Kind::Malformed,
            };
            Problem::new(kind, rejection.body_text())
        })
    }
}
