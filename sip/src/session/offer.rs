//! Offers within a session: re-INVITE (RFC 3261 §14), answers that come late, and who owes what (RFC 3264 §4).
//!
//!   Idle ──our re-INVITE──► Offering ──2xx──► Idle    (──491──► Idle, and again after a pause; undecided: CANCEL)
//!   Idle ──peer's re-INVITE──► Offered ──answer_offer──► Accepted ──ACK──► Idle
//!   Offering or Calling without an offer ──2xx with one──► Owing ──answer_offer──► Idle
//!
//! While one exchange is open no other starts: the peer's is refused with 491 (or 500, §14.2), ours by an error.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::reply::capabilities;
use super::{Body, EndCause, Event, Output, Session, State, TransactionId};
use crate::error::Error;
use crate::flow::Flow;
use crate::message::{HeaderName, Method, Reason, Request, Response, StatusCode, Token};
use crate::transaction::{Backoff, earliest};

/// How long a peer may think about a re-INVITE after timer B would have ended it; §14 knows no limit.
const DECISION: Duration = Duration::from_secs(60);

/// The INVITE exchange of a confirmed dialog.
#[derive(Debug, Default)]
pub(super) enum Exchange {
    /// None.
    #[default]
    Idle,
    /// Our 2xx awaits its ACK.
    Accepted(Accepted),
    /// The peer's re-INVITE awaits our application.
    Offered(Offered),
    /// Our re-INVITE awaits its final response; it held an offer or not. At `until` it is cancelled, once.
    Offering { cseq: u32, body: Option<Body>, until: Option<Instant> },
    /// A 2xx brought an offer: our ACK has to bring the answer (§13.2.1).
    Owing { cseq: u32 },
}

/// A re-INVITE of the peer, or an UPDATE with an offer (RFC 3311).
#[derive(Debug)]
pub(super) struct Offered {
    request: Box<Request>,
    transaction: TransactionId,
    /// The way it came: ours from its 2xx on, as a NAT may have moved the peer.
    flow: Flow,
}

/// A 2xx of ours, "passed to the transport with an interval that starts at T1 seconds and doubles for each
/// retransmission until it reaches T2 seconds" (§13.3.1.4).
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) cseq: u32,
    pub(super) transaction: TransactionId,
    pub(super) status: StatusCode,
    pub(super) response: Bytes,
    pub(super) again: Backoff,
    /// "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, the dialog is
    /// confirmed, but the session SHOULD be terminated."
    pub(super) until: Instant,
    /// The 2xx holds our offer, so the ACK brings the answer.
    pub(super) offering: bool,
}

/// When to send a re-INVITE again that met a 491 (§14.1).
#[derive(Debug)]
pub(super) struct Retry {
    pub(super) at: Instant,
    pub(super) body: Option<Body>,
}

impl Exchange {
    /// Is this the peer's re-INVITE of that transaction, still without an answer?
    pub(super) fn is_offered_by(&self, id: TransactionId) -> bool {
        matches!(self, Self::Offered(offered) if offered.transaction == id)
    }

    pub(super) fn wake_up(&self) -> Option<Instant> {
        match self {
            Self::Accepted(accepted) => earliest(Some(accepted.again.at()), Some(accepted.until)),
            Self::Offering { until, .. } => *until,
            Self::Idle | Self::Offered(_) | Self::Owing { .. } => None,
        }
    }
}

impl Session {
    /// Sends a re-INVITE.
    pub(crate) fn offer(&mut self, body: Option<Body>, now: Instant) -> Result<(), Error> {
        let State::Confirmed(confirmed) = &mut self.state else { return Err(Error::WrongState(self.id)) };
        let free = matches!(confirmed.exchange, Exchange::Idle);
        if !free || confirmed.retry.is_some() || confirmed.hangup.is_some() {
            return Err(Error::WrongState(self.id));
        }
        self.send_offer(body, now);
        Ok(())
    }

    pub(super) fn send_offer(&mut self, body: Option<Body>, now: Instant) {
        let mut request = self.dialog.request(Method::Invite);
        capabilities(&mut request.headers, &self.settings);
        if let Some(body) = &body {
            request.set_body(&body.content_type, body.content.clone());
            self.described = Some(body.clone());
        }
        let State::Confirmed(confirmed) = &mut self.state else { return };
        let until = Some(now + self.settings.timers.transaction() + DECISION);
        confirmed.exchange = Exchange::Offering { cseq: self.dialog.local_cseq(), body, until };
        self.send_invite(request, self.next_hop());
    }

    /// The pause after a 491 is over. Meanwhile the peer's own re-INVITE may have begun: then once more later.
    pub(super) fn retry_offer(&mut self, now: Instant) {
        let State::Confirmed(confirmed) = &mut self.state else { return };
        let Some(retry) = confirmed.retry.take_if(|retry| retry.at <= now) else { return };
        if matches!(confirmed.exchange, Exchange::Idle) {
            self.send_offer(retry.body, now);
        } else {
            confirmed.retry = Some(Retry { at: now + self.settings.timers.t1, ..retry });
        }
    }

