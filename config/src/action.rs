//! Actions of routes and menus: what they name is there, and what they dial may be dialled.

use crate::error::{ConfigError, Source};
use crate::names::{Known, find, named};
use crate::raw;
use crate::resolve::{counted, seconds, spanned};
use crate::trunk::{Trunk, callable};
use crate::value::{Parsed, Secret, Short};
use std::time::Duration;
use talkpath_dialplan::{Action, CallerIdentity, Dial, Pin, Prompt, Strategy, Target, Template};
use talkpath_sip::message::{Scheme, Uri};
use toml::Spanned;

/// How long targets ring where nothing is written, in seconds: five or six rings.
const RING: u32 = 30;
/// Less isn't a ring.
const MIN_RING: u32 = 3;
/// What callers hear where nothing is written.
const PIN_PROMPT: &str = "Please enter your PIN, followed by the hash key.";

pub(crate) fn action(written: raw::Action, known: Known<'_>, source: Source<'_>) -> Result<Action, ConfigError> {
    match written {
        raw::Action::Agent(name) => named("agent", name, known.agents, |name| name, source).map(Action::Agent),
        raw::Action::Menu(name) => named("menu", name, known.menus, |name| name, source).map(Action::Menu),
        raw::Action::Dial(dial) => self::dial(dial, known, source).map(Action::Dial),
        raw::Action::Pin(pin) => self::pin(pin, known, source).map(Action::Pin),
        raw::Action::Reject(reject) => rejection(reject, source),
    }
}

pub(crate) fn dial(written: Spanned<raw::Dial>, known: Known<'_>, source: Source<'_>) -> Result<Dial, ConfigError> {
    let span = written.span();
    let table = match written.into_inner() {
        Short::Short(targets) => {
            let to = targets.with_places(span);
            raw::DialTable { to, strategy: None, ring: None, caller: None, otherwise: None }
        }
        Short::Long(table) => table,
    };
    let target = |target: Spanned<_>| self::target(target, known, source);
    let otherwise = |otherwise: Box<raw::Action>| action(*otherwise, known, source).map(Box::new);
    Ok(Dial {
        targets: table.to.0.into_iter().map(target).collect::<Result<_, _>>()?,
        strategy: table.strategy.map_or(Strategy::All, Strategy::from),
        ring: seconds(table.ring, RING, MIN_RING, "targets ring", source)?,
        caller: table.caller.map_or(CallerIdentity::Caller, |caller| CallerIdentity::Fixed(caller.0)),
        otherwise: table.otherwise.map(otherwise).transpose()?,
    })
}

fn target(written: Spanned<Parsed<Target>>, known: Known<'_>, source: Source<'_>) -> Result<Target, ConfigError> {
    let (span, target) = (written.span(), written.into_inner().0);
    judge(&target, known).map_err(|problem| source.invalid(Some(span), problem))?;
    Ok(target)
}

fn judge(target: &Target, known: Known<'_>) -> Result<(), String> {
    match target {
        Target::Phone(user) => match user.literal() {
            Some(user) => find("phone", user, &known.config.phones, |phone| &phone.user).map(drop),
            None => Ok(()),
        },
        Target::Trunk { name, number } => may_be_dialled(number, callable(name, &known.config.trunks)?, known),
        Target::Group { name, number } => {
            let group = find("group", name, &known.config.groups, |group| &group.name)?;
            let mut members = group.members.iter();
            members.try_for_each(|member| may_be_dialled(number, callable(&member.trunk, &known.config.trunks)?, known))
        }
        Target::Uri(text) => {
            let uri = Uri::parse(text.clone()).ok();
            let good = |uri: &Uri| uri.scheme() == Scheme::Sip && uri.host().is_some() && !uri.has_headers();
            uri.filter(good).map(drop).ok_or_else(|| format!("\"{text}\" is no SIP URI; write \"sip:USER@HOST\""))
        }
    }
}

/// A number that is the same in every call is judged now.
fn may_be_dialled(number: &Template, trunk: &Trunk, known: Known<'_>) -> Result<(), String> {
    let Some(number) = number.literal() else { return Ok(()) };
    let sent = trunk.numbers.outbound.outbound(&trunk.numbers.plan, &known.config.numbers.restrictions, number);
    sent.map(drop).map_err(|refused| refused.to_string())
}

fn pin(written: raw::Pin, known: Known<'_>, source: Source<'_>) -> Result<Pin, ConfigError> {
    let raw::PinTable { pins, prompt, attempts, timeout, then } = match written {
        Short::Short(never) => match never {},
        Short::Long(table) => table,
    };
    let code = |pin: Spanned<Secret>| {
        pin.get_ref().0.parse().map_err(|error| source.invalid(Some(pin.span()), format!("{error}")))
    };
    Ok(Pin {
        pins: pins.0.into_iter().map(code).collect::<Result<_, _>>()?,
        prompt: prompt.map_or_else(|| Ok(Prompt::Text(PIN_PROMPT.into())), |prompt| self::prompt(prompt, source))?,
        attempts: counted(attempts, "attempts", source)?,
        timeout: key_timeout(timeout, source)?,
        then: Box::new(action(*then, known, source)?),
    })
}

/// How long keys are waited for.
pub(crate) fn key_timeout(written: Option<Spanned<u32>>, source: Source<'_>) -> Result<Duration, ConfigError> {
    seconds(written, 5, 1, "keys are waited for", source)
}

pub(crate) fn prompt(written: Spanned<raw::Prompt>, source: Source<'_>) -> Result<Prompt, ConfigError> {
    let span = Some(written.span());
    match written.into_inner() {
        Short::Short(text) if text.trim().is_empty() => {
            Err(source.invalid(span, "nothing would be said; write a text, or { file = \"PROMPT.wav\" }"))
        }
        Short::Short(text) if text.to_ascii_lowercase().ends_with(".wav") => {
            Err(source.invalid(span, format!("\"{text}\" would be read out; write {{ file = \"{text}\" }}")))
        }
        Short::Short(text) => Ok(Prompt::Text(text)),
        Short::Long(raw::PromptFile { file }) => Ok(Prompt::File(file)),
    }
}

fn rejection(written: raw::Reject, source: Source<'_>) -> Result<Action, ConfigError> {
    let raw::Reject { status, reason } = written;
    let (span, status) = spanned(Some(status));
    let status = status.unwrap_or_default();
    if !(400..700).contains(&status) {
        let problem = format!("a call is rejected with a status from 400 to 699, not {status}");
        return Err(source.invalid(span, problem));
    }
    if reason.as_deref().is_some_and(|reason| reason.contains(['\r', '\n'])) {
        return Err(source.invalid(span, "a reason phrase is one line"));
    }
    Ok(Action::Reject { status, reason })
}
