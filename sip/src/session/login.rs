//! Digest in a session that we began: RFC 3261 §22.2 and §22.3.
//!
//!   INVITE, re-INVITE or BYE ──401, 407──► the same request with the next CSeq and answers ──► its real outcome
//!
//! The challenges that are held answer every further request of the session before it is asked for. The [`Login`] of a
//! session goes with its BYE, whose answer comes when the session is over.
//!
//! ACK carries the answers of its INVITE. CANCEL carries none: nobody may challenge it (§22.1), and Proxy-Authorization
//! is "not applicable" to it, which is to say that it "MUST NOT be present" (§20, table 3).

use rand::Rng;

use super::offer::Exchange;
use super::{Output, Session, State};
use crate::digest::{Client, Credentials, Next, Refusal, copy_answers};
use crate::flow::Flow;
use crate::message::{CSeq, HeaderName, Method, Request, Response, Text};

/// Challenges in a row to one request. The digest client ends those of any one realm sooner; this ends realms that
/// are new each time.
const MAX_CHALLENGES: u8 = 8;

/// Who we are to those who challenge us, and the request that they may challenge.
#[derive(Debug)]
pub(crate) struct Login {
    client: Client,
    /// The last request, without its Via.
    sent: Request,
    challenges: u8,
}

/// What a final response means for the request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is a challenge: send [`Login::again`].
    Again,
    /// It is what became of the request.
    Stands,
    /// It is a challenge that can't be answered, for this reason.
    Refused(Text),
}

impl Login {
    /// For a session that begins with `invite`.
    pub(super) fn new(credentials: Credentials, invite: &Request) -> Self {
        Self { client: Client::new(credentials), sent: invite.clone(), challenges: 0 }
    }

    /// Puts the answers to what is held into a request that is about to be sent, and keeps it.
    pub(super) fn sign(&mut self, request: &mut Request) {
        self.client.authorize(request);
        self.sent = request.clone();
    }

    /// Takes a final response to the last request.
    pub(crate) fn judge(&mut self, response: &Response, rng: &mut dyn Rng) -> Verdict {
        match self.client.handle_response(&self.sent, response, rng) {
            Ok(Next::Retry) if self.challenges < MAX_CHALLENGES => {
                self.challenges += 1;
                Verdict::Again
            }
            Ok(Next::Retry) => Verdict::Refused(Text::from_static("challenged again and again")),
            Ok(Next::Done) => {
                self.challenges = 0;
                Verdict::Stands
            }
            Err(refusal) => Verdict::Refused(words(&refusal)),
        }
    }

    /// The last request with answers, its CSeq this: "the UAC MUST increment the CSeq header field value as it would
    /// normally when sending an updated request" (§22.2).
    pub(crate) fn again(&mut self, cseq: u32) -> Request {
        let method = self.sent.method.clone();
        self.sent.headers.set(HeaderName::CSeq, &CSeq::new(cseq, method));
        self.client.authorize(&mut self.sent);
        self.sent.clone()
    }

    /// The number after that of the last request.
    pub(crate) fn next_cseq(&self) -> u32 {
        self.sent.headers.cseq().map_or(0, |cseq| cseq.number).wrapping_add(1)
    }
}

/// A refusal as a reason phrase.
fn words(refusal: &Refusal) -> Text {
    refusal.to_string().into()
}

impl Session {
    /// What a final response to our INVITE or re-INVITE means.
    pub(super) fn judge(&mut self, response: &Response, rng: &mut dyn Rng) -> Verdict {
        let Some(login) = &mut self.login else { return Verdict::Stands };
        match login.judge(response, rng) {
            Verdict::Again if !self.is_invite_wanted() => Verdict::Stands,
            verdict @ (Verdict::Again | Verdict::Stands | Verdict::Refused(_)) => verdict,
        }
    }

    /// Nobody has given up the INVITE or re-INVITE that is out.
    fn is_invite_wanted(&self) -> bool {
        match &self.state {
            State::Calling(calling) => calling.is_wanted(),
            State::Confirmed(confirmed) => matches!(confirmed.exchange, Exchange::Offering { until: Some(_), .. }),
            State::Ringing(_) | State::Ended => false,
        }
    }

    /// Sends the INVITE or re-INVITE again, with answers.
    pub(super) fn send_again(&mut self) {
        let Some((cseq, flow)) = self.begin_again() else { return };
        let Some(login) = &mut self.login else { return };
        self.outputs.push_back(Output::Invite(Box::new(login.again(cseq)), flow));
    }

    /// The CSeq and the way of another INVITE in the place of the one that is out.
    fn begin_again(&mut self) -> Option<(u32, Flow)> {
        let within = self.next_hop();
        let cseq = self.dialog.next_cseq();
        match &mut self.state {
            State::Calling(calling) => {
                calling.begin_again();
                Some((cseq, self.flow))
            }
            State::Confirmed(confirmed) => {
                if let Exchange::Offering { cseq: ours, .. } = &mut confirmed.exchange {
                    *ours = cseq;
                }
                Some((cseq, within))
            }
            State::Ringing(_) | State::Ended => None,
        }
    }

    /// A 422 to `invite` (RFC 4028 §7.3): sends it again, with the interval that the peer takes. False when there is
    /// nothing to be gained by that, or nobody wants it any more.
    pub(crate) fn ask_for_longer(&mut self, invite: &Request, response: &Response) -> bool {
        if !self.is_invite_wanted() || !self.timing.raise(response) {
            return false;
        }
        let Some((cseq, flow)) = self.begin_again() else { return false };
        let mut invite = invite.clone();
        invite.headers.remove(&HeaderName::Via);
        invite.headers.set(HeaderName::CSeq, &CSeq::new(cseq, Method::Invite));
        self.ask_for_timer(&mut invite);
        if let Some(login) = &mut self.login {
            login.sign(&mut invite);
        }
        self.outputs.push_back(Output::Invite(Box::new(invite), flow));
        true
    }

    /// Puts the answers to what is held into a request beside the session's own.
    pub(crate) fn authorize(&mut self, request: &mut Request) {
        if let Some(login) = &mut self.login {
            login.client.authorize(request);
        }
    }

    /// Puts into an ACK what its INVITE, the last, carried.
    pub(super) fn authorize_ack(&self, ack: &mut Request) {
        if let Some(login) = &self.login {
            copy_answers(&mut ack.headers, &login.sent.headers);
        }
    }
}
