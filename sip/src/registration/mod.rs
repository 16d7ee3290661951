//! One registration with one registrar: RFC 3261 §10.2, RFC 3608 (Service-Route), RFC 3327 (Path), and of RFC 5626 the
//! keep-alives.
//!
//!   Unregistered ──register──► Registering ──2xx──► Registered ──refresh, 2xx──► Registered
//!        ▲                        │   ▲                 │
//!        │                  failure   pause over   failure, flow lost
//!        │                        ▼   │                 │
//!        │                       Backoff ◄──────────────┘
//!        └── answer ── Unregistering ◄── unregister     (Refused: only people can mend it)
//!
//! Touches no socket and no clock and owns no transactions: it is driven by the user agent, which sends each
//! [`Output::Send`] through a client transaction (adding Via and User-Agent) and hands back either the final response
//! ([`Registration::handle_response`]) or the failure ([`Registration::handle_failure`]), once.
//!
//! Invariant: after each `handle_*`, [`Registration::register`] and [`Registration::unregister`], drain
//! [`Registration::poll`] until [`Output::Timeout`]. While it is wanted it is bound, or waits for an answer, or has a
//! wake-up, or is Refused and says why.
//!
//! The user part of the Contact is random and no other registration's, so the Request-URI of an inbound call names the
//! trunk ([`Registration::contact_user`]). Requests through the trunk take [`Registration::service_route`] as their
//! route set, and the flow that the REGISTER took.
//!
//! Deviations: redirections are not followed (see [`Why::Redirected`]), and there is no instance-id: one flow a
//! registration.

mod answer;
mod keep_alive;
mod pause;
mod request;
mod response;
mod settings;
mod state;

#[cfg(test)]
mod tests;

pub use self::settings::{KeepAlive, Probe, Settings};
pub use self::state::{State, Why};

use std::collections::VecDeque;
use std::fmt;
use std::time::{Duration, Instant};

use rand::Rng;

use self::keep_alive::{Due, Schedule};
use self::pause::later;
use self::request::Template;
use crate::digest::Client;
use crate::message::{NameAddr, Request, Text, Uri};
use crate::transaction::earliest;

/// Requests in a row without a pause: challenges of a proxy and a registrar, a stale nonce and a 423 need five.
const MAX_HASTE: u8 = 8;

/// What the driver has to do next.
#[derive(Debug)]
pub enum Output {
    /// Send this through a client transaction.
    Send(Box<Request>),
    /// [`Registration::state`] has changed.
    StateChanged,
    /// Send a double CRLF along the registered flow; a pong is [`Registration::handle_keep_alive`].
    Ping,
    /// Send this OPTIONS along the registered flow; any answer is [`Registration::handle_keep_alive`].
    Options(Box<Request>),
    /// Drained. Call [`Registration::handle_timeout`] at this time; `None` when nothing is to come by itself.
    Timeout(Option<Instant>),
}

/// How a request got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Timer F fired (RFC 3261 §17.1.2.2).
    TimedOut,
    /// The transport said no (§17.1.4).
    Transport,
}

/// One registration.
pub struct Registration {
    settings: Settings,
    rng: Box<dyn Rng + Send>,
    digest: Option<Client>,
    template: Template,
    state: State,
    /// Is the binding to be there, or to be gone?
    wanted: bool,
    in_flight: Option<InFlight>,
    /// When to register next.
    due: Option<Instant>,
    /// When the binding that the registrar holds for us ends.
    bound: Option<Instant>,
    /// What is asked for; 423 raises it.
    expires: Duration,
    /// Requests since the last pause.
    haste: u8,
    failures: u32,
    service_route: Vec<NameAddr>,
    keep_alive: Schedule,
    outputs: VecDeque<Output>,
}

/// The request whose answer is awaited. "UAs MUST NOT send a new registration ... until they have received a final
/// response from the registrar for the previous one or the previous REGISTER request has timed out" (§10.2).
#[derive(Debug)]
struct InFlight {
    request: Box<Request>,
    /// The Contact that it binds.
    contact: Uri,
    /// It takes the binding away.
    leaving: bool,
}

