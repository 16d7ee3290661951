//! Lines that ring together until one answers: each a task that tries one place after the other.

use super::attempt::{Attempt, EarlyLeg, Missed, Picked, Sign, reason};
use super::line::{Goal, Try};
use super::redirect::Redirects;
use crate::call::context::Context;
use crate::call::disposition::Disposition;
use crate::net::sip::{SipHandle, Way};
use crate::trunk::Permit;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use talkpath_dialplan::{Direction, Outcome, Verdict};
use talkpath_media::g711::Law;
use talkpath_sip::agent::Reason;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tracing::{Instrument, info};

/// How long a place that isn't the last may take for its first sign of life: six retransmissions of an INVITE.
const FIRST_SIGN: Duration = Duration::from_secs(4);
/// Signs and ends of lines that may wait.
const SIGNS: usize = 32;

/// How lines are rung.
#[derive(Clone, Debug)]
pub(crate) struct Ring {
    /// How long.
    pub(crate) time: Duration,
    /// The law that is offered first.
    pub(crate) law: Option<Law>,
    /// Whether what can be heard before the answer is wanted; of several lines it never is.
    pub(crate) early: bool,
    /// How often it may still be passed on, if it was passed to us already.
    pub(crate) hops: Option<u8>,
}

/// What comes of ringing.
#[derive(Debug)]
pub(crate) enum Rung {
    /// A telephone rings.
    Ringing,
    /// There is something to be heard before the answer, on this leg.
    Early(Box<EarlyLeg>),
    /// Somebody has answered; everybody else has been given up.
    Answered(Box<Picked>),
    /// Nobody has, for this reason.
    Nobody(Disposition),
}

/// Lines that ring together. Dropping them gives all of them up.
#[derive(Debug)]
pub(crate) struct Lines {
    stops: Vec<oneshot::Sender<Reason>>,
    ends: mpsc::Receiver<LineEvent>,
    ringing: usize,
    worst: Option<Disposition>,
}

#[derive(Debug)]
enum LineEvent {
    Sign(Sign),
    End(usize, Box<Result<Picked, Disposition>>),
}

impl Lines {
    /// Rings every line.
    pub(crate) fn ring(lines: Vec<Vec<Try>>, ring: &Ring, context: &Arc<Context>, sip: &SipHandle) -> Self {
        let (tell, ends) = mpsc::channel(SIGNS);
        let ringing = lines.len();
        let ring = Ring { early: ring.early && ringing == 1, ..ring.clone() };
        let stops = lines.into_iter().enumerate().map(|(place, tries)| {
            let (stop, stopped) = oneshot::channel();
            let line = Line {
                tries: tries.into(),
                ring: ring.clone(),
                context: Arc::clone(context),
                sip: sip.clone(),
                redirects: Redirects::default(),
            };
            let tell = tell.clone();
            tokio::spawn(line.run(place, stopped, tell).in_current_span());
            stop
        });
        Self { stops: stops.collect(), ends, ringing, worst: None }
    }

    /// What happens next; after [`Rung::Answered`] and [`Rung::Nobody`] nothing more.
    pub(crate) async fn next(&mut self) -> Rung {
        loop {
            match self.ends.recv().await {
                Some(LineEvent::Sign(Sign::Ringing)) => return Rung::Ringing,
                Some(LineEvent::Sign(Sign::Early(leg))) => return Rung::Early(leg),
                Some(LineEvent::End(place, end)) => match *end {
                    Ok(picked) => {
                        self.give_up_but(place);
                        return Rung::Answered(Box::new(picked));
                    }
                    Err(disposition) => {
                        self.ringing -= 1;
                        self.worst = Some(Disposition::telling(self.worst.take(), disposition));
                    }
                },
                None => self.ringing = 0,
            }
            if self.ringing == 0 {
                let nobody = Disposition::Lost { why: "the call's lines have ended by a fault" };
                return Rung::Nobody(self.worst.take().unwrap_or(nobody));
            }
        }
    }

    /// Gives every line up; their ends come as before.
    pub(crate) fn give_up(&mut self) {
        // A line whose word is dropped is as much given up.
        self.stops.clear();
    }

    /// The others are told that somebody else has answered: their telephones show no missed call (RFC 3326 §3.1).
    fn give_up_but(&mut self, winner: usize) {
        for (place, stop) in std::mem::take(&mut self.stops).into_iter().enumerate() {
            if place != winner
                && let Some(elsewhere) = reason("SIP", 200, "Call completed elsewhere")
            {
                // A line that has ended meanwhile needs no word.
                drop(stop.send(elsewhere));
            }
        }
    }
}

/// One line.
struct Line {
    tries: VecDeque<Try>,
    ring: Ring,
    context: Arc<Context>,
    sip: SipHandle,
    redirects: Redirects,
}

