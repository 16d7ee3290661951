//! One call on its shard: the wire on one side, the talk on the other, and the ticks that move frames between them.
//!
//!   socket ─► leg ─► heard ─► talk (ears, turn machine, engine)
//!   socket ◄─ leg ◄─ frame ◄─ talk (playout queue)

use super::TICK_MS;
use super::command::{CallKey, MediaEvent, Opening};
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
/// Nobody is there when nothing came for so long.
const NO_MEDIA: Duration = Duration::from_secs(60);

/// A call's media.
pub(super) struct MediaCall {
    leg: Leg,
    talk: Talk,
    /// When its next packet is due.
    due: TickNumber,
    told_no_media: bool,
}

impl MediaCall {
    pub(super) fn open(opening: Opening, due: TickNumber, around: &Surroundings<'_>) -> (CallKey, Self) {
        let Opening { key, leg, engine, turn, events, recording } = opening;
        let talk = Talk::new(key, leg.law(), engine, turn, events, recording, around);
        (key, Self { leg, talk, due, told_no_media: false })
    }

    pub(super) fn talk(&mut self) -> &mut Talk {
        &mut self.talk
    }

    pub(super) fn update(&mut self, plan: MediaPlan) {
        self.leg.update(plan);
        self.talk.set_law(self.leg.law());
    }

    pub(super) fn press(&mut self, key: char, duration: Duration) {
        self.leg.press(key, duration);
    }

    /// Sends the packet that is due at `tick`; gives the tick of the next.
    pub(super) fn send(&mut self, tick: TickNumber, now: Instant, around: &Surroundings<'_>) -> TickNumber {
        let samples = self.leg.frame().min(MAX_FRAME);
        let mut frame = [0_u8; MAX_FRAME];
        let Some(frame) = frame.get_mut(..samples) else { return self.due };
        self.talk.speak(frame, now, around);
        self.leg.send(frame);
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
        if leg.silent_for(now) > NO_MEDIA && leg.expects_media() && !self.told_no_media {
            self.told_no_media = true;
            talk.tell(MediaEvent::NoMedia { silent: leg.silent_for(now) });
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
