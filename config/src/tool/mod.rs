//! `[[tool]]`: what agents may ask of other servers, by HTTP.

mod schema;
mod url;

pub use url::ToolUrl;

use crate::engine::headers;
use crate::error::{ConfigError, Source};
use crate::keys::Keys;
use crate::text::plain;
use crate::value::Words;
use crate::{json, raw};
use serde_json::{Value, json};
use std::time::Duration;
use talkpath_speech::realtime::Secret;
use talkpath_speech::tools::{Builtin, ToolSpec};
use toml::Spanned;

/// How long a tool may take where nothing is written.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What a request says of itself.
const OURS: [&str; 5] = ["host", "connection", "content-length", "content-type", "transfer-encoding"];

/// A tool that is carried out by an HTTP request.
#[derive(Clone, Debug)]
pub struct Tool {
    /// How a model is told of it: its name, what it does, and the JSON Schema of its arguments.
    pub spec: ToolSpec,
    /// How it is asked.
    pub method: Method,
    /// Where.
    pub url: ToolUrl,
    /// Further header fields of the request.
    pub headers: Vec<(String, Secret)>,
    /// Whether the arguments are its body, as JSON.
    pub body: bool,
    /// How long the answer may take, from the beginning to its last byte.
    pub timeout: Duration,
    /// What the caller hears meanwhile, by the embedded voice.
    pub say: Option<String>,
    /// Whether the server may have an address that isn't public (loopback, private, link-local).
    pub allow_private: bool,
}

/// The methods of RFC 9110 §9 and RFC 5789 that ask for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the RFC's words")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// As a request writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request by it has a body where nothing else is written.
    const fn has_body(self) -> bool {
        match self {
            Self::Get | Self::Delete => false,
            Self::Post | Self::Put | Self::Patch => true,
        }
    }
}

impl Words for Method {
    const WORDS: &[(&str, Self)] = &[
        ("GET", Self::Get),
        ("POST", Self::Post),
        ("PUT", Self::Put),
        ("PATCH", Self::Patch),
        ("DELETE", Self::Delete),
    ];
}

pub(crate) fn tool(written: raw::Tool, source: Source<'_>) -> Result<Tool, ConfigError> {
    let keys = Keys { table: written.name.span(), written: written.places(), source };
    let name = name(&written.name, source)?;
    if written.description.get_ref().trim().is_empty() {
        let problem = "a model calls what it is told of; say what the tool does and when to call it";
        return Err(source.invalid(Some(written.description.span()), problem));
    }
    let parameters = parameters(written.parameters, &keys)?;
    let method = written.method.map_or(Method::Post, |method| method.into_inner().0);
    let body = written.body.map_or(method.has_body(), Spanned::into_inner);
    if body && method == Method::Get {
        return Err(keys.invalid("body", "a GET has no body; write method = \"POST\", or the arguments into the url"));
    }
    let place = written.url.span();
    let url = url::url(written.url, parameter_names(&parameters), source)?;
    if let Some(lost) = url.arguments.iter().find(|argument| !body && !url.names(argument)) {
        let problem =
            format!("without a body the argument {lost} goes nowhere; write it into the url, as {{{{ {lost} }}}}");
        return Err(source.invalid(Some(place), problem));
    }
    Ok(Tool {
        spec: ToolSpec { name, description: written.description.into_inner(), parameters },
        method,
        url,
        headers: headers(written.headers, &OURS, source)?,
        body,
        timeout: keys.seconds(written.timeout, 1..=120, "timeout lies", TIMEOUT)?,
        say: written.say.map(|say| plain(say.span(), say.get_ref().0.clone(), source)).transpose()?,
        allow_private: written.allow_private.is_some_and(Spanned::into_inner),
    })
}

fn name(written: &Spanned<String>, source: Source<'_>) -> Result<String, ConfigError> {
    let name = written.get_ref();
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !(1..=64).contains(&name.len()) || !name.chars().all(good) {
        let problem = format!("\"{name}\" is no name of a tool; it has 1 to 64 letters, digits, _ and -");
        return Err(source.invalid(Some(written.span()), problem));
    }
    if Builtin::named(name).is_some() {
        let problem = format!("the tool \"{name}\" is there without being written; call this one otherwise");
        return Err(source.invalid(Some(written.span()), problem));
    }
    Ok(name.clone())
}

fn parameters(written: Option<Spanned<toml::Table>>, keys: &Keys<'_>) -> Result<Value, ConfigError> {
    let Some(table) = written else {
        return Ok(json!({ "type": "object", "properties": {}, "additionalProperties": false }));
    };
    let schema = json::object(table.into_inner()).map_err(|problem| keys.invalid("parameters", problem))?;
    schema::check(&schema).map_err(|problem| keys.invalid("parameters", problem))?;
    Ok(Value::Object(schema))
}

fn parameter_names(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}
