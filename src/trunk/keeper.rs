//! Keeps one trunk registered while the server serves, and takes the registration back when it stops.
//!
//!   resolve registrar ─► registration machine ─► requests through the SIP driver ─► answers ─► machine
//!                              └─► how it stands, with reasons in words: the log, and whoever watches
//!
//! A registrar of several places is tried at the next one after each failure, and looked up anew when all have failed: it
//! may have moved. When the address has changed at which the registrar sees us, it is told at once.

use super::Trunk;
use super::standing::{Registered, Registration};
use crate::call::{Context, Phase};
use crate::net::sip::{SipHandle, Way};
use anyhow::Context as _;
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_sip::agent::Protocol;
use talkpath_sip::message::{Host, NameAddr, Request, Response, Uri};
use talkpath_sip::registration::{self, Failure, KeepAlive, Output, State};
use tokio::sync::mpsc;
use tracing::{info, warn};

/// How long after a registrar's name could not be found it is looked up again.
const LOOK_UP_AGAIN: Duration = Duration::from_secs(30);
/// How often our own address is looked at: it may change while everything goes well.
const LOOK_AT_OURSELVES: Duration = Duration::from_secs(30);
/// Answers that may wait for the task: one REGISTER, one OPTIONS, one ping and one connection are under way at most.
const ANSWERS: usize = 8;
/// Keep-alives of a connection (RFC 5626 §4.4.1).
const STREAM_KEEP_ALIVE: Duration = Duration::from_secs(95);

/// Keeps a trunk registered until the server drains.
pub(crate) async fn keep(trunk: Arc<Trunk>, sip: SipHandle, context: Arc<Context>) {
    let Some(registrar) = trunk.settings.registrar.clone() else { return };
    let Some(ways) = find(&trunk, &registrar, &context).await else { return };
    let (tell, answers) = mpsc::channel(ANSWERS);
    let made = Keeper::new(trunk, registrar, ways, sip, tell);
    match made {
        Ok(keeper) => keeper.run(answers, &context).await,
        Err((trunk, error)) => {
            warn!(trunk = trunk.settings.name, "this trunk can't be registered: {error:#}");
            trunk.standing.send_modify(|standing| standing.registered = Registered::No(format!("{error:#}")));
        }
    }
}

/// Looks the registrar up until it is found; none when the server stops meanwhile.
async fn find(trunk: &Trunk, registrar: &Uri, context: &Context) -> Option<Vec<Way>> {
    loop {
        let error = match context.resolver.resolve(registrar).await {
            Ok(ways) => {
                trunk.note_places(ways.iter().map(|way| way.peer().ip()));
                return Some(ways);
            }
            Err(error) => error,
        };
        warn!(trunk = trunk.settings.name, "not registered: {error:#}");
        trunk.standing.send_modify(|standing| standing.registered = Registered::No(format!("{error:#}")));
        tokio::select! {
            () = tokio::time::sleep(LOOK_UP_AGAIN) => {}
            () = context.reached(Phase::Draining) => return None,
        }
    }
}

/// Our Contact by a way: without a user, which the registration adds.
fn contact(sip: &SipHandle, way: Way) -> anyhow::Result<Uri> {
    let own = sip.local(way).with_context(|| {
        let protocol = way.protocol().token().to_ascii_lowercase();
        format!("no listener leads to {}: add \"{protocol}://...\" of its address family to sip.listen", way.peer())
    })?;
    let contact = Uri::sip(None, &Host::from(own.ip()), Some(own.port())).context("our own address makes no URI")?;
    match way.protocol() {
        Protocol::Udp => Ok(contact),
        Protocol::Tcp => contact.with_param("transport", Some("tcp")).context("our own address makes no URI"),
    }
}

/// What came back for what we sent, or happened to its way.
enum Answer {
    Register(Result<Response, Failure>),
    Alive,
    Lost,
}

