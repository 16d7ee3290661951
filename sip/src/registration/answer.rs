//! What a registrar grants: RFC 3261 §10.2.4 and §10.3, RFC 3608.
//!
//! Deviations: where no Contact has our user part (gateways replace them, some registrars list none), a Contact that
//! stands alone is taken for ours, and else Expires counts, or what was asked for.

use std::time::Duration;

use crate::agent::MAX_ROUTES;
use crate::message::{Contacts, HeaderName, NameAddr, Response, Text};

/// How long the Contact with this user part is bound.
pub(super) fn granted(response: &Response, user: &Text, asked: Duration) -> Duration {
    let contacts = match response.headers.contacts() {
        Ok(Contacts::Addresses(contacts)) => contacts,
        Ok(Contacts::Star) | Err(_) => Vec::new(),
    };
    let ours = contacts.iter().find(|contact| contact.uri.user_bytes() == Some(user.as_bytes()));
    let ours = ours.or(if contacts.len() == 1 { contacts.first() } else { None });
    let of_contact = ours.and_then(|contact| contact.params.get("expires")).and_then(|expires| seconds(&expires));
    of_contact.or_else(|| response.headers.expires().ok().flatten()).unwrap_or(asked)
}

fn seconds(text: &Text) -> Option<Duration> {
    text.to_str()?.parse::<u32>().ok().map(|seconds| Duration::from_secs(seconds.into()))
}

/// The Service-Route in its order; none when one can't be read or there are too many.
pub(super) fn service_route(response: &Response) -> Vec<NameAddr> {
    let routes = response.headers.values(&HeaderName::ServiceRoute).take(MAX_ROUTES + 1);
    let routes: Result<Vec<_>, _> = routes.map(|route| NameAddr::parse(route.detach())).collect();
    routes.ok().filter(|routes| routes.len() <= MAX_ROUTES).unwrap_or_default()
}
