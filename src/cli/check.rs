//! `talkpath check`: reads a configuration and says what it means, or what is wrong with it.

use super::Common;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use talkpath_config::Config;

/// Arguments of `talkpath check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArguments {
    /// The file to check; without one, what `serve` would read.
    pub file: Option<PathBuf>,
}

pub(super) fn run(arguments: &CheckArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let config = match &arguments.file {
        Some(file) => Config::load(file)?,
        None => common.load()?,
    };
    config.recording.check()?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "The configuration is good.")?;
    for address in &config.sip.listen {
        writeln!(out, "  listens on udp://{address}")?;
    }
    let allowed: Vec<_> = config.sip.admission.allow.iter().map(ToString::to_string).collect();
    writeln!(out, "  takes calls from {}", allowed.join(", "))?;
    for trunk in &config.trunks {
        writeln!(out, "  trunk \"{}\": {} at {}", trunk.name, trunk.username, trunk.registrar)?;
    }
    for agent in &config.agents {
        writeln!(out, "  agent \"{}\"", agent.name)?;
    }
    for route in &config.routes {
        writeln!(out, "  route \"{}\": {}", route.name, route.action)?;
    }
    Ok(ExitCode::SUCCESS)
}
