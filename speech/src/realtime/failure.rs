//! What a failure means: the end of the engine, in words for the operator, or another try.
//!
//! Providers refuse in three places: at the upgrade (HTTP status and a body), in an `error` event after a successful upgrade, and in the reason of
//! a close frame. The same few causes are looked for in all of them, by the parts of their codes that services agree on; what isn't known is
//! tried again.

use serde::Deserialize;

use crate::engine::{ConnectFailure, Fault, Loss};

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing can be done here.
    Lost(Loss),
    /// Dial again; not at once if the other side is swamped.
    Retry { why: String, swamped: bool },
}

/// A code and the words with it, wherever they stood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reason {
    pub(super) code: String,
    pub(super) message: String,
}

/// A body at the upgrade: `{"error":{..}}` with OpenAI and Azure, the same fields at the top with DashScope.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Option<BodyError>,
    code: Option<serde_json::Value>,
    message: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BodyError {
    code: Option<serde_json::Value>,
    #[serde(rename = "type")]
    kind: Option<String>,
    message: Option<String>,
}

/// A socket that couldn't be opened.
pub(super) fn of_connect(failure: &ConnectFailure, before: bool) -> Verdict {
    match failure {
        ConnectFailure::Http { status, body } => of_status(*status, &Reason::of_body(body)),
        // A certificate that was good a minute ago will be good again; one that never was is a matter for the operator.
        ConnectFailure::Tls(why) if !before => lost(
            Fault::Unreachable,
            format!("TLS with the engine failed ({why}): check the engine's url and the authorities trusted"),
        ),
        ConnectFailure::Dns(_)
        | ConnectFailure::Refused(_)
        | ConnectFailure::Tls(_)
        | ConnectFailure::TimedOut
        | ConnectFailure::Broken(_) => Verdict::Retry { why: failure.to_string(), swamped: false },
    }
}

fn of_status(status: u16, reason: &Reason) -> Verdict {
    let told = reason.beside(&status.to_string());
    if let Some(fault) = reason.fault() {
        return lost(fault, words(fault, &told));
    }
    match status {
        401 | 403 => lost(Fault::Key, words(Fault::Key, &told)),
        404 => lost(Fault::Model, words(Fault::Model, &told)),
        408 | 425 | 429 | 500..=599 => Verdict::Retry { why: format!("the engine is busy ({told})"), swamped: true },
        _ => {
            lost(Fault::Settings, format!("the engine refused the session ({told}): check the engine's url and model"))
        }
    }
}

/// An `error` event: none where the session lives on.
pub(super) fn of_error(reason: &Reason) -> Option<Verdict> {
    if let Some(fault) = reason.fault() {
        return Some(lost(fault, words(fault, &reason.told())));
    }
    // The session is over, but another can be had.
    reason.code.contains("session_expired").then(|| Verdict::Retry { why: reason.told(), swamped: false })
}

/// A response that failed: the reason of it, `failures` in a row.
pub(super) fn of_response(reason: &Reason, failures: u32) -> Option<Loss> {
    const ENOUGH: u32 = 4;
    if let Some(fault) = reason.fault() {
        return Some(Loss { fault, words: words(fault, &reason.told()) });
    }
    let swamped = is_swamped(&reason.code);
    let fault = if swamped { Fault::Overloaded } else { Fault::Failing };
    (failures >= ENOUGH).then(|| Loss { fault, words: words(fault, &reason.told()) })
}

/// A socket that was closed, after perhaps an `error` that said why.
pub(super) fn of_close(code: Option<u16>, reason: &str, last: Option<&Reason>) -> Verdict {
    let closing =
        Reason { code: reason.rsplit('.').next().unwrap_or(reason).trim().to_owned(), message: reason.to_owned() };
    let known = [last, Some(&closing)].into_iter().flatten().find_map(|reason| Some((reason.fault()?, reason)));
    let code = code.map_or_else(|| "no close frame".to_owned(), |code| code.to_string());
    if let Some((fault, reason)) = known {
        return lost(fault, words(fault, &reason.beside(&code)));
    }
    let swamped = last.is_some_and(|last| is_swamped(&last.code)) || code == "1013";
    let last = last.map(|last| format!(" after {}", last.told())).unwrap_or_default();
    Verdict::Retry { why: format!("the engine closed ({code} {}){last}", closing.message.trim()), swamped }
}

