//! Asking a trunk whether it lives: OPTIONS to each of its servers. Any answer is a sign of life, but 503, which asks to be
//! left alone.

use super::Trunk;
use super::standing::Health;
use crate::call::{Context, Phase};
use crate::net::sip::{SipHandle, Way};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_sip::message::{CSeq, HeaderName, Host, Method, NameAddr, Request, Response, StatusCode, Uri};
use talkpath_sip::registration::Failure;
use tracing::{info, warn};

/// How long an answer may take: less than the 32 s of timer F, so that a dead server is known soon.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the trunk's servers again and again, until the server drains.
pub(crate) async fn watch(trunk: Arc<Trunk>, sip: SipHandle, context: Arc<Context>) {
    let Some(every) = trunk.settings.options else { return };
    loop {
        let health = probe_all(&trunk, &sip, &context).await;
        note(&trunk, health);
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = context.reached(Phase::Draining) => return,
        }
    }
}

/// The best that one of its servers does.
async fn probe_all(trunk: &Trunk, sip: &SipHandle, context: &Context) -> Health {
    let mut best = Health::Unknown;
    for server in &trunk.settings.servers {
        let probed = match context.resolver.resolve(server).await {
            Ok(ways) => {
                trunk.note_places(ways.iter().map(|way| way.peer().ip()));
                match ways.first() {
                    Some(way) => probe(sip, *way, server).await,
                    None => Err("it has no address".to_owned()),
                }
            }
            Err(error) => Err(format!("{error:#}")),
        };
        let name = server.to_string();
        match probed {
            Ok(after) => {
                trunk.state().down.remove(&name);
                best = match best {
                    Health::Up(before) => Health::Up(before.min(after)),
                    Health::Unknown | Health::Down(_) => Health::Up(after),
                };
            }
            Err(why) => {
                trunk.state().down.insert(name);
                if !matches!(best, Health::Up(_)) {
                    best = Health::Down(format!("{server}: {why}"));
                }
            }
        }
    }
    best
}

fn note(trunk: &Trunk, health: Health) {
    let before = trunk.standing.borrow().health.clone();
    let name = &trunk.settings.name;
    match (&before, &health) {
        (Health::Up(_) | Health::Unknown, Health::Down(why)) => warn!(trunk = name, "the trunk is down: {why}"),
        (Health::Down(_), Health::Up(_)) => info!(trunk = name, "the trunk is up again"),
        (Health::Unknown, Health::Up(_)) => info!(trunk = name, "the trunk answers"),
        (Health::Up(_), Health::Up(_)) | (Health::Down(_), Health::Down(_)) | (_, Health::Unknown) => {}
    }
    trunk.standing.send_modify(|standing| standing.health = health);
}

/// Sends OPTIONS and says how long its answer took, or why there is none.
async fn probe(sip: &SipHandle, way: Way, server: &Uri) -> Result<Duration, String> {
    match ask(sip, way, server).await? {
        (response, _) if response.status == StatusCode::SERVICE_UNAVAILABLE => {
            Err("it answers 503 Service Unavailable".to_owned())
        }
        (_, after) => Ok(after),
    }
}

/// Sends OPTIONS; what is answered, and after what time.
pub(super) async fn ask(sip: &SipHandle, way: Way, server: &Uri) -> Result<(Response, Duration), String> {
    let asked = Instant::now();
    let request = options(sip, way, server).ok_or("no listener of sip.listen leads there; add one")?;
    match tokio::time::timeout(PATIENCE, sip.request(way, request)).await {
        Ok(Ok(response)) => Ok((response, asked.elapsed())),
        Ok(Err(Failure::Transport)) => Err("the network knows no way to it, or it refuses the connection".to_owned()),
        Ok(Err(Failure::TimedOut)) | Err(_) => {
            Err(format!("{} doesn't answer; check address, port, transport and firewall", way.peer()))
        }
    }
}

/// OPTIONS to a server (RFC 3261 §11.1).
pub(super) fn options(sip: &SipHandle, way: Way, server: &Uri) -> Option<Request> {
    let own = sip.local(way)?;
    let us = Uri::sip(Some("talkpath"), &Host::from(own.ip()), Some(own.port())).ok()?;
    let mut request = Request::new(Method::Options, server.clone());
    let headers = &mut request.headers;
    let word = || format!("{:016x}", rand::random::<u64>());
    headers.push(HeaderName::From, NameAddr::new(us.clone()).with_tag(&word()).to_text());
    headers.push(HeaderName::To, NameAddr::new(server.clone()).to_text());
    headers.push(HeaderName::CallId, format!("{}{}", word(), word()));
    headers.push(HeaderName::CSeq, &CSeq::new(1, Method::Options));
    headers.push(HeaderName::Contact, NameAddr::new(us).to_text());
    headers.push(HeaderName::Accept, "application/sdp");
    Some(request)
}
