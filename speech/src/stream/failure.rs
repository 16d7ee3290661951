//! What a failure of the connection means: the end of the engine, in words for the operator, or another try.

use crate::engine::{ConnectFailure, Fault, Loss};

/// The bot is done (RFC 6455 §7.4.1): its program closed normally, or without saying why.
const DONE: [u16; 2] = [1000, 1005];
/// The bot doesn't want us (RFC 6455 §7.4.1): what servers say that can't refuse an upgrade.
const POLICY: u16 = 1008;
/// Try again later (IANA's registry of close codes).
const LATER: u16 = 1013;

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing can be done here.
    Lost(Loss),
    /// Dial again; not at once if the other side is swamped.
    Retry { why: String, swamped: bool },
    /// The bot has left the call.
    Left,
}

/// A socket that couldn't be opened; `before` says whether one has been before.
pub(super) fn of_connect(failure: &ConnectFailure, before: bool) -> Verdict {
    match failure {
        ConnectFailure::Http { status, body } => of_status(*status, body),
        // A certificate that was good a minute ago will be good again; one that never was is a matter for the operator.
        ConnectFailure::Tls(why) if !before => lost(
            Fault::Unreachable,
            format!("TLS with the bot failed ({why}): check the engine's url and the authorities trusted"),
        ),
        ConnectFailure::Dns(_)
        | ConnectFailure::Refused(_)
        | ConnectFailure::Tls(_)
        | ConnectFailure::TimedOut
        | ConnectFailure::Broken(_) => Verdict::Retry { why: failure.to_string(), swamped: false },
    }
}

fn of_status(status: u16, body: &str) -> Verdict {
    let told = format!("{status} {}", body.split_whitespace().take(12).collect::<Vec<_>>().join(" "));
    let told: String = told.trim_end().chars().take(160).collect();
    match status {
        401 | 403 => lost(Fault::Key, refused(&told)),
        404 => lost(Fault::Model, format!("there is no bot at this address ({told}): check the engine's url")),
        408 | 425 | 429 | 500..=599 => Verdict::Retry { why: format!("the bot is busy ({told})"), swamped: true },
        _ => lost(
            Fault::Settings,
            format!("the bot's server didn't take the upgrade ({told}): check that the engine's url is a WebSocket"),
        ),
    }
}

/// A socket that was closed; `spoke` says whether anything ever came from it.
pub(super) fn of_close(code: Option<u16>, reason: &str, spoke: bool) -> Verdict {
    if spoke && code.is_some_and(|code| DONE.contains(&code)) {
        return Verdict::Left;
    }
    let told = code.map_or_else(|| "no close frame".to_owned(), |code| code.to_string());
    let reason: String = reason.trim().chars().take(160).collect();
    let told = format!("{told} {reason}");
    if !spoke && code == Some(POLICY) {
        return lost(Fault::Key, refused(told.trim_end()));
    }
    let why = format!("the bot's connection closed ({})", told.trim_end());
    Verdict::Retry { why, swamped: code == Some(LATER) }
}

/// Retries are used up; `before` says whether there was a session.
pub(super) fn exhausted(why: &str, swamped: bool, before: bool) -> Loss {
    let (fault, words) = match (swamped, before) {
        (true, _) => (Fault::Overloaded, "the bot has no capacity for us"),
        (false, true) => (Fault::Failing, "the bot fails again and again"),
        (false, false) => (Fault::Unreachable, "the bot can't be reached"),
    };
    Loss { fault, words: format!("{words} ({why})") }
}

/// The connection is lost, and the bot's protocol has no way to go on.
pub(super) fn no_resuming(why: &str) -> Loss {
    Loss { fault: Fault::Failing, words: format!("the bot was lost in mid-call ({why})") }
}

fn refused(told: &str) -> String {
    format!("the bot refused us ({told}): check the engine's headers and signing_key")
}

fn lost(fault: Fault, words: String) -> Verdict {
    Verdict::Lost(Loss { fault, words })
}