/// The session was never ready and retries are used up.
pub(super) fn exhausted(why: &str, swamped: bool) -> Loss {
    let fault = if swamped { Fault::Overloaded } else { Fault::Unreachable };
    Loss { fault, words: words(fault, why) }
}

/// The other side doesn't take our settings.
pub(super) fn of_settings(reason: &Reason, param: Option<&str>) -> Loss {
    let param = param.map(|param| format!(" at `{param}`")).unwrap_or_default();
    Loss {
        fault: Fault::Settings,
        words: format!("the engine refused the session's settings{param} ({})", reason.told()),
    }
}

fn lost(fault: Fault, words: String) -> Verdict {
    Verdict::Lost(Loss { fault, words })
}

/// What the operator has to mend.
fn words(fault: Fault, told: &str) -> String {
    match fault {
        Fault::Key => format!("the key was refused ({told}): check the engine's key"),
        Fault::Quota => format!("the account has no credit left ({told}): check the provider's billing"),
        Fault::Model => format!("there is no such model or address ({told}): check the engine's model and url"),
        Fault::Settings => format!("the engine refused the session's settings ({told})"),
        Fault::Unreachable => format!("the engine can't be reached ({told})"),
        Fault::Overloaded => format!("the engine has no capacity for us ({told})"),
        Fault::Failing => format!("the engine fails again and again ({told})"),
    }
}

fn is_swamped(code: &str) -> bool {
    ["rate_limit", "overloaded", "throttl", "concurren"].iter().any(|part| code.to_ascii_lowercase().contains(part))
}

impl Reason {
    /// Of the body at an upgrade; of one that isn't JSON, its beginning.
    fn of_body(body: &str) -> Self {
        let text = |value: Option<serde_json::Value>| match value {
            Some(serde_json::Value::String(text)) => Some(text),
            Some(serde_json::Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        let Ok(Body { error, code, message }) = serde_json::from_str::<Body>(body) else {
            return Self {
                code: String::new(),
                message: body.split_whitespace().take(12).collect::<Vec<_>>().join(" "),
            };
        };
        let error = error.unwrap_or_default();
        let code = text(error.code).or_else(|| text(code)).or(error.kind).unwrap_or_default();
        Self { code, message: error.message.or(message).unwrap_or_default() }
    }

    /// What must be mended, where the code says so.
    fn fault(&self) -> Option<Fault> {
        let code: String =
            self.code.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        if has(&["apikey", "authentication", "unauthorized", "accessdenied", "permissiondenied"]) {
            return Some(Fault::Key);
        }
        if has(&["insufficientquota", "arrearage", "billing", "allocationquota"]) {
            return Some(Fault::Quota);
        }
        has(&["modelnotfound", "missingmodel", "deploymentnotfound", "invalidmodel"]).then_some(Fault::Model)
    }

    /// Code and words, short.
    pub(super) fn told(&self) -> String {
        let message: String = self.message.chars().take(160).collect();
        match (self.code.is_empty(), message.is_empty()) {
            (false, false) => format!("{}: {message}", self.code),
            (false, true) => self.code.clone(),
            (true, false) => message,
            (true, true) => "no reason given".to_owned(),
        }
    }

    /// The same with a number before it.
    fn beside(&self, number: &str) -> String {
        match (self.code.is_empty(), self.message.is_empty()) {
            (true, true) => number.to_owned(),
            (false, _) => format!("{number} {}", self.code),
            (true, false) => format!("{number} {}", self.told()),
        }
    }
}
