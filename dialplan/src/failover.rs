//! Whether a call that a trunk didn't take is tried by the next one.
//!
//! Another trunk helps when the *way* was at fault: no answer, no room, no permission here, a loop, a format or codec that
//! this peer doesn't take. It doesn't when the *callee* was: busy, not answering, refusing, not existing. Then it costs the
//! caller time, rings people twice, and spoils the success rate by which carriers judge their customers. Nor does it when
//! the callee has rung already and the trunk then answers anything: only a trunk that is lost meanwhile is replaced.
//!
//! A Q.850 cause in the response (RFC 6432) decides before the status, as it comes from nearer to the callee.

use crate::cause::Cause;

/// How an attempt by one trunk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this response; for 3xx, after as many redirections as are followed.
    Response {
        /// SIP status code.
        status: u16,
        /// The cause in its Reason header field.
        cause: Option<Cause>,
    },
    /// No response came at all (timer B, RFC 3261 §17.1.1.2).
    NoResponse,
    /// It was tried as long as it may ring.
    RingTimeout,
    /// The network knows no way, or the connection broke (RFC 3261 §8.1.3.1).
    Transport,
    /// The trunk was at one of its caps after all.
    AtCap,
}

/// What to do then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The next trunk may do better.
    TryNext,
    /// That was the answer.
    Final,
}

impl Outcome {
    /// Whether the next trunk is tried; `rang` says that the callee was alerted (180) by this one.
    #[must_use]
    pub fn verdict(self, rang: bool) -> Verdict {
        match self {
            Self::NoResponse | Self::Transport | Self::AtCap => Verdict::TryNext,
            Self::RingTimeout => Verdict::Final,
            Self::Response { .. } if rang => Verdict::Final,
            Self::Response { status, cause } => cause.and_then(of_cause).unwrap_or_else(|| of_status(status)),
        }
    }
}

/// By the cause, unless that tells nothing.
fn of_cause(cause: Cause) -> Option<Verdict> {
    if !cause.tells() {
        return None;
    }
    Some(match cause.value() {
        // The number doesn't exist, has changed, or isn't one: that is so by every trunk.
        1 | 22 | 28 => Verdict::Final,
        // Busy, not answering, switched off.
        17..=20 => Verdict::Final,
        // The callee refuses, or has it refused.
        21 | 24 => Verdict::Final,
        // The callee's own group or terminal doesn't take such calls.
        55 | 87 | 88 => Verdict::Final,
        // No route by this network, no circuit, congestion, failure, not subscribed, not understood: this trunk's troubles.
        // Also 27, destination out of order, which as often is the way to it.
        _ => Verdict::TryNext,
    })
}

/// By the status; one that isn't listed counts as the x00 of its class (RFC 3261 §8.1.3.2).
fn of_status(status: u16) -> Verdict {
    match status {
        // Ringing or answered: the call is where it should be.
        100..=299 => Verdict::Final,
        // Emergency services are elsewhere (RFC 3261 §21.3.5): no trunk of ours leads there.
        380 => Verdict::Final,
        // This trunk won't carry the call itself.
        300..=399 => Verdict::TryNext,
        // The number is given up, incomplete or ambiguous.
        410 | 484 | 485 => Verdict::Final,
        // The callee takes no anonymous calls.
        433 => Verdict::Final,
        // The callee is known, and absent, busy, or has been given up by us.
        480 | 486 | 487 => Verdict::Final,
        // 404 without a cause: for most carriers "no route to this number by us". 403: this account may not dial it, or not
        // as this caller; the callee's own refusal is 603 or has cause 21. 401, 402, 407: password or account. 408: the
        // carrier's next hop is silent. 482, 483: it loops. 4xx for extensions, identity, media: this peer's taste.
        400..=499 => Verdict::TryNext,
        // "A client receiving a 503 SHOULD attempt to forward the request to an alternate server" (RFC 3261 §21.5.4); the
        // other 5xx are faults of a server too.
        500..=599 => Verdict::TryNext,
        // "6xx responses indicate that a server has definitive information about a particular user" (RFC 3261 §21.6): busy
        // everywhere, declined, doesn't exist anywhere, not acceptable, unwanted, rejected.
        _ => Verdict::Final,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16, cause: Option<u8>) -> Verdict {
        let cause = cause.map(|value| Cause::new(value).unwrap());
        Outcome::Response { status, cause }.verdict(false)
    }

    #[test]
    fn the_way_at_fault_means_another_trunk_and_the_callee_at_fault_does_not() {
        for status in [
            300, 301, 302, 305, 400, 401, 402, 403, 404, 405, 406, 407, 408, 413, 415, 416, 420, 421, 422, 428, 436,
            438, 482, 483, 488, 493, 494, 499, 500, 501, 502, 503, 504, 505, 513, 599,
        ] {
            assert_eq!(verdict(status, None), Verdict::TryNext, "{status}");
        }
        for status in [180, 183, 200, 380, 410, 433, 480, 484, 485, 486, 487, 600, 603, 604, 606, 607, 608, 699] {
            assert_eq!(verdict(status, None), Verdict::Final, "{status}");
        }
    }

    #[test]
    fn a_cause_decides_before_the_status_unless_it_tells_nothing() {
        for (status, cause, expected) in [
            (404, 1, Verdict::Final),
            (404, 3, Verdict::TryNext),
            (403, 21, Verdict::Final),
            (480, 41, Verdict::TryNext),
            (480, 31, Verdict::Final),
            (503, 17, Verdict::Final),
            (500, 19, Verdict::Final),
            (500, 34, Verdict::TryNext),
            (502, 27, Verdict::TryNext),
            (503, 16, Verdict::TryNext),
            (603, 127, Verdict::Final),
            (484, 28, Verdict::Final),
        ] {
            assert_eq!(verdict(status, Some(cause)), expected, "{status} with {cause}");
        }
    }

    #[test]
    fn what_never_reached_the_callee_is_tried_again_and_what_rang_is_not() {
        for outcome in [Outcome::NoResponse, Outcome::Transport, Outcome::AtCap] {
            assert_eq!(outcome.verdict(false), Verdict::TryNext, "{outcome:?}");
        }
        assert_eq!(Outcome::RingTimeout.verdict(false), Verdict::Final);
        assert_eq!(Outcome::Response { status: 503, cause: None }.verdict(true), Verdict::Final);
    }

    #[test]
    fn a_connection_lost_while_it_rang_is_tried_by_the_next_trunk() {
        assert_eq!(Outcome::Transport.verdict(true), Verdict::TryNext);
    }
}
