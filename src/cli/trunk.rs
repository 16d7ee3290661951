//! `talkpath trunk`: how the trunks of a running server stand; `talkpath trunk test NAME`: what is wrong with one.

use super::{Common, ask, logging, outbound};
use crate::api::{Health, Registration, TrunkState};
use crate::server::Server;
use crate::trunk::examine;
use anyhow::Context;
use clap::{Args, Subcommand};
use std::io::Write;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::time::Duration;
use talkpath_config::{Config, Listen};
use talkpath_sip::message::Uri;

/// Arguments of `talkpath trunk`.
#[derive(Args, Clone, Debug)]
pub struct TrunkArguments {
    /// What to do; without a command, show how all stand.
    #[command(subcommand)]
    pub command: Option<TrunkCommand>,
    /// Where the running server answers HTTP; by default where the configuration says.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
}

/// What can be done with trunks.
#[derive(Clone, Debug, Subcommand)]
pub enum TrunkCommand {
    /// Say in words what is wrong with a trunk: DNS, firewall, password, codec. It needs no running server.
    Test {
        /// The trunk, as the configuration names it.
        name: String,
        /// Also call this number through it, and hang up when somebody answers.
        #[arg(long, value_name = "NUMBER")]
        call: Option<String>,
    },
}

pub(super) fn run(arguments: &TrunkArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let _logs = logging::start("error", common.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(async {
        match &arguments.command {
            None => show(arguments.url.as_deref(), &config).await,
            Some(TrunkCommand::Test { name, call }) => test(name, call.as_deref(), config).await,
        }
    })
}

/// A table of them.
async fn show(url: Option<&str>, config: &Config) -> anyhow::Result<ExitCode> {
    let trunks: Vec<TrunkState> = ask::get(url, config, "/api/trunk").await?;
    let mut out = std::io::stdout().lock();
    if trunks.is_empty() {
        writeln!(out, "There are no trunks; [[trunk]] in the configuration makes one.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<[String; 5]> = trunks.iter().map(row).collect();
    let header = ["TRUNK", "REGISTRATION", "HEALTH", "CALLS", "SERVERS"].map(str::to_owned);
    let width = |column: usize| rows.iter().chain([&header]).map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for row in [&header].into_iter().chain(&rows) {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
    }
    for (name, why) in trunks.iter().flat_map(reasons) {
        writeln!(out, "{name}: {why}")?;
    }
    Ok(if trunks.iter().all(|trunk| reasons(trunk).is_empty()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn row(trunk: &TrunkState) -> [String; 5] {
    let registration = match &trunk.registration {
        Registration::NotWanted => "-",
        Registration::Registered { .. } => "registered",
        Registration::NotRegistered { .. } => "NOT REGISTERED",
    };
    let health = match &trunk.health {
        Health::Unknown => "-".to_owned(),
        Health::Up { after_ms } => format!("up, {after_ms} ms"),
        Health::Down { .. } => "DOWN".to_owned(),
    };
    let calls = match trunk.max_calls {
        Some(most) => format!("{} of {most}", trunk.calls),
        None => trunk.calls.to_string(),
    };
    [trunk.name.clone(), registration.to_owned(), health, calls, trunk.servers.join(", ")]
}

/// What is wrong with it, if anything.
fn reasons(trunk: &TrunkState) -> Vec<(&str, &str)> {
    let mut reasons = Vec::new();
    if let Registration::NotRegistered { reason } = &trunk.registration {
        reasons.push((trunk.name.as_str(), reason.as_str()));
    }
    if let Health::Down { reason } = &trunk.health {
        reasons.push((trunk.name.as_str(), reason.as_str()));
    }
    reasons
}

/// Examines one, without a running server.
async fn test(name: &str, number: Option<&str>, mut config: Config) -> anyhow::Result<ExitCode> {
    let trunk = config.trunk(name).cloned().with_context(|| {
        let names: Vec<_> = config.trunks.iter().map(|trunk| format!("\"{}\"", trunk.name)).collect();
        format!(
            "the configuration has no trunk \"{name}\"; it has {}",
            if names.is_empty() { "none".into() } else { names.join(", ") }
        )
    })?;
    let places: Vec<Uri> = trunk.registrar.iter().chain(&trunk.servers).cloned().collect();
    // What can't be found is told below.
    let found = outbound::listeners(&places, &config).await;
    config.sip.listen = found.unwrap_or_else(|_| vec![Listen::udp((Ipv4Addr::UNSPECIFIED, 0).into())]);
    outbound::only(&mut config);
    let server = Server::start(config)?;
    let well = examine(&server, &trunk, number, |finding| {
        // Nobody may be reading any more.
        drop(writeln!(std::io::stdout().lock(), "{finding}"));
    })
    .await;
    server.drain(Duration::ZERO).await;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
