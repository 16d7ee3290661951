//! A call to us, from its INVITE to the moment the conversation begins.

use super::context::{Context, Phase};
use super::conversation::{Conversation, finish};
use super::disposition::{Disposition, Party};
use super::event::{CallEventKind, CallId, Direction};
use super::media::{MediaError, MediaSession, Prepared, Voice, body_of};
use crate::net::sip::{Incoming, RETRY_AFTER, SipHandle};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use talkpath_config::Agent;
use talkpath_dialplan::{Action, Decision, Facts, decide};
use talkpath_sip::agent::{Body, EndCause, Event, Invitation};
use talkpath_sip::message::{HeaderName, StatusCode, Text, Uri};
use tokio::time::{Instant, sleep_until};
use tracing::{Instrument, info, info_span, warn};

/// Takes one incoming call to its end.
pub async fn answer(incoming: Incoming, sip: SipHandle, context: Arc<Context>) {
    let call = context.new_call();
    let span = info_span!("call", id = %call);
    Inbound { call, incoming, sip, context: &context, hung_up: false }.run().instrument(span).await;
}

struct Inbound<'a> {
    call: CallId,
    incoming: Incoming,
    sip: SipHandle,
    context: &'a Context,
    hung_up: bool,
}

/// A refusal, as it goes to the peer and onto the log.
struct Refusal {
    status: StatusCode,
    reason: Option<String>,
    why: String,
}

impl Refusal {
    fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, reason: None, why: why.into() }
    }
}

