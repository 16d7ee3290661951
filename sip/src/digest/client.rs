//! The answering side: RFC 3261 §22.2 and §22.3, RFC 7616 §3.4 to §3.6.
//!
//!   nothing held ──challenge──► held, unproven ──request got through──► held, proven
//!        ▲                          │    ▲                                │
//!        └────── refused ───────────┴────┼──── same nonce refused ────────┤
//!                                        └──── stale, or a new nonce ─────┘
//!
//! One [`Client`] serves any number of requests at once: what a challenge means is read from the request that it
//! refuses, not from what was sent last. It is driven by whoever owns the requests: [`Client::authorize`] before each
//! is sent, [`Client::handle_response`] with each final response.
//!
//! A server that replaces a proven nonce without saying `stale` is forgiven as often as one that says it. The cnonce
//! stays the same for the life of a nonce, so that servers which compute a `-sess` key once and those which compute it
//! for each request agree. ACK carries what its INVITE carried, and CANCEL nothing (§22.1): neither is asked here.

use std::fmt;

use rand::Rng;

use super::Side;
use super::algorithm::{Hex, Proof};
use super::answer::Answer;
use super::challenge::{Challenge, Unfit};
use super::params::{Part, Writer, parts};
use crate::message::{HeaderName, Method, Request, Response, StatusCode, Text, Uri};

/// Realms at once; the one that was challenged longest ago makes room.
const MAX_REALMS: usize = 8;

/// New nonces in a row, none of which gets a request through.
const MAX_STALE: u8 = 3;

/// Who we are to a server.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user name for authentication, which needn't be that of the address.
    pub username: String,
    /// The password.
    pub password: String,
    /// The only realm to answer; by default every one is.
    pub realm: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).field("realm", &self.realm).finish()
    }
}

/// What a final response asks of the sender of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Send it again with the next CSeq, after [`Client::authorize`] (§22.2).
    Retry,
    /// Nothing: it is no challenge.
    Done,
}

/// Why it makes no sense to send the request again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The same nonce was refused, or a fresh one.
    #[error("realm {realm:?} refuses the password of {username:?}: user name or password is wrong")]
    WrongPassword {
        /// Who asks.
        realm: Text,
        /// Whom it doesn't believe.
        username: String,
    },
    /// The credentials are for another realm.
    #[error("the credentials are for realm {ours:?}, but {theirs:?} asks for them: the realm or the server is wrong")]
    OtherRealm {
        /// What the credentials say.
        ours: String,
        /// Who asks.
        theirs: Text,
    },
    /// Nothing that is asked for can be answered.
    #[error("what is asked for is not supported: {0}")]
    Unsupported(Unfit),
    /// 401 or 407 without a challenge.
    #[error("status {0} came without a challenge")]
    NoChallenge(StatusCode),
    /// One new nonce after the other.
    #[error("realm {realm:?} calls every nonce stale")]
    AlwaysStale {
        /// Who asks.
        realm: Text,
    },
}

/// Holds the challenges of servers and proxies, and answers them.
#[derive(Debug)]
pub struct Client {
    credentials: Credentials,
    /// Oldest first.
    pub(super) held: Vec<Held>,
}

/// The challenge of one realm.
#[derive(Debug)]
pub(super) struct Held {
    side: Side,
    challenge: Challenge,
    cnonce: Text,
    /// How many requests have carried this nonce.
    pub(super) count: u32,
    /// A request got through this realm.
    proven: bool,
    /// Nonces replaced since one got through.
    stale: u8,
}

