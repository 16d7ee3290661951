//! Dialling somebody in the caller's name, and bridging the two.
//!
//!   not answered yet: ringing there ─► 180 here; early media there ─► 183 here, bridged; answered there ─► 200 here, bridged
//!   answered already: the caller hears ringing from us until somebody answers there
//!
//! Nobody answers: what the route says happens otherwise, or the caller is told why.

use super::ring::Next;
use super::{Inbound, Refusal, Step};
use crate::call::conversation::{Conversation, Exit, Party};
use crate::call::disposition::Disposition;
use crate::call::event::CallEventKind;
use crate::call::media::{Agreed, Voice, body_of};
use crate::call::place::{EarlyLeg, Found, Hunt, Hunted, Picked};
use crate::net::shard::{EngineSpec, Side};
use std::time::Duration;
use talkpath_dialplan::Dial;
use talkpath_media::g711::Law;
use talkpath_media::sdp;
use talkpath_sip::agent::Event;
use talkpath_sip::message::StatusCode;
use tracing::info;

/// "the proxy MUST add one with a field value, which SHOULD be 70", where there is none (RFC 3261 §16.6).
const HOPS: u8 = 70;

/// How dialling ends.
enum Dialled {
    Picked(Box<Picked>),
    Nobody(Disposition),
    /// The caller has gone meanwhile.
    Ended(Disposition),
}

impl Inbound {
    /// Dials, bridges, and takes the call to its end; or to what happens otherwise.
    pub(super) async fn dial(&mut self, dial: Dial) -> Result<Step, Refusal> {
        let nobody = match self.dial_all(&dial).await? {
            Dialled::Ended(disposition) => return Ok(Step::Ended(disposition)),
            Dialled::Picked(picked) => return self.bridge(*picked).await,
            Dialled::Nobody(disposition) => disposition,
        };
        info!(disposition = %nobody, "nobody was reached");
        match dial.otherwise {
            Some(action) => Ok(Step::Next(*action)),
            None if self.answered => Ok(Step::HangUp),
            None => Err(Refusal::new(nobody.status(), format!("nobody was reached: {nobody}"))),
        }
    }

    /// Rings whom the route wants, while the caller waits.
    async fn dial_all(&mut self, dial: &Dial) -> Result<Dialled, Refusal> {
        let hops = self.hops_left()?;
        let mut hunt = Hunt::new(dial, &self.facts, self.law(), Some(hops), &self.context, &self.sip);
        self.play_ringback().await;
        loop {
            let hunted = tokio::select! {
                hunted = hunt.next() => hunted,
                next = self.next(None) => match self.while_ringing(next).await {
                    Some(ended) => return Ok(Dialled::Ended(ended)),
                    None => continue,
                },
            };
            match hunted {
                Hunted::Dialling(to) => self.context.tell(self.call, CallEventKind::Dialling { to }),
                Hunted::Ringing => {
                    self.context.tell(self.call, CallEventKind::Ringing);
                    if !self.answered && self.media.is_none() {
                        self.sip.progress(self.incoming.session, StatusCode::RINGING, None).await;
                    }
                }
                Hunted::Early(early) => self.pass_on_early(*early).await?,
                Hunted::Silent => {
                    self.play_ringback().await;
                    if let Some(media) = &mut self.media {
                        media.part().await;
                    }
                }
                Hunted::Answered(picked) => return Ok(Dialled::Picked(picked)),
                Hunted::Nobody(disposition) => return Ok(Dialled::Nobody(disposition)),
            }
        }
    }

    /// How often the call may be passed on by those to whom we pass it on: a call that comes back to us again and again has
    /// to come to an end (RFC 7332; RFC 3261 §16.3, §16.6).
    fn hops_left(&self) -> Result<u8, Refusal> {
        let hops = self.incoming.invitation.headers.max_forwards().ok().flatten().unwrap_or(HOPS);
        // More than the usual would make circles long.
        let left = hops.min(HOPS).checked_sub(1);
        left.ok_or_else(|| {
            Refusal::new(StatusCode::TOO_MANY_HOPS, "it was passed on too often; a route may lead in circles")
        })
    }

