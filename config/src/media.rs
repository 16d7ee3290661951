//! `[media]` and `[recording]`: voice on the wire and on disk.

use crate::error::{ConfigError, Source};
use crate::raw::{self, Codec};
use crate::resolve::{or, spanned};
use crate::value::{PtimeMs, RtpPorts};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use talkpath_media::g711::Law;

/// The largest code point that fits into six bits (RFC 2474 §3).
const MAX_DSCP: u8 = 63;

/// Voice on the wire.
#[derive(Clone, Debug)]
pub struct Media {
    /// Where RTP ports come from.
    pub rtp_ports: RtpPorts,
    /// In order of preference; at least one.
    pub laws: Vec<Law>,
    /// Milliseconds a packet that we offer.
    pub ptime_ms: u8,
    /// Differentiated services code point, 0 to 63.
    pub dscp: u8,
    /// Threads that carry voice.
    pub shards: ShardCount,
    /// Whether they ask for real-time priority.
    pub realtime: bool,
    /// How long nothing may come from the other side of a call that isn't held.
    pub timeout: Duration,
}

/// How many media threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShardCount {
    /// One for each core.
    OnePerCore,
    /// So many.
    Fixed(NonZeroUsize),
}

impl ShardCount {
    /// The number on a machine with `cores`.
    #[must_use]
    pub fn on(self, cores: NonZeroUsize) -> usize {
        match self {
            Self::OnePerCore => cores.get(),
            Self::Fixed(count) => count.get(),
        }
    }
}

/// Recordings.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Whether every call is recorded.
    pub enabled: bool,
    /// Where the files go.
    pub directory: PathBuf,
}

impl Recording {
    /// Finds out now, and not at the first call, whether recordings can be written.
    ///
    /// # Errors
    /// [`ConfigError::Recordings`] when they are wanted and the directory can't be made or written.
    pub fn check(&self) -> Result<(), ConfigError> {
        if !self.enabled {
            return Ok(());
        }
        let probe = self.directory.join(format!(".talkpath-{}", std::process::id()));
        std::fs::create_dir_all(&self.directory)
            .and_then(|()| std::fs::write(&probe, b""))
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(|source| ConfigError::Recordings { path: self.directory.clone(), source })
    }
}

pub(crate) fn media(written: raw::Media, default: raw::Media, source: Source<'_>) -> Result<Media, ConfigError> {
    let (span, codecs) = spanned(written.codecs.or(default.codecs));
    let laws: Vec<Law> = codecs.unwrap_or_default().into_iter().map(law).collect();
    if laws.is_empty() {
        return Err(source.invalid(span, "no codec is left; write \"PCMU\", \"PCMA\" or both"));
    }
    let (span, dscp) = spanned(written.dscp.or(default.dscp));
    let dscp = dscp.unwrap_or_default();
    if dscp > MAX_DSCP {
        return Err(source.invalid(span, format!("a code point is 0 to {MAX_DSCP}, not {dscp}")));
    }
    let shards = or(written.shards, default.shards);
    Ok(Media {
        rtp_ports: written.rtp_ports.or(default.rtp_ports).unwrap_or(RtpPorts::Any),
        laws,
        ptime_ms: written.ptime.or(default.ptime).unwrap_or(PtimeMs(20)).0,
        dscp,
        shards: NonZeroUsize::new(shards.into()).map_or(ShardCount::OnePerCore, ShardCount::Fixed),
        realtime: or(written.realtime, default.realtime),
        timeout: Duration::from_secs(or(written.timeout, default.timeout).into()),
    })
}

fn law(codec: Codec) -> Law {
    match codec {
        Codec::Pcmu => Law::Mu,
        Codec::Pcma => Law::A,
    }
}

pub(crate) fn recording(written: raw::Recording, default: raw::Recording) -> Recording {
    Recording { enabled: or(written.enabled, default.enabled), directory: or(written.directory, default.directory) }
}
