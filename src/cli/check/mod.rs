//! `talkpath check`: reads a configuration and says what it means, or what is wrong with it.

mod connect;

use super::Common;
use clap::Args;
use connect::Found;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use talkpath_config::{Config, Engine, EngineKind, Trunk};

/// Arguments of `talkpath check`.
#[derive(Args, Clone, Debug)]
pub struct CheckArguments {
    /// The file to check; without one, what `serve` would read.
    pub file: Option<PathBuf>,
    /// Also begins a session with the engine of each agent: a wrong key, model or address is found now, not by the first caller.
    #[arg(long)]
    pub connect: bool,
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
    for engine in &config.engines {
        writeln!(out, "  engine \"{}\": {}", engine.name, kind(engine))?;
    }
    for tool in &config.tools {
        writeln!(out, "  tool \"{}\": {}", tool.spec.name, tool.method.as_str())?;
    }
    for agent in &config.agents {
        writeln!(out, "  agent \"{}\": engine \"{}\"", agent.name, agent.engine)?;
    }
    for route in &config.routes {
        writeln!(out, "  route \"{}\": {}", route.name, route.action)?;
    }
    if arguments.connect {
        return connected(&config, &mut out);
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells of each agent whether its engine can be had.
fn connected(config: &Config, out: &mut impl Write) -> anyhow::Result<ExitCode> {
    writeln!(out, "Asking engines:")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let found = runtime.block_on(connect::agents(config))?;
    if found.is_empty() {
        writeln!(out, "  every agent's engine is embedded")?;
    }
    let mut code = ExitCode::SUCCESS;
    for (agent, found) in found {
        match found {
            Found::Ready(after) => {
                writeln!(
                    out,
                    "  agent \"{}\": \"{}\" was ready after {} ms",
                    agent.name,
                    agent.engine,
                    after.as_millis()
                )?;
            }
            Found::Wrong(why) => {
                writeln!(out, "  agent \"{}\": \"{}\" can't be had: {why}", agent.name, agent.engine)?;
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

fn kind(engine: &Engine) -> String {
    match &engine.kind {
        EngineKind::Builtin => "the embedded receptionist".to_owned(),
        EngineKind::Realtime(remote) => format!("realtime, model {}", remote.settings.model),
        EngineKind::Stream(_) => "a bot of its own".to_owned(),
    }
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
