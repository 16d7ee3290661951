//! One INVITE, from its ports to its end: a 2xx, a refusal, or our patience.

use super::Try;
use crate::call::context::Context;
use crate::call::disposition::Disposition;
use crate::call::media::{Agreed, Described, MediaError, Prepared, body_of};
use crate::net::shard::Leg;
use crate::net::sip::{Dial, SipHandle, Way};
use crate::trunk::Permit;
use std::time::Duration;
use talkpath_dialplan::{Cause, Outcome};
use talkpath_media::g711::Law;
use talkpath_media::sdp::{self, MediaPlan};
use talkpath_sip::agent::{Body, EndCause, Event, Reason, RefusalCause, SessionId};
use talkpath_sip::message::{HeaderName, Headers, NameAddr, StatusCode, Text, Token};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{debug, warn};

/// How long a call that we have given up may take to end, before we stop waiting for its end.
const GIVING_UP: Duration = Duration::from_secs(3);

/// A sign of life of somebody who is being called.
#[derive(Debug)]
pub(crate) enum Sign {
    /// The telephone rings.
    Ringing,
    /// There is something to be heard before the answer, on this leg.
    Early(Box<EarlyLeg>),
}

/// A leg that can be heard before the answer, and what it goes on from.
#[derive(Debug)]
pub(crate) struct EarlyLeg {
    pub(crate) leg: (Leg, Described),
    pub(crate) law: Law,
}

/// Somebody who has answered.
#[derive(Debug)]
pub(crate) struct Picked {
    pub(crate) session: SessionId,
    pub(crate) events: mpsc::Receiver<Event>,
    pub(crate) found: Found,
    /// Who it is, for people.
    pub(crate) who: String,
    /// The channel of its trunk; free again when this is dropped.
    pub(crate) permit: Option<Permit>,
}

/// The media of somebody who has answered.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nobody has heard anything of it yet.
    Fresh(Prepared, Agreed),
    /// Its leg was given away when there was something to be heard; this is what the answer says of it.
    Early(MediaPlan),
}

impl Found {
    /// The law that it speaks.
    pub(crate) fn law(&self) -> Law {
        match self {
            Self::Fresh(_, agreed) => agreed.plan.law,
            Self::Early(plan) => plan.law,
        }
    }
}

/// Nobody has answered.
#[derive(Debug)]
pub(super) struct Missed {
    pub(super) disposition: Disposition,
    /// For whoever decides on another try; none when nobody wants one.
    pub(super) outcome: Option<Outcome>,
    /// Whether the telephone rang.
    pub(super) rang: bool,
    /// Where a 3xx says that the callee is.
    pub(super) moved: Vec<NameAddr>,
}

/// What one INVITE is given.
pub(super) struct Attempt<'a> {
    pub(super) context: &'a Context,
    pub(super) sip: &'a SipHandle,
    pub(super) wanted: &'a Try,
    pub(super) way: Way,
    /// The law that is offered first.
    pub(super) law: Option<Law>,
    /// Whether a leg that can be heard before the answer is wanted.
    pub(super) early: bool,
    /// Max-Forwards, unless it is the usual one.
    pub(super) hops: Option<u8>,
    /// Until when it may ring.
    pub(super) until: Instant,
    /// How long nothing at all may come back, where there is something else to try.
    pub(super) first_sign: Option<Duration>,
    pub(super) signs: &'a mpsc::Sender<Sign>,
}

impl Missed {
    fn of(disposition: Disposition, outcome: Option<Outcome>) -> Self {
        Self { disposition, outcome, rang: false, moved: Vec::new() }
    }

    fn failed(error: &MediaError) -> Self {
        warn!(%error, "the call can't have media");
        Self::of(Disposition::refused_by_us(error.status(), error.to_string()), None)
    }
}

