//! Where a packet belongs on the receiver's sample clock.
//!
//! The newest packet moves the clock: by its timestamp, unless that jumps, stands still or runs faster than real time.

use rtp_rs::RtpReader;

use super::{DropReason, Held, JUMP, LEAD, Receiver, STOOD_STILL};
use crate::samples_between;

impl Receiver {
    /// Where the caller's clock should be now, going by the newest audio.
    pub(super) fn line(&self) -> u64 {
        self.reach.1 + samples_between(self.reach.0, self.now)
    }

    /// Where a packet of `len` samples belongs whose own timestamp says nothing: up to now, after all before.
    pub(super) fn clock_for(&self, len: u64) -> u64 {
        let held = self.held.last().map_or(0, Held::end);
        self.line().saturating_sub(len).max(self.position).max(held)
    }

    pub(super) fn position_of(&self, timestamp: u32) -> u64 {
        let position = self
            .stream
            .map_or(0, |stream| stream.position + i64::from(timestamp.wrapping_sub(stream.timestamp).cast_signed()));
        position.max(0).cast_unsigned()
    }

    /// The position of a packet that others have overtaken.
    pub(super) fn overtaken(&self, timestamp: u32) -> Result<u64, DropReason> {
        let start = self.position_of(timestamp);
        if start > self.line() + JUMP { Err(DropReason::Late) } else { Ok(start) }
    }

    /// The position of the newest packet, which the clock follows.
    pub(super) fn advance(&mut self, packet: &RtpReader<'_>, len: u64) -> Result<u64, DropReason> {
        let resume = self.clock_for(len);
        let stood_still = self.stood_still(packet, len);
        let (farthest, limit) = (self.line() + JUMP, self.limit());
        let Some(stream) = self.stream.as_mut() else { return Err(DropReason::Late) };
        let advance = i64::from(packet.timestamp().wrapping_sub(stream.timestamp).cast_signed());
        let told = stream.position + advance;
        let jumped = told > farthest.cast_signed() || advance <= 0;
        let start = if jumped || stood_still { resume } else { told.max(0).cast_unsigned() };
        stream.timestamp = packet.timestamp();
        stream.position = start.cast_signed();
        if start + len > limit {
            // Cut: the next packet belongs where this one would have been.
            stream.position -= len.cast_signed();
            return Err(DropReason::Ahead);
        }
        self.reach = (self.now, start + len);
        Ok(start)
    }

    /// Whether the sender's timestamp didn't run on while it was silent: what it says now would be late for ever.
    fn stood_still(&mut self, packet: &RtpReader<'_>, len: u64) -> bool {
        if self.position_of(packet.timestamp()) + len > self.position {
            self.late_since = None;
            return false;
        }
        let since = *self.late_since.get_or_insert(self.now);
        packet.mark() || self.now.saturating_duration_since(since) >= STOOD_STILL
    }

    /// The furthest position that a sender in real time can have reached.
    fn limit(&self) -> u64 {
        let elapsed = samples_between(self.epoch, self.now);
        elapsed + elapsed / 1000 + LEAD
    }
}
