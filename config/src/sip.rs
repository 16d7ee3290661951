//! `[sip]` and `[http]`: where we are reached, and by whom.

use crate::error::{ConfigError, Source};
use crate::raw;
use crate::resolve::{or, spanned};
use crate::value::{Listen, Secret};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use talkpath_dialplan::Admission;
use talkpath_sip::digest::Algorithm;

/// Less can be guessed.
const SHORTEST_KEY: usize = 16;

/// Signalling.
#[derive(Clone, Debug)]
pub struct Sip {
    /// Where SIP is listened for; at least one.
    pub listen: Vec<Listen>,
    /// The address that peers reach us at, when it isn't this machine's own.
    pub external: Option<IpAddr>,
    /// Who may call.
    pub admission: Admission,
    /// Calls at once.
    pub max_calls: usize,
    /// What phones and peers that we challenge are told they log in to.
    pub realm: String,
    /// The digest algorithms that we challenge with, best first; at least one.
    pub digest: Vec<Algorithm>,
    /// The name server to ask instead of the system's.
    pub dns: Option<SocketAddr>,
}

/// The HTTP interface.
#[derive(Clone)]
pub struct Http {
    /// Where it is listened for; nowhere when it is off.
    pub listen: Option<SocketAddr>,
    /// What whoever uses it has to know; nothing on loopback without one.
    pub key: Option<String>,
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("listen", &self.listen).finish_non_exhaustive()
    }
}

pub(crate) fn sip(written: raw::Sip, default: raw::Sip, source: Source<'_>) -> Result<Sip, ConfigError> {
    let (span, listen) = spanned(written.listen.or(default.listen));
    let listen = listen.unwrap_or_default();
    if listen.is_empty() {
        return Err(source.invalid(span, "nothing is listened on; write at least one \"udp://ADDRESS:PORT\""));
    }
    let (span, realm) = spanned(written.realm.or(default.realm));
    let realm = realm.unwrap_or_default();
    if realm.is_empty() || realm.contains(['"', '\\']) || realm.contains(char::is_control) {
        return Err(source.invalid(span, "a realm is one line of text without \" and \\"));
    }
    let (span, digest) = spanned(written.digest.or(default.digest));
    let digest: Vec<_> = digest.unwrap_or_default().into_iter().map(|algorithm| algorithm.0).collect();
    if digest.is_empty() {
        return Err(source.invalid(span, "nobody can prove anything without an algorithm; write at least \"MD5\""));
    }
    let allow = or(written.allow, default.allow);
    Ok(Sip {
        listen,
        external: written.external,
        admission: Admission { allow: allow.into_iter().map(|source| source.0).collect() },
        max_calls: usize::try_from(or(written.max_calls, default.max_calls)).unwrap_or(usize::MAX),
        realm,
        digest,
        dns: written.dns.map(|server| server.0),
    })
}

pub(crate) fn http(written: raw::Http, default: raw::Http, source: Source<'_>) -> Result<Http, ConfigError> {
    let (span, listen) = spanned::<String>(written.listen.or(default.listen));
    let listen = listen.filter(|listen| !listen.is_empty());
    let wrong = |text: &String| {
        let problem = format!(
            "\"{text}\" is no place to listen; write \"ADDRESS:PORT\", such as \"127.0.0.1:8080\", or \"\" for nowhere"
        );
        source.invalid(span.clone(), problem)
    };
    let listen: Option<SocketAddr> = listen.map(|text| text.parse().map_err(|_| wrong(&text))).transpose()?;
    let (key_span, key) = spanned(written.key);
    let key = key.map(|Secret(key)| key);
    if let Some(key) = &key
        && (key.len() < SHORTEST_KEY || !key.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        let problem =
            format!("a key is at least {SHORTEST_KEY} visible ASCII characters; \"openssl rand -hex 16\" makes one");
        return Err(source.invalid(key_span, problem));
    }
    if let (Some(address), None) = (listen, &key)
        && !address.ip().is_loopback()
    {
        let problem = format!("{address} can be reached by others: set http.key too, or listen on 127.0.0.1 alone");
        return Err(source.invalid(span, problem));
    }
    Ok(Http { listen, key })
}
