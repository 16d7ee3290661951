//! `[[trunk]]`, `[[group]]`, `[[phone]]`, and how numbers are written and which are forbidden.

use crate::trunk::{CalledHeader, CallerHeader, IdentityHeader};
use crate::value::{Line, Many, Name, Parsed, Secret, Short, SipUri, User};
use serde::Deserialize;
use std::num::NonZeroU32;
use talkpath_dialplan::{Format, Source};
use toml::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Trunk {
    pub(crate) name: Spanned<Name>,
    pub(crate) registrar: Option<SipUri>,
    pub(crate) servers: Option<Many<SipUri>>,
    pub(crate) peers: Option<Many<Parsed<Source>>>,
    pub(crate) username: Option<Line>,
    pub(crate) password: Option<Spanned<Secret>>,
    pub(crate) auth_username: Option<Spanned<Line>>,
    pub(crate) realm: Option<Spanned<Line>>,
    pub(crate) register: Option<Spanned<bool>>,
    pub(crate) expires: Option<Spanned<u32>>,
    pub(crate) challenge: Option<Spanned<bool>>,
    pub(crate) called: Option<CalledHeader>,
    pub(crate) caller: Option<Many<CallerHeader>>,
    pub(crate) identity: Option<IdentityHeader>,
    pub(crate) caller_id: Option<Line>,
    pub(crate) privacy: Option<bool>,
    #[serde(default)]
    pub(crate) numbers: TrunkNumbers,
    pub(crate) max_calls: Option<Spanned<u32>>,
    pub(crate) calls_per_second: Option<Spanned<u32>>,
    pub(crate) options: Option<Spanned<u32>>,
    pub(crate) overload_status: Option<Spanned<u16>>,
    pub(crate) redirects: Option<Spanned<u8>>,
}

/// How numbers are dialled here, and which may not be.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Numbers {
    pub(crate) country: Option<Spanned<String>>,
    pub(crate) international: Option<Spanned<String>>,
    pub(crate) national: Option<Spanned<String>>,
    pub(crate) emergency: Option<Spanned<Vec<String>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrunkNumbers {
    pub(crate) country: Option<Spanned<String>>,
    pub(crate) international: Option<Spanned<String>>,
    pub(crate) national: Option<Spanned<String>>,
    #[serde(default)]
    pub(crate) inbound: Rewrite,
    #[serde(default)]
    pub(crate) outbound: Rewrite,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rewrite {
    pub(crate) strip: Option<u8>,
    pub(crate) prefix: Option<Spanned<String>>,
    pub(crate) format: Option<Spanned<Parsed<Format>>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Forbid {
    pub(crate) name: Line,
    pub(crate) prefixes: Many<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: Spanned<Name>,
    pub(crate) members: Many<Short<String, Member>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    pub(crate) trunk: String,
    pub(crate) priority: Option<u16>,
    pub(crate) weight: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phone {
    pub(crate) user: Spanned<User>,
    pub(crate) password: Secret,
    pub(crate) display: Option<Line>,
    pub(crate) max_contacts: Option<NonZeroU32>,
    pub(crate) min_expires: Option<Spanned<u32>>,
    pub(crate) max_expires: Option<Spanned<u32>>,
}
