//! Where a session is to be opened: URL and header fields of the upgrade, by service.

use crate::engine::Endpoint;

use super::settings::{AzureAuth, Service, Settings};

const OPENAI: &str = "wss://api.openai.com/v1/realtime";
const QWEN: &str = "wss://dashscope.aliyuncs.com/api-ws/v1/realtime";

/// Where a session with these settings is to be opened.
#[must_use]
pub fn endpoint(settings: &Settings) -> Endpoint {
    let Settings { service, model, key, .. } = settings;
    let bearer = ("Authorization", format!("Bearer {}", key.0));
    let azure = |auth: &AzureAuth| match auth {
        AzureAuth::ApiKey => ("api-key", key.0.clone()),
        AzureAuth::Entra => bearer.clone(),
    };
    let beta = ("OpenAI-Beta", "realtime=v1".to_owned());
    let (base, query, headers) = match service {
        Service::OpenAi => (OPENAI.to_owned(), vec![("model", model)], vec![bearer]),
        Service::Beta => (OPENAI.to_owned(), vec![("model", model)], vec![bearer, beta]),
        Service::Qwen => (QWEN.to_owned(), vec![("model", model)], vec![bearer]),
        Service::Azure { resource, auth } => {
            (format!("wss://{resource}.openai.azure.com/openai/v1/realtime"), vec![("model", model)], vec![azure(auth)])
        }
        Service::AzurePreview { resource, api_version, auth } => (
            format!("wss://{resource}.openai.azure.com/openai/realtime"),
            vec![("api-version", api_version), ("deployment", model)],
            vec![azure(auth)],
        ),
    };
    let headers = headers.into_iter().map(|(name, value)| (name.to_owned(), value));
    let headers = headers.chain(settings.headers.iter().map(|(name, value)| (name.clone(), value.0.clone()))).collect();
    let url = with_query(settings.url.clone().unwrap_or(base), &query);
    Endpoint { url, headers, protocols: Vec::new() }
}

fn with_query(mut url: String, query: &[(&str, &String)]) -> String {
    for (name, value) in query {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.push_str(name);
        url.push('=');
        escape(&mut url, value);
    }
    url
}

/// Percent-encodes all but the unreserved characters (RFC 3986 §2.3).
fn escape(url: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            url.push(char::from(byte));
        } else {
            url.push_str(&format!("%{byte:02X}"));
        }
    }
}
