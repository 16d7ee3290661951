//! Redirections: RFC 3261 §8.1.3.4 and §21.3. Followed a few times, never in a circle, and through a trunk only to
//! places that are the trunk's own: whoever can send us a 302 must not choose where our calls are charged.

use super::Try;
use crate::call::context::Context;
use crate::trunk::number_of;
use std::net::IpAddr;
use talkpath_sip::message::{Contacts, Headers, NameAddr, Uri};

/// How many redirections of a call without a trunk are followed.
const WITHOUT_TRUNK: u8 = 5;
/// How many places one redirection may name.
const MOST: usize = 8;

/// Where a 3xx says that the callee is, the preferred places first.
pub(super) fn contacts(headers: &Headers) -> Vec<NameAddr> {
    let Ok(Contacts::Addresses(mut contacts)) = headers.contacts() else { return Vec::new() };
    contacts.truncate(MOST);
    let preference = |contact: &NameAddr| {
        contact.params.get("q").and_then(|q| q.to_str()?.parse::<f32>().ok()).map_or(1_000, |q| (q * 1_000.0) as i32)
    };
    contacts.sort_by_key(|contact| std::cmp::Reverse(preference(contact)));
    contacts.iter().map(NameAddr::detach).collect()
}

/// The redirections of one call.
#[derive(Debug, Default)]
pub(super) struct Redirects {
    followed: u8,
    seen: Vec<Uri>,
}

impl Redirects {
    /// The tries that a redirection of `from` makes; none when it may not be followed.
    pub(super) async fn follow(&mut self, from: &Try, moved: &[NameAddr], context: &Context) -> Vec<Try> {
        let most = from.trunk.as_ref().map_or(WITHOUT_TRUNK, |trunk| trunk.settings.redirects);
        if moved.is_empty() || self.followed >= most {
            return Vec::new();
        }
        self.followed += 1;
        self.seen.push(from.request_uri.clone());
        let mut tries = Vec::new();
        for contact in moved {
            let uri = &contact.uri;
            let known = self.seen.iter().any(|seen| seen.equivalent(uri));
            if !known && uri.is_sip() && permits(from, uri, context).await {
                tries.push(from.moved_to(uri.clone()));
            }
        }
        tries
    }
}

/// Whether the trunk of a call lets it be led to `uri`.
async fn permits(from: &Try, uri: &Uri, context: &Context) -> bool {
    let Some(trunk) = &from.trunk else { return true };
    let same_host = |server: &Uri| server.host() == uri.host();
    if trunk.settings.servers.iter().any(same_host) {
        return dialable(from, uri, context);
    }
    let Ok(ways) = context.resolver.resolve(uri).await else { return false };
    let own = |ip: IpAddr| trunk.is_at(ip) || trunk.settings.peers.iter().any(|peer| peer.contains(ip));
    ways.iter().all(|way| own(way.peer().ip())) && dialable(from, uri, context)
}

/// Whether what a redirection names may be dialled at all.
fn dialable(from: &Try, uri: &Uri, context: &Context) -> bool {
    let plan = from.trunk.as_ref().map_or(&context.config.numbers.plan, |trunk| &trunk.settings.numbers.plan);
    context.config.numbers.restrictions.check(plan, &number_of(uri)).is_ok()
}
