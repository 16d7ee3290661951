//! `[[trunk]]`: SIP peers that calls come from and go to.

use crate::error::{ConfigError, Source};
use crate::numbers::{TrunkNumbers, trunk_numbers};
use crate::raw;
use crate::resolve::{seconds, spanned};
use crate::value::values;
use serde::Deserialize;
use std::num::NonZeroU32;
use std::time::Duration;
use talkpath_dialplan::{Caps, NumberPlan};
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::Uri;
use toml::Spanned;

/// How long a registration lasts where nothing is written, in seconds.
const EXPIRES: u32 = 300;
/// Registrations that last less would do nothing but register.
const MIN_EXPIRES: u32 = 30;
/// How often a trunk that isn't registered is asked whether it lives, in seconds.
const OPTIONS: u32 = 60;
/// Probes that come faster tell no more.
const MIN_OPTIONS: u32 = 5;
/// What a trunk is told while we are over load: it knows that another server may do (RFC 3261 §21.5.4).
const OVERLOAD: u16 = 503;
/// From what the network vouches for to what anybody can write.
const CALLER: [CallerHeader; 3] = [CallerHeader::PAssertedIdentity, CallerHeader::RemotePartyId, CallerHeader::From];
/// How many redirections are followed: one leads from a redirect server to the one that takes calls; more lead in circles.
const REDIRECTS: u8 = 1;
/// More would be a loop.
const MAX_REDIRECTS: u8 = 5;

/// A SIP peer: one that we register with, that we call through, or that calls us.
#[derive(Clone, Debug)]
pub struct Trunk {
    /// How routes, logs and errors call it.
    pub name: String,
    /// The registrar, if it has one: a URI without a user.
    pub registrar: Option<Uri>,
    /// Where calls go to, in this order; the registrar where nothing else is written. Empty when it only calls us.
    pub servers: Vec<Uri>,
    /// Whose calls come by this trunk, beside those to our registration. Where several trunks have a peer, the first does.
    pub peers: Vec<talkpath_dialplan::Source>,
    /// Who we are there: the user part of our address.
    pub username: Option<String>,
    /// How we prove it, and (with `challenge`) how its peers do; none where nobody asks.
    pub credentials: Option<Credentials>,
    /// Whether we register; then there are a registrar and a user.
    pub register: bool,
    /// How long a registration is asked to last.
    pub expires: Duration,
    /// Whether calls from its peers must prove that they know the password too.
    pub challenge: bool,
    /// Where it writes whom it calls.
    pub called: CalledHeader,
    /// Where it writes who is calling: the first of these that is there.
    pub caller: Vec<CallerHeader>,
    /// Where we write who pays for a call.
    pub identity: IdentityHeader,
    /// The number that we show, and name in `identity`, where a call has none of its own.
    pub caller_id: Option<String>,
    /// Whether it is asked to hide us from the callee (`Privacy: id`, RFC 3325 §9.3).
    pub privacy: bool,
    /// How numbers are written there.
    pub numbers: TrunkNumbers,
    /// How many calls it carries.
    pub caps: Caps,
    /// How often it is asked whether it lives; never when there is none.
    pub options: Option<Duration>,
    /// What its calls are refused with while we are over load.
    pub overload_status: u16,
    /// How many redirections (3xx) of a call are followed, and only to its own servers and peers.
    pub redirects: u8,
}

/// Which header field holds the called number of an INVITE.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CalledHeader {
    /// The Request-URI; To where that names our registration.
    #[default]
    RequestUri,
    /// To.
    To,
    /// P-Called-Party-ID (RFC 7315 §4.2).
    PCalledPartyId,
    /// Diversion (RFC 5806): the number that was called first.
    Diversion,
}

/// Which header field holds the calling number of an INVITE.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum CallerHeader {
    /// P-Asserted-Identity (RFC 3325 §9.1): who the network says it is.
    PAssertedIdentity,
    /// Remote-Party-ID, which many PBXs still send.
    RemotePartyId,
    /// From: who the caller says it is.
    From,
}

/// Which header field of our INVITEs tells who pays for the call.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum IdentityHeader {
    /// P-Asserted-Identity (RFC 3325 §9.1): the trunk trusts us.
    PAssertedIdentity,
    /// P-Preferred-Identity (RFC 3325 §9.2): it chooses among the numbers that it knows us by.
    PPreferredIdentity,
    /// Remote-Party-ID.
    RemotePartyId,
    /// None beside From.
    #[default]
    None,
}

pub(crate) fn trunk(written: raw::Trunk, home: &NumberPlan, source: Source<'_>) -> Result<Trunk, ConfigError> {
    let login = Login::of(&written, source)?;
    let Way { registrar, servers, peers } = Way::of(&written, source)?;
    Ok(Trunk {
        name: written.name.into_inner().0,
        options: options(written.options, !servers.is_empty(), login.register, source)?,
        registrar,
        servers,
        peers,
        username: written.username.map(|username| username.0),
        credentials: login.credentials,
        register: login.register,
        expires: seconds(written.expires, EXPIRES, MIN_EXPIRES, "a registration lasts", source)?,
        challenge: login.challenge,
        called: written.called.unwrap_or_default(),
        caller: written.caller.map_or_else(|| CALLER.to_vec(), |many| many.values().collect()),
        identity: written.identity.unwrap_or_default(),
        caller_id: written.caller_id.map(|number| number.0),
        privacy: written.privacy.unwrap_or_default(),
        numbers: trunk_numbers(written.numbers, home, source)?,
        caps: Caps { calls: cap(written.max_calls, source)?, per_second: cap(written.calls_per_second, source)? },
        overload_status: status(written.overload_status, source)?,
        redirects: redirects(written.redirects, source)?,
    })
}

