//! The command line: what is asked, and who does it.

mod ask;
mod call;
mod check;
mod console;
mod demo;
mod logging;
mod outbound;
mod route;
mod serve;
mod stop;
mod trunk;

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use talkpath_config::Config;

pub use call::CallArguments;
pub use check::CheckArguments;
pub use demo::DemoArguments;
pub use route::RouteArguments;
pub use serve::ServeArguments;
pub use trunk::TrunkArguments;

/// A SIP/RTP telephony voice bot.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100)]
pub struct Arguments {
    /// What to do; without a command, `serve`.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What every command takes.
    #[command(flatten)]
    pub common: Common,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// The configuration file; without one `talkpath.toml` in this directory is read if it is there.
    #[arg(long, short, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Log more: -v state changes, -vv everything but packets, -vvv packets too. RUST_LOG overrides it.
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer calls (the default).
    Serve(ServeArguments),
    /// Hear it work: a server and a caller on this machine, a real SIP/RTP call between them.
    Demo(DemoArguments),
    /// Read a configuration file and say what is wrong with it.
    Check(CheckArguments),
    /// Say which route a call would take, and why.
    Route(RouteArguments),
    /// Show how the trunks of a running server stand, or find out what is wrong with one.
    Trunk(TrunkArguments),
    /// Place one call, and talk as the embedded agent or play a WAV file.
    Call(CallArguments),
    /// Measure what a call costs on this machine.
    Bench(crate::bench::BenchArguments),
    /// The other half of `bench`: echoes UDP, as the floor that a call's cost is compared with.
    #[command(hide = true)]
    BenchEcho(crate::bench::EchoArguments),
    /// The service behind `bench --engine pcm` and `pcmu`.
    #[command(hide = true)]
    BenchStandIn(crate::bench::StandInArguments),
}

/// Does what was asked.
///
/// # Errors
/// Everything that an operator can mend, as one sentence that says how.
pub fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { command, common } = arguments;
    match command.unwrap_or_else(|| Command::Serve(ServeArguments::default())) {
        Command::Serve(arguments) => serve::run(&arguments, &common),
        Command::Demo(arguments) => demo::run(&arguments, &common),
        Command::Check(arguments) => check::run(&arguments, &common),
        Command::Route(arguments) => route::run(&arguments, &common),
        Command::Trunk(arguments) => trunk::run(&arguments, &common),
        Command::Call(arguments) => call::run(&arguments, &common),
        Command::Bench(arguments) => crate::bench::run(&arguments),
        Command::BenchEcho(arguments) => crate::bench::echo(&arguments),
        Command::BenchStandIn(arguments) => crate::bench::stand_in(&arguments),
    }
}

impl Common {
    /// The configuration in force: the named file, `talkpath.toml` if there is one, or the defaults.
    fn load(&self) -> anyhow::Result<Config> {
        const USUAL: &str = "talkpath.toml";
        let file = self.config.clone().or_else(|| {
            let usual = PathBuf::from(USUAL);
            usual.is_file().then_some(usual)
        });
        Ok(file.map_or_else(|| Ok(Config::default()), |file| Config::load(&file))?)
    }
}
