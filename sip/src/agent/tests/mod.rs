//! User agents on virtual time, joined by a link that may lose, double and delay what it carries.

mod admission;
mod asked;
mod bodies;
mod calls;
mod ends;
mod gate;
mod hostile;
mod limits;
mod link;
mod login;
mod offers;
mod outcomes;
mod paths;
mod random;
mod refusals;
mod stopping;
mod streams;
mod timers;
mod updates;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand::SeedableRng;
use rand::rngs::StdRng;

use self::gate::Gate;
use self::link::{Conditions, Datagram, Link};
use super::*;
use crate::digest::Credentials;
use crate::message::{Message, Response, StatusCode};

/// Caller and callee, by their place in [`World::peers`].
const ALICE: usize = 0;
const BOB: usize = 1;

struct World {
    start: Instant,
    now: Instant,
    peers: Vec<Peer>,
    link: Link,
    log: Vec<Sent>,
    /// What is lost on purpose: messages of this name from this peer, so many times.
    losses: Vec<(usize, &'static str, usize)>,
    /// What stands before Bob.
    gate: Option<Gate>,
    /// What went to the address of the stranger, who speaks through [`World::inject`].
    replies: Vec<Bytes>,
}

struct Peer {
    agent: UserAgent,
    address: SocketAddr,
    events: Vec<Event>,
    outcomes: Vec<Outcome>,
    asked: Vec<Asked>,
}

/// A message that an agent has sent.
struct Sent {
    at: u128,
    from: usize,
    to: SocketAddr,
    name: String,
    data: Bytes,
}

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

fn stranger() -> SocketAddr {
    "192.0.2.99:5060".parse().unwrap()
}

fn status(code: u16) -> StatusCode {
    StatusCode::new(code).unwrap()
}

fn sdp(text: &'static str) -> Body {
    Body::sdp(text)
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default(), Conditions::GOOD, 1)
    }

    fn with(settings: Settings, conditions: Conditions, seed: u64) -> Self {
        let start = epoch();
        let peer = |place: u64| Peer {
            agent: UserAgent::new(settings.clone(), StdRng::seed_from_u64(seed * 10 + place)),
            address: format!("192.0.2.{}:5060", place + 1).parse().unwrap(),
            events: Vec::new(),
            outcomes: Vec::new(),
            asked: Vec::new(),
        };
        let peers = vec![peer(0), peer(1)];
        let link = Link::new(conditions, seed);
        Self { start, now: start, peers, link, log: Vec::new(), losses: Vec::new(), gate: None, replies: Vec::new() }
    }

    fn flow(&self, from: usize, to: SocketAddr) -> Flow {
        Flow { local: self.peers[from].address, peer: to, protocol: Protocol::Udp, socket: SocketId::ANY }
    }

    /// Alice calls Bob.
    fn dial(&mut self, body: Option<Body>) -> SessionId {
        self.dial_as(None, body)
    }

    fn dial_as(&mut self, credentials: Option<Credentials>, body: Option<Body>) -> SessionId {
        let bob = self.peers[BOB].address;
        let invite = Invite {
            request_uri: format!("sip:bob@{bob}").parse().unwrap(),
            from: "\"Alice\" <sip:alice@example.com>".parse().unwrap(),
            to: "<sip:bob@example.com>".parse().unwrap(),
            flow: self.flow(ALICE, bob),
            contact: None,
            headers: Vec::new(),
            body,
            credentials,
        };
        let id = self.peers[ALICE].agent.invite(invite, self.now).unwrap();
        self.drain();
        id
    }

    /// Alice calls Bob, who answers: both sessions.
    fn talk(&mut self) -> (SessionId, SessionId) {
        let alice = self.dial(Some(sdp("offer")));
        self.run(100);
        let bob = self.invited();
        self.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
        self.run(100);
        (alice, bob)
    }

    fn act<T>(&mut self, who: usize, act: impl FnOnce(&mut UserAgent, Instant) -> T) -> T {
        let result = act(&mut self.peers[who].agent, self.now);
        self.drain();
        result
    }

    fn hangup(&mut self, who: usize, id: SessionId) {
        self.act(who, |agent, now| agent.hangup(id, None, now)).unwrap();
    }

    /// Bob's last session.
    fn invited(&self) -> SessionId {
        let ids = self.peers[BOB].events.iter().filter(|event| matches!(event, Event::Invited { .. }));
        ids.last().map(Event::session).expect("an invitation")
    }

    fn drain(&mut self) {
        for from in 0..self.peers.len() {
            loop {
                match self.peers[from].agent.poll() {
                    Output::Transmit(transmit) => self.send(from, transmit),
                    Output::Event(event) => self.peers[from].events.push(event),
                    Output::Outcome(outcome) => self.peers[from].outcomes.push(outcome),
                    Output::Asked(asked) => self.peers[from].asked.push(*asked),
                    Output::Timeout(_) => break,
                }
            }
        }
    }

    fn send(&mut self, from: usize, Transmit { flow, data }: Transmit) {
        let name = match Message::parse_datagram(data.clone()) {
            Ok(Message::Request(request)) => request.method.to_string(),
            Ok(Message::Response(response)) => {
                format!("{} {}", response.status, response.headers.cseq().map_or("?".into(), |c| c.method.to_string()))
            }
            Err(error) => format!("{error}"),
        };
        let lost = self.losses.iter_mut().find(|loss| loss.0 == from && loss.1 == name && loss.2 > 0);
        let datagram = Datagram { from: flow.local, to: flow.peer, data: data.clone() };
        match lost {
            Some(loss) => loss.2 -= 1,
            None => self.link.send(datagram, self.now),
        }
        self.log.push(Sent { at: (self.now - self.start).as_millis(), from, to: flow.peer, name, data });
    }

    fn next(&mut self) -> Option<Instant> {
        let wake = |peer: &mut Peer| match peer.agent.poll() {
            Output::Timeout(at) => at,
            other @ (Output::Transmit(_) | Output::Event(_) | Output::Outcome(_) | Output::Asked(_)) => {
                panic!("not drained: {other:?}")
            }
        };
        self.peers.iter_mut().filter_map(wake).chain(self.link.next()).min()
    }

    /// Jumps to the next wake-up that is not after `end`.
    fn step(&mut self, end: Option<Instant>) -> bool {
        let Some(at) = self.next().filter(|at| end.is_none_or(|end| *at <= end)) else { return false };
        self.now = self.now.max(at);
        while let Some(Datagram { from, to, data }) = self.link.arrive(self.now) {
            self.deliver(from, to, data);
        }
        for peer in &mut self.peers {
            peer.agent.handle_timeout(self.now);
        }
        self.drain();
        true
    }

    fn deliver(&mut self, from: SocketAddr, to: SocketAddr, data: Bytes) {
        let gate = self.gate.as_mut().filter(|_| to == self.peers[BOB].address);
        if let Some(data) = gate.and_then(|gate| gate.answer(&data, self.now)) {
            return self.send(BOB, Transmit { flow: self.flow(BOB, from), data });
        }
        match self.peers.iter_mut().find(|peer| peer.address == to) {
            Some(peer) => {
                let flow = Flow { local: to, peer: from, protocol: Protocol::Udp, socket: SocketId::ANY };
                // As a driver does: a buffer of its own, which must be free again afterwards.
                let buffer = Bytes::copy_from_slice(&data);
                peer.agent.handle_datagram(flow, buffer.clone(), self.now);
                assert!(buffer.is_unique(), "a slice of the receive buffer is kept: {data:?}");
            }
            None => self.replies.push(data),
        }
        self.drain();
    }

    fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while self.step(Some(end)) {}
        self.now = end;
    }

    /// Until nobody has anything left to do.
    fn settle(&mut self) {
        while self.step(None) {}
    }

    /// The stranger sends Bob a datagram and hears what comes back.
    fn inject_raw(&mut self, data: impl Into<Bytes>) -> Vec<Bytes> {
        self.replies.clear();
        self.deliver(stranger(), self.peers[BOB].address, data.into());
        self.run(20);
        std::mem::take(&mut self.replies)
    }

    /// The stranger sends Bob a datagram and hears the responses.
    fn inject(&mut self, data: impl Into<Bytes>) -> Vec<Response> {
        let read = |reply| match Message::parse_datagram(reply) {
            Ok(Message::Response(response)) => Some(response),
            Ok(Message::Request(_)) | Err(_) => None,
        };
        self.inject_raw(data).into_iter().filter_map(read).collect()
    }

    /// The single answer to a datagram of the stranger.
    fn answer(&mut self, data: impl Into<Bytes>) -> Response {
        let mut replies = self.inject(data);
        assert_eq!(replies.len(), 1, "{replies:?}");
        replies.remove(0)
    }

    /// When a peer has sent messages of this name, in milliseconds.
    fn sent(&self, from: usize, name: &str) -> Vec<u128> {
        self.log.iter().filter(|sent| sent.from == from && sent.name == name).map(|sent| sent.at).collect()
    }

    /// Where a peer's messages of this name went.
    fn went(&self, from: usize, name: &str) -> Vec<String> {
        self.log.iter().filter(|sent| sent.from == from && sent.name == name).map(|sent| sent.to.to_string()).collect()
    }

    /// Everything that a peer has sent, by name.
    fn names(&self, from: usize) -> Vec<&str> {
        self.log.iter().filter(|sent| sent.from == from).map(|sent| sent.name.as_str()).collect()
    }

    /// The last message of this name.
    fn last(&self, from: usize, name: &str) -> Message {
        let sent = self.log.iter().rev().find(|sent| sent.from == from && sent.name == name);
        Message::parse_datagram(sent.expect("it was sent").data.clone()).unwrap()
    }

    fn events(&self, who: usize) -> Vec<String> {
        self.peers[who].events.iter().map(label).collect()
    }

    /// Nothing is left anywhere.
    fn assert_clean(&mut self) {
        assert_eq!(self.next(), None);
        for peer in &self.peers {
            assert_eq!((peer.agent.sessions(), peer.agent.transactions()), (0, 0));
        }
    }
}

