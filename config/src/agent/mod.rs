//! `[[agent]]`: what talks, what it is told, and what it may do.

mod fallback;
mod idle;
mod role;
mod tools;

pub use fallback::Fallback;
pub use idle::{Idle, IdlePrompts};
pub use role::{Model, Receptionist, Role};

pub(crate) use fallback::refuse_loops;

use crate::action::{dial, prompt};
use crate::engine::{BUILTIN, Engine, EngineKind};
use crate::error::{ConfigError, Source};
use crate::keys::Keys;
use crate::names::{Known, find};
use crate::raw;
use crate::resolve::spanned;
use crate::text::plain;
use crate::value::Line;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::time::Duration;
use talkpath_dialplan::{Dial, Prompt};
use talkpath_speech::stream::Dialect;
use talkpath_speech::turn;
use toml::Spanned;

/// What talks.
#[derive(Clone, Debug)]
pub struct Agent {
    /// How routes call it.
    pub name: String,
    /// The name of its engine.
    pub engine: String,
    /// What it is, and what its engine is told of it.
    pub role: Role,
    /// How it takes turns.
    pub turn: turn::Settings,
    /// How long the phone rings before it answers.
    pub ring: Duration,
    /// To whom it may hand callers, by the names that it calls them.
    pub transfer: BTreeMap<String, Dial>,
    /// What happens when its engine is lost for good, or can't be reached: the first of these that can.
    pub fallback: Vec<Fallback>,
    /// What is heard while its engine is dialled again.
    pub filler: Option<Prompt>,
    /// What becomes of a caller who says nothing. The receptionist knows by itself.
    pub idle: Option<Idle>,
    /// How long a call may last; then the agent says goodbye.
    pub max_duration: Option<Duration>,
    /// Values of variables where a call has none.
    pub variables: BTreeMap<String, String>,
}

/// Keys that the receptionist has no use for.
const OF_REMOTES: [&str; 8] =
    ["prompt", "greeting_verbatim", "greeting_early", "voice", "tools", "transfer", "fallback", "filler"];
/// Keys that models have no use for.
const OF_RECEPTIONISTS: [&str; 1] = ["parrot_lead_in"];
/// Keys that bots have no use for.
const OF_TALKERS: [&str; 8] = [
    "prompt",
    "greeting",
    "greeting_interruptible",
    "greeting_verbatim",
    "greeting_early",
    "parrot_lead_in",
    "voice",
    "tools",
];

pub(crate) fn agent(mut written: raw::Agent, known: Known<'_>, source: Source<'_>) -> Result<Agent, ConfigError> {
    let keys = Keys { table: written.name.span(), written: written.places(), source };
    let engine = engine(written.engine.as_ref(), known, source)?;
    refuse_useless(engine, &keys)?;
    let name = written.name.get_ref().0.clone();
    let (span, turn) = spanned(written.turn.take());
    let turn = turn.unwrap_or_default().resolve();
    turn.check().map_err(|error| source.invalid(span, error.to_string()))?;
    let longest = keys.within(written.max_duration.take(), 10..=86_400, "max_duration lies")?;
    let transfer = transfers(written.transfer.take(), known, source)?;
    Ok(Agent {
        engine: engine.name.clone(),
        turn,
        ring: Duration::from_millis(written.ring.unwrap_or_default().into()),
        fallback: fallback::fallbacks(written.fallback.take(), &name, known, source)?,
        filler: written.filler.take().map(|written| filler(written, source)).transpose()?,
        idle: idle::idle(written.idle.as_ref(), &engine.kind, &keys)?,
        max_duration: longest.map(|seconds| Duration::from_secs(seconds.into())),
        variables: variables(written.variables.take(), source)?,
        role: role::role(written, engine, &transfer, known, &keys)?,
        transfer,
        name,
    })
}

fn engine<'a>(
    written: Option<&Spanned<String>>,
    known: Known<'a>,
    source: Source<'_>,
) -> Result<&'a Engine, ConfigError> {
    let name = written.map_or(BUILTIN, |written| written.get_ref());
    find("engine", name, &known.config.engines, |engine| &engine.name)
        .map_err(|problem| source.invalid(written.map(Spanned::span), problem))
}

fn refuse_useless(engine: &Engine, keys: &Keys<'_>) -> Result<(), ConfigError> {
    let name = &engine.name;
    match &engine.kind {
        EngineKind::Builtin => keys.refuse(&OF_REMOTES, |key| {
            format!("{key} is for agents with an engine of another kind; name one as engine, as \"{name}\" is builtin")
        }),
        EngineKind::Realtime(_) => keys.refuse(&OF_RECEPTIONISTS, |key| {
            format!("{key} is for agents with the builtin engine, and \"{name}\" is a realtime one; leave it out")
        }),
        EngineKind::Stream(remote) => {
            if let Dialect::Twilio { .. } = remote.settings.dialect {
                keys.refuse(&["transfer"], |key| {
                    format!("{key} can't be asked for in Twilio's protocol; leave it out")
                })?;
            }
            keys.refuse(&OF_TALKERS, |key| {
                format!(
                    "{key} is for \"{name}\" to know, which is a bot of its own; leave it out, or tell it in variables"
                )
            })
        }
    }
}

fn transfers(
    written: Option<Spanned<BTreeMap<String, Spanned<raw::Dial>>>>,
    known: Known<'_>,
    source: Source<'_>,
) -> Result<BTreeMap<String, Dial>, ConfigError> {
    let targets = written.map(Spanned::into_inner).unwrap_or_default();
    let target = |(name, target): (String, Spanned<raw::Dial>)| {
        Line::from_str(&name).map_err(|problem| source.invalid(Some(target.span()), problem))?;
        Ok((name, dial(target, known, source)?))
    };
    targets.into_iter().map(target).collect()
}

fn filler(written: Spanned<raw::Prompt>, source: Source<'_>) -> Result<Prompt, ConfigError> {
    let span = written.span();
    Ok(match prompt(written, source)? {
        Prompt::Text(text) => Prompt::Text(plain(span, text, source)?),
        file @ Prompt::File(_) => file,
    })
}

fn variables(
    written: Option<Spanned<BTreeMap<String, Spanned<raw::Scalar>>>>,
    source: Source<'_>,
) -> Result<BTreeMap<String, String>, ConfigError> {
    let variables = written.map(Spanned::into_inner).unwrap_or_default();
    let variable = |(name, value): (String, Spanned<raw::Scalar>)| {
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if !begins_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let problem = format!("\"{name}\" is no name of a variable; it has letters, digits and _");
            return Err(source.invalid(Some(value.span()), problem));
        }
        Ok((name, value.into_inner().into_text()))
    };
    variables.into_iter().map(variable).collect()
}
