//! Errors as RFC 9457 has them: a type that can be looked up, a title, the status, and what was the matter this time.

use axum::extract::Path;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;
use utoipa::ToSchema;

/// Every kind, with what is told of it.
macro_rules! kinds {
    ($($kind:ident => { name: $name:literal, status: $status:ident, title: $title:literal, explanation: $explanation:literal, })*) => {
        /// What can be the matter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Kind {
            $($kind,)*
        }

        /// Every kind.
        const KINDS: &[Kind] = &[$(Kind::$kind),*];

        impl Kind {
            fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            fn title(self) -> &'static str {
                match self { $(Self::$kind => $title,)* }
            }

            fn status(self) -> StatusCode {
                match self { $(Self::$kind => StatusCode::$status,)* }
            }

            fn explanation(self) -> &'static str {
                match self { $(Self::$kind => $explanation,)* }
            }
        }
    };
}

kinds! {
    NoSuchPath => {
        name: "no-such-path", status: NOT_FOUND, title: "There is nothing here",
        explanation: "The path is none of this interface; /docs lists them all.",
    }
    MethodNotAllowed => {
        name: "method-not-allowed", status: METHOD_NOT_ALLOWED, title: "This method is not for this path",
        explanation: "The path is there, but for other methods; the Allow header field names them.",
    }
    KeyWanted => {
        name: "key-wanted", status: UNAUTHORIZED, title: "This needs the key",
        explanation: "Send http.key of the configuration: \"Authorization: Bearer KEY\".",
    }
    WrongHost => {
        name: "wrong-host", status: MISDIRECTED_REQUEST, title: "Not under this name",
        explanation: "Without a key the interface answers to addresses and to \"localhost\" alone, so that no web page can talk to it through a name of its own. Use the address, or set http.key.",
    }
    Malformed => {
        name: "malformed", status: BAD_REQUEST, title: "The request can't be read",
        explanation: "The body is no JSON, or the query or a header field has a value that can't be read; the detail says which.",
    }
    JsonWanted => {
        name: "json-wanted", status: UNSUPPORTED_MEDIA_TYPE, title: "The body is JSON",
        explanation: "Send the body as JSON, with \"Content-Type: application/json\".",
    }
    TooLarge => {
        name: "too-large", status: PAYLOAD_TOO_LARGE, title: "The body is too large",
        explanation: "A body has at most 2 MB.",
    }
    Invalid => {
        name: "invalid", status: UNPROCESSABLE_ENTITY, title: "The request makes no sense",
        explanation: "The body is JSON, but something in it is missing, unknown, or not possible; the detail names it. /docs shows what is taken.",
    }
    NoSuchCall => {
        name: "no-such-call", status: NOT_FOUND, title: "There is no such call",
        explanation: "The id is that of no live call, and of none of the last thousand that are over.",
    }
    SocketWanted => {
        name: "websocket-wanted", status: UPGRADE_REQUIRED, title: "This is for WebSockets",
        explanation: "The path is for WebSockets (RFC 6455): ask for an upgrade by GET, HTTP/1.1.",
    }
    CallOver => {
        name: "call-over", status: CONFLICT, title: "The call is over",
        explanation: "What was asked needs a live call, and this one has ended.",
    }
    Forbidden => {
        name: "number-forbidden", status: FORBIDDEN, title: "This number is not dialled",
        explanation: "The configuration forbids it: an emergency number, or a prefix that is not allowed.",
    }
    Draining => {
        name: "draining", status: SERVICE_UNAVAILABLE, title: "No new calls",
        explanation: "The server is being stopped and takes no new calls. Ask another, or this one after its restart.",
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
    let found = KINDS.iter().find(|kind| kind.name() == name);
    let kind = found.ok_or_else(|| Problem::new(Kind::NoSuchPath, format!("there is no problem \"{name}\"")))?;
    Ok(format!("{} ({})\n\n{}\n", kind.title(), kind.status(), kind.explanation()))
}

pub(super) async fn no_such_path(uri: Uri) -> Problem {
    Problem::new(Kind::NoSuchPath, format!("{} is no path of this interface; /docs lists them", uri.path()))
}

pub(super) async fn no_such_method(method: Method, uri: Uri) -> Problem {
    Problem::new(Kind::MethodNotAllowed, format!("{method} is not for {}", uri.path()))
}
