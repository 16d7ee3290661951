//! INVITE sessions: RFC 3261 §13 (set-up), §14 (re-INVITE), §15 (end) and §9 (CANCEL), for both sides in one type.
//!
//!   UAC: Calling ──2xx──► Confirmed          Calling ──300–699, no answer──► Ended (Refused)
//!   UAS: Ringing ──accept──► Confirmed       Ringing ──reject, CANCEL, BYE──► Ended
//!   both: Confirmed ──BYE either way, no ACK──► Ended
//!
//! Confirmed holds at most one INVITE exchange ([`offer::Exchange`]): who has an offer outstanding is known here (RFC
//! 3264 §4), what it says never is.
//!
//! Driven by the user agent ([`crate::agent`]), which feeds it the requests and responses that its transactions pass
//! up, carries out what [`Session::poll`] says, and drops it when it [is over](Session::is_ended). A session's own
//! times are the retransmission of its 2xx, the wait for the ACK, the minute's reminder of §13.3.1.1, the invitation's
//! expiry, the pause after a 491 and the end of our patience with a re-INVITE.
//!
//! Deviation: a UAC keeps no early dialogs (§12.1); a BYE that comes before the 2xx is matched by our tag alone.

mod content;
mod event;
mod hangup;
mod login;
mod multipart;
mod offer;
mod reply;
mod timer;
mod uac;
mod uas;

pub use self::event::{Body, EndCause, Event, Invitation, RefusalCause, SessionId};

pub(crate) use self::content::{Content, accepted, content_of};
pub(crate) use self::login::{Login, Verdict};
pub(crate) use self::reply::{allow, capabilities, sign_request, sign_response};
pub(crate) use self::timer::{MIN_SE, is_too_small};
pub(crate) use self::uac::Taken;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tracing::debug;

use self::offer::{Exchange, Retry};
use self::timer::Timing;
use self::uac::Calling;
use self::uas::Ringing;
use crate::dialog::Dialog;
use crate::flow::Flow;
use crate::message::{Reason, Request, StatusCode};
use crate::settings::Settings;
use crate::transaction::{ClientKey, earliest};

/// Names a server transaction of the user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TransactionId(pub(crate) u64);

/// What a session wants done.
#[derive(Debug)]
pub(crate) enum Output {
    /// Start an INVITE client transaction with this (it lacks its Via) and tell its key to [`Session::sent_as`].
    Invite(Box<Request>, Flow),
    /// Start a non-INVITE client transaction with this; nobody waits for its answer, but a challenge is one that the
    /// login answers.
    Request(Box<Request>, Flow, Option<Box<Login>>),
    /// Send this ACK now, and again for each retransmission of the 2xx to the INVITE of that transaction.
    Acknowledge(ClientKey, Box<Request>, Flow),
    /// Start a non-INVITE client transaction with this UPDATE; its outcome is for
    /// [`handle_update_answer`](Session::handle_update_answer).
    Update(Box<Request>, Flow),
    /// Send CANCEL for the INVITE of that transaction.
    Cancel(ClientKey, Option<Reason>),
    /// Send this response by that transaction.
    Respond(TransactionId, StatusCode, Bytes),
    /// Tell the application.
    Event(Event),
    /// Drained.
    Timeout(Option<Instant>),
}

/// One INVITE session.
#[derive(Debug)]
pub(crate) struct Session {
    id: SessionId,
    settings: Arc<Settings>,
    flow: Flow,
    dialog: Dialog,
    invite: Option<ClientKey>,
    /// Answers challenges, in a session that we began with credentials.
    login: Option<Box<Login>>,
    timing: Timing,
    /// Our last description, for a refresh that has to bring one.
    described: Option<Body>,
    state: State,
    outputs: VecDeque<Output>,
}

#[derive(Debug)]
enum State {
    Calling(Calling),
    Ringing(Box<Ringing>),
    Confirmed(Box<Confirmed>),
    Ended,
}

/// A dialog with both sides in it.
#[derive(Debug)]
struct Confirmed {
    exchange: Exchange,
    /// Our re-INVITE after a 491.
    retry: Option<Retry>,
    /// Hang up as soon as the ACK is here (§15: "the callee's UA MUST NOT send a BYE on a confirmed dialog until it
    /// has received an ACK for its 2xx response or until the server transaction times out").
    hangup: Option<Option<Reason>>,
}

impl Confirmed {
    fn state(exchange: Exchange) -> State {
        State::Confirmed(Box::new(Self { exchange, retry: None, hangup: None }))
    }
}

impl Session {
    /// Which INVITE of this session is out.
    pub(crate) fn sent_as(&mut self, key: ClientKey) {
        self.invite = Some(key);
    }

    /// The INVITE client transaction that is or was the last of this session.
    pub(crate) fn invite(&self) -> Option<ClientKey> {
        self.invite
    }

    /// The dialog, for requests within it.
    pub(crate) fn dialog(&self) -> &Dialog {
        &self.dialog
    }

    /// As [`Session::dialog`], to note a CSeq.
    pub(crate) fn dialog_mut(&mut self) -> &mut Dialog {
        &mut self.dialog
    }

    /// True when the terminal event was given; what is left in [`Session::poll`] still has to be done.
    pub(crate) fn is_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Fires what is due.
    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match &self.state {
            State::Ringing(_) => self.remind(now),
            State::Confirmed(_) => {
                self.await_ack(now);
                self.retry_offer(now);
                self.cancel_offer(now);
                self.keep_time(now);
            }
            State::Calling(_) | State::Ended => {}
        }
    }

    /// What to do next; drain until [`Output::Timeout`].
    pub(crate) fn poll(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Timeout(self.wake_up()))
    }

    fn wake_up(&self) -> Option<Instant> {
        match &self.state {
            State::Calling(_) | State::Ended => None,
            State::Ringing(ringing) => ringing.wake_up(),
            State::Confirmed(confirmed) => {
                let offers = earliest(confirmed.exchange.wake_up(), confirmed.retry.as_ref().map(|retry| retry.at));
                earliest(offers, self.timing.wake_up())
            }
        }
    }

    /// The way of the next request within the dialog.
    fn next_hop(&self) -> Flow {
        self.dialog.next_hop(self.flow, &self.settings.protocols)
    }

    fn send_invite(&mut self, mut invite: Request, flow: Flow) {
        self.ask_for_timer(&mut invite);
        reply::sign_request(&mut invite, &self.settings);
        if let Some(login) = &mut self.login {
            login.sign(&mut invite);
        }
        self.outputs.push_back(Output::Invite(Box::new(invite), flow));
    }

    fn tell(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    /// The one terminal event.
    fn finish(&mut self, event: Event) {
        if !self.is_ended() {
            debug!(session = %self.id, "session over");
            self.state = State::Ended;
            self.tell(event);
        }
    }

    fn end(&mut self, cause: EndCause) {
        self.finish(Event::Ended { id: self.id, cause });
    }
}
