//! Non-INVITE server transaction: RFC 3261 §17.2.2.
//!
//!   Trying ──200–699 from the user──► Completed ──J──► Terminated
//!
//! Proceeding does not occur: a 1xx to a non-INVITE request helps nobody (RFC 4320 §4.1), so none is sent.
//!
//! Touches no socket and no clock: feed it responses, retransmissions and `now`, then drain [`Server::poll`].

use std::time::Instant;

use bytes::Bytes;

use super::{Output, Timers};

/// A request other than INVITE and ACK, received and answered.
#[derive(Debug)]
pub struct Server {
    state: State,
    timers: Timers,
    reliable: bool,
    pending: Option<Bytes>,
}

#[derive(Debug)]
enum State {
    Trying,
    Completed { response: Bytes, j: Instant },
    Terminated,
}

impl Server {
    /// A request has come.
    pub fn new(timers: Timers, reliable: bool) -> Self {
        Self { state: State::Trying, timers, reliable, pending: None }
    }

    /// Sends the final response; a second one is ignored ("any other final responses passed by the TU ... MUST be
    /// discarded while in the Completed state").
    pub fn respond(&mut self, response: Bytes, now: Instant) {
        match self.state {
            State::Trying => {
                self.pending = Some(response.clone());
                let j = self.timers.j(self.reliable);
                self.state = if j.is_zero() { State::Terminated } else { State::Completed { response, j: now + j } };
            }
            State::Completed { .. } | State::Terminated => {}
        }
    }

    /// The same request came again: answered again, or absorbed while there is no answer.
    pub fn handle_retransmission(&mut self) {
        match &self.state {
            State::Completed { response, .. } => self.pending = Some(response.clone()),
            State::Trying | State::Terminated => {}
        }
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &self.state {
            State::Completed { j, .. } if *j <= now => self.state = State::Terminated,
            State::Completed { .. } | State::Trying | State::Terminated => {}
        }
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
            State::Completed { j, .. } => Output::Timeout(Some(*j)),
            State::Trying | State::Terminated => Output::Timeout(None),
        }
    }
}
