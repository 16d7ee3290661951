//! Which source a leg listens to.
//!
//!   open ──admitted source speaks──► latched ──signalled address speaks──► latched there
//!    ▲                                  │
//!    │                                  ├──3 s of silence, then same SSRC or a known host speaks──► latched there
//!    └──────another address signalled───┘   (the former source is refused meanwhile)
//!
//! A source that sends a valid packet is latched, so that a phone behind a NAT is heard and answered where it really is. With a
//! SIP peer known, its host and the signalled one are admitted at once, any other after they have kept silent for a while, and
//! until one of them speaks; without, the first that speaks. A stranger can't steal a stream that speaks. The signalled address
//! (SDP) may always take it. When another is signalled (re-INVITE), the former source still sends for a round trip: it is refused
//! until somebody else is latched, or for as long as a takeover takes. Addresses are compared in canonical form: an IPv4 source
//! seen through an IPv6 socket is the same. Not in any RFC; RFC 7362 §5 describes the practice.

use std::{
    net::{IpAddr, SocketAddr},
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

/// What a latch goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Where the far end said that it receives.
    pub(crate) signalled: Option<SocketAddr>,
    /// The far end's host in SIP.
    pub(crate) peer: Option<IpAddr>,
    /// For how long these two must keep silent before any other host is admitted.
    pub(crate) patience: Duration,
    /// How long the latched source must be silent to be succeeded.
    pub(crate) takeover: Duration,
}

#[derive(Clone, Debug)]
pub(crate) struct Latch {
    rules: Rules,
    latched: Option<(SocketAddr, Instant)>,
    /// Since when nothing is latched.
    opened: Instant,
    /// What was latched before another address was signalled.
    former: Option<SocketAddr>,
}

impl Latch {
    pub(crate) fn new(rules: Rules, now: Instant) -> Self {
        Self { rules, latched: None, opened: now, former: None }
    }

    /// Judges a valid packet; `same_ssrc` says whether it continues the stream that was heard last.
    pub(crate) fn judge(&mut self, from: SocketAddr, same_ssrc: bool, now: Instant) -> Verdict {
        match self.latched {
            Some((latched, _)) if same(latched, from) => {
                self.latched = Some((latched, now));
                return Verdict::Known;
            }
            Some((latched, heard)) if !self.may_take(latched, heard, from, same_ssrc, now) => return Verdict::Stranger,
            None if !self.may_open(from, now) => return Verdict::Stranger,
            Some(_) | None => {}
        }
        self.latched = Some((from, now));
        Verdict::Changed
    }

    /// A packet that can't latch keeps the latch of its source alive; whether it is the latched one.
    pub(crate) fn touch(&mut self, from: SocketAddr, now: Instant) -> bool {
        match &mut self.latched {
            Some((latched, heard)) if same(*latched, from) => {
                *heard = now;
                true
            }
            Some(_) | None => false,
        }
    }

    fn may_open(&self, from: SocketAddr, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.opened);
        self.is_signalled_host(from)
            || !self.is_former(from, now)
                && (self.rules.peer.is_none() || self.is_peer(from) || waited >= self.rules.patience)
    }

    fn may_take(&self, latched: SocketAddr, heard: Instant, from: SocketAddr, same_ssrc: bool, now: Instant) -> bool {
        if self.rules.signalled.is_some_and(|signalled| same(signalled, from)) {
            return true;
        }
        let known = self.is_signalled_host(from) || self.is_peer(from);
        let outranks = self.rules.peer.is_some() && known && !self.is_signalled_host(latched) && !self.is_peer(latched);
        let silent = now.saturating_duration_since(heard) >= self.rules.takeover;
        outranks && !self.is_former(from, now) || silent && (same_ssrc || known || same_host(from.ip(), latched.ip()))
    }

    fn is_signalled_host(&self, from: SocketAddr) -> bool {
        self.rules.signalled.is_some_and(|signalled| same_host(signalled.ip(), from.ip()))
    }

    fn is_peer(&self, from: SocketAddr) -> bool {
        self.rules.peer.is_some_and(|peer| same_host(peer, from.ip()))
    }

    /// Whether this is what was latched before a re-INVITE and may still be on its way out.
    fn is_former(&self, from: SocketAddr, now: Instant) -> bool {
        let waited = now.saturating_duration_since(self.opened);
        waited < self.rules.takeover && self.former.is_some_and(|former| same(former, from))
    }

    /// What a re-INVITE says. Another address opens the latch; none, and no peer, change nothing.
    pub(crate) fn signal(&mut self, rules: Rules, now: Instant) {
        let another = match (rules.signalled, self.rules.signalled) {
            (Some(new), Some(old)) => !same(new, old),
            (Some(_), None) => true,
            (None, _) => false,
        };
        let (signalled, peer) = (rules.signalled.or(self.rules.signalled), rules.peer.or(self.rules.peer));
        self.rules = Rules { signalled, peer, ..rules };
        if another {
            self.former = self.latched.take().map(|(address, _)| address).or(self.former);
            self.opened = now;
        }
    }

    /// Where to send: the latched source, or the signalled address until one is.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.latched.map(|(address, _)| address).or(self.rules.signalled)
    }
}

