//! `POST /api/call/initiate`.

use super::super::Desk;
use super::super::extract::Body;
use super::super::problem::{Kind, Problem};
use crate::call::{Awaited, Brief, CallId, Callee, Cast, Outgoing, Scene, Wanted, web_facts};
use crate::record::CallState;
use crate::trunk::Caller;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderName, StatusCode, header};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use talkpath_config::{Agent, Config};
use talkpath_sip::message::Uri;
use utoipa::ToSchema;

/// How long it rings where nothing is told, in seconds.
const RING: u64 = 30;

/// A call to be placed: to exactly one of `phone_number`, `uri` and `phone`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Initiate {
    /// A number to be dialled through a trunk.
    #[schema(example = "+15550123456")]
    phone_number: Option<String>,
    /// A SIP URI to be called without a trunk.
    #[schema(example = "sip:alice@192.0.2.7")]
    uri: Option<String>,
    /// The user of a telephone that registers with us.
    phone: Option<String>,
    /// The trunk to dial through; the only one, where there is one alone.
    trunk: Option<String>,
    /// The group of trunks to dial through.
    group: Option<String>,
    /// Who talks when they answer; the first agent of the configuration unless told.
    agent: Option<String>,
    /// What a model is told to do, in the place of its agent's prompt; `{{ name }}` stands for a variable.
    prompt: Option<String>,
    /// What is said first, in the place of the agent's greeting.
    greeting: Option<String>,
    /// Values of variables.
    #[serde(default)]
    variables: BTreeMap<String, String>,
    /// The number that the callee sees.
    caller_id: Option<String>,
    /// How many seconds it may ring: 30 unless told.
    #[schema(minimum = 1, maximum = 600)]
    ring_seconds: Option<u64>,
    /// Whether the call is recorded, whatever the configuration says.
    record: Option<bool>,
    /// How the call is reached: by telephone, or by a WebSocket at `/ws/call/{call_id}` that is waited for as long as it may ring. Then
    /// nobody is dialled.
    #[serde(default)]
    leg: LegKind,
}

/// What a call is reached by.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum LegKind {
    /// SIP and RTP.
    #[default]
    Telephone,
    /// A WebSocket of a client.
    Websocket,
}

