//! From a SIP URI to the places where its requests go: RFC 3263 §4, with SRV (RFC 2782).
//!
//!   an address ──► that
//!   a name with a port ──► its addresses
//!   a name ──► SRV of the transport that the URI names, or of UDP and then TCP ──► addresses of its targets, in order
//!       └── no SRV ──► its addresses, at 5060
//!
//! Deviation: NAPTR is not asked for; the order of transports is ours (UDP, TCP) where the URI names none (§4.1 lets a client
//! that supports one transport alone go on so).

use super::sip::Way;
use anyhow::{Context, bail};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, rdata::SRV};
use std::net::{IpAddr, SocketAddr};
use talkpath_dialplan::weighted_order;
use talkpath_sip::agent::Protocol;
use talkpath_sip::message::{Scheme, Uri};

/// Places that one name may lead to.
const MOST: usize = 16;

/// Looks names up; clones share the cache.
#[derive(Clone)]
pub struct Resolver {
    names: TokioResolver,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    /// Asks `server`, or those that the system is configured for.
    ///
    /// # Errors
    /// When the system's configuration can't be read.
    pub fn new(server: Option<SocketAddr>) -> anyhow::Result<Self> {
        let builder = match server {
            Some(server) => {
                let mut udp = ConnectionConfig::udp();
                udp.port = server.port();
                let config = NameServerConfig::new(server.ip(), true, vec![udp]);
                let config = ResolverConfig::from_parts(None, Vec::new(), vec![config]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio().context("the system's name servers can't be read")?,
        };
        Ok(Self { names: builder.build().context("no name server can be asked")? })
    }

    /// The places that a URI leads to, in the order in which they are to be tried; at least one.
    ///
    /// # Errors
    /// When it names no host or a transport that we don't speak, or the host can't be found.
    pub async fn resolve(&self, uri: &Uri) -> anyhow::Result<Vec<Way>> {
        let named = transport(uri)?;
        let host = uri.host().with_context(|| format!("{uri} names no host; write sip:USER@HOST"))?;
        if let Some(ip) = host.ip() {
            let protocol = named.unwrap_or(Protocol::Udp);
            let port = uri.port().unwrap_or(protocol.default_port());
            return Ok(vec![Way::To(SocketAddr::new(ip, port), protocol)]);
        }
        let name = host.to_string();
        if uri.port().is_none() {
            let protocols = named.map_or(vec![Protocol::Udp, Protocol::Tcp], |named| vec![named]);
            let found = self.services(&name, &protocols).await;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        let protocol = named.unwrap_or(Protocol::Udp);
        let port = uri.port().unwrap_or(protocol.default_port());
        let addresses = self.addresses(&name).await?;
        Ok(addresses.into_iter().map(|ip| Way::To(SocketAddr::new(ip, port), protocol)).collect())
    }

    /// What SRV says; nothing when it says nothing.
    async fn services(&self, name: &str, protocols: &[Protocol]) -> Vec<Way> {
        let mut ways = Vec::new();
        for protocol in protocols {
            let service = format!("_sip._{}.{name}.", protocol.token().to_ascii_lowercase());
            let Ok(found) = self.names.srv_lookup(service).await else { continue };
            let records = found.answers().iter();
            let records =
                records.filter_map(|record| if let RData::SRV(srv) = &record.data { Some(srv.clone()) } else { None });
            // "A Target of "." means that the service is decidedly not available at this domain."
            let records: Vec<SRV> = records.filter(|srv| !srv.target.is_root()).take(MOST).collect();
            let ordered = weighted_order(records, |srv| (srv.priority, srv.weight), &mut rand::rng());
            for srv in ordered {
                let Ok(addresses) = self.addresses(&srv.target.to_utf8()).await else { continue };
                ways.extend(addresses.iter().map(|ip| Way::To(SocketAddr::new(*ip, srv.port), *protocol)));
            }
        }
        ways.truncate(MOST);
        ways
    }

    /// A name's addresses, IPv4 first; at least one.
    ///
    /// # Errors
    /// When there is none.
    pub async fn addresses(&self, name: &str) -> anyhow::Result<Vec<IpAddr>> {
        let found = self.names.lookup_ip(name).await;
        let found = found.with_context(|| {
            let shown = name.trim_end_matches('.');
            format!("the host \"{shown}\" can't be found; check its spelling and your DNS")
        })?;
        let mut addresses: Vec<IpAddr> = found.iter().take(MOST).collect();
        addresses.sort_by_key(IpAddr::is_ipv6);
        if addresses.is_empty() {
            bail!("the host \"{name}\" has no address");
        }
        Ok(addresses)
    }
}

/// The transport that a URI names.
fn transport(uri: &Uri) -> anyhow::Result<Option<Protocol>> {
    let named = uri.param("transport");
    if uri.scheme() == Scheme::Sips {
        bail!("{uri} asks for TLS, which isn't spoken here; write sip:USER@HOST, and ;transport=tcp for TCP");
    }
    match named {
        None => Ok(None),
        Some(named) => match Protocol::named(&named) {
            Some(protocol) => Ok(Some(protocol)),
            None => bail!("{uri} asks for the transport {named}; there are udp and tcp"),
        },
    }
}