fn same_host(one: IpAddr, other: IpAddr) -> bool {
    one.to_canonical() == other.to_canonical()
}

fn same(one: SocketAddr, other: SocketAddr) -> bool {
    one.port() == other.port() && same_host(one.ip(), other.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);
    const RULES: Rules = Rules { signalled: None, peer: None, patience: Duration::from_secs(2), takeover: TAKEOVER };
    const TAKEOVER: Duration = Duration::from_secs(3);

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    fn signalled(text: &str) -> Rules {
        Rules { signalled: Some(address(text)), ..RULES }
    }

    fn setting() -> (Latch, Instant) {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        (Latch::new(signalled("192.0.2.1:4000"), now), now)
    }

    /// With 203.0.113.50 as SIP peer.
    fn guarded() -> (Latch, Instant) {
        let (_, now) = setting();
        let peer = Some("203.0.113.50".parse().unwrap());
        (Latch::new(Rules { peer, ..signalled("192.0.2.1:4000") }, now), now)
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
        let later = now + 3 * S;
        assert_eq!(latch.judge(address("192.0.2.1:4002"), false, now + 2 * S), Verdict::Stranger);
        assert_eq!(latch.judge(address("203.0.113.1:1"), false, later), Verdict::Stranger);
        assert_eq!(latch.clone().judge(address("203.0.113.1:1"), true, later), Verdict::Changed);
        assert_eq!(latch.judge(address("192.0.2.1:4002"), false, later), Verdict::Changed);
    }

    #[test]
    fn a_newly_signalled_address_opens_the_latch() {
        let (mut latch, now) = setting();
        latch.judge(address("192.0.2.1:4000"), false, now);
        latch.signal(signalled("192.0.2.1:4000"), now);
        assert_eq!(latch.judge(address("192.0.2.9:6000"), false, now), Verdict::Stranger);
        latch.signal(RULES, now);
        assert_eq!(latch.judge(address("192.0.2.9:6000"), false, now), Verdict::Stranger);
        latch.signal(signalled("192.0.2.9:6000"), now);
        assert_eq!(latch.remote(), Some(address("192.0.2.9:6000")));
        assert_eq!(latch.judge(address("192.0.2.9:6002"), false, now), Verdict::Changed);
    }

    #[test]
    fn the_former_source_does_not_latch_again_after_a_re_invite() {
        let (mut latch, now) = setting();
        let (old, new) = (address("192.0.2.1:4000"), address("192.0.2.9:6000"));
        latch.judge(old, false, now);
        latch.signal(signalled("192.0.2.9:6000"), now);
        assert_eq!((latch.judge(old, true, now + S), latch.remote()), (Verdict::Stranger, Some(new)));
        let (mut alone, mut back) = (latch.clone(), latch.clone());
        assert_eq!(latch.judge(new, false, now + S), Verdict::Changed);
        assert_eq!(latch.judge(old, true, now + S), Verdict::Stranger);
        assert_eq!(alone.judge(old, true, now + TAKEOVER), Verdict::Changed, "nobody else has spoken");
        back.signal(signalled("192.0.2.1:4006"), now + S);
        assert_eq!(back.judge(old, true, now + S), Verdict::Changed, "its host is signalled again");
    }

    #[test]
    fn with_a_peer_known_others_are_admitted_only_after_some_silence() {
        let (mut latch, now) = guarded();
        let (sprayer, phone) = (address("198.51.100.66:6666"), address("192.0.2.1:7777"));
        assert_eq!(latch.judge(sprayer, false, now + S), Verdict::Stranger);
        assert_eq!(latch.clone().judge(phone, false, now + S), Verdict::Changed, "the signalled host");
        let mut relayed = latch.clone();
        assert_eq!(relayed.judge(address("203.0.113.50:30000"), false, now + S), Verdict::Changed, "the SIP peer");
        assert_eq!(relayed.judge(sprayer, false, now + 2 * S), Verdict::Stranger);
        assert_eq!(latch.judge(sprayer, false, now + 2 * S), Verdict::Changed, "a phone behind another NAT");
        assert_eq!(latch.judge(phone, false, now + 2 * S), Verdict::Changed, "who is known outranks who is not");
        assert_eq!(latch.judge(sprayer, false, now + 2 * S), Verdict::Stranger);
    }

    #[test]
    fn an_ipv4_source_seen_through_an_ipv6_socket_is_the_same() {
        let (mut latch, now) = guarded();
        let mapped = address("[::ffff:192.0.2.1]:4000");
        assert_eq!(latch.judge(mapped, false, now), Verdict::Changed);
        assert_eq!(latch.judge(address("192.0.2.1:4000"), false, now), Verdict::Known);
        assert_eq!(latch.remote(), Some(mapped), "sent to as it was seen");
        latch.signal(signalled("[::ffff:192.0.2.1]:4000"), now);
        assert!(latch.touch(address("192.0.2.1:4000"), now), "nothing new was signalled");
        assert_eq!(guarded().0.judge(address("[::ffff:203.0.113.50]:1"), false, now), Verdict::Changed);
    }
}
