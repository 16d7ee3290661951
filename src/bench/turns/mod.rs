//! `talkpath bench turns`: whether callers who interrupt are heard, and those who only cough are not.
//!
//! ```text
//!   agent's voice ─► playout ─► sent ──echo──┐
//!                      ▲                     ▼
//!        duck, pause, flush ◄─ turn machine ◄─ voice activity ◄─ G.711 ◄─ caller, noise, clicks
//! ```
//!
//! Scenes are composed from two synthesizers (the embedded one, and espeak-ng where it is installed) and run on the media clock, frame by frame as a
//! shard does it, faster than real time. Every scene has a seed: thresholds are tuned on even seeds, and odd ones are reported.

mod figures;
mod scene;
mod sounds;
mod voices;

use clap::Args;
use figures::Table;
use rand::SeedableRng;
use rand::rngs::StdRng;
use sounds::{INTERRUPTIONS, Kind, OTHERS};
use std::process::ExitCode;
use talkpath_speech::turn::Settings;
use voices::Voices;

/// Arguments of `talkpath bench turns`.
#[derive(Args, Clone, Debug)]
pub struct TurnsArguments {
    /// Scenes of each sort that are reported: so many interruptions, and so many that are none.
    #[arg(long, default_value_t = 100)]
    pub scenes: u64,
    /// Report the even seeds, that thresholds are tuned on, instead of the odd ones.
    #[arg(long)]
    pub even: bool,
    /// Print every scene that went wrong.
    #[arg(long)]
    pub faults: bool,
    /// Print figures for programs.
    #[arg(long)]
    pub json: bool,
}

/// Runs the scenes.
///
/// # Errors
/// When the embedded voice is broken.
pub(super) fn run(arguments: &TurnsArguments) -> anyhow::Result<ExitCode> {
    let mut voices = Voices::new()?;
    let settings = Settings::default();
    let mut table = Table::new(arguments.even, voices.names());
    for kinds in [INTERRUPTIONS, OTHERS] {
        for number in 0..arguments.scenes {
            let seed = 2 * number + u64::from(!arguments.even);
            let kind = kind_of(kinds, number);
            let mut random = StdRng::seed_from_u64(seed ^ (kind as u64) << 32);
            let scene = sounds::compose(kind, &mut voices, &mut random);
            let outcome = scene::play(&scene, &settings);
            if arguments.faults && outcome.is_fault(kind) {
                eprintln!("{kind:?}, seed {seed}, {}: {outcome:?}", scene.told);
            }
            table.add(kind, outcome);
        }
    }
    table.print(arguments.json)?;
    Ok(if table.missed().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Kinds take turns.
fn kind_of(kinds: &[Kind], number: u64) -> Kind {
    let index = usize::try_from(number).unwrap_or_default() % kinds.len().max(1);
    kinds.get(index).copied().unwrap_or(Kind::Words)
}
