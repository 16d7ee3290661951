//! INVITE server transaction: RFC 3261 §17.2.1, with Accepted from RFC 6026 §7.1.
//!
//!   Proceeding ──2xx──────► Accepted ──L──► Terminated
//!       └────── 300–699 ──► Completed ──ACK──► Confirmed ──I──► Terminated
//!                              └──H──► TimedOut, Terminated
//!
//! Touches no socket and no clock: feed it responses, retransmissions, the ACK and `now`, then drain
//! [`ServerInvite::poll`] until `Timeout`.
//!
//! In Accepted the 2xx is the session's to retransmit (RFC 3261 §13.3.1.4): [`ServerInvite::respond`] passes it on
//! and retransmitted INVITEs are absorbed, as RFC 6026 §7.1 asks.

use std::time::Instant;

use bytes::Bytes;

use super::{Backoff, Output, Timers, earliest};
use crate::message::StatusCode;

/// An INVITE, received.
#[derive(Debug)]
pub struct ServerInvite {
    state: State,
    timers: Timers,
    reliable: bool,
    pending: Option<Bytes>,
}

#[derive(Debug)]
enum State {
    Proceeding { provisional: Option<Bytes> },
    Accepted { l: Instant },
    Completed { response: Bytes, g: Option<Backoff>, h: Instant },
    Confirmed { i: Instant },
    TimedOut,
    Terminated,
}

impl ServerInvite {
    /// An INVITE has come; its user sends the 100 at once.
    pub fn new(timers: Timers, reliable: bool) -> Self {
        Self { state: State::Proceeding { provisional: None }, timers, reliable, pending: None }
    }

    /// Sends a response. What the state does not allow (a 1xx after a final response, a second final response other
    /// than a 2xx in Accepted) is dropped.
    pub fn respond(&mut self, status: StatusCode, response: Bytes, now: Instant) {
        match &mut self.state {
            State::Proceeding { provisional } if status.is_provisional() => {
                *provisional = Some(response.clone());
                self.pending = Some(response);
            }
            State::Proceeding { .. } if status.is_success() => {
                self.pending = Some(response);
                self.state = State::Accepted { l: now + self.timers.transaction() };
            }
            State::Proceeding { .. } => {
                // "For unreliable transports, timer G is set to fire in T1 seconds."
                let g = (!self.reliable).then(|| Backoff::new(self.timers.t1, self.timers.t2, now));
                self.pending = Some(response.clone());
                self.state = State::Completed { response, g, h: now + self.timers.transaction() };
            }
            State::Accepted { .. } if status.is_success() => self.pending = Some(response),
            State::Accepted { .. }
            | State::Completed { .. }
            | State::Confirmed { .. }
            | State::TimedOut
            | State::Terminated => {}
        }
    }

    /// The same INVITE came again.
    pub fn handle_retransmission(&mut self) {
        match &self.state {
            State::Proceeding { provisional } => self.pending.clone_from(provisional),
            State::Completed { response, .. } => self.pending = Some(response.clone()),
            State::Accepted { .. } | State::Confirmed { .. } | State::TimedOut | State::Terminated => {}
        }
    }

    /// An ACK that matches this transaction; true when it was for a non-2xx and is absorbed here. In Accepted it
    /// belongs to the session (RFC 6026 §7.1).
    pub fn handle_ack(&mut self, now: Instant) -> bool {
        match &self.state {
            State::Completed { .. } => {
                let i = self.timers.linger(self.reliable);
                self.state = if i.is_zero() { State::Terminated } else { State::Confirmed { i: now + i } };
                true
            }
            State::Confirmed { .. } => true,
            State::Proceeding { .. } | State::Accepted { .. } | State::TimedOut | State::Terminated => false,
        }
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Accepted { l: end } | State::Confirmed { i: end } if *end <= now => {
                self.state = State::Terminated;
            }
            State::Completed { h, .. } if *h <= now => self.state = State::TimedOut,
            State::Completed { response, g, .. } => {
                if g.as_mut().is_some_and(|g| g.fire(now)) {
                    self.pending = Some(response.clone());
                }
            }
            State::Proceeding { .. }
            | State::Accepted { .. }
            | State::Confirmed { .. }
            | State::TimedOut
            | State::Terminated => {}
        }
    }

    /// True until a final response was given.
    pub fn is_proceeding(&self) -> bool {
        matches!(self.state, State::Proceeding { .. })
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
            State::Accepted { l: end } | State::Confirmed { i: end } => Output::Timeout(Some(*end)),
            State::Completed { g, h, .. } => Output::Timeout(earliest(g.map(|g| g.at()), Some(*h))),
            State::TimedOut => {
                self.state = State::Terminated;
                Output::TimedOut
            }
            State::Proceeding { .. } | State::Terminated => Output::Timeout(None),
        }
    }
}
