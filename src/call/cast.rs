//! Who talks on a call: an agent as this call has it, and who takes its place when its engine is lost.
//!
//!   agent of the configuration + what this call says otherwise + variables ─► engine, conduct, whom it may hand callers to
//!       engine lost ─► the next of its fallbacks that can be had ─► ... ─► last words

use super::context::Context;
use super::event::{CallId, Direction};
use super::facts::CallFacts;
use super::media::Voice;
use crate::net::shard::{Conduct, EngineSpec, Idle, IdlePrompts, Line, Remote};
use rustls::ClientConfig;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use talkpath_config::{Agent, Fallback, Role, Template, TemplateError};
use talkpath_dialplan::{Dial, Prompt};
use talkpath_speech::realtime::Greeting;
use talkpath_speech::stream;
use talkpath_speech::voice::Speech;
use tracing::warn;

/// What is said when nobody is left to talk.
pub const APOLOGY: &str = "We are sorry, we can't go on with this call. Goodbye.";
/// What a model is told when the caller says nothing.
const STILL_THERE: &str =
    "The caller has said nothing for a while. Ask in one short sentence whether they are still there.";

/// What one call says otherwise than its agent's configuration. Texts are templates.
#[derive(Clone, Debug, Default)]
pub struct Brief {
    /// The prompt of a model.
    pub prompt: Option<String>,
    /// What is said first.
    pub greeting: Option<String>,
    /// Values of variables.
    pub variables: BTreeMap<String, String>,
}

/// An agent on one call.
#[derive(Clone, Debug)]
pub struct Cast {
    name: String,
    voice: Voice,
    /// Every variable of the call.
    variables: BTreeMap<String, String>,
    transfer: BTreeMap<String, Dial>,
    fallback: VecDeque<Fallback>,
}

/// Why an agent can't talk on a call.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum CastError {
    /// A text can't be filled in.
    #[error("the {which} of the agent \"{agent}\" can't be made: {error}")]
    Template {
        /// The prompt, or the greeting.
        which: &'static str,
        /// Whose.
        agent: String,
        /// What is wrong.
        error: TemplateError,
    },
    /// Its engine has no use for a text.
    #[error("the agent \"{agent}\" takes no {which}: {why}")]
    NoUse {
        /// The prompt, or the greeting.
        which: &'static str,
        /// Whose.
        agent: String,
        /// What it is instead.
        why: &'static str,
    },
}

/// What is known of a call that an agent is to talk on.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The call.
    pub call: CallId,
    /// Who calls whom.
    pub facts: &'a CallFacts,
    /// The server's.
    pub context: &'a Context,
}

impl Cast {
    /// An agent of the configuration, as the call has it.
    ///
    /// # Errors
    /// [`CastError`], when a text of it can't be filled in or isn't for its engine.
    pub fn of_agent(agent: &Agent, brief: &Brief, scene: Scene<'_>) -> Result<Self, CastError> {
        let Scene { context, facts, call } = scene;
        let Part { engine, variables } = Part::of(agent, brief, call, facts, || context.tls(&agent.engine))?;
        Ok(Self {
            name: agent.name.clone(),
            voice: Voice { conduct: conduct(agent, context), ..Voice::plain(context, engine) },
            variables,
            transfer: agent.transfer.clone(),
            fallback: agent.fallback.iter().cloned().collect(),
        })
    }

    /// A recording, and nobody.
    #[must_use]
    pub fn playing(audio: Arc<[i16]>, context: &Context) -> Self {
        Self::alone("recording", EngineSpec::Play(audio), context)
    }

    fn alone(name: &str, engine: EngineSpec, context: &Context) -> Self {
        Self {
            name: name.to_owned(),
            voice: Voice::plain(context, engine),
            variables: BTreeMap::new(),
            transfer: BTreeMap::new(),
            fallback: VecDeque::new(),
        }
    }

    /// Whether the call is recorded, whatever the configuration says.
    #[must_use]
    pub fn recorded(mut self, record: bool) -> Self {
        self.voice.record = record;
        self
    }

