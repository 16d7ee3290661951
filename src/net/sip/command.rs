//! What call tasks ask of the SIP driver.

use super::ways::{Listening, Ways};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use talkpath_config::Listen;
use talkpath_sip::agent::{Body, Error, Event, Flow, Invite, Protocol, Reason, SessionId};
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::{HeaderName, NameAddr, Request, Response, StatusCode, Text, Uri};
use talkpath_sip::registrar::Binding;
use talkpath_sip::registration::Failure;
use tokio::sync::{mpsc, oneshot};

/// Header fields to add to a message.
pub type Headers = Vec<(HeaderName, Text)>;

/// Which way a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// To this address by this transport, from whichever of our sockets leads there.
    To(SocketAddr, Protocol),
    /// The way that something came.
    Along(Flow),
}

impl Way {
    /// The other side's address.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        match self {
            Self::To(peer, _) => *peer,
            Self::Along(flow) => flow.peer,
        }
    }

    /// The transport.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::To(_, protocol) => *protocol,
            Self::Along(flow) => flow.protocol,
        }
    }
}

/// A call to be placed.
#[derive(Debug)]
pub struct Dial {
    /// Where its INVITE goes.
    pub way: Way,
    /// The Request-URI.
    pub request_uri: Uri,
    /// From, without tag.
    pub from: NameAddr,
    /// To, without tag.
    pub to: NameAddr,
    /// Our Contact; by default the address that the INVITE leaves from.
    pub contact: Option<Uri>,
    /// Further header fields of the INVITE.
    pub headers: Headers,
    /// The offer.
    pub body: Body,
    /// Who we are to those who challenge the call.
    pub credentials: Option<Credentials>,
}

/// Where the final response to a request goes, or why there is none.
pub(super) type Asker = oneshot::Sender<Result<Response, Failure>>;

type Dialled = Result<(SessionId, mpsc::Receiver<Event>), DialError>;

#[derive(Debug)]
pub(super) enum Command {
    Dial { dial: Box<Dial>, reply: oneshot::Sender<Dialled> },
    Request { request: Box<Request>, way: Way, reply: Asker },
    Progress { session: SessionId, status: StatusCode, body: Option<Body> },
    Accept { session: SessionId, body: Body },
    Reject { session: SessionId, status: StatusCode, reason: Option<Text>, headers: Headers },
    Hangup { session: SessionId, reason: Option<Reason> },
    Offer { session: SessionId, body: Body },
    AnswerOffer { session: SessionId, answer: Result<Body, StatusCode> },
    Ping { way: Way, pong: oneshot::Sender<()> },
    Watch { way: Way, watcher: oneshot::Sender<()> },
    Bindings { user: Text, reply: oneshot::Sender<Vec<Binding>> },
    Registered(oneshot::Sender<Vec<(Text, Vec<Binding>)>>),
    Drain,
    Settle(oneshot::Sender<()>),
}

/// The driver has ended; so have its sessions.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the SIP driver has ended")]
pub struct Gone;

