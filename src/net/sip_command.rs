//! What call tasks ask of the SIP driver.

use std::net::SocketAddr;
use talkpath_sip::agent::{Body, Error, Event, Flow, Invite, Reason, SessionId};
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::{HeaderName, NameAddr, Request, Response, StatusCode, Text, Uri};
use talkpath_sip::registration::Failure;
use tokio::sync::{mpsc, oneshot};

/// Header fields to add to a message.
pub(super) type Headers = Vec<(HeaderName, Text)>;

/// A call to be placed.
#[derive(Debug)]
pub struct Dial {
    /// Where its INVITE goes.
    pub peer: SocketAddr,
    /// The Request-URI.
    pub request_uri: Uri,
    /// From, without tag.
    pub from: NameAddr,
    /// To, without tag.
    pub to: NameAddr,
    /// The offer.
    pub body: Body,
    /// Who we are to those who challenge the call.
    pub credentials: Option<Credentials>,
}

/// Where the final response to a request goes, or why there is none.
pub(super) type Asker = oneshot::Sender<Result<Response, Failure>>;

type Dialled = Result<(SessionId, mpsc::Receiver<Event>), Error>;

#[derive(Debug)]
pub(super) enum Command {
    Dial { dial: Box<Dial>, reply: oneshot::Sender<Dialled> },
    Request { request: Box<Request>, peer: SocketAddr, reply: Asker },
    Progress { session: SessionId, status: StatusCode, body: Option<Body> },
    Accept { session: SessionId, body: Body },
    Reject { session: SessionId, status: StatusCode, reason: Option<Text>, headers: Headers },
    Hangup { session: SessionId, reason: Option<Reason> },
    Offer { session: SessionId, body: Body },
    AnswerOffer { session: SessionId, answer: Result<Body, StatusCode> },
    Ping(SocketAddr),
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
    /// There is no driver any more.
    #[error(transparent)]
    Gone(#[from] Gone),
}

/// A handle on a SIP driver; clones share it. Every request waits while the driver's queue is full; one that comes too late for its session is dropped,
/// as the session's last event says how it ended.
#[derive(Clone, Debug)]
pub struct SipHandle {
    commands: mpsc::Sender<Command>,
    bound: SocketAddr,
}

impl Dial {
    pub(super) fn into_invite(self, flow: Flow) -> Invite {
        let Self { peer: _, request_uri, from, to, body, credentials } = self;
        Invite { request_uri, from, to, flow, contact: None, headers: Vec::new(), body: Some(body), credentials }
    }
}

impl SipHandle {
    pub(super) fn new(commands: mpsc::Sender<Command>, bound: SocketAddr) -> Self {
        Self { commands, bound }
    }

    /// The address that the driver's socket is bound to.
    #[must_use]
    pub fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Places a call; its events come through the receiver.
    ///
    /// # Errors
    /// What the user agent says, or [`Gone`].
    pub async fn dial(&self, dial: Dial) -> Result<(SessionId, mpsc::Receiver<Event>), DialError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Dial { dial: Box::new(dial), reply }).await;
        Ok(answer.await.map_err(|_| Gone)??)
    }

    /// Sends a request that belongs to no dialog, REGISTER or OPTIONS, and waits for its final response, challenges
    /// included. A driver that has ended sends nothing.
    ///
    /// # Errors
    /// When nobody answers, the network doesn't carry it, or more are under way than the user agent's settings allow.
    pub async fn request(&self, peer: SocketAddr, request: Request) -> Result<Response, Failure> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Request { request: Box::new(request), peer, reply }).await;
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

    /// Keeps the way to `peer` open: a double CRLF (RFC 5626 §3.5.1).
    pub async fn ping(&self, peer: SocketAddr) {
        self.send(Command::Ping(peer)).await;
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
