//! Who may begin something with us: RFC 3261 §21.4.4 and §22.1, answered statelessly (§8.2.7).
//!
//!   newcomer ─► the application's judge ─► Welcome ──────────────────────► in
//!                                     ├─► Stranger ──────────────────────► 403
//!                                     └─► Prove ─► digest ─► right answer ─► in, as that user
//!                                                    └─► none, wrong, stale ─► 401 with a challenge
//!
//! What is within a dialog, repeats a request that we have taken, or cancels one, is not judged again: its tags or branch
//! name something that exists, and a peer in the middle of a call may move. Responses are to requests of ours.
//!
//! Whoever answers wrong too often is a stranger for a while ([`guard`](super::guard)).

use std::net::IpAddr;
use std::time::Instant;

use tracing::{debug, trace};

use super::UserAgent;
use super::guard::Guard;
use super::receive::Arrival;
use super::reply::Refusal;
use crate::digest::{self, Algorithm, Secret, Side};
use crate::message::{Request, Response, StatusCode, Text};

/// Somebody who begins something with us.
#[derive(Debug, Clone, Copy)]
pub struct Newcomer<'a> {
    /// Where the request came from; IPv4 never in its IPv6-mapped form.
    pub source: IpAddr,
    /// What it asks; none when it can't be read well enough to say.
    pub request: Option<&'a Request>,
}

/// What becomes of a newcomer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It gets service.
    Welcome,
    /// It gets 403.
    Stranger,
    /// It gets service once it has proved who it is; without [`UserAgent::set_authentication`] it is a stranger.
    Prove,
}

type Judge = Box<dyn Fn(&Newcomer<'_>) -> Verdict + Send>;
type Secrets = Box<dyn Fn(&Text, Algorithm) -> Option<Secret> + Send>;

/// Who is admitted, who was not, and who has to prove himself.
pub(super) struct Admission {
    judge: Judge,
    digest: Option<(digest::Server, Secrets)>,
    guard: Guard,
    refused: u64,
    last: Option<IpAddr>,
}

impl Default for Admission {
    fn default() -> Self {
        Self { judge: Box::new(|_| Verdict::Welcome), digest: None, guard: Guard::default(), refused: 0, last: None }
    }
}

impl Admission {
    /// Lets a newcomer in, with the name that it has proved, or says how it is refused.
    fn admit(&mut self, newcomer: Newcomer<'_>, now: Instant) -> Result<Option<Text>, Refusal> {
        match ((self.judge)(&newcomer), &newcomer.request) {
            (Verdict::Welcome, _) => Ok(None),
            (Verdict::Prove, Some(request)) if self.digest.is_some() => self.prove(newcomer.source, request, now),
            (Verdict::Stranger | Verdict::Prove, _) => Err(self.turn_away(newcomer.source)),
        }
    }

    /// Notes a stranger.
    fn turn_away(&mut self, source: IpAddr) -> Refusal {
        trace!(peer = %source, "stranger turned away");
        self.refused = self.refused.saturating_add(1);
        self.last = Some(source);
        StatusCode::FORBIDDEN.into()
    }

    fn prove(&mut self, source: IpAddr, request: &Request, now: Instant) -> Result<Option<Text>, Refusal> {
        if self.guard.shuts_out(source, now) {
            return Err(self.turn_away(source));
        }
        let Some((digest, secrets)) = &mut self.digest else { return Err(self.turn_away(source)) };
        match digest.verify(request, Side::Server, |user, algorithm| secrets(user, algorithm), now) {
            digest::Verdict::Accepted { username } => Ok(Some(username)),
            digest::Verdict::Unanswered => Err(Refusal::challenge(false)),
            digest::Verdict::Stale => Err(Refusal::challenge(true)),
            digest::Verdict::Refused => {
                debug!(peer = %source, method = %request.method, "a wrong answer to a challenge");
                self.guard.note_failure(source, now);
                Err(Refusal::challenge(false))
            }
        }
    }

    /// Puts the challenge into a 401.
    pub(super) fn challenge(&mut self, response: &mut Response, stale: bool, now: Instant) {
        if let Some((digest, _)) = &mut self.digest {
            digest.challenge(response, Side::Server, stale, now);
        }
    }
}

impl UserAgent {
    /// From now on, `judge` says of each request outside any dialog whether it gets service. Those that don't cost no
    /// memory and raise no event; calls under way go on. Without this, everybody is welcome. `judge` is asked for each
    /// such request, so it must be quick.
    pub fn set_admission(&mut self, judge: impl Fn(&Newcomer<'_>) -> Verdict + Send + 'static) {
        self.admission.judge = Box::new(judge);
    }

    /// From now on, who has to prove himself is challenged by `digest`; `secret` gives what the user of a name is known
    /// by.
    pub fn set_authentication(
        &mut self,
        digest: digest::Server,
        secret: impl Fn(&Text, Algorithm) -> Option<Secret> + Send + 'static,
    ) {
        self.admission.digest = Some((digest, Box::new(secret)));
    }

    /// How many requests of strangers were refused so far.
    pub fn refused_strangers(&self) -> u64 {
        self.admission.refused
    }

    /// Where the last of them came from.
    pub fn last_stranger(&self) -> Option<IpAddr> {
        self.admission.last
    }

    /// How many addresses are shut out at present, as they answered challenges wrong too often.
    pub fn shut_out(&self, now: Instant) -> usize {
        self.admission.guard.count(now)
    }

    /// Lets in what concerns something that exists, and newcomers that may come in.
    pub(super) fn admit(&mut self, arrival: &mut Arrival, now: Instant) -> Result<(), Refusal> {
        let known = match &arrival.cancelled {
            Some(invite) => self.servers.find(invite).is_some(),
            None => {
                let tag = arrival.request.headers.to_tag().ok().flatten();
                tag.is_some_and(|tag| self.session_of(&tag, &arrival.request).is_some())
            }
        };
        if known {
            return Ok(());
        }
        let source = arrival.flow.peer.ip().to_canonical();
        arrival.user = self.admission.admit(Newcomer { source, request: Some(&arrival.request) }, now)?;
        Ok(())
    }

    /// Whether who sent something that can't be read may at least hear what is wrong with it.
    pub(super) fn admits_unread(&mut self, source: IpAddr, now: Instant) -> Result<(), Refusal> {
        self.admission.admit(Newcomer { source: source.to_canonical(), request: None }, now).map(drop)
    }
}
