//! The most calls with which every bar is kept: up by half until one is missed, then halving the gap.

use super::report::Results;
use super::{BenchArguments, bars, load, process};
use serde::Serialize;
use std::io::Write;

/// Measurements at most.
const TRIALS: usize = 10;

/// How one number of calls did.
#[derive(Clone, Debug, Serialize)]
struct Trial {
    calls: u32,
    missed: Vec<String>,
    figures: super::report::Figures,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Found {
    most: u32,
    trials: Vec<Trial>,
}

/// Looks for it, from `--calls` on.
pub(super) async fn most(arguments: &BenchArguments, cores: &process::Cores) -> anyhow::Result<Found> {
    let mut found = Found::default();
    let (mut calls, mut missed_with) = (arguments.calls.max(1), None);
    for _ in 0..TRIALS {
        let arguments = BenchArguments { calls, ..arguments.clone() };
        let mut results = Results::new(arguments.engine, arguments.record);
        results.calls.push(load::calls(&arguments, cores).await?);
        let figures = results.figures();
        let missed = bars::missed(&figures);
        if !arguments.json {
            let verdict = if missed.is_empty() { "every bar is kept".to_owned() } else { missed.join("; ") };
            eprintln!("{calls} calls: {:.3} ms a second of call: {verdict}", figures.cost_ms);
        }
        if missed.is_empty() {
            found.most = calls;
        } else {
            missed_with = Some(calls);
        }
        found.trials.push(Trial { calls, missed, figures });
        calls = match missed_with {
            None => calls.saturating_mul(3) / 2,
            Some(too_many) => found.most.midpoint(too_many),
        };
        // As near as it can be told apart.
        if missed_with.is_some_and(|too_many| too_many - found.most <= too_many / 12) || calls == 0 {
            break;
        }
    }
    Ok(found)
}

impl Found {
    /// Whether any number of calls kept every bar.
    pub(super) const fn any(&self) -> bool {
        self.most > 0
    }

    pub(super) fn print(&self, json: bool) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        if json {
            writeln!(out, "{}", serde_json::to_string(self)?)?;
        } else {
            writeln!(out, "{} calls at most on one core with every bar kept", self.most)?;
        }
        Ok(())
    }
}
