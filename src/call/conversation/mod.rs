//! From the moment the call is answered: events of the dialog, of the shard, and of the party that the call is bridged to, orders
//! and tools, until one of them ends it or leaves it to somebody else.
//!
//! | file | holds |
//! |---|---|
//! | `tools.rs` | what a model wants done |
//! | `transfer.rs` | handing the caller over to somebody else |
//! | `fallback.rs` | who talks when an engine is lost |
//! | `end.rs` | the end of a call's media, and what is told of it |

mod end;
mod fallback;
mod tools;
mod transfer;

pub(super) use end::finish;

use super::cast::{Cast, Scene};
use super::context::{Context, Phase};
use super::dialog::{Dialog, Happened};
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId};
use super::facts::CallFacts;
use super::info;
use super::media::{MediaSession, body_of};
use super::order::{Order, Orders};
use crate::net::shard::{MediaEvent, Side};
use crate::net::sip::SipHandle;
use crate::trunk::Permit;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;
use talkpath_sip::agent::{EndCause, Event, SessionId};
use talkpath_speech::engine::{Decision, ToolId, Trouble};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};
use transfer::Transfer;

/// How long a goodbye may take before the call is hung up in the middle of it.
const GOODBYE: Duration = Duration::from_secs(10);
/// How long a hung-up dialog may take to end; the transaction's own time-out is 32 s (RFC 3261 §17.1.2.2).
const HANGUP: Duration = Duration::from_secs(40);

/// A call that was answered: its dialog, its media, and what is known of it.
pub(super) struct Live<'a> {
    pub(super) call: CallId,
    pub(super) context: &'a Arc<Context>,
    pub(super) sip: &'a SipHandle,
    pub(super) dialog: Dialog<'a>,
    pub(super) orders: &'a mut Orders,
    pub(super) media: &'a mut MediaSession,
    pub(super) facts: &'a CallFacts,
}

impl Live<'_> {
    fn scene(&self) -> Scene<'_> {
        Scene { call: self.call, facts: self.facts, context: self.context }
    }
}

/// Who is on a call, and what goes on.
pub(super) struct Conversation<'a> {
    live: Live<'a>,
    /// The agent that talks; menus and gates have none.
    cast: Option<Cast>,
    /// Whom the call is bridged to.
    party: Option<Party>,
    /// Keys are a secret: they are not told.
    secret: bool,
    /// Somebody is to take the caller over.
    transfer: Option<Transfer>,
    /// Tools at work.
    tasks: JoinSet<(ToolId, String)>,
    phases: watch::Receiver<Phase>,
    /// When we hang up, or have waited long enough for the end.
    deadline: Option<Instant>,
    hung_up: bool,
}

/// Whom a call is bridged to.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) session: SessionId,
    pub(super) events: mpsc::Receiver<Event>,
    /// The channel of its trunk, until it has gone.
    pub(super) permit: Option<Permit>,
}

/// How a conversation ends.
#[derive(Debug)]
pub(super) enum Exit {
    /// The call is over.
    Ended(Disposition),
    /// The caller's keys have come to something.
    Decided(Decision),
    /// Whom it was bridged to has gone; the caller is still here.
    PartyLeft,
}

/// What happened next.
enum Next {
    Dialog(Happened),
    Party(Option<Event>),
    Media(Option<MediaEvent>),
    Ordered(Order),
    Transfer(transfer::Progress),
    Done((ToolId, String)),
    Phase(Phase),
    TimeIsUp,
}

/// What follows from it.
enum Wish {
    GoOn,
    HangUp,
}

impl<'a> Conversation<'a> {
    /// With an agent.
    pub(super) fn with(live: Live<'a>, cast: Cast) -> Self {
        Self { cast: Some(cast), ..Self::without(live) }
    }

    /// With whom the call is bridged to.
    pub(super) fn bridged(live: Live<'a>, party: Party) -> Self {
        Self { party: Some(party), ..Self::without(live) }
    }

    /// With an engine that asks for keys; they are not told when they are `secret`.
    pub(super) fn asking(live: Live<'a>, secret: bool) -> Self {
        Self { secret, ..Self::without(live) }
    }

    fn without(live: Live<'a>) -> Self {
        let phases = live.context.phase();
        Self {
            live,
            cast: None,
            party: None,
            secret: false,
            transfer: None,
            tasks: JoinSet::new(),
            phases,
            deadline: None,
            hung_up: false,
        }
    }

    /// Runs until the dialog is over, or the conversation goes on otherwise.
    pub(super) async fn run(mut self) -> Exit {
        let exit = loop {
            let next = self.next().await;
            match self.step(next).await {
                ControlFlow::Break(exit) => break exit,
                ControlFlow::Continue(Wish::GoOn) => {}
                ControlFlow::Continue(Wish::HangUp) => self.hang_up().await,
            }
        };
        if let Some(Party { session, permit, .. }) = self.party.take() {
            self.live.sip.hangup(session, None).await;
            drop(permit);
        }
        exit
    }

    async fn next(&mut self) -> Next {
        let deadline = self.deadline;
        tokio::select! {
            happened = self.live.dialog.next() => Next::Dialog(happened),
            event = party_event(&mut self.party) => Next::Party(event),
            event = self.live.media.events.recv() => Next::Media(event),
            Some(order) = self.live.orders.recv() => Next::Ordered(order),
            progress = transfer::progress(&mut self.transfer) => Next::Transfer(progress),
            Some(Ok(done)) = self.tasks.join_next() => Next::Done(done),
            phase = next_phase(&mut self.phases), if !self.hung_up => Next::Phase(phase),
            () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => Next::TimeIsUp,
        }
    }

