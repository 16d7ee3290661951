//! A fake: a machine, its socket, what came when, and how to wait for it.

use super::door::{Admission, Authority, Refusal, Upgrade};
use super::machines::{Act, Mishap};
use super::socket;
use crate::support::{HOME, patiently};
use serde_json::Value;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use talkpath_media::tone::level_at_rate;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// What sits behind the socket. Its clock is in ms from the fake's beginning.
pub(crate) trait Machine: Send + 'static {
    /// Whether the other side comes with the right things in hand. Wrong ones are refused, impossible ones are violations too.
    fn admit(&mut self, upgrade: &Upgrade) -> Result<(), Refusal>;
    /// A socket was opened: a new session.
    fn open(&mut self, now: u64);
    fn text(&mut self, text: &str, now: u64) -> Took;
    fn binary(&mut self, bytes: &[u8], now: u64) -> Took;
    /// What is sent by now.
    fn poll(&mut self, now: u64) -> Vec<Act>;
    /// When it has something to send next.
    fn due(&self) -> Option<u64>;
    /// Something goes wrong now.
    fn fail(&mut self, mishap: Mishap, now: u64);
    fn violations(&self) -> &[String];
    /// Samples a second of the caller's audio.
    fn rate(&self) -> u32;
}

/// What a message came to.
#[derive(Debug, Default)]
pub(crate) struct Took {
    pub(crate) event: Option<Value>,
    /// The caller's audio, decoded.
    pub(crate) samples: Vec<i16>,
}

/// A message of the other side that isn't audio.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) at: Instant,
    /// From 1.
    pub(crate) session: usize,
    pub(crate) event: Value,
}

impl Received {
    /// What kind of event it is, in whichever protocol.
    pub(crate) fn kind(&self) -> &str {
        self.event["type"].as_str().or(self.event["event"].as_str()).unwrap_or_default()
    }
}

/// Audio of the caller.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) at: Instant,
    pub(crate) session: usize,
    pub(crate) samples: Vec<i16>,
}

/// What the fake said, with lengths in the place of audio: messages, `binary` ones too, and each `mishap`.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) session: usize,
    pub(crate) event: Value,
}

/// How the other side left a session.
#[derive(Clone, Debug)]
pub(crate) struct Left {
    pub(crate) at: Instant,
    pub(crate) session: usize,
    /// Of its close frame: 1005 if that had none, none if there was no close frame.
    pub(crate) code: Option<u16>,
}

/// A machine and what was written down.
pub(crate) struct State<M> {
    pub(crate) machine: M,
    pub(crate) connections: usize,
    pub(crate) upgrades: Vec<Upgrade>,
    /// Sockets that were opened; the last is the session's.
    pub(crate) sessions: usize,
    pub(crate) received: Vec<Received>,
    pub(crate) heard: Vec<Heard>,
    pub(crate) sent: Vec<Sent>,
    pub(crate) left: Vec<Left>,
    pub(super) admissions: VecDeque<Admission>,
    pub(super) otherwise: Admission,
    pub(super) listening: bool,
}

pub(super) struct Shared<M> {
    state: Mutex<State<M>>,
    began: Instant,
    pub(super) address: SocketAddr,
    pub(super) tls: Option<TlsAcceptor>,
    /// Goes up with whatever is written down.
    changed: watch::Sender<u64>,
    /// A test has done something to the machine.
    pub(super) poked: Notify,
    /// Whether the port is open.
    pub(super) open: watch::Sender<bool>,
    /// Those who are held are let in.
    pub(super) released: watch::Sender<bool>,
}

impl<M> Shared<M> {
    pub(super) fn state(&self) -> MutexGuard<'_, State<M>> {
        self.state.lock().unwrap()
    }

    /// Does something to the state that others may wait for.
    pub(super) fn note<T>(&self, what: impl FnOnce(&mut State<M>) -> T) -> T {
        let done = what(&mut self.state());
        self.changed.send_modify(|changes| *changes += 1);
        done
    }

    pub(super) fn ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    pub(super) fn instant(&self, ms: u64) -> tokio::time::Instant {
        (self.began + Duration::from_millis(ms)).into()
    }
}

/// A machine behind a socket. It is gone when it is dropped.
pub(crate) struct Fake<M: Machine> {
    shared: Arc<Shared<M>>,
    serving: JoinHandle<()>,
}

impl<M: Machine> Drop for Fake<M> {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl<M: Machine> Fake<M> {
    /// Listens, with TLS by a certificate of `authority` for loopback's address and `localhost` if there is one.
    pub(super) fn host(machine: M, authority: Option<&Authority>) -> Self {
        let listener = std::net::TcpListener::bind((HOME, 0)).unwrap();
        let state = State {
            machine,
            connections: 0,
            upgrades: Vec::new(),
            sessions: 0,
            received: Vec::new(),
            heard: Vec::new(),
            sent: Vec::new(),
            left: Vec::new(),
            admissions: VecDeque::new(),
            otherwise: Admission::Welcome,
            listening: true,
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            began: Instant::now(),
            address: listener.local_addr().unwrap(),
            tls: authority.map(Authority::acceptor),
            changed: watch::Sender::new(0),
            poked: Notify::new(),
            open: watch::Sender::new(true),
            released: watch::Sender::new(false),
        });
        let serving = tokio::spawn(socket::listen(Arc::clone(&shared), listener));
        Self { shared, serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// `ws://` or `wss://`, its address, and this path.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}://{}{path}", if self.shared.tls.is_some() { "wss" } else { "ws" }, self.shared.address)
    }

