//! Where a packet belongs on the receiver's sample clock.
//!
//! The newest packet moves the clock: by its timestamp, unless that jumps, stands still or runs faster than real time.

use std::time::Instant;

use super::{DropReason, Held, JUMP, LEAD, LONGEST_KEY, LONGEST_PACKET, Packet, Receiver, STOOD_STILL};
use crate::{dtmf, samples_between};

impl Receiver {
    /// Where the caller's clock should be now, going by the newest audio.
    pub(super) fn line(&self) -> u64 {
        self.line_at(self.now)
    }

    fn line_at(&self, at: Instant) -> u64 {
        self.reach.1 + samples_between(self.reach.0, at)
    }

    /// Where a packet of `len` samples that arrived at `at` belongs whose own timestamp says nothing: up to then, after all before.
    pub(super) fn clock_for(&self, len: u64, at: Instant) -> u64 {
        let held = self.held.last().map_or(0, Held::end);
        self.line_at(at).saturating_sub(len).max(self.position).max(held)
    }

    /// Where a key began: as its timestamp says, never ahead of the line; by the clock if that says nothing believable.
    pub(super) fn key_start(&self, packet: &Packet<'_>) -> u64 {
        let line = self.line();
        let known = self.stream.filter(|stream| stream.ssrc == packet.ssrc);
        let told = known.map(|stream| stream.tells(packet.timestamp));
        match told.filter(|told| told.abs_diff(line.cast_signed()) <= LONGEST_KEY) {
            Some(told) => told.max(0).cast_unsigned().min(line),
            None => line.saturating_sub(dtmf::elapsed(packet.payload)),
        }
    }

    fn position_of(&self, timestamp: u32) -> u64 {
        self.stream.map_or(0, |stream| stream.tells(timestamp)).max(0).cast_unsigned()
    }

    /// The position of a packet that others have overtaken.
    pub(super) fn overtaken(&self, timestamp: u32) -> Result<u64, DropReason> {
        let start = self.position_of(timestamp);
        if start > self.line() + JUMP { Err(DropReason::Late) } else { Ok(start) }
    }

    /// The position of the newest packet, which the clock follows.
    pub(super) fn advance(&mut self, packet: &Packet<'_>, len: u64) -> Result<u64, DropReason> {
        let resume = self.clock_for(len, self.now);
        let stood_still = self.stood_still(packet, len);
        let (farthest, limit) = (self.line() + JUMP, self.limit());
        let Some(stream) = self.stream.as_mut() else { return Err(DropReason::Late) };
        let told = stream.tells(packet.timestamp);
        let jumped = told > farthest.cast_signed() || told <= stream.position;
        let start = if jumped || stood_still { resume } else { told.max(0).cast_unsigned() };
        stream.timestamp = packet.timestamp;
        stream.position = start.cast_signed();
        stream.marked = packet.marker;
        if start + len > limit {
            // Cut: the next packet belongs where this one would have been.
            stream.position -= len.cast_signed();
            return Err(DropReason::Ahead);
        }
        self.reach = (self.now, start + len);
        self.newest_len = len.min(LONGEST_PACKET);
        self.quiet = false;
        Ok(start)
    }

    /// Whether the sender's timestamp didn't run on while it was silent: what it says now would be late for ever.
    fn stood_still(&mut self, packet: &Packet<'_>, len: u64) -> bool {
        if self.position_of(packet.timestamp) + len > self.position {
            self.late_since = None;
            return false;
        }
        let marked_before = self.stream.is_some_and(|stream| stream.marked);
        // The marker opens a talkspurt (RFC 3551 §4.1) only where it is no habit, and only once.
        let opens = packet.marker && !marked_before && self.late_since.is_none();
        let since = *self.late_since.get_or_insert(self.now);
        opens || self.now.saturating_duration_since(since) >= STOOD_STILL
    }

    /// The furthest position that a sender in real time can have reached.
    fn limit(&self) -> u64 {
        let elapsed = samples_between(self.epoch, self.now);
        elapsed + elapsed / 1000 + LEAD
    }
}
