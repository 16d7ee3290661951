//! Whom a request may reach: servers with public addresses, whatever their names lead to.

use crate::net::resolve::Resolver;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Names lead to public addresses, or nowhere.
#[derive(Debug)]
pub(super) struct Guard {
    resolver: Resolver,
}

impl Guard {
    pub(super) fn new(resolver: Resolver) -> Self {
        Self { resolver }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.resolver.clone();
        Box::pin(async move {
            let found = resolver.addresses(name.as_str()).await?;
            let public: Vec<_> = found.into_iter().filter(|ip| is_public(*ip)).collect();
            if public.is_empty() {
                return Err(PRIVATE.into());
            }
            let addresses = public.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}

const PRIVATE: &str = "its address isn't public, and the tool doesn't allow that";

/// Names are looked up later; addresses are judged here.
pub(super) fn check(url: &Url) -> Result<(), String> {
    let bare = |host: &str| host.trim_start_matches('[').trim_end_matches(']').parse();
    let Some(Ok(ip)) = url.host_str().map(bare) else { return Ok(()) };
    if is_public(ip) { Ok(()) } else { Err(format!("the server can't be asked: {PRIVATE}")) }
}

/// Whether everybody may reach it (RFC 6890).
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let shared = a == 100 && (64..128).contains(&b);
    let benchmarking = a == 198 && (b == 18 || b == 19);
    let protocols = (a, b, c) == (192, 0, 0);
    let special = a == 0 || a >= 224 || shared || benchmarking || protocols;
    !(special || ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_documentation())
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let embedded = |high: u16, low: u16| {
        let [first, second] = high.to_be_bytes();
        let [third, fourth] = low.to_be_bytes();
        is_public_v4(Ipv4Addr::new(first, second, third, fourth))
    };
    match (a, b) {
        // Translated (RFC 6052): as good as what it stands for.
        (0x64, 0xff9b) if [c, d, e, f] == [0; 4] => embedded(g, h),
        (0x64, 0xff9b) => false,
        (0x2002, _) => embedded(b, c),
        (0x2001, 0xdb8) => false,
        // Global unicast is all that is handed out.
        _ => a & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_not_everybody_reaches_are_known() {
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "192.0.2.1",
            "198.18.0.1",
            "192.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001:db8::1",
        ];
        for ip in private {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn a_url_of_an_address_is_judged_without_asking_anybody() {
        for url in
            ["http://127.0.0.1/", "http://[::1]:80/", "http://2130706433/", "http://0x7f.1/", "https://10.0.0.1/x"]
        {
            assert!(check(&Url::parse(url).unwrap()).is_err(), "{url}");
        }
        assert!(check(&Url::parse("https://example.com/").unwrap()).is_ok());
        assert!(check(&Url::parse("https://8.8.8.8/").unwrap()).is_ok());
    }
}
