//! The user agent: transactions, dialogs and INVITE sessions behind one pure machine. RFC 3261 §8, §11 to §18.
//!
//!   datagram ─► message ─► transaction ─► §8.2 screen ─► session ─► Event
//!   call ─────────────────────────────► session ─► transaction ─► Transmit
//!   REGISTER, OPTIONS ────────────────────────────► transaction ─► Outcome
//!
//! Invariant: after each `handle_*` and each request of the application, drain [`UserAgent::poll`] until
//! [`Output::Timeout`], and call [`UserAgent::handle_timeout`] at the time that it gives.
//!
//! It answers by itself what §8.2 asks: 100, OPTIONS, 400, 405, 406, 415, 416, 420, 481, 482, 487, 491, 500, 501, 503,
//! 505. What refuses a request outside a call is answered statelessly (§8.2.7), with a To tag that is a keyed hash of
//! the request, so floods of such requests cost no memory; [`Settings`] bounds the rest. Whom
//! [`UserAgent::set_admission`] doesn't admit gets 403 in the same way, whatever it asks. Only INVITEs that become
//! sessions, CANCELs and requests within a dialog have server transactions.
//!
//! Where messages go: responses as §18.2.2 and RFC 3581 say. Requests of a dialog go to the first route or the remote
//! target if that is an IP address that can be reached from where the peer is, by the transport that it is reached by,
//! else back to the peer: so also when the peer's Contact and Via name an address that its requests don't come from (a
//! NAT that it knows nothing of). Names are never resolved here: each [`Transmit`] carries its [`Flow`], which a driver
//! may replace.
//!
//! Deviations: a request for a `tel` URI is taken, as the application routes by number. OPTIONS with Max-Forwards 0 is
//! answered like any other, as §11 has the element answer that it reaches; 483 is a proxy's.

mod admission;
mod api;
mod asked;
mod clients;
mod guard;
mod outcomes;
mod queue;
mod receive;
mod reply;
mod requests;
mod screen;
mod servers;
mod sessions;

#[cfg(test)]
mod tests;

pub use self::admission::{Newcomer, Verdict};
pub use self::api::Invite;
pub use self::asked::{Asked, AskedId};
pub use self::outcomes::{Outcome, RequestId};
pub use crate::error::Error;
pub use crate::flow::{Flow, Protocol, SocketId};
pub use crate::message::Reason;
pub use crate::session::{Body, EndCause, Event, Invitation, RefusalCause, SessionId};
pub use crate::settings::{MAX_FORKS, MAX_ROUTES, MAX_SESSIONS, MAX_TRANSACTIONS, Settings};
pub use crate::transaction::Timers;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::Rng;

use self::admission::Admission;
use self::clients::ClientTransaction;
use self::queue::WakeUps;
use self::reply::Tagger;
use self::servers::Servers;
use crate::dialog::LocalTag;
use crate::session::{Session, TransactionId};
use crate::transaction::ClientKey;

/// What the driver has to do next.
#[derive(Debug)]
pub enum Output {
    /// Send this.
    Transmit(Transmit),
    /// Tell the application.
    Event(Event),
    /// Tell whoever asked for this request.
    Outcome(Outcome),
    /// A request that the application answers by [`UserAgent::respond`].
    Asked(Box<Asked>),
    /// Drained. Call [`UserAgent::handle_timeout`] at this time; `None` when nothing is under way.
    Timeout(Option<Instant>),
}

/// A message and its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transmit {
    /// From which of our sockets to whom.
    pub flow: Flow,
    /// The datagram.
    pub data: Bytes,
}

/// How a peer is reached by a transport.
type Ways = Box<dyn FnMut(SocketAddr, Protocol) -> Option<Flow> + Send>;

