//! From a SIP URI to the address that its requests go to: the URI's own port or 5060, and the system's resolver for names.

use anyhow::Context;
use std::net::SocketAddr;
use talkpath_sip::message::Uri;

/// The port of SIP where a URI names none (RFC 3261 §19.1.2).
const SIP_PORT: u16 = 5060;

/// The address that a URI's host and port name; of a name's addresses the first of IPv4, if it has one.
///
/// # Errors
/// When the URI names no host, or the host can't be found.
pub async fn resolve(uri: &Uri) -> anyhow::Result<SocketAddr> {
    let host = uri.host().with_context(|| format!("{uri} names no host; write sip:USER@HOST"))?;
    let port = uri.port().unwrap_or(SIP_PORT);
    if let Some(ip) = host.ip() {
        return Ok(SocketAddr::new(ip, port));
    }
    let name = host.to_string();
    let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), port))
        .await
        .with_context(|| format!("the host \"{name}\" can't be found; check its spelling and your DNS"))?
        .collect();
    let v4 = found.iter().find(|address| address.is_ipv4());
    v4.or(found.first()).copied().with_context(|| format!("the host \"{name}\" has no address"))
}
