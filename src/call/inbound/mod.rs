//! A call to us, from its INVITE to its end: what the dialplan says, step by step.
//!
//!   INVITE ─► trunk, phone, caller, called ─► route ─► action ─► ... ─► action ─► end
//!                                                  agent, menu, PIN: answered here
//!                                                  dial: answered when somebody picks up there
//!                                                  reject: refused; hung up when it was answered before
//!
//! An action ends the call or leads to the next: a menu's option, what follows a PIN, what happens otherwise.

mod dial;
mod keys;
mod ring;

use super::cast::{Brief, Cast, Scene};
use super::context::Context;
use super::conversation::{Conversation, Exit, Live, finish};
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId, Direction};
use super::facts::CallFacts;
use super::media::{MediaError, MediaSession};
use super::order::Orders;
use crate::net::sip::{Incoming, RETRY_AFTER, SipHandle};
use crate::trunk::Permit;
use std::sync::Arc;
use talkpath_dialplan::{Action, Decision, Direction as Towards, decide};
use talkpath_sip::agent::Invitation;
use talkpath_sip::message::{HeaderName, StatusCode, Text};
use tracing::{Instrument, info, info_span};

/// How many actions one call may go through: menus may lead in circles, and nobody stays in one for ever.
const MOST_ACTIONS: usize = 100;

/// Takes one incoming call to its end.
pub async fn answer(incoming: Incoming, sip: SipHandle, context: Arc<Context>) {
    let call = CallId::new();
    let span = info_span!("call", id = %call);
    Inbound::new(call, incoming, sip, context).run().instrument(span).await;
}

/// A call to us.
struct Inbound {
    call: CallId,
    incoming: Incoming,
    sip: SipHandle,
    context: Arc<Context>,
    facts: CallFacts,
    orders: Orders,
    /// Once it has media: answered, or with early media.
    media: Option<MediaSession>,
    /// The answer that was given with early media, to be given again.
    promised: Option<Vec<u8>>,
    answered: bool,
    /// The channel of its trunk.
    permit: Option<Permit>,
    hung_up: bool,
}

/// A refusal, as it goes to the peer and onto the log.
#[derive(Debug)]
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

/// What an action leads to.
#[derive(Debug)]
enum Step {
    /// To another.
    Next(Action),
    /// Nobody has anything more to say to the caller: hang up.
    HangUp,
    /// To the call's end.
    Ended(Disposition),
}

impl Inbound {
    fn new(call: CallId, incoming: Incoming, sip: SipHandle, context: Arc<Context>) -> Self {
        let facts = facts(&incoming.invitation, &context);
        let orders = context.begin(call);
        Self {
            call,
            incoming,
            sip,
            context,
            facts,
            orders,
            media: None,
            promised: None,
            answered: false,
            permit: None,
            hung_up: false,
        }
    }

    async fn run(mut self) {
        self.announce();
        let disposition = match self.admit() {
            Ok(action) => self.act(action).await,
            Err(refusal) => self.refuse(refusal).await,
        };
        let Self { context, call, media, permit, .. } = self;
        finish(&context, call, disposition, media).await;
        drop(permit);
    }

    fn announce(&self) {
        let (from, to) = (&self.facts.caller.number, &self.facts.called);
        let trunk = self.facts.trunk.as_ref().map(|trunk| trunk.settings.name.as_str());
        let peer = self.incoming.invitation.flow.peer;
        info!(from, to, %peer, trunk, phone = self.facts.phone, "call came in");
        let Invitation { from, to, .. } = &self.incoming.invitation;
        let kind = CallEventKind::Began {
            direction: Direction::Inbound,
            from: from.uri.to_string(),
            to: to.uri.to_string(),
            peer: Some(peer),
        };
        self.context.tell(self.call, kind);
    }

