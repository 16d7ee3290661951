//! Answering: ports, SDP, shard, 180, 200, ACK.

use super::{Inbound, Refusal};
use crate::call::context::Phase;
use crate::call::disposition::Disposition;
use crate::call::event::CallEventKind;
use crate::call::media::{Agreed, Prepared, Voice, body_of};
use crate::call::order::Order;
use std::time::Duration;
use talkpath_media::g711::Law;
use talkpath_sip::agent::{Body, EndCause, Event};
use talkpath_sip::message::StatusCode;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

/// What a call that isn't answered yet can meet.
pub(super) enum Next {
    Event(Event),
    TimeIsUp,
    Gone,
}

impl Inbound {
    /// Answers as `voice` after ringing for so long; a call that is answered already is talked to as `voice` from now on.
    /// The disposition, when the call ended meanwhile.
    pub(super) async fn answer(&mut self, voice: Voice, ring: Duration) -> Result<Option<Disposition>, Refusal> {
        if let Some(media) = &self.media {
            media.talk_as(voice).await;
            return Ok(if self.answered { None } else { self.keep_promise(ring).await });
        }
        let prepared = self.prepare(None)?;
        match self.incoming.invitation.body.take() {
            Some(offer) => {
                let agreed = prepared.answer(&offer.content, None)?;
                self.answer_offer(prepared, agreed, voice, ring).await
            }
            None => self.answer_without_offer(prepared, voice, ring).await,
        }
    }

    /// Answers with what was said with early media.
    pub(super) async fn keep_promise(&mut self, ring: Duration) -> Option<Disposition> {
        if let Some(disposition) = self.ring(ring).await {
            return Some(disposition);
        }
        let answer = self.promised.take().unwrap_or_default();
        self.confirm(answer).await.err()
    }

    pub(super) fn prepare(&self, law: Option<Law>) -> Result<Prepared, Refusal> {
        let peer = self.incoming.invitation.flow.peer.ip();
        Ok(Prepared::bind(&self.context, &self.sip, peer, law)?)
    }

    /// The shard has the call before it is answered: what comes first is heard.
    async fn answer_offer(
        &mut self,
        prepared: Prepared,
        agreed: Agreed,
        voice: Voice,
        ring: Duration,
    ) -> Result<Option<Disposition>, Refusal> {
        let answer = agreed.sent.clone();
        self.media = Some(prepared.open(&self.context, self.call, agreed, voice).await?);
        if let Some(disposition) = self.ring(ring).await {
            return Ok(Some(disposition));
        }
        Ok(self.confirm(answer).await.err())
    }

    /// Our offer goes into the 200, the answer comes in the ACK (RFC 3261 §13.2.1, RFC 3264 §5).
    pub(super) async fn answer_without_offer(
        &mut self,
        prepared: Prepared,
        voice: Voice,
        ring: Duration,
    ) -> Result<Option<Disposition>, Refusal> {
        Prepared::room(&self.context)?;
        if let Some(disposition) = self.ring(ring).await {
            return Ok(Some(disposition));
        }
        let answer = match self.accepted(prepared.offer()).await {
            Ok(answer) => answer.map(|body| body.content).unwrap_or_default(),
            Err(disposition) => return Ok(Some(disposition)),
        };
        let opened = match prepared.accept(&answer) {
            Ok(agreed) => prepared.open(&self.context, self.call, agreed, voice).await,
            Err(error) => Err(error),
        };
        match opened {
            Ok(media) => {
                self.media = Some(media);
                self.begin().await;
                Ok(None)
            }
            Err(error) => {
                warn!(%error, "the call was answered and can't have media");
                self.sip.hangup(self.incoming.session, None).await;
                Ok(Some(Disposition::Lost { why: "its media could not be agreed on" }))
            }
        }
    }

    /// Answers 200; once the ACK is here, the conversation can begin.
    pub(super) async fn confirm(&mut self, description: Vec<u8>) -> Result<(), Disposition> {
        self.accepted(description).await?;
        self.begin().await;
        Ok(())
    }

    async fn begin(&mut self) {
        self.answered = true;
        if let Some(media) = &self.media {
            media.answered().await;
        }
        self.context.tell(self.call, CallEventKind::Answered);
    }

    /// Answers 200 and waits for the ACK; gives what it carries.
    async fn accepted(&mut self, description: Vec<u8>) -> Result<Option<Body>, Disposition> {
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
    pub(super) async fn next(&mut self, deadline: Option<Instant>) -> Next {
        let session = self.incoming.session;
        loop {
            tokio::select! {
                event = self.incoming.events.recv() => return event.map_or(Next::Gone, Next::Event),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => return Next::TimeIsUp,
                Some(order) = self.orders.recv() => match order {
                    Order::HangUp if !self.hung_up => {
                        self.hung_up = true;
                        self.sip.hangup(session, None).await;
                    }
                    // Nobody speaks yet.
                    Order::HangUp | Order::Interrupt | Order::Key(_) => {}
                    Order::Listen(listener) => if let Some(media) = &self.media {
                        media.listen(listener).await;
                    },
                },
                () = self.context.reached(Phase::Goodbye), if !self.hung_up => {
                    self.hung_up = true;
                    self.sip.hangup(session, None).await;
                }
            }
        }
    }

    /// Waits for the end of a dialog that we have hung up.
    pub(super) async fn until_ended(&mut self) -> Disposition {
        const PATIENCE: Duration = Duration::from_secs(40);
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.next(Some(deadline)).await {
                Next::Event(Event::Ended { cause, .. }) if self.answered => return Disposition::of_end(&cause),
                Next::Event(Event::Ended { cause, .. }) => return Disposition::before_answer(&cause),
                Next::Gone => return Disposition::of_end(&EndCause::Transport),
                Next::TimeIsUp => return Disposition::Lost { why: "its dialog did not end when we hung up" },
                Next::Event(_) => {}
            }
        }
    }
}
