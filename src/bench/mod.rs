//! `talkpath bench`: what a call costs on this machine, with the floor beside it.
//!
//! The server is another process, pinned to one core with one media thread; the callers, with real SIP and RTP, are this one, on
//! the other cores. Cost is CPU time of the server per second of call. In the same run, alternately, a bare UDP echo
//! moves the same packets on the same core: no call can cost less. A witness thread of the same priority on that core notes when
//! the machine itself stood still; pacing is judged only by windows without such a note, and what was left out is printed.
//!
//! With `--engine pcm` or `pcmu` the agent is a model of a realtime service, and the service a stand-in in a third process, beside the callers:
//! then it is also measured what the path to it adds, both ways. `--find` looks for the most calls that all bars are kept with.

mod bars;
mod clock;
mod echo;
mod find;
mod latency;
mod load;
mod process;
mod rate;
mod report;
mod settings;
mod stand_in;
mod turns;
mod witness;

pub use echo::{EchoArguments, run as echo};
pub use rate::RateArguments;
pub use stand_in::{StandInArguments, run as stand_in};
pub use turns::TurnsArguments;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use std::process::ExitCode;

/// Arguments of `talkpath bench`.
#[derive(Args, Clone, Debug)]
pub struct BenchArguments {
    /// What to measure; without a command, what calls cost.
    #[command(subcommand)]
    pub what: Option<BenchCommand>,
    /// Calls at once.
    #[arg(long, default_value_t = 200)]
    pub calls: u32,
    /// Seconds that each measurement lasts.
    #[arg(long, default_value_t = 10)]
    pub seconds: u32,
    /// Measurements of each kind, alternating.
    #[arg(long, default_value_t = 2)]
    pub rounds: u32,
    /// What talks: the embedded agent, or a stand-in of a realtime service with this form of audio.
    #[arg(long, value_enum, default_value_t = Engine::Builtin)]
    pub engine: Engine,
    /// Find the most calls, from --calls on, with which every bar is kept; one measurement each.
    #[arg(long)]
    pub find: bool,
    /// Record every call.
    #[arg(long)]
    pub record: bool,
    /// Print figures for programs.
    #[arg(long)]
    pub json: bool,
}

/// What talks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// The embedded agent.
    Builtin,
    /// A realtime service, 24 kHz.
    Pcm,
    /// A realtime service, G.711 µ-law passed through.
    Pcmu,
}

/// Other benches.
#[derive(Clone, Debug, Subcommand)]
pub enum BenchCommand {
    /// Set calls up and tear them down at a steady rate: failures, time from INVITE to 200, memory afterwards.
    Rate(RateArguments),
    /// Let callers interrupt the agent, cough, say "mm-hm", and lines hum, click and echo: who is heard, and how soon.
    Turns(TurnsArguments),
}

/// Runs the bench.
///
/// # Errors
/// When a process can't be started or a call not placed.
pub fn run(arguments: &BenchArguments) -> anyhow::Result<ExitCode> {
    match &arguments.what {
        Some(BenchCommand::Rate(arguments)) => return rate::run(arguments),
        Some(BenchCommand::Turns(arguments)) => return turns::run(arguments),
        None => {}
    }
    crate::net::limits::raise_open_files(usize::try_from(arguments.calls)? * if arguments.find { 8 } else { 1 });
    let cores = process::Cores::divide()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.context("no runtime")?;
    if arguments.find {
        let found = runtime.block_on(find::most(arguments, &cores))?;
        found.print(arguments.json)?;
        return Ok(if found.any() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    let results = runtime.block_on(measure(arguments, &cores))?;
    results.print(arguments.json)?;
    // Figures of a run that lost packets are no figures.
    Ok(if results.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(arguments: &BenchArguments, cores: &process::Cores) -> anyhow::Result<report::Results> {
    let mut results = report::Results::new(arguments.engine, arguments.record);
    for round in 0..arguments.rounds.max(1) {
        if !arguments.json {
            eprintln!(
                "round {} of {}: {} calls for {} s, then as many echoes",
                round + 1,
                arguments.rounds,
                arguments.calls,
                arguments.seconds
            );
        }
        results.calls.push(load::calls(arguments, cores).await?);
        results.echoes.push(load::echoes(arguments, cores).await?);
    }
    Ok(results)
}
