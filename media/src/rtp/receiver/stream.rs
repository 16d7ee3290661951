//! Which packets are of the stream that is heard: the source that is latched, the SSRC that is believed, the place in its sequence.
//!
//!   heard ──another SSRC──► unconfirmed ──the next packet follows it──► heard under that SSRC, from the first of both
//!     ▲                         │
//!     └──the old SSRC goes on───┘
//!
//! A change of SSRC needs two packets in a row ("probation", RFC 3550 A.1), so that a straggler or one packet of a mixer does not
//! restart the clock; the first is kept meanwhile and not lost. Keys (RFC 4733 §2.6 lets them have an SSRC of their own) begin no stream.

use std::{net::SocketAddr, time::Instant};

use rtp_rs::RtpReader;

use super::{Content, DropReason, Receiver, STRAGGLERS, Sequence};
use crate::{
    MAX_FRAME, dtmf,
    g711::Law,
    rtp::{
        latch::Verdict,
        sequence::{MAX_MISORDER, Place},
    },
};

/// How far the second packet of a new SSRC may be ahead of the first: some between them may be lost.
const FOLLOWS: u16 = 16;

/// What of a packet is used.
#[derive(Clone, Copy)]
pub(super) struct Packet<'a> {
    pub(super) ssrc: u32,
    pub(super) number: u16,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    pub(super) payload: &'a [u8],
    /// Samples from its timestamp to its end.
    span: u64,
}

impl<'a> Packet<'a> {
    pub(super) fn of(reader: &RtpReader<'a>, content: Content) -> Self {
        Self {
            span: match content {
                Content::Key => dtmf::elapsed(reader.payload()),
                Content::Audio(_) | Content::ComfortNoise | Content::Unknown => reader.payload().len() as u64,
            },
            ssrc: reader.ssrc(),
            number: u16::from(reader.sequence_number()),
            timestamp: reader.timestamp(),
            marker: reader.mark(),
            payload: reader.payload(),
        }
    }
}

/// The RTP stream that is heard: its clock against ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream {
    pub(super) ssrc: u32,
    /// Timestamp and position of the newest audio (of the first packet, before there is audio).
    pub(super) timestamp: u32,
    pub(super) position: i64,
    /// Whether that audio had the marker bit.
    pub(super) marked: bool,
    /// Extended number of its first packet.
    pub(super) first: u64,
    /// The same on the wire.
    pub(super) first_wire: u16,
    pub(super) received: u32,
}

impl Stream {
    /// The position that a timestamp tells, up to 2^31 samples either way.
    pub(super) fn tells(&self, timestamp: u32) -> i64 {
        self.position + i64::from(timestamp.wrapping_sub(self.timestamp).cast_signed())
    }
}

/// The stream before: its stragglers are known by their numbers.
#[derive(Clone, Copy)]
pub(super) struct Former {
    ssrc: u32,
    newest: u16,
    since: Instant,
}

/// The first packet of an SSRC that may become the stream.
pub(super) struct Unconfirmed {
    law: Law,
    ssrc: u32,
    number: u16,
    timestamp: u32,
    marker: bool,
    span: u64,
    arrived: Instant,
    /// Its audio; nothing if it is longer than any packet that we agree on.
    len: usize,
    bytes: [u8; MAX_FRAME],
}

impl Unconfirmed {
    fn new(law: Law, packet: &Packet<'_>, arrived: Instant) -> Self {
        let Packet { ssrc, number, timestamp, marker, payload, span } = *packet;
        let mut bytes = [0; MAX_FRAME];
        let len = match bytes.get_mut(..payload.len()) {
            Some(kept) => {
                kept.copy_from_slice(payload);
                payload.len()
            }
            None => 0,
        };
        Self { law, ssrc, number, timestamp, marker, span, arrived, len, bytes }
    }

    fn is_followed_by(&self, packet: &Packet<'_>) -> bool {
        self.ssrc == packet.ssrc && (1..=FOLLOWS).contains(&packet.number.wrapping_sub(self.number))
    }

    fn packet(&self) -> Packet<'_> {
        let Self { ssrc, number, timestamp, marker, span, .. } = *self;
        Packet { ssrc, number, timestamp, marker, span, payload: &self.bytes[..self.len] }
    }
}

