//! What all our messages have in common: who we are and what we can do.

use crate::message::{HeaderName, Headers, Request, Response};
use crate::settings::Settings;

/// The methods that we take.
pub(crate) fn allow(settings: &Settings) -> String {
    let mut allow = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE".to_owned();
    for method in &settings.asked {
        allow.push_str(", ");
        allow.push_str(&method.to_string());
    }
    allow
}

/// Puts Allow and Supported, which §13.2.1 and §13.3.1.4 ask for. An empty Supported says "no extensions" (§20.37).
pub(crate) fn capabilities(headers: &mut Headers, settings: &Settings) {
    headers.push(HeaderName::Allow, allow(settings));
    headers.push(HeaderName::Supported, settings.supported.join(", "));
}

/// Puts Server.
pub(crate) fn sign_response(response: &mut Response, settings: &Settings) {
    if !settings.product.is_empty() {
        response.headers.push(HeaderName::Server, &settings.product);
    }
}

/// Puts User-Agent.
pub(crate) fn sign_request(request: &mut Request, settings: &Settings) {
    if !settings.product.is_empty() {
        request.headers.push(HeaderName::UserAgent, &settings.product);
    }
}
