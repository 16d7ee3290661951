//! The bench's figures, for people and for programs.

use super::load::Sample;
use super::{Engine, bars};
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// Every measurement of a run.
#[derive(Clone, Debug)]
pub(super) struct Results {
    engine: Engine,
    record: bool,
    pub(super) calls: Vec<Sample>,
    pub(super) echoes: Vec<Sample>,
}

/// What is printed.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Figures {
    pub(super) engine: Engine,
    recorded: bool,
    calls: usize,
    /// CPU milliseconds of the server per second of call: median of the rounds.
    pub(super) cost_ms: f64,
    /// The same of the echo.
    floor_ms: Option<f64>,
    /// Cost over floor.
    times_floor: Option<f64>,
    /// The same of the stand-in; not part of the cost.
    stand_in_ms: Option<f64>,
    /// Resident memory a call, right after set-up.
    resident_kb: f64,
    /// The same after the measurement, with what then waits to be heard.
    resident_after_kb: f64,
    /// With the embedded agent that after set-up without its greeting, with a remote one that after the measurement.
    pub(super) memory_kb: f64,
    /// Speech that an agent queues when it is answered.
    queued_kb: f64,
    packets_received: u64,
    pub(super) packets_lost: u64,
    pub(super) packets_doubled: u64,
    pub(super) timestamps_broken: u64,
    setup_p50_ms: f64,
    setup_p99_ms: f64,
    pacing_p50_ms: f64,
    pub(super) pacing_p99_ms: f64,
    pacing_max_ms: f64,
    pub(super) pacing_judged: usize,
    pub(super) pacing_discarded: usize,
    stalls: usize,
    /// From the caller's last voiced packet to the append with it, less the audio behind it in that append.
    pub(super) up_p50_ms: Option<f64>,
    up_p99_ms: Option<f64>,
    /// From the first byte of an answer to the first packet with sound.
    pub(super) down_p50_ms: Option<f64>,
    down_p99_ms: Option<f64>,
    latencies_judged: [usize; 2],
    latencies_discarded: usize,
    /// What was said on either side and not seen to arrive on the other.
    latencies_missed: usize,
}

impl Results {
    pub(super) fn new(engine: Engine, record: bool) -> Self {
        Self { engine, record, calls: Vec::new(), echoes: Vec::new() }
    }

    pub(super) fn figures(&self) -> Figures {
        let sum = |of: fn(&Sample) -> u64| self.calls.iter().map(of).sum::<u64>();
        let calls = self.calls.first().map_or(0, |sample| sample.setup.len());
        let per_call = |samples: &[Sample], of: fn(&Sample) -> Duration| {
            median(samples.iter().map(|sample| millis(of(sample)) / (sample.wall.as_secs_f64() * calls.max(1) as f64)))
        };
        let resident = |at: fn(&Sample) -> u64| {
            let grown = self.calls.iter().map(|sample| at(sample).saturating_sub(sample.resident[0]) as f64);
            median(grown) / calls.max(1) as f64
        };
        let queued_kb = self.calls.first().map_or(0.0, |sample| sample.queued_kb);
        let (resident_kb, resident_after_kb) =
            (resident(|sample| sample.resident[1]), resident(|sample| sample.resident[2]));
        let all = |of: fn(&Sample) -> &Vec<Duration>| {
            let mut all: Vec<_> = self.calls.iter().flat_map(of).copied().collect();
            all.sort_unstable();
            all
        };
        let (setup, pacing) = (all(|sample| &sample.setup), all(|sample| &sample.pacing));
        let (up, down) = (all(|sample| &sample.latencies.up), all(|sample| &sample.latencies.down));
        let some = |sorted: &[Duration], percent| (!sorted.is_empty()).then(|| percentile(sorted, percent));
        let cost_ms = per_call(&self.calls, |sample| sample.cpu);
        let floor_ms = Some(per_call(&self.echoes, |sample| sample.cpu)).filter(|floor| floor.is_finite());
        let remote = self.engine != Engine::Builtin;
        Figures {
            engine: self.engine,
            recorded: self.record,
            calls,
            cost_ms,
            floor_ms,
            times_floor: floor_ms.map(|floor_ms| cost_ms / floor_ms),
            stand_in_ms: remote.then(|| per_call(&self.calls, |sample| sample.stand_in)),
            resident_kb,
            resident_after_kb,
            memory_kb: if remote { resident_after_kb } else { resident_kb - queued_kb },
            queued_kb,
            packets_received: sum(|sample| sample.counts.received),
            packets_lost: sum(|sample| sample.counts.lost),
            packets_doubled: sum(|sample| sample.counts.doubled),
            timestamps_broken: sum(|sample| sample.counts.broken_timestamps),
            setup_p50_ms: percentile(&setup, 50),
            setup_p99_ms: percentile(&setup, 99),
            pacing_p50_ms: percentile(&pacing, 50),
            pacing_p99_ms: percentile(&pacing, 99),
            pacing_max_ms: percentile(&pacing, 100),
            pacing_judged: pacing.len(),
            pacing_discarded: self.calls.iter().map(|sample| sample.discarded).sum(),
            stalls: self.calls.iter().map(|sample| sample.stalls).sum(),
            up_p50_ms: some(&up, 50),
            up_p99_ms: some(&up, 99),
            down_p50_ms: some(&down, 50),
            down_p99_ms: some(&down, 99),
            latencies_judged: [up.len(), down.len()],
            latencies_discarded: self.calls.iter().map(|sample| sample.latencies.discarded).sum(),
            latencies_missed: self.calls.iter().map(|sample| sample.latencies.missed).sum(),
        }
    }