    /// Lets the caller hear what is to be heard before the answer: announcements, ringing as it sounds there. It is no
    /// answer (RFC 3261 §13.2.2.1): a caller who isn't answered gets 183.
    async fn pass_on_early(&mut self, early: EarlyLeg) -> Result<(), Refusal> {
        let EarlyLeg { leg, law } = early;
        if self.media.is_none() {
            let Some(offer) = self.incoming.invitation.body.clone() else {
                // An offer of ours can't be answered before the ACK: the caller hears ringing of its own.
                self.sip.progress(self.incoming.session, StatusCode::RINGING, None).await;
                return Ok(());
            };
            let prepared = self.prepare(Some(law))?;
            let agreed = prepared.answer(&offer.content, Some(law))?;
            let answer = agreed.sent.clone();
            let voice = Voice::plain(&self.context, EngineSpec::Silent);
            self.media = Some(prepared.open(&self.context, self.call, agreed, voice).await?);
            self.promised = Some(answer.clone());
            let progress = StatusCode::SESSION_PROGRESS;
            self.sip.progress(self.incoming.session, progress, Some(body_of(answer))).await;
        }
        if let Some(media) = &mut self.media {
            media.adopt(leg).await;
        }
        Ok(())
    }

    /// What the caller speaks, or would speak best.
    fn law(&self) -> Option<Law> {
        let offer = self.incoming.invitation.body.as_ref();
        let offered = || sdp::preferred_law(&offer?.content, &self.context.config.media.laws);
        self.media.as_ref().map(|media| media.law).or_else(offered)
    }

    /// What happens to the caller while others are rung; the disposition when the caller is gone.
    async fn while_ringing(&mut self, next: Next) -> Option<Disposition> {
        match next {
            Next::Event(Event::Ended { cause, .. }) if self.answered => Some(Disposition::of_end(&cause)),
            Next::Event(Event::Ended { cause, .. }) => Some(Disposition::before_answer(&cause)),
            Next::Gone => Some(Disposition::Cancelled),
            Next::Event(Event::Offer { body, .. }) => {
                if let Some(media) = &mut self.media {
                    let answer = media.answer_offer(Side::Caller, body.as_ref()).await;
                    self.sip.answer_offer(self.incoming.session, answer.map(body_of)).await;
                }
                None
            }
            Next::Event(_) | Next::TimeIsUp => None,
        }
    }

    /// A caller who was answered hears that it rings elsewhere.
    async fn play_ringback(&self) {
        if self.answered
            && let Some(media) = &self.media
        {
            drop(media.ring(&self.context).await);
        }
    }

    /// Answers the caller, if that is still to be done, and bridges both until either hangs up.
    async fn bridge(&mut self, picked: Picked) -> Result<Step, Refusal> {
        let Picked { session, events, found, who, permit } = picked;
        let ended = match self.answer_for(found.law()).await {
            Ok(ended) => ended,
            Err(refusal) => {
                self.sip.hangup(session, None).await;
                return Err(refusal);
            }
        };
        if let Some(disposition) = ended {
            self.sip.hangup(session, None).await;
            return Ok(Step::Ended(disposition));
        }
        if let Some(media) = &mut self.media {
            match found {
                Found::Fresh(prepared, agreed) => media.adopt(prepared.into_leg(agreed)).await,
                Found::Early(plan) => media.update(Side::Other, plan).await,
            }
        }
        self.context.tell(self.call, CallEventKind::Bridged { to: who });
        let party = Party { session, events, permit };
        Ok(match self.converse(|live| Conversation::bridged(live, party)).await {
            // An engine that stands aside decides nothing.
            Exit::PartyLeft | Exit::Decided(_) => Step::HangUp,
            Exit::Ended(disposition) => Step::Ended(disposition),
        })
    }

    /// Answers the caller with the law that the other side speaks, where the caller speaks it too.
    async fn answer_for(&mut self, law: Law) -> Result<Option<Disposition>, Refusal> {
        if self.answered {
            return Ok(None);
        }
        if self.media.is_some() {
            return Ok(self.keep_promise(Duration::ZERO).await);
        }
        let voice = Voice::plain(&self.context, EngineSpec::Silent);
        let prepared = self.prepare(Some(law))?;
        match self.incoming.invitation.body.take() {
            Some(offer) => {
                let agreed: Agreed = prepared.answer(&offer.content, Some(law))?;
                let answer = agreed.sent.clone();
                self.media = Some(prepared.open(&self.context, self.call, agreed, voice).await?);
                Ok(self.confirm(answer).await.err())
            }
            None => self.answer_without_offer(prepared, voice, Duration::ZERO).await,
        }
    }
}