    /// Who talks when the engine of this one is lost: the first of its fallbacks that can, and at last somebody who is sorry.
    pub(super) fn understudy(mut self, scene: Scene<'_>) -> Self {
        while let Some(fallback) = self.fallback.pop_front() {
            let name = match fallback {
                Fallback::Say(words) => return last_words(&words, scene.context),
                Fallback::Agent(name) => name,
            };
            let Some(agent) = scene.context.config.agent(&name) else { continue };
            let brief = Brief { variables: self.variables.clone(), ..Brief::default() };
            match Self::of_agent(agent, &brief, scene) {
                Ok(mut next) => {
                    next.fallback.append(&mut self.fallback);
                    return next;
                }
                Err(error) => warn!(agent = name, %error, "it can't take over"),
            }
        }
        last_words(APOLOGY, scene.context)
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn voice(&self) -> &Voice {
        &self.voice
    }

    pub(super) fn variables(&self) -> &BTreeMap<String, String> {
        &self.variables
    }

    /// Whom the name of a target stands for.
    pub(super) fn target(&self, name: &str) -> Result<&Dial, String> {
        self.transfer.get(name).ok_or_else(|| {
            let known: Vec<_> = self.transfer.keys().map(|name| format!("\"{name}\"")).collect();
            format!("there is no target \"{name}\"; there are {}", known.join(", "))
        })
    }
}

fn last_words(words: &str, context: &Context) -> Cast {
    Cast::alone("last words", EngineSpec::Announce(line(words, context)), context)
}

/// What an agent is to its engine on one call.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) engine: EngineSpec,
    /// Every variable of the call.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Part {
    /// Fills in the agent's texts; `tls` is what the socket of its engine is encrypted by, if it has one.
    pub(crate) fn of(
        agent: &Agent,
        brief: &Brief,
        call: CallId,
        facts: &CallFacts,
        tls: impl FnOnce() -> Arc<ClientConfig>,
    ) -> Result<Self, CastError> {
        let mut variables = agent.variables.clone();
        variables.extend(facts.variables(call));
        variables.extend(brief.variables.clone());
        let texts = Texts { agent, variables: &variables };
        let engine = match &agent.role {
            Role::Receptionist(receptionist) => {
                texts.refuse("prompt", brief.prompt.as_ref(), "the embedded receptionist understands no words")?;
                let mut settings = receptionist.settings(&variables).map_err(|error| texts.wrong("greeting", error))?;
                if let Some(greeting) = &brief.greeting {
                    settings.greeting = texts.fill("greeting", greeting)?;
                }
                EngineSpec::Builtin(settings)
            }
            Role::Model(model) => {
                let mut settings =
                    model.settings(&variables).map_err(|error| texts.wrong("prompt or greeting", error))?;
                if let Some(prompt) = &brief.prompt {
                    settings.instructions = texts.fill("prompt", prompt)?;
                }
                if let Some(greeting) = &brief.greeting {
                    settings.greeting = Some(greeted(settings.greeting.take(), texts.fill("greeting", greeting)?));
                }
                EngineSpec::Realtime(Box::new(Remote { settings, tls: tls() }))
            }
            Role::Bot(settings) => {
                let own = "it is a bot of its own; tell it in variables";
                texts.refuse("prompt", brief.prompt.as_ref(), own)?;
                texts.refuse("greeting", brief.greeting.as_ref(), own)?;
                let told = told(agent, brief, call, facts);
                EngineSpec::Stream(Box::new(Remote { settings: (settings.clone(), told), tls: tls() }))
            }
        };
        Ok(Self { engine, variables })
    }
}

/// An agent's texts, to be filled in.
struct Texts<'a> {
    agent: &'a Agent,
    variables: &'a BTreeMap<String, String>,
}

impl Texts<'_> {
    fn fill(&self, which: &'static str, text: &str) -> Result<String, CastError> {
        let filled = Template::parse(text).and_then(|template| template.render(self.variables));
        filled.map_err(|error| self.wrong(which, error))
    }

    fn wrong(&self, which: &'static str, error: TemplateError) -> CastError {
        CastError::Template { which, agent: self.agent.name.clone(), error }
    }

    fn refuse(&self, which: &'static str, text: Option<&String>, why: &'static str) -> Result<(), CastError> {
        match text {
            Some(_) => Err(CastError::NoUse { which, agent: self.agent.name.clone(), why }),
            None => Ok(()),
        }
    }
}

/// A greeting in other words, in the manner of the one before.
fn greeted(greeting: Option<Greeting>, text: String) -> Greeting {
    match greeting {
        Some(greeting) => Greeting { text, ..greeting },
        None => Greeting { text, verbatim: true, interruptible: true, early: false },
    }
}

/// What a bot is told of the call.
fn told(agent: &Agent, brief: &Brief, call: CallId, facts: &CallFacts) -> stream::Facts {
    let mut variables = agent.variables.clone();
    variables.extend(brief.variables.clone());
    stream::Facts {
        call_id: call.to_string(),
        direction: match facts.direction {
            Direction::Inbound => stream::Direction::Inbound,
            Direction::Outbound => stream::Direction::Outbound,
        },
        from: facts.caller.number.clone(),
        to: facts.called.clone(),
        trunk: facts.trunk.as_ref().map(|trunk| trunk.settings.name.clone()),
        agent: agent.name.clone(),
        variables,
        headers: BTreeMap::new(),
    }
}

fn conduct(agent: &Agent, context: &Context) -> Conduct {
    Conduct {
        turn: agent.turn.clone(),
        filler: agent.filler.as_ref().map(|prompt| heard(prompt, context)),
        idle: agent.idle.as_ref().map(|idle| Idle {
            after: idle.after,
            prompts: match &idle.prompts {
                talkpath_config::IdlePrompts::Engine(times) => {
                    IdlePrompts::Engine { instruction: STILL_THERE.into(), times: (*times).into() }
                }
                talkpath_config::IdlePrompts::Texts(texts) => {
                    IdlePrompts::Lines(texts.iter().map(|text| line(text, context)).collect())
                }
            },
            goodbye: idle.goodbye.as_ref().map(|words| line(words, context)),
        }),
        longest: agent.max_duration,
    }
}

/// A line that was made ready when the server started.
pub(super) fn line(text: &str, context: &Context) -> Line {
    let speech = context.services.voice.phrasebook().find(text);
    Line { text: text.into(), speech: speech.unwrap_or_else(|| wordless(Arc::from([]))) }
}

fn heard(prompt: &Prompt, context: &Context) -> Line {
    match prompt {
        Prompt::Text(text) => line(text, context),
        Prompt::File(file) => {
            let audio = context.sounds.get(file).cloned().unwrap_or_else(|| Arc::from([]));
            Line { text: "[recording]".into(), speech: wordless(audio) }
        }
    }
}

/// Sound without words.
fn wordless(audio: Arc<[i16]>) -> Arc<Speech> {
    Arc::new(Speech { audio, words: Vec::new() })
}
