//! Single values of the file, judged as they are read.

use serde::Deserialize;
use std::net::SocketAddr;
use talkpath_dialplan::{NumberPattern, Source};

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
