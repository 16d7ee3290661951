//! `talkpath bench rate`: calls set up and torn down at a steady rate, as a dialler or a busy trunk does it.
//!
//! The server is pinned to one core, its callers are on the others. Every call is an INVITE, its 200 and ACK, a little voice, a BYE
//! and its 200. A call that isn't answered, or doesn't end as we asked, is a failure and is told.

use super::Engine;
use super::load::listening_at;
use super::process::{Cores, Measured};
use super::report::percentile;
use super::settings::configuration;
use crate::net::limits;
use crate::phone::{DialOptions, Phone};
use anyhow::Context;
use clap::Args;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

/// Telephones that share the calls: one would be the bottleneck.
const PHONES: usize = 4;
/// The last of a call's state is gone 32 s after its BYE (timers H and J, RFC 3261 §17).
const SETTLE: Duration = Duration::from_secs(36);

/// How long the answer to a BYE may take.
const UNANSWERED: Duration = Duration::from_secs(5);

/// Arguments of `talkpath bench rate`.
#[derive(Args, Clone, Debug)]
pub struct RateArguments {
    /// New calls a second.
    #[arg(long, default_value_t = 100)]
    pub rate: u32,
    /// For how many seconds.
    #[arg(long, default_value_t = 60)]
    pub seconds: u32,
    /// How long each call is held, in milliseconds.
    #[arg(long, default_value_t = 200)]
    pub hold: u64,
    /// Runs, one after the other: memory is to be back after each.
    #[arg(long, default_value_t = 2)]
    pub rounds: u32,
    /// Print figures for programs.
    #[arg(long)]
    pub json: bool,
}

/// One run.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    calls: usize,
    failures: usize,
    /// What failures there were, and how often.
    failed: BTreeMap<String, usize>,
    /// What rate was reached.
    per_second: f64,
    setup_p50_ms: f64,
    setup_p99_ms: f64,
    setup_max_ms: f64,
    /// CPU milliseconds of the server a call.
    cpu_ms: f64,
    /// Resident memory: before the run, at its end, and when every timer has run out.
    resident_kb: [u64; 3],
}

pub(super) fn run(arguments: &RateArguments) -> anyhow::Result<ExitCode> {
    let hold = Duration::from_millis(arguments.hold);
    limits::raise_open_files(usize::try_from(u64::from(arguments.rate) * (1 + hold.as_secs()) * 4)?);
    let cores = Cores::divide()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let rounds = runtime.context("no runtime")?.block_on(measure(arguments, hold, &cores))?;
    let sound = rounds.iter().all(|round| round.failures == 0);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn measure(arguments: &RateArguments, hold: Duration, cores: &Cores) -> anyhow::Result<Vec<Figures>> {
    let file = configuration(false, Engine::Builtin, None)?;
    let path = file.to_str().context("the temporary directory has no plain name")?;
    let mut server = Measured::start(&["serve", "--http", "", "--config", path])?;
    let address = listening_at(&server.line()?)?;
    server.pin(cores)?;
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds.max(1) {
        let before = server.resident_kb()?;
        let (cpu, began) = (server.cpu()?, Instant::now());
        let outcomes = drive(arguments, hold, address).await?;
        let (cpu, wall) = (server.cpu()? - cpu, began.elapsed());
        let loaded = server.resident_kb()?;
        tokio::time::sleep(SETTLE).await;
        let figures = figures(outcomes, cpu, wall, [before, loaded, server.resident_kb()?]);
        print(&figures, arguments.json)?;
        rounds.push(figures);
    }
    std::fs::remove_file(file)?;
    Ok(rounds)
}

type Outcome = Result<Duration, String>;

/// Places the calls; how long each took to be answered, or what went wrong.
async fn drive(arguments: &RateArguments, hold: Duration, server: SocketAddr) -> anyhow::Result<Vec<Outcome>> {
    let phones: Vec<_> =
        (0..PHONES).map(|_| Phone::start(Ipv4Addr::LOCALHOST.into()).map(Arc::new)).collect::<Result<_, _>>()?;
    let mut beat = tokio::time::interval(Duration::from_secs(1) / arguments.rate.max(1));
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut calls = JoinSet::new();
    let count = arguments.rate as usize * arguments.seconds as usize;
    for phone in phones.iter().cycle().take(count) {
        beat.tick().await;
        calls.spawn(one(Arc::clone(phone), server, hold));
    }
    let mut outcomes = calls.join_all().await;
    for phone in &phones {
        if tokio::time::timeout(UNANSWERED, phone.settled()).await.is_err() {
            outcomes.push(Err("a BYE was never answered".to_owned()));
        }
    }
    Ok(outcomes)
}

async fn one(phone: Arc<Phone>, server: SocketAddr, hold: Duration) -> Outcome {
    let options = DialOptions { listen: false, ..DialOptions::default() };
    let call = phone.dial(server, "bench", options).await.map_err(|error| format!("{error:#}"))?;
    let answered_after = call.answered_after;
    tokio::time::sleep(hold).await;
    call.end().await.map_err(|error| format!("{error:#}"))?;
    Ok(answered_after)
}

fn figures(outcomes: Vec<Outcome>, cpu: Duration, wall: Duration, resident_kb: [u64; 3]) -> Figures {
    let calls = outcomes.len();
    let mut setup = Vec::new();
    let mut failed = BTreeMap::new();
    for outcome in outcomes {
        match outcome {
            Ok(answered_after) => setup.push(answered_after),
            Err(why) => *failed.entry(why).or_insert(0) += 1,
        }
    }
    setup.sort_unstable();
    Figures {
        calls,
        failures: failed.values().sum(),
        failed,
        per_second: calls as f64 / wall.as_secs_f64(),
        setup_p50_ms: percentile(&setup, 50),
        setup_p99_ms: percentile(&setup, 99),
        setup_max_ms: percentile(&setup, 100),
        cpu_ms: cpu.as_secs_f64() * 1e3 / calls.max(1) as f64,
        resident_kb,
    }
}

fn print(f: &Figures, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(f)?)?;
        return Ok(());
    }
    writeln!(out, "{} calls, {:.0} a second, {} failures", f.calls, f.per_second, f.failures)?;
    for (why, count) in &f.failed {
        writeln!(out, "  failed     {count} times: {why}")?;
    }
    writeln!(
        out,
        "  set-up     INVITE to 200: median {:.2} ms, p99 {:.2} ms, max {:.2} ms",
        f.setup_p50_ms, f.setup_p99_ms, f.setup_max_ms
    )?;
    writeln!(out, "  cost       {:.2} ms of CPU a call", f.cpu_ms)?;
    let [before, loaded, after] = f.resident_kb;
    writeln!(out, "  memory     {before} kB before, {loaded} kB at the end, {after} kB when every timer had run out")?;
    Ok(())
}
