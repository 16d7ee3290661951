//! The SIP driver: one task a socket. Receive or sleep, hand to the user agent, drain it.
//!
//! The task owns the [`UserAgent`]; everyone else holds a [`SipHandle`], a bounded channel of requests. A request
//! waits while the channel is full. In the other direction the task never waits: a call whose task doesn't take its events is
//! hung up, and an INVITE that nobody has room for is answered 503.

use super::address::{LocalAddresses, advertised};
use super::sip_command::{Asker, Command};
use anyhow::Context;
use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::{StdRng, SysRng};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::time::{Duration, Instant};
use talkpath_sip::agent::{
    Event, Flow, Invitation, Outcome, Output, Protocol, RequestId, SessionId, Settings, Transmit, UserAgent,
};
use talkpath_sip::message::{HeaderName, StatusCode, Text};
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, interval, sleep_until};
use tracing::{debug, trace, warn};

pub use super::sip_command::{Dial, Gone, SipHandle};

/// What a refused caller is told to wait, in seconds, when it is our load or our leaving that refuses it.
pub(crate) const RETRY_AFTER: &str = "2";

/// Requests of call tasks that may wait for the driver.
const COMMANDS: usize = 1_024;
/// Events that may wait for one call task; a call that leaves more untaken is hung up.
const CALL_EVENTS: usize = 32;
/// New calls that may wait to be taken; beyond it they are answered 503.
const INCOMING: usize = 1_024;
/// Datagrams read before timers, commands and output get their turn.
const BATCH: usize = 64;
/// How often calls are looked for whose task is gone.
const HOUSEKEEPING: Duration = Duration::from_secs(2);
/// The largest UDP payload.
const DATAGRAM: usize = 65_535;
/// What we ask the system to buffer while the driver is busy: about 4,000 INVITEs.
const SOCKET_BUFFER: usize = 4 << 20;

/// A call that has just come in.
#[derive(Debug)]
pub struct Incoming {
    /// Its session.
    pub session: SessionId,
    /// Who calls whom, with what offer.
    pub invitation: Invitation,
    /// What happens to the session from here on.
    pub events: mpsc::Receiver<Event>,
}

/// The two ends of a started driver.
#[derive(Debug)]
pub struct Started {
    /// For requests.
    pub sip: SipHandle,
    /// Where new calls arrive.
    pub incoming: mpsc::Receiver<Incoming>,
}

struct Driver {
    agent: UserAgent,
    socket: UdpSocket,
    bound: SocketAddr,
    addresses: LocalAddresses,
    external: Option<IpAddr>,
    calls: HashMap<SessionId, mpsc::Sender<Event>>,
    incoming: mpsc::Sender<Incoming>,
    /// Who waits for the outcome of a request outside calls; the user agent bounds how many there are.
    asked: HashMap<RequestId, Asker>,
    wake: Option<Instant>,
    /// Who waits until every request of ours has its answer.
    settling: Vec<oneshot::Sender<()>>,
    strangers: Strangers,
}

/// Binds `listen` and starts the driver on the current runtime. Calls from addresses that `admits` says no to are refused 403.
///
/// # Errors
/// When the socket can't be bound: the sentence says which, why, and what to do.
pub fn start(
    listen: SocketAddr,
    external: Option<IpAddr>,
    admits: impl Fn(IpAddr) -> bool + Send + 'static,
    settings: Settings,
) -> anyhow::Result<Started> {
    let socket = bind(listen).map_err(|error| {
        let advice = advice(listen, error.kind());
        anyhow::Error::new(error).context(advice)
    })?;
    let bound = socket.local_addr().context("the SIP socket has no address")?;
    let random = StdRng::try_from_rng(&mut SysRng).context("the system gives no randomness")?;
    let (incoming, new_calls) = mpsc::channel(INCOMING);
    let (commands, requests) = mpsc::channel(COMMANDS);
    let mut driver = Driver {
        agent: UserAgent::new(settings, random),
        socket,
        bound,
        addresses: LocalAddresses::new(bound.ip()),
        external,
        calls: HashMap::new(),
        incoming,
        asked: HashMap::new(),
        wake: None,
        settling: Vec::new(),
        strangers: Strangers::default(),
    };
    driver.agent.set_admission(admits);
    tokio::spawn(driver.run(requests));
    Ok(Started { sip: SipHandle::new(commands, bound), incoming: new_calls })
}

