//! The bench's figures, for people and for programs.

use super::load::Sample;
use serde::Serialize;
use std::io::Write;
use std::time::Duration;

/// Every measurement of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Results {
    pub(super) calls: Vec<Sample>,
    pub(super) echoes: Vec<Sample>,
}

/// What is printed.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    calls: usize,
    /// CPU milliseconds of the server per second of call: median of the rounds.
    cost_ms: f64,
    /// The same of the echo.
    floor_ms: f64,
    /// Cost over floor.
    times_floor: f64,
    /// Resident memory a call, right after set-up.
    resident_kb: f64,
    /// The same without the speech that was queued.
    memory_kb: f64,
    /// Speech that an agent queues when it is answered.
    queued_kb: f64,
    packets_received: u64,
    packets_lost: u64,
    packets_doubled: u64,
    timestamps_broken: u64,
    setup_p50_ms: f64,
    setup_p99_ms: f64,
    pacing_p50_ms: f64,
    pacing_p99_ms: f64,
    pacing_max_ms: f64,
    pacing_judged: usize,
    pacing_discarded: usize,
    stalls: usize,
}

impl Results {
    fn figures(&self) -> Figures {
        let sum = |of: fn(&Sample) -> u64| self.calls.iter().map(of).sum::<u64>();
        let calls = self.calls.first().map_or(0, |sample| sample.setup.len());
        let cost = |samples: &[Sample]| {
            median(samples.iter().map(|sample| millis(sample.cpu) / (sample.wall.as_secs_f64() * calls.max(1) as f64)))
        };
        let memory = self.calls.iter().map(|sample| sample.resident.1.saturating_sub(sample.resident.0) as f64);
        let queued_kb = self.calls.first().map_or(0.0, |sample| sample.queued_kb);
        let resident_kb = median(memory) / calls.max(1) as f64;
        let all = |of: fn(&Sample) -> &Vec<Duration>| {
            let mut all: Vec<_> = self.calls.iter().flat_map(of).copied().collect();
            all.sort_unstable();
            all
        };
        let (setup, pacing) = (all(|sample| &sample.setup), all(|sample| &sample.pacing));
        let (cost_ms, floor_ms) = (cost(&self.calls), cost(&self.echoes));
        Figures {
            calls,
            cost_ms,
            floor_ms,
            times_floor: cost_ms / floor_ms,
            resident_kb,
            memory_kb: resident_kb - queued_kb,
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
        writeln!(out, "{} calls on one core, embedded agent, G.711 at 20 ms", f.calls)?;
        writeln!(out, "  cost       {:.3} ms of CPU per second of call", f.cost_ms)?;
        writeln!(
            out,
            "  floor      {:.3} ms: a bare UDP echo of the same packets; a call is {:.1} of it",
            f.floor_ms, f.times_floor
        )?;
        writeln!(
            out,
            "  memory     {:.0} kB a call beside the {:.0} kB of its greeting that are queued ({:.0} kB resident)",
            f.memory_kb, f.queued_kb, f.resident_kb
        )?;
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
        if f.pacing_discarded > f.pacing_judged {
            writeln!(out, "  The machine is too noisy for a verdict on pacing.")?;
        }
        Ok(())
    }
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
