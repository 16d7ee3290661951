//! Finding out what is wrong with a trunk: names, reachability, password, codecs, one after the other, each told in words.

use super::health::{ask, options};
use crate::call::{CallId, Callee, Cast, Disposition, Outgoing, Wanted};
use crate::net::resolve::Resolver;
use crate::net::sip::{SipHandle, Way};
use crate::server::Server;
use crate::trunk::Caller;
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::Trunk as Settings;
use talkpath_dialplan::DispositionKind;
use talkpath_media::g711::Law;
use talkpath_media::sdp;
use talkpath_sip::digest::{Client, Next};
use talkpath_sip::message::{CSeq, Contacts, HeaderName, Method, NameAddr, Request, Response, StatusCode, Uri};

/// How many places of one name are looked at.
const PLACES: usize = 4;
/// Requests of one query: a proxy, a registrar and a stale nonce.
const MOST_REQUESTS: u32 = 5;
/// How long a call that tests a trunk may ring.
const RING: Duration = Duration::from_secs(20);
/// What it plays when it is answered: nothing, for this many samples.
const NOTHING: usize = 8_000;

/// One thing that was found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is as it should be.
    Good(String),
    /// It isn't; what it is and what to do.
    Wrong(String),
    /// It can't be known this way.
    Unknown(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(what) => write!(f, "ok       {what}"),
            Self::Wrong(what) => write!(f, "WRONG    {what}"),
            Self::Unknown(what) => write!(f, "unknown  {what}"),
        }
    }
}

/// Examines `trunk` with the sockets of `server`, which knows it; each finding is told as it comes. `number` is called, if there is one.
/// Whether nothing is wrong.
pub async fn examine(server: &Server, trunk: &Settings, number: Option<&str>, mut tell: impl FnMut(&Finding)) -> bool {
    let examiner = Examiner { sip: server.sip(), resolver: &server.context().resolver, trunk };
    let mut well = true;
    let mut tell = |finding: Finding| {
        well &= !matches!(finding, Finding::Wrong(_));
        tell(&finding);
    };
    let mut codecs = None;
    for place in places(trunk) {
        let ways = match examiner.resolver.resolve(place).await {
            Ok(ways) => ways,
            Err(error) => {
                tell(Finding::Wrong(format!("name: {error:#}")));
                continue;
            }
        };
        if place.host().is_some_and(|host| host.ip().is_none()) {
            let shown: Vec<_> = ways.iter().map(shown).collect();
            tell(Finding::Good(format!("name: {place} leads to {}", shown.join(", "))));
        }
        let mut alive = None;
        for way in ways.iter().take(PLACES) {
            match examiner.options(*way, place).await {
                Ok((finding, laws)) => {
                    tell(finding);
                    codecs = codecs.or(laws);
                    alive = alive.or(Some(*way));
                }
                Err(finding) => tell(finding),
            }
        }
        if let Some(way) = alive
            && trunk.registrar.as_ref() == Some(place)
        {
            tell(examiner.password(way, place).await);
        }
    }
    match number {
        Some(number) => tell(call(server, trunk, number).await),
        None => tell(spoken(codecs)),
    }
    well
}

/// Where it is: its registrar first.
fn places(trunk: &Settings) -> Vec<&Uri> {
    let mut places: Vec<_> = trunk.registrar.iter().collect();
    places.extend(trunk.servers.iter().filter(|server| trunk.registrar.as_ref() != Some(server)));
    places
}

fn shown(way: &Way) -> String {
    format!("{}://{}", way.protocol().token().to_ascii_lowercase(), way.peer())
}

/// What a trunk's answer to OPTIONS says of its codecs.
fn spoken(codecs: Option<Vec<Law>>) -> Finding {
    match codecs {
        Some(laws) if laws.is_empty() => Finding::Wrong(
            "codec: its answer to OPTIONS names neither PCMU nor PCMA; allow one of them for us there".to_owned(),
        ),
        Some(laws) => {
            let names: Vec<_> = laws.iter().map(|law| law.encoding_name()).collect();
            Finding::Good(format!("codec: it says that it speaks {}", names.join(" and ")))
        }
        None => Finding::Unknown("codec: only a call shows; add --call with a number that may ring".to_owned()),
    }
}

struct Examiner<'a> {
    sip: &'a SipHandle,
    resolver: &'a Resolver,
    trunk: &'a Settings,
}

