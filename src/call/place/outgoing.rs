//! A call that we place ourselves, for an agent to talk: from its INVITE to its end.

use super::attempt::{Found, Picked};
use super::line::{Try, Wanted, lines};
use super::placing::{Lines, Ring, Rung};
use crate::call::cast::Cast;
use crate::call::context::{Context, Phase};
use crate::call::conversation::{Conversation, Exit, Live, finish};
use crate::call::dialog::Dialog;
use crate::call::disposition::Disposition;
use crate::call::event::{CallEventKind, CallId, Direction};
use crate::call::facts::CallFacts;
use crate::call::media::MediaSession;
use crate::call::order::{Order, Orders};
use crate::net::sip::SipHandle;
use crate::trunk::{Caller, number_of};
use std::sync::Arc;
use std::time::Duration;
use talkpath_sip::agent::{EndCause, Event};
use tokio::sync::mpsc;
use tracing::{Instrument, info, info_span};

/// A call to place.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whom to call.
    pub to: Callee,
    /// Who talks when they answer.
    pub cast: Cast,
    /// How long it may ring.
    pub ring: Duration,
}

/// Whom to call.
#[derive(Clone, Debug)]
pub enum Callee {
    /// A target of the configuration, in the name of somebody.
    Wanted(Wanted, Caller),
    /// This very INVITE.
    Direct(Box<Try>),
}

/// Places a call and takes it to its end. It is known, and takes orders, from this moment on.
pub fn place(
    call: CallId,
    outgoing: Outgoing,
    sip: SipHandle,
    context: Arc<Context>,
) -> impl Future<Output = Disposition> {
    let span = info_span!("call", id = %call);
    let Outgoing { to, cast, ring } = outgoing;
    let orders = context.begin(call);
    let outbound = Outbound { call, facts: to.facts(), to, ring, orders, sip, context };
    span.in_scope(|| outbound.announce());
    outbound.run(cast).instrument(span)
}

struct Outbound {
    call: CallId,
    to: Callee,
    facts: CallFacts,
    ring: Duration,
    orders: Orders,
    sip: SipHandle,
    context: Arc<Context>,
}

impl Callee {
    /// Who calls, and who is called, for people.
    fn parties(&self) -> (String, String) {
        match self {
            Self::Wanted(wanted, caller) => (caller.number.clone(), wanted.to_string()),
            Self::Direct(wanted) => (wanted.from.uri.to_string(), wanted.who.clone()),
        }
    }

    /// What is known of a call to them.
    #[must_use]
    pub fn facts(&self) -> CallFacts {
        match self {
            Self::Wanted(wanted, caller) => CallFacts::placed(caller.clone(), wanted.number()),
            Self::Direct(wanted) => CallFacts::placed(Caller::of(&wanted.from), &number_of(&wanted.request_uri)),
        }
    }
}

impl Outbound {
    async fn run(mut self, cast: Cast) -> Disposition {
        let (disposition, media) = match self.dial().await {
            Ok(picked) => self.talk(picked, cast).await,
            Err(disposition) => (disposition, None),
        };
        finish(&self.context, self.call, disposition.clone(), media).await;
        disposition
    }

    fn announce(&self) {
        let (from, to) = self.to.parties();
        info!(%from, %to, "placing a call");
        let kind = CallEventKind::Began { direction: Direction::Outbound, from, to, peer: None };
        self.context.tell(self.call, kind);
    }

    async fn dial(&mut self) -> Result<Picked, Disposition> {
        let tries = match &self.to {
            Callee::Wanted(wanted, caller) => lines(wanted, caller, &self.context, &self.sip).await?,
            Callee::Direct(wanted) => vec![vec![(**wanted).clone()]],
        };
        let ring = Ring { time: self.ring, law: None, early: false, hops: None };
        let mut lines = Lines::ring(tries, &ring, &self.context, &self.sip);
        let mut giving_up = false;
        loop {
            let rung = tokio::select! {
                rung = lines.next() => rung,
                Some(order) = self.orders.recv() => {
                    if matches!(order, Order::HangUp) {
                        lines.give_up();
                    }
                    continue;
                }
                () = self.context.reached(Phase::Goodbye), if !giving_up => {
                    giving_up = true;
                    lines.give_up();
                    continue;
                }
            };
            match rung {
                Rung::Ringing => self.context.tell(self.call, CallEventKind::Ringing),
                Rung::Early(_) => {}
                Rung::Answered(picked) => return Ok(*picked),
                Rung::Nobody(disposition) => return Err(disposition),
            }
        }
    }

    async fn talk(&mut self, picked: Picked, cast: Cast) -> (Disposition, Option<MediaSession>) {
        let Picked { session, mut events, found, permit, .. } = picked;
        let Found::Fresh(prepared, agreed) = found else {
            return (Disposition::Lost { why: "its media went to somebody who didn't ask for it" }, None);
        };
        let mut media = match prepared.open(&self.context, self.call, agreed, cast.voice().clone()).await {
            Ok(media) => media,
            Err(error) => {
                self.sip.hangup(session, None).await;
                return (Disposition::refused_by_us(error.status(), error.to_string()), None);
            }
        };
        media.answered().await;
        self.context.tell(self.call, CallEventKind::Answered);
        self.context.tell(self.call, CallEventKind::Agent { name: cast.name().to_owned() });
        let live = Live {
            call: self.call,
            context: &self.context,
            sip: &self.sip,
            dialog: Dialog::Sip { sip: &self.sip, session, events: &mut events },
            orders: &mut self.orders,
            media: &mut media,
            facts: &self.facts,
        };
        let disposition = match Conversation::with(live, cast).run().await {
            Exit::Ended(disposition) => disposition,
            // Nobody asks the callee for keys; whom they were handed over to has gone.
            Exit::Decided(_) | Exit::PartyLeft => {
                self.sip.hangup(session, None).await;
                until_ended(&mut events).await
            }
        };
        drop(permit);
        (disposition, Some(media))
    }
}

/// Waits for the end of a dialog that we have hung up.
async fn until_ended(events: &mut mpsc::Receiver<Event>) -> Disposition {
    const PATIENCE: Duration = Duration::from_secs(40);
    let ended = async {
        loop {
            match events.recv().await {
                Some(Event::Ended { cause, .. }) => return Disposition::of_end(&cause),
                Some(_) => {}
                None => return Disposition::of_end(&EndCause::Transport),
            }
        }
    };
    let lost = Disposition::Lost { why: "its dialog did not end when we hung up" };
    tokio::time::timeout(PATIENCE, ended).await.unwrap_or(lost)
}
