//! WebSockets to speech engines: from an [`Endpoint`] to an open socket, or to why there is none.
//!
//!   name ─► addresses (on the server's runtime) ─► TCP, or a proxy's tunnel ─► TLS ─► upgrade
//!
//! The socket belongs to the runtime that opens it: a media shard's own.

mod proxy;

use crate::net::resolve::Resolver;
use proxy::Proxies;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::io::{Error as IoError, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use talkpath_speech::engine::{ConnectFailure, Endpoint};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Uri};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config};
use tokio_util::either::Either;

/// An open socket.
pub type Socket = WebSocketStream<Either<TcpStream, TlsStream<TcpStream>>>;

/// How long one of a name's addresses is tried.
const ADDRESS_PATIENCE: Duration = Duration::from_secs(3);
/// What is read at once: it is zeroed before every read.
const READ: usize = 4 * 1_024;
/// What may wait to be sent: seconds of audio. An engine that takes no more has stalled.
const WRITE: usize = 256 * 1_024;
/// The largest message: deltas of audio are tens of kB, but nobody promises so.
const MESSAGE: usize = 16 * 1_024 * 1_024;
/// What the kernel may hold of what is sent, beside that.
const SEND_BUFFER: usize = 128 * 1_024;
/// How long what was sent may stay unacknowledged: then the other side is gone.
const UNACKNOWLEDGED: Duration = Duration::from_secs(6);
/// What is kept of a refusal.
const EXPLANATION: usize = 1_024;

/// Opens sockets; clones share it.
#[derive(Clone, Debug)]
pub struct Dialer {
    resolver: Resolver,
    /// Where names are looked up: never on a shard.
    runtime: Handle,
    proxies: Arc<Proxies>,
}

impl Dialer {
    /// Looks names up on the current runtime; proxies are those of the environment.
    #[must_use]
    pub fn new(resolver: Resolver) -> Self {
        Self { resolver, runtime: Handle::current(), proxies: Arc::new(Proxies::from_env()) }
    }

    /// Opens a socket on the current runtime.
    ///
    /// # Errors
    /// Why there is none, in the terms of engines.
    pub async fn open(&self, endpoint: &Endpoint, tls: Arc<ClientConfig>) -> Result<Socket, ConnectFailure> {
        let request = request(endpoint)?;
        let place = Place::of(request.uri())?;
        let tcp = match self.proxies.of(request.uri())? {
            Some(proxy) => {
                let mut tcp = self.connect(&proxy.host, proxy.port).await?;
                proxy.tunnel(&mut tcp, &place.host, place.port).await?;
                tcp
            }
            None => self.connect(&place.host, place.port).await?,
        };
        let stream =
            if place.encrypted { Either::Right(encrypt(tcp, &place.host, tls).await?) } else { Either::Left(tcp) };
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(WRITE)
            .max_message_size(Some(MESSAGE))
            .max_frame_size(Some(MESSAGE));
        let opened = client_async_with_config(request, stream, Some(config)).await;
        opened.map(|(socket, _)| socket).map_err(refused)
    }

    /// The first of a host's addresses that can be had.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, ConnectFailure> {
        let addresses = self.addresses(host).await?;
        let mut last = ConnectFailure::TimedOut;
        for address in addresses {
            match timeout(ADDRESS_PATIENCE, TcpStream::connect(SocketAddr::new(address, port))).await {
                Ok(Ok(stream)) => {
                    tune(&stream).map_err(|error| ConnectFailure::Broken(error.to_string()))?;
                    return Ok(stream);
                }
                Ok(Err(error)) => last = unconnected(&error),
                Err(_) => last = ConnectFailure::TimedOut,
            }
        }
        Err(last)
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ConnectFailure> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let (resolver, name) = (self.resolver.clone(), host.to_owned());
        let looking = self.runtime.spawn(async move { resolver.addresses(&name).await });
        match looking.await {
            Ok(found) => found.map_err(|error| ConnectFailure::Dns(format!("{error:#}"))),
            Err(_) => Err(ConnectFailure::Dns("the server stops".to_owned())),
        }
    }
}

/// Where an endpoint lies.
struct Place {
    host: String,
    port: u16,
    encrypted: bool,
}

impl Place {
    fn of(uri: &Uri) -> Result<Self, ConnectFailure> {
        let encrypted = match uri.scheme_str() {
            Some("wss") => true,
            Some("ws") => false,
            Some(_) | None => return Err(ConnectFailure::Broken(format!("{uri} is no ws:// or wss:// URL"))),
        };
        let host = uri.host().ok_or_else(|| ConnectFailure::Broken(format!("{uri} names no host")))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = uri.port_u16().unwrap_or(if encrypted { 443 } else { 80 });
        Ok(Self { host, port, encrypted })
    }
}

fn request(endpoint: &Endpoint) -> Result<Request, ConnectFailure> {
    let wrong =
        |what: &dyn std::fmt::Display| ConnectFailure::Broken(format!("the upgrade can't be asked for: {what}"));
    let mut request = endpoint.url.as_str().into_client_request().map_err(|error| wrong(&error))?;
    for (name, value) in &endpoint.headers {
        let name: HeaderName = name.parse().map_err(|_| wrong(&format_args!("{name} is no header field")))?;
        let mut value =
            HeaderValue::from_str(value).map_err(|_| wrong(&format_args!("{name} has an impossible value")))?;
        value.set_sensitive(true);
        request.headers_mut().insert(name, value);
    }
    if !endpoint.protocols.is_empty() {
        let protocols = HeaderValue::from_str(&endpoint.protocols.join(", "));
        let protocols = protocols.map_err(|_| wrong(&"a sub-protocol has an impossible name"))?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocols);
    }
    Ok(request)
}

/// Small messages leave at once, little waits in the kernel, and who is gone is noticed.
fn tune(stream: &TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let socket = socket2::SockRef::from(stream);
    socket.set_send_buffer_size(SEND_BUFFER)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED))?;
    Ok(())
}

async fn encrypt(tcp: TcpStream, host: &str, tls: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, ConnectFailure> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| ConnectFailure::Tls(format!("\"{host}\" is no name that a certificate can have")))?;
    TlsConnector::from(tls).connect(name, tcp).await.map_err(|error| ConnectFailure::Tls(error.to_string()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the system has many more errors, told as they are")]
fn unconnected(error: &IoError) -> ConnectFailure {
    match error.kind() {
        ErrorKind::ConnectionRefused => ConnectFailure::Refused(error.to_string()),
        ErrorKind::TimedOut => ConnectFailure::TimedOut,
        _ => ConnectFailure::Broken(error.to_string()),
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "every other error of the library is told as it is")]
fn refused(error: Error) -> ConnectFailure {
    match error {
        Error::Http(response) => {
            let body = response.body().as_deref().unwrap_or_default();
            let body = String::from_utf8_lossy(body.get(..EXPLANATION).unwrap_or(body)).into_owned();
            ConnectFailure::Http { status: response.status().as_u16(), body }
        }
        Error::Io(error) => ConnectFailure::Broken(error.to_string()),
        other => ConnectFailure::Broken(other.to_string()),
    }
}
