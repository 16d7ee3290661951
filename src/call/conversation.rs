//! From the moment the call is answered: events of the dialog, of the shard, and of the party that the call is bridged to, until
//! one of them ends it or leaves it to somebody else.

use super::context::{Context, Phase};
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId};
use super::info;
use super::media::{MediaSession, body_of};
use crate::net::shard::{MediaEvent, Report, Side};
use crate::net::sip::SipHandle;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use talkpath_sip::agent::{EndCause, Event, SessionId};
use talkpath_speech::engine::Decision;
use tokio::sync::{mpsc, watch};
use tokio::time::Sleep;
use tracing::{info, warn};

/// How long a goodbye may take before the call is hung up in the middle of it.
const GOODBYE: Duration = Duration::from_secs(10);
/// How long a hung-up dialog may take to end; the transaction's own time-out is 32 s (RFC 3261 §17.1.2.2).
const HANGUP: Duration = Duration::from_secs(40);

/// A dialog and its media, both alive.
pub(super) struct Conversation<'a> {
    pub(super) call: CallId,
    pub(super) context: &'a Context,
    pub(super) sip: &'a SipHandle,
    pub(super) session: SessionId,
    pub(super) events: &'a mut mpsc::Receiver<Event>,
    pub(super) media: &'a mut MediaSession,
    /// Whom the call is bridged to.
    pub(super) other: Option<&'a mut Party>,
    /// Keys are a secret: they are not told.
    pub(super) secret: bool,
}

/// Whom a call is bridged to.
#[derive(Debug)]
pub(super) struct Party {
    pub(super) session: SessionId,
    pub(super) events: mpsc::Receiver<Event>,
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
    Dialog(Option<Event>),
    Party(Option<Event>),
    Media(Option<MediaEvent>),
    Phase(Phase),
    TimeIsUp,
}

impl Conversation<'_> {
    /// Runs until the dialog is over, or the conversation goes on otherwise.
    pub(super) async fn run(mut self) -> Exit {
        let mut phases = self.context.phase();
        let mut deadline = Box::pin(tokio::time::sleep(Duration::MAX));
        let mut hung_up = false;
        loop {
            let next = tokio::select! {
                event = self.events.recv() => Next::Dialog(event),
                event = party_event(&mut self.other) => Next::Party(event),
                event = self.media.events.recv() => Next::Media(event),
                phase = next_phase(&mut phases), if !hung_up => Next::Phase(phase),
                () = deadline.as_mut() => Next::TimeIsUp,
            };
            let hang_up = match next {
                Next::Dialog(None) => return self.ended(&EndCause::Transport),
                Next::Dialog(Some(Event::Ended { cause, .. })) => return self.ended(&cause),
                Next::Dialog(Some(event)) => {
                    self.dialog_event(Side::Caller, event).await;
                    false
                }
                Next::Party(None | Some(Event::Ended { .. })) => {
                    self.other = None;
                    if !hung_up {
                        return Exit::PartyLeft;
                    }
                    false
                }
                Next::Party(Some(event)) => {
                    self.dialog_event(Side::Other, event).await;
                    false
                }
                Next::Media(Some(MediaEvent::Decided(decision))) if !hung_up => return Exit::Decided(decision),
                Next::Media(Some(event)) => self.media_event(event),
                Next::Media(None) if hung_up => return self.ended(&EndCause::LocalHangup),
                Next::Media(None) => true,
                Next::Phase(Phase::Serving | Phase::Draining) => false,
                Next::Phase(Phase::Goodbye) => {
                    self.media.goodbye().await;
                    deadline.as_mut().reset(tokio::time::Instant::now() + GOODBYE);
                    false
                }
                Next::Phase(Phase::HangUp) => true,
                Next::TimeIsUp if hung_up => {
                    return Exit::Ended(Disposition::Lost { why: "its dialog did not end when we hung up" });
                }
                Next::TimeIsUp => true,
            };
            if hang_up && !hung_up {
                hung_up = true;
                self.hang_up(&mut deadline).await;
            }
        }
    }

    fn ended(&self, cause: &EndCause) -> Exit {
        Exit::Ended(Disposition::of_end(cause))
    }

    async fn hang_up(&self, deadline: &mut Pin<Box<Sleep>>) {
        deadline.as_mut().reset(tokio::time::Instant::now() + HANGUP);
        self.sip.hangup(self.session, None).await;
        if let Some(party) = &self.other {
            self.sip.hangup(party.session, None).await;
        }
    }

    /// True when the event means that we should hang up.
    fn media_event(&self, event: MediaEvent) -> bool {
        let over = match &event {
            MediaEvent::HangUp => true,
            MediaEvent::Failed => {
                warn!(call = %self.call, "a fault of ours ended this call; please report it");
                true
            }
            MediaEvent::NoMedia { silent } => {
                info!(call = %self.call, seconds = silent.as_secs(), "no RTP from the other side: hanging up");
                true
            }
            MediaEvent::Key(_) if self.secret => return false,
            MediaEvent::CallerStarted { .. }
            | MediaEvent::CallerStopped { .. }
            | MediaEvent::AgentSaid { .. }
            | MediaEvent::CallerSaid { .. }
            | MediaEvent::State(_)
            | MediaEvent::EngineReady
            | MediaEvent::Trouble(_)
            | MediaEvent::Tool(_)
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
            | MediaEvent::Latency { .. } => false,
        };
        self.context.tell(self.call, CallEventKind::Media(event));
        over
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
    async fn dialog_event(&mut self, side: Side, event: Event) {
        let session = event.session();
        match event {
            // The answer to the offer that we made when a re-INVITE had none, or in a refresh.
            Event::Confirmed { body: Some(answer), .. } | Event::OfferAnswered { body: Some(answer), .. } => {
                self.media.accept_answer(side, &answer.content).await;
            }
            Event::Offer { body, .. } => {
                let answer = self.media.answer_offer(side, body.as_ref()).await;
                self.sip.answer_offer(session, answer.map(body_of)).await;
            }
            Event::Info { body, .. } => {
                if let Some(key) = info::key(&body) {
                    self.media.key(side, key).await;
                }
            }
            other => tracing::debug!(call = %self.call, event = ?other, "nothing to do for this event"),
        }
    }
}

