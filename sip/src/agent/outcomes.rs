//! Requests of ours other than INVITE, and what becomes of them: RFC 3261 §8.1, §17.1.2.
//!
//!   application ──request──► transaction ──final response, time-out, transport error──► [`Outcome`]
//!   session ──BYE──► transaction ──401, 407──► the BYE again, with answers
//!
//! Invariant: each [`RequestId`] that [`UserAgent::request`] gives gets exactly one [`Outcome`].

use std::time::Instant;

use super::clients::Waiter;
use super::{Flow, UserAgent};
use crate::message::{HeaderName, Method, Request, Response};
use crate::registration::Failure;
use crate::session::{Login, Verdict, sign_request};

/// "The value SHOULD be 70" (§8.1.1.6).
const MAX_FORWARDS: u32 = 70;

/// Names one request of the application; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(u64);

/// What became of a request of the application.
#[derive(Debug)]
pub enum Outcome {
    /// A final response, challenges included. It doesn't hold the receive buffer.
    Response {
        /// Which request.
        request: RequestId,
        /// The answer.
        response: Box<Response>,
    },
    /// There is none.
    Failed {
        /// Which request.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
}

impl Outcome {
    /// The request that this is about.
    pub fn request(&self) -> RequestId {
        match self {
            Self::Response { request, .. } | Self::Failed { request, .. } => *request,
        }
    }

    /// The final response, or why there is none.
    pub fn into_result(self) -> Result<Response, Failure> {
        match self {
            Self::Response { response, .. } => Ok(*response),
            Self::Failed { failure, .. } => Err(failure),
        }
    }
}

impl UserAgent {
    /// Sends a request that belongs to no dialog, REGISTER or OPTIONS say, through a client transaction. It gets our
    /// Via, and Max-Forwards and User-Agent unless it has them; everything else of §8.1.1 is the caller's. The
    /// [`Outcome`] comes by [`poll`](Self::poll).
    ///
    /// A request fails at once with [`Failure::Transport`] when [`super::Settings::max_transactions`] are under way, or
    /// when its method is INVITE, ACK or CANCEL, which have ways of their own.
    pub fn request(&mut self, mut request: Request, flow: Flow, now: Instant) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        let apt = !matches!(request.method, Method::Invite | Method::Ack | Method::Cancel);
        if !apt || self.clients.len() >= self.settings.max_transactions {
            self.fail_request(id, Failure::Transport);
            return id;
        }
        let headers = &mut request.headers;
        // What goes out has one Via, or its response is discarded (§8.1.3.3).
        headers.remove(&HeaderName::Via);
        if !headers.contains(&HeaderName::MaxForwards) {
            headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
        }
        if !headers.contains(&HeaderName::UserAgent) {
            sign_request(&mut request, &self.settings);
        }
        self.start_request(request, flow.canonical(), Waiter::Application(id), now);
        id
    }

    /// The final response to a request that isn't INVITE.
    pub(super) fn conclude(&mut self, waiter: Waiter, flow: Flow, response: &Response, now: Instant) {
        match waiter {
            Waiter::Nobody => {}
            Waiter::Application(request) => {
                let response = Box::new(response.detach());
                self.outcomes.push_back(Outcome::Response { request, response });
            }
            Waiter::Session(id) => self.handle_update_answer(id, Some(response), now),
            Waiter::Login(login) => self.answer_challenge(login, flow, response, now),
        }
    }

    /// A BYE has been answered; if by a challenge that can be answered, it is sent again.
    fn answer_challenge(&mut self, mut login: Box<Login>, flow: Flow, response: &Response, now: Instant) {
        match login.judge(response, &mut *self.random) {
            Verdict::Again => {
                let request = login.again(login.next_cseq());
                self.start_request(request, flow, Waiter::Login(login), now);
            }
            Verdict::Stands => {}
            Verdict::Refused(why) => tracing::debug!(peer = %flow.peer, %why, "BYE refused"),
        }
    }

    pub(super) fn fail_request(&mut self, request: RequestId, failure: Failure) {
        self.outcomes.push_back(Outcome::Failed { request, failure });
    }
}
