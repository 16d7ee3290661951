//! Responses without a transaction: RFC 3261 §8.2.7.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

use tracing::debug;

use super::{Flow, Settings, UserAgent};
use crate::dialog::LocalTag;
use crate::message::{HeaderName, Request, Response, StatusCode, Text};
use crate::session::{accepted, capabilities, sign_response};

/// A failure to answer with.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    reason: Option<Text>,
    headers: Vec<(HeaderName, Text)>,
    /// It is a challenge; whether the nonce that was answered is stale.
    challenge: Option<bool>,
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self { status, reason: None, headers: Vec::new(), challenge: None }
    }
}

impl Refusal {
    /// 401 with a challenge (§22.1).
    pub(super) fn challenge(stale: bool) -> Self {
        Self { challenge: Some(stale), ..StatusCode::UNAUTHORIZED.into() }
    }

    /// With a further header field.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<Text>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// With what is wrong in the reason phrase ("The Reason-Phrase SHOULD identify the syntax problem in more detail",
    /// §21.4.1).
    pub(super) fn explained(status: StatusCode, what: &dyn std::fmt::Display) -> Self {
        let reason = format!("{} ({what})", status.default_reason());
        Self { reason: Some(reason.into()), ..status.into() }
    }

    /// 503, with when to come again.
    pub(super) fn overload(settings: &Settings) -> Self {
        let seconds = settings.retry_after.as_secs().to_string();
        Self::from(StatusCode::SERVICE_UNAVAILABLE).with(HeaderName::RetryAfter, seconds)
    }

    /// The response, without a To tag.
    pub(super) fn response(self, request: &Request, settings: &Settings) -> Response {
        let mut response = Response::to(request, self.status);
        if let Some(reason) = self.reason {
            response.reason = reason;
        }
        for (name, value) in self.headers {
            response.headers.push(name, value);
        }
        sign_response(&mut response, settings);
        response
    }
}

/// "To header tags MUST be generated for responses in a stateless manner - in a manner that will generate the same tag
/// for the same request consistently" (§8.2.7).
#[derive(Debug)]
pub(super) struct Tagger {
    secret: (u64, u64),
}

impl Tagger {
    pub(super) fn new(one: u64, other: u64) -> Self {
        Self { secret: (one, other) }
    }

    pub(super) fn tag(&self, request: &Request) -> LocalTag {
        let mut hasher = DefaultHasher::new();
        self.secret.0.hash(&mut hasher);
        for name in [HeaderName::Via, HeaderName::From, HeaderName::CallId, HeaderName::CSeq] {
            request.headers.get(&name).hash(&mut hasher);
        }
        self.secret.1.hash(&mut hasher);
        LocalTag(hasher.finish())
    }
}

impl UserAgent {
    /// Answers without keeping anything.
    pub(super) fn refuse(&mut self, request: &Request, back: Flow, refusal: impl Into<Refusal>, now: Instant) {
        let refusal = refusal.into();
        let challenge = refusal.challenge;
        let mut response = refusal.response(request, &self.settings);
        if let Some(stale) = challenge {
            self.admission.challenge(&mut response, stale, now);
        }
        debug!(method = %request.method, status = %response.status, peer = %back.peer, "request refused");
        response.set_to_tag(&self.tagger.tag(request).to_string());
        self.transmit(back, response.to_bytes());
    }

    /// 200 to OPTIONS (§11.2): what we can do.
    pub(super) fn answer_options(&mut self, request: &Request, back: Flow) {
        let mut response = Response::to(request, StatusCode::OK);
        response.set_to_tag(&self.tagger.tag(request).to_string());
        capabilities(&mut response.headers, &self.settings);
        response.headers.push(HeaderName::Accept, accepted(&self.settings));
        response.headers.push(HeaderName::AcceptEncoding, "identity");
        response.headers.push(HeaderName::AcceptLanguage, "en");
        sign_response(&mut response, &self.settings);
        self.transmit(back, response.to_bytes());
    }
}
