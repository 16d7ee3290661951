//! The table: by kind, and the bars.

use super::scene::Outcome;
use super::sounds::{INTERRUPTIONS, Kind, OTHERS};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;

/// The share of scenes in which the agent may be stopped though nobody interrupts.
const FALSE_STOPS: f64 = 0.02;
/// An interruption of this length must be heard.
const LONG_MS: u64 = 600;
/// How soon nothing of the agent may be heard any more, at the 95th percentile.
const SILENCE_MS: u64 = 250;

impl Outcome {
    /// Whether something went wrong.
    pub(super) fn is_fault(&self, kind: Kind) -> bool {
        if INTERRUPTIONS.contains(&kind) { self.flush_ms.is_none() || self.early } else { self.early }
    }
}

/// Every outcome, by kind.
#[derive(Clone, Debug)]
pub(super) struct Table {
    even: bool,
    voices: &'static str,
    outcomes: BTreeMap<Kind, Vec<Outcome>>,
}

/// A row of it.
#[derive(Clone, Debug, Serialize)]
struct Row {
    kind: String,
    scenes: usize,
    /// Flushed though nobody spoke.
    false_stops: usize,
    /// Interruptions of 600 ms and more that were not heard.
    missed: usize,
    /// Scenes in which the agent was turned down, and paused.
    ducked: usize,
    paused: usize,
    duck_p50_ms: Option<u64>,
    duck_p95_ms: Option<u64>,
    silence_p50_ms: Option<u64>,
    silence_p95_ms: Option<u64>,
    /// For good: words may pause, and then the agent goes on for a moment.
    quiet_p95_ms: Option<u64>,
    flush_p50_ms: Option<u64>,
    /// How long the agent was lowered or silent a scene, beside interruptions.
    disturbed_ms: u64,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    seeds: &'static str,
    voices: &'static str,
    rows: Vec<Row>,
    missed_bars: Vec<String>,
}

impl Table {
    pub(super) fn new(even: bool, voices: &'static str) -> Self {
        Self { even, voices, outcomes: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, kind: Kind, outcome: Outcome) {
        self.outcomes.entry(kind).or_default().push(outcome);
    }

    fn row(&self, name: String, kinds: &[Kind]) -> Row {
        let outcomes: Vec<&Outcome> = kinds.iter().filter_map(|kind| self.outcomes.get(kind)).flatten().collect();
        let count = |of: &dyn Fn(&Outcome) -> bool| outcomes.iter().filter(|outcome| of(outcome)).count();
        let times = |of: fn(&Outcome) -> Option<u64>, percent: usize| {
            let mut times: Vec<u64> = outcomes.iter().filter_map(|outcome| of(outcome)).collect();
            times.sort_unstable();
            times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied()
        };
        let disturbed: u64 = outcomes.iter().map(|outcome| outcome.disturbed_ms).sum();
        Row {
            kind: name,
            scenes: outcomes.len(),
            false_stops: count(&|outcome| outcome.early),
            missed: count(&|outcome| {
                outcome.voice_ms.is_some_and(|long| long >= LONG_MS) && outcome.flush_ms.is_none()
            }),
            ducked: count(&|outcome| outcome.ducks > 0),
            paused: count(&|outcome| outcome.pauses > 0),
            duck_p50_ms: times(|outcome| outcome.duck_ms, 50),
            duck_p95_ms: times(|outcome| outcome.duck_ms, 95),
            silence_p50_ms: times(|outcome| outcome.silence_ms, 50),
            silence_p95_ms: times(|outcome| outcome.silence_ms, 95),
            quiet_p95_ms: times(|outcome| outcome.quiet_ms, 95),
            flush_p50_ms: times(|outcome| outcome.flush_ms, 50),
            disturbed_ms: disturbed / outcomes.len().max(1) as u64,
        }
    }

    fn rows(&self) -> Vec<Row> {
        let all = |kinds: &'static [Kind]| kinds.iter().map(|kind| self.row(format!("{kind:?}"), &[*kind]));
        let mut rows: Vec<_> = all(INTERRUPTIONS).collect();
        rows.push(self.row("interruptions".to_owned(), INTERRUPTIONS));
        rows.extend(all(OTHERS));
        rows.push(self.row("no interruptions".to_owned(), OTHERS));
        rows
    }

    /// The bars that were missed.
    pub(super) fn missed(&self) -> Vec<String> {
        let (real, others) = (self.row(String::new(), INTERRUPTIONS), self.row(String::new(), OTHERS));
        let share = |stops: usize, scenes: usize| stops as f64 / scenes.max(1) as f64;
        let mut missed = Vec::new();
        if share(others.false_stops, others.scenes) > FALSE_STOPS {
            missed.push(format!("{} false stops in {}", others.false_stops, others.scenes));
        }
        if real.missed > 0 {
            missed.push(format!("{} interruptions were not heard", real.missed));
        }
        if let Some(late) = real.silence_p95_ms.filter(|silence| *silence > SILENCE_MS) {
            missed.push(format!("silence after {late} ms (p95), not {SILENCE_MS}"));
        }
        missed
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        let seeds = if self.even { "even" } else { "odd" };
        let (rows, missed_bars) = (self.rows(), self.missed());
        if json {
            let figures = Figures { seeds, voices: self.voices, rows, missed_bars };
            writeln!(out, "{}", serde_json::to_string(&figures)?)?;
            return Ok(());
        }
        writeln!(
            out,
            "{} scenes with {seeds} seeds, by {}",
            self.outcomes.values().map(Vec::len).sum::<usize>(),
            self.voices
        )?;
        writeln!(
            out,
            "  {:<18}{:>7}{:>12}{:>8}{:>8}{:>8}{:>16}{:>16}{:>11}{:>8}{:>11}",
            "",
            "scenes",
            "false stops",
            "missed",
            "ducked",
            "paused",
            "duck p50/p95",
            "silence p50/95",
            "for good",
            "flush",
            "disturbed"
        )?;
        let pair = |one: Option<u64>, other: Option<u64>| {
            one.zip(other).map_or_else(String::new, |(one, other)| format!("{one} / {other}"))
        };
        for row in &rows {
            writeln!(
                out,
                "  {:<18}{:>7}{:>12}{:>8}{:>8}{:>8}{:>16}{:>16}{:>11}{:>8}{:>11}",
                row.kind,
                row.scenes,
                row.false_stops,
                row.missed,
                row.ducked,
                row.paused,
                pair(row.duck_p50_ms, row.duck_p95_ms),
                pair(row.silence_p50_ms, row.silence_p95_ms),
                row.quiet_p95_ms.map_or_else(String::new, |quiet| quiet.to_string()),
                row.flush_p50_ms.map_or_else(String::new, |flush| flush.to_string()),
                row.disturbed_ms,
            )?;
        }
        writeln!(out, "  times in ms since the first voiced frame came, on the media clock")?;
        for missed in missed_bars {
            writeln!(out, "  MISSED     {missed}")?;
        }
        Ok(())
    }
}