impl Client {
    /// Without a challenge.
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, held: Vec::new() }
    }

    /// Whose answers these are.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Puts the answer to every challenge held into a request, in the place of earlier ones. A request that was sent
    /// must go through this again before it is sent again, as each use of a nonce is counted.
    pub fn authorize(&mut self, request: &mut Request) {
        for side in Side::BOTH {
            request.headers.remove(&side.answer_header());
        }
        for (name, value) in self.answers(&request.method, &request.uri) {
            request.headers.push(name, value);
        }
    }

    /// The answers for a request, which count as used. (Its body doesn't matter without `auth-int`.)
    pub fn answers(&mut self, method: &Method, uri: &Uri) -> Vec<(HeaderName, Text)> {
        // A nonce that was used 2^32 - 1 times is forgotten; the next challenge brings another.
        self.held.retain(|held| held.count < u32::MAX);
        let credentials = &self.credentials;
        let answer = |held: &mut Held| (held.side.answer_header(), held.answer(credentials, method, uri));
        self.held.iter_mut().map(answer).collect()
    }

    /// Takes a final response to `request`, which is as it was sent.
    ///
    /// # Errors
    /// When it is a challenge and sending again would not help.
    pub fn handle_response(
        &mut self,
        request: &Request,
        response: &Response,
        rng: &mut dyn Rng,
    ) -> Result<Next, Refusal> {
        match response.status {
            StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                self.handle_challenges(request, response, rng).map(|()| Next::Retry)
            }
            status => {
                if got_through(status) {
                    self.prove(request);
                    self.renew(request, response, rng);
                }
                Ok(Next::Done)
            }
        }
    }

    /// Takes every challenge of a 401 or 407; forks may bring both kinds (§22.3).
    fn handle_challenges(&mut self, request: &Request, response: &Response, rng: &mut dyn Rng) -> Result<(), Refusal> {
        let mut why_not = Refusal::NoChallenge(response.status);
        let mut taken = false;
        for side in Side::BOTH {
            let (fit, unfit) = strongest(Challenge::all(&response.headers, side));
            if let Some(unfit) = unfit {
                why_not = Refusal::Unsupported(unfit);
            }
            for challenge in fit {
                if let Some(ours) = self.credentials.realm.as_ref().filter(|ours| challenge.realm != ours.as_str()) {
                    why_not = Refusal::OtherRealm { ours: ours.clone(), theirs: challenge.realm };
                    continue;
                }
                let answered = answered(request, side, &challenge.realm);
                self.take(side, challenge, answered.as_ref(), rng)?;
                taken = true;
            }
        }
        if taken { Ok(()) } else { Err(why_not) }
    }

    /// Takes the challenge of one realm; `answered` is the nonce that the refused request had an answer for.
    fn take(
        &mut self,
        side: Side,
        challenge: Challenge,
        answered: Option<&Text>,
        rng: &mut dyn Rng,
    ) -> Result<(), Refusal> {
        let before = self.forget(side, &challenge.realm);
        let (proven, mut stale) = before.as_ref().map_or((false, 0), |held| (held.proven, held.stale));
        if let Some(answered) = answered {
            if !challenge.stale && (!proven || challenge.nonce == *answered) {
                return Err(self.wrong_password(challenge.realm));
            }
            // Another request has brought a new nonce meanwhile: that one is tried, so that the count below ends.
            if let Some(before) = before.filter(|before| before.challenge.nonce != *answered) {
                self.held.push(before);
                return Ok(());
            }
            stale = stale.saturating_add(1);
            if stale > MAX_STALE {
                let realm = challenge.realm;
                let said = challenge.stale;
                return Err(if said { Refusal::AlwaysStale { realm } } else { self.wrong_password(realm) });
            }
        }
        if self.held.len() >= MAX_REALMS {
            self.held.remove(0);
        }
        self.held.push(Held { side, challenge, cnonce: cnonce(rng), count: 0, proven, stale });
        Ok(())
    }

    fn wrong_password(&self, realm: Text) -> Refusal {
        Refusal::WrongPassword { realm, username: self.credentials.username.clone() }
    }

    fn forget(&mut self, side: Side, realm: &Text) -> Option<Held> {
        let at = self.held.iter().position(|held| held.side == side && held.challenge.realm == *realm)?;
        Some(self.held.remove(at))
    }

    /// The answers of `request` were good, whether their nonces are still held or not.
    fn prove(&mut self, request: &Request) {
        for held in &mut self.held {
            if answered(request, held.side, &held.challenge.realm).is_some() {
                (held.proven, held.stale) = (true, 0);
            }
        }
    }

    /// Takes the `nextnonce` of Authentication-Info, which names no realm and so counts when there is but one
    /// (RFC 7616 §3.5), and if the request used the nonce that it replaces.
    fn renew(&mut self, request: &Request, response: &Response, rng: &mut dyn Rng) {
        for (side, name) in [(Side::Server, "Authentication-Info"), (Side::Proxy, "Proxy-Authentication-Info")] {
            let Some(nonce) = response.headers.named(name).and_then(next_nonce) else { continue };
            let mut of_side = self.held.iter_mut().filter(|held| held.side == side);
            let (Some(held), None) = (of_side.next(), of_side.next()) else { continue };
            if answered(request, side, &held.challenge.realm).as_ref() == Some(&held.challenge.nonce) {
                held.challenge.nonce = nonce;
                (held.cnonce, held.count) = (cnonce(rng), 0);
            }
        }
    }
}