    /// Whether nothing was lost or doubled.
    pub(super) fn is_sound(&self) -> bool {
        self.calls.iter().all(|sample| {
            let counts = sample.counts;
            (counts.lost, counts.doubled, counts.broken_timestamps) == (0, 0, 0)
        })
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        let f = self.figures();
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string(&f)?)?;
            return Ok(());
        }
        let agent = match f.engine {
            Engine::Builtin => "embedded agent",
            Engine::Pcm => "remote agent, 24 kHz",
            Engine::Pcmu => "remote agent, G.711 passed through",
        };
        let recorded = if f.recorded { ", recorded" } else { "" };
        writeln!(out, "{} calls on one core, {agent}{recorded}, G.711 at 20 ms", f.calls)?;
        writeln!(out, "  cost       {:.3} ms of CPU per second of call", f.cost_ms)?;
        if let (Some(floor), Some(times)) = (f.floor_ms, f.times_floor) {
            writeln!(
                out,
                "  floor      {floor:.3} ms: a bare UDP echo of the same packets; a call is {times:.1} of it"
            )?;
        }
        print_memory(&mut out, &f)?;
        writeln!(
            out,
            "  packets    {} received, {} lost, {} doubled, {} timestamps broken",
            f.packets_received, f.packets_lost, f.packets_doubled, f.timestamps_broken
        )?;
        writeln!(out, "  set-up     INVITE to 200: median {:.2} ms, p99 {:.2} ms", f.setup_p50_ms, f.setup_p99_ms)?;
        writeln!(
            out,
            "  pacing     off by {:.2} ms (median), {:.2} ms (p99), {:.2} ms (max), seen by a reader that looks each ms",
            f.pacing_p50_ms, f.pacing_p99_ms, f.pacing_max_ms
        )?;
        writeln!(
            out,
            "  judged     {} packets; {} discarded around {} stalls",
            f.pacing_judged, f.pacing_discarded, f.stalls
        )?;
        print_latencies(&mut out, &f)?;
        if f.pacing_discarded > f.pacing_judged {
            writeln!(out, "  The machine is too noisy for a verdict on pacing.")?;
        }
        for missed in bars::missed(&f) {
            writeln!(out, "  MISSED     {missed}")?;
        }
        Ok(())
    }
}

fn print_memory(out: &mut impl Write, f: &Figures) -> std::io::Result<()> {
    match f.engine {
        Engine::Builtin => writeln!(
            out,
            "  memory     {:.0} kB a call beside the {:.0} kB of its greeting that are queued ({:.0} kB resident)",
            f.memory_kb, f.queued_kb, f.resident_kb
        ),
        Engine::Pcm | Engine::Pcmu => writeln!(
            out,
            "  memory     {:.0} kB a call with its session, {:.0} kB with answers on their way (4 s of speech are 32 kB)",
            f.resident_kb, f.resident_after_kb
        ),
    }
}

fn print_latencies(out: &mut impl Write, f: &Figures) -> std::io::Result<()> {
    let Some(stand_in) = f.stand_in_ms else { return Ok(()) };
    let [up, down] = f.latencies_judged;
    let ms = |latency: Option<f64>| latency.unwrap_or(f64::NAN);
    writeln!(
        out,
        "  added      towards the engine {:.1} ms (median), {:.1} ms (p99) of {up}; from it {:.1} ms, {:.1} ms of {down}",
        ms(f.up_p50_ms),
        ms(f.up_p99_ms),
        ms(f.down_p50_ms),
        ms(f.down_p99_ms),
    )?;
    writeln!(out, "             {} discarded, {} not seen to arrive", f.latencies_discarded, f.latencies_missed)?;
    writeln!(out, "  stand-in   {stand_in:.3} ms of CPU per second of call, in its own process, not part of the cost")
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle).copied().unwrap_or(f64::NAN);
    let lower = values.get(middle.saturating_sub(1 - values.len() % 2)).copied().unwrap_or(f64::NAN);
    f64::midpoint(lower, upper)
}

pub(super) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(f64::NAN, |duration| millis(*duration))
}
