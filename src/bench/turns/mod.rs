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

use anyhow::{Context, bail};
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
    /// Try thresholds: `sure_ms=500`, of `suspect_ms`, `likely_ms`, `sure_ms`, `gap_ms`, `resume_after_ms`, `echo_margin_db` and `min_level_dbov`.
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
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
    let settings = arguments.settings()?;
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

impl TurnsArguments {
    /// The thresholds that are tried: the usual ones, but for what was set.
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut settings = Settings::default();
        for set in &self.set {
            let (name, value) =
                set.split_once('=').with_context(|| format!("\"{set}\" sets nothing; write NAME=VALUE"))?;
            let place: &mut dyn Place = match name {
                "suspect_ms" => &mut settings.suspect_ms,
                "likely_ms" => &mut settings.likely_ms,
                "sure_ms" => &mut settings.sure_ms,
                "gap_ms" => &mut settings.gap_ms,
                "resume_after_ms" => &mut settings.resume_after_ms,
                "echo_margin_db" => &mut settings.echo_margin_db,
                "min_level_dbov" => &mut settings.min_level_dbov,
                _ => bail!("no threshold that can be tried is called \"{name}\""),
            };
            place.set(value).with_context(|| format!("\"{value}\" is no value of {name}"))?;
        }
        settings.check()?;
        Ok(settings)
    }
}

/// Where a threshold lies.
trait Place {
    fn set(&mut self, value: &str) -> anyhow::Result<()>;
}

impl Place for u32 {
    fn set(&mut self, value: &str) -> anyhow::Result<()> {
        *self = value.parse()?;
        Ok(())
    }
}

impl Place for f32 {
    fn set(&mut self, value: &str) -> anyhow::Result<()> {
        *self = value.parse()?;
        Ok(())
    }
}

/// Kinds take turns.
fn kind_of(kinds: &[Kind], number: u64) -> Kind {
    let index = usize::try_from(number).unwrap_or_default() % kinds.len().max(1);
    kinds.get(index).copied().unwrap_or(Kind::Words)
}
