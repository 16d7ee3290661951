//! `talkpath demo`: a server and a caller on this machine, and a real SIP/RTP call between them.
//!
//! The caller is not the server: it has its own SIP user agent, its own RTP, its own clock, and judges what it hears by
//! the packets that reach it. The exit status is 0 only if everything it measured is right.

mod checks;
mod script;

use super::console::Console;
use super::{Common, logging};
use crate::call::{CallEvent, CallEventKind};
use crate::net::shard::{MediaEvent, Report};
use crate::recorder::Outcome;
use crate::server::Server;
use anyhow::Context;
use checks::Checks;
use clap::Args;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::{Config, Listen, RtpPorts};
use tokio::sync::broadcast;

/// Arguments of `talkpath demo`.
#[derive(Args, Clone, Debug)]
pub struct DemoArguments {
    /// Where the recording goes.
    #[arg(long, value_name = "DIRECTORY", default_value = "recordings")]
    pub recordings: PathBuf,
}

/// How long the server may take to close call and recording.
const ENDING: Duration = Duration::from_secs(10);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) fn run(arguments: &DemoArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let _logs = logging::start("warn", common.verbose);
    // Only a file that is named: one that lies around may route the demo's call elsewhere.
    let mut config = match &common.config {
        Some(file) => Config::load(file)?,
        None => Config::default(),
    };
    config.sip.listen = vec![Listen::udp((HOME, 0).into())];
    config.http.listen = None;
    config.media.rtp_ports = RtpPorts::Any;
    config.recording.enabled = true;
    config.recording.directory.clone_from(&arguments.recordings);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(demo(config))
}

async fn demo(config: Config) -> anyhow::Result<ExitCode> {
    let console = Arc::new(Console::new());
    let server = Server::start(config)?;
    let address = server.listening().next().context("the server has no address")?.address;
    console.line("demo", &format!("the server answers SIP on udp://{address}; a caller on its own sockets calls it"));
    console.line("demo", "the agent is the embedded one: it understands keys and speech activity, not words");
    let told = tokio::spawn(show(server.subscribe(), Arc::clone(&console)));
    let measured = script::call(address, &console).await?;
    let told = tokio::time::timeout(ENDING, told).await.context("the server never told how the call ended")?;
    let told = told.context("the console failed")??;
    let checks = Checks::of(&measured, &told);
    checks.print(&console);
    server.drain(Duration::ZERO).await;
    Ok(if checks.all_right() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What the server told of the call.
#[derive(Debug)]
struct Told {
    report: Box<Report>,
    /// The agent's lines that were cut short, as far as they were heard.
    interrupted: Vec<String>,
    /// Answers that the server told the latency of.
    latencies: usize,
    recording: Arc<Outcome>,
}

/// Prints the server's events until the recording is closed.
async fn show(mut events: broadcast::Receiver<CallEvent>, console: Arc<Console>) -> anyhow::Result<Told> {
    let mut ended = None;
    let (mut interrupted, mut latencies) = (Vec::new(), 0);
    loop {
        let event = events.recv().await.context("the server stopped telling")?;
        console.event(&event);
        match event.kind {
            CallEventKind::Ended { report, .. } => ended = report,
            CallEventKind::Media(MediaEvent::AgentSaid { heard, interrupted: true, .. }) => interrupted.push(heard),
            CallEventKind::Media(MediaEvent::Latency { .. }) => latencies += 1,
            CallEventKind::Recorded(recording) => {
                let report = ended.context("the call ended without a report")?;
                return Ok(Told { report, interrupted, latencies, recording });
            }
            CallEventKind::Began { .. }
            | CallEventKind::Ringing
            | CallEventKind::Dialling { .. }
            | CallEventKind::Bridged { .. }
            | CallEventKind::Answered
            | CallEventKind::Agent { .. }
            | CallEventKind::ToolResult { .. }
            | CallEventKind::Media(_) => {}
        }
    }
}
