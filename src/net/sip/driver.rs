//! The SIP driver: one task. Receive or sleep, hand to the user agent, drain it.
//!
//! The task owns the [`UserAgent`]; everyone else holds a [`SipHandle`], a bounded channel of requests. A request
//! waits while the channel is full. In the other direction the task never waits: a call whose task doesn't take its events is
//! hung up, and an INVITE that nobody has room for is answered 503.

use super::RETRY_AFTER;
use super::bind::{Socket, bind};
use super::command::{Asker, Command, Dial, DialError, SipHandle, Way};
use super::connection::{Arrival, What};
use super::streams::{Accepted, Doorman, Streams, hand_over, listen};
use super::ways::{Listening, Ways};
use anyhow::Context;
use bytes::Bytes;
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng};
use std::collections::HashMap;
use std::future::poll_fn;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};
use talkpath_config::Listen;
use talkpath_sip::agent::{
    Asked, Event, Flow, Invitation, Newcomer, Outcome, Output, Protocol, RequestId, SessionId, Settings, SocketId,
    Transmit, UserAgent, Verdict,
};
use talkpath_sip::digest::{self, Secret};
use talkpath_sip::message::{HeaderName, Method, StatusCode, Text};
use talkpath_sip::registrar::{Change, Registrar};
use talkpath_sip::registration::Failure;
use tokio::net::UdpSocket;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, interval, sleep_until};
use tracing::{debug, info, trace, warn};

/// Requests of call tasks that may wait for the driver.
const COMMANDS: usize = 1_024;
/// Events that may wait for one call task; a call that leaves more untaken is hung up.
const CALL_EVENTS: usize = 32;
/// New calls that may wait to be taken; beyond it they are answered 503.
const INCOMING: usize = 1_024;
/// Messages of connections that may wait for the driver; beyond it the connections aren't read.
const ARRIVALS: usize = 1_024;
/// Accepted connections that may wait for the driver.
const ACCEPTED: usize = 64;
/// Datagrams or messages read before timers, commands and output get their turn.
const BATCH: usize = 64;
/// How often calls are looked for whose task is gone.
const HOUSEKEEPING: Duration = Duration::from_secs(2);
/// The largest UDP payload.
const DATAGRAM: usize = 65_535;

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
    sockets: Vec<(SocketId, UdpSocket)>,
    streams: Streams,
    ways: Ways,
    calls: HashMap<SessionId, mpsc::Sender<Event>>,
    incoming: mpsc::Sender<Incoming>,
    /// Who waits for the outcome of a request outside calls; the user agent bounds how many there are.
    asked: HashMap<RequestId, Asker>,
    doorman: Doorman,
    registrar: Registrar,
    wake: Option<Instant>,
    /// Who waits until every request of ours has its answer.
    settling: Vec<oneshot::Sender<()>>,
    strangers: Strangers,
}

/// What comes to the driver besides datagrams.
struct Inlets {
    requests: mpsc::Receiver<Command>,
    arrivals: mpsc::Receiver<Arrival>,
    accepted: mpsc::Receiver<Accepted>,
}

/// Tells what the user of a name has to know.
pub type Secrets = Box<dyn Fn(&Text) -> Option<Secret> + Send>;

/// The telephones of our users.
pub struct Telephones {
    /// Who may register.
    pub registrar: Registrar,
    /// How they are challenged.
    pub digest: digest::Settings,
    /// What the user of a name has to know.
    pub secret: Secrets,
}