impl Line {
    async fn run(mut self, place: usize, mut stop: oneshot::Receiver<Reason>, tell: mpsc::Sender<LineEvent>) {
        let (signs, mut heard) = mpsc::channel(SIGNS);
        let forward = tell.clone();
        let forwarding = async move {
            while let Some(sign) = heard.recv().await {
                if forward.send(LineEvent::Sign(sign)).await.is_err() {
                    return;
                }
            }
        };
        let trying = async move {
            let until = Instant::now() + self.ring.time;
            self.try_all(until, &mut stop, &signs).await
        };
        let (end, ()) = tokio::join!(trying, forwarding);
        if let Err(mpsc::error::SendError(LineEvent::End(_, lost))) =
            tell.send(LineEvent::End(place, Box::new(end))).await
            && let Ok(picked) = *lost
        {
            // Somebody has answered whom nobody waits for any more: letting go of its events hangs it up.
            drop(picked);
        }
    }

    async fn try_all(
        &mut self,
        until: Instant,
        stop: &mut oneshot::Receiver<Reason>,
        signs: &mpsc::Sender<Sign>,
    ) -> Result<Picked, Disposition> {
        let mut told = None;
        while let Some(wanted) = self.tries.pop_front() {
            match self.try_one(&wanted, until, stop, signs).await {
                Ok(picked) => return Ok(picked),
                Err(missed) => {
                    let mut next = self.redirects.follow(&wanted, &missed.moved, &self.context).await;
                    let elsewhere =
                        missed.outcome.is_some_and(|outcome| outcome.verdict(missed.rang) == Verdict::TryNext);
                    let again = elsewhere || self.tries_next_place(&wanted, &missed);
                    info!(who = wanted.who, disposition = %missed.disposition, again, "not answered");
                    told = Some(missed.disposition);
                    if !next.is_empty() {
                        next.extend(self.tries.drain(..).filter(|_| again));
                        self.tries = next.into();
                    } else if !again {
                        break;
                    }
                }
            }
        }
        Err(told.unwrap_or(Disposition::Lost { why: "there was nobody to try" }))
    }

    /// Of the places that a redirection has named, the next is tried whatever the callee had to say at this one: "Failures
    /// SHOULD be detected through failure response codes (codes greater than 399)" (RFC 3261 §8.1.3.4). Not so when it is
    /// nowhere to be had (§21.6).
    fn tries_next_place(&self, wanted: &Try, missed: &Missed) -> bool {
        let more = wanted.moved && self.tries.front().is_some_and(|next| next.moved);
        more && matches!(missed.outcome, Some(Outcome::Response { status: 400..=599, .. }))
    }

    /// Every place of one try, until one decides.
    async fn try_one(
        &mut self,
        wanted: &Try,
        until: Instant,
        stop: &mut oneshot::Receiver<Reason>,
        signs: &mpsc::Sender<Sign>,
    ) -> Result<Picked, Missed> {
        let permit = self.permit(wanted)?;
        let ways = self.ways(wanted).await?;
        let mut last = None;
        for (place, way) in ways.iter().enumerate() {
            let more = place + 1 < ways.len() || !self.tries.is_empty();
            let attempt = Attempt {
                context: &self.context,
                sip: &self.sip,
                wanted,
                way: *way,
                law: self.ring.law,
                early: self.ring.early,
                hops: self.ring.hops,
                until,
                first_sign: more.then_some(FIRST_SIGN),
                signs,
            };
            match attempt.run(stop).await {
                Ok(picked) => return Ok(Picked { permit, ..picked }),
                Err(missed @ Missed { outcome: Some(Outcome::NoResponse | Outcome::Transport), .. }) => {
                    last = Some(missed);
                }
                Err(missed) => return Err(missed),
            }
        }
        let nowhere = Disposition::Unreachable { why: "its name leads nowhere" };
        Err(last.unwrap_or_else(|| Missed::unreached(nowhere)))
    }

    fn permit(&self, wanted: &Try) -> Result<Option<Permit>, Missed> {
        let Some(trunk) = &wanted.trunk else { return Ok(None) };
        trunk.acquire(Direction::Outbound).map(Some).map_err(|cap| {
            info!(trunk = trunk.settings.name, %cap, "the trunk takes no more calls now");
            Missed {
                outcome: Some(Outcome::AtCap),
                ..Missed::unreached(Disposition::Congested { why: cap.to_string() })
            }
        })
    }

    async fn ways(&self, wanted: &Try) -> Result<Vec<Way>, Missed> {
        match &wanted.goal {
            Goal::Along(flow) => Ok(vec![Way::Along(*flow)]),
            Goal::Way(way) => Ok(vec![*way]),
            Goal::Uri(uri) => self.context.resolver.resolve(uri).await.map_err(|error| {
                info!(%uri, "nowhere to send the call: {error:#}");
                Missed::unreached(Disposition::NotFound { why: format!("{error:#}") })
            }),
        }
    }
}

impl Missed {
    /// It never left.
    fn unreached(disposition: Disposition) -> Self {
        Self { disposition, outcome: Some(Outcome::Transport), rang: false, moved: Vec::new() }
    }
}
