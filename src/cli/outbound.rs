//! A server that only places calls: what commands that call somebody make of a configuration.

use crate::net::resolve::Resolver;
use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use talkpath_config::{Config, Listen};
use talkpath_sip::message::Uri;

/// Nobody may call back, and nobody is told that we are here.
pub(super) fn only(config: &mut Config) {
    config.sip.admission.allow.clear();
    config.http.listen = None;
    for trunk in &mut config.trunks {
        (trunk.register, trunk.options, trunk.challenge) = (false, None, false);
    }
    config.phones.clear();
}

/// Listeners of both transports on ports of the system's choice, of the address families that lead to these places.
///
/// # Errors
/// When none of them can be found.
pub(super) async fn listeners(places: &[Uri], config: &Config) -> anyhow::Result<Vec<Listen>> {
    let resolver = Resolver::new(config.sip.dns)?;
    let mut families = HashSet::new();
    let mut last = None;
    for uri in places {
        match resolver.resolve(uri).await {
            Ok(ways) => families.extend(ways.iter().map(|way| way.peer().is_ipv4())),
            Err(error) => last = Some(error),
        }
    }
    if let (true, Some(error)) = (families.is_empty(), last) {
        return Err(error);
    }
    let any = |v4: bool| if v4 { IpAddr::from(Ipv4Addr::UNSPECIFIED) } else { Ipv6Addr::UNSPECIFIED.into() };
    let places = families.into_iter().map(|v4| SocketAddr::new(any(v4), 0));
    Ok(places.flat_map(|place| [Listen::udp(place), Listen::tcp(place)]).collect())
}