/// Binds every place of `listen` and starts the driver on the current runtime. `judge` says who gets service; who has to
/// prove himself does so by what `telephones` knows, and may register there.
///
/// # Errors
/// When a socket can't be bound: the sentence says which, why, and what to do.
pub fn start(
    places: &[Listen],
    external: Option<IpAddr>,
    judge: impl Fn(&Newcomer<'_>) -> Verdict + Send + Sync + 'static,
    telephones: Option<Telephones>,
    mut settings: Settings,
) -> anyhow::Result<Started> {
    let judge = Arc::new(judge);
    let at_the_door = Arc::clone(&judge);
    let doorman: Doorman = Arc::new(move |source| at_the_door(&Newcomer { source, request: None }));
    let (tell_accepted, accepted) = mpsc::channel(ACCEPTED);
    let (mut listening, mut sockets) = (Vec::new(), Vec::new());
    for (place, number) in places.iter().zip(1..) {
        let (bound, socket) = (bind(*place)?, SocketId(number));
        let address = bound.local_addr().context("a SIP socket has no address")?;
        listening.push(Listening { listen: Listen { address, ..*place }, socket });
        match bound {
            Socket::Udp(udp) => sockets.push((socket, udp)),
            Socket::Tcp(tcp) => listen(tcp, Arc::clone(&doorman), tell_accepted.clone()),
        }
    }
    settings.protocols = [Protocol::Udp, Protocol::Tcp]
        .into_iter()
        .filter(|protocol| places.iter().any(|place| place.protocol == *protocol))
        .collect();
    if telephones.is_some() {
        settings.asked = vec![Method::Register];
    }
    let mut random = StdRng::try_from_rng(&mut SysRng).context("the system gives no randomness")?;
    let digest = telephones.as_ref().map(|telephones| digest(&telephones.digest, &mut random));
    let (incoming, new_calls) = mpsc::channel(INCOMING);
    let (commands, requests) = mpsc::channel(COMMANDS);
    let (tell, arrivals) = mpsc::channel(ARRIVALS);
    let mut agent = UserAgent::new(settings, random);
    agent.set_admission(move |newcomer| judge(newcomer));
    let registrar = match (telephones, digest) {
        (Some(Telephones { registrar, secret, .. }), Some(digest)) => {
            agent.set_authentication(digest, move |user, _| secret(user));
            registrar
        }
        _ => Registrar::default(),
    };
    let mut ways = Ways::new(&listening, external);
    agent.set_ways(move |peer, protocol| ways.to(peer, protocol));
    let driver = Driver {
        agent,
        sockets,
        streams: Streams::new(tell),
        ways: Ways::new(&listening, external),
        calls: HashMap::new(),
        incoming,
        asked: HashMap::new(),
        doorman,
        registrar,
        wake: None,
        settling: Vec::new(),
        strangers: Strangers::default(),
    };
    tokio::spawn(driver.run(Inlets { requests, arrivals, accepted }));
    Ok(Started { sip: SipHandle::new(commands, listening, external), incoming: new_calls })
}

/// What challenges are made and judged by; its nonces are good until this process ends.
fn digest(settings: &digest::Settings, random: &mut StdRng) -> digest::Server {
    let mut key = [0; 32];
    random.fill_bytes(&mut key);
    digest::Server::new(settings.clone(), key, random, Instant::now())
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

impl Driver {
    async fn run(mut self, mut inlets: Inlets) {
        let mut buffer = vec![0_u8; DATAGRAM];
        let mut housekeeping = interval(HOUSEKEEPING);
        let mut sleep = Box::pin(sleep_until(tokio::time::Instant::now()));
        loop {
            self.drain().await;
            self.settle();
            rearm(&mut sleep, self.wake);
            tokio::select! {
                () = readable(&self.sockets) => self.receive(&mut buffer),
                Some(arrival) = inlets.arrivals.recv() => self.take_arrivals(arrival, &mut inlets.arrivals),
                Some(accepted) = inlets.accepted.recv() => self.accept(accepted),
                request = inlets.requests.recv() => match request {
                    Some(request) => self.obey(request),
                    None => return,
                },
                () = sleep.as_mut(), if self.wake.is_some() => self.agent.handle_timeout(Instant::now()),
                _ = housekeeping.tick() => self.keep_house(),
            }
        }
    }

    fn receive(&mut self, buffer: &mut [u8]) {
        let Self { agent, sockets, ways, .. } = self;
        for (socket, udp) in sockets {
            for _ in 0..BATCH {
                match udp.try_recv_from(buffer) {
                    Ok((length, peer)) => {
                        let data = buffer.get(..length).unwrap_or_default();
                        trace!(%peer, length, "datagram received");
                        let Some(flow) = ways.back(*socket, peer) else { break };
                        agent.handle_datagram(flow, Bytes::copy_from_slice(data), Instant::now());
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => {
                        debug!(%error, "a datagram could not be received");
                        break;
                    }
                }
            }
        }
    }

    fn take_arrivals(&mut self, first: Arrival, more: &mut mpsc::Receiver<Arrival>) {
        self.take_arrival(first);
        for _ in 0..BATCH {
            match more.try_recv() {
                Ok(arrival) => self.take_arrival(arrival),
                Err(_) => return,
            }
        }
    }

    fn take_arrival(&mut self, Arrival { connection, what }: Arrival) {
        match what {
            What::Message(message) => {
                let Some(flow) = self.streams.flow(connection) else { return };
                trace!(peer = %flow.peer, "message received");
                self.agent.handle_message(flow, *message, Instant::now());
            }
            What::Ping => {
                if let Some(flow) = self.streams.flow(connection) {
                    self.streams.send(flow, Bytes::from_static(b"\r\n"));
                }
            }
            What::Pong => self.streams.pong(connection),
            What::Closed(why) => self.connection_lost(connection, &why),
        }
    }

    fn connection_lost(&mut self, connection: SocketId, why: &str) {
        let Some(flow) = self.streams.remove(connection) else { return };
        debug!(peer = %flow.peer, why, "a connection is over");
        self.agent.handle_transport_error(flow, Instant::now());
        self.registrar.handle_connection_lost(flow);
        self.tell_changes();
    }

    fn accept(&mut self, Accepted { stream, peer, local }: Accepted) {
        let flow = self.ways.along(local.ip(), local.port(), peer);
        let verdict = (self.doorman)(flow.peer.ip());
        self.streams.accept(stream, flow, verdict);
    }

    async fn drain(&mut self) {
        loop {
            match self.agent.poll() {
                Output::Transmit(transmit) => self.transmit(transmit).await,
                Output::Event(Event::Invited { id, invitation }) => self.offer_call(id, *invitation),
                Output::Event(event) => self.tell(event),
                Output::Outcome(outcome) => self.reply(outcome),
                Output::Asked(asked) => self.register(*asked),
                Output::Timeout(wake) => {
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    /// A REGISTER of somebody who has proved who it is.
    fn register(&mut self, asked: Asked) {
        let now = Instant::now();
        if asked.user.is_some() {
            self.streams.note_proof(asked.flow);
        }
        let response = self.registrar.handle(&asked.request, asked.user.as_ref(), asked.flow, now);
        self.agent.respond(asked.id, response, now);
        self.tell_changes();
    }

    fn tell_changes(&mut self) {
        while let Some(change) = self.registrar.poll() {
            match change {
                Change::Added { user, flow, .. } => info!(%user, peer = %flow.peer, "a telephone has registered"),
                Change::Removed { user, why, .. } => info!(%user, ?why, "a telephone is gone"),
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
        self.registrar.handle_timeout(Instant::now());
        self.tell_changes();
        self.strangers.tell(self.agent.refused_strangers(), self.agent.last_stranger());
    }

    async fn transmit(&mut self, transmit: Transmit) {
        let Transmit { flow, data } = transmit;
        let length = data.len();
        trace!(peer = %flow.peer, length, protocol = %flow.protocol, "message sent");
        let failed = match flow.protocol {
            Protocol::Tcp => !self.streams.send(flow, data),
            Protocol::Udp => !send_datagram(&self.sockets, flow, &data).await,
        };
        if failed {
            self.agent.handle_transport_error(flow, Instant::now());
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
        if invitation.user.is_some() {
            self.streams.note_proof(invitation.flow);
        }
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
                // A caller that has gone meanwhile is found out when its events aren't taken.
                drop(reply.send(self.dial(*dial, now)));
                return;
            }
            Command::Request { request, way, reply } => {
                match self.flow(way) {
                    Some(flow) => drop(self.asked.insert(self.agent.request(*request, flow, now), reply)),
                    None => drop(reply.send(Err(Failure::Transport))),
                }
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
            Command::Ping { way, pong } => return self.ping(way, pong),
            Command::Watch { way, watcher } => {
                if let Some(flow) = self.flow(way) {
                    self.streams.watch(flow, watcher);
                }
                return;
            }
            Command::Bindings { user, reply } => {
                let user = user.to_string();
                let bindings = self.registrar.bindings(&user, now).into_iter().cloned().collect();
                // Who asked may have gone meanwhile.
                drop(reply.send(bindings));
                return;
            }
            Command::Registered(reply) => {
                let all = self.registrar.registered().map(|(user, bindings)| (user.clone(), bindings.to_vec()));
                drop(reply.send(all.collect()));
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

    fn dial(&mut self, dial: Dial, now: Instant) -> Result<(SessionId, mpsc::Receiver<Event>), DialError> {
        let flow = self.flow(dial.way).ok_or(DialError::NoWay)?;
        let (call, events) = mpsc::channel(CALL_EVENTS);
        let session = self.agent.invite(dial.into_invite(flow), now)?;
        self.calls.insert(session, call);
        Ok((session, events))
    }

    fn flow(&mut self, way: Way) -> Option<Flow> {
        match way {
            Way::To(peer, protocol) => self.ways.to(peer, protocol),
            Way::Along(flow) => Some(flow),
        }
    }

    fn ping(&mut self, way: Way, pong: oneshot::Sender<()>) {
        let Some(flow) = self.flow(way) else { return };
        if flow.protocol == Protocol::Tcp {
            return self.streams.ping(flow, pong);
        }
        let named = self.sockets.iter().find(|(socket, _)| *socket == flow.socket);
        // One that is lost is followed by the next.
        if let Some((_, udp)) = named
            && let Err(error) = udp.try_send_to(b"\r\n\r\n", flow.peer)
        {
            debug!(peer = %flow.peer, %error, "a keep-alive could not be sent");
        }
    }
}

/// False when no way leads there. Anything else that goes wrong passes: the retransmission is the next try.
async fn send_datagram(sockets: &[(SocketId, UdpSocket)], flow: Flow, data: &[u8]) -> bool {
    let family =
        |(_, udp): &&(SocketId, UdpSocket)| udp.local_addr().is_ok_and(|local| local.is_ipv4() == flow.peer.is_ipv4());
    let named = sockets.iter().find(|(socket, _)| *socket == flow.socket);
    let Some((_, udp)) = named.or_else(|| sockets.iter().find(family)) else { return false };
    let Err(error) = udp.send_to(data, flow.peer).await else { return true };
    debug!(peer = %flow.peer, %error, "a datagram could not be sent");
    !matches!(error.kind(), ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable)
}

/// Waits until a datagram has come to one of the sockets.
async fn readable(sockets: &[(SocketId, UdpSocket)]) {
    poll_fn(|cx| {
        // Every one is polled: each has to wake us.
        let mut ready = false;
        for (_, udp) in sockets {
            ready |= udp.poll_recv_ready(cx).is_ready();
        }
        if ready { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

fn rearm(sleep: &mut Pin<Box<Sleep>>, wake: Option<Instant>) {
    if let Some(wake) = wake {
        let wake = tokio::time::Instant::from_std(wake);
        if sleep.deadline() != wake {
            sleep.as_mut().reset(wake);
        }
    }
}
