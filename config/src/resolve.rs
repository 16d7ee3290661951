//! From what was written to what is needed: defaults filled in, references followed, values judged together. Each part
//! of the file is resolved where its type is; here is the order, and what all of them use.

use crate::agent::{agent, refuse_loops};
use crate::engine::engines;
use crate::error::{ConfigError, Source};
use crate::group::group;
use crate::media::{media, recording};
use crate::menu::menu;
use crate::names::{Known, refuse_twins};
use crate::numbers::numbers;
use crate::phone::phone;
use crate::raw::File;
use crate::route::route;
use crate::sip::{http, sip};
use crate::tool::tool;
use crate::trunk::trunk;
use crate::{Config, DEFAULT};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;
use toml::Spanned;

/// How often a caller may try where nothing is written.
const ATTEMPTS: u8 = 3;

pub(crate) fn resolve(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let source = Source { text, path };
    let shipped = Source { text: DEFAULT, path: Path::new("default.toml") };
    let (mut written, mut defaults) = (read(source)?, read(shipped)?);
    each_is_named_once(&written, source)?;
    // The default route leads to the default agent only.
    let lonely = written.agent.as_ref().filter(|_| written.route.is_none()).and_then(|agents| agents.first());
    let lonely = lonely.map(|agent| agent.name.span());
    // An error in agents or routes points into the file that they were taken from.
    let (routes, routes_source) = pick(written.route.take(), source, defaults.route.take(), shipped);
    let (agents, agents_source) = pick(written.agent.take(), source, defaults.agent.take(), shipped);
    refuse_twins("agents", agents.iter().map(|agent| &agent.name), agents_source)?;
    let menus = std::mem::take(&mut written.menu);
    let menu_names: Vec<_> = menus.iter().map(|menu| menu.name.get_ref().0.clone()).collect();
    let agent_names: Vec<_> = agents.iter().map(|agent| agent.name.get_ref().0.clone()).collect();
    let parties = parties(written, defaults, source)?;
    let known = Known { config: &parties, agents: &agent_names, menus: &menu_names };
    let fallbacks: Vec<_> = agents.iter().map(|agent| agent.fallback.as_ref().map(Spanned::span)).collect();
    let agents = each(agents, |written| agent(written, known, agents_source))?;
    refuse_loops(&agents, &fallbacks, agents_source)?;
    let menus = each(menus, |written| menu(written, known, source))?;
    let routes = each(routes, |written| route(written, known, routes_source)).map_err(|error| match lonely {
        Some(agent) => source.invalid(Some(agent), "no route leads to this agent; write a [[route]]"),
        None => error,
    })?;
    Ok(Config { agents, menus, routes, ..parties })
}

/// Everything that agents, menus and routes may name, without these.
fn parties(written: File, defaults: File, source: Source<'_>) -> Result<Config, ConfigError> {
    let sip = sip(written.sip, defaults.sip, source)?;
    let numbers = numbers(written.numbers, defaults.numbers, written.forbid, source)?;
    let trunks = each(written.trunk, |written| trunk(written, &numbers.plan, source))?;
    Ok(Config {
        media: media(written.media, defaults.media, source)?,
        http: http(written.http, defaults.http, source)?,
        recording: recording(written.recording, defaults.recording),
        drain: Duration::from_secs(or(written.shutdown.drain, defaults.shutdown.drain).into()),
        groups: each(written.group, |written| group(written, &trunks, source))?,
        phones: each(written.phone, |written| phone(written, &sip.realm, source))?,
        engines: engines(written.engine, source)?,
        tools: each(written.tool, |written| tool(written, source))?,
        sip,
        numbers,
        trunks,
        agents: Vec::new(),
        menus: Vec::new(),
        routes: Vec::new(),
    })
}

fn each_is_named_once(written: &File, source: Source<'_>) -> Result<(), ConfigError> {
    refuse_twins("trunks", written.trunk.iter().map(|trunk| &trunk.name), source)?;
    refuse_twins("groups", written.group.iter().map(|group| &group.name), source)?;
    refuse_twins("phones", written.phone.iter().map(|phone| &phone.user), source)?;
    refuse_twins("menus", written.menu.iter().map(|menu| &menu.name), source)?;
    refuse_twins("engines", written.engine.iter().map(|engine| &engine.name), source)?;
    refuse_twins("tools", written.tool.iter().map(|tool| &tool.name), source)
}

fn read(source: Source<'_>) -> Result<File, ConfigError> {
    toml::from_str(source.text).map_err(|error| source.invalid(error.span(), error.message()))
}

fn each<T, U>(all: Vec<T>, one: impl FnMut(T) -> Result<U, ConfigError>) -> Result<Vec<U>, ConfigError> {
    all.into_iter().map(one).collect()
}

fn pick<'a, T>(
    written: Option<Vec<T>>,
    source: Source<'a>,
    default: Option<Vec<T>>,
    shipped: Source<'a>,
) -> (Vec<T>, Source<'a>) {
    match written {
        Some(written) => (written, source),
        None => (default.unwrap_or_default(), shipped),
    }
}

/// What was written, or the default; `default.toml` names every key, which a test proves.
pub(crate) fn or<T: Default>(written: Option<T>, default: Option<T>) -> T {
    written.or(default).unwrap_or_default()
}

/// A value and its place.
pub(crate) fn spanned<T>(value: Option<Spanned<T>>) -> (Option<Range<usize>>, Option<T>) {
    (value.as_ref().map(Spanned::span), value.map(Spanned::into_inner))
}

/// So many seconds, or the usual; `what` they are the least of is told.
pub(crate) fn seconds(
    written: Option<Spanned<u32>>,
    usual: u32,
    least: u32,
    what: &str,
    source: Source<'_>,
) -> Result<Duration, ConfigError> {
    let (span, written) = spanned(written);
    let seconds = written.unwrap_or(usual);
    if seconds < least {
        let unit = if least == 1 { "second" } else { "seconds" };
        return Err(source.invalid(span, format!("{what} {least} {unit} at least, not {seconds}")));
    }
    Ok(Duration::from_secs(seconds.into()))
}

/// At least one.
pub(crate) fn counted(written: Option<Spanned<u8>>, what: &str, source: Source<'_>) -> Result<u8, ConfigError> {
    let (span, count) = spanned(written);
    match count.unwrap_or(ATTEMPTS) {
        0 => Err(source.invalid(span, format!("0 {what} would be none; write at least 1"))),
        count => Ok(count),
    }
}
