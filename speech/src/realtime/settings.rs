//! What an operator can set about a remote realtime engine, and what doesn't fit together.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::engine::Wire;
use crate::error::Error;
use crate::tools::ToolSpec;

use super::dialect::Dialect;

/// Settings of a [`Realtime`](super::Realtime) engine for one call.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Who is spoken to, and in which dialect.
    pub service: Service,
    /// The model, or on Azure the deployment. Any string: models come and go.
    pub model: String,
    /// What opens the door.
    pub key: Secret,
    /// `wss://host/path` in the place of the service's own; the model is added as its query.
    pub url: Option<String>,
    /// Further header fields of the upgrade (`OpenAI-Organization`, `X-DashScope-WorkSpace`).
    pub headers: Vec<(String, Secret)>,
    /// The prompt.
    pub instructions: String,
    /// The voice; the service's own when none is told.
    pub voice: Option<String>,
    /// The form of audio both ways.
    pub audio: Encoding,
    /// Who writes down what the caller says; nobody when none is told, and then there is nothing to rebuild a lost conversation from.
    pub transcription: Option<Transcription>,
    /// The tools that the model may call, built in and others.
    pub tools: Vec<ToolSpec>,
    /// Who finds the end of the caller's turn.
    pub turn_end: TurnEnd,
    /// How much of the caller's audio travels in one message: 20 to 100 ms.
    pub append: Duration,
    /// How much of it is kept while the session isn't ready; what is older is dropped.
    pub backlog: Duration,
    /// What is said when the call is answered; with none the caller speaks first.
    pub greeting: Option<Greeting>,
    /// How the model is told to take leave when the operator drains; with none the call just ends.
    pub goodbye: Option<String>,
    /// Whether keys that no tool waits for are told to the model, those closer than this as one entry.
    pub keys: Option<Duration>,
    /// How a lost session is dialled again.
    pub redial: Redial,
    /// How long a connection may take until its session is ready.
    pub connect_timeout: Duration,
    /// A session that was asked for an answer and says nothing at all for so long is taken for dead.
    pub stall: Duration,
    /// A session of this age is replaced at the next quiet moment, before the service ends it.
    pub session: Duration,
    /// Merged into the `session` object of `session.update`, for what has no setting here (`temperature`, noise reduction).
    pub extra: Map<String, Value>,
}

/// Who is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// OpenAI, the GA dialect.
    OpenAi,
    /// A server that speaks OpenAI's dialect from before GA; [`Settings::url`] says where.
    Beta,
    /// Azure, the GA dialect.
    Azure {
        /// `NAME` of `NAME.openai.azure.com`.
        resource: String,
        /// What the key is.
        auth: AzureAuth,
    },
    /// Azure's preview, the dialect from before GA.
    AzurePreview {
        /// `NAME` of `NAME.openai.azure.com`.
        resource: String,
        /// As in the URL: `2025-04-01-preview`.
        api_version: String,
        /// What the key is.
        auth: AzureAuth,
    },
    /// Qwen-Omni of Alibaba Model Studio. Newer models need the workspace's own host in [`Settings::url`].
    Qwen,
}

/// What opens Azure's door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AzureAuth {
    /// A key of the resource.
    ApiKey,
    /// A token of Microsoft Entra.
    Entra,
}

/// A string that is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The form of audio both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// 16-bit samples at the service's own rates.
    Pcm,
    /// G.711 µ-law, passed through.
    Mulaw,
    /// G.711 A-law, passed through.
    Alaw,
}

/// Who writes down what the caller says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transcription {
    /// The model.
    pub model: String,
    /// The caller's language, if it's known.
    pub language: Option<String>,
}

/// Who finds the end of the caller's turn. It has one owner; who takes the floor from the agent is always ours to say.
#[derive(Clone, Debug, PartialEq)]
pub enum TurnEnd {
    /// Our turn machine: the service gets the turn's audio and then the order to answer.
    Ours,
    /// The service, by voice activity.
    ServerVad(ServerVad),
    /// The service, by what is said.
    SemanticVad {
        /// How soon it takes a turn for ended; its own default when none is told.
        eagerness: Option<Eagerness>,
    },
}

/// Thresholds of the service's voice activity; its own where none are told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ServerVad {
    /// 0 to 1, with Qwen -1 to 1.
    pub threshold: Option<f32>,
    /// Audio taken from before the voice.
    pub prefix_padding_ms: Option<u32>,
    /// The silence that ends a turn.
    pub silence_duration_ms: Option<u32>,
}

