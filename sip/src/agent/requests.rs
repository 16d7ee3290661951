//! Requests: to their transaction, through the screen, to their session. RFC 3261 §8.2, §9.2, §12.2.2, §13.3, §14.2,
//! §15.1.2.

use std::sync::Arc;
use std::time::Instant;

use super::api::contact_of;
use super::receive::Arrival;
use super::reply::Refusal;
use super::screen::screen;
use super::{Settings, UserAgent};
use crate::dialog::{Dialog, LocalTag};
use crate::message::{HeaderName, Method, Request, Response, StatusCode, Text};
use crate::session::{Session, SessionId, TransactionId, allow, sign_response};

/// Most bytes that a response may have to repeat of its request: what we keep for 64*T1 is chosen by whoever asks.
const MAX_ECHO: usize = 8_192;

impl UserAgent {
    pub(super) fn handle_request(&mut self, arrival: Arrival, now: Instant) {
        match (&arrival.request.method, self.servers.find(&arrival.key)) {
            (Method::Ack, known) => self.handle_ack(&arrival.request, known, now),
            (_, Some(transaction)) => self.handle_retransmission(transaction),
            (_, None) => self.handle_fresh(arrival, now),
        }
    }

    /// A request that is no copy of one that we have.
    fn handle_fresh(&mut self, mut arrival: Arrival, now: Instant) {
        let passed = match self.admit(&mut arrival, now) {
            Err(refusal) => Err(refusal),
            Ok(()) if echo(&arrival.request) > MAX_ECHO => Err(StatusCode::MESSAGE_TOO_LARGE.into()),
            Ok(()) if arrival.request.method == Method::Cancel => Ok(()),
            Ok(()) => screen(&arrival.request, &self.settings),
        };
        match passed {
            Err(refusal) => self.refuse(&arrival.request, arrival.back, refusal, now),
            Ok(()) if arrival.request.method == Method::Cancel => self.handle_cancel(arrival, now),
            Ok(()) => self.handle_new(arrival, now),
        }
    }

    fn handle_new(&mut self, arrival: Arrival, now: Instant) {
        let Arrival { request, back, .. } = &arrival;
        let tag = request.headers.to_tag().ok().flatten();
        match (tag, &request.method) {
            (Some(tag), _) => self.handle_within(&tag, arrival, now),
            (None, Method::Invite) if self.servers.is_merged(request) => {
                self.refuse(request, *back, StatusCode::LOOP_DETECTED, now);
            }
            (None, Method::Invite | Method::Options) if self.draining => {
                self.refuse(request, *back, Refusal::overload(&self.settings), now);
            }
            (None, Method::Invite) => self.handle_invite(arrival, now),
            (None, Method::Options) => self.answer_options(request, *back),
            (None, method) if self.settings.asked.contains(method) => self.ask(arrival, now),
            // A BYE or INFO that names no dialog; the screen lets nothing else through.
            (None, _) => self.refuse(request, *back, StatusCode::CALL_DOES_NOT_EXIST, now),
        }
    }

    fn handle_invite(&mut self, arrival: Arrival, now: Instant) {
        let Arrival { request, key, user, flow, back, .. } = arrival;
        let full = self.sessions.len() >= self.settings.max_sessions;
        if full || self.servers.len() >= self.settings.max_transactions {
            return self.refuse(&request, back, Refusal::overload(&self.settings), now);
        }
        let (id, tag) = self.new_session();
        let contact = contact_of(self.settings.contact_user.as_ref().map(String::as_bytes), flow);
        let cseq = self.random.next_u32() >> 8;
        let Some(dialog) = Dialog::incoming(&request, tag, contact, cseq) else {
            return self.refuse(&request, back, StatusCode::BAD_REQUEST, now);
        };
        let transaction = self.servers.start(key, &request, back, Some(id), &self.settings);
        self.say_trying(&request, transaction, now);
        let invite = (Box::new(request.detach()), transaction);
        let session = Session::ring(id, Arc::clone(&self.settings), flow, dialog, invite, user, now);
        self.keep(id, tag, session, now);
    }

    /// "it MUST generate a 100 (Trying) response unless it knows that the TU will generate a provisional or final
    /// response within 200 ms" (§17.2.1).
    fn say_trying(&mut self, request: &Request, transaction: TransactionId, now: Instant) {
        let trying = Response::to(request, StatusCode::TRYING).to_bytes();
        self.respond_by(transaction, StatusCode::TRYING, trying, now);
    }

    /// A request with a To tag: §12.2.2.
    fn handle_within(&mut self, tag: &Text, arrival: Arrival, now: Instant) {
        let Arrival { request, back, .. } = &arrival;
        let Some(id) = self.session_of(tag, request) else {
            return self.refuse(request, *back, StatusCode::CALL_DOES_NOT_EXIST, now);
        };
        let cseq = request.headers.cseq().map_or(0, |cseq| cseq.number);
        let in_order = self.sessions.get_mut(&id).is_some_and(|session| session.dialog_mut().advance(cseq));
        if !in_order {
            let refusal = self.out_of_order();
            self.refuse(request, *back, refusal, now);
        } else if request.method == Method::Bye {
            self.handle_bye(id, arrival, now);
        } else if request.method == Method::Info {
            self.handle_info(id, arrival, now);
        } else if request.method == Method::Options {
            self.answer_options(request, *back);
        } else if self.servers.len() >= self.settings.max_transactions {
            self.refuse(request, *back, Refusal::overload(&self.settings), now);
        } else if request.method == Method::Update {
            self.handle_update(id, arrival, now);
        } else if request.method == Method::Invite {
            self.handle_reinvite(id, arrival, now);
        } else {
            // A method that the application takes outside calls.
            let refusal = Refusal::from(StatusCode::METHOD_NOT_ALLOWED);
            self.refuse(request, *back, refusal.with(HeaderName::Allow, allow(&self.settings)), now);
        }
    }

