//! Tools of the operator's: what a model may ask of other servers, by HTTP.
//!
//!   the model's arguments ─► JSON Schema ─► URL, headers, body ─► request, within its time ─► a text for the model
//!
//! Whatever becomes of it, the model is told: an error is a result, too. A server that isn't public is refused unless its tool says
//! otherwise (`guard.rs`): what a caller can talk a model into must not reach into the operator's network.

mod guard;

use crate::net::resolve::Resolver;
use guard::Guard;
use jsonschema::Validator;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use rustls::ClientConfig;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::Tool;
use tracing::{debug, info};

/// More of an answer is nothing for a model.
const LONGEST_ANSWER: usize = 64 * 1_024;
/// How long a connection may take, of the time that there is.
const CONNECT: Duration = Duration::from_secs(5);

/// Every tool of the configuration, ready to be called.
#[derive(Debug)]
pub struct Toolbox {
    tools: HashMap<String, Ready>,
    /// For tools that may reach anything, by way of a proxy if there is one.
    open: Client,
    /// For all others. A proxy would hide the address that they reach.
    guarded: Client,
}

#[derive(Debug)]
struct Ready {
    tool: Tool,
    arguments: Validator,
}

/// A request that is ready to be sent.
#[derive(Debug)]
pub struct Request {
    request: reqwest::RequestBuilder,
    timeout: Duration,
    name: String,
}

impl Toolbox {
    /// Makes the tools ready.
    ///
    /// # Errors
    /// When a schema isn't one.
    pub fn new(tools: &[Tool], resolver: &Resolver, tls: &ClientConfig) -> anyhow::Result<Self> {
        let client = || {
            let builder = Client::builder().tls_backend_preconfigured(tls.clone()).connect_timeout(CONNECT);
            // Whom a redirection names, nobody has allowed.
            builder
                .redirect(reqwest::redirect::Policy::none())
                .user_agent(concat!("talkpath/", env!("CARGO_PKG_VERSION")))
        };
        let ready = tools.iter().map(|tool| {
            let arguments = jsonschema::draft202012::new(&tool.spec.parameters)
                .map_err(|error| anyhow::anyhow!("the parameters of the tool \"{}\": {error}", tool.spec.name))?;
            Ok((tool.spec.name.clone(), Ready { tool: tool.clone(), arguments }))
        });
        Ok(Self {
            tools: ready.collect::<anyhow::Result<_>>()?,
            open: client().build()?,
            guarded: client().dns_resolver(Arc::new(Guard::new(resolver.clone()))).no_proxy().build()?,
        })
    }

    /// What is said while a tool is at work.
    #[must_use]
    pub fn said_meanwhile(&self, name: &str) -> Option<&str> {
        self.tools.get(name)?.tool.say.as_deref()
    }

    /// Makes a request of a model's call of the tool, with the `variables` of the call.
    ///
    /// # Errors
    /// What is wrong with the call, for the model.
    pub fn request(
        &self,
        name: &str,
        arguments: &str,
        variables: &BTreeMap<String, String>,
    ) -> Result<Request, String> {
        let Ready { tool, arguments: schema } =
            self.tools.get(name).ok_or_else(|| format!("there is no tool \"{name}\""))?;
        let arguments = checked(arguments, schema)?;
        let url = tool.url.render(&arguments, variables).map_err(|error| error.to_string())?;
        let url = Url::parse(&url).map_err(|error| format!("this makes no URL: {error}"))?;
        let client = if tool.allow_private { &self.open } else { &self.guarded };
        if !tool.allow_private {
            guard::check(&url)?;
        }
        let method = match tool.method {
            talkpath_config::Method::Get => reqwest::Method::GET,
            talkpath_config::Method::Post => reqwest::Method::POST,
            talkpath_config::Method::Put => reqwest::Method::PUT,
            talkpath_config::Method::Patch => reqwest::Method::PATCH,
            talkpath_config::Method::Delete => reqwest::Method::DELETE,
        };
        let request = client.request(method, url).headers(headers(tool)).timeout(tool.timeout);
        let request = if tool.body { request.json(&arguments) } else { request };
        Ok(Request { request, timeout: tool.timeout, name: name.to_owned() })
    }
}

impl Request {
    /// Sends it; gives what the model is told, whatever becomes of it.
    pub async fn send(self) -> String {
        let Self { request, timeout, name } = self;
        let answered = async {
            let response = request.send().await.map_err(|error| told(&error, timeout))?;
            read(response).await.map_err(|error| told(&error, timeout))
        };
        match answered.await {
            Ok(Answer { status, text }) if status.is_success() => {
                debug!(tool = name, %status, "the tool has answered");
                if text.is_empty() { json!({ "status": status.as_u16() }).to_string() } else { text }
            }
            Ok(Answer { status, text }) => {
                info!(tool = name, %status, "the tool's server refuses");
                json!({ "error": format!("the server answered {status}"), "answer": text }).to_string()
            }
            Err(why) => {
                info!(tool = name, why, "the tool has failed");
                json!({ "error": why }).to_string()
            }
        }
    }
}

struct Answer {
    status: StatusCode,
    text: String,
}

/// The answer, as far as a model may read it.
async fn read(mut response: Response) -> reqwest::Result<Answer> {
    let status = response.status();
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        let room = LONGEST_ANSWER - bytes.len();
        bytes.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
        if bytes.len() == LONGEST_ANSWER {
            break;
        }
    }
    Ok(Answer { status, text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The arguments, if they are what the tool declares.
fn checked(arguments: &str, schema: &Validator) -> Result<Map<String, Value>, String> {
    let text = if arguments.trim().is_empty() { "{}" } else { arguments };
    let value: Value = serde_json::from_str(text).map_err(|error| format!("the arguments are no JSON: {error}"))?;
    if let Err(error) = schema.validate(&value) {
        let place = error.instance_path().to_string();
        return Err(if place.is_empty() { error.to_string() } else { format!("{place}: {error}") });
    }
    match value {
        Value::Object(arguments) => Ok(arguments),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err("the arguments are an object".to_owned())
        }
    }
}

fn headers(tool: &Tool) -> HeaderMap {
    let fields = tool.headers.iter().filter_map(|(name, value)| {
        let mut value = HeaderValue::from_str(&value.0).ok()?;
        value.set_sensitive(true);
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value))
    });
    fields.collect()
}

/// What happened, without the URL: there may be secrets in it.
fn told(error: &reqwest::Error, timeout: Duration) -> String {
    if error.is_timeout() && !error.is_connect() {
        return format!("the server took longer than {} s", timeout.as_secs());
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    // The outermost error names the URL; its cause doesn't.
    match std::ptr::eq(std::ptr::from_ref(cause).cast::<()>(), std::ptr::from_ref(error).cast::<()>()) {
        true => "the server can't be asked".to_owned(),
        false => format!("the server can't be asked: {cause}"),
    }
}
