//! The base times of RFC 3261 §17.1.1.1 (table 4) from which all of timers A to M follow.

use std::time::Duration;

/// T1, T2 and T4 of RFC 3261 §17.1.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Round-trip time estimate; 500 ms by default.
    pub t1: Duration,
    /// Longest interval between retransmissions of non-INVITE requests and INVITE responses; 4 s by default.
    pub t2: Duration,
    /// Longest time a message stays in the network; 5 s by default.
    pub t4: Duration,
}

impl Timers {
    /// Timers B, F, H, J, L and M: 64*T1.
    pub fn transaction(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// Timer D: "the client transaction MUST ... set to a value of at least 32 seconds for unreliable transports,
    /// and a value of zero seconds for reliable transports" (RFC 3261 §17.1.1.2).
    pub fn d(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.transaction().max(Duration::from_secs(32)) }
    }

    /// Timers I and K: T4, or zero over reliable transports (RFC 3261 §17.1.2.2 and §17.2.1).
    pub fn linger(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.t4 }
    }

    /// Timer J: 64*T1, or zero over reliable transports (RFC 3261 §17.2.2).
    pub fn j(&self, reliable: bool) -> Duration {
        if reliable { Duration::ZERO } else { self.transaction() }
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { t1: Duration::from_millis(500), t2: Duration::from_secs(4), t4: Duration::from_secs(5) }
    }
}
