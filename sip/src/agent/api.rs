//! What the application asks for: calls, answers, hang-ups.

use std::sync::Arc;
use std::time::Instant;

use super::{Error, Flow, Protocol, UserAgent};
use crate::dialog::{Dialog, LocalTag, Outgoing};
use crate::digest::Credentials;
use crate::message::{HeaderName, Host, Method, NameAddr, Reason, StatusCode, Text, Uri};
use crate::session::{self, Body, Session, SessionId};

/// A call to place.
#[derive(Debug, Clone)]
pub struct Invite {
    /// Where the request wants to go.
    pub request_uri: Uri,
    /// Who calls; the tag is ours to add.
    pub from: NameAddr,
    /// Who is called.
    pub to: NameAddr,
    /// The way to the first hop.
    pub flow: Flow,
    /// Our Contact; by default the flow's own address, with the user part of From.
    pub contact: Option<Uri>,
    /// Further header fields; a Max-Forwards takes the place of ours.
    pub headers: Vec<(HeaderName, Text)>,
    /// The offer; without one the peer makes it in its 2xx.
    pub body: Option<Body>,
    /// Who we are to those who challenge its requests. Without them a challenge refuses the call.
    pub credentials: Option<Credentials>,
}

impl UserAgent {
    /// Places a call. A challenge to its INVITE is answered without a word to the application; one that can't be ends
    /// the call with the challenge's status, and the reason says in words why.
    ///
    /// # Errors
    /// [`Error::TooManySessions`] at the limit of [`super::Settings`].
    pub fn invite(&mut self, invite: Invite, now: Instant) -> Result<SessionId, Error> {
        if self.sessions.len() >= self.settings.max_sessions {
            return Err(Error::TooManySessions);
        }
        let Invite { request_uri, from, to, flow, contact, headers, body, credentials } = invite;
        let flow = flow.canonical();
        let contact = match contact {
            Some(uri) => NameAddr::new(uri).to_text(),
            None => contact_of(from.uri.user_bytes(), flow),
        };
        let (id, tag) = self.new_session();
        let call_id = format!("{:016x}{:016x}", self.random.next_u64(), self.random.next_u64()).into();
        // Far enough below 2^31 for the requests of any call to come.
        let cseq = self.random.next_u32() >> 8;
        let dialog = Dialog::outgoing(Outgoing { call_id, from, tag, to, request_uri, contact, cseq });
        let mut request = dialog.request_numbered(Method::Invite, cseq);
        session::capabilities(&mut request.headers, &self.settings);
        for (name, value) in headers {
            if name == HeaderName::MaxForwards {
                request.headers.remove(&name);
            }
            request.headers.push(name, value);
        }
        if let Some(body) = body {
            request.set_body(body.content_type, body.content);
        }
        let session = Session::call(id, Arc::clone(&self.settings), flow, dialog, request, credentials);
        self.keep(id, tag, session, now);
        Ok(id)
    }

    /// Answers an INVITE with 101 to 199, and repeats it every minute (§13.3.1.1).
    ///
    /// # Errors
    /// When the session is unknown or past that, or the status is another.
    pub fn progress(
        &mut self,
        id: SessionId,
        status: StatusCode,
        body: Option<Body>,
        now: Instant,
    ) -> Result<(), Error> {
        self.with(id, now, |session| session.progress(status, body, now))
    }

    /// Answers an INVITE with 200, until the ACK comes. `body` is the answer, or the offer when the INVITE had none.
    ///
    /// # Errors
    /// When the session is unknown or past that, or there is no body.
    pub fn accept(
        &mut self,
        id: SessionId,
        body: Option<Body>,
        headers: Vec<(HeaderName, Text)>,
        now: Instant,
    ) -> Result<(), Error> {
        self.with(id, now, |session| session.accept(&headers, body, now))
    }

    /// Refuses an INVITE with 300 to 699; `reason` replaces the usual phrase.
    ///
    /// # Errors
    /// When the session is unknown or past that, or the status is another.
    pub fn reject(
        &mut self,
        id: SessionId,
        status: StatusCode,
        reason: Option<Text>,
        headers: Vec<(HeaderName, Text)>,
        now: Instant,
    ) -> Result<(), Error> {
        self.with(id, now, |session| session.reject(status, reason, &headers))
    }

    /// Ends a session in the way that its state asks for: CANCEL (which waits for the first provisional response), 480,
    /// or BYE (which as callee waits for the ACK).
    ///
    /// # Errors
    /// When the session is unknown.
    pub fn hangup(&mut self, id: SessionId, reason: Option<Reason>, now: Instant) -> Result<(), Error> {
        self.with(id, now, |session| {
            session.hangup(reason);
            Ok(())
        })
    }

    /// Sends a re-INVITE (§14.1): with `body` as the offer, or to ask for the peer's. A 491 is tried again by itself; what
    /// the peer doesn't decide in 64*T1 and a minute is cancelled, and refused with 487.
    ///
    /// # Errors
    /// When the session is unknown, not confirmed, or has an exchange open.
    pub fn offer(&mut self, id: SessionId, body: Option<Body>, now: Instant) -> Result<(), Error> {
        self.with(id, now, |session| session.offer(body, now))
    }

    /// Answers the offer of [`Event::Offer`](super::Event::Offer), or the one that a 2xx brought. An error status
    /// refuses the former and ends the call in the latter case, as an ACK can refuse nothing.
    ///
    /// # Errors
    /// When the session is unknown, no offer is open, or the status is no failure.
    pub fn answer_offer(&mut self, id: SessionId, answer: Result<Body, StatusCode>, now: Instant) -> Result<(), Error> {
        self.with(id, now, |session| session.answer_offer(answer, now))
    }

    fn with(
        &mut self,
        id: SessionId,
        now: Instant,
        act: impl FnOnce(&mut Session) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let session = self.sessions.get_mut(&id).ok_or(Error::UnknownSession(id))?;
        let outcome = act(session);
        self.drain_session(id, now);
        outcome
    }

    /// A name and a tag that no session has.
    pub(super) fn new_session(&mut self) -> (SessionId, LocalTag) {
        self.last_session += 1;
        let mut tag = LocalTag(self.random.next_u64());
        while self.by_tag.contains_key(&tag) {
            tag = LocalTag(self.random.next_u64());
        }
        (SessionId(self.last_session), tag)
    }
}

/// A Contact at the address by which the peer knows us.
pub(super) fn contact_of(user: Option<&[u8]>, flow: Flow) -> Text {
    let (host, port) = (Host::from(flow.local.ip()), flow.local.port());
    let mut contact = b"<sip:".to_vec();
    if let Some(user) = user {
        contact.extend_from_slice(user);
        contact.push(b'@');
    }
    let transport = match flow.protocol {
        Protocol::Udp => "",
        Protocol::Tcp => ";transport=tcp",
    };
    contact.extend_from_slice(format!("{host}:{port}{transport}>").as_bytes());
    contact.into()
}
