//! Single values of the file, judged as they are read.

use serde::Deserialize;
use std::net::SocketAddr;
use talkpath_dialplan::{NumberPattern, Source};
use talkpath_sip::message::{Scheme, Uri};

/// `udp://ADDRESS:PORT`.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub(crate) struct Listen(pub(crate) SocketAddr);

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.strip_prefix("udp://").and_then(|rest| rest.parse().ok()).map(Self).ok_or_else(|| {
            format!("\"{text}\" is no place to listen; write \"udp://ADDRESS:PORT\", such as \"udp://0.0.0.0:5060\" or \"udp://[::]:5060\"")
        })
    }
}

/// Where RTP ports are taken from.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "String")]
pub enum RtpPorts {
    /// The operating system chooses.
    Any,
    /// From the first to the last, both included; the first is even and there is room for one pair.
    Range {
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
}

impl TryFrom<String> for RtpPorts {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "any" {
            return Ok(Self::Any);
        }
        let range = text.split_once('-').and_then(|(first, last)| {
            let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first >= 1024 && first % 2 == 0 && last > first).then_some(Self::Range { first, last })
        });
        range.ok_or_else(|| {
            format!("\"{text}\" is no range of RTP ports; write \"FIRST-LAST\" with an even FIRST of at least 1024, or \"any\"")
        })
    }
}

/// Milliseconds of audio a packet.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(try_from = "u8")]
pub(crate) struct PtimeMs(pub(crate) u8);

impl TryFrom<u8> for PtimeMs {
    type Error = String;

    fn try_from(ms: u8) -> Result<Self, String> {
        if (10..=60).contains(&ms) && ms.is_multiple_of(10) {
            return Ok(Self(ms));
        }
        Err(format!("ptime is 10, 20, 30, 40, 50 or 60 milliseconds, not {ms}"))
    }
}

/// A set of source addresses.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Cidr(pub(crate) Source);

impl TryFrom<String> for Cidr {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{error}"))
    }
}

/// A pattern over numbers.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Number(pub(crate) NumberPattern);

impl TryFrom<String> for Number {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error| format!("{error}"))
    }
}

/// A SIP URI of a host: `sip:HOST`, `sip:HOST:PORT`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct SipUri(pub(crate) Uri);

impl TryFrom<String> for SipUri {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let uri = Uri::parse(text.clone()).ok();
        let host = |uri: &Uri| uri.scheme() == Scheme::Sip && uri.host().is_some() && uri.user().is_none();
        uri.filter(host).map(Self).ok_or_else(|| {
            format!("\"{text}\" is no registrar; write \"sip:HOST\" or \"sip:HOST:PORT\", without a user")
        })
    }
}

/// A secret: as it stands, or `${env:NAME}` or `${file:PATH}`. It is never printed.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Secret(pub(crate) String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let Some(reference) = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) else {
            return Ok(Self(text));
        };
        match reference.split_once(':') {
            Some(("env", name)) => {
                std::env::var(name).map(Self).map_err(|_| format!("the environment variable {name} is not set"))
            }
            Some(("file", path)) => std::fs::read_to_string(path)
                .map(|secret| Self(secret.trim_end_matches(['\r', '\n']).to_owned()))
                .map_err(|error| format!("the secret's file {path} can't be read: {error}")),
            Some(_) | None => Err("a secret is taken from \"${env:NAME}\" or \"${file:PATH}\"".into()),
        }
    }
}
