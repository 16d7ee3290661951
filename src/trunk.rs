//! Trunks: one task each keeps us registered while the server serves, and takes the registration back when it stops.
//!
//!   resolve registrar ─► registration machine ─► requests through the SIP driver ─► answers ─► machine
//!                              └─► state, with reasons in words: the log, and whoever watches
//!
//! What a registration is, and when it is tried again, is `talkpath_sip::registration`; this is its driver.

use crate::call::{Context, Phase};
use crate::net::resolve::resolve;
use crate::net::sip::{SipHandle, Way};
use anyhow::Context as _;
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use talkpath_config::Trunk;
use talkpath_dialplan::Admission;
use talkpath_sip::agent::Protocol;
use talkpath_sip::message::{Host, NameAddr, Request, Response, Uri};
use talkpath_sip::registration::{Failure, Output, Registration, Settings, State};
use tokio::sync::{mpsc, watch};
use tracing::{info, warn};

/// How long after a registrar's name could not be found it is looked up again.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(30);
/// Answers that may wait for the task: one REGISTER and one OPTIONS are under way at most.
const ANSWERS: usize = 4;

/// Who is served: what the configuration allows, and the registrars that we are registered with, wherever they are today.
#[derive(Debug)]
pub struct Admitted {
    allow: Admission,
    /// Read for each request of a stranger, written when a registrar moves.
    registrars: RwLock<HashSet<IpAddr>>,
}

impl Admitted {
    /// What `allow` says, and the peers of `trunks`.
    #[must_use]
    pub fn new(allow: &Admission, trunks: &[Trunk]) -> Self {
        let mut allow = allow.clone();
        allow.allow.extend(trunks.iter().flat_map(|trunk| &trunk.peers));
        Self { allow, registrars: RwLock::default() }
    }

    /// Whether `source` gets service.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        self.allow.admits(source)
            || self.registrars.read().unwrap_or_else(PoisonError::into_inner).contains(&source.to_canonical())
    }

    fn admit(&self, registrar: IpAddr) {
        self.registrars.write().unwrap_or_else(PoisonError::into_inner).insert(registrar.to_canonical());
    }
}

/// How a trunk stands, for whoever asks.
#[derive(Clone, Debug)]
pub struct TrunkStatus {
    /// Its name.
    pub name: String,
    /// The user part of our Contact: an INVITE for it came by this trunk.
    pub contact_user: Option<String>,
    /// In words.
    pub says: String,
    /// Whether the registrar holds a binding for us.
    pub registered: bool,
    /// How often it said so.
    pub registrations: u64,
}

/// Keeps one trunk registered until the server drains.
pub(crate) async fn keep(trunk: Trunk, sip: SipHandle, context: Arc<Context>, status: watch::Sender<TrunkStatus>) {
    let Some(peer) = find(&trunk, &context, &status).await else { return };
    context.admitted.admit(peer.ip());
    let registration = match registration(&trunk, peer, &sip) {
        Ok(registration) => registration,
        Err(error) => return warn!(trunk = trunk.name, %error, "this trunk can't be registered"),
    };
    let (tell, answers) = mpsc::channel(ANSWERS);
    Keeper { trunk, peer, sip, registration, status, tell }.run(answers, &context).await;
}

/// Looks the registrar up until it is found; none when the server stops meanwhile.
async fn find(trunk: &Trunk, context: &Context, status: &watch::Sender<TrunkStatus>) -> Option<SocketAddr> {
    loop {
        let error = match resolve(&trunk.registrar).await {
            Ok(peer) => return Some(peer),
            Err(error) => error,
        };
        warn!(trunk = trunk.name, "the registrar can't be found: {error:#}");
        status.send_modify(|status| status.says = format!("the registrar can't be found: {error:#}"));
        tokio::select! {
            () = tokio::time::sleep(LOOK_UP_AGAIN) => {}
            () = context.reached(Phase::Draining) => return None,
        }
    }
}

fn registration(trunk: &Trunk, peer: SocketAddr, sip: &SipHandle) -> anyhow::Result<Registration> {
    let own = sip.local(Way::To(peer, Protocol::Udp)).context("no listener of sip.listen leads there; add one")?;
    let contact = Uri::sip(None, &Host::from(own.ip()), Some(own.port())).context("our own address makes no URI")?;
    let mut settings = Settings::new(trunk.registrar.clone(), address(trunk)?, contact);
    settings.credentials.clone_from(&trunk.credentials);
    settings.expires = trunk.expires;
    let random = StdRng::try_from_rng(&mut SysRng).context("the system gives no randomness")?;
    Ok(Registration::new(settings, random))
}

/// Who we are at a trunk: its user at the registrar's domain.
///
/// # Errors
/// When user and registrar make no URI.
pub fn address(trunk: &Trunk) -> anyhow::Result<NameAddr> {
    Ok(NameAddr::new(at(trunk, &trunk.username)?))
}

