//! Which source a leg listens to.
//!
//!   open ──first valid packet──► latched ──signalled address speaks──► latched there
//!                                   │
//!                                   └──3 s of silence, then same SSRC or same host speaks──► latched there
//!
//! The first source that sends a valid packet is latched, so that a phone behind a NAT is heard and answered where it
//! really is. A stranger can't steal a stream that speaks. The signalled address (SDP) may always take it. Not in any RFC;
//! RFC 7362 §5 describes the practice.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The source that is latched.
    Known,
    /// A source that is latched from now on.
    Changed,
    /// Not to be listened to.
    Stranger,
}

#[derive(Clone, Debug)]
pub(crate) struct Latch {
    signalled: Option<SocketAddr>,
    latched: Option<(SocketAddr, Instant)>,
    takeover: Duration,
}

impl Latch {
    pub(crate) fn new(signalled: Option<SocketAddr>, takeover: Duration) -> Self {
        Self { signalled, latched: None, takeover }
    }

    /// Judges a valid packet; `same_ssrc` says whether it continues the stream that was heard last.
    pub(crate) fn judge(&mut self, from: SocketAddr, same_ssrc: bool, now: Instant) -> Verdict {
        let verdict = match self.latched {
            None => Verdict::Changed,
            Some((latched, _)) if latched == from => Verdict::Known,
            Some(_) if self.signalled == Some(from) => Verdict::Changed,
            Some((latched, heard)) => {
                let silent = now.saturating_duration_since(heard) >= self.takeover;
                let host = from.ip() == latched.ip() || self.signalled.is_some_and(|it| it.ip() == from.ip());
                if silent && (same_ssrc || host) { Verdict::Changed } else { Verdict::Stranger }
            }
        };
        if verdict != Verdict::Stranger {
            self.latched = Some((from, now));
        }
        verdict
    }

    /// What a re-INVITE says. Another address opens the latch: whoever speaks first is latched anew.
    pub(crate) fn signal(&mut self, address: Option<SocketAddr>, takeover: Duration) {
        self.takeover = takeover;
        if address.is_some() && self.signalled != address {
            self.signalled = address;
            self.latched = None;
        }
    }

    /// Where to send: the latched source, or the signalled address until one is.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.latched.map(|(address, _)| address).or(self.signalled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAKEOVER: Duration = Duration::from_secs(3);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn setting() -> (Latch, Instant) {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        (Latch::new(Some(address("192.0.2.1:4000")), TAKEOVER), now)
    }

    #[test]
    fn the_first_source_is_latched_and_a_stranger_is_not_heard() {
        let (mut latch, now) = setting();
        assert_eq!(latch.remote(), Some(address("192.0.2.1:4000")));
        assert_eq!(latch.judge(address("198.51.100.7:9000"), false, now), Verdict::Changed);
        assert_eq!(latch.remote(), Some(address("198.51.100.7:9000")));
        assert_eq!(latch.judge(address("203.0.113.1:1"), true, now), Verdict::Stranger);
        assert_eq!(latch.judge(address("198.51.100.7:9000"), true, now), Verdict::Known);
    }

    #[test]
    fn the_signalled_address_takes_the_latch_back_at_any_time() {
        let (mut latch, now) = setting();
        latch.judge(address("203.0.113.1:1"), false, now);
        assert_eq!(latch.judge(address("192.0.2.1:4000"), false, now), Verdict::Changed);
        assert_eq!(latch.judge(address("203.0.113.1:1"), true, now), Verdict::Stranger);
    }

    #[test]
    fn a_silent_source_is_succeeded_by_its_stream_or_its_host_only() {
        let (mut latch, now) = setting();
        latch.judge(address("192.0.2.1:4000"), false, now);
        let later = now + Duration::from_secs(3);
        assert_eq!(latch.judge(address("192.0.2.1:4002"), false, now + Duration::from_secs(2)), Verdict::Stranger);
        assert_eq!(latch.judge(address("203.0.113.1:1"), false, later), Verdict::Stranger);
        assert_eq!(latch.clone().judge(address("203.0.113.1:1"), true, later), Verdict::Changed);
        assert_eq!(latch.judge(address("192.0.2.1:4002"), false, later), Verdict::Changed);
    }

    #[test]
    fn a_newly_signalled_address_opens_the_latch() {
        let (mut latch, now) = setting();
        latch.judge(address("192.0.2.1:4000"), false, now);
        latch.signal(Some(address("192.0.2.1:4000")), TAKEOVER);
        assert_eq!(latch.judge(address("192.0.2.9:6000"), false, now), Verdict::Stranger);
        latch.signal(None, TAKEOVER);
        assert_eq!(latch.judge(address("192.0.2.9:6000"), false, now), Verdict::Stranger);
        latch.signal(Some(address("192.0.2.9:6000")), TAKEOVER);
        assert_eq!(latch.remote(), Some(address("192.0.2.9:6000")));
        assert_eq!(latch.judge(address("192.0.2.9:6002"), false, now), Verdict::Changed);
    }
}
