//! What a session tells the application.
//!
//! Invariant: each session that was reported by [`Event::Invited`] or returned by
//! [`invite`](crate::agent::UserAgent::invite) gets exactly one terminal event, [`Event::Refused`] or
//! [`Event::Ended`], and nothing after it.

use bytes::Bytes;

use crate::flow::Flow;
use crate::message::{Headers, NameAddr, Reason, StatusCode, Text, Uri};

/// Names one INVITE session of one user agent; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionId(pub(crate) u64);

impl std::fmt::Display for SessionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A message body: what it is and its bytes. This room never reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The Content-Type field, parameters included.
    pub content_type: Text,
    /// The bytes.
    pub content: Bytes,
}

impl Body {
    /// A session description.
    pub fn sdp(content: impl Into<Bytes>) -> Self {
        Self { content_type: Text::from_static("application/sdp"), content: content.into() }
    }
}

/// An INVITE that wants an answer. Nothing in it holds the receive buffer.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Who calls.
    pub from: NameAddr,
    /// Whom they meant to call.
    pub to: NameAddr,
    /// Where the request went in the end.
    pub request_uri: Uri,
    /// The call's name; both directions of the dialog share it.
    pub call_id: Text,
    /// All header fields as they came.
    pub headers: Headers,
    /// Who calls, if that was asked and proved by digest.
    pub user: Option<Text>,
    /// The offer, unless the caller wants ours.
    pub body: Option<Body>,
    /// The way it came.
    pub flow: Flow,
}

/// What has happened to a session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// A new INVITE; 100 is sent. Answer with `progress`, `accept`, `reject` or `hangup`.
    Invited {
        /// The new session.
        id: SessionId,
        /// What it says.
        invitation: Box<Invitation>,
    },
    /// A provisional response to our INVITE.
    Progress {
        /// The session.
        id: SessionId,
        /// 101 to 199; 100 is not told.
        status: StatusCode,
        /// Early media's description, if any.
        body: Option<Body>,
    },
    /// A 2xx to our INVITE. It is acknowledged, except after an INVITE without an offer: then `body` is the peer's
    /// offer and the ACK waits for `answer_offer`.
    Answered {
        /// The session.
        id: SessionId,
        /// The answer, or the offer.
        body: Option<Body>,
        /// All header fields of the response.
        headers: Box<Headers>,
    },
    /// The ACK to our 2xx, of an INVITE or a re-INVITE.
    Confirmed {
        /// The session.
        id: SessionId,
        /// The answer, when the 2xx held our offer.
        body: Option<Body>,
    },
    /// A re-INVITE: respond with `answer_offer`. The peer may withdraw it by CANCEL; then the answer is an error and
    /// the session goes on as it was.
    Offer {
        /// The session.
        id: SessionId,
        /// The offer; `None` asks for ours.
        body: Option<Body>,
    },
    /// The peer accepted our re-INVITE.
    OfferAnswered {
        /// The session.
        id: SessionId,
        /// The answer; after a re-INVITE without an offer, the peer's offer, which `answer_offer` must answer.
        body: Option<Body>,
    },
    /// The peer refused our re-INVITE; the session goes on as it was (RFC 3261 §14.1).
    OfferRefused {
        /// The session.
        id: SessionId,
        /// Why.
        status: StatusCode,
    },
    /// An INFO with a body of [`Settings::info`](crate::agent::Settings::info), answered already.
    Info {
        /// The session.
        id: SessionId,
        /// What it says.
        body: Body,
    },
    /// Terminal: our INVITE has failed.
    Refused {
        /// The session.
        id: SessionId,
        /// The response's status; 408 for a time-out, 503 for a transport error (RFC 3261 §8.1.3.1).
        status: StatusCode,
        /// The response's reason phrase; for a challenge that our credentials don't answer, what is wrong in words.
        reason: Text,
        /// Who says so.
        cause: RefusalCause,
        /// All header fields of the response: Contact of a 3xx, Retry-After, Warning. Empty without one.
        headers: Box<Headers>,
    },
    /// Terminal: the session is over.
    Ended {
        /// The session.
        id: SessionId,
        /// Why.
        cause: EndCause,
    },
}

impl Event {
    /// The session that this is about.
    pub fn session(&self) -> SessionId {
        match self {
            Self::Invited { id, .. }
            | Self::Progress { id, .. }
            | Self::Answered { id, .. }
            | Self::Confirmed { id, .. }
            | Self::Offer { id, .. }
            | Self::OfferAnswered { id, .. }
            | Self::OfferRefused { id, .. }
            | Self::Info { id, .. }
            | Self::Refused { id, .. }
            | Self::Ended { id, .. } => *id,
        }
    }

    /// True when nothing more will come about this session.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Ended { .. })
    }
}

/// Who refused our INVITE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalCause {
    /// The peer, by a final response.
    Response,
    /// Nobody: timer B fired.
    Timeout,
    /// The network: the peer can't be reached.
    Transport,
}

/// Why a session is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndCause {
    /// The peer sent BYE.
    RemoteBye {
        /// Its Reason field.
        reason: Option<Reason>,
    },
    /// The caller gave up before we answered.
    RemoteCancel,
    /// The caller's INVITE had an Expires time and it has passed (RFC 3261 §13.3.1).
    Expired,
    /// We refused the INVITE with this status.
    Rejected {
        /// What we answered.
        status: StatusCode,
    },
    /// We hung up.
    LocalHangup,
    /// We hung up before anything came back to our INVITE, and nothing ever did: timer B fired.
    NoResponse,
    /// No ACK to our 2xx in 64*T1; BYE is sent (RFC 3261 §13.3.1.4).
    AckTimeout,
    /// Nobody refreshed the session in its time (RFC 4028 §10).
    SessionExpired,
    /// A request within the dialog was answered 408 or 481 or not at all (RFC 3261 §12.2.1.2).
    DialogLost,
    /// The network says that the peer can't be reached.
    Transport,
}