    /// The peer has had time enough for our re-INVITE: CANCEL. Its 487 leaves the session as it was (§14.1), and so does
    /// any other failure; when nothing comes either, the transaction times out and the call is over.
    pub(super) fn cancel_offer(&mut self, now: Instant) {
        let State::Confirmed(confirmed) = &mut self.state else { return };
        let Exchange::Offering { until, .. } = &mut confirmed.exchange else { return };
        if until.take_if(|until| *until <= now).is_some()
            && let Some(key) = self.invite
        {
            self.outputs.push_back(Output::Cancel(key, None));
        }
    }

    /// A re-INVITE of the peer, in order and well-formed. `Err` is the status to refuse it with at once.
    pub(crate) fn handle_reinvite(
        &mut self,
        invite: &Request,
        transaction: TransactionId,
        flow: Flow,
    ) -> Result<(), StatusCode> {
        self.may_be_offered()?;
        self.take_offer(invite, transaction, flow);
        Ok(())
    }

    /// Whether the peer may make an offer now.
    fn may_be_offered(&self) -> Result<(), StatusCode> {
        let State::Confirmed(confirmed) = &self.state else { return Err(StatusCode::SERVER_INTERNAL_ERROR) };
        match confirmed.exchange {
            Exchange::Idle if confirmed.hangup.is_none() => Ok(()),
            // "A UAS that receives a second INVITE before it sends the final response to a first INVITE with a lower
            // CSeq sequence number on the same dialog MUST return a 500 (Server Internal Error) response" (§14.2).
            Exchange::Offered(_) => Err(StatusCode::SERVER_INTERNAL_ERROR),
            Exchange::Idle | Exchange::Accepted(_) | Exchange::Offering { .. } | Exchange::Owing { .. } => {
                Err(StatusCode::REQUEST_PENDING)
            }
        }
    }

    fn take_offer(&mut self, request: &Request, transaction: TransactionId, flow: Flow) {
        let request = Box::new(request.detach());
        let body = Body::of(&request.headers, &request.body, &self.settings);
        if let State::Confirmed(confirmed) = &mut self.state {
            confirmed.exchange = Exchange::Offered(Offered { request, transaction, flow });
        }
        self.tell(Event::Offer { id: self.id, body });
    }

    /// An UPDATE of the peer, in order and well-formed: one without an offer refreshes the session at once, one with an
    /// offer is like a re-INVITE, but that no ACK follows. `Err` is the status to refuse it with at once.
    ///
    /// Before the answer there is no offer to be made: the INVITE's is still open ("the UAS MUST reject the UPDATE",
    /// RFC 3311 §5.2).
    pub(crate) fn handle_update(
        &mut self,
        update: &Request,
        transaction: TransactionId,
        flow: Flow,
        now: Instant,
    ) -> Result<(), StatusCode> {
        if Body::of(&update.headers, &update.body, &self.settings).is_some() {
            match &self.state {
                State::Calling(_) => return Err(StatusCode::REQUEST_PENDING),
                State::Ringing(_) | State::Ended => return Err(StatusCode::SERVER_INTERNAL_ERROR),
                State::Confirmed(_) => self.may_be_offered()?,
            }
            self.take_offer(update, transaction, flow);
            return Ok(());
        }
        self.dialog.follow(update);
        self.flow = flow;
        self.answer_update(update, transaction, None, now);
        Ok(())
    }

    /// 200 to an UPDATE.
    fn answer_update(&mut self, update: &Request, transaction: TransactionId, body: Option<&Body>, now: Instant) {
        let mut response = self.respond(update, StatusCode::OK);
        response.headers.push(HeaderName::Contact, self.dialog.contact().clone());
        capabilities(&mut response.headers, &self.settings);
        if matches!(self.state, State::Confirmed(_)) {
            self.grant_timer(&update.headers, &mut response, now);
        }
        if let Some(body) = body {
            response.set_body(&body.content_type, body.content.clone());
        }
        self.outputs.push_back(Output::Respond(transaction, response.status, response.to_bytes()));
    }

    /// An INFO that is answered already: what it says is for the application.
    pub(crate) fn handle_info(&mut self, info: &Request) {
        let Some(content_type) = info.headers.get(&HeaderName::ContentType).filter(|_| !info.body.is_empty()) else {
            return;
        };
        let body = Body { content_type: content_type.detach(), content: Bytes::copy_from_slice(&info.body) };
        self.tell(Event::Info { id: self.id, body });
    }

