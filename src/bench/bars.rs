//! What a call may cost, and what was measured beside it.

use super::Engine;
use super::report::Figures;

/// A call's memory in kB, speech that waits to be heard included.
const MEMORY_KB: f64 = 100.0;
/// How far off its time a packet may be, at the 99th percentile, in ms.
const PACING_MS: f64 = 2.0;
/// What the path may add towards a remote engine, and from it, in ms.
const UP_MS: f64 = 10.0;
const DOWN_MS: f64 = 25.0;

impl Engine {
    /// CPU milliseconds a second of call; what the embedded agent may cost, whose voice is made beforehand, is what passing G.711 through may.
    pub(super) const fn cost_bar_ms(self) -> f64 {
        match self {
            Self::Pcm => 1.2,
            Self::Builtin | Self::Pcmu => 0.6,
        }
    }
}

/// Says which bars were missed. Those of time count only on a machine that kept time itself.
pub(super) fn missed(figures: &Figures) -> Vec<String> {
    let noisy = figures.pacing_discarded > figures.pacing_judged;
    let above = |what: &str, value: f64, bar: f64| (value > bar).then(|| format!("{what} {value:.2} is above {bar}"));
    let timed = |what: &str, value: f64, bar: f64| above(what, value, bar).filter(|_| !noisy);
    let faults = figures.packets_lost + figures.packets_doubled + figures.timestamps_broken;
    [
        above("cost", figures.cost_ms, figures.engine.cost_bar_ms()),
        above("memory", figures.memory_kb, MEMORY_KB),
        (faults > 0).then(|| format!("{faults} packets lost, doubled or broken")),
        timed("pacing p99", figures.pacing_p99_ms, PACING_MS),
        timed("added towards the engine, p50,", figures.up_p50_ms.unwrap_or_default(), UP_MS),
        timed("added from the engine, p50,", figures.down_p50_ms.unwrap_or_default(), DOWN_MS),
    ]
    .into_iter()
    .flatten()
    .collect()
}
