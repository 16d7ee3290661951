//! Requests outside calls that the application answers: REGISTER, where it is a registrar.
//!
//!   request ─► admission ─► screen ─► server transaction ─► [`Asked`] ─► application ─► [`UserAgent::respond`]
//!
//! Which methods these are, [`Settings::asked`](super::Settings::asked) says. All of them have to be answered: a
//! non-INVITE server transaction waits for its response without an end (RFC 3261 §17.2.2).

use std::time::Instant;

use super::receive::Arrival;
use super::reply::Refusal;
use super::{Flow, Output, UserAgent};
use crate::message::{Request, Response, Text};
use crate::session::{TransactionId, sign_response};

/// Names a request that waits for the application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AskedId(TransactionId);

/// A request that the application has to answer. Nothing in it holds the receive buffer.
#[derive(Debug)]
pub struct Asked {
    /// To answer it by.
    pub id: AskedId,
    /// What it says; its topmost Via tells where it came from.
    pub request: Request,
    /// Who sent it, if that was asked and proved.
    pub user: Option<Text>,
    /// The way it came.
    pub flow: Flow,
}

impl UserAgent {
    /// Hands a request up.
    pub(super) fn ask(&mut self, arrival: Arrival, now: Instant) {
        let Arrival { request, key, user, flow, back, .. } = arrival;
        if self.servers.len() >= self.settings.max_transactions {
            return self.refuse(&request, back, Refusal::overload(&self.settings), now);
        }
        let id = AskedId(self.servers.start(key, &request, back, None, &self.settings));
        self.asked.push_back(Asked { id, request: request.detach(), user: user.map(|user| user.detach()), flow });
    }

    /// Answers a request of [`Output::Asked`]; To tag and Server are added.
    pub fn respond(&mut self, id: AskedId, mut response: Response, now: Instant) {
        let tag = format!("{:016x}", self.random.next_u64());
        response.set_to_tag(&tag);
        sign_response(&mut response, &self.settings);
        self.respond_by(id.0, response.status, response.to_bytes(), now);
    }

    pub(super) fn next_asked(&mut self) -> Option<Output> {
        self.asked.pop_front().map(|asked| Output::Asked(Box::new(asked)))
    }
}