    async fn step(&mut self, next: Next) -> ControlFlow<Exit, Wish> {
        match next {
            Next::Dialog(Happened::Ended(cause)) => return exit(Disposition::of_end(&cause)),
            Next::Dialog(Happened::Event(event)) => self.dialog_event(Side::Caller, event).await,
            Next::Party(None | Some(Event::Ended { .. })) => {
                self.party = None;
                if !self.hung_up {
                    info!("the other party has hung up");
                    return ControlFlow::Break(Exit::PartyLeft);
                }
            }
            Next::Party(Some(event)) => self.dialog_event(Side::Other, event).await,
            Next::Media(Some(MediaEvent::Decided(decision))) if !self.hung_up => {
                return ControlFlow::Break(Exit::Decided(decision));
            }
            Next::Media(Some(event)) => return ControlFlow::Continue(self.media_event(event).await),
            Next::Media(None) if self.hung_up => return exit(Disposition::of_end(&EndCause::LocalHangup)),
            Next::Transfer(progress) => self.progress(progress).await,
            Next::Done((id, output)) => self.done(id, output).await,
            Next::Phase(Phase::Serving | Phase::Draining) => {}
            Next::Ordered(Order::Interrupt) => self.live.media.interrupt().await,
            Next::Ordered(Order::Key(key)) => self.live.media.key(Side::Caller, key).await,
            Next::Ordered(Order::Listen(listener)) => self.live.media.listen(listener).await,
            Next::Phase(Phase::Goodbye) => {
                self.live.media.goodbye().await;
                self.deadline = Some(Instant::now() + GOODBYE);
            }
            Next::TimeIsUp if self.hung_up => {
                return exit(Disposition::Lost { why: "its dialog did not end when we hung up" });
            }
            Next::Media(None) | Next::Ordered(Order::HangUp) | Next::Phase(Phase::HangUp) | Next::TimeIsUp => {
                return ControlFlow::Continue(Wish::HangUp);
            }
        }
        ControlFlow::Continue(Wish::GoOn)
    }

    async fn hang_up(&mut self) {
        if std::mem::replace(&mut self.hung_up, true) {
            return;
        }
        self.deadline = Some(Instant::now() + HANGUP);
        self.transfer = None;
        self.live.dialog.hang_up().await;
        if let Some(party) = &self.party {
            self.live.sip.hangup(party.session, None).await;
        }
    }

    async fn media_event(&mut self, event: MediaEvent) -> Wish {
        if self.secret && matches!(event, MediaEvent::Key(_)) {
            return Wish::GoOn;
        }
        self.tell(CallEventKind::Media(event.clone()));
        match event {
            MediaEvent::Tool(call) => self.tool(call).await,
            MediaEvent::Trouble(Trouble::Lost(loss)) => self.fall_back(&loss).await,
            MediaEvent::HangUp => return Wish::HangUp,
            MediaEvent::Failed => {
                warn!("a fault of ours ended this call; please report it");
                return Wish::HangUp;
            }
            MediaEvent::NoMedia { silent } => {
                info!(seconds = silent.as_secs(), "no RTP from the other side: hanging up");
                return Wish::HangUp;
            }
            MediaEvent::CallerStarted { .. }
            | MediaEvent::CallerStopped { .. }
            | MediaEvent::AgentSaid { .. }
            | MediaEvent::CallerSaid { .. }
            | MediaEvent::State(_)
            | MediaEvent::EngineReady
            | MediaEvent::Trouble(_)
            | MediaEvent::Usage(_)
            | MediaEvent::Noted(_)
            | MediaEvent::TimeIsUp
            | MediaEvent::Ducked
            | MediaEvent::Paused
            | MediaEvent::Resumed
            | MediaEvent::Interrupted
            | MediaEvent::Key(_)
            | MediaEvent::OtherKey(_)
            | MediaEvent::Decided(_)
            | MediaEvent::Latency { .. } => {}
        }
        Wish::GoOn
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
    async fn dialog_event(&mut self, side: Side, event: Event) {
        let session = event.session();
        let Live { media, sip, .. } = &mut self.live;
        match event {
            // The answer to the offer that we made when a re-INVITE had none, or in a refresh.
            Event::Confirmed { body: Some(answer), .. } | Event::OfferAnswered { body: Some(answer), .. } => {
                media.accept_answer(side, &answer.content).await;
            }
            Event::Offer { body, .. } => {
                let answer = media.answer_offer(side, body.as_ref()).await;
                sip.answer_offer(session, answer.map(body_of)).await;
            }
            Event::Info { body, .. } => {
                if let Some(key) = info::key(&body) {
                    media.key(side, key).await;
                }
            }
            other => tracing::debug!(call = %self.live.call, event = ?other, "nothing to do for this event"),
        }
    }

    fn tell(&self, kind: CallEventKind) {
        self.live.context.tell(self.live.call, kind);
    }
}

fn exit(disposition: Disposition) -> ControlFlow<Exit, Wish> {
    ControlFlow::Break(Exit::Ended(disposition))
}

/// What happens next to whom the call is bridged to; never anything without one.
async fn party_event(party: &mut Option<Party>) -> Option<Event> {
    match party {
        Some(party) => party.events.recv().await,
        None => std::future::pending().await,
    }
}

async fn next_phase(phases: &mut watch::Receiver<Phase>) -> Phase {
    match phases.changed().await {
        Ok(()) => *phases.borrow_and_update(),
        // The server is gone: so should its calls be.
        Err(_) => Phase::HangUp,
    }
}
