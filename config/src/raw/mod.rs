//! The file as it was written: every key optional, unknown keys refused, values not yet judged together.
//!
//! Single values are judged while they are read, so that an error carries its line and column; what
//! needs two values (a route's agent) is judged in [`crate::resolve`], from spans kept here.

mod action;
mod agent;
mod engine;
mod tool;
mod trunk;

pub(crate) use action::{
    Action, Day, Dial, DialTable, Header, Match, Menu, Pin, PinTable, Prompt, PromptFile, Reject, Route, Time, Window,
    Word,
};
pub(crate) use agent::{Agent, Fallback, Idle, Prompts, Scalar};
#[cfg(test)]
pub(crate) use engine::TurnEndTable;
pub(crate) use engine::{
    Audio, Dialect, Engine, EngineKind, Finder, Headers, ModelOrNone, Redial, Service, Transcription, TurnEnd,
};
pub(crate) use tool::Tool;
pub(crate) use trunk::{Forbid, Group, Member, Numbers, Phone, Rewrite, Trunk, TrunkNumbers};

use crate::value::{Listen, NameServer, Parsed, PtimeMs, RtpPorts, Secret};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use talkpath_dialplan::Source;
use talkpath_sip::digest::Algorithm;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) sip: Sip,
    #[serde(default)]
    pub(crate) media: Media,
    #[serde(default)]
    pub(crate) http: Http,
    #[serde(default)]
    pub(crate) recording: Recording,
    #[serde(default)]
    pub(crate) shutdown: Shutdown,
    #[serde(default)]
    pub(crate) numbers: Numbers,
    #[serde(default)]
    pub(crate) forbid: Vec<Forbid>,
    #[serde(default)]
    pub(crate) trunk: Vec<Trunk>,
    #[serde(default)]
    pub(crate) group: Vec<Group>,
    #[serde(default)]
    pub(crate) phone: Vec<Phone>,
    #[serde(default)]
    pub(crate) menu: Vec<Menu>,
    #[serde(default)]
    pub(crate) engine: Vec<Engine>,
    #[serde(default)]
    pub(crate) tool: Vec<Tool>,
    pub(crate) agent: Option<Vec<Agent>>,
    pub(crate) route: Option<Vec<Route>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sip {
    pub(crate) listen: Option<Spanned<Vec<Listen>>>,
    pub(crate) external: Option<IpAddr>,
    pub(crate) allow: Option<Vec<Parsed<Source>>>,
    pub(crate) max_calls: Option<u32>,
    pub(crate) realm: Option<Spanned<String>>,
    pub(crate) digest: Option<Spanned<Vec<Parsed<Algorithm>>>>,
    pub(crate) dns: Option<NameServer>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Media {
    pub(crate) rtp_ports: Option<RtpPorts>,
    pub(crate) codecs: Option<Spanned<Vec<Codec>>>,
    pub(crate) ptime: Option<PtimeMs>,
    pub(crate) dscp: Option<Spanned<u8>>,
    pub(crate) shards: Option<u8>,
    pub(crate) realtime: Option<bool>,
    pub(crate) timeout: Option<u32>,
}

/// The codecs by their names in RFC 3551.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub(crate) enum Codec {
    #[serde(rename = "PCMU")]
    Pcmu,
    #[serde(rename = "PCMA")]
    Pcma,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Http {
    pub(crate) listen: Option<Spanned<String>>,
    pub(crate) key: Option<Spanned<Secret>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recording {
    pub(crate) enabled: Option<bool>,
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shutdown {
    pub(crate) drain: Option<u32>,
}
