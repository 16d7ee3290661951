//! One call on its shard: the wire on one side, the talk on the other, and the ticks that move frames between them.
//!
//!   socket ─► leg ─► heard ─► talk (ears, turn machine, engine)
//!   socket ◄─ leg ◄─ frame ◄─ talk (playout queue)
//!
//! Bridged, the talk stands aside and the legs feed each other, packet by packet, each on the other's clock:
//!
//!   socket ─► leg ─► heard ─► other leg ─► socket
//!   socket ◄─ leg ◄─ heard ◄─ other leg ◄─ socket

use super::TICK_MS;
use super::command::{Conduct, EngineSpec, MediaEvent, Opening, Side};
use super::leg::Leg;
use super::parting::Parting;
use super::report::{LegReport, Report};
use super::surroundings::{Scratch, Surroundings};
use super::talk::Talk;
use super::wheel::TickNumber;
use std::time::{Duration, Instant};
use talkpath_media::MAX_FRAME;
use talkpath_media::rtcp::NtpTime;
use talkpath_media::rtp::Heard;
use talkpath_media::sdp::MediaPlan;

/// A call that is this far behind lets packets fall out instead of sending a burst: 40 ms.
const TOO_LATE: TickNumber = 40 / TICK_MS;
/// How long a key that is passed on is pressed: gateways don't hear what is much shorter.
const PASSED_ON: Duration = Duration::from_millis(120);

/// A call's media.
pub(super) struct MediaCall {
    leg: Leg,
    talk: Talk,
    /// Whom it is bridged to.
    other: Option<Box<Other>>,
    /// What travelled on the last leg that it was bridged to.
    parted: Option<LegReport>,
    /// When its next packet is due.
    due: TickNumber,
    /// Since when the other side could be sending.
    expecting_since: Instant,
    patience: Duration,
}

/// The leg that a call is bridged to.
struct Other {
    leg: Leg,
    /// Since when its other side could be sending; none while it holds the call.
    expecting_since: Option<Instant>,
}

impl MediaCall {
    pub(super) fn open(opening: Opening, due: TickNumber, now: Instant, around: &Surroundings<'_>) -> Self {
        let Opening { key, leg, engine, conduct, events, recording, patience } = opening;
        let talk = Talk::new(key, leg.law(), engine, conduct, events, recording, now, around);
        Self { leg, talk, other: None, parted: None, due, expecting_since: now, patience }
    }

    pub(super) fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    /// The other side can hear us.
    pub(super) fn answered(&mut self, now: Instant, around: &Surroundings<'_>) {
        self.expecting_since = now;
        self.talk.answered(self.leg.position(), now, around);
    }

    /// Where and how voice travels has changed: hold and resume, another address, another law.
    pub(super) fn update(&mut self, side: Side, plan: MediaPlan, now: Instant, around: &Surroundings<'_>) {
        let held = plan.is_held();
        match (side, &mut self.other) {
            (Side::Caller, _) => {
                self.expecting_since = now;
                self.leg.update(plan);
                self.talk.set_law(self.leg.law());
                self.talk.hold(held, now, around);
            }
            (Side::Other, Some(other)) => {
                other.leg.update(plan);
                other.expecting_since = (!held).then_some(now);
            }
            (Side::Other, None) => {}
        }
    }

    pub(super) fn press(&mut self, side: Side, key: char, duration: Duration) {
        match (side, &mut self.other) {
            (Side::Caller, _) => drop(self.leg.press(key, duration)),
            (Side::Other, Some(other)) => drop(other.leg.press(key, duration)),
            (Side::Other, None) => {}
        }
    }

    /// A key that came beside the RTP of a leg.
    pub(super) fn key(&mut self, side: Side, key: char, now: Instant, around: &Surroundings<'_>) {
        match (side, &mut self.other) {
            (Side::Caller, None) => self.talk.key(key, self.leg.position(), now, around),
            (Side::Caller, Some(other)) => {
                self.talk.tell(MediaEvent::Key(key));
                other.leg.press(key, PASSED_ON);
            }
            (Side::Other, Some(_)) => {
                self.talk.tell(MediaEvent::OtherKey(key));
                self.leg.press(key, PASSED_ON);
            }
            (Side::Other, None) => {}
        }
    }

    /// Another engine takes the place of the one that talks; one that stood aside for a bridge still does.
    pub(super) fn become_other(
        &mut self,
        engine: EngineSpec,
        conduct: Conduct,
        now: Instant,
        around: &Surroundings<'_>,
    ) {
        self.talk.become_other(engine, conduct, self.other.is_some(), now, around);
    }

    /// Nothing rings any more; the engine goes on, unless the call is bridged.
    pub(super) fn come_back(&mut self, now: Instant, around: &Surroundings<'_>) {
        if self.other.is_none() {
            self.talk.stand_aside(false, now, around);
        }
    }

    /// Bridges the call to this leg.
    pub(super) fn adopt(&mut self, leg: Box<Leg>, now: Instant, around: &Surroundings<'_>) {
        self.talk.stand_aside(true, now, around);
        self.other = Some(Box::new(Other { leg: *leg, expecting_since: Some(now) }));
    }

