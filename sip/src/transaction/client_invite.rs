//! INVITE client transaction: RFC 3261 §17.1.1, with Accepted from RFC 6026 §7.2.
//!
//!   Calling ──1xx──► Proceeding ──2xx──► Accepted ──M──► Terminated
//!      └──────── 300–699 ──────────────► Completed ──D──► Terminated
//!   (Calling takes 2xx straight to Accepted; timer B ends Calling, [`ClientInvite::give_up`] ends Proceeding.)
//!
//! Touches no socket and no clock: feed it responses and `now`, then drain [`ClientInvite::poll`] until `Timeout`.
//!
//! Deviation: CANCEL is the session's decision (§9.1), never sent from here; [`ClientInvite::cancel`] only prints it.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Backoff, Output, Timers, earliest};
use crate::digest::copy_answers;
use crate::message::{CSeq, HeaderName, Method, Reason, Request, Response};

/// An INVITE, sent.
#[derive(Debug)]
pub struct ClientInvite {
    state: State,
    invite: Request,
    timers: Timers,
    reliable: bool,
    /// Nobody waits for its end any more: a Proceeding that begins now has one too.
    given_up: bool,
    pending: Option<Bytes>,
}

#[derive(Debug)]
enum State {
    Calling { message: Bytes, a: Option<Backoff>, b: Instant },
    Proceeding { give_up: Option<Instant> },
    Accepted { m: Instant },
    Completed { ack: Bytes, d: Instant },
    TimedOut,
    Terminated,
}

impl ClientInvite {
    /// Sends `invite` (its branch is in it) and starts timers A and B.
    pub fn new(invite: Request, timers: Timers, reliable: bool, now: Instant) -> Self {
        let message = invite.to_bytes();
        // "If an unreliable transport is being used, the client transaction MUST start timer A with a value of T1";
        // it doubles without a ceiling, as timer B ends it after six retransmissions.
        let a = (!reliable).then(|| Backoff::new(timers.t1, Duration::MAX, now));
        let pending = Some(message.clone());
        let state = State::Calling { message, a, b: now + timers.transaction() };
        Self { state, invite, timers, reliable, given_up: false, pending }
    }

    /// What was sent.
    pub fn invite(&self) -> &Request {
        &self.invite
    }

    /// Takes a response to this INVITE; true when it goes up to the transaction's user: any 1xx, the first final
    /// response, and every 2xx.
    pub fn handle_response(&mut self, response: &Response, now: Instant) -> bool {
        let status = response.status;
        match &self.state {
            State::Calling { .. } | State::Proceeding { .. } if status.is_success() => {
                self.state = State::Accepted { m: now + self.timers.transaction() };
                true
            }
            State::Calling { .. } | State::Proceeding { .. } if status.is_failure() => {
                self.complete(response, now);
                true
            }
            State::Calling { .. } => {
                self.state = State::Proceeding { give_up: self.given_up.then(|| now + self.timers.transaction()) };
                true
            }
            State::Proceeding { .. } => true,
            State::Accepted { .. } => status.is_success(),
            State::Completed { ack, .. } => {
                if status.is_failure() {
                    self.pending = Some(ack.clone());
                }
                false
            }
            State::TimedOut | State::Terminated => false,
        }
    }

    fn complete(&mut self, response: &Response, now: Instant) {
        let ack = self.ack(response).to_bytes();
        let d = self.timers.d(self.reliable);
        self.pending = Some(ack.clone());
        self.state = if d.is_zero() { State::Terminated } else { State::Completed { ack, d: now + d } };
    }

    /// The ACK for a 300–699: the INVITE's Request-URI, top Via, Route, From and Call-ID, the response's To
    /// (§17.1.1.3), and the INVITE's answers to challenges (§22.1).
    fn ack(&self, response: &Response) -> Request {
        let mut ack = self.follow_up(Method::Ack);
        ack.headers.copy(&response.headers, &HeaderName::To);
        copy_answers(&mut ack.headers, &self.invite.headers);
        ack
    }

    /// The CANCEL for this INVITE: its "Request-URI, Call-ID, To, the numeric part of CSeq, and From header fields",
    /// its top Via and its Route (§9.1).
    pub fn cancel(&self, reason: Option<&Reason>) -> Request {
        let mut cancel = self.follow_up(Method::Cancel);
        cancel.headers.copy(&self.invite.headers, &HeaderName::To);
        if let Some(reason) = reason {
            cancel.headers.push(HeaderName::Reason, reason);
        }
        cancel
    }

    fn follow_up(&self, method: Method) -> Request {
        let invite = &self.invite.headers;
        let mut request = Request::new(method.clone(), self.invite.uri.clone());
        if let Some(via) = invite.get(&HeaderName::Via) {
            request.headers.push(HeaderName::Via, via);
        }
        for name in [HeaderName::MaxForwards, HeaderName::Route, HeaderName::From, HeaderName::CallId] {
            request.headers.copy(invite, &name);
        }
        if let Ok(cseq) = invite.cseq() {
            request.headers.push(HeaderName::CSeq, &CSeq::new(cseq.number, method));
        }
        request
    }

    /// A CANCEL has been sent: "if there is no final response for the original request in 64*T1 seconds, the client
    /// SHOULD then consider the original transaction cancelled" (§9.1). Also when the session is over: then a first 1xx
    /// may still be on its way.
    pub fn give_up(&mut self, now: Instant) {
        self.given_up = true;
        if let State::Proceeding { give_up } = &mut self.state {
            *give_up = Some(now + self.timers.transaction());
        }
    }

    /// The network says that the peer can't be reached; true when nothing had been heard from it yet, and so all is
    /// over.
    pub fn handle_transport_error(&mut self) -> bool {
        let calling = matches!(self.state, State::Calling { .. });
        if calling {
            self.pending = None;
            self.state = State::Terminated;
        }
        calling
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Calling { b, .. } if *b <= now => self.state = State::TimedOut,
            State::Calling { message, a, .. } => {
                if a.as_mut().is_some_and(|a| a.fire(now)) {
                    self.pending = Some(message.clone());
                }
            }
            State::Proceeding { give_up: Some(end) } if *end <= now => self.state = State::TimedOut,
            State::Accepted { m: end } | State::Completed { d: end, .. } if *end <= now => {
                self.state = State::Terminated;
            }
            State::Proceeding { .. }
            | State::Accepted { .. }
            | State::Completed { .. }
            | State::TimedOut
            | State::Terminated => {}
        }
    }

    /// True until the final response, or the end of the wait for it.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Calling { .. } | State::Proceeding { .. })
    }

    /// True when the transaction can be dropped.
    pub fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// What to do next; drain until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        if let Some(message) = self.pending.take() {
            return Output::Transmit(message);
        }
        match &self.state {
            State::Calling { a, b, .. } => Output::Timeout(earliest(a.map(|a| a.at()), Some(*b))),
            State::Proceeding { give_up } => Output::Timeout(*give_up),
            State::Accepted { m: end } | State::Completed { d: end, .. } => Output::Timeout(Some(*end)),
            State::TimedOut => {
                self.state = State::Terminated;
                Output::TimedOut
            }
            State::Terminated => Output::Timeout(None),
        }
    }
}