/// How soon a turn is taken for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the service's words")]
pub enum Eagerness {
    Low,
    Medium,
    High,
    Auto,
}

/// What is said when the call is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The words, or what they should be about.
    pub text: String,
    /// Whether the model shall say them as they are.
    pub verbatim: bool,
    /// Whether the caller may cut them short.
    pub interruptible: bool,
    /// Asked for as soon as the session is ready, so that it is at hand when the call is answered. A call that nobody takes then costs an answer.
    pub early: bool,
}

/// How a lost session is dialled again: at once, then after `first`, twice that, and so on up to `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redial {
    /// The first delay that is any.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
    /// When so many have failed one after the other, that is the end.
    pub attempts: u32,
}

impl Default for Redial {
    fn default() -> Self {
        Self { first: Duration::from_millis(500), longest: Duration::from_secs(8), attempts: 6 }
    }
}

impl Redial {
    /// The delay after so many failures in a row. Who is swamped isn't dialled again at once.
    pub(crate) fn delay(&self, failures: u32, swamped: bool) -> Duration {
        let doublings = if swamped { failures.checked_sub(1) } else { failures.checked_sub(2) };
        doublings
            .map_or(Duration::ZERO, |doublings| self.first.saturating_mul(1 << doublings.min(16)).min(self.longest))
    }
}

impl Settings {
    /// A session with `service` that leaves everything else to defaults: the service finds the ends of turns, nobody greets, no tools.
    #[must_use]
    pub fn new(service: Service, model: &str, key: Secret) -> Self {
        Self {
            session: service.dialect().lifetime(),
            service,
            model: model.to_owned(),
            key,
            url: None,
            headers: Vec::new(),
            instructions: String::new(),
            voice: None,
            audio: Encoding::Pcm,
            transcription: None,
            tools: Vec::new(),
            turn_end: TurnEnd::ServerVad(ServerVad::default()),
            append: Duration::from_millis(40),
            backlog: Duration::from_secs(5),
            greeting: None,
            goodbye: Some("The call has to end now. Say goodbye in one short sentence.".to_owned()),
            keys: Some(Duration::from_millis(1_500)),
            redial: Redial::default(),
            connect_timeout: Duration::from_secs(10),
            stall: Duration::from_secs(20),
            extra: Map::new(),
        }
    }

    /// Says what doesn't fit together.
    ///
    /// # Errors
    /// [`Error::Remote`] names the setting and what is wrong with it.
    pub fn check(&self) -> Result<(), Error> {
        let dialect = self.service.dialect();
        let wrong = |setting, why| Err(Error::Remote { setting, why });
        if self.model.trim().is_empty() {
            return wrong("model", "names no model");
        }
        if self.key.0.is_empty() || !self.key.0.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong("key", "is empty or holds what no header can (blanks, line breaks)");
        }
        if self.service == Service::Beta && self.url.is_none() {
            return wrong("url", "must say where the server is");
        }
        if self.url.as_ref().is_some_and(|url| !url.starts_with("wss://") && !url.starts_with("ws://")) {
            return wrong("url", "must begin with wss:// or ws://");
        }
        if dialect == Dialect::Qwen && self.audio != Encoding::Pcm {
            return wrong("audio", "must be pcm: Qwen has no G.711");
        }
        if !(20..=100).contains(&self.append.as_millis()) {
            return wrong("append", "must lie between 20 and 100 ms");
        }
        if self.backlog > Duration::from_secs(60) {
            return wrong("backlog", "must be a minute at most");
        }
        let named = |name: &str| self.tools.iter().filter(|tool| tool.name == name).count();
        if self.tools.iter().any(|tool| named(&tool.name) > 1 || !is_name(&tool.name)) {
            return wrong("tools", "must have names of their own, of letters, digits, _ and -");
        }
        if self.tools.iter().any(|tool| !tool.parameters.is_object()) {
            return wrong("tools", "must describe their arguments by a JSON schema");
        }
        Ok(())
    }

    pub(super) fn wire(&self) -> Wire {
        match self.audio {
            Encoding::Pcm => self.service.dialect().pcm(),
            Encoding::Mulaw => Wire::Mulaw,
            Encoding::Alaw => Wire::Alaw,
        }
    }
}

/// What a tool may be called, with every service.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
}

impl Service {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::OpenAi | Self::Azure { .. } => Dialect::Ga,
            Self::Beta | Self::AzurePreview { .. } => Dialect::Beta,
            Self::Qwen => Dialect::Qwen,
        }
    }
}
