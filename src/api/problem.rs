//! Errors as RFC 9457 has them: a type that can be looked up, a title, the status, and what was the matter this time.

use axum::extract::Path;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;

/// What can be the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    NoSuchPath,
    MethodNotAllowed,
    KeyWanted,
    WrongHost,
}

/// Every kind.
const KINDS: [Kind; 4] = [Kind::NoSuchPath, Kind::MethodNotAllowed, Kind::KeyWanted, Kind::WrongHost];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::NoSuchPath => "no-such-path",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::KeyWanted => "key-wanted",
            Self::WrongHost => "wrong-host",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::NoSuchPath => "There is nothing here",
            Self::MethodNotAllowed => "This method is not for this path",
            Self::KeyWanted => "This needs the key",
            Self::WrongHost => "Not under this name",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::KeyWanted => StatusCode::UNAUTHORIZED,
            Self::WrongHost => StatusCode::MISDIRECTED_REQUEST,
        }
    }

    fn explanation(self) -> &'static str {
        match self {
            Self::NoSuchPath => "The path is none of this interface; /docs lists them all.",
            Self::MethodNotAllowed => "The path is there, but for other methods; the Allow header field names them.",
            Self::KeyWanted => "Send http.key of the configuration: \"Authorization: Bearer KEY\".",
            Self::WrongHost => {
                "Without a key the interface answers to addresses and to \"localhost\" alone, so that no web page can talk to it \
                 through a name of its own. Use the address, or set http.key."
            }
        }
    }
}

/// Problem details (RFC 9457), as application/problem+json.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem it is: a path that explains it.
    #[serde(rename = "type")]
    #[schema(example = "/problem/no-such-path")]
    kind: String,
    /// The kind, in words.
    #[schema(example = "There is nothing here")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What was the matter this time.
    detail: String,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("/problem/{}", kind.name()),
            title: kind.title(),
            status: kind.status().as_u16(),
            detail: detail.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"talkpath\""));
        }
        response
    }
}

/// Explanations of the types.
pub(super) fn routes() -> Router {
    Router::new().route("/problem/{name}", get(explain))
}

async fn explain(Path(name): Path<String>) -> Result<String, Problem> {
    let found = KINDS.into_iter().find(|kind| kind.name() == name);
    let kind = found.ok_or_else(|| Problem::new(Kind::NoSuchPath, format!("there is no problem \"{name}\"")))?;
    Ok(format!("{} ({})\n\n{}\n", kind.title(), kind.status(), kind.explanation()))
}

pub(super) async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(Kind::NoSuchPath, format!("{} is no path of this interface; /docs lists them", uri.path()))
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("{method} is not for {}", uri.path()))
}