    /// Ends the bridge; the talk goes on, the other leg is given away.
    pub(super) fn part(&mut self, now: Instant, around: &Surroundings<'_>) -> Option<Box<Leg>> {
        let Other { leg, .. } = *self.other.take()?;
        self.parted = Some(leg.summary());
        self.expecting_since = now;
        self.talk.stand_aside(false, now, around);
        Some(Box::new(leg))
    }

    /// Gives the caller's own leg away; the call is over.
    pub(super) fn surrender(self, now: Instant) -> (Box<Leg>, Option<Parting>) {
        // What it said until now was heard.
        (Box::new(self.leg), self.talk.finish(now).parting)
    }

    /// Sends the packet that is due at `tick`; gives the tick of the next.
    pub(super) fn send(&mut self, tick: TickNumber, now: Instant, around: &Surroundings<'_>) -> TickNumber {
        let samples = self.leg.frame().min(MAX_FRAME);
        let mut frame = [0_u8; MAX_FRAME];
        let Some(frame) = frame.get_mut(..samples) else { return self.due };
        if self.other.is_some() {
            // What the other leg hears is sent as it comes.
        } else if self.talk.is_live() {
            self.talk.speak(frame, now, around);
            self.leg.send(frame);
        } else {
            self.leg.rest(samples);
            self.talk.skip(samples as u64);
        }
        let ptime = samples as TickNumber / (8 * TICK_MS);
        self.due += ptime.max(1);
        let behind = tick.saturating_sub(self.due);
        if behind > TOO_LATE {
            let packets = behind / ptime.max(1);
            if self.other.is_none() {
                self.leg.skip(packets);
                self.talk.skip(packets * samples as u64);
            }
            self.due += packets * ptime;
        }
        self.due
    }

    /// Reads what has come, and lets the talk go on.
    pub(super) fn receive(&mut self, now: Instant, scratch: &mut Scratch, around: &Surroundings<'_>) {
        let Self { leg, talk, other, .. } = self;
        leg.read(now, &mut scratch.datagram);
        while let Some(heard) = leg.poll() {
            match (heard, other.as_mut()) {
                (Heard::Audio(frame), other) => {
                    talk.hear(frame, now, around);
                    if let Some(other) = other {
                        other.leg.relay(frame.samples);
                    }
                }
                (Heard::Key(key), None) if !key.end => talk.key(key.digit.as_char(), key.start, now, around),
                (Heard::Key(key), Some(other)) if !key.end => {
                    talk.tell(MediaEvent::Key(key.digit.as_char()));
                    other.leg.press(key.digit.as_char(), PASSED_ON);
                }
                (Heard::Key(_), _) => {}
                (Heard::SourceChanged { from }, _) => tracing::debug!(%from, "RTP comes from here now"),
            }
        }
        if let Some(other) = other {
            other.receive(now, scratch, leg, talk);
        }
        talk.pump(now, around);
        talk.wake(now, around);
        self.notice_silence(now);
    }

    /// Nobody is there any more, on one side or the other.
    fn notice_silence(&mut self, now: Instant) {
        let silent = now.saturating_duration_since(self.leg.last_sign().max(self.expecting_since));
        if silent > self.patience && (self.talk.is_live() || self.other.is_some()) {
            self.expecting_since = now;
            self.talk.want_end(MediaEvent::NoMedia { silent });
        }
        let Some(other) = &mut self.other else { return };
        let Some(since) = other.expecting_since else { return };
        let silent = now.saturating_duration_since(other.leg.last_sign().max(since));
        if silent > self.patience {
            other.expecting_since = Some(now);
            self.talk.want_end(MediaEvent::NoMedia { silent });
        }
    }

    /// Reads and sends RTCP.
    pub(super) fn report(&mut self, now: Instant, wall: NtpTime, scratch: &mut Scratch) {
        self.leg.report(now, wall, &mut scratch.datagram);
        if let Some(other) = &mut self.other {
            other.leg.report(now, wall, &mut scratch.datagram);
        }
    }

    /// What is left of it, and an engine that has still to take leave.
    pub(super) fn close(self, now: Instant, wall: NtpTime) -> (Report, Option<Parting>) {
        let heard = talkpath_media::duration_of(self.leg.position());
        let leg = self.leg.close(now, wall);
        let other = self.other.map(|other| other.leg.close(now, wall)).or(self.parted);
        let ending = self.talk.finish(now);
        let report = Report {
            leg,
            other,
            turns: ending.turns,
            transcript: ending.transcript,
            heard,
            refused: talkpath_media::duration_of(ending.refused),
            lost_events: ending.lost_events,
            lost_seconds: ending.lost_seconds,
        };
        (report, ending.parting)
    }
}

impl Other {
    /// Reads what has come, and passes it on to the caller's `leg`.
    fn receive(&mut self, now: Instant, scratch: &mut Scratch, leg: &mut Leg, talk: &mut Talk) {
        self.leg.read(now, &mut scratch.datagram);
        while let Some(heard) = self.leg.poll() {
            match heard {
                Heard::Audio(frame) => {
                    leg.relay(frame.samples);
                    talk.overhear(frame.samples);
                }
                Heard::Key(key) if !key.end => {
                    talk.tell(MediaEvent::OtherKey(key.digit.as_char()));
                    leg.press(key.digit.as_char(), PASSED_ON);
                }
                Heard::Key(_) => {}
                Heard::SourceChanged { from } => tracing::debug!(%from, "RTP of the other leg comes from here now"),
            }
        }
    }
}