/// A SIP user agent, client and server.
pub struct UserAgent {
    settings: Arc<Settings>,
    random: Box<dyn Rng + Send>,
    tagger: Tagger,
    ways: Ways,
    draining: bool,
    admission: Admission,
    clients: HashMap<ClientKey, ClientTransaction>,
    servers: Servers,
    sessions: HashMap<SessionId, Session>,
    by_tag: HashMap<LocalTag, SessionId>,
    wake_ups: WakeUps<Machine>,
    transmits: VecDeque<Transmit>,
    events: VecDeque<Event>,
    outcomes: VecDeque<Outcome>,
    asked: VecDeque<Asked>,
    last_session: u64,
    last_request: u64,
}

/// Whose wake-up it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Machine {
    Client(ClientKey),
    Server(TransactionId),
    Session(SessionId),
}

impl UserAgent {
    /// A user agent without calls. `rng` makes branches, tags and Call-IDs, so it should be a cryptographic one.
    pub fn new(mut settings: Settings, rng: impl Rng + Send + 'static) -> Self {
        // A timer of nothing would fire for ever.
        let least = Duration::from_millis(1);
        let timers = &mut settings.timers;
        (timers.t1, timers.t2) = (timers.t1.max(least), timers.t2.max(least));
        let mut random: Box<dyn Rng + Send> = Box::new(rng);
        Self {
            settings: Arc::new(settings),
            tagger: Tagger::new(random.next_u64(), random.next_u64()),
            random,
            ways: Box::new(|_, _| None),
            draining: false,
            admission: Admission::default(),
            clients: HashMap::new(),
            servers: Servers::default(),
            sessions: HashMap::new(),
            by_tag: HashMap::new(),
            wake_ups: WakeUps::new(),
            transmits: VecDeque::new(),
            events: VecDeque::new(),
            outcomes: VecDeque::new(),
            asked: VecDeque::new(),
            last_session: 0,
            last_request: 0,
        }
    }

    /// From now on, `ways` tells by which of our sockets a peer is reached by a transport: none when we have none
    /// such. It is asked when a request has to take another transport than the one that it would have taken: for its
    /// size (§18.1.1), or because the peer's Contact or route names it.
    pub fn set_ways(&mut self, ways: impl FnMut(SocketAddr, Protocol) -> Option<Flow> + Send + 'static) {
        self.ways = Box::new(ways);
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// While draining, new INVITEs and OPTIONS outside dialogs are answered 503 with Retry-After; calls go on.
    pub fn set_draining(&mut self, draining: bool) {
        self.draining = draining;
    }

    /// How many sessions there are.
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// How many transactions there are, client and server.
    pub fn transactions(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// How many requests of ours still await their final answer: BYEs above all, when every session is over. One that
    /// nobody answers is given up in 64*T1, but an INVITE that rings may take as long as its session lets it.
    pub fn unanswered(&self) -> usize {
        self.clients.values().filter(|transaction| transaction.is_unanswered()).count()
    }

    /// Fires every timer that is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(machine) = self.wake_ups.pop_due(now) {
            match machine {
                Machine::Client(key) => self.wake_client(key, now),
                Machine::Server(id) => self.wake_server(id, now),
                Machine::Session(id) => {
                    if let Some(session) = self.sessions.get_mut(&id) {
                        session.handle_timeout(now);
                    }
                    self.drain_session(id, now);
                }
            }
        }
    }

    /// What to do next; drain until [`Output::Timeout`].
    pub fn poll(&mut self) -> Output {
        if let Some(transmit) = self.transmits.pop_front() {
            return Output::Transmit(transmit);
        }
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        if let Some(outcome) = self.outcomes.pop_front() {
            return Output::Outcome(outcome);
        }
        self.next_asked().unwrap_or_else(|| Output::Timeout(self.wake_ups.next()))
    }

    fn transmit(&mut self, flow: Flow, data: Bytes) {
        self.transmits.push_back(Transmit { flow, data });
    }
}

impl std::fmt::Debug for UserAgent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UserAgent")
            .field("sessions", &self.sessions.len())
            .field("transactions", &self.transactions())
            .finish_non_exhaustive()
    }
}
