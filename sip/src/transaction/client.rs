//! Non-INVITE client transaction: RFC 3261 §17.1.2.
//!
//!   Trying ──1xx──► Proceeding ──200–699──► Completed ──K──► Terminated
//!      └───────────── 200–699 ─────────────────▲
//!   (Timer E retransmits in Trying and Proceeding; timer F ends both.)
//!
//! Touches no socket and no clock: feed it responses and `now`, then drain [`Client::poll`] until `Timeout`.

use std::time::Instant;

use bytes::Bytes;

use super::{Backoff, Output, Timers, earliest};
use crate::message::StatusCode;

/// A request other than INVITE and ACK, sent and awaiting its final response.
#[derive(Debug)]
pub struct Client {
    state: State,
    request: Bytes,
    timers: Timers,
    reliable: bool,
    pending: Option<Bytes>,
}

#[derive(Debug)]
enum State {
    Trying { e: Option<Backoff>, f: Instant },
    Proceeding { e: Option<Backoff>, f: Instant },
    Completed { k: Instant },
    TimedOut,
    Terminated,
}

impl Client {
    /// Sends `request` (printed, with its branch) and starts timers E and F.
    pub fn new(request: Bytes, timers: Timers, reliable: bool, now: Instant) -> Self {
        // "If an unreliable transport is in use, the client transaction MUST set timer E to fire in T1 seconds."
        let e = (!reliable).then(|| Backoff::new(timers.t1, timers.t2, now));
        let state = State::Trying { e, f: now + timers.transaction() };
        let pending = Some(request.clone());
        Self { state, request, timers, reliable, pending }
    }

    /// Takes a response to this request; true when it goes up to the transaction's user.
    pub fn handle_response(&mut self, status: StatusCode, now: Instant) -> bool {
        match &mut self.state {
            State::Trying { e, f } | State::Proceeding { e, f } if status.is_provisional() => {
                let (mut e, f) = (*e, *f);
                if let Some(e) = &mut e {
                    e.slow_down();
                }
                self.state = State::Proceeding { e, f };
                true
            }
            State::Trying { .. } | State::Proceeding { .. } => {
                let k = self.timers.linger(self.reliable);
                self.state = if k.is_zero() { State::Terminated } else { State::Completed { k: now + k } };
                true
            }
            State::Completed { .. } | State::TimedOut | State::Terminated => false,
        }
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match &mut self.state {
            State::Trying { f, .. } | State::Proceeding { f, .. } if *f <= now => self.state = State::TimedOut,
            State::Trying { e, .. } | State::Proceeding { e, .. } => {
                if e.as_mut().is_some_and(|e| e.fire(now)) {
                    self.pending = Some(self.request.clone());
                }
            }
            State::Completed { k } if *k <= now => self.state = State::Terminated,
            State::Completed { .. } | State::TimedOut | State::Terminated => {}
        }
    }

    /// The network says that the peer can't be reached; true when nothing had been heard from it yet, and so all is
    /// over.
    pub fn handle_transport_error(&mut self) -> bool {
        let trying = matches!(self.state, State::Trying { .. });
        if trying {
            self.pending = None;
            self.state = State::Terminated;
        }
        trying
    }

    /// True until the final response, or the end of the wait for it.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.state, State::Trying { .. } | State::Proceeding { .. })
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
            State::Trying { e, f } | State::Proceeding { e, f } => {
                Output::Timeout(earliest(e.map(|e| e.at()), Some(*f)))
            }
            State::Completed { k } => Output::Timeout(Some(*k)),
            State::TimedOut => {
                self.state = State::Terminated;
                Output::TimedOut
            }
            State::Terminated => Output::Timeout(None),
        }
    }
}