/// A user or number at a trunk's domain.
///
/// # Errors
/// When they make no URI.
pub fn at(trunk: &Trunk, user: &str) -> anyhow::Result<Uri> {
    let host = trunk.registrar.host().context("the registrar names no host")?;
    Uri::sip(Some(user), &host, trunk.registrar.port())
        .with_context(|| format!("\"{user}\" is no user of {}", trunk.registrar))
}

/// What came back for what we sent.
enum Answer {
    Register(Result<Response, Failure>),
    Options,
}

struct Keeper {
    trunk: Trunk,
    peer: SocketAddr,
    sip: SipHandle,
    registration: Registration,
    status: watch::Sender<TrunkStatus>,
    tell: mpsc::Sender<Answer>,
}

impl Keeper {
    async fn run(mut self, mut answers: mpsc::Receiver<Answer>, context: &Context) {
        self.registration.register(Instant::now());
        let mut leaving = false;
        loop {
            let wake = self.drain();
            if leaving && matches!(self.registration.state(), State::Unregistered) {
                return;
            }
            let wake = wake.unwrap_or_else(|| Instant::now() + LOOK_UP_AGAIN);
            tokio::select! {
                Some(answer) = answers.recv() => self.take(answer),
                () = tokio::time::sleep_until(wake.into()) => self.registration.handle_timeout(Instant::now()),
                () = context.reached(Phase::Draining), if !leaving => {
                    leaving = true;
                    self.registration.unregister(Instant::now());
                }
            }
        }
    }

    fn take(&mut self, answer: Answer) {
        let now = Instant::now();
        match answer {
            Answer::Register(Ok(response)) => {
                self.registration.handle_response(&response, now);
                if response.status.is_success() && self.registration.is_bound(now) {
                    self.status.send_modify(|status| status.registrations += 1);
                }
            }
            Answer::Register(Err(failure)) => self.registration.handle_failure(failure, now),
            Answer::Options => self.registration.handle_keep_alive(),
        }
    }

    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.registration.poll() {
                Output::Send(request) => self.ask(*request, Answer::Register),
                Output::Options(request) => self.ask(*request, |_| Answer::Options),
                Output::Ping => self.ping(),
                Output::StateChanged => self.publish(),
                Output::Timeout(wake) => return wake,
            }
        }
    }

    /// Sends a request; its answer comes back through the channel, so that meanwhile the machine goes on.
    fn ask(&self, request: Request, answer: impl FnOnce(Result<Response, Failure>) -> Answer + Send + 'static) {
        let (sip, peer, tell) = (self.sip.clone(), self.peer, self.tell.clone());
        tokio::spawn(async move {
            let outcome = sip.request(Way::To(peer, Protocol::Udp), request).await;
            // A task that has ended needs no answer.
            drop(tell.send(answer(outcome)).await);
        });
    }

    fn ping(&self) {
        let (sip, way, tell) = (self.sip.clone(), Way::To(self.peer, Protocol::Udp), self.tell.clone());
        tokio::spawn(async move {
            if sip.ping(way).await {
                drop(tell.send(Answer::Options).await);
            }
        });
    }

    fn publish(&self) {
        let state = self.registration.state();
        let name = &self.trunk.name;
        match state {
            State::Backoff { why, .. } | State::Refused { why } => {
                warn!(trunk = name, registrar = %self.peer, "not registered: {why}");
            }
            State::Registered { .. } => info!(trunk = name, registrar = %self.peer, "registered"),
            State::Unregistered | State::Registering | State::Unregistering => {}
        }
        let (says, user) = (words(state), self.registration.contact_user().to_string());
        let registered = self.registration.is_bound(Instant::now());
        self.status.send_modify(|status| {
            status.says = says;
            status.contact_user = Some(user);
            status.registered = registered;
        });
    }
}

/// A state, for people.
fn words(state: &State) -> String {
    match state {
        State::Unregistered => "not registered".into(),
        State::Registering => "registering".into(),
        State::Registered { .. } => "registered".into(),
        State::Unregistering => "taking the registration back".into(),
        State::Backoff { why, .. } => format!("not registered: {why}; tried again by itself"),
        State::Refused { why } => format!("not registered: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use talkpath_dialplan::Source;

    #[test]
    fn a_registrar_is_served_from_the_moment_it_is_known() {
        let admitted = Admitted::new(&Admission { allow: vec![Source::Loopback] }, &[]);
        let registrar: IpAddr = [203, 0, 113, 5].into();
        assert!(!admitted.admits(registrar));
        admitted.admit(registrar);
        assert!(admitted.admits(registrar));
        assert!(admitted.admits("::ffff:203.0.113.5".parse().unwrap()));
    }
}