    /// §12.2.2 asks for 500; §14.2 for "a Retry-After header field with a randomly chosen value of between 0 and 10
    /// seconds".
    fn out_of_order(&mut self) -> Refusal {
        let seconds = self.random.next_u32() % 11;
        Refusal::from(StatusCode::SERVER_INTERNAL_ERROR).with(HeaderName::RetryAfter, seconds)
    }

    /// The session whose dialog this request of the peer is in.
    pub(super) fn session_of(&self, tag: &Text, request: &Request) -> Option<SessionId> {
        let id = *self.by_tag.get(&LocalTag::parse(tag.as_bytes())?)?;
        self.sessions.get(&id)?.dialog().is_of(request).then_some(id)
    }

    fn handle_bye(&mut self, id: SessionId, arrival: Arrival, now: Instant) {
        let Arrival { request, key, back, .. } = arrival;
        let transaction = self.servers.start(key, &request, back, None, &self.settings);
        let response = ok(&request, &self.settings);
        self.respond_by(transaction, response.status, response.to_bytes(), now);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_bye(&request);
        }
        self.drain_session(id, now);
    }

    /// RFC 6086 §4.2.2: what the screen has let through is understood.
    fn handle_info(&mut self, id: SessionId, arrival: Arrival, now: Instant) {
        let Arrival { request, key, back, .. } = arrival;
        let transaction = self.servers.start(key, &request, back, None, &self.settings);
        let response = ok(&request, &self.settings);
        self.respond_by(transaction, response.status, response.to_bytes(), now);
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_info(&request);
        }
        self.drain_session(id, now);
    }

    /// RFC 3311 §5.2.
    fn handle_update(&mut self, id: SessionId, arrival: Arrival, now: Instant) {
        let Arrival { request, key, flow, back, .. } = arrival;
        let transaction = self.servers.start(key, &request, back, Some(id), &self.settings);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let outcome = session.handle_update(&request, transaction, flow, now);
        self.refuse_within(id, outcome, &request, transaction, now);
    }

    fn handle_reinvite(&mut self, id: SessionId, arrival: Arrival, now: Instant) {
        let Arrival { request, key, flow, back, .. } = arrival;
        let transaction = self.servers.start(key, &request, back, Some(id), &self.settings);
        self.say_trying(&request, transaction, now);
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let outcome = session.handle_reinvite(&request, transaction, flow);
        self.refuse_within(id, outcome, &request, transaction, now);
    }

    /// Refuses a request within a dialog, if its session wants that, and does what else the session wants.
    fn refuse_within(
        &mut self,
        id: SessionId,
        outcome: Result<(), StatusCode>,
        request: &Request,
        transaction: TransactionId,
        now: Instant,
    ) {
        if let Err(status) = outcome {
            let refusal = match status {
                StatusCode::SERVER_INTERNAL_ERROR => self.out_of_order(),
                other => other.into(),
            };
            let response = refusal.response(request, &self.settings);
            self.respond_by(transaction, status, response.to_bytes(), now);
        }
        self.drain_session(id, now);
    }

    /// An ACK never gets an answer: it is for a non-2xx, or for a 2xx of a session, or for nobody.
    fn handle_ack(&mut self, ack: &Request, transaction: Option<TransactionId>, now: Instant) {
        if transaction.is_some_and(|id| self.absorb_ack(id, now)) {
            return;
        }
        let Some(tag) = ack.headers.to_tag().ok().flatten() else { return };
        let (Some(id), Ok(cseq)) = (self.session_of(&tag, ack), ack.headers.cseq()) else { return };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_ack(ack, cseq.number);
        }
        self.drain_session(id, now);
    }

    /// §9.2: 481 without the INVITE's transaction, else 200 with the To tag of the INVITE's responses.
    fn handle_cancel(&mut self, arrival: Arrival, now: Instant) {
        let Arrival { request, key, cancelled, back, .. } = arrival;
        let Some(invite) = cancelled.and_then(|key| self.servers.find(&key)) else {
            return self.refuse(&request, back, StatusCode::CALL_DOES_NOT_EXIST, now);
        };
        let id = self.servers.get_mut(invite).and_then(|transaction| transaction.session);
        let session = id.and_then(|id| self.sessions.get(&id));
        let tag = session.map_or_else(|| self.tagger.tag(&request), |session| session.dialog().local_tag());
        let transaction = self.servers.start(key, &request, back, None, &self.settings);
        let mut response = ok(&request, &self.settings);
        response.set_to_tag(&tag.to_string());
        self.respond_by(transaction, response.status, response.to_bytes(), now);
        let Some(id) = id else { return };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_cancel(invite);
        }
        self.drain_session(id, now);
    }
}

/// How many bytes of the request its responses repeat (§8.2.6, §12.1.1).
fn echo(request: &Request) -> usize {
    use HeaderName::{CSeq, CallId, From, RecordRoute, Timestamp, To, Via};
    let repeated = [Via, From, To, CallId, CSeq, RecordRoute, Timestamp];
    repeated.iter().flat_map(|name| request.headers.all(name)).map(Text::len).sum()
}

fn ok(request: &Request, settings: &Settings) -> Response {
    let mut response = Response::to(request, StatusCode::OK);
    sign_response(&mut response, settings);
    response
}
