//! `[[engine]]`: what gives agents their voices. The embedded receptionist needs none; realtime services and bots of the customer's own are
//! reached over WebSockets.

mod headers;
mod realtime;
mod stream;

pub(crate) use headers::{HANDSHAKE, headers};

use crate::error::{ConfigError, Source};
use crate::keys::Keys;
use crate::raw::{self, EngineKind as Kind};
use std::path::{Path, PathBuf};
use std::time::Duration;
use talkpath_speech::realtime::Redial;
use toml::Spanned;

/// The engine that there is without being written.
pub const BUILTIN: &str = "builtin";

/// What talks, apart from what it is told to say: agents have that.
#[derive(Clone, Debug)]
pub struct Engine {
    /// How agents call it.
    pub name: String,
    /// What it is.
    pub kind: EngineKind,
}

/// The kinds of engines.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is a handful of them, for the life of the process")]
pub enum EngineKind {
    /// The embedded receptionist.
    Builtin,
    /// A realtime service. Instructions, greeting and tools are its agents'.
    Realtime(Remote<talkpath_speech::realtime::Settings>),
    /// A bot.
    Stream(Remote<talkpath_speech::stream::Settings>),
}

impl Engine {
    /// The file with the authorities that it trusts, if it has one; none of an engine that no socket leads to.
    #[must_use]
    pub fn authorities(&self) -> Option<Option<&Path>> {
        match &self.kind {
            EngineKind::Builtin => None,
            EngineKind::Realtime(remote) => Some(remote.ca.as_deref()),
            EngineKind::Stream(remote) => Some(remote.ca.as_deref()),
        }
    }
}

/// An engine that a socket leads to.
#[derive(Clone, Debug)]
pub struct Remote<S> {
    /// What its machine wants to know; checked.
    pub settings: S,
    /// A PEM file with the only authorities whose certificates are believed, in the place of the system's. It is read by whoever dials.
    pub ca: Option<PathBuf>,
}

/// Keys that every remote engine has.
const REMOTE: [&str; 7] = ["url", "headers", "audio", "backlog", "redial", "connect_timeout", "ca"];
/// Keys of realtime services alone.
const REALTIME: [&str; 15] = [
    "service",
    "model",
    "key",
    "resource",
    "api_version",
    "auth",
    "voice",
    "transcription",
    "turn_end",
    "append_ms",
    "stall",
    "session",
    "goodbye",
    "keys_ms",
    "extra",
];
/// Keys of bots alone.
const STREAM: [&str; 10] = [
    "dialect",
    "signing_key",
    "account_sid",
    "frame_ms",
    "interruption",
    "drain_ms",
    "queue",
    "reconnect",
    "ping",
    "farewell",
];

/// The engines that were written, and before them the one that there always is.
pub(crate) fn engines(written: Vec<raw::Engine>, source: Source<'_>) -> Result<Vec<Engine>, ConfigError> {
    let mut engines = vec![Engine { name: BUILTIN.into(), kind: EngineKind::Builtin }];
    for written in written {
        engines.push(engine(written, source)?);
    }
    Ok(engines)
}

fn engine(written: raw::Engine, source: Source<'_>) -> Result<Engine, ConfigError> {
    let (table, name) = (written.name.span(), written.name.get_ref().0.clone());
    if name == BUILTIN {
        let problem = "the engine \"builtin\" is there without being written; call this one otherwise";
        return Err(source.invalid(Some(table), problem));
    }
    let keys = Keys { table, written: written.places(), source };
    let kind = match written.kind {
        Kind::Builtin => {
            let why =
                |key: &str| format!("{key} is for engines that are reached over a network, and \"{name}\" is builtin");
            [&REMOTE[..], &REALTIME, &STREAM].iter().try_for_each(|alien| keys.refuse(alien, why))?;
            EngineKind::Builtin
        }
        Kind::Realtime => {
            keys.refuse(&STREAM, |key| format!("{key} is for engines of kind \"stream\", and \"{name}\" is realtime"))?;
            EngineKind::Realtime(realtime::realtime(written, &keys)?)
        }
        Kind::Stream => {
            keys.refuse(&REALTIME, |key| {
                format!("{key} is for engines of kind \"realtime\", and \"{name}\" is stream")
            })?;
            EngineKind::Stream(stream::stream(written, &keys)?)
        }
    };
    Ok(Engine { name, kind })
}

/// The certificate authorities, where there is anything to certify.
fn authorities(
    ca: Option<Spanned<PathBuf>>,
    url: Option<&str>,
    keys: &Keys<'_>,
) -> Result<Option<PathBuf>, ConfigError> {
    let Some(ca) = ca else { return Ok(None) };
    if url.is_some_and(|url| url.starts_with("ws://")) {
        return Err(keys.invalid("ca", "ca is for wss://; what ws:// leads to shows no certificate"));
    }
    Ok(Some(ca.into_inner()))
}

fn redial(written: Option<Spanned<raw::Redial>>, keys: &Keys<'_>) -> Result<Redial, ConfigError> {
    let Some(written) = written.map(Spanned::into_inner) else { return Ok(Redial::default()) };
    let usual = Redial::default();
    let ms = |ms: Option<u32>, usual: Duration| ms.map_or(usual, |ms| Duration::from_millis(ms.into()));
    let redial = Redial {
        first: ms(written.first_ms, usual.first),
        longest: ms(written.longest_ms, usual.longest),
        attempts: written.attempts.unwrap_or(usual.attempts),
    };
    if redial.first > redial.longest || redial.longest > Duration::from_secs(60) {
        let problem = format!(
            "the first wait, {} ms, is at most the longest, {} ms, and that at most 60000",
            redial.first.as_millis(),
            redial.longest.as_millis()
        );
        return Err(keys.invalid("redial", problem));
    }
    if redial.attempts > 100 {
        return Err(keys.invalid("redial", format!("an engine is dialled 100 times at most, not {}", redial.attempts)));
    }
    Ok(redial)
}