fn label(event: &Event) -> String {
    let said = |body: &Option<Body>| {
        body.as_ref().map_or_else(String::new, |body| format!(" {}", String::from_utf8_lossy(&body.content)))
    };
    match event {
        Event::Invited { invitation, .. } => format!("Invited{}", said(&invitation.body)),
        Event::Progress { status, body, .. } => format!("Progress {status}{}", said(body)),
        Event::Answered { body, .. } => format!("Answered{}", said(body)),
        Event::Confirmed { body, .. } => format!("Confirmed{}", said(body)),
        Event::Offer { body, .. } => format!("Offer{}", said(body)),
        Event::OfferAnswered { body, .. } => format!("OfferAnswered{}", said(body)),
        Event::OfferRefused { status, .. } => format!("OfferRefused {status}"),
        Event::Info { body, .. } => format!("Info {}", String::from_utf8_lossy(&body.content)),
        Event::Refused { status, cause, .. } => format!("Refused {status} {cause:?}"),
        Event::Ended { cause: EndCause::RemoteBye { reason: Some(reason) }, .. } => {
            format!("Ended RemoteBye {}", reason.cause().unwrap_or_default())
        }
        Event::Ended { cause: EndCause::RemoteBye { reason: None }, .. } => "Ended RemoteBye".to_owned(),
        Event::Ended { cause: EndCause::Rejected { status }, .. } => format!("Ended Rejected {status}"),
        Event::Ended { cause, .. } => format!("Ended {cause:?}"),
    }
}
