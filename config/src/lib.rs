//! The configuration file, in two stages: what was written (`raw.rs`) and what is needed ([`Config`]).
//!
//! TOML, every key optional; what is left out comes from the embedded `default.toml`, which is a configuration
//! file like any other and is tested. Unknown keys and impossible values are refused with file, line and column. Only
//! [`Config::load`] and [`Recording::check`] touch the disk.

mod error;
mod raw;
mod resolve;
mod value;

pub use error::ConfigError;
pub use value::RtpPorts;

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use talkpath_dialplan::{Admission, Route, Source};
use talkpath_media::g711::Law;
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::Uri;
use talkpath_speech::{builtin, turn};

/// The configuration that is in force where nothing else is written.
pub const DEFAULT: &str = include_str!("../default.toml");

/// Everything that was decided before the first call.
#[derive(Clone, Debug)]
pub struct Config {
    /// Signalling.
    pub sip: Sip,
    /// Voice on the wire.
    pub media: Media,
    /// Recordings.
    pub recording: Recording,
    /// What becomes of live calls when the server is told to stop.
    pub drain: Duration,
    /// SIP peers that we register with.
    pub trunks: Vec<Trunk>,
    /// What talks.
    pub agents: Vec<Agent>,
    /// Who gets which agent; the first that matches.
    pub routes: Vec<Route>,
}

/// Signalling.
#[derive(Clone, Debug)]
pub struct Sip {
    /// Where SIP is listened for.
    pub listen: Vec<SocketAddr>,
    /// The address that peers reach us at, when it isn't this machine's own.
    pub external: Option<IpAddr>,
    /// Who may call.
    pub admission: Admission,
    /// Calls at once.
    pub max_calls: usize,
}

/// A SIP peer that we register with.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// How routes, logs and errors call it.
    pub name: String,
    /// The registrar: a URI without a user.
    pub registrar: Uri,
    /// Who we are there: the user part of our address.
    pub username: String,
    /// How we prove it; none where nobody asks.
    pub credentials: Option<Credentials>,
    /// Whether we register, or only call through it.
    pub register: bool,
    /// How long a registration is asked to last.
    pub expires: Duration,
    /// Who may call us, beside the registrar itself. Only calls to our registration count as come by the trunk.
    pub peers: Vec<Source>,
}

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

/// What talks.
#[derive(Clone, Debug)]
pub struct Agent {
    /// How routes call it.
    pub name: String,
    /// What makes its voice.
    pub engine: Engine,
    /// How it takes turns.
    pub turn: turn::Settings,
    /// How long the phone rings before it answers.
    pub ring: Duration,
}

/// The engines that an agent may have.
#[derive(Clone, Debug)]
pub enum Engine {
    /// The embedded receptionist.
    Builtin(builtin::Settings),
}

impl Default for Config {
    /// The embedded defaults.
    fn default() -> Self {
        // The defaults are tested; a file that says nothing can't be wrong.
        match Self::parse("", Path::new("default.toml")) {
            Ok(config) => config,
            Err(error) => unreachable!("the embedded defaults are good: {error}"),
        }
    }
}

impl Config {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// [`ConfigError`]: it can't be read, or what it says is impossible, with line and column.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
        Self::parse(&text, path)
    }

    /// Checks the text of a file; `path` is what errors call it.
    ///
    /// # Errors
    /// As [`Config::load`], without the reading.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        resolve::resolve(text, path)
    }

    /// Every line that an agent of this configuration says word for word.
    #[must_use]
    pub fn fixed_lines(&self) -> Vec<String> {
        let lines = self.agents.iter().flat_map(|agent| {
            let Engine::Builtin(settings) = &agent.engine;
            builtin::lines(settings)
        });
        lines.map(str::to_owned).collect()
    }

    /// The trunk of that name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.name == name)
    }

    /// The agent of that name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }
}

#[cfg(test)]
mod tests;