/// Places a call. It is known at once, under the id of the answer; what becomes of it is told by its state and its events.
#[utoipa::path(
    post, path = "/api/call/initiate", tag = "calls", security(("key" = [])),
    request_body = Initiate,
    responses(
        (status = CREATED, description = "It is being placed; Location is its path", body = CallState),
        (status = BAD_REQUEST, description = "The body is no JSON", body = Problem, content_type = "application/problem+json"),
        (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"),
        (status = FORBIDDEN, description = "The number is not dialled", body = Problem, content_type = "application/problem+json"),
        (status = PAYLOAD_TOO_LARGE, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = UNSUPPORTED_MEDIA_TYPE, description = "The body isn't called JSON", body = Problem, content_type = "application/problem+json"),
        (status = UNPROCESSABLE_ENTITY, description = "Something in it is not possible", body = Problem, content_type = "application/problem+json"),
        (status = SERVICE_UNAVAILABLE, description = "The server takes no new calls", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(in crate::api) async fn initiate(
    State(desk): State<Desk>,
    Body(wanted): Body<Initiate>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<CallState>), Problem> {
    let context = &desk.context;
    let call = CallId::new();
    let to = match wanted.leg {
        LegKind::Telephone => Some(callee(&wanted, &context.config)?),
        LegKind::Websocket => nobody(&wanted)?,
    };
    let agent = agent(wanted.agent.as_deref(), &context.config)?;
    let facts = to.as_ref().map_or_else(web_facts, Callee::facts);
    let brief = Brief { prompt: wanted.prompt, greeting: wanted.greeting, variables: wanted.variables };
    let cast = Cast::of_agent(agent, &brief, Scene { call, facts: &facts, context })
        .map_err(|error| invalid(error.to_string()))?;
    let record = wanted.record.unwrap_or(context.config.recording.enabled);
    let seconds = wanted.ring_seconds.unwrap_or(RING);
    if !(1..=600).contains(&seconds) {
        return Err(invalid(format!("ring_seconds lies between 1 and 600, and isn't {seconds}")));
    }
    let (cast, time) = (cast.recorded(record), Duration::from_secs(seconds));
    let placed = match to {
        Some(to) => desk.placer.place(call, Outgoing { to, cast, ring: time }),
        None => desk.placer.await_caller(call, Awaited { cast, wait: time }),
    };
    if !placed {
        return Err(Problem::new(Kind::Draining, "the server is being stopped"));
    }
    let state = context.records.state(call);
    let state = state.ok_or_else(|| Problem::new(Kind::Draining, "the call was forgotten at once"))?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/api/call/{call}"))], Json(state)))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::Invalid, detail)
}

/// A call by WebSocket is to nobody else.
fn nobody(wanted: &Initiate) -> Result<Option<Callee>, Problem> {
    let Initiate { phone_number, uri, phone, trunk, group, caller_id, .. } = wanted;
    let told = [phone_number, uri, phone, trunk, group, caller_id];
    match told.into_iter().any(Option::is_some) {
        true => Err(invalid(
            "with leg \"websocket\" nobody is dialled: leave out phone_number, uri, phone, trunk, group and caller_id",
        )),
        false => Ok(None),
    }
}

fn agent<'c>(name: Option<&str>, config: &'c Config) -> Result<&'c Agent, Problem> {
    match name {
        Some(name) => config.agent(name).ok_or_else(|| {
            let known = named(config.agents.iter().map(|agent| agent.name.as_str()));
            invalid(format!("there is no agent \"{name}\"; there are {known}"))
        }),
        None => config.agents.first().ok_or_else(|| invalid("the configuration has no agent")),
    }
}

/// Whom to call, and as whom.
fn callee(wanted: &Initiate, config: &Config) -> Result<Callee, Problem> {
    let Initiate { phone_number, uri, phone, trunk, group, caller_id, .. } = wanted;
    let to = match (phone_number, uri, phone) {
        (Some(number), None, None) => through(number, trunk.as_deref(), group.as_deref(), config)?,
        (None, Some(_) | None, Some(_) | None) if trunk.is_some() || group.is_some() => {
            return Err(invalid("trunk and group are for a phone_number"));
        }
        (None, Some(uri), None) => match Uri::parse(uri.clone()) {
            Ok(parsed) if parsed.is_sip() => Wanted::Uri(uri.clone()),
            Ok(_) | Err(_) => return Err(invalid(format!("\"{uri}\" is no SIP URI; write sip:USER@HOST"))),
        },
        (None, None, Some(user)) => match config.phone(user) {
            Some(_) => Wanted::Phone(user.clone()),
            None => return Err(invalid(format!("there is no phone \"{user}\" in the configuration"))),
        },
        _ => return Err(invalid("exactly one of phone_number, uri and phone says whom to call")),
    };
    Ok(Callee::Wanted(to, Caller { number: caller_id.clone().unwrap_or_default(), name: None }))
}

/// A number, by the trunk or group that was named, or the only one there is.
fn through(number: &str, trunk: Option<&str>, group: Option<&str>, config: &Config) -> Result<Wanted, Problem> {
    let number = number.to_owned();
    config
        .numbers
        .restrictions
        .check(&config.numbers.plan, &number)
        .map_err(|why| Problem::new(Kind::Forbidden, why.to_string()))?;
    let trunks = || named(config.trunks.iter().map(|trunk| trunk.name.as_str()));
    match (trunk, group) {
        (Some(_), Some(_)) => Err(invalid("a call goes through a trunk or a group, not both")),
        (Some(name), None) if config.trunk(name).is_some() => Ok(Wanted::Trunk { name: name.to_owned(), number }),
        (Some(name), None) => Err(invalid(format!("there is no trunk \"{name}\"; there are {}", trunks()))),
        (None, Some(name)) if config.group(name).is_some() => Ok(Wanted::Group { name: name.to_owned(), number }),
        (None, Some(name)) => Err(invalid(format!("there is no group \"{name}\""))),
        (None, None) => match &config.trunks[..] {
            [] => Err(invalid(
                "a phone_number is dialled through a trunk, and the configuration has none; write [[trunk]], or a uri",
            )),
            [only] => Ok(Wanted::Trunk { name: only.name.clone(), number }),
            _ => Err(invalid(format!("there are several trunks; write trunk, or group: {}", trunks()))),
        },
    }
}

fn named<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