struct Keeper {
    trunk: Arc<Trunk>,
    registrar: Uri,
    /// The places of the registrar, and which of them it is at present.
    ways: Vec<Way>,
    place: usize,
    /// Where we said last that we are.
    contact: Uri,
    sip: SipHandle,
    registration: registration::Registration,
    tell: mpsc::Sender<Answer>,
    /// A connection is being watched.
    watching: bool,
}

impl Keeper {
    fn new(
        trunk: Arc<Trunk>,
        registrar: Uri,
        ways: Vec<Way>,
        sip: SipHandle,
        tell: mpsc::Sender<Answer>,
    ) -> Result<Self, (Arc<Trunk>, anyhow::Error)> {
        let made = ways.first().context("the registrar has no address").and_then(|way| {
            let contact = contact(&sip, *way)?;
            Ok((registration(&trunk, &registrar, *way, contact.clone())?, contact))
        });
        match made {
            Ok((registration, contact)) => {
                Ok(Self { trunk, registrar, ways, place: 0, contact, sip, registration, tell, watching: false })
            }
            Err(error) => Err((trunk, error)),
        }
    }

    async fn run(mut self, mut answers: mpsc::Receiver<Answer>, context: &Context) {
        self.registration.register(Instant::now());
        let mut leaving = false;
        let mut look = tokio::time::interval(LOOK_AT_OURSELVES);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let wake = self.drain();
            if leaving && matches!(self.registration.state(), State::Unregistered) {
                return;
            }
            let wake = wake.unwrap_or_else(|| Instant::now() + LOOK_AT_OURSELVES);
            tokio::select! {
                Some(answer) = answers.recv() => self.take(answer, context).await,
                () = tokio::time::sleep_until(wake.into()) => self.registration.handle_timeout(Instant::now()),
                _ = look.tick(), if !leaving => self.look_at_ourselves(),
                () = context.reached(Phase::Draining), if !leaving => {
                    leaving = true;
                    self.registration.unregister(Instant::now());
                }
            }
        }
    }

    fn way(&self) -> Option<Way> {
        self.ways.get(self.place).or(self.ways.first()).copied()
    }

    async fn take(&mut self, answer: Answer, context: &Context) {
        match answer {
            Answer::Register(Ok(response)) => {
                let now = Instant::now();
                self.registration.handle_response(&response, now);
                if response.status.is_success() && self.registration.is_bound(now) {
                    self.bound();
                }
            }
            Answer::Register(Err(failure)) => {
                self.registration.handle_failure(failure, Instant::now());
                self.try_elsewhere(context).await;
            }
            Answer::Alive => self.registration.handle_keep_alive(),
            Answer::Lost => {
                self.watching = false;
                self.registration.handle_flow_lost(Instant::now());
            }
        }
    }

    /// A place of the registrar has failed: the next try goes to the next, and after the last all are looked up anew.
    async fn try_elsewhere(&mut self, context: &Context) {
        self.place += 1;
        if self.place >= self.ways.len() {
            self.place = 0;
            if let Ok(ways) = context.resolver.resolve(&self.registrar).await {
                self.trunk.note_places(ways.iter().map(|way| way.peer().ip()));
                self.ways = ways;
            }
        }
        self.watching = false;
    }

    /// Says where we are, if that has changed.
    fn look_at_ourselves(&mut self) {
        let Some(Ok(contact)) = self.way().map(|way| contact(&self.sip, way)) else { return };
        if contact != self.contact {
            info!(trunk = self.trunk.settings.name, %contact, "our address has changed");
            self.registration.set_contact(&contact, Instant::now());
            self.contact = contact;
        }
    }

    /// The registrar holds a binding for us.
    fn bound(&mut self) {
        let Some(way) = self.way() else { return };
        let registration = Registration {
            contact: self.registration.contact().clone(),
            service_route: self.registration.service_route().to_vec(),
            way,
        };
        self.trunk.state().registration = Some(registration);
        self.trunk.standing.send_modify(|standing| standing.registrations += 1);
        if way.protocol() == Protocol::Tcp && !self.watching {
            self.watching = true;
            let (sip, tell) = (self.sip.clone(), self.tell.clone());
            tokio::spawn(async move {
                sip.lost(way).await;
                // A task that has ended needs no answer.
                drop(tell.send(Answer::Lost).await);
            });
        }
    }

    fn drain(&mut self) -> Option<Instant> {
        loop {
            match self.registration.poll() {
                Output::Send(request) => self.ask(*request, Answer::Register),
                Output::Options(request) => self.ask(*request, |_| Answer::Alive),
                Output::Ping => self.ping(),
                Output::StateChanged => self.publish(),
                Output::Timeout(wake) => return wake,
            }
        }
    }

    /// Sends a request; its answer comes back through the channel, so that meanwhile the machine goes on.
    fn ask(&mut self, request: Request, answer: impl FnOnce(Result<Response, Failure>) -> Answer + Send + 'static) {
        let (sip, way, tell) = (self.sip.clone(), self.way(), self.tell.clone());
        tokio::spawn(async move {
            let outcome = match way {
                Some(way) => sip.request(way, request).await,
                None => Err(Failure::Transport),
            };
            drop(tell.send(answer(outcome)).await);
        });
    }

    fn ping(&self) {
        let (sip, way, tell) = (self.sip.clone(), self.way(), self.tell.clone());
        tokio::spawn(async move {
            if let Some(way) = way
                && sip.ping(way).await
            {
                drop(tell.send(Answer::Alive).await);
            }
        });
    }

    fn publish(&self) {
        let state = self.registration.state();
        let name = &self.trunk.settings.name;
        let registrar = &self.registrar;
        match state {
            State::Backoff { why, .. } | State::Refused { why } => {
                warn!(trunk = name, %registrar, "not registered: {why}");
            }
            State::Registered { .. } => info!(trunk = name, %registrar, "registered"),
            State::Unregistered | State::Registering | State::Unregistering => {}
        }
        let bound = self.registration.is_bound(Instant::now());
        if !bound {
            self.trunk.state().registration = None;
        }
        let registered = if bound { Registered::Yes } else { Registered::No(words(state)) };
        let user = self.registration.contact_user().to_string();
        self.trunk.standing.send_modify(|standing| {
            standing.registered = registered;
            standing.contact_user = Some(user);
        });
    }
}

