//! What an agent is to its engine, and what the engine is told in one call: the templates filled in.

use super::{idle, tools};
use crate::engine::{Engine, EngineKind};
use crate::error::ConfigError;
use crate::keys::Keys;
use crate::names::Known;
use crate::raw;
use crate::template::{Template, TemplateError};
use crate::text::{template, template_or_file};
use std::collections::BTreeMap;
use talkpath_dialplan::Dial;
use talkpath_speech::realtime::Greeting;
use talkpath_speech::{builtin, realtime, stream};
use toml::Spanned;

/// What an agent is.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is a handful of them, for the life of the process")]
pub enum Role {
    /// The embedded receptionist.
    Receptionist(Receptionist),
    /// A model of a realtime service, with a part to play.
    Model(Model),
    /// The customer's own bot; it is told the variables.
    Bot(stream::Settings),
}

/// The embedded receptionist.
#[derive(Clone, Debug)]
pub struct Receptionist {
    settings: builtin::Settings,
    greeting: Option<Template>,
}

impl Receptionist {
    /// Its settings in a call with these variables.
    ///
    /// # Errors
    /// As [`Template::render`], of the greeting.
    pub fn settings(&self, variables: &BTreeMap<String, String>) -> Result<builtin::Settings, TemplateError> {
        let mut settings = self.settings.clone();
        if let Some(greeting) = &self.greeting {
            settings.greeting = greeting.render(variables)?;
        }
        Ok(settings)
    }

    /// Every line that it says word for word in each call.
    pub(crate) fn lines(&self) -> Vec<String> {
        let fixed = match &self.greeting {
            None => Some(self.settings.greeting.clone()),
            Some(greeting) => greeting.fixed(),
        };
        let unknown = fixed.is_none();
        let settings = builtin::Settings { greeting: fixed.unwrap_or_default(), ..self.settings.clone() };
        let lines = builtin::lines(&settings).into_iter().filter(|line| !(unknown && line.is_empty()));
        lines.map(str::to_owned).collect()
    }
}

/// A model of a realtime service, with a part to play.
#[derive(Clone, Debug)]
pub struct Model {
    /// Those of the engine, with the agent's voice and tools; the text of the greeting isn't filled in.
    settings: realtime::Settings,
    prompt: Option<Template>,
    greeting: Option<Template>,
}

impl Model {
    /// The engine's settings in a call with these variables.
    ///
    /// # Errors
    /// As [`Template::render`], of the prompt or the greeting.
    pub fn settings(&self, variables: &BTreeMap<String, String>) -> Result<realtime::Settings, TemplateError> {
        let mut settings = self.settings.clone();
        if let Some(prompt) = &self.prompt {
            settings.instructions = prompt.render(variables)?;
        }
        if let (Some(greeting), Some(template)) = (&mut settings.greeting, &self.greeting) {
            greeting.text = template.render(variables)?;
        }
        Ok(settings)
    }
}

pub(super) fn role(
    written: raw::Agent,
    engine: &Engine,
    transfer: &BTreeMap<String, Dial>,
    known: Known<'_>,
    keys: &Keys<'_>,
) -> Result<Role, ConfigError> {
    match &engine.kind {
        EngineKind::Builtin => receptionist(written, keys).map(Role::Receptionist),
        EngineKind::Realtime(remote) => model(written, &remote.settings, transfer, known, keys).map(Role::Model),
        EngineKind::Stream(remote) => Ok(Role::Bot(remote.settings.clone())),
    }
}

fn receptionist(written: raw::Agent, keys: &Keys<'_>) -> Result<Receptionist, ConfigError> {
    let mut settings = builtin::Settings::default();
    if let Some(interruptible) = written.greeting_interruptible {
        settings.greeting_interruptible = interruptible.into_inner();
    }
    if let Some(lead_in) = written.parrot_lead_in {
        settings.parrot_lead_in = Some(lead_in.into_inner()).filter(|lead_in| !lead_in.is_empty());
    }
    idle::of_receptionist(written.idle, &mut settings, keys)?;
    let greeting = written.greeting.map(|greeting| template(&greeting, keys.source)).transpose()?;
    Ok(Receptionist { settings, greeting })
}

fn model(
    written: raw::Agent,
    engine: &realtime::Settings,
    transfer: &BTreeMap<String, Dial>,
    known: Known<'_>,
    keys: &Keys<'_>,
) -> Result<Model, ConfigError> {
    let tools = tools::specs(written.tools, transfer, known, keys)?;
    let voice = written.voice.map(|voice| voice.into_inner().0).or_else(|| engine.voice.clone());
    let prompt = written.prompt.map(|prompt| template_or_file(prompt, keys.source)).transpose()?;
    let mut settings = realtime::Settings { tools, voice, ..engine.clone() };
    let Some(greeting) = written.greeting else {
        let manner = ["greeting_interruptible", "greeting_verbatim", "greeting_early"];
        keys.refuse(&manner, |key| format!("{key} does nothing without a greeting; write one"))?;
        return Ok(Model { settings, prompt, greeting: None });
    };
    if greeting.get_ref().trim().is_empty() {
        return Err(keys.invalid("greeting", "nothing would be said; leave it out and the caller speaks first"));
    }
    let whether = |written: Option<Spanned<bool>>, usual| written.map_or(usual, Spanned::into_inner);
    settings.greeting = Some(Greeting {
        text: greeting.get_ref().clone(),
        verbatim: whether(written.greeting_verbatim, true),
        interruptible: whether(written.greeting_interruptible, true),
        early: whether(written.greeting_early, false),
    });
    Ok(Model { settings, prompt, greeting: Some(template(&greeting, keys.source)?) })
}