    /// The application's answer to [`Event::Offer`], or to the offer of a 2xx.
    pub(crate) fn answer_offer(&mut self, answer: Result<Body, StatusCode>, now: Instant) -> Result<(), Error> {
        let State::Confirmed(confirmed) = &mut self.state else { return Err(Error::WrongState(self.id)) };
        match (&confirmed.exchange, answer) {
            (Exchange::Offered(_), Ok(body)) => self.accept_offer(body, now),
            (Exchange::Offered(_), Err(status)) if status.is_failure() => self.refuse_offer(status),
            (Exchange::Owing { cseq }, Ok(body)) => {
                let cseq = *cseq;
                confirmed.exchange = Exchange::Idle;
                self.acknowledge(cseq, Some(body));
            }
            (Exchange::Owing { .. }, Err(status)) if status.is_failure() => {
                // An answer cannot be refused, only the call ended.
                let reason = Token::new("SIP").map(|sip| Reason::new(sip, status.code(), status.default_reason()));
                self.leave(reason);
                self.end(EndCause::LocalHangup);
            }
            (Exchange::Offered(_) | Exchange::Owing { .. }, Err(status)) => {
                return Err(Error::WrongStatus(status));
            }
            (Exchange::Idle | Exchange::Accepted(_) | Exchange::Offering { .. }, _) => {
                return Err(Error::WrongState(self.id));
            }
        }
        Ok(())
    }

    fn accept_offer(&mut self, body: Body, now: Instant) {
        let Some(Offered { request: invite, transaction, flow }) = self.take_offered() else { return };
        self.dialog.follow(&invite);
        self.flow = flow;
        if invite.method == Method::Update {
            self.answer_update(&invite, transaction, Some(&body), now);
            self.described = Some(body);
            return;
        }
        let offering = Body::of(&invite.headers, &invite.body, &self.settings).is_none();
        self.send_2xx(&invite, transaction, &[], Some(body), offering, now);
    }

    fn take_offered(&mut self) -> Option<Offered> {
        let State::Confirmed(confirmed) = &mut self.state else { return None };
        if !matches!(confirmed.exchange, Exchange::Offered(_)) {
            return None;
        }
        let Exchange::Offered(offered) = std::mem::take(&mut confirmed.exchange) else { return None };
        Some(offered)
    }

    /// Answers the peer's pending re-INVITE with a failure; nothing happens when there is none.
    pub(super) fn refuse_offer(&mut self, status: StatusCode) {
        let Some(Offered { request, transaction, .. }) = self.take_offered() else { return };
        let response = self.respond(&request, status);
        self.outputs.push_back(Output::Respond(transaction, status, response.to_bytes()));
    }

    /// A 2xx to our re-INVITE.
    pub(super) fn offer_answered(&mut self, response: &Response, cseq: u32) {
        let Some(offer) = self.take_offering() else { return };
        let answer = Body::of(&response.headers, &response.body, &self.settings);
        self.dialog.refresh_target(&response.headers);
        if offer.is_none() && answer.is_some() {
            self.owe_answer(cseq);
        } else {
            self.acknowledge(cseq, None);
        }
        self.tell(Event::OfferAnswered { id: self.id, body: answer });
    }

    /// What our re-INVITE offered, if it is out.
    fn take_offering(&mut self) -> Option<Option<Body>> {
        let State::Confirmed(confirmed) = &mut self.state else { return None };
        if !matches!(confirmed.exchange, Exchange::Offering { .. }) {
            return None;
        }
        let Exchange::Offering { body, .. } = std::mem::take(&mut confirmed.exchange) else { return None };
        Some(body)
    }

    fn retry_later(&mut self, body: Option<Body>, at: Instant) {
        if let State::Confirmed(confirmed) = &mut self.state {
            confirmed.retry = Some(Retry { at, body });
        }
    }

    fn owe_answer(&mut self, cseq: u32) {
        if let State::Confirmed(confirmed) = &mut self.state {
            confirmed.exchange = Exchange::Owing { cseq };
        }
    }

    /// A failure of our re-INVITE. `random` spreads the pause after a 491.
    pub(super) fn offer_refused(&mut self, status: StatusCode, random: u32, now: Instant) {
        let Some(body) = self.take_offering() else { return };
        if status == StatusCode::REQUEST_PENDING {
            self.retry_later(body, now + pause(self.dialog.owns_call_id(), random));
        } else if status == StatusCode::CALL_DOES_NOT_EXIST || status == StatusCode::REQUEST_TIMEOUT {
            self.leave(None);
            self.end(EndCause::DialogLost);
        } else {
            self.tell(Event::OfferRefused { id: self.id, status });
        }
    }
}

/// §14.1: "between 2.1 and 4 seconds in units of 10 ms" for the owner of the Call-ID, else "between 0 and 2 seconds".
fn pause(owner: bool, random: u32) -> Duration {
    let (least, steps) = if owner { (210, 191) } else { (0, 201) };
    Duration::from_millis(10 * u64::from(least + random % steps))
}
