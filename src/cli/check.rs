//! `talkpath check`: reads a configuration and says what it means, or what is wrong with it.

use super::Common;
use clap::Args;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use talkpath_config::{Config, Trunk};

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
        writeln!(out, "  listens on {address}")?;
    }
    let allowed: Vec<_> = config.sip.admission.allow.iter().map(ToString::to_string).collect();
    writeln!(out, "  takes calls from {}", allowed.join(", "))?;
    for trunk in &config.trunks {
        writeln!(out, "  trunk \"{}\": {}", trunk.name, told(trunk))?;
    }
    for group in &config.groups {
        let members: Vec<_> = group.members.iter().map(|member| member.trunk.as_str()).collect();
        writeln!(out, "  group \"{}\": {}", group.name, members.join(", "))?;
    }
    for phone in &config.phones {
        writeln!(out, "  phone \"{}\"", phone.user)?;
    }
    for menu in &config.menus {
        let options: Vec<_> = menu.options.keys().map(ToString::to_string).collect();
        writeln!(out, "  menu \"{}\": {}", menu.name, options.join(", "))?;
    }
    for agent in &config.agents {
        writeln!(out, "  agent \"{}\"", agent.name)?;
    }
    for route in &config.routes {
        writeln!(out, "  route \"{}\": {}", route.name, route.action)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn told(trunk: &Trunk) -> String {
    let mut told = Vec::new();
    if let (Some(registrar), true) = (&trunk.registrar, trunk.register) {
        told.push(format!("registers as {} with {registrar}", trunk.username.as_deref().unwrap_or_default()));
    }
    if !trunk.servers.is_empty() {
        let servers: Vec<_> = trunk.servers.iter().map(ToString::to_string).collect();
        told.push(format!("calls go to {}", servers.join(", then ")));
    }
    if !trunk.peers.is_empty() {
        let peers: Vec<_> = trunk.peers.iter().map(ToString::to_string).collect();
        told.push(format!("calls come from {}", peers.join(", ")));
    }
    told.join("; ")
}