impl Attempt<'_> {
    /// Sends the INVITE and waits for its end. When `stop` ends, whether by a word or not, it is given up.
    pub(super) async fn run(self, stop: &mut oneshot::Receiver<Reason>) -> Result<Picked, Missed> {
        let peer = self.way.peer().ip();
        let prepared =
            Prepared::bind(self.context, self.sip, peer, self.law).map_err(|error| Missed::failed(&error))?;
        let Try { request_uri, to, from, headers, contact, credentials, .. } = self.wanted;
        let hops = self.hops.map(|hops| (HeaderName::MaxForwards, hops.to_string().into()));
        let dial = Dial {
            way: self.way,
            request_uri: request_uri.clone(),
            from: from.clone(),
            to: to.clone(),
            contact: contact.clone(),
            headers: headers.iter().cloned().chain(hops).collect(),
            body: body_of(prepared.offer()),
            credentials: credentials.clone(),
        };
        match self.sip.dial(dial).await {
            Ok((session, events)) => Waiting::new(&self, session, events, prepared).run(stop).await,
            Err(error) => {
                warn!(%error, "the call can't be placed");
                let disposition = Disposition::Lost { why: "its INVITE could not be made" };
                Err(Missed::of(disposition, Some(Outcome::Transport)))
            }
        }
    }
}

/// A reason for the other side's log.
pub(crate) fn reason(protocol: &str, cause: u16, text: &str) -> Option<Reason> {
    Token::new(protocol).map(|protocol| Reason::new(protocol, cause, text))
}

/// An INVITE that is out.
struct Waiting<'a> {
    attempt: &'a Attempt<'a>,
    session: SessionId,
    events: mpsc::Receiver<Event>,
    /// Why we have given it up, if we have.
    given_up: Option<Missed>,
    deadline: Instant,
    heard: bool,
    rang: bool,
    early: Option<Body>,
    offer: Vec<u8>,
    /// Until its leg is given away.
    prepared: Option<Prepared>,
}

enum Next {
    Event(Option<Event>),
    TimeIsUp,
    Stopped(Option<Reason>),
}

impl<'a> Waiting<'a> {
    fn new(attempt: &'a Attempt<'a>, session: SessionId, events: mpsc::Receiver<Event>, prepared: Prepared) -> Self {
        let first = attempt.first_sign.map(|patience| Instant::now() + patience);
        let deadline = first.map_or(attempt.until, |first| first.min(attempt.until));
        let (offer, prepared) = (prepared.offer(), Some(prepared));
        let (heard, rang, early) = (false, false, None);
        Self { attempt, session, events, given_up: None, deadline, heard, rang, early, offer, prepared }
    }

    async fn run(mut self, stop: &mut oneshot::Receiver<Reason>) -> Result<Picked, Missed> {
        loop {
            let next = tokio::select! {
                event = self.events.recv() => Next::Event(event),
                () = tokio::time::sleep_until(self.deadline) => Next::TimeIsUp,
                stopped = &mut *stop, if self.given_up.is_none() => Next::Stopped(stopped.ok()),
            };
            match next {
                Next::Event(Some(Event::Answered { body, .. })) => {
                    // A gateway that has answered in its 183 may leave the 2xx without a body.
                    let answer = body.or(self.early.take()).map(|body| body.content).unwrap_or_default();
                    return self.picked(&answer).await;
                }
                Next::Event(event) => {
                    if let Some(missed) = self.event(event).await {
                        return Err(self.given_up.unwrap_or(missed));
                    }
                }
                Next::TimeIsUp => match self.given_up.take() {
                    None => self.run_out_of_patience().await,
                    // A CANCEL waits for a response (RFC 3261 §9.1) that may never come: the driver sees to that.
                    Some(missed) if self.heard => return Err(missed),
                    Some(missed) => return Err(unheard(missed)),
                },
                Next::Stopped(reason) => {
                    let missed = Missed::of(Disposition::CancelledByUs, None);
                    self.give_up(missed, reason).await;
                }
            }
        }
    }

    async fn picked(self, answer: &[u8]) -> Result<Picked, Missed> {
        let found = match self.prepared {
            Some(prepared) => prepared.accept(answer).map(|agreed| Found::Fresh(prepared, agreed)),
            None => sdp::accept_answer(&self.offer, answer).map(Found::Early).map_err(MediaError::from),
        };
        let Self { session, events, attempt, .. } = self;
        match found {
            Ok(found) => Ok(Picked { session, events, found, who: attempt.wanted.who.clone(), permit: None }),
            Err(error) => {
                let reason = reason("SIP", error.status().code(), "the answer has no codec that was offered");
                attempt.sip.hangup(session, reason).await;
                Err(Missed::failed(&error))
            }
        }
    }

