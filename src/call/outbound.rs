//! A call that we place, from our INVITE to the moment the conversation begins.

use super::context::{Context, Phase};
use super::conversation::{Conversation, finish};
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId, Direction};
use super::media::{MediaError, MediaSession, Prepared, Voice, body_of};
use crate::net::shard::EngineSpec;
use crate::net::sip::{Dial, SipHandle, Way};
use std::sync::Arc;
use std::time::Duration;
use talkpath_sip::agent::{EndCause, Event, SessionId};
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::{NameAddr, StatusCode, Uri};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tracing::{Instrument, info, info_span, warn};

/// How long a call that we have given up may take to end, before we stop waiting for its end.
const GIVING_UP: Duration = Duration::from_secs(3);

/// A call to place.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whom to call: Request-URI and To.
    pub to: Uri,
    /// As whom: From.
    pub from: NameAddr,
    /// Which way the INVITE takes.
    pub way: Way,
    /// Who we are to those who challenge us.
    pub credentials: Option<Credentials>,
    /// What talks when they answer.
    pub engine: EngineSpec,
    /// How it takes turns.
    pub turn: talkpath_speech::turn::Settings,
    /// Whether the call is recorded.
    pub record: bool,
    /// How long it may ring.
    pub ring: Duration,
}

/// Places a call and takes it to its end.
pub async fn place(outgoing: Outgoing, sip: SipHandle, context: Arc<Context>) -> Disposition {
    let call = context.new_call();
    let span = info_span!("call", id = %call);
    Outbound { call, outgoing, sip, context: &context }.run().instrument(span).await
}

struct Outbound<'a> {
    call: CallId,
    outgoing: Outgoing,
    sip: SipHandle,
    context: &'a Context,
}

/// The dialog that a 2xx made, and the answer in it.
struct Answered {
    session: SessionId,
    events: mpsc::Receiver<Event>,
    answer: Vec<u8>,
}

impl Outbound<'_> {
    async fn run(self) -> Disposition {
        self.announce();
        let (disposition, media) = match self.dial().await {
            Ok((media, mut answered)) => {
                media.answered().await;
                self.context.tell(self.call, CallEventKind::Answered);
                let conversation = Conversation {
                    call: self.call,
                    context: self.context,
                    sip: &self.sip,
                    session: answered.session,
                    events: &mut answered.events,
                    media,
                };
                let (disposition, media) = conversation.run().await;
                (disposition, Some(media))
            }
            Err(disposition) => (disposition, None),
        };
        finish(self.context, self.call, disposition.clone(), media).await;
        disposition
    }

    fn announce(&self) {
        let Outgoing { to, from, way, .. } = &self.outgoing;
        let peer = way.peer();
        info!(from = %from.uri, %to, %peer, "placing a call");
        let kind = CallEventKind::Began {
            direction: Direction::Outbound,
            from: from.uri.to_string(),
            to: to.to_string(),
            peer,
        };
        self.context.tell(self.call, kind);
    }

    async fn dial(&self) -> Result<(MediaSession, Answered), Disposition> {
        let peer = self.outgoing.way.peer().ip();
        let prepared =
            Prepared::bind(self.context, self.sip.media_address(peer), peer).map_err(|error| failed(&error))?;
        let answered = self.invite(&prepared).await?;
        let session = answered.session;
        let opened = match prepared.accept(&answered.answer) {
            Ok(agreed) => {
                let voice = Voice {
                    engine: self.outgoing.engine.clone(),
                    turn: self.outgoing.turn.clone(),
                    record: self.outgoing.record,
                };
                prepared.open(self.context, self.call, agreed, voice).await
            }
            Err(error) => Err(error),
        };
        match opened {
            Ok(media) => Ok((media, answered)),
            Err(error) => {
                self.sip.hangup(session, None).await;
                Err(failed(&error))
            }
        }
    }

    /// Sends the INVITE and waits for its end: a 2xx, a refusal, or our patience.
    async fn invite(&self, prepared: &Prepared) -> Result<Answered, Disposition> {
        let dial = Dial {
            way: self.outgoing.way,
            contact: None,
            headers: Vec::new(),
            request_uri: self.outgoing.to.clone(),
            from: self.outgoing.from.clone(),
            to: NameAddr::new(self.outgoing.to.clone()),
            body: body_of(prepared.offer()),
            credentials: self.outgoing.credentials.clone(),
        };
        let (session, mut events) = self.sip.dial(dial).await.map_err(|error| {
            warn!(%error, "the call can't be placed");
            Disposition::Lost { why: "its INVITE could not be made" }
        })?;
        let mut patience = Box::pin(tokio::time::sleep(self.outgoing.ring));
        let mut giving_up = None;
        let mut early = None;
        loop {
            let event = tokio::select! {
                event = events.recv() => event,
                () = patience.as_mut() => match giving_up {
                    None => {
                        giving_up = Some(Disposition::NoAnswer);
                        patience.as_mut().reset(Instant::now() + GIVING_UP);
                        self.sip.hangup(session, None).await;
                        continue;
                    }
                    // A CANCEL waits for a response (RFC 3261 §9.1) that may never come: the driver sees to that.
                    Some(Disposition::NoAnswer) => return Err(Disposition::of_end(&EndCause::NoResponse)),
                    Some(why) => return Err(why),
                },
                () = self.context.reached(Phase::Goodbye), if giving_up.is_none() => {
                    giving_up = Some(Disposition::CancelledByUs);
                    patience.as_mut().reset(Instant::now() + GIVING_UP);
                    self.sip.hangup(session, None).await;
                    continue;
                }
            };
            match event {
                Some(Event::Answered { body, .. }) => {
                    // A gateway that has answered in its 183 may leave the 2xx without a body.
                    let answer = body.or(early).map(|body| body.content.to_vec()).unwrap_or_default();
                    return Ok(Answered { session, events, answer });
                }
                Some(Event::Progress { status, body, .. }) => {
                    early = body.or(early);
                    if status == StatusCode::RINGING {
                        self.context.tell(self.call, CallEventKind::Ringing);
                    }
                }
                Some(Event::Refused { status, reason, cause, .. }) => {
                    let refused = Disposition::of_failure(cause, status, &reason);
                    return Err(giving_up.unwrap_or(refused));
                }
                Some(Event::Ended { cause: cause @ EndCause::NoResponse, .. }) => {
                    return Err(Disposition::of_end(&cause));
                }
                Some(Event::Ended { .. }) => return Err(giving_up.unwrap_or(Disposition::NoAnswer)),
                None => return Err(Disposition::Lost { why: "its dialog ended by a fault" }),
                Some(_) => {}
            }
        }
    }
}

fn failed(error: &MediaError) -> Disposition {
    warn!(%error, "the call can't have media");
    Disposition::Refused { status: error.status(), reason: error.to_string(), by: super::disposition::Party::Us }
}
