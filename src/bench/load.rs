//! The two loads: calls at the server, and bare packets at the echo.

use super::clock::Epoch;
use super::latency::{self, Latencies};
use super::process::{Cores, Measured};
use super::settings::configuration;
use super::stand_in::Stamps;
use super::witness::{Stalls, Witness};
use super::{BenchArguments, Engine};
use crate::phone::{self, Arrivals, DialOptions, LineCounts, Phone, PhoneCall, Said};
use anyhow::Context;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_media::g711::Law;
use talkpath_media::tone::Tone;
use talkpath_speech::voice::Voice;
use tokio::sync::{mpsc, oneshot};

/// How many calls a second are set up.
const SETUP_RATE: u32 = 100;
/// From the last answer to the first measurement.
const SETTLE: Duration = Duration::from_secs(2);
/// What every caller says, again and again: the agent hears turns and answers them.
const SENTENCE: &str = "I would like to hear what this line sounds like today.";
/// The end of what it says, loud to its last sample, so that there is no doubt about where that is.
const END: usize = 320;
/// Samples a packet.
const PACKET: usize = 160;
/// From the beginning of a sentence to the next: the agent repeats it in between.
const PERIOD: Duration = Duration::from_secs(9);
/// How long after a sentence the stand-in knows that it has ended, and more.
const UNDERSTOOD: Duration = Duration::from_millis(800);
/// Sentences whose ends may wait to be looked at.
const SENTENCES: usize = 1 << 16;
/// The user that the first line calls; the next calls the next.
const FIRST_USER: u64 = 1_000;

/// One measurement.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// CPU time of the measured process.
    pub(super) cpu: Duration,
    /// That of the stand-in.
    pub(super) stand_in: Duration,
    /// How long was measured.
    pub(super) wall: Duration,
    /// Resident memory before the first call, with all of them, and after the measurement, in kB.
    pub(super) resident: [u64; 3],
    /// What an agent queues when it is answered, in kB: its greeting as G.711.
    pub(super) queued_kb: f64,
    /// What the lines counted.
    pub(super) counts: LineCounts,
    /// From each INVITE to its 200.
    pub(super) setup: Vec<Duration>,
    /// How far each watched packet was from its time, spare windows only.
    pub(super) pacing: Vec<Duration>,
    /// Watched packets that were not judged.
    pub(super) discarded: usize,
    /// How often the witness saw the machine stand still.
    pub(super) stalls: usize,
    /// What the path to a remote engine adds.
    pub(super) latencies: Latencies,
}

/// The ends of what watched lines say, as they come to be known.
type Ends = mpsc::Receiver<(u64, oneshot::Receiver<Said>)>;

/// The stand-in, and what the watched lines say to it.
struct Remote {
    process: Measured,
    ends: Ends,
}

/// The cost of calls.
pub(super) async fn calls(arguments: &BenchArguments, cores: &Cores) -> anyhow::Result<Sample> {
    let mut stand_in = arguments.engine.stand_in()?;
    let port = stand_in.as_mut().map(Measured::line).transpose()?;
    let file = configuration(arguments.record, arguments.engine, port.as_deref())?;
    let path = file.to_str().context("the temporary directory has no plain name")?;
    let mut server = Measured::start(&["serve", "--http", "", "--config", path])?;
    let address = listening_at(&server.line()?)?;
    server.pin(cores)?;
    let before = server.resident_kb()?;
    let phone = Phone::start_realtime(Ipv4Addr::LOCALHOST.into())?;
    let voice = Voice::new()?;
    let (calls, setup) = set_up(&phone, address, arguments.calls).await?;
    // Now every call holds what it says first, the greeting: later it is partly heard, and its memory partly reused.
    let loaded = server.resident_kb()?;
    let (told, ends) = mpsc::channel(SENTENCES);
    let speaking = tokio::spawn(chatter(calls.iter().map(PhoneCall::mouth).collect(), sentence(&voice), told));
    tokio::time::sleep(SETTLE).await;

    let mut remote = stand_in.map(|process| Remote { process, ends });
    let mut sample = measure(&server, arguments, cores, &phone, remote.as_mut()).await?;
    sample.resident = [before, loaded, server.resident_kb()?];
    sample.setup = setup;
    sample.queued_kb = if arguments.engine == Engine::Builtin { greeting_kb(&voice) } else { 0.0 };
    speaking.abort();
    for call in calls {
        sample.counts += call.hang_up().await?;
    }
    std::fs::remove_file(file)?;
    Ok(sample)
}

/// The cost of the same packets, echoed.
pub(super) async fn echoes(arguments: &BenchArguments, cores: &Cores) -> anyhow::Result<Sample> {
    let sockets = arguments.calls.to_string();
    let mut echo = Measured::start(&["bench-echo", "--sockets", &sockets])?;
    let ports = (0..arguments.calls).map(|_| Ok(echo.line()?.parse()?)).collect::<anyhow::Result<Vec<u16>>>()?;
    echo.pin(cores)?;
    let phone = Phone::start_realtime(Ipv4Addr::LOCALHOST.into())?;
    let lines = ports
        .into_iter()
        .map(|port| phone.line((Ipv4Addr::LOCALHOST, port).into(), Law::Mu))
        .collect::<anyhow::Result<Vec<_>>>()?;
    tokio::time::sleep(SETTLE).await;
    let mut sample = measure(&echo, arguments, cores, &phone, None).await?;
    for line in lines {
        sample.counts += line.disconnect().await?;
    }
    Ok(sample)
}

