//! Digest authentication from both ends: vectors, the client's judgement, the server's, and hostile fields.

mod client;
mod hostile;
mod server;
mod vectors;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::message::{Method, Request, Response, StatusCode, Text};

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(7)
}

fn credentials() -> Credentials {
    Credentials { username: "alice".into(), password: "secret".into(), realm: None }
}

fn register() -> Request {
    Request::new(Method::Register, "sip:example.com".parse().unwrap())
}

/// A response with these header fields.
fn response(status: u16, headers: &[(HeaderName, &str)]) -> Response {
    let mut response = Response::to(&register(), StatusCode::new(status).unwrap());
    for (name, value) in headers {
        response.headers.push(name.clone(), *value);
    }
    response
}

/// A 401 with one WWW-Authenticate.
fn challenge(value: &str) -> Response {
    response(401, &[(HeaderName::WwwAuthenticate, value)])
}

/// The value of a parameter of a request's Authorization, without quotes.
fn param(request: &Request, name: &str) -> String {
    let value = request.headers.get(&HeaderName::Authorization).unwrap();
    param_of(value, name)
}

fn param_of(value: &Text, name: &str) -> String {
    super::params::parts(value.as_bytes())
        .find_map(|part| match part {
            super::params::Part::Param(found, value) if found == name.as_bytes() => {
                Some(String::from_utf8(value.into_owned()).unwrap())
            }
            super::params::Part::Param(..) | super::params::Part::Scheme(_) => None,
        })
        .unwrap_or_default()
}