    async fn run_out_of_patience(&mut self) {
        let silent = !self.heard && self.deadline < self.attempt.until;
        let missed = match silent {
            true => Missed::of(Disposition::of_end(&EndCause::NoResponse), Some(Outcome::NoResponse)),
            false => Missed::of(Disposition::NoAnswer, Some(Outcome::RingTimeout)),
        };
        let rang = self.rang;
        self.give_up(Missed { rang, ..missed }, None).await;
        if silent {
            // Nobody is there whose end could be waited for, and somewhere else to try; what comes yet, the driver sees to.
            self.deadline = Instant::now();
        }
    }

    async fn give_up(&mut self, missed: Missed, reason: Option<Reason>) {
        self.given_up = Some(missed);
        self.deadline = Instant::now() + GIVING_UP;
        self.attempt.sip.hangup(self.session, reason).await;
    }

    /// What happened to the INVITE; how it ended, if it did.
    async fn event(&mut self, event: Option<Event>) -> Option<Missed> {
        match event {
            Some(Event::Progress { status, body, .. }) => {
                self.heard = true;
                if self.given_up.is_none() {
                    self.deadline = self.attempt.until;
                }
                self.progress(status, body).await;
                None
            }
            Some(Event::Refused { status, reason, cause, headers, .. }) => {
                Some(self.refused(status, &reason, cause, &headers))
            }
            Some(Event::Ended { cause: cause @ EndCause::NoResponse, .. }) => {
                Some(Missed::of(Disposition::of_end(&cause), Some(Outcome::NoResponse)))
            }
            Some(Event::Ended { .. }) => Some(Missed::of(Disposition::NoAnswer, None)),
            None => Some(Missed::of(Disposition::Lost { why: "its dialog ended by a fault" }, None)),
            Some(_) => None,
        }
    }

    async fn progress(&mut self, status: StatusCode, body: Option<Body>) {
        let rings = status == StatusCode::RINGING && !self.rang;
        self.rang |= status == StatusCode::RINGING;
        if rings {
            self.tell(Sign::Ringing).await;
        }
        let Some(body) = body else { return };
        if self.attempt.early
            && let Some(prepared) = self.prepared.take()
        {
            match prepared.accept(&body.content) {
                Ok(agreed) => {
                    let law = agreed.plan.law;
                    let leg = prepared.into_leg(agreed);
                    self.tell(Sign::Early(Box::new(EarlyLeg { leg, law }))).await;
                }
                // What can't be heard yet may be when it is answered.
                Err(_) => self.prepared = Some(prepared),
            }
        }
        self.early = Some(body);
    }

    async fn tell(&self, sign: Sign) {
        if self.attempt.signs.send(sign).await.is_err() {
            debug!("nobody waits for signs of this call any more");
        }
    }

    fn refused(&self, status: StatusCode, reason: &Text, cause: RefusalCause, headers: &Headers) -> Missed {
        let told = headers.get(&HeaderName::Reason).and_then(|field| Cause::of_reason(&field.to_string()));
        let disposition = Disposition::of_failure(cause, status, reason, told);
        let outcome = match cause {
            RefusalCause::Response => Outcome::Response { status: status.code(), cause: told },
            RefusalCause::Timeout => Outcome::NoResponse,
            RefusalCause::Transport => Outcome::Transport,
        };
        let moved = if status.is_redirect() { super::redirect::contacts(headers) } else { Vec::new() };
        Missed { disposition, outcome: Some(outcome), rang: self.rang, moved }
    }
}

/// Given up, and nothing has come back at all: it isn't that nobody picked up.
fn unheard(missed: Missed) -> Missed {
    if missed.disposition != Disposition::NoAnswer {
        return missed;
    }
    let disposition = Disposition::of_end(&EndCause::NoResponse);
    Missed { disposition, outcome: Some(Outcome::NoResponse), ..missed }
}
