//! A realtime service behind a socket.

use super::door::{Authority, Refusal, Upgrade};
use super::host::{Fake, Machine, Took};
use super::machines::realtime::{Dialect, Plan, Server};
use super::machines::{Act, Mishap};
use serde_json::{Value, json};
use talkpath_speech::realtime::{AzureAuth, Secret, Service, Settings};

/// What opens the door.
pub(crate) const KEY: &str = "sk-fake-2f6d";
/// The model that is asked for, or on Azure the deployment.
pub(crate) const MODEL: &str = "gpt-realtime-2.1";
const API_VERSION: &str = "2025-04-01-preview";

/// Whose door it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    OpenAi,
    /// Somebody else's server that speaks the dialect from before GA.
    Beta,
    Azure,
    AzurePreview,
    Qwen,
}

impl Provider {
    fn dialect(self) -> Dialect {
        match self {
            Self::OpenAi | Self::Azure => Dialect::Ga,
            Self::Beta | Self::AzurePreview => Dialect::Beta,
            Self::Qwen => Dialect::Qwen,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::OpenAi | Self::Beta => "/v1/realtime",
            Self::Azure => "/openai/v1/realtime",
            Self::AzurePreview => "/openai/realtime",
            Self::Qwen => "/api-ws/v1/realtime",
        }
    }

    fn query(self, model: &str) -> Vec<(String, String)> {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match self {
            Self::OpenAi | Self::Beta | Self::Azure | Self::Qwen => vec![pair("model", model)],
            Self::AzurePreview => vec![pair("api-version", API_VERSION), pair("deployment", model)],
        }
    }

    fn service(self) -> Service {
        let (resource, auth) = ("fake".to_owned(), AzureAuth::ApiKey);
        match self {
            Self::OpenAi => Service::OpenAi,
            Self::Beta => Service::Beta,
            Self::Azure => Service::Azure { resource, auth },
            Self::AzurePreview => Service::AzurePreview { resource, api_version: API_VERSION.to_owned(), auth },
            Self::Qwen => Service::Qwen,
        }
    }
}

/// The machine with its door.
pub(crate) struct Doorkeeper {
    pub(crate) server: Server,
    pub(crate) provider: Provider,
    pub(crate) key: String,
    pub(crate) model: String,
}

/// A realtime service. [`Fake::with`] leads to everything that its machine can be told: `fake.with(|service, now| service.server.expire(now))`.
pub(crate) type Realtime = Fake<Doorkeeper>;

impl Realtime {
    /// Listens without TLS.
    pub(crate) fn start(provider: Provider) -> Self {
        Self::new(provider, None)
    }

    /// Listens with TLS, by a certificate of this authority.
    pub(crate) fn start_tls(provider: Provider, authority: &Authority) -> Self {
        Self::new(provider, Some(authority))
    }

    fn new(provider: Provider, authority: Option<&Authority>) -> Self {
        let server = Server::new(provider.dialect());
        let machine = Doorkeeper { server, provider, key: KEY.to_owned(), model: MODEL.to_owned() };
        Self::host(machine, authority)
    }

    /// What an engine's `url` is to be: the model is added as its query.
    pub(crate) fn url(&self) -> String {
        self.at(self.with(|service, _| service.provider).path())
    }

    /// The settings of an engine that speaks with it.
    pub(crate) fn settings(&self) -> Settings {
        let provider = self.with(|service, _| service.provider);
        let mut settings = Settings::new(provider.service(), MODEL, Secret(KEY.to_owned()));
        settings.url = Some(self.url());
        settings
    }

    /// The next answer that isn't planned yet.
    pub(crate) fn plan(&self, plan: Plan) {
        self.with(|service, _| service.server.plans.push_back(plan));
    }

    /// All others.
    pub(crate) fn otherwise(&self, plan: Plan) {
        self.with(|service, _| service.server.default = plan);
    }

    /// What the caller says in the next utterance, as it is written down.
    pub(crate) fn transcript(&self, words: &str) {
        self.with(|service, _| service.server.transcripts.push_back(words.to_owned()));
    }

    /// `session.update` as it came last.
    pub(crate) fn session(&self) -> Value {
        self.with(|service, _| service.server.session.clone())
    }

    /// How much of each of the agent's items was sent, and where it was truncated, both in ms.
    pub(crate) fn items(&self) -> Vec<(u64, Option<u64>)> {
        self.with(|service, _| service.server.items.iter().map(|item| (item.sent_ms, item.truncated)).collect())
    }
}

impl Machine for Doorkeeper {
    fn admit(&mut self, upgrade: &Upgrade) -> Result<(), Refusal> {
        let Self { server, provider, key, model } = self;
        let mut must = |holds: bool, why: String| {
            if !holds {
                server.violations.push(why);
            }
        };
        must(upgrade.path == provider.path(), format!("asked for {}", upgrade.path));
        must(upgrade.query == provider.query(model), format!("asked with {:?}", upgrade.query));
        let beta = upgrade.header("openai-beta");
        let wanted = (*provider == Provider::Beta).then_some("realtime=v1");
        must(beta == wanted, format!("OpenAI-Beta is {beta:?}"));
        must(upgrade.header("sec-websocket-protocol").is_none(), "sub-protocols are for browsers".to_owned());
        must(upgrade.header("sec-websocket-extensions").is_none(), "extensions aren't offered".to_owned());
        let bearer = upgrade.header("authorization").map(|value| value.strip_prefix("Bearer "));
        must(bearer != Some(None), "Authorization is no Bearer".to_owned());
        let (bearer, api_key) = (bearer.flatten(), upgrade.header("api-key"));
        let azure = matches!(provider, Provider::Azure | Provider::AzurePreview);
        must(azure || api_key.is_none(), "api-key is Azure's".to_owned());
        must(bearer.is_some() != api_key.is_some(), "one key is told, no more and no less".to_owned());
        if bearer.or(api_key) == Some(key) {
            return Ok(());
        }
        let error = json!({ "type": "invalid_request_error", "code": "invalid_api_key", "param": null,
            "message": "Incorrect API key provided." });
        Err(Refusal { status: 401, body: json!({ "error": error }).to_string() })
    }

    fn open(&mut self, now: u64) {
        self.server.open(now);
    }

    fn text(&mut self, text: &str, now: u64) -> Took {
        let (events, samples) = (self.server.received.len(), self.server.heard.len());
        self.server.receive(text, now);
        let event = self.server.received.get(events).cloned();
        Took { event, samples: self.server.heard.get(samples..).unwrap_or_default().to_vec() }
    }

    fn binary(&mut self, bytes: &[u8], _now: u64) -> Took {
        self.server.violations.push(format!("a binary message of {} bytes", bytes.len()));
        Took::default()
    }

    fn poll(&mut self, now: u64) -> Vec<Act> {
        self.server.poll(now)
    }

    fn due(&self) -> Option<u64> {
        self.server.due()
    }

    fn fail(&mut self, mishap: Mishap, now: u64) {
        self.server.fail(now, mishap);
    }

    fn violations(&self) -> &[String] {
        &self.server.violations
    }

    fn rate(&self) -> u32 {
        self.server.input().rate
    }
}
