//! From what was written to what is needed: defaults filled in, references followed, values judged together.

use crate::error::{ConfigError, Source};
use crate::raw::{self, Codec, EngineKind, File};
use crate::value::PtimeMs;
use crate::{Agent, Config, DEFAULT, Engine, Media, Recording, ShardCount, Sip, Trunk};
use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;
use talkpath_dialplan::{Action, Admission, Condition, Route};
use talkpath_media::g711::Law;
use talkpath_sip::digest::Credentials;
use talkpath_speech::builtin;
use toml::Spanned;

/// How long a registration lasts where nothing is written, in seconds.
const EXPIRES: u32 = 300;
/// Registrations that last less would do nothing but register.
const MIN_EXPIRES: u32 = 30;
/// The largest code point that fits into six bits (RFC 2474 §3).
const MAX_DSCP: u8 = 63;

pub(crate) fn resolve(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let source = Source { text, path };
    let written = read(source)?;
    let shipped = Source { text: DEFAULT, path: Path::new("default.toml") };
    let defaults = read(shipped)?;
    let trunks = written.trunk.into_iter().map(|trunk| resolve_trunk(trunk, source)).collect::<Result<Vec<_>, _>>()?;
    // An error in agents or routes points into the file that they were taken from.
    let (agents, agents_source) = pick(written.agent, source, defaults.agent, shipped);
    let agents = agents.into_iter().map(|agent| resolve_agent(agent, agents_source)).collect::<Result<Vec<_>, _>>()?;
    refuse_twins(&agents, source)?;
    let (routes, routes_source) = pick(written.route, source, defaults.route, shipped);
    let routes = routes
        .into_iter()
        .map(|route| resolve_route(route, &agents, &trunks, routes_source))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Config {
        sip: resolve_sip(written.sip, defaults.sip, source)?,
        media: resolve_media(written.media, defaults.media, source)?,
        recording: resolve_recording(written.recording, defaults.recording),
        drain: Duration::from_secs(or(written.shutdown.drain, defaults.shutdown.drain).into()),
        trunks,
        agents,
        routes,
    })
}