impl Held {
    fn answer(&mut self, credentials: &Credentials, method: &Method, uri: &Uri) -> Text {
        self.count = self.count.saturating_add(1);
        let Self { challenge, cnonce, count, .. } = self;
        let algorithm = challenge.algorithm();
        // "The nc value is the hexadecimal count of the number of requests" (RFC 7616 §3.4).
        let count = format!("{count:08x}");
        let realm = challenge.realm.as_bytes();
        let username = credentials.username.as_bytes();
        let ha1 = algorithm.hash.joined(&[username, realm, credentials.password.as_bytes()]);
        let proof = Proof {
            algorithm,
            nonce: challenge.nonce.as_bytes(),
            cnonce: cnonce.as_bytes(),
            count: challenge.auth.then_some(count.as_bytes()),
            method: method.as_bytes(),
            uri: uri.as_bytes(),
        };
        let response = proof.response(ha1.as_bytes());
        let mut out = Writer::digest()
            .quoted("username", username)
            .quoted("realm", realm)
            .quoted("nonce", proof.nonce)
            .quoted("uri", proof.uri)
            .quoted("response", response.as_bytes());
        if let Some(algorithm) = challenge.algorithm {
            out = out.token("algorithm", algorithm.as_str().as_bytes());
        }
        if let Some(opaque) = &challenge.opaque {
            out = out.quoted("opaque", opaque.as_bytes());
        }
        if challenge.auth || algorithm.session {
            out = out.quoted("cnonce", proof.cnonce);
        }
        if challenge.auth {
            out = out.token("qop", b"auth").token("nc", count.as_bytes());
        }
        out.finish()
    }
}

/// Whether a response shows that the request got past authentication: 403 and server failures don't.
fn got_through(status: StatusCode) -> bool {
    match status.code() {
        200..=399 | 600..=699 => true,
        400..=499 => status != StatusCode::FORBIDDEN,
        _ => false,
    }
}

/// The best challenge of each realm, and one of those that can't be answered.
fn strongest(all: Vec<Result<Challenge, Unfit>>) -> (Vec<Challenge>, Option<Unfit>) {
    let mut best: Vec<Challenge> = Vec::new();
    let mut unfit = None;
    for challenge in all {
        let challenge = match challenge {
            Ok(challenge) => challenge,
            Err(why) => {
                unfit = Some(why);
                continue;
            }
        };
        match best.iter_mut().find(|other| other.realm == challenge.realm) {
            Some(other) if challenge.algorithm().strength() > other.algorithm().strength() => *other = challenge,
            Some(_) => {}
            None => best.push(challenge),
        }
    }
    (best, unfit)
}

/// The nonce that `request` has an answer to this realm for.
fn answered(request: &Request, side: Side, realm: &Text) -> Option<Text> {
    let answer = Answer::all(request, side).find(|answer| *answer.realm == *realm.as_bytes())?;
    Some(answer.nonce.as_ref().into())
}

fn next_nonce(value: &Text) -> Option<Text> {
    parts(value.as_bytes()).find_map(|part| match part {
        Part::Param(name, nonce) if name.eq_ignore_ascii_case(b"nextnonce") && !nonce.is_empty() => {
            Some(nonce.as_ref().into())
        }
        Part::Param(..) | Part::Scheme(_) => None,
    })
}

/// 128 random bits.
fn cnonce(rng: &mut dyn Rng) -> Text {
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    Hex::of(&bytes).as_str().into()
}
