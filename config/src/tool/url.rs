//! Where a tool asks: a template of a URL, in which a model chooses values, but neither the server nor anything outside their places.

use crate::error::{ConfigError, Source};
use crate::template::{Template, TemplateError, written};
use crate::value::{Piece, SecretText};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// `https://crm.example.com/customers/{{ number }}`. It isn't printed, as there may be secrets in it.
#[derive(Clone)]
pub struct ToolUrl {
    /// Secrets are variables of it, so that nothing in them is read as a template or told.
    template: Template,
    secrets: BTreeMap<String, String>,
    /// The declared arguments: no others are taken from a model, so that it can't speak for the call.
    pub(super) arguments: Vec<String>,
}

impl ToolUrl {
    /// The URL of one request: `variables` of the call, and over them those of the model's `arguments` that were declared. Lists and tables among
    /// them are written as JSON. Every value is percent-encoded; secrets stand as they are.
    ///
    /// # Errors
    /// As [`Template::render`]: an argument that the model left out may have no value.
    pub fn render(
        &self,
        arguments: &Map<String, Value>,
        variables: &BTreeMap<String, String>,
    ) -> Result<String, TemplateError> {
        let mut values = variables.clone();
        for name in &self.arguments {
            match arguments.get(name) {
                None | Some(Value::Null) => values.remove(name),
                Some(Value::String(text)) => values.insert(name.clone(), text.clone()),
                Some(other) => values.insert(name.clone(), other.to_string()),
            };
        }
        values.extend(self.secrets.clone());
        self.template.render(&values)
    }

    /// Whether it holds the variable.
    pub(super) fn names(&self, variable: &str) -> bool {
        self.template.variables().contains(variable)
    }
}

impl fmt::Debug for ToolUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ToolUrl")
    }
}

pub(super) fn url(
    text: Spanned<SecretText>,
    arguments: Vec<String>,
    source: Source<'_>,
) -> Result<ToolUrl, ConfigError> {
    let (span, text) = (text.span(), text.into_inner());
    let wrong = |problem| source.invalid(Some(span.clone()), problem);
    server_is_fixed(&text.joined()).map_err(wrong)?;
    let mut secrets = BTreeMap::new();
    let mut template = String::new();
    for piece in text.0 {
        match piece {
            Piece::Text(text) => template.push_str(&text),
            Piece::Secret(secret) => {
                let name = format!("_secret_{}", secrets.len());
                template.push_str(&format!("{{{{ {name} | safe }}}}"));
                secrets.insert(name, secret);
            }
        }
    }
    let template = parsed(span, template, source)?;
    Ok(ToolUrl { template, secrets, arguments })
}

fn parsed(span: Range<usize>, text: String, source: Source<'_>) -> Result<Template, ConfigError> {
    written(&Spanned::new(span, text), Template::parse_url, source)
}

/// The scheme, and a host that isn't for anybody to choose. The text may be secret and stays untold.
fn server_is_fixed(url: &str) -> Result<(), &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or("a url begins with https:// or http://")?;
    let server = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if server.contains(['{', '}']) {
        return Err("the server isn't for a model to choose; a url has its variables behind the host");
    }
    if server.is_empty() || server.contains('@') || !server.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a url names a server, such as https://crm.example.com; what opens its door goes into headers");
    }
    Ok(())
}
