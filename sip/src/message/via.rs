//! Via values: RFC 3261 §20.42, with `received` and `rport` (§18.2.1, RFC 3581 §4).

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::error::Defect;
use super::host::{self, Host};
use super::params::Params;
use super::scan;
use super::text::{Text, Token};

/// The transport that a Via names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
    /// TLS over TCP.
    Tls,
    /// SCTP (RFC 4168).
    Sctp,
    /// WebSocket (RFC 7118).
    Ws,
    /// WebSocket over TLS (RFC 7118).
    Wss,
    /// One we don't know.
    Other(Token),
}

impl Transport {
    fn read(text: &Text, name: &[u8]) -> Option<Self> {
        let known: [(&str, Self); 6] = [
            ("UDP", Self::Udp),
            ("TCP", Self::Tcp),
            ("TLS", Self::Tls),
            ("SCTP", Self::Sctp),
            ("WS", Self::Ws),
            ("WSS", Self::Wss),
        ];
        let found = known.into_iter().find(|(long, _)| long.as_bytes().eq_ignore_ascii_case(name));
        found.map(|(_, transport)| transport).or_else(|| Token::new(text.sub(name)).map(Self::Other))
    }

    /// The name as it is printed.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other(name) => name.to_str().unwrap_or_default(),
        }
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        if let Self::Other(name) = self { Self::Other(name.detach()) } else { self.clone() }
    }

    /// Whether it delivers without our retransmitting (RFC 3261 §17); UDP alone doesn't.
    pub fn is_reliable(&self) -> bool {
        !matches!(self, Self::Udp)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The `rport` parameter (RFC 3581 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rport {
    /// Without a value: the sender asks for its port.
    Requested,
    /// The port that the request came from.
    Port(u16),
}

/// One hop that a request took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Via {
    /// `SIP/2.0/UDP host:port`, as it came.
    head: Text,
    transport: Transport,
    host: Host,
    port: Option<u16>,
    params: Params,
}

impl Via {
    /// `SIP/2.0/transport host:port;branch=branch`
    pub fn new(transport: Transport, host: Host, port: Option<u16>, branch: &str) -> Self {
        let head = match port {
            Some(port) => format!("SIP/2.0/{transport} {host}:{port}"),
            None => format!("SIP/2.0/{transport} {host}"),
        };
        let mut params = Params::new();
        params.set("branch", Some(branch));
        Self { head: head.into(), transport, host, port, params }
    }

    /// Reads one value.
    pub fn parse(text: impl Into<Text>) -> Result<Self, Defect> {
        let text = text.into();
        Self::read(&text, text.as_bytes())
    }

    /// Reads `raw`, a part of `text`. Any SIP version is taken: a request of another one is answered 505.
    pub(super) fn read(text: &Text, raw: &[u8]) -> Result<Self, Defect> {
        let cut = Cut::at(raw)?;
        let transport = Transport::read(text, cut.transport).ok_or(Defect::Protocol)?;
        let (host, params) = (Host::read(text, cut.host)?, Params::read(text, cut.params)?);
        Ok(Self { head: text.sub(cut.head), transport, host, port: cut.port, params })
    }

    /// Whether `raw` can be read.
    pub(super) fn check(raw: &[u8]) -> Result<(), Defect> {
        let cut = Cut::at(raw)?;
        if !scan::is_token(cut.transport) {
            return Err(Defect::Protocol);
        }
        host::check(cut.host)?;
        Params::check(cut.params).map(drop)
    }

    /// How the request travelled.
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The host of `sent-by`.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port of `sent-by`, if one is written.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The transaction's name (RFC 3261 §8.1.1.7).
    pub fn branch(&self) -> Option<Text> {
        self.params.get("branch").filter(|branch| !branch.is_empty())
    }

    /// Where the request came from, when that isn't `sent-by`; brackets around IPv6 or none (RFC 5118 §4.5).
    pub fn received(&self) -> Option<IpAddr> {
        host::bare_ip(self.params.find("received")?)
    }

    /// RFC 3581; a value that is no port counts as asked for.
    pub fn rport(&self) -> Option<Rport> {
        let value = self.params.find("rport")?;
        Some(scan::decimal_u16(value).map_or(Rport::Requested, Rport::Port))
    }

    /// Where to send responses instead (RFC 3261 §18.2.2).
    pub fn maddr(&self) -> Option<Host> {
        let maddr = self.params.get("maddr")?;
        host::bare_ip(maddr.as_bytes()).map(Host::from).or_else(|| Host::parse(maddr).ok())
    }

    /// The multicast TTL.
    pub fn ttl(&self) -> Option<u8> {
        scan::decimal(self.params.find("ttl")?).and_then(|ttl| u8::try_from(ttl).ok())
    }

    /// Every parameter.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Every parameter, to change.
    pub fn params_mut(&mut self) -> &mut Params {
        &mut self.params
    }

    /// Sets `received`.
    pub fn set_received(&mut self, address: IpAddr) {
        self.params.set("received", Some(&address.to_string()));
    }

    /// Sets `rport`.
    pub fn set_rport(&mut self, rport: Rport) {
        match rport {
            Rport::Requested => self.params.set("rport", None),
            Rport::Port(port) => self.params.set("rport", Some(&port.to_string())),
        }
    }

    /// Notes where the request came from: `received` when that isn't the host of `sent-by` (RFC 3261 §18.2.1), and
    /// both `received` and `rport` when `rport` was asked for (RFC 3581 §4). Values from the network are not believed.
    pub fn stamp(&mut self, source: SocketAddr) {
        let address = source.ip().to_canonical();
        let asked = self.params.has("rport");
        if asked {
            self.set_rport(Rport::Port(source.port()));
        }
        if asked || self.host.ip().map(|ip| ip.to_canonical()) != Some(address) {
            self.set_received(address);
        } else {
            self.params.remove("received");
        }
    }

    /// Where a response goes over UDP (RFC 3261 §18.2.2, RFC 3581 §4), when that is an address.
    pub fn response_target(&self) -> Option<SocketAddr> {
        let sent_by = self.port.unwrap_or(if matches!(self.transport, Transport::Tls) { 5061 } else { 5060 });
        if let Some(maddr) = self.maddr().and_then(|host| host.ip()) {
            return Some(SocketAddr::new(maddr, sent_by));
        }
        let address = self.received().or_else(|| self.host.ip())?;
        match self.rport() {
            Some(Rport::Port(port)) => Some(SocketAddr::new(address, port)),
            Some(Rport::Requested) | None => Some(SocketAddr::new(address, sent_by)),
        }
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        let transport = self.transport.detach();
        let (head, host, params) = (self.head.detach(), self.host.detach(), self.params.detach());
        Self { head, transport, host, port: self.port, params }
    }

    /// The value as it is printed, byte for byte.
    pub fn to_text(&self) -> Text {
        let mut out = Vec::with_capacity(self.head.len() + self.params.as_bytes().len());
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(self.params.as_bytes());
        Text::from(out).one_line()
    }
}

/// A value cut at its joints.
struct Cut<'a> {
    head: &'a [u8],
    transport: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
}

impl<'a> Cut<'a> {
    fn at(raw: &'a [u8]) -> Result<Self, Defect> {
        let params_at = memchr::memchr(b';', raw).unwrap_or(raw.len());
        let (head, params) = raw.split_at_checked(params_at).ok_or(Defect::Protocol)?;
        let head = scan::trim(head);
        let (name, rest) = scan::split_once(head, b'/').ok_or(Defect::Protocol)?;
        let (version, rest) = scan::split_once(rest, b'/').ok_or(Defect::Protocol)?;
        if !scan::trim(name).eq_ignore_ascii_case(b"SIP") || !scan::is_token(scan::trim(version)) {
            return Err(Defect::Protocol);
        }
        let rest = scan::trim(rest);
        let space = rest.iter().position(|&b| scan::is_space(b)).ok_or(Defect::Host)?;
        let (transport, sent_by) = rest.split_at_checked(space).ok_or(Defect::Host)?;
        let (host, port) = host::split_port(sent_by)?;
        Ok(Self { head, transport, host, port, params })
    }
}

impl From<&Via> for Text {
    fn from(via: &Via) -> Self {
        via.to_text()
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_text(), f)
    }
}