impl Receiver {
    /// Judges the source. What is no audio and no key of ours can't latch.
    pub(super) fn admit(&mut self, from: SocketAddr, ssrc: u32, content: Content) -> Result<(), DropReason> {
        let same_ssrc = self.stream.is_some_and(|stream| stream.ssrc == ssrc);
        match content {
            Content::Audio(_) | Content::Key => {}
            Content::ComfortNoise | Content::Unknown => {
                let known = self.latch.touch(from, self.now) && same_ssrc;
                return if known { Ok(()) } else { Err(DropReason::UnknownPayloadType) };
            }
        }
        match self.latch.judge(from, same_ssrc, self.now) {
            Verdict::Known => Ok(()),
            Verdict::Changed => {
                self.source_changed = Some(from);
                Ok(())
            }
            Verdict::Stranger => Err(DropReason::Stranger),
        }
    }

    /// Takes an audio packet of the source that is heard, under whatever SSRC.
    pub(super) fn take_packet(&mut self, law: Law, packet: &Packet<'_>) -> Result<(), DropReason> {
        match self.stream {
            None => {
                let sequence = self.sequence.insert(Sequence::new(packet.number));
                let number = sequence.highest();
                self.delivered = number - 1;
                self.begin(packet, number, self.now);
                self.take_audio(law, packet, (number, true), self.now)
            }
            Some(stream) if stream.ssrc == packet.ssrc => {
                self.dismiss();
                let placed = self.place(packet, self.now)?;
                self.take_audio(law, packet, placed, self.now)
            }
            Some(_) => self.confirm(law, packet),
        }
    }

    /// Takes a packet of an SSRC that is not the stream's: the second in a row makes it the stream.
    fn confirm(&mut self, law: Law, packet: &Packet<'_>) -> Result<(), DropReason> {
        let straggler = |former: Former| {
            former.ssrc == packet.ssrc
                && former.newest.wrapping_sub(packet.number) < MAX_MISORDER
                && self.now.saturating_duration_since(former.since) < STRAGGLERS
        };
        if self.former.is_some_and(straggler) {
            return Err(DropReason::FormerStream);
        }
        let Some(first) = self.unconfirmed.take_if(|first| first.is_followed_by(packet)) else {
            self.dismiss();
            self.unconfirmed = Some(Unconfirmed::new(law, packet, self.now));
            return Ok(());
        };
        if let (Some(stream), Some(sequence)) = (self.stream, self.sequence.as_mut()) {
            self.former = Some(Former { ssrc: stream.ssrc, newest: sequence.wire(), since: self.now });
            let number = sequence.restart(first.number);
            self.begin(&first.packet(), number, first.arrived);
            // If its own time has passed, so be it: the second counts.
            if let Err(reason) = self.take_audio(first.law, &first.packet(), (number, true), first.arrived) {
                self.stats.count(reason);
            }
        }
        let placed = self.place(packet, self.now)?;
        self.take_audio(law, packet, placed, self.now)
    }

    /// What waited for confirmation is no stream.
    fn dismiss(&mut self) {
        if self.unconfirmed.take().is_some() {
            self.stats.count(DropReason::UnconfirmedStream);
        }
    }

    /// The extended sequence number of a packet of the stream, and whether it is newer than all before.
    pub(super) fn place(&mut self, packet: &Packet<'_>, arrived: Instant) -> Result<(u64, bool), DropReason> {
        let (Some(sequence), Some(stream)) = (self.sequence.as_mut(), self.stream.as_mut()) else {
            return Err(DropReason::UnconfirmedStream);
        };
        let placed = match sequence.place(packet.number) {
            Place::Newer(number) => (number, true),
            Place::Older(number) => {
                self.stats.reordered += 1;
                (number, false)
            }
            Place::Restarted(number) => {
                self.begin(packet, number, arrived);
                return Ok((number, true));
            }
            Place::Duplicate => return Err(DropReason::Duplicate),
            Place::Implausible => return Err(DropReason::ImplausibleSequence),
        };
        stream.received = stream.received.saturating_add(1);
        Ok(placed)
    }

    /// A stream begins with this packet: its timestamp is where the clock was when it arrived.
    fn begin(&mut self, packet: &Packet<'_>, number: u64, arrived: Instant) {
        if let (Some(stream), Some(sequence)) = (self.stream.take(), &self.sequence) {
            self.stats.end_stream(sequence.highest().saturating_sub(stream.first), stream.received);
        }
        for held in &mut self.held {
            held.deadline = self.now;
        }
        self.jitter.restart();
        self.keys.restart();
        let start = self.clock_for(packet.span, arrived);
        // One sample earlier, so that the first packet is newer than what was before it.
        self.stream = Some(Stream {
            ssrc: packet.ssrc,
            timestamp: packet.timestamp.wrapping_sub(1),
            position: start.cast_signed() - 1,
            marked: false,
            first: number,
            first_wire: packet.number,
            received: 1,
        });
    }
}