fn registration(trunk: &Trunk, registrar: &Uri, way: Way, contact: Uri) -> anyhow::Result<registration::Registration> {
    let settings = &trunk.settings;
    let host = registrar.host().context("the registrar names no host")?;
    let user = settings.username.as_deref().context("it has no username")?;
    let address = Uri::sip(Some(user), &host, registrar.port()).with_context(|| format!("\"{user}\" is no user"))?;
    let mut made = registration::Settings::new(registrar.clone(), NameAddr::new(address), contact);
    made.credentials.clone_from(&settings.credentials);
    made.expires = settings.expires;
    if way.protocol() == Protocol::Tcp {
        // Not every registrar answers pings; a dead connection is found out by what it doesn't acknowledge.
        made.keep_alive = Some(KeepAlive { every: STREAM_KEEP_ALIVE, ..KeepAlive::default() });
    }
    let random = StdRng::try_from_rng(&mut SysRng).context("the system gives no randomness")?;
    Ok(registration::Registration::new(made, random))
}

/// A state without a binding, for people.
fn words(state: &State) -> String {
    match state {
        State::Unregistered => "not wanted now".into(),
        State::Registering => "the registrar is being asked".into(),
        State::Registered { .. } => "the binding has just ended".into(),
        State::Unregistering => "the registration is being taken back".into(),
        State::Backoff { why, .. } => format!("{why}; it is tried again by itself"),
        State::Refused { why } => why.to_string(),
    }
}