fn bind(listen: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(listen), socket2::Type::DGRAM, Some(socket2::Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    if listen.is_ipv6() {
        // IPv4 has a listener of its own: as mapped addresses it would be answered with addresses that it can't reach.
        socket.set_only_v6(true)?;
    }
    // Less than asked for is no failure: the system caps it.
    if let Err(error) = socket.set_recv_buffer_size(SOCKET_BUFFER) {
        debug!(%error, "the SIP socket keeps its default receive buffer");
    }
    socket.bind(&listen.into())?;
    UdpSocket::from_std(socket.into())
}

fn advice(listen: SocketAddr, why: ErrorKind) -> String {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are non-exhaustive")]
    let advice = match why {
        ErrorKind::AddrInUse => {
            "another program has the port; stop it or set sip.listen to another port \
             (`talkpath serve --listen udp://0.0.0.0:5070`)"
        }
        ErrorKind::AddrNotAvailable => {
            "this machine has no such address; set sip.listen to one that it has, or to 0.0.0.0 for all of them"
        }
        ErrorKind::PermissionDenied => {
            "ports below 1024 need a permission (CAP_NET_BIND_SERVICE); set sip.listen to a port above"
        }
        _ => "check sip.listen",
    };
    format!("can't listen for SIP on udp://{listen}: {advice}")
}

/// Addresses that were refused, told on the log at most once a minute: whoever scans the Internet must not fill it.
#[derive(Debug, Default)]
struct Strangers {
    told: u64,
    at: Option<Instant>,
}

impl Strangers {
    fn tell(&mut self, refused: u64, last: Option<IpAddr>) {
        const RARELY: Duration = Duration::from_secs(60);
        let Some(last) = last else { return };
        if refused > self.told && self.at.is_none_or(|at| at.elapsed() >= RARELY) {
            warn!(requests = refused - self.told, %last, "strangers were refused 403; if they should be served, add them to sip.allow");
            (self.told, self.at) = (refused, Some(Instant::now()));
        }
    }
}

/// Whoever waited may have gone meanwhile.
fn hand_over(to: oneshot::Sender<()>) {
    if to.send(()).is_err() {
        trace!("nobody waits for the driver to settle any more");
    }
}

impl Driver {
    async fn run(mut self, mut requests: mpsc::Receiver<Command>) {
        let mut buffer = vec![0_u8; DATAGRAM];
        let mut housekeeping = interval(HOUSEKEEPING);
        let mut sleep = Box::pin(sleep_until(tokio::time::Instant::now()));
        loop {
            self.drain().await;
            self.settle();
            rearm(&mut sleep, self.wake);
            tokio::select! {
                ready = self.socket.readable() => match ready {
                    Ok(()) => self.receive(&mut buffer),
                    Err(error) => warn!(%error, "the SIP socket can't be read"),
                },
                request = requests.recv() => match request {
                    Some(request) => self.obey(request),
                    None => return,
                },
                () = sleep.as_mut(), if self.wake.is_some() => self.agent.handle_timeout(Instant::now()),
                _ = housekeeping.tick() => self.keep_house(),
            }
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.socket.try_recv_from(buffer) {
                Ok((length, peer)) => {
                    let data = buffer.get(..length).unwrap_or_default();
                    trace!(%peer, length, "datagram received");
                    let flow = self.flow(peer);
                    self.agent.handle_datagram(flow, Bytes::copy_from_slice(data), Instant::now());
                }
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(error) => {
                    debug!(%error, "a datagram could not be received");
                    return;
                }
            }
        }
    }

    fn flow(&mut self, peer: SocketAddr) -> Flow {
        let own = self.addresses.towards(peer.ip());
        let local = advertised(self.external, own, peer.ip());
        Flow { local: SocketAddr::new(local, self.bound.port()), peer, protocol: Protocol::Udp }
    }

    async fn drain(&mut self) {
        loop {
            match self.agent.poll() {
                Output::Transmit(transmit) => self.transmit(transmit).await,
                Output::Event(Event::Invited { id, invitation }) => self.offer_call(id, *invitation),
                Output::Event(event) => self.tell(event),
                Output::Outcome(outcome) => self.reply(outcome),
                Output::Timeout(wake) => {
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    /// Tells those who wait that nothing of ours is unanswered any more.
    fn settle(&mut self) {
        if self.agent.unanswered() == 0 {
            for waiting in self.settling.drain(..) {
                hand_over(waiting);
            }
        }
    }

    /// Hangs up calls whose task is gone, and tells of strangers, rarely.
    fn keep_house(&mut self) {
        let deserted: Vec<_> =
            self.calls.iter().filter_map(|(session, call)| call.is_closed().then_some(*session)).collect();
        deserted.into_iter().for_each(|session| self.hang_up_deserted(session));
        self.strangers.tell(self.agent.refused_strangers(), self.agent.last_stranger());
    }

    async fn transmit(&mut self, transmit: Transmit) {
        let Transmit { flow, data } = transmit;
        if let Err(error) = self.socket.send_to(&data, flow.peer).await {
            debug!(peer = %flow.peer, %error, "a message could not be sent");
            // Anything else passes: the retransmission is the next try.
            if matches!(
                error.kind(),
                ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable
            ) {
                self.agent.handle_transport_error(flow, Instant::now());
            }
        }
    }

    fn tell(&mut self, event: Event) {
        let session = event.session();
        let over = event.is_terminal();
        let Some(call) = self.calls.get(&session) else { return };
        if call.try_send(event).is_err() && !over {
            // Its task ended without a word, or leaves its events untaken.
            self.hang_up_deserted(session);
        } else if over {
            self.calls.remove(&session);
        }
    }

    fn reply(&mut self, outcome: Outcome) {
        let Some(asker) = self.asked.remove(&outcome.request()) else { return };
        if asker.send(outcome.into_result()).is_err() {
            trace!("nobody waits for the answer to a request any more");
        }
    }

    fn hang_up_deserted(&mut self, session: SessionId) {
        self.calls.remove(&session);
        if let Err(error) = self.agent.hangup(session, None, Instant::now()) {
            debug!(?session, %error, "a deserted session had ended already");
        }
    }

    fn offer_call(&mut self, session: SessionId, invitation: Invitation) {
        let (call, events) = mpsc::channel(CALL_EVENTS);
        let incoming = Incoming { session, invitation, events };
        match self.incoming.try_send(incoming) {
            Ok(()) => {
                self.calls.insert(session, call);
                return;
            }
            Err(TrySendError::Full(_)) => warn!("a call was refused: more calls come in than can be taken"),
            Err(TrySendError::Closed(_)) => debug!("a call came between the end of service and the word of it"),
        }
        let busy = StatusCode::SERVICE_UNAVAILABLE;
        let headers = vec![(HeaderName::RetryAfter, Text::from(RETRY_AFTER))];
        if let Err(error) = self.agent.reject(session, busy, None, headers, Instant::now()) {
            debug!(?session, %error, "a call ended before it was refused");
        }
    }

    fn obey(&mut self, command: Command) {
        let now = Instant::now();
        let outcome = match command {
            Command::Dial { dial, reply } => {
                let flow = self.flow(dial.peer);
                let (call, events) = mpsc::channel(CALL_EVENTS);
                let result = self.agent.invite(dial.into_invite(flow), now).map(|session| {
                    self.calls.insert(session, call);
                    (session, events)
                });
                // A caller that has gone meanwhile is found out when its events aren't taken.
                drop(reply.send(result));
                return;
            }
            Command::Request { request, peer, reply } => {
                let flow = self.flow(peer);
                self.asked.insert(self.agent.request(*request, flow, now), reply);
                return;
            }
            Command::Progress { session, status, body } => self.agent.progress(session, status, body, now),
            Command::Accept { session, body } => self.agent.accept(session, Some(body), Vec::new(), now),
            Command::Reject { session, status, reason, headers } => {
                self.agent.reject(session, status, reason, headers, now)
            }
            Command::Hangup { session, reason } => self.agent.hangup(session, reason, now),
            Command::Offer { session, body } => self.agent.offer(session, Some(body), now),
            Command::AnswerOffer { session, answer } => self.agent.answer_offer(session, answer, now),
            Command::Ping(peer) => {
                // One that is lost is followed by the next.
                if let Err(error) = self.socket.try_send_to(b"\r\n\r\n", peer) {
                    debug!(%peer, %error, "a keep-alive could not be sent");
                }
                return;
            }
            Command::Drain => {
                self.agent.set_draining(true);
                return;
            }
            Command::Settle(reply) => {
                self.settling.push(reply);
                return;
            }
        };
        if let Err(error) = outcome {
            debug!(%error, "a request came too late for its session");
        }
    }
}

fn rearm(sleep: &mut Pin<Box<Sleep>>, wake: Option<Instant>) {
    if let Some(wake) = wake {
        let wake = tokio::time::Instant::from_std(wake);
        if sleep.deadline() != wake {
            sleep.as_mut().reset(wake);
        }
    }
}
