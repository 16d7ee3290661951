//! `talkpath call URI`: places one call and talks, or plays a recording.

use super::console::Console;
use super::stop::Stop;
use super::{Common, logging};
use crate::call::{Disposition, Outgoing};
use crate::net::resolve::resolve;
use crate::net::shard::EngineSpec;
use crate::net::sip::Way;
use crate::server::Server;
use crate::trunk;
use anyhow::{Context, bail, ensure};
use clap::Args;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::Config;
use talkpath_media::resample::Resampler;
use talkpath_sip::agent::Protocol;
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::{NameAddr, Scheme, Uri};
use tokio::sync::broadcast::error::RecvError;

/// Samples a second on the telephone.
const RATE: u32 = 8_000;

/// Arguments of `talkpath call`.
#[derive(Args, Clone, Debug)]
pub struct CallArguments {
    /// Whom to call, such as sip:100@192.0.2.7, or with --trunk a number.
    pub uri: String,
    /// Call through this trunk of the configuration: as its user, with its password.
    #[arg(long, value_name = "NAME", conflicts_with = "from")]
    pub trunk: Option<String>,
    /// Play this WAV file and hang up, instead of talking.
    #[arg(long, value_name = "FILE")]
    pub play: Option<PathBuf>,
    /// The agent that talks; the first of the configuration by default.
    #[arg(long, value_name = "NAME", conflicts_with = "play")]
    pub agent: Option<String>,
    /// As whom to call.
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
    let party = Party::find(arguments, &config)?;
    ensure_udp(&party.to)?;
    let peer = resolve(&party.hop).await?;
    let any: IpAddr = if peer.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    config.sip.listen = vec![SocketAddr::new(any, 0)];
    // Only calls that we place: nobody may call back.
    config.sip.admission.allow.clear();
    let outgoing = outgoing(arguments, &config, party, peer)?;
    config.trunks.clear();
    let server = Server::start(config)?;
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
        disposition = server.place_until(outgoing, stop) => disposition,
        // The first wish hangs up; the second doesn't wait for the other side.
        () = async { second.wanted().await; second.wanted().await } => return Ok(ExitCode::FAILURE),
    };
    server.drain(Duration::ZERO).await;
    shown.await.context("the console failed")?;
    Ok(match disposition {
        Disposition::Answered { .. } => ExitCode::SUCCESS,
        Disposition::Busy
        | Disposition::NoAnswer
        | Disposition::Cancelled
        | Disposition::CancelledByUs
        | Disposition::Unreachable { .. }
        | Disposition::Refused { .. }
        | Disposition::Lost { .. } => ExitCode::FAILURE,
    })
}

fn outgoing(arguments: &CallArguments, config: &Config, party: Party, peer: SocketAddr) -> anyhow::Result<Outgoing> {
    let agent = match &arguments.agent {
        Some(name) => config.agent(name).with_context(|| {
            let names: Vec<_> = config.agents.iter().map(|agent| format!("\"{}\"", agent.name)).collect();
            format!("the configuration has no agent \"{name}\"; it has {}", names.join(", "))
        })?,
        None => config.agents.first().context("the configuration has no agent")?,
    };
    let talkpath_config::Engine::Builtin(settings) = &agent.engine;
    let engine = match &arguments.play {
        Some(file) => EngineSpec::Play(read_wav(file)?),
        None => EngineSpec::Builtin(settings.clone()),
    };
    let ring = Duration::from_secs(arguments.ring);
    let record = arguments.record || config.recording.enabled;
    let Party { to, from, credentials, .. } = party;
    let way = Way::To(peer, Protocol::Udp);
    Ok(Outgoing { to, from, way, credentials, engine, turn: agent.turn.clone(), record, ring })
}

/// Whom we call, as whom, and by which way.
struct Party {
    to: Uri,
    from: NameAddr,
    /// Whose address the INVITE goes to.
    hop: Uri,
    credentials: Option<Credentials>,
}

impl Party {
    fn find(arguments: &CallArguments, config: &Config) -> anyhow::Result<Self> {
        let CallArguments { uri, from, trunk, .. } = arguments;
        let Some(name) = trunk else {
            let to = Uri::parse(uri.clone())
                .with_context(|| format!("\"{uri}\" is no SIP URI; write sip:USER@HOST or sip:USER@HOST:PORT"))?;
            let from = match from {
                Some(from) => {
                    from.parse().with_context(|| format!("\"{from}\" is no SIP address; write sip:USER@HOST"))?
                }
                None => NameAddr::new(Uri::parse("sip:talkpath@talkpath.invalid")?),
            };
            return Ok(Self { hop: to.clone(), to, from, credentials: None });
        };
        let trunk = config.trunk(name).with_context(|| format!("the configuration has no trunk \"{name}\""))?;
        let to = if uri.contains(':') { Uri::parse(uri.clone())? } else { trunk::at(trunk, uri)? };
        let from = trunk::address(trunk)?;
        Ok(Self { to, from, hop: trunk.registrar.clone(), credentials: trunk.credentials.clone() })
    }
}

/// Only UDP so far: anything else must not go over it unasked.
fn ensure_udp(uri: &Uri) -> anyhow::Result<()> {
    let transport = uri.param("transport");
    let udp = transport.as_deref().is_none_or(|transport| transport.eq_ignore_ascii_case("udp"));
    ensure!(
        uri.scheme() != Scheme::Sips && udp,
        "{uri} asks for another transport than UDP, which is all there is; write sip:USER@HOST"
    );
    Ok(())
}

/// A WAV file as 8 kHz mono.
fn read_wav(file: &Path) -> anyhow::Result<Arc<[i16]>> {
    let reader = hound::WavReader::open(file)
        .with_context(|| format!("can't play {}: it must be a WAV file that may be read", file.display()))?;
    let spec = reader.spec();
    ensure!(spec.channels > 0, "can't play {}: it has no channel", file.display());
    let samples = match (spec.sample_format, spec.bits_per_sample) {
        (hound::SampleFormat::Int, 16) => reader.into_samples::<i16>().collect::<Result<Vec<_>, _>>(),
        _ => bail!("can't play {}: it must have 16-bit samples (sox IN -b 16 OUT converts it)", file.display()),
    };
    let samples = samples.with_context(|| format!("{} is damaged", file.display()))?;
    let mono = mix(&samples, spec.channels);
    if spec.sample_rate == RATE {
        return Ok(mono.into());
    }
    let mut resampler = Resampler::new(spec.sample_rate, RATE).with_context(|| {
        format!(
            "can't play {} at {} Hz; convert it: sox {} -r 8000 -c 1 -b 16 OUT.wav",
            file.display(),
            spec.sample_rate,
            file.display()
        )
    })?;
    let mut out = Vec::new();
    resampler.push(&mono, &mut out);
    Ok(out.into())
}

fn mix(samples: &[i16], channels: u16) -> Vec<i16> {
    let mean = |frame: &[i16]| {
        let sum: i32 = frame.iter().map(|sample| i32::from(*sample)).sum();
        i16::try_from(sum / i32::from(channels)).unwrap_or(0)
    };
    samples.chunks_exact(channels.into()).map(mean).collect()
}
