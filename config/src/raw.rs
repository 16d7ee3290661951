//! The file as it was written: every key optional, unknown keys refused, values not yet judged together.
//!
//! Single values are judged while they are read, so that an error carries its line and column; what
//! needs two values (a route's agent) is judged in [`crate::resolve`], from spans kept here.

use crate::value::{Cidr, Listen, Number, PtimeMs, RtpPorts, Secret, SipUri};
use serde::Deserialize;
use std::net::IpAddr;
use std::path::PathBuf;
use talkpath_speech::turn;
use toml::Spanned;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[serde(default)]
    pub(crate) sip: Sip,
    #[serde(default)]
    pub(crate) media: Media,
    #[serde(default)]
    pub(crate) recording: Recording,
    #[serde(default)]
    pub(crate) shutdown: Shutdown,
    #[serde(default)]
    pub(crate) trunk: Vec<Trunk>,
    pub(crate) agent: Option<Vec<Agent>>,
    pub(crate) route: Option<Vec<Route>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sip {
    pub(crate) listen: Option<Spanned<Vec<Listen>>>,
    pub(crate) external: Option<IpAddr>,
    pub(crate) allow: Option<Vec<Cidr>>,
    pub(crate) max_calls: Option<u32>,
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
pub(crate) struct Recording {
    pub(crate) enabled: Option<bool>,
    pub(crate) directory: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shutdown {
    pub(crate) drain: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    pub(crate) name: Spanned<String>,
    pub(crate) registrar: SipUri,
    pub(crate) username: String,
    pub(crate) password: Option<Secret>,
    pub(crate) auth_username: Option<String>,
    pub(crate) register: Option<bool>,
    pub(crate) expires: Option<Spanned<u32>>,
    #[serde(default)]
    pub(crate) peers: Vec<Cidr>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agent {
    pub(crate) name: Spanned<String>,
    #[serde(default)]
    pub(crate) engine: EngineKind,
    pub(crate) greeting: Option<String>,
    pub(crate) greeting_interruptible: Option<bool>,
    pub(crate) parrot_lead_in: Option<String>,
    pub(crate) ring: Option<u32>,
    pub(crate) turn: Option<Spanned<Turn>>,
}

/// The engines that an agent may name.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EngineKind {
    #[default]
    Builtin,
}

/// The thresholds of the turn machine, under the names that they have there.
macro_rules! turn {
    ($($field:ident: $kind:ty),* $(,)?) => {
        #[derive(Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Turn {
            $($field: Option<$kind>,)*
        }

        impl Turn {
            /// What was written, over the defaults.
            pub(crate) fn resolve(self) -> turn::Settings {
                let mut settings = turn::Settings::default();
                $(if let Some(value) = self.$field {
                    settings.$field = value;
                })*
                settings
            }
        }
    };
}

turn! {
    suspect_ms: u32,
    likely_ms: u32,
    sure_ms: u32,
    gap_ms: u32,
    resume_after_ms: u32,
    duck_db: f32,
    start_ms: u32,
    preroll_ms: u32,
    end_silence_ms: u32,
    max_turn_ms: u32,
    min_level_dbov: f32,
    noise_margin_db: f32,
    noise_ceiling_dbov: f32,
    echo_window_ms: u32,
    echo_return_loss_db: f32,
    echo_margin_db: f32,
    keys_interrupt: bool,
    key_mask_ms: u32,
    watchdog_ms: u32,
    backchannels: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) name: String,
    #[serde(default, rename = "match")]
    pub(crate) condition: Match,
    pub(crate) action: Action,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    pub(crate) source: Option<Vec<Cidr>>,
    pub(crate) trunk: Option<Spanned<String>>,
    pub(crate) from: Option<Number>,
    pub(crate) to: Option<Number>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Agent(Spanned<String>),
    Reject(Reject),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reject {
    pub(crate) status: Spanned<u16>,
    pub(crate) reason: Option<String>,
}
