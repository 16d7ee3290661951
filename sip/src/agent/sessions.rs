//! Sessions in the user agent: keeping them, and carrying out what they say.

use std::time::Instant;

use super::clients::Waiter;
use super::{Machine, UserAgent};
use crate::dialog::LocalTag;
use crate::session::{Output, Session, SessionId};

impl UserAgent {
    /// Takes in a new session.
    pub(super) fn keep(&mut self, id: SessionId, tag: LocalTag, session: Session, now: Instant) {
        self.sessions.insert(id, session);
        self.by_tag.insert(tag, id);
        self.drain_session(id, now);
    }

    /// Does what the session wants, and drops it when it is over.
    pub(super) fn drain_session(&mut self, id: SessionId, now: Instant) {
        while let Some(session) = self.sessions.get_mut(&id) {
            match session.poll() {
                Output::Invite(request, flow) => {
                    let key = self.start_invite(*request, flow, id, now);
                    if let Some(session) = self.sessions.get_mut(&id) {
                        session.sent_as(key);
                    }
                }
                Output::Request(request, flow, login) => {
                    let waiter = login.map_or(Waiter::Nobody, Waiter::Login);
                    self.start_request(*request, flow, waiter, now);
                }
                Output::Update(request, flow) => self.start_request(*request, flow, Waiter::Session(id), now),
                Output::Acknowledge(key, request, flow) => self.acknowledge(key, *request, flow),
                Output::Cancel(key, reason) => self.cancel(key, reason.as_ref(), now),
                Output::Respond(transaction, status, response) => {
                    self.respond_by(transaction, status, response, now);
                }
                Output::Event(event) => self.events.push_back(event),
                Output::Timeout(at) => {
                    let ended = session.is_ended();
                    self.wake_ups.set(Machine::Session(id), at.filter(|_| !ended));
                    if ended {
                        self.drop_session(id, now);
                    }
                    return;
                }
            }
        }
    }

    fn drop_session(&mut self, id: SessionId, now: Instant) {
        let Some(session) = self.sessions.remove(&id) else { return };
        self.by_tag.remove(&session.dialog().local_tag());
        if let Some(key) = session.invite() {
            self.abandon(key, now);
        }
    }
}
