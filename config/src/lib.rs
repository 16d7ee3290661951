//! The configuration file, in two stages: what was written (`raw.rs`) and what is needed ([`Config`]).
//!
//! TOML, every key optional; what is left out comes from the embedded `default.toml`, which is a configuration
//! file like any other and is tested. Unknown keys and impossible values are refused with file, line and column. What
//! reading takes from elsewhere are secrets (environment, files) and time zones; only [`Recording::check`] writes.

mod action;
mod agent;
mod error;
mod group;
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
mod trunk;
mod value;

pub use agent::{Agent, Engine};
pub use error::{ConfigError, Place};
pub use media::{Media, Recording, ShardCount};
pub use numbers::{Numbers, TrunkNumbers};
pub use phone::Phone;
pub use sip::{Http, Sip};
pub use template::{Template, TemplateError};
pub use trunk::{CalledHeader, CallerHeader, IdentityHeader, Trunk};
pub use value::{Listen, ListenError, RtpPorts};

use std::path::{Path, PathBuf};
use std::time::Duration;
use talkpath_dialplan::{Group, Menu, Prompt, Route};
use talkpath_speech::builtin;

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

    /// Every line that is said word for word: by agents, menus, and who asks for PINs.
    #[must_use]
    pub fn fixed_lines(&self) -> Vec<String> {
        let agents = self.agents.iter().flat_map(|agent| {
            let Engine::Builtin(settings) = &agent.engine;
            builtin::lines(settings)
        });
        let prompts = self.prompts().into_iter().filter_map(|prompt| match prompt {
            Prompt::Text(text) => Some(text.as_str()),
            Prompt::File(_) => None,
        });
        agents.chain(prompts).map(str::to_owned).collect()
    }

    /// Every file that menus and who asks for PINs play.
    #[must_use]
    pub fn prompt_files(&self) -> Vec<PathBuf> {
        let prompts = self.prompts().into_iter().filter_map(|prompt| match prompt {
            Prompt::File(file) => Some(file.clone()),
            Prompt::Text(_) => None,
        });
        prompts.collect()
    }

    fn prompts(&self) -> Vec<&Prompt> {
        prompts::prompts(&self.routes, &self.menus)
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

    /// The agent of that name.
    #[must_use]
    pub fn agent(&self, name: &str) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.name == name)
    }
}

#[cfg(test)]
mod tests;
