//! The calling side until the call stands: RFC 3261 §13.2, with the CANCEL of §9.1.
//!
//!   Calling ──2xx──► Confirmed; ACK at once, or with the application's answer when the 2xx holds the offer
//!      └──401, 407──► Calling, when [`login`](super::login) has an answer
//!
//! Driven with the responses that the INVITE client transaction passes up.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use rand::Rng;

use super::login::{Login, Verdict};
use super::offer::Exchange;
use super::timer::Timing;
use super::{Body, Confirmed, EndCause, Event, Output, RefusalCause, Session, SessionId, State, reply};
use crate::dialog::Dialog;
use crate::digest::Credentials;
use crate::flow::Flow;
use crate::message::{Headers, Method, Reason, Request, Response, StatusCode, Text};
use crate::settings::Settings;

/// Our INVITE is out.
#[derive(Debug)]
pub(super) struct Calling {
    /// A provisional response has come, so a CANCEL may go.
    heard: bool,
    cancel: Cancel,
    /// The INVITE held an offer.
    offered: bool,
}

#[derive(Debug)]
enum Cancel {
    No,
    /// "If no provisional response has been received, the CANCEL request MUST NOT be sent; rather, the client MUST
    /// wait for the arrival of a provisional response before sending the request" (§9.1).
    Wanted(Option<Reason>),
    Sent,
}

/// Did a 2xx belong to the session?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It did; if there is something to send, the session says so.
    Yes,
    /// Another branch answered (§13.2.2.4), or the session is past it: acknowledge and end it.
    No,
}

impl Calling {
    /// Nobody has given it up.
    pub(super) fn is_wanted(&self) -> bool {
        matches!(self.cancel, Cancel::No)
    }

    /// Another INVITE takes the place of this one, to which nobody has answered yet.
    pub(super) fn begin_again(&mut self) {
        self.heard = false;
    }
}

impl Session {
    /// Sends `invite`, a request of `dialog`; `credentials` are for those who challenge it.
    pub(crate) fn call(
        id: SessionId,
        settings: Arc<Settings>,
        flow: Flow,
        dialog: Dialog,
        invite: Request,
        credentials: Option<Credentials>,
    ) -> Self {
        let login = credentials.map(|credentials| Box::new(Login::new(credentials, &invite)));
        let offered = !invite.body.is_empty();
        let state = State::Calling(Calling { heard: false, cancel: Cancel::No, offered });
        let (timing, described) = (Timing::new(&settings), Body::of(&invite.headers, &invite.body, &settings));
        let outputs = VecDeque::new();
        let mut session = Self { id, settings, flow, dialog, invite: None, login, timing, described, state, outputs };
        session.send_invite(invite, flow);
        session
    }

    /// A 1xx to our INVITE or re-INVITE.
    pub(crate) fn handle_provisional(&mut self, response: &Response) {
        let State::Calling(calling) = &mut self.state else { return };
        calling.heard = true;
        match std::mem::replace(&mut calling.cancel, Cancel::No) {
            Cancel::No if response.status != StatusCode::TRYING => {
                let body = Body::of(&response.headers, &response.body, &self.settings);
                self.tell(Event::Progress { id: self.id, status: response.status, body });
            }
            Cancel::No => {}
            Cancel::Wanted(reason) => self.cancel(reason),
            Cancel::Sent => calling.cancel = Cancel::Sent,
        }
    }

    /// The application hangs up before the answer.
    pub(super) fn give_up(&mut self, reason: Option<Reason>) {
        let State::Calling(calling) = &mut self.state else { return };
        match calling.cancel {
            Cancel::No if calling.heard => self.cancel(reason),
            Cancel::No => calling.cancel = Cancel::Wanted(reason),
            Cancel::Wanted(_) | Cancel::Sent => {}
        }
    }

    fn cancel(&mut self, reason: Option<Reason>) {
        let State::Calling(calling) = &mut self.state else { return };
        calling.cancel = Cancel::Sent;
        if let Some(key) = self.invite {
            self.outputs.push_back(Output::Cancel(key, reason));
        }
    }

    /// A 2xx to our INVITE or re-INVITE that was not acknowledged yet.
    pub(crate) fn handle_success(&mut self, response: &Response, cseq: u32, rng: &mut dyn Rng, now: Instant) -> Taken {
        // What got through proves the answers that it carried.
        self.judge(response, rng);
        match &self.state {
            State::Calling(_) => {
                self.answered(response, cseq);
                self.timing.settle(&response.headers, now);
                Taken::Yes
            }
            State::Confirmed(confirmed) => match confirmed.exchange {
                Exchange::Offering { cseq: ours, .. } if ours == cseq => {
                    self.offer_answered(response, cseq);
                    self.timing.settle(&response.headers, now);
                    Taken::Yes
                }
                // The same 2xx again while the application thinks about its offer.
                Exchange::Owing { cseq: ours } if ours == cseq && self.dialog.is_with(response) => Taken::Yes,
                Exchange::Idle
                | Exchange::Accepted(_)
                | Exchange::Offered(_)
                | Exchange::Offering { .. }
                | Exchange::Owing { .. } => Taken::No,
            },
            State::Ringing(_) | State::Ended => Taken::No,
        }
    }

