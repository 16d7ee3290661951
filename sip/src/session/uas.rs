//! The called side until the ACK: RFC 3261 §13.3.
//!
//!   Ringing ──accept──► Confirmed(Accepted) ──ACK──► Confirmed(Idle)
//!      │                     └──64*T1──► BYE, Ended
//!      └──reject, CANCEL, BYE, expiry──► Ended
//!
//! Driven with the application's answers, the CANCEL and the ACK that the user agent has matched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::offer::{Accepted, Exchange};
use super::timer::Timing;
use super::{Body, Confirmed, EndCause, Event, Invitation, Output, Session, SessionId, State, TransactionId, reply};
use crate::dialog::Dialog;
use crate::error::Error;
use crate::flow::Flow;
use crate::message::{HeaderName, NameAddr, Request, Response, StatusCode, Text};
use crate::settings::Settings;
use crate::transaction::{Backoff, earliest};

/// "The UAS MUST send a non-100 provisional response at every minute" (§13.3.1.1).
const REMINDER: Duration = Duration::from_secs(60);

/// An INVITE without a final response.
#[derive(Debug)]
pub(super) struct Ringing {
    invite: Box<Request>,
    transaction: TransactionId,
    /// The INVITE holds an offer, so our 2xx holds the answer.
    offered: bool,
    reminder: Option<Reminder>,
    expires: Option<Instant>,
}

#[derive(Debug)]
struct Reminder {
    at: Instant,
    status: StatusCode,
    response: Bytes,
}

impl Ringing {
    pub(super) fn wake_up(&self) -> Option<Instant> {
        earliest(self.reminder.as_ref().map(|reminder| reminder.at), self.expires)
    }
}

impl Session {
    /// A new INVITE (nothing in it may hold the receive buffer); 100 is on its way.
    pub(crate) fn ring(
        id: SessionId,
        settings: Arc<Settings>,
        flow: Flow,
        dialog: Dialog,
        (invite, transaction): (Box<Request>, TransactionId),
        user: Option<Text>,
        now: Instant,
    ) -> Self {
        let body = Body::of(&invite.headers, &invite.body, &settings);
        let offered = body.is_some();
        let expires = invite.headers.expires().ok().flatten().and_then(|expires| now.checked_add(expires));
        let invitation = Box::new(Invitation {
            from: dialog.remote().clone(),
            to: invite.headers.to().unwrap_or_else(|_| NameAddr::new(invite.uri.clone())),
            request_uri: invite.uri.clone(),
            call_id: dialog.call_id().clone(),
            headers: invite.headers.clone(),
            user: user.map(|user| user.detach()),
            body,
            flow,
        });
        let state = State::Ringing(Box::new(Ringing { invite, transaction, offered, reminder: None, expires }));
        let outputs = [Output::Event(Event::Invited { id, invitation })].into();
        let timing = Timing::new(&settings);
        Self { id, settings, flow, dialog, invite: None, login: None, timing, described: None, state, outputs }
    }

    /// Sends 101 to 199, and again every minute.
    pub(crate) fn progress(&mut self, status: StatusCode, body: Option<Body>, now: Instant) -> Result<(), Error> {
        if !status.is_provisional() || status == StatusCode::TRYING {
            return Err(Error::WrongStatus(status));
        }
        let State::Ringing(ringing) = &self.state else { return Err(Error::WrongState(self.id)) };
        let transaction = ringing.transaction;
        let mut response = self.respond(&ringing.invite, status);
        self.establishing(&ringing.invite, &mut response);
        if let Some(body) = &body {
            response.set_body(&body.content_type, body.content.clone());
        }
        let response = response.to_bytes();
        self.outputs.push_back(Output::Respond(transaction, status, response.clone()));
        if let State::Ringing(ringing) = &mut self.state {
            ringing.reminder = Some(Reminder { at: now + REMINDER, status, response });
        }
        Ok(())
    }

    /// Sends 200 until the ACK comes.
    pub(crate) fn accept(
        &mut self,
        headers: &[(HeaderName, Text)],
        body: Option<Body>,
        now: Instant,
    ) -> Result<(), Error> {
        if !matches!(self.state, State::Ringing(_)) {
            return Err(Error::WrongState(self.id));
        }
        if body.is_none() {
            return Err(Error::BodyMissing(self.id));
        }
        let State::Ringing(ringing) = std::mem::replace(&mut self.state, Confirmed::state(Exchange::Idle)) else {
            return Err(Error::WrongState(self.id));
        };
        self.send_2xx(&ringing.invite, ringing.transaction, headers, body, !ringing.offered, now);
        Ok(())
    }

    /// Sends the 200 of an INVITE or re-INVITE and begins to wait for its ACK.
    pub(super) fn send_2xx(
        &mut self,
        invite: &Request,
        transaction: TransactionId,
        headers: &[(HeaderName, Text)],
        body: Option<Body>,
        offering: bool,
        now: Instant,
    ) {
        let status = StatusCode::OK;
        let mut response = self.respond(invite, status);
        self.establishing(invite, &mut response);
        self.grant_timer(&invite.headers, &mut response, now);
        for (name, value) in headers {
            response.headers.push(name.clone(), value.clone());
        }
        if let Some(body) = &body {
            response.set_body(&body.content_type, body.content.clone());
        }
        self.described = body.or_else(|| self.described.take());
        let response = response.to_bytes();
        self.outputs.push_back(Output::Respond(transaction, status, response.clone()));
        let timers = self.settings.timers;
        let exchange = Exchange::Accepted(Accepted {
            cseq: invite.headers.cseq().map_or(0, |cseq| cseq.number),
            transaction,
            status,
            response,
            again: Backoff::new(timers.t1, timers.t2, now),
            until: now + timers.transaction(),
            offering,
        });
        if let State::Confirmed(confirmed) = &mut self.state {
            confirmed.exchange = exchange;
        }
    }

