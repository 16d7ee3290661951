//! Who may use the interface: whoever has the key; without one, programs of this machine, but no web page that a browser on it shows.

use super::problem::{Kind, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header, uri::Authority};
use axum::middleware::Next;
use axum::response::Response;
use std::net::IpAddr;
use std::sync::Arc;
use talkpath_config::Http;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

/// The key, if there is one.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    key: Option<Arc<str>>,
}

impl Guard {
    pub(super) fn new(settings: &Http) -> Self {
        Self { key: settings.key.as_deref().map(Arc::from) }
    }
}

/// Tells programs of the key.
pub(super) struct Scheme;

impl Modify for Scheme {
    fn modify(&self, document: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("http.key, where one is set"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("key", SecurityScheme::Http(scheme.build()));
    }
}

/// Lets requests pass that carry the key.
pub(super) async fn key(State(guard): State<Guard>, request: Request, next: Next) -> Result<Response, Problem> {
    let Some(key) = &guard.key else { return Ok(next.run(request).await) };
    match bearer(request.headers()) {
        Some(given) if same(given, key) => Ok(next.run(request).await),
        Some(_) => Err(Problem::new(Kind::KeyWanted, "the key is another one")),
        None => Err(Problem::new(Kind::KeyWanted, "there is no \"Authorization: Bearer KEY\"")),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Compares in a time that depends on the length alone.
fn same(given: &str, key: &str) -> bool {
    let (given, key) = (given.as_bytes(), key.as_bytes());
    given.len() == key.len() && given.iter().zip(key).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
}

/// Without a key, refuses requests to names: those of a web page that has had its own name lead here (DNS rebinding).
pub(super) async fn host(State(guard): State<Guard>, request: Request, next: Next) -> Result<Response, Problem> {
    if guard.key.is_none() && is_foreign(request.headers()) {
        return Err(Problem::new(Kind::WrongHost, "the request is that of a web page of another host (Origin)"));
    }
    if guard.key.is_none() && !is_plain(request.headers()) {
        return Err(Problem::new(Kind::WrongHost, "the Host header field is neither an address nor \"localhost\""));
    }
    Ok(next.run(request).await)
}

/// Whether a web page of another host asks: browsers let pages open WebSockets, and send simple requests, anywhere.
fn is_foreign(headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    origin.is_none_or(|(_, origin)| Some(origin) != host)
}

fn is_plain(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(header::HOST) else { return true };
    let authority = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    authority.is_some_and(|authority| {
        let host = authority.host();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok()
    })
}