fn read(source: Source<'_>) -> Result<File, ConfigError> {
    toml::from_str(source.text).map_err(|error| source.invalid(error.span(), error.message()))
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
fn or<T: Default>(written: Option<T>, default: Option<T>) -> T {
    written.or(default).unwrap_or_default()
}

fn resolve_sip(written: raw::Sip, default: raw::Sip, source: Source<'_>) -> Result<Sip, ConfigError> {
    let listen = written.listen.or(default.listen);
    let span = listen.as_ref().map(Spanned::span);
    let listen: Vec<_> = listen.map(Spanned::into_inner).unwrap_or_default();
    if listen.is_empty() {
        return Err(source.invalid(span, "nothing is listened on; write at least one \"udp://ADDRESS:PORT\""));
    }
    let allow = or(written.allow, default.allow);
    Ok(Sip {
        listen: listen.into_iter().map(|listen| listen.0).collect(),
        external: written.external,
        admission: Admission { allow: allow.into_iter().map(|source| source.0).collect() },
        max_calls: usize::try_from(or(written.max_calls, default.max_calls)).unwrap_or(usize::MAX),
    })
}

fn resolve_media(written: raw::Media, default: raw::Media, source: Source<'_>) -> Result<Media, ConfigError> {
    let codecs = written.codecs.or(default.codecs);
    let span = codecs.as_ref().map(Spanned::span);
    let laws: Vec<Law> = codecs.map(Spanned::into_inner).unwrap_or_default().into_iter().map(law).collect();
    if laws.is_empty() {
        return Err(source.invalid(span, "no codec is left; write \"PCMU\", \"PCMA\" or both"));
    }
    let dscp = written.dscp.or(default.dscp);
    let (dscp_span, dscp) = (dscp.as_ref().map(Spanned::span), dscp.map_or(0, Spanned::into_inner));
    if dscp > MAX_DSCP {
        return Err(source.invalid(dscp_span, format!("a code point is 0 to {MAX_DSCP}, not {dscp}")));
    }
    let shards = or(written.shards, default.shards);
    Ok(Media {
        rtp_ports: written.rtp_ports.or(default.rtp_ports).unwrap_or(crate::RtpPorts::Any),
        laws,
        ptime_ms: written.ptime.or(default.ptime).unwrap_or(PtimeMs(20)).0,
        dscp,
        shards: NonZeroUsize::new(shards.into()).map_or(ShardCount::OnePerCore, ShardCount::Fixed),
        realtime: or(written.realtime, default.realtime),
        timeout: Duration::from_secs(or(written.timeout, default.timeout).into()),
    })
}

fn law(codec: Codec) -> Law {
    match codec {
        Codec::Pcmu => Law::Mu,
        Codec::Pcma => Law::A,
    }
}

fn resolve_recording(written: raw::Recording, default: raw::Recording) -> Recording {
    Recording { enabled: or(written.enabled, default.enabled), directory: or(written.directory, default.directory) }
}

fn resolve_trunk(trunk: raw::Trunk, source: Source<'_>) -> Result<Trunk, ConfigError> {
    let raw::Trunk { name, registrar, username, password, auth_username, register, expires, peers } = trunk;
    let (expires_span, expires) = (expires.as_ref().map(Spanned::span), expires.map_or(EXPIRES, Spanned::into_inner));
    if expires < MIN_EXPIRES {
        let problem = format!("a registration lasts {MIN_EXPIRES} seconds at least, not {expires}");
        return Err(source.invalid(expires_span, problem));
    }
    let credentials = password.map(|password| Credentials {
        username: auth_username.unwrap_or_else(|| username.clone()),
        password: password.0,
        realm: None,
    });
    Ok(Trunk {
        name: name.into_inner(),
        registrar: registrar.0,
        username,
        credentials,
        register: register.unwrap_or(true),
        expires: Duration::from_secs(expires.into()),
        peers: peers.into_iter().map(|peer| peer.0).collect(),
    })
}

fn resolve_agent(agent: raw::Agent, source: Source<'_>) -> Result<Agent, ConfigError> {
    let span = agent.turn.as_ref().map(Spanned::span);
    let turn = agent.turn.map(Spanned::into_inner).unwrap_or_default().resolve();
    turn.check().map_err(|error| source.invalid(span, error.to_string()))?;
    let EngineKind::Builtin = agent.engine;
    let mut settings = builtin::Settings::default();
    if let Some(greeting) = agent.greeting {
        settings.greeting = greeting;
    }
    if let Some(interruptible) = agent.greeting_interruptible {
        settings.greeting_interruptible = interruptible;
    }
    if let Some(lead_in) = agent.parrot_lead_in {
        settings.parrot_lead_in = (!lead_in.is_empty()).then_some(lead_in);
    }
    Ok(Agent {
        name: agent.name.into_inner(),
        engine: Engine::Builtin(settings),
        turn,
        ring: Duration::from_millis(agent.ring.unwrap_or_default().into()),
    })
}

fn refuse_twins(agents: &[Agent], source: Source<'_>) -> Result<(), ConfigError> {
    let mut names = HashSet::new();
    match agents.iter().find(|agent| !names.insert(&agent.name)) {
        Some(twin) => Err(source.invalid(None, format!("two agents are called \"{}\"", twin.name))),
        None => Ok(()),
    }
}

fn resolve_route(
    route: raw::Route,
    agents: &[Agent],
    trunks: &[Trunk],
    source: Source<'_>,
) -> Result<Route, ConfigError> {
    let raw::Route { name, condition, action } = route;
    let sources = |list: Vec<crate::value::Cidr>| list.into_iter().map(|source| source.0).collect();
    let condition = Condition {
        source: condition.source.map(sources),
        trunk: condition.trunk.map(|trunk| known_trunk(trunk, trunks, source)).transpose()?,
        from: condition.from.map(|number| number.0),
        to: condition.to.map(|number| number.0),
    };
    let action = match action {
        raw::Action::Agent(agent) => Action::Agent(known(agent, agents, source)?),
        raw::Action::Reject(reject) => rejection(reject, source)?,
    };
    Ok(Route { name, condition, action })
}

fn known(agent: Spanned<String>, agents: &[Agent], source: Source<'_>) -> Result<String, ConfigError> {
    if agents.iter().any(|known| known.name == *agent.get_ref()) {
        return Ok(agent.into_inner());
    }
    let names: Vec<_> = agents.iter().map(|agent| format!("\"{}\"", agent.name)).collect();
    let problem = format!("there is no agent \"{}\"; there are {}", agent.get_ref(), names.join(", "));
    Err(source.invalid(Some(agent.span()), problem))
}

fn known_trunk(trunk: Spanned<String>, trunks: &[Trunk], source: Source<'_>) -> Result<String, ConfigError> {
    if trunks.iter().any(|known| known.name == *trunk.get_ref()) {
        return Ok(trunk.into_inner());
    }
    Err(source.invalid(Some(trunk.span()), format!("there is no trunk \"{}\"", trunk.get_ref())))
}

fn rejection(reject: raw::Reject, source: Source<'_>) -> Result<Action, ConfigError> {
    let status = *reject.status.get_ref();
    if !(400..700).contains(&status) {
        let problem = format!("a call is rejected with a status from 400 to 699, not {status}");
        return Err(source.invalid(Some(reject.status.span()), problem));
    }
    if reject.reason.as_deref().is_some_and(|reason| reason.contains(['\r', '\n'])) {
        return Err(source.invalid(Some(reject.status.span()), "a reason phrase is one line"));
    }
    Ok(Action::Reject { status, reason: reject.reason })
}
