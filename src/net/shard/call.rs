//! One call on its shard: the wire on one side, the talk on the other, and the ticks that move frames between them.
//!
//!   socket ─► leg ─► heard ─► talk (ears, turn machine, engine)
//!   socket ◄─ leg ◄─ frame ◄─ talk (playout queue)

use super::TICK_MS;
use super::command::{MediaEvent, Opening};
use super::leg::Leg;
use super::report::Report;
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

/// A call's media.
pub(super) struct MediaCall {
    leg: Leg,
    talk: Talk,
    /// When its next packet is due.
    due: TickNumber,
    /// Since when the other side could be sending.
    expecting_since: Instant,
    patience: Duration,
}

impl MediaCall {
    pub(super) fn open(opening: Opening, due: TickNumber, now: Instant, around: &Surroundings<'_>) -> Self {
        let Opening { key, leg, engine, turn, events, recording, patience } = opening;
        let talk = Talk::new(key, leg.law(), engine, turn, events, recording, around);
        Self { leg, talk, due, expecting_since: now, patience }
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
    pub(super) fn update(&mut self, plan: MediaPlan, now: Instant, around: &Surroundings<'_>) {
        let held = plan.is_held();
        self.expecting_since = now;
        self.leg.update(plan);
        self.talk.set_law(self.leg.law());
        self.talk.hold(held, now, around);
    }

    pub(super) fn press(&mut self, key: char, duration: Duration) {
        self.leg.press(key, duration);
    }

    /// Sends the packet that is due at `tick`; gives the tick of the next.
    pub(super) fn send(&mut self, tick: TickNumber, now: Instant, around: &Surroundings<'_>) -> TickNumber {
        let samples = self.leg.frame().min(MAX_FRAME);
        let mut frame = [0_u8; MAX_FRAME];
        let Some(frame) = frame.get_mut(..samples) else { return self.due };
        if self.talk.is_live() {
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
            self.leg.skip(packets);
            self.talk.skip(packets * samples as u64);
            self.due += packets * ptime;
        }
        self.due
    }

    /// Reads what has come, and lets the talk go on.
    pub(super) fn receive(&mut self, now: Instant, scratch: &mut Scratch, around: &Surroundings<'_>) {
        let Self { leg, talk, .. } = self;
        leg.read(now, &mut scratch.datagram);
        while let Some(heard) = leg.poll() {
            match heard {
                Heard::Audio(frame) => talk.hear(frame, now, around),
                Heard::Key(key) if !key.end => talk.key(key.digit.as_char(), key.start, now, around),
                Heard::Key(_) => {}
                Heard::SourceChanged { from } => tracing::debug!(%from, "RTP comes from here now"),
            }
        }
        talk.wake(now, around);
        let silent = now.saturating_duration_since(leg.last_sign().max(self.expecting_since));
        if silent > self.patience && talk.is_live() {
            self.expecting_since = now;
            talk.want_end(MediaEvent::NoMedia { silent });
        }
    }

    /// Reads and sends RTCP.
    pub(super) fn report(&mut self, now: Instant, wall: NtpTime, scratch: &mut Scratch) {
        self.leg.report(now, wall, &mut scratch.datagram);
    }

    pub(super) fn close(self, now: Instant, wall: NtpTime) -> Report {
        let heard = talkpath_media::duration_of(self.leg.position());
        let leg = self.leg.close(now, wall);
        let ending = self.talk.finish();
        Report {
            leg,
            turns: ending.turns,
            transcript: ending.transcript,
            heard,
            refused: talkpath_media::duration_of(ending.refused),
            lost_events: ending.lost_events,
            lost_seconds: ending.lost_seconds,
        }
    }
}