    /// Refuses the INVITE.
    pub(crate) fn reject(
        &mut self,
        status: StatusCode,
        reason: Option<Text>,
        headers: &[(HeaderName, Text)],
    ) -> Result<(), Error> {
        if !status.is_failure() {
            return Err(Error::WrongStatus(status));
        }
        if !matches!(self.state, State::Ringing(_)) {
            return Err(Error::WrongState(self.id));
        }
        self.refuse(status, reason, headers, EndCause::Rejected { status });
        Ok(())
    }

    /// Sends the final response of a Ringing session and ends it.
    pub(super) fn refuse(
        &mut self,
        status: StatusCode,
        reason: Option<Text>,
        headers: &[(HeaderName, Text)],
        cause: EndCause,
    ) {
        let State::Ringing(ringing) = &self.state else { return };
        let transaction = ringing.transaction;
        let mut response = self.respond(&ringing.invite, status);
        if let Some(reason) = reason {
            response.reason = reason;
        }
        for (name, value) in headers {
            response.headers.push(name.clone(), value.clone());
        }
        self.outputs.push_back(Output::Respond(transaction, status, response.to_bytes()));
        self.end(cause);
    }

    /// A CANCEL for the INVITE or re-INVITE of this transaction: no effect once it has its final response (§9.2).
    pub(crate) fn handle_cancel(&mut self, transaction: TransactionId) {
        match &self.state {
            State::Ringing(ringing) if ringing.transaction == transaction => {
                self.refuse(StatusCode::REQUEST_TERMINATED, None, &[], EndCause::RemoteCancel);
            }
            State::Confirmed(confirmed) if confirmed.exchange.is_offered_by(transaction) => {
                self.refuse_offer(StatusCode::REQUEST_TERMINATED);
            }
            State::Calling(_) | State::Ringing(_) | State::Confirmed(_) | State::Ended => {}
        }
    }

    /// The ACK for a 2xx of ours.
    pub(crate) fn handle_ack(&mut self, ack: &Request, cseq: u32) {
        let State::Confirmed(confirmed) = &mut self.state else { return };
        let Exchange::Accepted(accepted) = &confirmed.exchange else { return };
        if accepted.cseq != cseq {
            return;
        }
        let offering = accepted.offering;
        confirmed.exchange = Exchange::Idle;
        let hangup = confirmed.hangup.take();
        let body = Body::of(&ack.headers, &ack.body, &self.settings).filter(|_| offering);
        self.tell(Event::Confirmed { id: self.id, body });
        if let Some(reason) = hangup {
            self.leave(reason);
            self.end(EndCause::LocalHangup);
        }
    }

    /// Sends the 2xx again, or gives up on its ACK.
    pub(super) fn await_ack(&mut self, now: Instant) {
        let State::Confirmed(confirmed) = &mut self.state else { return };
        let Exchange::Accepted(accepted) = &mut confirmed.exchange else { return };
        if accepted.until <= now {
            let hangup = confirmed.hangup.take();
            let cause = if hangup.is_some() { EndCause::LocalHangup } else { EndCause::AckTimeout };
            self.leave(hangup.flatten());
            self.end(cause);
        } else if accepted.again.fire(now) {
            let (transaction, status) = (accepted.transaction, accepted.status);
            self.outputs.push_back(Output::Respond(transaction, status, accepted.response.clone()));
        }
    }

    /// The minute's reminder, and the expiry of the invitation.
    pub(super) fn remind(&mut self, now: Instant) {
        let State::Ringing(ringing) = &mut self.state else { return };
        if ringing.expires.is_some_and(|at| at <= now) {
            return self.refuse(StatusCode::REQUEST_TERMINATED, None, &[], EndCause::Expired);
        }
        let transaction = ringing.transaction;
        let Some(reminder) = ringing.reminder.as_mut().filter(|reminder| reminder.at <= now) else { return };
        reminder.at = now + REMINDER;
        self.outputs.push_back(Output::Respond(transaction, reminder.status, reminder.response.clone()));
    }

    /// A response with our tag.
    pub(super) fn respond(&self, request: &Request, status: StatusCode) -> Response {
        let mut response = Response::to(request, status);
        response.set_to_tag(&self.dialog.local_tag().to_string());
        reply::sign_response(&mut response, &self.settings);
        response
    }

    /// What makes a dialog of a 101 to 299: Record-Route and Contact (§12.1.1), and what we can do (§13.3.1.4).
    fn establishing(&self, invite: &Request, response: &mut Response) {
        response.headers.copy(&invite.headers, &HeaderName::RecordRoute);
        response.headers.push(HeaderName::Contact, self.dialog.contact().clone());
        reply::capabilities(&mut response.headers, &self.settings);
    }
}