async fn measure(
    process: &Measured,
    arguments: &BenchArguments,
    cores: &Cores,
    phone: &Phone,
    mut remote: Option<&mut Remote>,
) -> anyhow::Result<Sample> {
    let (witness, epoch) = (Witness::start(cores)?, Epoch::new());
    let stand_in = |remote: Option<&Remote>| remote.map_or(Ok(Duration::ZERO), |remote| remote.process.cpu());
    phone.watch().await?;
    if let Some(remote) = remote.as_mut() {
        remote.process.ask("stamps")?;
    }
    let (cpu, stand_in_cpu, began) = (process.cpu()?, stand_in(remote.as_deref())?, Instant::now());
    tokio::time::sleep(Duration::from_secs(arguments.seconds.into())).await;
    let (cpu, stand_in_cpu, ended) =
        (process.cpu()? - cpu, stand_in(remote.as_deref())? - stand_in_cpu, Instant::now());
    if remote.is_some() {
        tokio::time::sleep(UNDERSTOOD).await;
    }
    let arrivals = phone.watch().await?;
    let stalls = witness.finish();
    let (pacing, discarded) = pacing(&arrivals, &stalls);
    let mut latencies = Latencies::default();
    if let Some(Remote { process, ends }) = remote {
        let mut stamps: Stamps = serde_json::from_str(&process.ask("stamps")?)?;
        stamps.answers.retain(|answer| epoch.instant(answer.at).is_some_and(|at| at < ended));
        let lines = stamps.voices.iter_mut().map(|voice| &mut voice.line);
        lines
            .chain(stamps.answers.iter_mut().map(|answer| &mut answer.line))
            .for_each(|line| *line -= FIRST_USER.min(*line));
        latencies = latency::join(&said(ends, began, ended), &stamps, &arrivals, &stalls, epoch);
    }
    let sample = Sample { cpu, wall: ended - began, pacing, discarded, stalls: stalls.count(), ..Sample::default() };
    Ok(Sample { stand_in: stand_in_cpu, latencies, ..sample })
}

/// What watched lines have said between two times.
fn said(ends: &mut Ends, began: Instant, ended: Instant) -> Vec<(u64, Said)> {
    let mut all = Vec::new();
    while let Ok((line, mut end)) = ends.try_recv() {
        if let Ok(said) = end.try_recv()
            && (began..ended).contains(&said.ended)
        {
            all.push((line, said));
        }
    }
    all
}

pub(super) fn listening_at(line: &str) -> anyhow::Result<SocketAddr> {
    let address = line.split("udp://").nth(1).map(|rest| rest.trim_end_matches('.'));
    address.and_then(|address| address.parse().ok()).with_context(|| format!("the server said \"{line}\""))
}

async fn set_up(phone: &Phone, server: SocketAddr, count: u32) -> anyhow::Result<(Vec<PhoneCall>, Vec<Duration>)> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / SETUP_RATE);
    let options = DialOptions { listen: false, ..DialOptions::default() };
    let mut calls = Vec::new();
    for line in 0..u64::from(count) {
        beat.tick().await;
        // The stand-in knows a line by the user that it calls.
        let user = (FIRST_USER + 1 + line).to_string();
        calls.push(phone.dial(server, &user, options.clone()).await?);
    }
    let setup = calls.iter().map(|call| call.answered_after).collect();
    Ok((calls, setup))
}

/// Every caller speaks once a period, each at its own time.
async fn chatter(mouths: Vec<phone::Mouth>, sentence: Arc<[i16]>, told: mpsc::Sender<(u64, oneshot::Receiver<Said>)>) {
    let count = u32::try_from(mouths.len()).unwrap_or(u32::MAX).max(1);
    let mut beat = tokio::time::interval(PERIOD / count);
    for mouth in mouths.iter().cycle() {
        beat.tick().await;
        let end = mouth.begin(Arc::clone(&sentence));
        if mouth.line() <= phone::WATCHED {
            // What finds no room isn't judged.
            drop(told.try_send((mouth.line(), end)));
        }
    }
}

/// What callers say: whole packets, the last of them loud.
fn sentence(voice: &Voice) -> Arc<[i16]> {
    let mut samples = voice.synthesize(SENTENCE);
    let mut end = vec![0; END + (PACKET - samples.len() % PACKET) % PACKET];
    Tone::new(&[1_000.0], -12.0).fill(&mut end);
    samples.append(&mut end);
    samples.into()
}

/// A byte a sample of everything that the agent says when it is answered.
fn greeting_kb(voice: &Voice) -> f64 {
    let settings = talkpath_speech::builtin::Settings::default();
    let opening = talkpath_speech::builtin::opening(&settings);
    opening.iter().map(|line| voice.synthesize(line).len()).sum::<usize>() as f64 / 1e3
}

/// How far each packet came from 20 ms after the one before it.
fn pacing(arrivals: &Arrivals, stalls: &Stalls) -> (Vec<Duration>, usize) {
    const PTIME: Duration = Duration::from_millis(20);
    let mut errors = Vec::new();
    let mut discarded = 0;
    for line in arrivals.values() {
        for (before, after) in line.iter().zip(line.iter().skip(1)) {
            if stalls.spare(after.at) && stalls.spare(before.at) {
                errors.push(after.at.saturating_duration_since(before.at).abs_diff(PTIME));
            } else {
                discarded += 1;
            }
        }
    }
    (errors, discarded)
}
