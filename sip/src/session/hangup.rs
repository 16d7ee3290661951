//! The end of a session: RFC 3261 §15 for both sides, §9.1 for a call that nobody has answered yet.

use super::offer::Exchange;
use super::{EndCause, Output, Session, State, reply};
use crate::message::{HeaderName, Method, Reason, Request, StatusCode};

impl Session {
    /// Ends the session in the way its state asks for: CANCEL, 480, BYE, or BYE as soon as the ACK has come.
    pub(crate) fn hangup(&mut self, reason: Option<Reason>) {
        match &mut self.state {
            State::Calling(_) => self.give_up(reason),
            State::Ringing(_) => {
                let headers: Vec<_> = reason.iter().map(|reason| (HeaderName::Reason, reason.into())).collect();
                self.refuse(StatusCode::TEMPORARILY_UNAVAILABLE, None, &headers, EndCause::LocalHangup);
            }
            State::Confirmed(confirmed) if matches!(confirmed.exchange, Exchange::Accepted(_)) => {
                confirmed.hangup.get_or_insert(reason);
            }
            State::Confirmed(_) => {
                self.leave(reason);
                self.end(EndCause::LocalHangup);
            }
            State::Ended => {}
        }
    }

    /// Closes what is open in a confirmed dialog and sends BYE.
    pub(super) fn leave(&mut self, reason: Option<Reason>) {
        let State::Confirmed(confirmed) = &mut self.state else { return };
        match confirmed.exchange {
            Exchange::Owing { cseq } => self.acknowledge(cseq, None),
            Exchange::Offered(_) => self.refuse_offer(StatusCode::REQUEST_TERMINATED),
            Exchange::Idle | Exchange::Accepted(_) | Exchange::Offering { .. } => {}
        }
        let mut bye = self.dialog.request(Method::Bye);
        reply::sign_request(&mut bye, &self.settings);
        if let Some(reason) = &reason {
            bye.headers.push(HeaderName::Reason, reason);
        }
        // The BYE is the last request of the session.
        let login = self.login.take().map(|mut login| {
            login.sign(&mut bye);
            login
        });
        self.outputs.push_back(Output::Request(Box::new(bye), self.next_hop(), login));
    }

    /// The peer's BYE, which the user agent answers with 200: "The UAS MUST still respond to any pending requests
    /// received for that dialog. It is RECOMMENDED that a 487 (Request Terminated) response be generated" (§15.1.2).
    pub(crate) fn handle_bye(&mut self, bye: &Request) {
        let reason = bye.headers.reason().ok().and_then(|reasons| reasons.first().map(Reason::detach));
        let cause = EndCause::RemoteBye { reason };
        match &self.state {
            State::Ringing(_) => self.refuse(StatusCode::REQUEST_TERMINATED, None, &[], cause),
            State::Confirmed(_) => {
                self.refuse_offer(StatusCode::REQUEST_TERMINATED);
                self.end(cause);
            }
            State::Calling(_) => self.end(cause),
            State::Ended => {}
        }
    }
}
