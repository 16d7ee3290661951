//! Proxies by environment (`https_proxy`, `http_proxy`, `all_proxy`, `no_proxy`): a tunnel by CONNECT (RFC 9110 §9.3.6).

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use talkpath_speech::engine::ConnectFailure;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::{Uri, uri::Parts};

/// The longest header of an answer that is read.
const HEADER: usize = 8 * 1_024;

/// The proxies of the environment.
#[derive(Debug)]
pub(super) struct Proxies(Matcher);

/// One of them.
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    authorization: Option<String>,
}

impl Proxies {
    pub(super) fn from_env() -> Self {
        Self(Matcher::from_env())
    }

    /// The one that leads to `uri`, if there is one.
    pub(super) fn of(&self, uri: &Uri) -> Result<Option<Proxy>, ConnectFailure> {
        self.0.intercept(&as_http(uri)).map(|intercept| Proxy::of(&intercept)).transpose()
    }
}

/// The environment's variables are named after HTTP's schemes.
fn as_http(uri: &Uri) -> Uri {
    let mut parts: Parts = uri.clone().into_parts();
    let scheme = if uri.scheme_str() == Some("wss") { "https" } else { "http" };
    parts.scheme = scheme.parse().ok();
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

impl Proxy {
    fn of(intercept: &Intercept) -> Result<Self, ConnectFailure> {
        let uri = intercept.uri();
        if uri.scheme_str() != Some("http") {
            return Err(ConnectFailure::Broken(format!(
                "the proxy {uri} of the environment isn't spoken to; it must be http://"
            )));
        }
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let authorization = intercept.basic_auth().and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { host, port: uri.port_u16().unwrap_or(80), authorization })
    }

    /// Makes the connection to the proxy one to `host`.
    pub(super) async fn tunnel(&self, tcp: &mut TcpStream, host: &str, port: u16) -> Result<(), ConnectFailure> {
        let broken = |error: std::io::Error| ConnectFailure::Broken(format!("the proxy {}: {error}", self.host));
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let authorization =
            self.authorization.as_ref().map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{authorization}\r\n");
        tcp.write_all(request.as_bytes()).await.map_err(broken)?;
        // Byte by byte: what follows the header belongs to whoever is behind.
        let mut header = Vec::new();
        while !header.ends_with(b"\r\n\r\n") {
            if header.len() >= HEADER {
                return Err(ConnectFailure::Broken(format!("the proxy {} answers without end", self.host)));
            }
            header.push(tcp.read_u8().await.map_err(broken)?);
        }
        let line = String::from_utf8_lossy(&header);
        let status = line.split(' ').nth(1).and_then(|status| status.parse::<u16>().ok()).unwrap_or_default();
        match status {
            200..=299 => Ok(()),
            _ => {
                let line = line.lines().next().unwrap_or_default();
                Err(ConnectFailure::Broken(format!("the proxy {} refuses: {line}", self.host)))
            }
        }
    }
}
