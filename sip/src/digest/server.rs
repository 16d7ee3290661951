//! The asking side: RFC 3261 §22.1, RFC 7616 §3.3 and §3.4.6, RFC 8760 §2.4.
//!
//! A [`Server`] keeps no sessions: its nonces carry their expiry and prove that it made them, and a bounded ledger of
//! the counts used keeps answers from being replayed. It is driven by whoever takes requests: [`Server::verify`]
//! each, and unless it is [`Verdict::Accepted`] refuse it with what [`Server::challenge`] puts into the response.
//! Retransmissions must not come here; they belong to the transaction.
//!
//! An unknown user and a wrong password look the same and cost the same. `stale` is said only to answers that are
//! right but for their nonce (RFC 7616 §3.3), also when another start of the program made it.
//!
//! Deviations: of the answer's `uri` only the user part must be that of the Request-URI, as proxies on the way rewrite
//! hosts and parameters. A `-sess` key is computed for each request from its own cnonce.

use std::time::{Duration, Instant};

use rand::Rng;

use super::Side;
use super::algorithm::{Algorithm, Proof};
use super::answer::Answer;
use super::challenge::Challenge;
use super::ledger::Ledger;
use super::nonce::Nonces;
use crate::message::{Request, Response, Text, Uri};

/// Settings of a [`Server`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Our realm, which is part of stored HA1s.
    pub realm: String,
    /// What is offered, best first: one challenge each (RFC 8760 §2.4).
    pub algorithms: Vec<Algorithm>,
    /// How long a nonce is good; 5 minutes by default.
    pub nonce_life: Duration,
    /// How many nonces in use are remembered; 65,536 by default, some 4 MB when full.
    pub max_nonces: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            realm: "talkpath".to_owned(),
            algorithms: vec![Algorithm::SHA_256, Algorithm::MD5],
            nonce_life: Duration::from_secs(300),
            max_nonces: 65_536,
        }
    }
}

/// What a user is known by.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The password itself.
    Password(Text),
    /// What [`Hash::ha1`](super::Hash::ha1) makes of it, for the hash of the algorithm that is asked about.
    Ha1(Text),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password",
            Self::Ha1(_) => "Ha1",
        })
    }
}

/// What became of a request's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is right.
    Accepted {
        /// Whose it is.
        username: Text,
    },
    /// It is right but for its nonce, which has expired, was used, or isn't ours: challenge with `stale`.
    Stale,
    /// It is wrong, or there is no such user: challenge, or refuse.
    Refused,
    /// There is none for our realm: challenge.
    Unanswered,
}

/// Challenges requests and judges their answers.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    pub(super) nonces: Nonces,
    pub(super) ledger: Ledger,
}

impl Server {
    /// `key` makes nonces unforgeable; keep it secret.
    pub fn new(settings: Settings, key: [u8; 32], rng: &mut dyn Rng, now: Instant) -> Self {
        let mut salt = [0; 16];
        rng.fill_bytes(&mut salt);
        let nonces = Nonces::new(key, salt, settings.nonce_life, now);
        let ledger = Ledger::new(settings.max_nonces);
        Self { settings, nonces, ledger }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Puts a challenge for each algorithm into a 401 or 407, all with the same new nonce.
    pub fn challenge(&mut self, response: &mut Response, side: Side, stale: bool, now: Instant) {
        let nonce = Text::from(self.nonces.next(now));
        for algorithm in &self.settings.algorithms {
            let challenge = Challenge {
                realm: Text::from(&self.settings.realm),
                nonce: nonce.clone(),
                opaque: None,
                stale,
                algorithm: Some(*algorithm),
                auth: true,
            };
            response.headers.push(side.challenge_header(), challenge.to_text());
        }
    }

    /// Judges the answer of a request. `secret` gives what the user of this name is known by, and is asked at most
    /// once.
    pub fn verify(
        &mut self,
        request: &Request,
        side: Side,
        secret: impl FnOnce(&Text, Algorithm) -> Option<Secret>,
        now: Instant,
    ) -> Verdict {
        let realm = self.settings.realm.as_bytes();
        let Some(answer) = Answer::all(request, side).find(|answer| *answer.realm == *realm) else {
            return Verdict::Unanswered;
        };
        let Some((proof, count)) = self.proof(&answer, request) else { return Verdict::Refused };
        let username = Text::from(answer.username.as_ref());
        let (decoy, known) = (self.nonces.decoy(), secret(&username, proof.algorithm));
        let (password, stored) = match &known {
            Some(Secret::Password(password)) => (password.as_bytes(), None),
            Some(Secret::Ha1(ha1)) => (decoy.as_slice(), Some(ha1.as_bytes().to_ascii_lowercase())),
            None => (decoy.as_slice(), None),
        };
        let made = proof.algorithm.hash.joined(&[username.as_bytes(), realm, password]);
        let ha1 = stored.as_deref().unwrap_or(made.as_bytes());
        let expected = proof.response(ha1);
        let right = self.nonces.same(expected.as_bytes(), &answer.response.to_ascii_lowercase());
        if !right || known.is_none() {
            return Verdict::Refused;
        }
        if self.spend(&answer.nonce, count, now) { Verdict::Accepted { username } } else { Verdict::Stale }
    }

    /// What the answer is to prove, and its nonce count; nothing when it can't be right.
    fn proof<'a>(&self, answer: &'a Answer<'_>, request: &'a Request) -> Option<(Proof<'a>, Option<u32>)> {
        let algorithm = match &answer.algorithm {
            Some(name) => Algorithm::read(name)?,
            None => Algorithm::MD5,
        };
        if !self.settings.algorithms.contains(&algorithm) || !concerns(&answer.uri, &request.uri) {
            return None;
        }
        let (written, count) = match &answer.qop {
            Some(qop) if qop.eq_ignore_ascii_case(b"auth") => {
                let written = answer.count.as_deref()?;
                (Some(written), Some(nonce_count(written)?))
            }
            Some(_) => return None,
            None => (None, None),
        };
        let proof = Proof {
            algorithm,
            nonce: &answer.nonce,
            cnonce: &answer.cnonce,
            count: written,
            method: request.method.as_bytes(),
            uri: &answer.uri,
        };
        Some((proof, count))
    }

    /// Uses a nonce; false when it is no longer good.
    fn spend(&mut self, nonce: &[u8], count: Option<u32>, now: Instant) -> bool {
        let now = self.nonces.clock(now);
        match self.nonces.read(nonce) {
            Some(nonce) if now < nonce.expires => self.ledger.take(nonce.serial, nonce.expires, count, now),
            Some(_) | None => false,
        }
    }
}

/// Whether an answer for `uri` may stand in a request for `requested`.
fn concerns(uri: &[u8], requested: &Uri) -> bool {
    if uri == requested.as_bytes() {
        return true;
    }
    let Ok(uri) = Uri::parse(uri) else { return false };
    uri.equivalent(requested) || (uri.is_sip() && requested.is_sip() && uri.user() == requested.user())
}

/// `nc`: one to eight hexadecimal digits, from 1.
fn nonce_count(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || digits.len() > 8 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok().filter(|&count| count > 0)
}
