//! Where a request goes and what its Request-URI says: RFC 3261 §12.2.1.1 and §8.1.2.

use std::net::{IpAddr, SocketAddr};

use crate::flow::Protocol;
use crate::message::{HeaderName, Headers, Host, NameAddr, Scheme, Text, Uri};

/// The Request-URI and the Route values.
///
/// With a loose router first ("If the route set is not empty, and the first URI in the route set contains the lr
/// parameter") the Request-URI is the target. With a strict router first, the Request-URI is that router and the target
/// becomes the last Route value.
pub(super) fn apply(target: &Uri, routes: &[NameAddr]) -> (Uri, Vec<Text>) {
    match routes.split_first() {
        Some((first, rest)) if !first.uri.has_param("lr") => {
            let last = NameAddr::new(target.clone()).to_text();
            let values = rest.iter().map(NameAddr::to_text).chain([last]).collect();
            (bare(&first.uri), values)
        }
        Some(_) | None => (target.clone(), routes.iter().map(NameAddr::to_text).collect()),
    }
}

/// "stripping any parameters that are not allowed in a Request-URI": the `method` parameter and header fields.
fn bare(uri: &Uri) -> Uri {
    if !uri.has_headers() && !uri.has_param("method") {
        return uri.clone();
    }
    let text = uri.to_string();
    let text = text.split_once('?').map_or(text.as_str(), |(before, _)| before);
    let mut parts = text.split(';');
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let name = part.split_once('=').map_or(part, |(name, _)| name);
        if !name.eq_ignore_ascii_case("method") {
            kept.push(';');
            kept.push_str(part);
        }
    }
    Uri::parse(kept).unwrap_or_else(|_| uri.clone())
}

/// The host of the Contact of a request that didn't come from there, although its sender says so in its Via too: a NAT
/// stands between us which it knows nothing of. Not so behind a proxy, whose Via is on top.
///
/// The topmost Via must have been stamped with where the request came from (§18.2.1).
pub(super) fn translated(headers: &Headers) -> Option<Host> {
    if headers.contains(&HeaderName::RecordRoute) {
        return None;
    }
    let (via, contact) = (headers.via().ok()?, headers.contact().ok()??);
    let host = contact.uri.host().filter(|host| host == via.host())?;
    let (said, source) = (host.ip()?.to_canonical(), via.received()?);
    (said != source).then(|| host.detach())
}

/// The address of a SIP URI whose host (or `maddr`) is one, and the transport that it names: `usual` without a name, as
/// peers leave it away that mean the one by which they talk.
pub(super) fn address(uri: &Uri, usual: Protocol) -> Option<(SocketAddr, Protocol)> {
    if uri.scheme() != Scheme::Sip {
        return None;
    }
    let protocol = uri.param("transport").map_or(Some(usual), |transport| Protocol::named(&transport))?;
    let host: IpAddr = match uri.param("maddr") {
        Some(maddr) => maddr.trim_matches(['[', ']']).parse().ok()?,
        None => uri.host()?.ip()?,
    };
    Some((SocketAddr::new(host.to_canonical(), uri.port().unwrap_or(protocol.default_port())), protocol))
}
