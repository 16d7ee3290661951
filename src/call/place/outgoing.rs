//! A call that we place ourselves, for an agent to talk: from its INVITE to its end.

use super::attempt::{Found, Picked};
use super::line::{Try, Wanted, lines};
use super::placing::{Lines, Ring, Rung};
use crate::call::context::{Context, Phase};
use crate::call::conversation::{Conversation, Exit, finish};
use crate::call::disposition::Disposition;
use crate::call::event::{CallEventKind, CallId, Direction};
use crate::call::media::Voice;
use crate::net::shard::{Conduct, EngineSpec};
use crate::net::sip::SipHandle;
use crate::trunk::Caller;
use std::sync::Arc;
use std::time::Duration;
use tracing::{Instrument, info, info_span};

/// A call to place.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Whom to call.
    pub to: Callee,
    /// What talks when they answer.
    pub engine: EngineSpec,
    /// How it is led.
    pub conduct: Conduct,
    /// Whether the call is recorded.
    pub record: bool,
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

/// Places a call and takes it to its end.
pub async fn place(outgoing: Outgoing, sip: SipHandle, context: Arc<Context>) -> Disposition {
    let call = context.new_call();
    let span = info_span!("call", id = %call);
    Outbound { call, outgoing, sip, context }.run().instrument(span).await
}

struct Outbound {
    call: CallId,
    outgoing: Outgoing,
    sip: SipHandle,
    context: Arc<Context>,
}

impl Outbound {
    async fn run(self) -> Disposition {
        self.announce();
        let (disposition, media) = match self.dial().await {
            Ok(picked) => self.talk(picked).await,
            Err(disposition) => (disposition, None),
        };
        finish(&self.context, self.call, disposition.clone(), media).await;
        disposition
    }

    fn announce(&self) {
        let (from, to) = match &self.outgoing.to {
            Callee::Wanted(wanted, caller) => (caller.number.clone(), wanted.to_string()),
            Callee::Direct(wanted) => (wanted.from.uri.to_string(), wanted.who.clone()),
        };
        info!(%from, %to, "placing a call");
        let kind = CallEventKind::Began { direction: Direction::Outbound, from, to, peer: None };
        self.context.tell(self.call, kind);
    }

    async fn dial(&self) -> Result<Picked, Disposition> {
        let tries = match &self.outgoing.to {
            Callee::Wanted(wanted, caller) => lines(wanted, caller, &self.context, &self.sip).await?,
            Callee::Direct(wanted) => vec![vec![(**wanted).clone()]],
        };
        let ring = Ring { time: self.outgoing.ring, law: None, early: false, hops: None };
        let mut lines = Lines::ring(tries, &ring, &self.context, &self.sip);
        let mut giving_up = false;
        loop {
            let rung = tokio::select! {
                rung = lines.next() => rung,
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

    async fn talk(&self, picked: Picked) -> (Disposition, Option<crate::call::media::MediaSession>) {
        let Picked { session, mut events, found, permit, .. } = picked;
        let Found::Fresh(prepared, agreed) = found else {
            return (Disposition::Lost { why: "its media went to somebody who didn't ask for it" }, None);
        };
        let voice = Voice {
            engine: self.outgoing.engine.clone(),
            conduct: self.outgoing.conduct.clone(),
            record: self.outgoing.record,
        };
        let mut media = match prepared.open(&self.context, self.call, agreed, voice).await {
            Ok(media) => media,
            Err(error) => {
                self.sip.hangup(session, None).await;
                return (Disposition::refused_by_us(error.status(), error.to_string()), None);
            }
        };
        media.answered().await;
        self.context.tell(self.call, CallEventKind::Answered);
        let disposition = loop {
            let conversation = Conversation {
                call: self.call,
                context: &self.context,
                sip: &self.sip,
                session,
                events: &mut events,
                media: &mut media,
                other: None,
                secret: false,
            };
            match conversation.run().await {
                Exit::Ended(disposition) => break disposition,
                // Nobody asks the callee for keys, and nobody is bridged.
                Exit::Decided(_) | Exit::PartyLeft => {}
            }
        };
        drop(permit);
        (disposition, Some(media))
    }
}
