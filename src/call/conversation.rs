//! From the moment the call is answered to its end: events of the dialog and of the shard, until one ends it.

use super::context::{Context, Phase};
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId};
use super::media::{MediaSession, body_of};
use crate::net::shard::{MediaEvent, Report};
use crate::net::sip::SipHandle;
use std::sync::Arc;
use std::time::Duration;
use talkpath_sip::agent::{EndCause, Event, SessionId};
use tokio::sync::{mpsc, watch};
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
    pub(super) media: MediaSession,
}

/// What happened next.
enum Next {
    Dialog(Option<Event>),
    Media(Option<MediaEvent>),
    Phase(Phase),
    GoodbyeOver,
}

impl Conversation<'_> {
    /// Runs until the dialog is over; the media, still running, comes back with the disposition.
    pub(super) async fn run(mut self) -> (Disposition, MediaSession) {
        let mut phases = self.context.phase();
        let mut goodbye_over = Box::pin(tokio::time::sleep(Duration::MAX));
        let mut hung_up = false;
        loop {
            let next = tokio::select! {
                event = self.events.recv() => Next::Dialog(event),
                event = self.media.events.recv() => Next::Media(event),
                phase = next_phase(&mut phases), if !hung_up => Next::Phase(phase),
                () = goodbye_over.as_mut() => Next::GoodbyeOver,
            };
            match next {
                Next::Dialog(None) => {
                    return (Disposition::of_end(&EndCause::Transport), self.media);
                }
                Next::Dialog(Some(Event::Ended { cause, .. })) => {
                    return (Disposition::of_end(&cause), self.media);
                }
                Next::Dialog(Some(event)) => self.dialog_event(event).await,
                Next::Media(Some(event)) => {
                    if self.media_event(event) && !hung_up {
                        hung_up = true;
                        self.hang_up(&mut goodbye_over).await;
                    }
                }
                Next::Media(None) if !hung_up => {
                    hung_up = true;
                    self.hang_up(&mut goodbye_over).await;
                }
                Next::Media(None) => {
                    return (Disposition::of_end(&EndCause::LocalHangup), self.media);
                }
                Next::Phase(Phase::Serving | Phase::Draining) => {}
                Next::Phase(Phase::Goodbye) => {
                    self.media.goodbye().await;
                    goodbye_over.as_mut().reset(tokio::time::Instant::now() + GOODBYE);
                }
                Next::Phase(Phase::HangUp) => {
                    hung_up = true;
                    self.hang_up(&mut goodbye_over).await;
                }
                Next::GoodbyeOver if !hung_up => {
                    hung_up = true;
                    self.hang_up(&mut goodbye_over).await;
                }
                Next::GoodbyeOver => {
                    return (Disposition::Lost { why: "its dialog did not end when we hung up" }, self.media);
                }
            }
        }
    }

    async fn hang_up(&self, deadline: &mut std::pin::Pin<Box<tokio::time::Sleep>>) {
        deadline.as_mut().reset(tokio::time::Instant::now() + HANGUP);
        self.sip.hangup(self.session, None).await;
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
                info!(call = %self.call, seconds = silent.as_secs(), "no RTP from the caller: hanging up");
                true
            }
            MediaEvent::CallerStarted { .. }
            | MediaEvent::CallerStopped { .. }
            | MediaEvent::AgentSaid { .. }
            | MediaEvent::Ducked
            | MediaEvent::Paused
            | MediaEvent::Resumed
            | MediaEvent::Interrupted
            | MediaEvent::Key(_)
            | MediaEvent::Latency { .. } => false,
        };
        self.context.tell(self.call, CallEventKind::Media(event));
        over
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
    async fn dialog_event(&mut self, event: Event) {
        match event {
            // The answer to the offer that we made when a re-INVITE had none.
            Event::Confirmed { body: Some(answer), .. } => self.media.accept_answer(&answer.content).await,
            Event::Offer { body, .. } => {
                let answer = self.media.answer_offer(body.as_ref()).await;
                self.sip.answer_offer(self.session, answer.map(body_of)).await;
            }
            other => tracing::debug!(call = %self.call, event = ?other, "nothing to do for this event"),
        }
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