/// Why a call could not be placed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// The user agent refused.
    #[error(transparent)]
    Refused(#[from] Error),
    /// No listener leads there.
    #[error("no listener of sip.listen leads there by this transport and address family; add one")]
    NoWay,
    /// There is no driver any more.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// A handle on a SIP driver; clones share it. Every request waits while the driver's queue is full; one that comes too late for its session is dropped,
/// as the session's last event says how it ended.
#[derive(Clone, Debug)]
pub struct SipHandle {
    commands: mpsc::Sender<Command>,
    listening: Arc<[Listening]>,
    external: Option<IpAddr>,
}

impl Dial {
    pub(super) fn into_invite(self, flow: Flow) -> Invite {
        let Self { way: _, request_uri, from, to, contact, headers, body, credentials } = self;
        Invite { request_uri, from, to, flow, contact, headers, body: Some(body), credentials }
    }
}

impl SipHandle {
    pub(super) fn new(commands: mpsc::Sender<Command>, listening: Vec<Listening>, external: Option<IpAddr>) -> Self {
        Self { commands, listening: listening.into(), external }
    }

    /// Where SIP is listened for.
    pub fn listening(&self) -> impl Iterator<Item = Listen> {
        self.listening.iter().map(|listening| listening.listen)
    }

    /// The address of the first listener.
    #[must_use]
    pub fn bound(&self) -> Option<SocketAddr> {
        self.listening.first().map(|listening| listening.listen.address)
    }

    /// The address at which the other side of a way sees us; none when no listener leads there.
    #[must_use]
    pub fn local(&self, way: Way) -> Option<SocketAddr> {
        match way {
            Way::To(peer, protocol) => {
                Ways::new(&self.listening, self.external).to(peer, protocol).map(|flow| flow.local)
            }
            Way::Along(flow) => Some(flow.local),
        }
    }

    /// The address that media with `peer` is bound to: that of our listeners where they have one alone, so that voice and
    /// signalling leave from the same place.
    #[must_use]
    pub fn media_address(&self, peer: IpAddr) -> IpAddr {
        let mut family = self
            .listening
            .iter()
            .map(|listening| listening.listen.address.ip())
            .filter(|own| own.is_ipv4() == peer.is_ipv4());
        let first = family.next();
        match first {
            Some(own) if family.all(|other| other == own) => own,
            Some(_) | None if peer.is_ipv4() => std::net::Ipv4Addr::UNSPECIFIED.into(),
            Some(_) | None => std::net::Ipv6Addr::UNSPECIFIED.into(),
        }
    }

    /// Places a call; its events come through the receiver.
    ///
    /// # Errors
    /// What the user agent says, or [`Gone`].
    pub async fn dial(&self, dial: Dial) -> Result<(SessionId, mpsc::Receiver<Event>), DialError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Dial { dial: Box::new(dial), reply }).await;
        answer.await.map_err(|_| Gone)?
    }

    /// Sends a request that belongs to no dialog, REGISTER or OPTIONS, and waits for its final response, challenges
    /// included. A driver that has ended sends nothing.
    ///
    /// # Errors
    /// When nobody answers, the network doesn't carry it, or more are under way than the user agent's settings allow.
    pub async fn request(&self, way: Way, request: Request) -> Result<Response, Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Request { request: Box::new(request), way, reply }).await;
        answer.await.unwrap_or(Err(Failure::Transport))
    }

    /// Answers an INVITE provisionally.
    pub async fn progress(&self, session: SessionId, status: StatusCode, body: Option<Body>) {
        self.send(Command::Progress { session, status, body }).await;
    }

    /// Answers an INVITE 200.
    pub async fn accept(&self, session: SessionId, body: Body) {
        self.send(Command::Accept { session, body }).await;
    }

    /// Refuses an INVITE.
    pub async fn reject(&self, session: SessionId, status: StatusCode, reason: Option<Text>, headers: Headers) {
        self.send(Command::Reject { session, status, reason, headers }).await;
    }

    /// Ends a session the way that its state asks for: CANCEL, BYE or a final response.
    pub async fn hangup(&self, session: SessionId, reason: Option<Reason>) {
        self.send(Command::Hangup { session, reason }).await;
    }

    /// Sends a re-INVITE with an offer.
    pub async fn offer(&self, session: SessionId, body: Body) {
        self.send(Command::Offer { session, body }).await;
    }

    /// Answers an offer within a dialog.
    pub async fn answer_offer(&self, session: SessionId, answer: Result<Body, StatusCode>) {
        self.send(Command::AnswerOffer { session, answer }).await;
    }

    /// Keeps a way open: a double CRLF (RFC 5626 §3.5.1). True when the other side has answered it; on UDP nobody does.
    pub async fn ping(&self, way: Way) -> bool {
        let (pong, answered) = oneshot::channel();
        self.send(Command::Ping { way, pong }).await;
        answered.await.is_ok()
    }

    /// Waits until the connection of a way is gone; on UDP there is none, and on a way without a connection it is gone.
    pub async fn lost(&self, way: Way) {
        let (watcher, gone) = oneshot::channel();
        self.send(Command::Watch { way, watcher }).await;
        // Nothing is ever sent: it is dropped.
        drop(gone.await);
    }

    /// Where a user's telephones are, the preferred ones first.
    pub async fn bindings(&self, user: &str) -> Vec<Binding> {
        let (reply, bindings) = oneshot::channel();
        self.send(Command::Bindings { user: Text::from(user), reply }).await;
        bindings.await.unwrap_or_default()
    }

    /// Everybody who has a telephone here.
    pub async fn registered(&self) -> Vec<(Text, Vec<Binding>)> {
        let (reply, registered) = oneshot::channel();
        self.send(Command::Registered(reply)).await;
        registered.await.unwrap_or_default()
    }

    /// New INVITEs are answered 503 from now on.
    pub async fn drain(&self) {
        self.send(Command::Drain).await;
    }

    /// Waits until every request that we have sent has its answer: the last BYE has arrived.
    pub async fn settled(&self) {
        let (reply, settled) = oneshot::channel();
        self.send(Command::Settle(reply)).await;
        // A driver that has ended has nothing unanswered.
        drop(settled.await);
    }

    /// A driver that has ended took its sessions along: their event channels close.
    async fn send(&self, command: Command) {
        drop(self.commands.send(command).await);
    }
}