/// By which way calls come and go.
struct Way {
    registrar: Option<Uri>,
    servers: Vec<Uri>,
    peers: Vec<talkpath_dialplan::Source>,
}

impl Way {
    fn of(written: &raw::Trunk, source: Source<'_>) -> Result<Self, ConfigError> {
        let registrar = written.registrar.as_ref().map(|uri| uri.0.clone());
        let mut servers: Vec<_> = values(written.servers.clone()).into_iter().map(|uri| uri.0).collect();
        if servers.is_empty() {
            servers.extend(registrar.clone());
        }
        let peers: Vec<_> = values(written.peers.clone()).into_iter().map(|peer| peer.0).collect();
        if servers.is_empty() && peers.is_empty() {
            let name = &written.name.get_ref().0;
            let problem =
                format!("trunk \"{name}\" leads nowhere, and nobody calls by it; write registrar, servers or peers");
            return Err(source.invalid(Some(written.name.span()), problem));
        }
        Ok(Self { registrar, servers, peers })
    }
}

/// Who we are to a trunk, and it to us.
struct Login {
    credentials: Option<Credentials>,
    register: bool,
    challenge: bool,
}

impl Login {
    fn of(written: &raw::Trunk, source: Source<'_>) -> Result<Self, ConfigError> {
        let credentials = Self::credentials(written, source)?;
        let possible = written.registrar.is_some() && written.username.is_some();
        let register = written.register.as_ref().map_or(possible, |register| *register.get_ref());
        if register && !possible {
            let span = written.register.as_ref().map(Spanned::span);
            return Err(source.invalid(span, "to register takes a registrar and a username"));
        }
        let challenge = written.challenge.as_ref().is_some_and(|challenge| *challenge.get_ref());
        if challenge && credentials.is_none() {
            let span = written.challenge.as_ref().map(Spanned::span);
            return Err(source.invalid(span, "peers prove that they know the password; write one"));
        }
        Ok(Self { credentials, register, challenge })
    }

    fn credentials(written: &raw::Trunk, source: Source<'_>) -> Result<Option<Credentials>, ConfigError> {
        let user = written.auth_username.as_ref().map(Spanned::get_ref).or(written.username.as_ref());
        let realm = written.realm.as_ref();
        match (&written.password, user, written.auth_username.as_ref().or(realm)) {
            (Some(password), Some(username), _) => Ok(Some(Credentials {
                username: username.0.clone(),
                password: password.get_ref().0.clone(),
                realm: realm.map(|realm| realm.get_ref().0.clone()),
            })),
            (Some(password), None, _) => {
                Err(source.invalid(Some(password.span()), "a password is somebody's; write username too"))
            }
            (None, _, Some(unused)) => {
                Err(source.invalid(Some(unused.span()), "this does nothing without a password; write password too"))
            }
            (None, _, None) => Ok(None),
        }
    }
}

/// Registered trunks tell by the registration that they live.
fn options(
    written: Option<Spanned<u32>>,
    callable: bool,
    registers: bool,
    source: Source<'_>,
) -> Result<Option<Duration>, ConfigError> {
    let usual = if registers || !callable { 0 } else { OPTIONS };
    let (span, every) = (written.as_ref().map(Spanned::span), written.map_or(usual, Spanned::into_inner));
    if every == 0 {
        return Ok(None);
    }
    if !callable {
        return Err(source.invalid(span, "there is nobody to ask; write registrar or servers, or options = 0"));
    }
    if every < MIN_OPTIONS {
        return Err(source.invalid(span, format!("a trunk is asked every {MIN_OPTIONS} seconds at most, or never (0)")));
    }
    Ok(Some(Duration::from_secs(every.into())))
}

fn cap(written: Option<Spanned<u32>>, source: Source<'_>) -> Result<Option<NonZeroU32>, ConfigError> {
    let (span, cap) = spanned(written);
    let zero = || source.invalid(span.clone(), "a cap of 0 would refuse every call; leave the key out for no cap");
    cap.map(|cap| NonZeroU32::new(cap).ok_or_else(zero)).transpose()
}

fn status(written: Option<Spanned<u16>>, source: Source<'_>) -> Result<u16, ConfigError> {
    let (span, status) = spanned(written);
    match status.unwrap_or(OVERLOAD) {
        status @ 400..700 => Ok(status),
        status => Err(source.invalid(span, format!("a call is refused with a status from 400 to 699, not {status}"))),
    }
}

fn redirects(written: Option<Spanned<u8>>, source: Source<'_>) -> Result<u8, ConfigError> {
    let (span, redirects) = spanned(written);
    match redirects.unwrap_or(REDIRECTS) {
        redirects @ 0..=MAX_REDIRECTS => Ok(redirects),
        more => Err(source.invalid(span, format!("0 to {MAX_REDIRECTS} redirections are followed, not {more}"))),
    }
}

/// The trunk of that name, if calls can be placed through it.
pub(crate) fn callable<'t>(name: &str, trunks: &'t [Trunk]) -> Result<&'t Trunk, String> {
    let known = crate::names::find("trunk", name, trunks, |trunk| &trunk.name)?;
    if known.servers.is_empty() {
        return Err(format!("trunk \"{name}\" only takes calls; to call through it write its servers"));
    }
    Ok(known)
}
