//! Who may begin something with us: RFC 3261 §21.4.4, answered statelessly (§8.2.7).
//!
//! A peer is judged by the address that its datagram came from, before anything else is looked at. What is within a
//! dialog, repeats a request that we have taken, or cancels one, is not judged again: its tags or branch name something
//! that exists, and a peer in the middle of a call may move. Responses are to requests of ours.

use std::net::IpAddr;

use tracing::trace;

use super::UserAgent;
use super::receive::Arrival;

/// Who is admitted, and who was not.
pub(super) struct Admission {
    admits: Box<dyn Fn(IpAddr) -> bool + Send>,
    refused: u64,
    last: Option<IpAddr>,
}

impl Default for Admission {
    fn default() -> Self {
        Self { admits: Box::new(|_| true), refused: 0, last: None }
    }
}

impl Admission {
    /// Notes a stranger; false for everybody else.
    pub(super) fn turns_away(&mut self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        if (self.admits)(peer) {
            return false;
        }
        trace!(%peer, "stranger turned away");
        self.refused = self.refused.saturating_add(1);
        self.last = Some(peer);
        true
    }
}

impl UserAgent {
    /// From now on, requests outside any dialog are answered 403 unless `admits` says yes to the address that they came
    /// from (IPv4 never in its IPv6-mapped form). They cost no memory and raise no event; calls under way go on. Without
    /// this, everybody is admitted. `admits` is asked for each such request, so it must be quick.
    pub fn set_admission(&mut self, admits: impl Fn(IpAddr) -> bool + Send + 'static) {
        self.admission.admits = Box::new(admits);
    }

    /// How many requests of strangers were refused so far.
    pub fn refused_strangers(&self) -> u64 {
        self.admission.refused
    }

    /// Where the last of them came from.
    pub fn last_stranger(&self) -> Option<IpAddr> {
        self.admission.last
    }

    /// Is this a request outside any dialog, from where none is taken?
    pub(super) fn is_of_stranger(&mut self, arrival: &Arrival) -> bool {
        let known = match &arrival.cancelled {
            Some(invite) => self.servers.find(invite).is_some(),
            None => {
                let tag = arrival.request.headers.to_tag().ok().flatten();
                tag.is_some_and(|tag| self.session_of(&tag, &arrival.request).is_some())
            }
        };
        !known && self.admission.turns_away(arrival.flow.peer.ip())
    }
}