impl Examiner<'_> {
    /// Whether one place answers, and which codecs it names.
    async fn options(&self, way: Way, server: &Uri) -> Result<(Finding, Option<Vec<Law>>), Finding> {
        let (response, after) = ask(self.sip, way, server)
            .await
            .map_err(|why| Finding::Wrong(format!("firewall: {} gives no answer: {why}", shown(&way))))?;
        let (status, reason) = (response.status, &response.reason);
        let told =
            format!("{} answers OPTIONS after {} ms: {} {reason}", shown(&way), after.as_millis(), status.code());
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return Err(Finding::Wrong(format!("health: {told}; it takes no calls now")));
        }
        let described = status.is_success() && !response.body.is_empty();
        let laws = described.then(|| sdp::described_laws(&response.body));
        Ok((Finding::Good(format!("network: {told}")), laws))
    }

    /// Whether the registrar believes us: it is asked for our bindings (RFC 3261 §10.2.3), which changes none.
    async fn password(&self, way: Way, registrar: &Uri) -> Finding {
        let Some(credentials) = self.trunk.credentials.clone() else {
            return Finding::Unknown("password: none is configured, so none was tried".to_owned());
        };
        let user = credentials.username.clone();
        match self.query(way, registrar, Client::new(credentials)).await {
            Ok(response) if response.status.is_success() => {
                let bindings = match response.headers.contacts() {
                    Ok(Contacts::Addresses(contacts)) => contacts.len(),
                    Ok(Contacts::Star) | Err(_) => 0,
                };
                let plural = if bindings == 1 { "" } else { "s" };
                Finding::Good(format!(
                    "password: accepted for \"{user}\", who has {bindings} registration{plural} there now"
                ))
            }
            Ok(response) => Finding::Wrong(format!("password: {}", refused(&response, &user))),
            Err(why) => Finding::Wrong(format!("password: {why}")),
        }
    }

    async fn query(&self, way: Way, registrar: &Uri, mut client: Client) -> Result<Response, String> {
        let user = self.trunk.username.as_deref();
        let mut request = options(self.sip, way, registrar).ok_or("no listener leads there")?;
        let host = registrar.host().ok_or("the registrar names no host")?;
        let own = NameAddr::new(Uri::sip(user, &host, registrar.port()).map_err(|error| error.to_string())?);
        request.method = Method::Register;
        request.headers.remove(&HeaderName::Contact);
        request.headers.set(HeaderName::From, own.clone().with_tag("examined").to_text());
        request.headers.set(HeaderName::To, own.to_text());
        let mut rng: StdRng = StdRng::try_from_rng(&mut SysRng).map_err(|error| error.to_string())?;
        for number in 1..=MOST_REQUESTS {
            request.headers.set(HeaderName::CSeq, &CSeq::new(number, Method::Register));
            client.authorize(&mut request);
            let response = self.ask(way, &request).await?;
            match client.handle_response(&request, &response, &mut rng) {
                Ok(Next::Retry) => {}
                Ok(Next::Done) => return Ok(response),
                Err(refusal) => return Err(refusal.to_string()),
            }
        }
        Err("it asks again and again who we are".to_owned())
    }

    async fn ask(&self, way: Way, request: &Request) -> Result<Response, String> {
        let answer = self.sip.request(way, request.clone()).await;
        answer.map_err(|_| format!("{} answers OPTIONS but not REGISTER; is it a registrar?", shown(&way)))
    }
}

fn refused(response: &Response, user: &str) -> String {
    let told = format!("{} {}", response.status.code(), response.reason);
    match response.status.code() {
        403 => format!("the registrar forbids it ({told}): is \"{user}\" allowed to register, and from this address?"),
        404 => format!("the registrar knows no \"{user}\" ({told}): check username and domain"),
        _ => format!("the registrar refuses ({told})"),
    }
}

/// Calls a number, and hangs up when somebody answers.
async fn call(server: &Server, trunk: &Settings, number: &str) -> Finding {
    let wanted = Wanted::Trunk { name: trunk.name.clone(), number: number.to_owned() };
    let outgoing = Outgoing {
        to: Callee::Wanted(wanted, Caller::default()),
        cast: Cast::playing(Arc::from(vec![0; NOTHING]), server.context()).recorded(false),
        ring: RING,
    };
    let disposition = server.place_until(CallId::new(), outgoing, std::future::pending()).await;
    let told = format!("call: {number}: {disposition}");
    match (disposition.kind(), disposition) {
        (_, Disposition::Refused { status, .. }) if matches!(status.code(), 415 | 488 | 606) => {
            Finding::Wrong(format!(
                "codec: {number}: {} {}: no codec in common; allow PCMU or PCMA for us there",
                status.code(),
                status.default_reason()
            ))
        }
        (DispositionKind::Answered | DispositionKind::Busy | DispositionKind::NoAnswer, _) => Finding::Good(told),
        _ => Finding::Wrong(told),
    }
}