    /// A channel of its trunk, and the action that the dialplan begins with.
    fn admit(&mut self) -> Result<Action, Refusal> {
        if let Some(trunk) = &self.facts.trunk {
            let overload = StatusCode::new(trunk.settings.overload_status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            let permit = trunk.acquire(Towards::Inbound).map_err(|cap| Refusal::new(overload, cap.to_string()))?;
            self.permit = Some(permit);
        }
        let called = &self.facts.called;
        self.facts.with(|facts| match decide(&self.context.config.routes, facts) {
            Decision::NoRoute => {
                Err(Refusal::new(StatusCode::NOT_FOUND, format!("no route takes a call to \"{called}\"")))
            }
            Decision::Route(route) => {
                info!(route = route.name, action = %route.action, "routed");
                Ok(route.action.clone())
            }
        })
    }

    /// From action to action, to the end.
    async fn act(&mut self, first: Action) -> Disposition {
        let mut action = first;
        for _ in 0..MOST_ACTIONS {
            match self.step(action).await {
                Ok(Step::Next(next)) => action = next,
                Ok(Step::HangUp) => return self.hang_up().await,
                Ok(Step::Ended(disposition)) => return disposition,
                Err(refusal) if self.answered => {
                    info!(why = refusal.why, "the call can't go on: hanging up");
                    return self.hang_up().await;
                }
                Err(refusal) => return self.refuse(refusal).await,
            }
        }
        info!("the caller has gone round in circles for too long: hanging up");
        self.hang_up().await
    }

    async fn step(&mut self, action: Action) -> Result<Step, Refusal> {
        match action {
            Action::Agent(name) => self.agent(&name).await,
            Action::Dial(dial) => self.dial(dial).await,
            Action::Menu(name) => self.menu(&name).await,
            Action::Pin(pin) => self.pin(pin).await,
            Action::Reject { .. } if self.answered => Ok(Step::HangUp),
            Action::Reject { status, reason } => Err(Refusal {
                status: StatusCode::new(status).unwrap_or(StatusCode::FORBIDDEN),
                reason,
                why: "its route rejects it".into(),
            }),
        }
    }

    /// The agent answers, or takes over.
    async fn agent(&mut self, name: &str) -> Result<Step, Refusal> {
        let context = Arc::clone(&self.context);
        let agent = context.config.agent(name);
        let agent =
            agent.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no agent \"{name}\"")))?;
        let scene = Scene { call: self.call, facts: &self.facts, context: &context };
        let cast = Cast::of_agent(agent, &Brief::default(), scene)
            .map_err(|error| Refusal::new(StatusCode::SERVER_INTERNAL_ERROR, error.to_string()))?;
        if let Some(ended) = self.answer(cast.voice().clone(), agent.ring).await? {
            return Ok(Step::Ended(ended));
        }
        context.tell(self.call, CallEventKind::Agent { name: cast.name().to_owned() });
        Ok(match self.converse(|live| Conversation::with(live, cast)).await {
            Exit::Ended(disposition) => Step::Ended(disposition),
            // An agent asks for no keys.
            Exit::PartyLeft | Exit::Decided(_) => Step::HangUp,
        })
    }

    /// Talks until something comes of it.
    async fn converse<'a>(&'a mut self, begin: impl FnOnce(Live<'a>) -> Conversation<'a>) -> Exit {
        let Self { call, context, sip, incoming, media, orders, facts, .. } = self;
        let Some(media) = media else { return Exit::Ended(Disposition::Lost { why: "it never had media" }) };
        let live = Live {
            call: *call,
            context,
            sip,
            session: incoming.session,
            events: &mut incoming.events,
            orders,
            media,
            facts,
        };
        begin(live).run().await
    }

    /// Hangs up, and waits for the end of the dialog.
    async fn hang_up(&mut self) -> Disposition {
        self.sip.hangup(self.incoming.session, None).await;
        self.hung_up = true;
        self.until_ended().await
    }

    async fn refuse(&self, refusal: Refusal) -> Disposition {
        let Refusal { status, reason, why } = refusal;
        info!(status = status.code(), why, "call refused");
        let phrase = reason.as_deref().unwrap_or_else(|| status.default_reason()).to_owned();
        let busy = status == StatusCode::SERVICE_UNAVAILABLE;
        let headers = busy.then(|| (HeaderName::RetryAfter, Text::from(RETRY_AFTER)));
        let reason = reason.as_deref().map(Text::from);
        self.sip.reject(self.incoming.session, status, reason, headers.into_iter().collect()).await;
        Disposition::refused_by_us(status, format!("{phrase} ({why})"))
    }
}

/// What is known of the call.
fn facts(invitation: &Invitation, context: &Context) -> CallFacts {
    let called = crate::trunk::number_of(&invitation.request_uri);
    let source = invitation.flow.peer.ip();
    let user = invitation.user.as_ref().map(ToString::to_string);
    let phone = user.filter(|user| context.config.phone(user).is_some());
    if phone.is_some() {
        let facts = CallFacts::of(invitation, None, phone, false);
        return CallFacts { called: context.config.numbers.plan.to_e164(&facts.called), ..facts };
    }
    let trunk = context.trunks.of_call(&called, source).cloned();
    let is_ours = trunk.as_ref().is_some_and(|trunk| {
        trunk.registration().is_some_and(|registration| registration.contact.user().as_deref() == Some(&called))
    });
    CallFacts::of(invitation, trunk, None, is_ours)
}