impl Registration {
    /// Unregistered, until [`register`](Self::register). `rng` makes Call-ID, tag and Contact user, so it should be a
    /// cryptographic one.
    pub fn new(settings: Settings, rng: impl Rng + Send + 'static) -> Self {
        let mut rng: Box<dyn Rng + Send> = Box::new(rng);
        let template = Template::new(&settings, &mut *rng);
        let longest = Duration::from_secs(u32::MAX.into());
        Self {
            digest: settings.credentials.clone().map(Client::new),
            expires: settings.expires.clamp(Duration::from_secs(1), longest),
            settings,
            rng,
            template,
            state: State::Unregistered,
            wanted: false,
            in_flight: None,
            due: None,
            bound: None,
            haste: 0,
            failures: 0,
            service_route: Vec::new(),
            keep_alive: Schedule::default(),
            outputs: VecDeque::new(),
        }
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The user part of our Contact: an INVITE whose Request-URI has it came by this registration.
    pub fn contact_user(&self) -> &Text {
        &self.template.user
    }

    /// Our Contact, for requests by this registration.
    pub fn contact(&self) -> &Uri {
        &self.template.contact
    }

    /// The route set that the registrar wants for other requests of ours (RFC 3608 §6.1); empty without a binding.
    pub fn service_route(&self) -> &[NameAddr] {
        &self.service_route
    }

    /// Whether the registrar holds a binding for us, also when its refresh has failed for now.
    pub fn is_bound(&self, now: Instant) -> bool {
        self.bound.is_some_and(|until| now < until)
    }

    /// Registers, or refreshes at once; out of Backoff and Refused too.
    pub fn register(&mut self, now: Instant) {
        self.wanted = true;
        self.failures = 0;
        if self.in_flight.is_none() {
            self.begin(now);
        }
    }

    /// Takes the binding away and waits for the answer; Unregistered is the end of it.
    pub fn unregister(&mut self, now: Instant) {
        self.wanted = false;
        self.due = None;
        self.keep_alive.stop();
        match self.in_flight {
            Some(_) => self.become_state(State::Unregistering),
            None => self.leave(now),
        }
    }

    /// Where we are reached has changed: another address, or a new connection. Registers there at once, if wanted; the
    /// binding of before is left to expire.
    pub fn set_contact(&mut self, contact: &Uri, now: Instant) {
        self.template.set_contact(contact);
        if self.wanted && self.in_flight.is_none() && !matches!(self.state, State::Refused { .. }) {
            self.begin(now);
        }
    }

    /// A pong came, or an answer to an OPTIONS.
    pub fn handle_keep_alive(&mut self) {
        self.keep_alive.answered();
    }

    /// Fires what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        match self.keep_alive.fire(self.settings.keep_alive, &mut *self.rng, now) {
            Some(Due::Lost) => self.handle_flow_lost(now),
            Some(Due::Probe(Probe::Crlf)) => self.outputs.push_back(Output::Ping),
            Some(Due::Probe(Probe::Options)) => {
                let options = self.template.options(&self.settings, &mut *self.rng);
                self.outputs.push_back(Output::Options(Box::new(options)));
            }
            None => {}
        }
        if self.bound.is_some_and(|until| until <= now) {
            self.forget_binding();
        }
        if self.due.is_some_and(|due| due <= now) {
            self.begin(now);
        }
    }

    /// What to do next; drain until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        Output::Timeout(earliest(earliest(self.due, self.bound), self.keep_alive.wake_up()))
    }

    /// The first REGISTER after a pause.
    fn begin(&mut self, now: Instant) {
        self.due = None;
        self.haste = 0;
        if !matches!(self.state, State::Registered { .. }) || !self.is_bound(now) {
            self.become_state(State::Registering);
        }
        self.send(false);
    }

    /// Takes the binding away, if there is one.
    fn leave(&mut self, now: Instant) {
        if self.is_bound(now) {
            self.haste = 0;
            self.become_state(State::Unregistering);
            self.send(true);
        } else {
            self.gone(now);
        }
    }

    /// There is no binding, as was wanted; unless that has changed meanwhile.
    fn gone(&mut self, now: Instant) {
        self.forget_binding();
        self.become_state(State::Unregistered);
        if self.wanted {
            self.begin(now);
        }
    }

    fn send(&mut self, leaving: bool) {
        let expires = if leaving { Duration::ZERO } else { self.expires };
        let mut request = Box::new(self.template.register(&self.settings, expires));
        if let Some(digest) = &mut self.digest {
            digest.authorize(&mut request);
        }
        self.haste = self.haste.saturating_add(1);
        self.outputs.push_back(Output::Send(request.clone()));
        self.in_flight = Some(InFlight { request, contact: self.template.contact.clone(), leaving });
    }

    fn forget_binding(&mut self) {
        self.bound = None;
        self.service_route.clear();
        self.keep_alive.stop();
        if matches!(self.state, State::Registered { .. }) {
            self.become_state(State::Registering);
        }
    }

    /// It failed: when to try again, if at all.
    fn fail(&mut self, why: Why, retry_after: Option<Duration>, now: Instant) {
        self.failures = self.failures.saturating_add(1);
        let (settings, rng) = (&self.settings, &mut *self.rng);
        let pause = match settings.refused_pause {
            None if why.needs_people() => {
                self.due = None;
                self.forget_binding();
                return self.become_state(State::Refused { why });
            }
            Some(pause) if why.needs_people() => pause::after_refusal(pause, rng),
            _ => pause::after_failure(settings, self.failures, rng),
        };
        let pause = match retry_after {
            Some(delay) if why.needs_people() => pause.max(pause::after_retry_after(settings, delay, rng)),
            Some(delay) => pause::after_retry_after(settings, delay, rng),
            None => pause,
        };
        let until = later(now, pause);
        self.due = Some(until);
        self.become_state(State::Backoff { why, until });
    }

    fn become_state(&mut self, state: State) {
        if self.state != state {
            self.state = state;
            self.outputs.push_back(Output::StateChanged);
        }
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, wanted, in_flight, due, bound, .. } = self;
        f.debug_struct("Registration")
            .field("state", state)
            .field("wanted", wanted)
            .field("in_flight", &in_flight.is_some())
            .field("due", due)
            .field("bound", bound)
            .finish_non_exhaustive()
    }
}
