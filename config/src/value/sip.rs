//! Values of signalling: where we listen, whom we ask, servers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use talkpath_sip::agent::Protocol;
use talkpath_sip::message::{Scheme, Uri};

/// A place where SIP is listened for: `udp://ADDRESS:PORT`, `tcp://ADDRESS:PORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Listen {
    /// What carries it there.
    pub protocol: Protocol,
    /// Address and port; port 0 lets the system choose.
    pub address: SocketAddr,
}

/// A place that is none.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "\"{0}\" is no place to listen; write \"udp://ADDRESS:PORT\" or \"tcp://ADDRESS:PORT\", such as \"udp://0.0.0.0:5060\" \
     or \"tcp://[::]:5060\""
)]
pub struct ListenError(pub String);

impl Listen {
    /// Datagrams at `address`.
    #[must_use]
    pub fn udp(address: SocketAddr) -> Self {
        Self { protocol: Protocol::Udp, address }
    }

    /// Connections at `address`.
    #[must_use]
    pub fn tcp(address: SocketAddr) -> Self {
        Self { protocol: Protocol::Tcp, address }
    }
}

impl FromStr for Listen {
    type Err = ListenError;

    fn from_str(text: &str) -> Result<Self, ListenError> {
        let wrong = || ListenError(text.into());
        let (protocol, address) = text.split_once("://").ok_or_else(wrong)?;
        let protocol = match protocol {
            "udp" => Protocol::Udp,
            "tcp" => Protocol::Tcp,
            _ => return Err(wrong()),
        };
        address.parse().map(|address| Self { protocol, address }).map_err(|_| wrong())
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.protocol.token().to_ascii_lowercase(), self.address)
    }
}

/// A name server: `ADDRESS:PORT`, or an address alone for port 53.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NameServer(pub(crate) SocketAddr);

impl FromStr for NameServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let alone = || text.parse::<IpAddr>().map(|address| SocketAddr::new(address, 53));
        let address = text.parse().or_else(|_| alone());
        address.map(Self).map_err(|_| format!("\"{text}\" is no name server; write \"ADDRESS:PORT\""))
    }
}

/// A SIP server: `sip:HOST`, `sip:HOST:PORT`, with `;transport=tcp` where it wants that.
#[derive(Clone, Debug)]
pub(crate) struct SipUri(pub(crate) Uri);

impl FromStr for SipUri {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let server = |uri: &Uri| uri.is_sip() && uri.host().is_some() && uri.user().is_none() && !uri.has_headers();
        let uri = Uri::parse(text.to_owned()).ok().filter(server).ok_or_else(|| {
            format!(
                "\"{text}\" is no SIP server; write \"sip:HOST\" or \"sip:HOST:PORT\", without a user, \
                 and \";transport=tcp\" behind it for TCP"
            )
        })?;
        let transport = uri.param("transport").map(|transport| transport.to_ascii_lowercase());
        let carried = matches!(transport.as_deref(), None | Some("udp" | "tcp"));
        if uri.scheme() == Scheme::Sips || !carried {
            return Err(format!("\"{text}\" asks for another transport than UDP and TCP, which are all there is"));
        }
        Ok(Self(uri))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_to_listen_are_read_and_print_as_they_were_written() {
        for text in ["udp://0.0.0.0:5060", "tcp://[::]:5060", "udp://127.0.0.1:0"] {
            assert_eq!(text.parse::<Listen>().unwrap().to_string(), text);
        }
        for text in
            ["", "0.0.0.0:5060", "tls://0.0.0.0:5061", "udp://localhost:5060", "udp://0.0.0.0", "UDP://0.0.0.0:1"]
        {
            assert_eq!(text.parse::<Listen>(), Err(ListenError(text.into())));
        }
    }

    #[test]
    fn a_server_has_no_user_and_no_transport_that_there_is_not() {
        for text in ["sip:pbx", "sip:192.0.2.1:5070;transport=tcp", "sip:[2001:db8::1];transport=UDP"] {
            assert!(text.parse::<SipUri>().is_ok(), "{text}");
        }
        for text in ["pbx", "sip:bob@pbx", "tel:+49301", "sip:pbx?x=y", "sips:pbx", "sip:pbx;transport=tls"] {
            assert!(text.parse::<SipUri>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_server_listens_on_53_unless_it_says_otherwise() {
        let address = |text: &str| text.parse::<NameServer>().map(|server| server.0.to_string());
        assert_eq!(address("192.0.2.1").unwrap(), "192.0.2.1:53");
        assert_eq!(address("[2001:db8::1]:5353").unwrap(), "[2001:db8::1]:5353");
        assert!(address("dns.example.com").is_err());
    }
}
