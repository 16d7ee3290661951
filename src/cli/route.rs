//! `talkpath route`: which route a call would take, and why, line by line.

use super::Common;
use anyhow::Context;
use clap::Args;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use talkpath_config::Config;
use talkpath_dialplan::{Action, Decision, Facts, Target, decide, explain};

/// Arguments of `talkpath route`.
#[derive(Args, Clone, Debug)]
pub struct RouteArguments {
    /// The configuration to ask; without one, what `serve` would read.
    pub file: Option<PathBuf>,
    /// The called number, as its peer sends it.
    #[arg(long, default_value = "")]
    pub to: String,
    /// The calling number, as its peer sends it.
    #[arg(long, default_value = "")]
    pub from: String,
    /// The trunk that the call comes by.
    #[arg(long, value_name = "NAME")]
    pub trunk: Option<String>,
    /// The phone that it comes from.
    #[arg(long, value_name = "USER", conflicts_with = "trunk")]
    pub phone: Option<String>,
    /// The address that it comes from.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub source: IpAddr,
    /// When it comes, such as 2026-11-24T09:30:00+01:00; now by default.
    #[arg(long, value_name = "TIME")]
    pub at: Option<jiff::Timestamp>,
    /// A header field of its INVITE, as "Name: value"; may be given more than once.
    #[arg(long, value_name = "FIELD")]
    pub header: Vec<String>,
}

pub(super) fn run(arguments: &RouteArguments, common: &Common) -> anyhow::Result<ExitCode> {
    let config = match &arguments.file {
        Some(file) => Config::load(file)?,
        None => common.load()?,
    };
    let headers: Vec<_> = arguments.header.iter().map(|field| split(field)).collect::<Result<_, _>>()?;
    let (from, to) = numbers(arguments, &config)?;
    let facts = Facts {
        source: arguments.source,
        trunk: arguments.trunk.as_deref(),
        phone: arguments.phone.as_deref(),
        from: &from,
        to: &to,
        headers: &headers,
        time: arguments.at.unwrap_or_else(jiff::Timestamp::now),
    };
    let mut out = std::io::stdout().lock();
    writeln!(out, "A call from \"{from}\" to \"{to}\", {}:", whence(arguments))?;
    if let Some(told) = admission(arguments, &config) {
        writeln!(out, "  {told}")?;
    }
    for explanation in explain(&config.routes, &facts) {
        writeln!(out, "  {explanation}")?;
    }
    match decide(&config.routes, &facts) {
        Decision::Route(route) => {
            for told in consequences(&route.action, &facts, &config) {
                writeln!(out, "  {told}")?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Decision::NoRoute => {
            writeln!(out, "  no route takes it: it is answered 404 Not Found")?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn split(field: &str) -> anyhow::Result<(&str, &str)> {
    let (name, value) =
        field.split_once(':').with_context(|| format!("\"{field}\" is no header field; write \"Name: value\""))?;
    Ok((name.trim(), value.trim()))
}

/// The numbers as the dialplan sees them, after the rules of the trunk.
fn numbers(arguments: &RouteArguments, config: &Config) -> anyhow::Result<(String, String)> {
    if let Some(user) = &arguments.phone {
        config.phone(user).with_context(|| format!("the configuration has no phone \"{user}\""))?;
        return Ok((user.clone(), config.numbers.plan.to_e164(&arguments.to)));
    }
    let Some(name) = &arguments.trunk else { return Ok((arguments.from.clone(), arguments.to.clone())) };
    let trunk = config.trunk(name).with_context(|| format!("the configuration has no trunk \"{name}\""))?;
    let numbers = &trunk.numbers;
    let from = numbers.inbound.inbound_caller(&numbers.plan, &arguments.from);
    Ok((from, numbers.inbound.inbound(&numbers.plan, &arguments.to)))
}

fn whence(arguments: &RouteArguments) -> String {
    match (&arguments.trunk, &arguments.phone) {
        (Some(trunk), _) => format!("by trunk \"{trunk}\""),
        (None, Some(phone)) => format!("from phone \"{phone}\""),
        (None, None) => format!("from {}", arguments.source),
    }
}

/// Whether it would get so far.
fn admission(arguments: &RouteArguments, config: &Config) -> Option<String> {
    let known = arguments.trunk.is_some() || arguments.phone.is_some();
    (!known && !config.sip.admission.admits(arguments.source)).then(|| {
        format!("{} is no source in sip.allow: it would be refused 403 Forbidden before any route", arguments.source)
    })
}

/// What else is decided beforehand: what is dialled, and what may not be.
fn consequences(action: &Action, facts: &Facts<'_>, config: &Config) -> Vec<String> {
    match action {
        Action::Dial(dial) => dial.targets.iter().map(|target| dialled(target, facts, config)).collect(),
        Action::Agent(_) | Action::Menu(_) | Action::Pin(_) | Action::Reject { .. } => Vec::new(),
    }
}

fn dialled(target: &Target, facts: &Facts<'_>, config: &Config) -> String {
    let through = |name: &str, number: String| match config.trunk(name) {
        Some(trunk) => {
            let numbers = &trunk.numbers;
            match numbers.outbound.outbound(&numbers.plan, &config.numbers.restrictions, &number) {
                Ok(sent) => format!("trunk \"{name}\" is sent \"{sent}\""),
                Err(why) => format!("trunk \"{name}\" is sent nothing: {why}"),
            }
        }
        None => format!("there is no trunk \"{name}\""),
    };
    match target {
        Target::Phone(user) => format!("phone \"{}\" rings", user.fill(facts)),
        Target::Uri(uri) => format!("{uri} is called"),
        Target::Trunk { name, number } => through(name, number.fill(facts)),
        Target::Group { name, number } => {
            let members = config.group(name).map(|group| group.members.as_slice()).unwrap_or_default();
            let told: Vec<_> = members.iter().map(|member| through(&member.trunk, number.fill(facts))).collect();
            told.join("; or ")
        }
    }
}