    fn answered(&mut self, response: &Response, cseq: u32) {
        let State::Calling(calling) = &mut self.state else { return };
        let wanted = std::mem::replace(&mut calling.cancel, Cancel::No);
        let offered = calling.offered;
        self.dialog.establish(response);
        self.state = Confirmed::state(Exchange::Owing { cseq });
        match wanted {
            Cancel::No => {}
            // The 2xx has crossed our CANCEL: it is acknowledged, and the call ended by BYE (§9.1, §15).
            Cancel::Wanted(reason) => return self.hang_up_now(reason),
            Cancel::Sent => return self.hang_up_now(None),
        }
        let body = Body::of(&response.headers, &response.body, &self.settings);
        if offered || body.is_none() {
            self.state = Confirmed::state(Exchange::Idle);
            self.acknowledge(cseq, None);
        }
        self.tell(Event::Answered { id: self.id, body, headers: Box::new(response.headers.detach()) });
    }

    fn hang_up_now(&mut self, reason: Option<Reason>) {
        self.leave(reason);
        self.end(EndCause::LocalHangup);
    }

    /// A 300 to 699 to our INVITE or re-INVITE.
    pub(crate) fn handle_failure(&mut self, response: &Response, rng: &mut dyn Rng, now: Instant) {
        let reason = match self.judge(response, rng) {
            Verdict::Again => return self.send_again(),
            Verdict::Stands => response.reason.detach(),
            Verdict::Refused(why) => why,
        };
        match &self.state {
            State::Calling(_) => {
                let headers = Box::new(response.headers.detach());
                self.refused(response.status, reason, RefusalCause::Response, headers);
            }
            State::Confirmed(_) => self.offer_refused(response.status, rng.next_u32(), now),
            State::Ringing(_) | State::Ended => {}
        }
    }

    /// No final response to our INVITE or re-INVITE came, or it could not be sent: "treated as if a 408 (Request
    /// Timeout) ... 503 (Service Unavailable) ... has been received" (§8.1.3.1).
    pub(crate) fn handle_no_response(&mut self, cause: RefusalCause, now: Instant) {
        match (&self.state, cause) {
            (State::Calling(_), RefusalCause::Timeout | RefusalCause::Response) => {
                let status = StatusCode::REQUEST_TIMEOUT;
                self.refused(status, status.default_reason().into(), RefusalCause::Timeout, Box::default());
            }
            (State::Calling(_), RefusalCause::Transport) => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                self.refused(status, status.default_reason().into(), cause, Box::default());
            }
            (State::Confirmed(_), RefusalCause::Timeout | RefusalCause::Response) => {
                self.offer_refused(StatusCode::REQUEST_TIMEOUT, 0, now);
            }
            (State::Confirmed(_), RefusalCause::Transport) => {
                self.leave(None);
                self.end(EndCause::Transport);
            }
            (State::Ringing(_) | State::Ended, _) => {}
        }
    }

    fn refused(&mut self, status: StatusCode, reason: Text, cause: RefusalCause, headers: Box<Headers>) {
        let State::Calling(calling) = &self.state else { return };
        match calling.cancel {
            Cancel::No => self.finish(Event::Refused { id: self.id, status, reason, cause, headers }),
            // A CANCEL waits for the first response (§9.1): none has come.
            Cancel::Wanted(_) => self.end(match cause {
                RefusalCause::Response => EndCause::LocalHangup,
                RefusalCause::Timeout => EndCause::NoResponse,
                RefusalCause::Transport => EndCause::Transport,
            }),
            Cancel::Sent => self.end(EndCause::LocalHangup),
        }
    }

    /// ACK for a 2xx: a request of the dialog with the INVITE's CSeq number (§13.2.2.4).
    pub(super) fn acknowledge(&mut self, cseq: u32, body: Option<Body>) {
        let Some(key) = self.invite else { return };
        let mut ack = self.dialog.request_numbered(Method::Ack, cseq);
        reply::sign_request(&mut ack, &self.settings);
        self.authorize_ack(&mut ack);
        if let Some(body) = &body {
            ack.set_body(&body.content_type, body.content.clone());
        }
        self.described = body.or_else(|| self.described.take());
        self.outputs.push_back(Output::Acknowledge(key, Box::new(ack), self.next_hop()));
    }
}
