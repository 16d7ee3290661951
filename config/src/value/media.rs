//! Values of `[media]`.

use serde::Deserialize;

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
