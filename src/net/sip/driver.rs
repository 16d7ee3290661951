//! The SIP driver: one task. Receive or sleep, hand to the user agent, drain it.
//!
//! The task owns the [`UserAgent`]; everyone else holds a [`SipHandle`](super::SipHandle), a bounded channel of requests. A request
//! waits while the channel is full. In the other direction the task never waits: a call whose task doesn't take its events is
//! hung up, and an INVITE that nobody has room for is answered 503.

use super::RETRY_AFTER;
use super::command::{Asker, Command, Dial, DialError, Way};
use super::connection::{Arrival, What};
use super::datagrams::Datagrams;
use super::streams::{Accepted, Doorman, Streams, hand_over};
use super::ways::Ways;
use bytes::Bytes;
use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::{Duration, Instant};
use talkpath_sip::agent::{
    Asked, Event, Flow, Invitation, Outcome, Output, Protocol, RequestId, SessionId, SocketId, Transmit, UserAgent,
};
use talkpath_sip::message::{HeaderName, StatusCode, Text};
use talkpath_sip::registrar::{Change, Registrar};
use talkpath_sip::registration::Failure;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Sleep, interval, sleep_until};
use tracing::{debug, info, trace, warn};

/// Events that may wait for one call task; a call that leaves more untaken is hung up.
const CALL_EVENTS: usize = 32;
/// Messages of connections read before timers, commands and output get their turn.
const BATCH: usize = 64;
/// How often calls are looked for whose task is gone.
const HOUSEKEEPING: Duration = Duration::from_secs(2);

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

/// The task's own.
pub(super) struct Driver {
    agent: UserAgent,
    datagrams: Datagrams,
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
pub(super) struct Inlets {
    pub(super) requests: mpsc::Receiver<Command>,
    pub(super) arrivals: mpsc::Receiver<Arrival>,
    pub(super) accepted: mpsc::Receiver<Accepted>,
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
    pub(super) fn new(
        agent: UserAgent,
        datagrams: Datagrams,
        streams: Streams,
        ways: Ways,
        incoming: mpsc::Sender<Incoming>,
        doorman: Doorman,
        registrar: Registrar,
    ) -> Self {
        Self {
            agent,
            datagrams,
            streams,
            ways,
            calls: HashMap::new(),
            incoming,
            asked: HashMap::new(),
            doorman,
            registrar,
            wake: None,
            settling: Vec::new(),
            strangers: Strangers::default(),
        }
    }

    pub(super) async fn run(mut self, mut inlets: Inlets) {
        let mut housekeeping = interval(HOUSEKEEPING);
        let mut sleep = Box::pin(sleep_until(tokio::time::Instant::now()));
        loop {
            self.drain().await;
            self.settle();
            rearm(&mut sleep, self.wake);
            tokio::select! {
                () = self.datagrams.ready() => self.receive(),
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

    fn receive(&mut self) {
        let Self { agent, datagrams, ways, .. } = self;
        datagrams.receive(|socket, peer, data| {
            if let Some(flow) = ways.back(socket, peer) {
                agent.handle_datagram(flow, data, Instant::now());
            }
        });
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
            Protocol::Udp => !self.datagrams.send(flow, &data).await,
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
        match flow.protocol {
            Protocol::Tcp => self.streams.ping(flow, pong),
            Protocol::Udp => self.datagrams.keep_alive(flow),
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
