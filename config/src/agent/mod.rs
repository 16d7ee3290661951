//! `[[agent]]`: what talks.

use crate::error::{ConfigError, Source};
use crate::raw::{self, EngineKind};
use crate::resolve::spanned;
use std::time::Duration;
use talkpath_speech::{builtin, turn};

/// What talks.
#[derive(Clone, Debug)]
pub struct Agent {
    /// How routes call it.
    pub name: String,
    /// What makes its voice.
    pub engine: Engine,
    /// How it takes turns.
    pub turn: turn::Settings,
    /// How long the phone rings before it answers.
    pub ring: Duration,
}

/// The engines that an agent may have.
#[derive(Clone, Debug)]
pub enum Engine {
    /// The embedded receptionist.
    Builtin(builtin::Settings),
}

pub(crate) fn agent(agent: raw::Agent, source: Source<'_>) -> Result<Agent, ConfigError> {
    let (span, turn) = spanned(agent.turn);
    let turn = turn.unwrap_or_default().resolve();
    turn.check().map_err(|error| source.invalid(span, error.to_string()))?;
    let EngineKind::Builtin = agent.engine;
    let mut settings = builtin::Settings::default();
    if let Some(greeting) = agent.greeting {
        settings.greeting = greeting;
    }
    if let Some(interruptible) = agent.greeting_interruptible {
        settings.greeting_interruptible = interruptible;
    }
    if let Some(lead_in) = agent.parrot_lead_in {
        settings.parrot_lead_in = (!lead_in.is_empty()).then_some(lead_in);
    }
    Ok(Agent {
        name: agent.name.into_inner().0,
        engine: Engine::Builtin(settings),
        turn,
        ring: Duration::from_millis(agent.ring.unwrap_or_default().into()),
    })
}