/// What happens next to whom the call is bridged to; never anything without one.
async fn party_event(party: &mut Option<&mut Party>) -> Option<Event> {
    match party {
        Some(party) => party.events.recv().await,
        None => std::future::pending().await,
    }
}

/// Ends a call's media if there is any, and tells how the call ended and where its recording is.
pub(super) async fn finish(context: &Context, call: CallId, disposition: Disposition, media: Option<MediaSession>) {
    info!(%disposition, "call ended");
    let (report, recording) = match media {
        Some(media) => {
            let recording = media.recording;
            let (report, untold) = media.close().await;
            untold.into_iter().for_each(|event| context.tell(call, CallEventKind::Media(event)));
            (report, recording)
        }
        None => (None, None),
    };
    if let Some(report) = &report {
        warn_of_losses(report);
    }
    context.tell(call, CallEventKind::Ended { disposition, report });
    if let Some(id) = recording
        && let Some(outcome) = context.services.recorder.close(id).await
    {
        context.tell(call, CallEventKind::Recorded(Arc::new(outcome)));
    }
    context.told_all(call);
}

/// What should never be lost, and was.
fn warn_of_losses(report: &Report) {
    let Report { leg, refused, lost_events, lost_seconds, .. } = report;
    if *lost_seconds > 0 {
        warn!(seconds = lost_seconds, "the disk did not follow: this much of the recording is silence");
    }
    if leg.unsent > 0 {
        warn!(packets = leg.unsent, "the system did not take these packets");
    }
    if !refused.is_zero() || *lost_events > 0 {
        warn!(?refused, lost_events, "speech or events of this call were lost");
    }
}

async fn next_phase(phases: &mut watch::Receiver<Phase>) -> Phase {
    match phases.changed().await {
        Ok(()) => *phases.borrow_and_update(),
        // The server is gone: so should its calls be.
        Err(_) => Phase::HangUp,
    }
}
