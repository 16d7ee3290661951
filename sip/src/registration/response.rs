//! What answers a REGISTER, and what happens when nothing does: RFC 3261 §10.2.4 to §10.2.8.

use std::time::{Duration, Instant};

use super::pause::later;
use super::{Failure, InFlight, MAX_HASTE, Registration, State, Why, answer, pause};
use crate::digest::{Next, Refusal};
use crate::message::{NameAddr, Response, StatusCode};

impl Registration {
    /// Takes a response to the request that was sent last; any other, and a provisional one, changes nothing.
    pub fn handle_response(&mut self, response: &Response, now: Instant) {
        let awaited = self.in_flight.as_ref().is_some_and(|in_flight| in_flight.is_answered_by(response));
        if !awaited || response.status.is_provisional() {
            return;
        }
        let Some(in_flight) = self.in_flight.take() else { return };
        match self.judge(&in_flight, response) {
            Ok(Next::Done) if in_flight.leaving => self.gone(now),
            Ok(Next::Done) if response.status.is_success() => self.handle_success(&in_flight, response, now),
            Ok(Next::Done) if response.status == StatusCode::INTERVAL_TOO_BRIEF => self.handle_brief(response, now),
            Ok(Next::Done) => self.handle_refusal(refusal(response), response, now),
            Ok(Next::Retry) => self.again(in_flight.leaving, now),
            Err(_) if in_flight.leaving => self.gone(now),
            Err(why) => self.handle_refusal(why, response, now),
        }
    }

    /// The request got no answer.
    pub fn handle_failure(&mut self, failure: Failure, now: Instant) {
        if self.in_flight.take().is_none() {
            return;
        }
        let why = match failure {
            Failure::TimedOut => Why::Silent,
            Failure::Transport => Why::Unreachable,
        };
        self.unanswered(why, now);
    }

    /// The connection closed, or its keep-alives get no answer: what is in flight will get none, and no call arrives.
    pub fn handle_flow_lost(&mut self, now: Instant) {
        let registered = matches!(self.state, State::Registered { .. });
        if self.in_flight.take().is_some() || registered {
            self.unanswered(Why::FlowLost, now);
        }
    }

    fn unanswered(&mut self, why: Why, now: Instant) {
        self.keep_alive.stop();
        if self.wanted { self.fail(why, None, now) } else { self.gone(now) }
    }

    /// What the digest client makes of it.
    fn judge(&mut self, in_flight: &InFlight, response: &Response) -> Result<Next, Why> {
        match (&mut self.digest, response.status) {
            (Some(digest), _) => {
                let judged = digest.handle_response(&in_flight.request, response, &mut *self.rng);
                judged.map_err(|refusal: Refusal| Why::Digest(refusal))
            }
            (None, StatusCode::UNAUTHORIZED | StatusCode::PROXY_AUTHENTICATION_REQUIRED) => Err(Why::NoCredentials),
            (None, _) => Ok(Next::Done),
        }
    }

    /// Sends the request again, changed, but not for ever.
    fn again(&mut self, leaving: bool, now: Instant) {
        if !leaving && !self.wanted {
            return self.leave(now);
        }
        match (self.haste < MAX_HASTE, leaving) {
            (true, _) => self.send(leaving),
            (false, true) => self.gone(now),
            (false, false) => self.fail(Why::Endless, None, now),
        }
    }

    fn handle_success(&mut self, in_flight: &InFlight, response: &Response, now: Instant) {
        let granted = answer::granted(response, &self.template.user, self.expires);
        if granted.is_zero() {
            self.forget_binding();
            return self.handle_refusal(Why::NotBound, response, now);
        }
        let until = later(now, granted);
        self.bound = Some(until);
        if !self.wanted {
            return self.leave(now);
        }
        self.failures = 0;
        self.service_route = answer::service_route(response);
        self.due = Some(later(now, pause::refresh(granted, &mut *self.rng)));
        self.keep_alive.start(self.settings.keep_alive, &mut *self.rng, now);
        self.keep_alive.answered();
        self.become_state(State::Registered { until, contact: NameAddr::new(in_flight.contact.clone()) });
        if in_flight.contact != self.template.contact {
            // We have moved since.
            self.begin(now);
        }
    }

    /// "the UA MAY retry the registration after making the expiration interval of all contact addresses in the
    /// REGISTER request equal to or greater than the expiration interval within the Min-Expires header field"
    /// (§10.2.8).
    fn handle_brief(&mut self, response: &Response, now: Instant) {
        match response.headers.min_expires() {
            Ok(Some(least)) if least > self.expires => {
                self.expires = least;
                self.again(false, now);
            }
            Ok(_) | Err(_) => self.handle_refusal(Why::IntervalTooBrief, response, now),
        }
    }

    fn handle_refusal(&mut self, why: Why, response: &Response, now: Instant) {
        if !self.wanted {
            return self.leave(now);
        }
        let retry_after: Option<Duration> = response.headers.retry_after().ok().flatten().map(|after| after.delay);
        self.fail(why, retry_after, now);
    }
}

/// Why a final response other than 2xx, 401, 407 and 423 is none that we want.
fn refusal(response: &Response) -> Why {
    if response.status.is_redirect() {
        let to = response.headers.contact().ok().flatten().map(|contact| contact.uri.detach());
        return Why::Redirected { to };
    }
    Why::of(response.status, &response.reason)
}

impl InFlight {
    /// Whether the response has the Call-ID and CSeq of the request.
    fn is_answered_by(&self, response: &Response) -> bool {
        let (asked, answered) = (&self.request.headers, &response.headers);
        asked.call_id() == answered.call_id() && asked.cseq() == answered.cseq()
    }
}