    /// Does something to the machine, which then looks at once whether it has something to say.
    pub(crate) fn with<T>(&self, what: impl FnOnce(&mut M, u64) -> T) -> T {
        let now = self.shared.ms();
        let done = self.shared.note(|state| what(&mut state.machine, now));
        self.shared.poked.notify_one();
        done
    }

    /// Something goes wrong with the socket, after what is due.
    pub(crate) fn fail(&self, mishap: Mishap) {
        self.with(|machine, now| machine.fail(mishap, now));
    }

    /// How the next connection is received that isn't spoken for yet.
    pub(crate) fn next(&self, admission: Admission) {
        self.shared.state().admissions.push_back(admission);
    }

    /// How all others are.
    pub(crate) fn others(&self, admission: Admission) {
        self.shared.state().otherwise = admission;
    }

    /// Lets all in who are [held](Admission::Held), and who will be.
    pub(crate) fn release(&self) {
        self.shared.released.send_replace(true);
    }

    /// Closes the port: who comes is refused by the system. Sessions go on.
    pub(crate) async fn shut(&self) {
        self.shared.open.send_replace(false);
        self.until("the port to be closed", |state| (!state.listening).then_some(())).await;
    }

    /// Opens it again.
    pub(crate) async fn reopen(&self) {
        self.shared.open.send_replace(true);
        self.until("the port to be open", |state| state.listening.then_some(())).await;
    }

    /// TCP connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Sockets that were opened so far.
    pub(crate) fn sessions(&self) -> usize {
        self.shared.state().sessions
    }

    /// All upgrades that were asked for.
    pub(crate) fn upgrades(&self) -> Vec<Upgrade> {
        self.shared.state().upgrades.clone()
    }

    /// All messages but audio.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.state().received.clone()
    }

    /// Their kinds.
    pub(crate) fn kinds(&self) -> Vec<String> {
        self.shared.state().received.iter().map(|received| received.kind().to_owned()).collect()
    }

    /// All messages of a kind.
    pub(crate) fn all(&self, kind: &str) -> Vec<Received> {
        self.received().into_iter().filter(|received| received.kind() == kind).collect()
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.shared.state().sent.clone()
    }

    pub(crate) fn left(&self) -> Vec<Left> {
        self.shared.state().left.clone()
    }

    /// The caller's audio, piece by piece.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.shared.state().heard.clone()
    }

    /// The caller's audio of all sessions, in one.
    pub(crate) fn samples(&self) -> Vec<i16> {
        self.shared.state().heard.iter().flat_map(|heard| heard.samples.iter().copied()).collect()
    }

    /// Samples a second of it.
    pub(crate) fn rate(&self) -> u32 {
        self.shared.state().machine.rate()
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.shared.state().machine.violations().to_vec()
    }

    /// Nothing came that shouldn't have.
    #[track_caller]
    pub(crate) fn assert_strict(&self) {
        assert_eq!(self.violations(), [""; 0]);
    }

    /// Waits until `found` makes something of what was written down.
    pub(crate) async fn until<T>(&self, what: &str, found: impl Fn(&State<M>) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = found(&self.shared.state()) {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        };
        patiently(what, waiting).await
    }

    /// Waits for the message of a kind that is at this place among those, from 0.
    pub(crate) async fn until_nth(&self, kind: &str, place: usize) -> Received {
        let found = |state: &State<M>| state.received.iter().filter(|one| one.kind() == kind).nth(place).cloned();
        self.until(kind, found).await
    }

    /// Waits for the first message of a kind.
    pub(crate) async fn until_received(&self, kind: &str) -> Received {
        self.until_nth(kind, 0).await
    }

    /// Waits for the first message of the fake's own of a kind.
    pub(crate) async fn until_sent(&self, kind: &str) -> Sent {
        let is = |sent: &&Sent| sent.event["type"] == kind || sent.event["event"] == kind;
        self.until(kind, |state| state.sent.iter().find(is).cloned()).await
    }

    /// Waits until so many TCP connections have come.
    pub(crate) async fn until_connections(&self, number: usize) {
        self.until("connections", |state| (state.connections >= number).then_some(())).await;
    }

    /// Waits until so many sockets were opened.
    pub(crate) async fn until_sessions(&self, number: usize) {
        self.until("sessions", |state| (state.sessions >= number).then_some(())).await;
    }

    /// Waits until this session has ended, and says how.
    pub(crate) async fn until_left(&self, session: usize) -> Left {
        self.until("the end", |state| state.left.iter().find(|left| left.session == session).cloned()).await
    }

    /// Waits for so much audio of the caller, of all sessions.
    pub(crate) async fn until_heard(&self, ms: u64) {
        let enough = |state: &State<M>| {
            let samples: usize = state.heard.iter().map(|heard| heard.samples.len()).sum();
            (samples as u64 * 1_000 >= ms * u64::from(state.machine.rate())).then_some(())
        };
        self.until("audio", enough).await;
    }

    /// Waits until a piece of the caller's audio has this tone louder than `dbov`, and says when that came.
    pub(crate) async fn until_tone(&self, hertz: f32, dbov: f32) -> Instant {
        let sounds = |state: &State<M>| {
            let rate = state.machine.rate();
            let loud = |heard: &&Heard| level_at_rate(hertz, &heard.samples, rate) > dbov;
            state.heard.iter().find(loud).map(|heard| heard.at)
        };
        self.until("a tone", sounds).await
    }
}
