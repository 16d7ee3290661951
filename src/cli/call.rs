//! `talkpath call URI`: places one call and talks, or plays a recording.

use super::console::Console;
use super::stop::Stop;
use super::{Common, logging, outbound};
use crate::call::{Brief, CallId, Callee, Cast, Context, Outgoing, Scene, Try, Wanted};
use crate::server::Server;
use crate::trunk::Caller;
use crate::wav;
use anyhow::Context as _;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::{Agent, Config};
use talkpath_dialplan::DispositionKind;
use talkpath_sip::message::{NameAddr, Uri};
use tokio::sync::broadcast::error::RecvError;

/// Arguments of `talkpath call`.
#[derive(Args, Clone, Debug)]
pub struct CallArguments {
    /// Whom to call, such as sip:100@192.0.2.7, or with --trunk or --group a number.
    pub uri: String,
    /// Call through this trunk of the configuration: as its user, with its password, and numbers as it wants them.
    #[arg(long, value_name = "NAME")]
    pub trunk: Option<String>,
    /// Call through the first trunk of this group that takes the call.
    #[arg(long, value_name = "NAME", conflicts_with = "trunk")]
    pub group: Option<String>,
    /// Play this WAV file and hang up, instead of talking.
    #[arg(long, value_name = "FILE")]
    pub play: Option<PathBuf>,
    /// The agent that talks; the first of the configuration by default.
    #[arg(long, value_name = "NAME", conflicts_with = "play")]
    pub agent: Option<String>,
    /// As whom to call: a URI, or with --trunk or --group a number.
    #[arg(long, value_name = "URI")]
    pub from: Option<String>,
    /// Seconds that it may ring.
    #[arg(long, default_value_t = 30)]
    pub ring: u64,
    /// Hang up after so many seconds.
    #[arg(long, value_name = "SECONDS")]
    pub hang_up_after: Option<u64>,
    /// Record the call into the configuration's directory.
    #[arg(long)]
    pub record: bool,
}

pub(super) fn run(arguments: &CallArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let config = common.load()?;
    let _logs = logging::start("warn", common.verbose);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("no runtime")?;
    runtime.block_on(place(arguments, config))
}

async fn place(arguments: &CallArguments, mut config: Config) -> anyhow::Result<ExitCode> {
    let callee = callee(arguments, &config)?;
    config.sip.listen = outbound::listeners(&places(&callee, &config), &config).await?;
    outbound::only(&mut config);
    let talker = talker(arguments, &config)?;
    let server = Server::start(config)?;
    let call = CallId::new();
    let outgoing = outgoing(arguments, talker, server.context(), call, callee)?;
    let mut events = server.subscribe();
    let shown = tokio::spawn(async move {
        let console = Console::new();
        loop {
            match events.recv().await {
                Ok(event) => console.event(&event),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            }
        }
    });
    let patience = arguments.hang_up_after.map_or(Duration::MAX, Duration::from_secs);
    let (mut first, mut second) = (Stop::new()?, Stop::new()?);
    let stop = async {
        tokio::select! {
            () = tokio::time::sleep(patience) => {}
            () = first.wanted() => {}
        }
    };
    let disposition = tokio::select! {
        disposition = server.place_until(call, outgoing, stop) => disposition,
        // The first wish hangs up; the second doesn't wait for the other side.
        () = async { second.wanted().await; second.wanted().await } => return Ok(ExitCode::FAILURE),
    };
    server.drain(Duration::ZERO).await;
    shown.await.context("the console failed")?;
    Ok(if disposition.kind() == DispositionKind::Answered { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Who talks on the call.
enum Talker {
    Agent(Agent),
    Play(Arc<[i16]>),
}

fn talker(arguments: &CallArguments, config: &Config) -> anyhow::Result<Talker> {
    let agent = match &arguments.agent {
        Some(name) => config.agent(name).with_context(|| {
            let names: Vec<_> = config.agents.iter().map(|agent| format!("\"{}\"", agent.name)).collect();
            format!("the configuration has no agent \"{name}\"; it has {}", names.join(", "))
        })?,
        None => config.agents.first().context("the configuration has no agent")?,
    };
    Ok(match &arguments.play {
        Some(file) => Talker::Play(wav::read(file)?),
        None => Talker::Agent(agent.clone()),
    })
}

fn outgoing(
    arguments: &CallArguments,
    talker: Talker,
    context: &Context,
    call: CallId,
    to: Callee,
) -> anyhow::Result<Outgoing> {
    let cast = match talker {
        Talker::Play(audio) => Cast::playing(audio, context),
        Talker::Agent(agent) => {
            let facts = to.facts();
            Cast::of_agent(&agent, &Brief::default(), Scene { call, facts: &facts, context })?
        }
    };
    let record = arguments.record || context.config.recording.enabled;
    Ok(Outgoing { to, cast: cast.recorded(record), ring: Duration::from_secs(arguments.ring) })
}

/// Whom we call, and as whom.
fn callee(arguments: &CallArguments, config: &Config) -> anyhow::Result<Callee> {
    let CallArguments { uri, from, trunk, group, .. } = arguments;
    let caller = Caller { number: from.clone().unwrap_or_default(), name: None };
    if let Some(name) = trunk {
        config.trunk(name).with_context(|| format!("the configuration has no trunk \"{name}\""))?;
        return Ok(Callee::Wanted(Wanted::Trunk { name: name.clone(), number: uri.clone() }, caller));
    }
    if let Some(name) = group {
        config.group(name).with_context(|| format!("the configuration has no group \"{name}\""))?;
        return Ok(Callee::Wanted(Wanted::Group { name: name.clone(), number: uri.clone() }, caller));
    }
    let to = Uri::parse(uri.clone())
        .with_context(|| format!("\"{uri}\" is no SIP URI; write sip:USER@HOST or sip:USER@HOST:PORT"))?;
    let from = match from {
        Some(from) => from.parse().with_context(|| format!("\"{from}\" is no SIP address; write sip:USER@HOST"))?,
        None => NameAddr::new(Uri::parse("sip:talkpath@talkpath.invalid")?),
    };
    Ok(Callee::Direct(Box::new(Try::direct(to, from))))
}

/// Where the call may be led.
fn places(callee: &Callee, config: &Config) -> Vec<Uri> {
    let of_trunk = |name: &str| config.trunk(name).map(|trunk| trunk.servers.clone()).unwrap_or_default();
    match callee {
        Callee::Direct(wanted) => vec![wanted.request_uri.clone()],
        Callee::Wanted(Wanted::Trunk { name, .. }, _) => of_trunk(name),
        Callee::Wanted(Wanted::Group { name, .. }, _) => {
            let members = config.group(name).map(|group| group.members.as_slice()).unwrap_or_default();
            members.iter().flat_map(|member| of_trunk(&member.trunk)).collect()
        }
        Callee::Wanted(Wanted::Phone(_) | Wanted::Uri(_), _) => Vec::new(),
    }
}