impl From<MediaError> for Refusal {
    fn from(error: MediaError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

/// What a call that isn't answered yet can meet.
enum Next {
    Event(Event),
    TimeIsUp,
    Gone,
}

/// What became of an INVITE.
enum Outcome {
    Talking(MediaSession),
    Refused(Refusal),
    Ended(Disposition, Option<MediaSession>),
}

impl Inbound<'_> {
    async fn run(mut self) {
        self.announce();
        let outcome = match self.agent().cloned() {
            Ok(agent) => self.accept(&agent).await.unwrap_or_else(Outcome::Refused),
            Err(refusal) => Outcome::Refused(refusal),
        };
        let (disposition, media) = match outcome {
            Outcome::Talking(media) => self.converse(media).await,
            Outcome::Refused(refusal) => (self.refuse(refusal).await, None),
            Outcome::Ended(disposition, media) => (disposition, media),
        };
        finish(self.context, self.call, disposition, media).await;
    }

    fn announce(&self) {
        let Invitation { from, to, flow, .. } = &self.incoming.invitation;
        info!(from = %from.uri, to = %to.uri, peer = %flow.peer, "call came in");
        let kind = CallEventKind::Began {
            direction: Direction::Inbound,
            from: from.uri.to_string(),
            to: to.uri.to_string(),
            peer: flow.peer,
        };
        self.context.tell(self.call, kind);
    }

    /// The agent that the dialplan gives the call to.
    fn agent(&self) -> Result<&Agent, Refusal> {
        let config = &self.context.config;
        let invitation = &self.incoming.invitation;
        let (from, called) = (number_of(&invitation.from.uri), number_of(&invitation.request_uri));
        // A registrar sends calls to our Contact: whom they are for stands in To.
        let trunk = self.context.trunk_of(&called);
        let to = if trunk.is_some() { number_of(&invitation.to.uri) } else { called };
        let source = invitation.flow.peer.ip();
        let facts = Facts { source, from: &from, to: &to, trunk: trunk.as_deref() };
        match decide(&config.routes, &facts) {
            Decision::NoRoute => Err(Refusal::new(StatusCode::NOT_FOUND, format!("no route takes a call to \"{to}\""))),
            Decision::Route(route) => match &route.action {
                Action::Agent(name) => config
                    .agent(name)
                    .ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no agent \"{name}\""))),
                Action::Reject { status, reason } => Err(Refusal {
                    status: StatusCode::new(*status).unwrap_or(StatusCode::FORBIDDEN),
                    reason: reason.clone(),
                    why: format!("route \"{}\" rejects it", route.name),
                }),
            },
        }
    }

    /// Ports, SDP, shard, 180, 200, ACK.
    async fn accept(&mut self, agent: &Agent) -> Result<Outcome, Refusal> {
        let prepared = {
            let peer = self.incoming.invitation.flow.peer.ip();
            Prepared::bind(self.context, self.sip.media_address(peer), peer)?
        };
        let voice = Voice::of_agent(self.context, agent);
        match self.incoming.invitation.body.take() {
            Some(offer) => self.accept_offer(prepared, &offer, voice, agent.ring).await,
            None => self.accept_without_offer(prepared, voice, agent.ring).await,
        }
    }

    /// The shard has the call before it is answered: what comes first is heard.
    async fn accept_offer(
        &mut self,
        prepared: Prepared,
        offer: &Body,
        voice: Voice,
        ring: Duration,
    ) -> Result<Outcome, Refusal> {
        let agreed = prepared.answer(&offer.content)?;
        let answer = agreed.sent.clone();
        let media = prepared.open(self.context, self.call, agreed, voice).await?;
        let ended = match self.ring(ring).await {
            Some(disposition) => Some(disposition),
            None => self.confirmed(answer).await.err(),
        };
        match ended {
            Some(disposition) => Ok(Outcome::Ended(disposition, Some(media))),
            None => Ok(Outcome::Talking(media)),
        }
    }

    /// Our offer goes into the 200, the answer comes in the ACK (RFC 3261 §13.2.1, RFC 3264 §5).
    async fn accept_without_offer(
        &mut self,
        prepared: Prepared,
        voice: Voice,
        ring: Duration,
    ) -> Result<Outcome, Refusal> {
        Prepared::room(self.context)?;
        if let Some(disposition) = self.ring(ring).await {
            return Ok(Outcome::Ended(disposition, None));
        }
        let answer = match self.confirmed(prepared.offer()).await {
            Ok(answer) => answer.map(|body| body.content).unwrap_or_default(),
            Err(disposition) => return Ok(Outcome::Ended(disposition, None)),
        };
        let opened = match prepared.accept(&answer) {
            Ok(agreed) => prepared.open(self.context, self.call, agreed, voice).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(media) => Ok(Outcome::Talking(media)),
            Err(error) => {
                warn!(%error, "the call was answered and can't have media");
                self.sip.hangup(self.incoming.session, None).await;
                Ok(Outcome::Ended(Disposition::Lost { why: "its media could not be agreed on" }, None))
            }
        }
    }

    /// Answers 200 and waits for the ACK; gives what it carries.
    async fn confirmed(&mut self, description: Vec<u8>) -> Result<Option<Body>, Disposition> {
        self.sip.accept(self.incoming.session, body_of(description)).await;
        loop {
            match self.next(None).await {
                Next::Event(Event::Confirmed { body, .. }) => return Ok(body),
                Next::Event(Event::Ended { cause, .. }) => return Err(Disposition::of_end(&cause)),
                Next::Gone => return Err(Disposition::of_end(&EndCause::Transport)),
                Next::Event(_) | Next::TimeIsUp => {}
            }
        }
    }

    /// Lets the phone ring; the disposition when the call ended meanwhile.
    async fn ring(&mut self, time: Duration) -> Option<Disposition> {
        self.sip.progress(self.incoming.session, StatusCode::RINGING, None).await;
        if time.is_zero() {
            return None;
        }
        let deadline = Instant::now() + time;
        loop {
            match self.next(Some(deadline)).await {
                Next::TimeIsUp => return None,
                Next::Event(Event::Ended { cause, .. }) => return Some(Disposition::before_answer(&cause)),
                Next::Gone => return Some(Disposition::Cancelled),
                Next::Event(_) => {}
            }
        }
    }

    /// What happens next; a server that hangs up its calls hangs up this one too, and its end is the next event.
    async fn next(&mut self, deadline: Option<Instant>) -> Next {
        let session = self.incoming.session;
        loop {
            tokio::select! {
                event = self.incoming.events.recv() => return event.map_or(Next::Gone, Next::Event),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => return Next::TimeIsUp,
                () = self.context.reached(Phase::Goodbye), if !self.hung_up => {
                    self.hung_up = true;
                    self.sip.hangup(session, None).await;
                }
            }
        }
    }

    async fn refuse(&self, refusal: Refusal) -> Disposition {
        let Refusal { status, reason, why } = refusal;
        info!(status = status.code(), why, "call refused");
        let phrase = reason.as_deref().unwrap_or_else(|| status.default_reason()).to_owned();
        let busy = status == StatusCode::SERVICE_UNAVAILABLE;
        let headers = busy.then(|| (HeaderName::RetryAfter, Text::from(RETRY_AFTER)));
        let reason = reason.as_deref().map(Text::from);
        self.sip.reject(self.incoming.session, status, reason, headers.into_iter().collect()).await;
        Disposition::Refused { status, reason: phrase, by: Party::Us }
    }

    async fn converse(&mut self, media: MediaSession) -> (Disposition, Option<MediaSession>) {
        media.answered().await;
        self.context.tell(self.call, CallEventKind::Answered);
        let conversation = Conversation {
            call: self.call,
            context: self.context,
            sip: &self.sip,
            session: self.incoming.session,
            events: &mut self.incoming.events,
            media,
        };
        let (disposition, media) = conversation.run().await;
        (disposition, Some(media))
    }
}

/// The number that a URI names: the user part of sip:, the number of tel:, empty without either.
fn number_of(uri: &Uri) -> String {
    uri.number().map(Cow::into_owned).unwrap_or_default()
}
