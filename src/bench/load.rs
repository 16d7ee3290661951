//! The two loads: calls at the server, and bare packets at the echo.

use super::BenchArguments;
use super::process::{Cores, Measured};
use super::witness::{Stalls, Witness};
use crate::phone::{Arrivals, DialOptions, LineCounts, Phone, PhoneCall};
use anyhow::Context;
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_media::g711::Law;
use talkpath_speech::voice::Voice;

/// How many calls a second are set up.
const SETUP_RATE: u32 = 100;
/// From the last answer to the first measurement.
const SETTLE: Duration = Duration::from_secs(2);
/// What every caller says, again and again: the agent hears turns and answers them.
const SENTENCE: &str = "I would like to hear what this line sounds like today.";
/// From the beginning of a sentence to the next: the agent repeats it in between.
const PERIOD: Duration = Duration::from_secs(9);

/// One measurement.
#[derive(Clone, Debug, Default)]
pub(super) struct Sample {
    /// CPU time of the measured process.
    pub(super) cpu: Duration,
    /// How long was measured.
    pub(super) wall: Duration,
    /// Resident memory before the first call and with all of them, in kB.
    pub(super) resident: (u64, u64),
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
}

/// A configuration for one media thread on loopback.
pub(super) fn configuration(record: bool) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("talkpath-bench-{}.toml", std::process::id()));
    let recordings = std::env::temp_dir().join(format!("talkpath-bench-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    write!(
        file,
        "[sip]\nlisten = [\"udp://127.0.0.1:0\"]\nmax_calls = 100000\n\
         [media]\nrtp_ports = \"any\"\nshards = 1\n\
         [recording]\nenabled = {}\ndirectory = {:?}\n",
        record,
        recordings.display().to_string(),
    )?;
    Ok(path)
}

/// The cost of calls.
pub(super) async fn calls(arguments: &BenchArguments, cores: &Cores) -> anyhow::Result<Sample> {
    let file = configuration(arguments.record)?;
    let path = file.to_str().context("the temporary directory has no plain name")?;
    let mut server = Measured::start(&["serve", "--http", "", "--config", path])?;
    let address = listening_at(&server.line()?)?;
    server.pin(cores)?;
    let before = server.resident_kb()?;
    let phone = Phone::start_realtime(Ipv4Addr::LOCALHOST.into())?;
    let voice = Voice::new()?;
    let sentence: Arc<[i16]> = voice.synthesize(SENTENCE).into();
    let (calls, setup) = set_up(&phone, address, arguments.calls).await?;
    // Now every call holds what it says first, the greeting: later it is partly heard, and its memory partly reused.
    let loaded = server.resident_kb()?;
    let speaking = tokio::spawn(chatter(calls.iter().map(PhoneCall::mouth).collect(), sentence));
    tokio::time::sleep(SETTLE).await;

    let mut sample = measure(&server, arguments, cores, &phone).await?;
    sample.resident = (before, loaded);
    sample.setup = setup;
    sample.queued_kb = greeting_kb(&voice);
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
    let mut sample = measure(&echo, arguments, cores, &phone).await?;
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
) -> anyhow::Result<Sample> {
    let witness = Witness::start(cores)?;
    phone.watch().await?;
    let (cpu, began) = (process.cpu()?, Instant::now());
    tokio::time::sleep(Duration::from_secs(arguments.seconds.into())).await;
    let (cpu, wall) = (process.cpu()? - cpu, began.elapsed());
    let arrivals = phone.watch().await?;
    let stalls = witness.finish();
    let (pacing, discarded) = pacing(&arrivals, &stalls);
    Ok(Sample { cpu, wall, pacing, discarded, stalls: stalls.count(), ..Sample::default() })
}

pub(super) fn listening_at(line: &str) -> anyhow::Result<SocketAddr> {
    let address = line.split("udp://").nth(1).map(|rest| rest.trim_end_matches('.'));
    address.and_then(|address| address.parse().ok()).with_context(|| format!("the server said \"{line}\""))
}

async fn set_up(phone: &Phone, server: SocketAddr, count: u32) -> anyhow::Result<(Vec<PhoneCall>, Vec<Duration>)> {
    let mut beat = tokio::time::interval(Duration::from_secs(1) / SETUP_RATE);
    let options = DialOptions { listen: false, ..DialOptions::default() };
    let mut calls = Vec::new();
    for _ in 0..count {
        beat.tick().await;
        calls.push(phone.dial(server, "bench", options.clone()).await?);
    }
    let setup = calls.iter().map(|call| call.answered_after).collect();
    Ok((calls, setup))
}

/// Every caller speaks once a period, each at its own time.
async fn chatter(mouths: Vec<crate::phone::Mouth>, sentence: Arc<[i16]>) {
    let count = u32::try_from(mouths.len()).unwrap_or(u32::MAX).max(1);
    let mut beat = tokio::time::interval(PERIOD / count);
    for mouth in mouths.iter().cycle() {
        beat.tick().await;
        drop(mouth.begin(Arc::clone(&sentence)));
    }
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
    for line in arrivals {
        for (before, after) in line.iter().zip(line.iter().skip(1)) {
            if stalls.spare(*after) && stalls.spare(*before) {
                errors.push(after.saturating_duration_since(*before).abs_diff(PTIME));
            } else {
                discarded += 1;
            }
        }
    }
    (errors, discarded)
}
