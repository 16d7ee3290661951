//! A proxy before Bob that asks for a password, and a registrar in it. It keeps no transactions: a request that comes
//! again is a replay to it, and gets a stale challenge.

use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::digest::{Algorithm, Credentials, Secret, Server, Settings, Side, Verdict};
use crate::message::{HeaderName, Message, Method, Request, Response, StatusCode, Text};

pub(super) struct Gate {
    server: Server,
    side: Side,
    /// What it challenges.
    methods: Vec<Method>,
    /// How often it has accepted an answer.
    pub(super) accepted: usize,
}

/// Those of `alice`, with this password.
pub(super) fn credentials(password: &str) -> Option<Credentials> {
    Some(Credentials { username: "alice".into(), password: password.into(), realm: None })
}

impl Gate {
    /// With nonces that last so long.
    pub(super) fn new(side: Side, methods: &[Method], nonce_life: Duration, now: Instant) -> Self {
        let settings = Settings { realm: "example.com".into(), nonce_life, ..Settings::default() };
        let server = Server::new(settings, [9; 32], &mut StdRng::seed_from_u64(9), now);
        Self { server, side, methods: methods.to_vec(), accepted: 0 }
    }

    /// Its own answer to a datagram, unless that passes.
    pub(super) fn answer(&mut self, data: &Bytes, now: Instant) -> Option<Bytes> {
        let Ok(Message::Request(request)) = Message::parse_datagram(data.clone()) else { return None };
        if !self.methods.contains(&request.method) {
            return None;
        }
        let secret = |name: &Text, _: Algorithm| (*name == "alice").then(|| Secret::Password("secret".into()));
        let verdict = self.server.verify(&request, self.side, secret, now);
        let response = match verdict {
            Verdict::Accepted { .. } => {
                self.accepted += 1;
                (request.method == Method::Register).then(|| bound(&request))?
            }
            Verdict::Stale | Verdict::Refused | Verdict::Unanswered => {
                self.challenge(&request, verdict == Verdict::Stale, now)
            }
        };
        Some(response.to_bytes())
    }

    fn challenge(&mut self, request: &Request, stale: bool, now: Instant) -> Response {
        let status = match self.side {
            Side::Server => StatusCode::UNAUTHORIZED,
            Side::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        };
        let mut response = Response::to(request, status);
        response.set_to_tag("gate");
        self.server.challenge(&mut response, self.side, stale, now);
        response
    }
}

/// The registrar's 200.
fn bound(register: &Request) -> Response {
    let mut response = Response::to(register, StatusCode::OK);
    response.set_to_tag("registrar");
    response.headers.copy(&register.headers, &HeaderName::Contact);
    response
}
