//! The configuration file, in two stages: what was written (`raw.rs`) and what is needed ([`Config`]).
//!
//! TOML, every key optional; what is left out comes from the embedded `default.toml`, which is a configuration
//! file like any other and is tested. Unknown keys and impossible values are refused with file, line and column. What
//! reading takes from elsewhere are secrets (environment, files), prompts in files, and time zones; only [`Recording::check`] writes.

mod action;
mod agent;
mod engine;
mod error;
mod group;
mod json;
mod keys;
mod media;
mod menu;
mod names;
mod numbers;
mod phone;
mod prompts;
mod raw;
mod resolve;
mod route;
mod sip;
mod template;
mod text;
mod tool;
mod trunk;
mod value;

pub use agent::{Agent, Fallback, Idle, IdlePrompts, Model, Receptionist, Role};
pub use engine::{BUILTIN, Engine, EngineKind, Remote};
pub use error::{ConfigError, Place};
pub use media::{Media, Recording, ShardCount};
pub use numbers::{Numbers, TrunkNumbers};
pub use phone::Phone;
pub use sip::{Http, Sip};
pub use template::{Template, TemplateError};
pub use tool::{Method, Tool, ToolUrl};
pub use trunk::{CalledHeader, CallerHeader, IdentityHeader, Trunk};
pub use value::{Listen, ListenError, RtpPorts};

use std::path::{Path, PathBuf};
use std::time::Duration;
use talkpath_dialplan::{Group, Menu, Route};

/// The configuration that is in force where nothing else is written.
pub const DEFAULT: &str = include_str!("../default.toml");

/// Everything that was decided before the first call.
#[derive(Clone, Debug)]
pub struct Config {
    /// Signalling.
    pub sip: Sip,
    /// Voice on the wire.
    pub media: Media,
    /// The HTTP interface.
    pub http: Http,
    /// Recordings.
    pub recording: Recording,
    /// What becomes of live calls when the server is told to stop.
    pub drain: Duration,
    /// How numbers are dialled here, and which may not be.
    pub numbers: Numbers,
    /// SIP peers.
    pub trunks: Vec<Trunk>,
    /// Trunks that lead to the same numbers.
    pub groups: Vec<Group>,
    /// Phones that register with us.
    pub phones: Vec<Phone>,
    /// Menus.
    pub menus: Vec<Menu>,
    /// What gives agents their voices, the embedded one first.
    pub engines: Vec<Engine>,
    /// What agents may ask of other servers.
    pub tools: Vec<Tool>,
    /// What talks.
    pub agents: Vec<Agent>,
    /// Who gets which agent; the first that matches.
    pub routes: Vec<Route>,
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

    /// Every line that is said word for word in every call: by agents and for them, by menus, while tools are at work, and by who asks for PINs.
    #[must_use]
    pub fn fixed_lines(&self) -> Vec<String> {
        prompts::lines(self)
    }

    /// Every file that is played: by menus, by who asks for PINs, and while an engine is dialled again.
    #[must_use]
    pub fn prompt_files(&self) -> Vec<PathBuf> {
        prompts::files(self)
    }

    /// The trunk of that name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<&Trunk> {
        self.trunks.iter().find(|trunk| trunk.name == name)
    }

    /// The group of that name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.name == name)
    }

    /// The phone of that user.
    #[must_use]
    pub fn phone(&self, user: &str) -> Option<&Phone> {
        self.phones.iter().find(|phone| phone.user == user)
    }

    /// The menu of that name.
    #[must_use]
    pub fn menu(&self, name: &str) -> Option<&Menu> {
        self.menus.iter().find(|menu| menu.name == name)
    }

    /// The engine of that name.
    #[must_use]
    pub fn engine(&self, name: &str) -> Option<&Engine> {
        self.engines.iter().find(|engine| engine.name == name)
    }

    /// The tool of that name.
    #[must_use]
    pub fn tool(&self, name: &str) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.spec.name == name)
    }

    /// The agent of that name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }
}

#[cfg(test)]
mod tests;
