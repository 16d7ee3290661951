//! RTP received: one leg's packets become one continuous stream of samples (RFC 3550 §5.1, A.1, A.3, A.8).
//!
//!   datagram ─► latch ─► sequence ─► sample clock ─► held ──next in line──► decoded, handed out
//!                                                      ├──gap, waited long enough──► concealed (60 ms), then silence
//!                                                      └──gap that nobody sent (DTX)──► silence
//!   60 ms without audio ─► concealed (60 ms), then silence, by `now`
//!
//! There is no playout delay: an in-order packet is handed out in the poll after it arrived. A missing one is waited for
//! while it may still be on its way, which the measured jitter bounds (3 J + 5 ms, at most 60 ms). Positions count from 0 at
//! [`Receiver::new`] and never jump: the samples handed out are the RTP timestamp's advance, and while nothing comes `now`
//! drives them, 60 ms behind (ptime + 40 ms where that is more). A jump of the timestamp, another SSRC or a restarted sequence continues the same positions. They
//! never run ahead of real time by more than half a second (and 0.1 % for the sender's clock): who sends faster is cut.
//!
//! Driver: hand over all datagrams that wait with [`Receiver::handle_packet`], then [`Receiver::handle_time`] (in this order,
//! or a late tick would fill what has already arrived), and drain [`Receiver::poll`] after each.

mod clock;
mod output;
mod stats;
mod stream;
mod types;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use rtp_rs::RtpReader;

use self::stream::{Former, Packet, Stream, Unconfirmed};
use super::{COMFORT_NOISE, jitter::Jitter, latch::Latch, sequence::Sequence};
use crate::{MAX_FRAME, SAMPLES_PER_MS, dtmf::KeyReceiver, g711::Law, plc::Concealer};

pub use stats::ReceiverStats;
pub use types::{Disposition, DropReason, Frame, FrameKind, Heard, ReceiverSettings};

/// After this much silence of the latched source another may take its place.
pub const TAKEOVER: Duration = Duration::from_secs(3);

/// Who is neither the SIP peer nor at the signalled host is heard after this much silence of both.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Without audio for this long, in samples, the clock fills in; longer for packets of more than 20 ms.
const FILL_AFTER: u64 = 60 * SAMPLES_PER_MS;
/// How long after the newest packet's length that is: the next may be that late, and what is made up at once more.
const FILL_AFTER_PACKET: u64 = 40 * SAMPLES_PER_MS;
/// No packet counts as longer for this: 200 ms.
const LONGEST_PACKET: u64 = 200 * SAMPLES_PER_MS;
/// A key can't have begun longer ago than a segment of its duration and some delay (RFC 4733 §2.5.1.3).
const LONGEST_KEY: u64 = u16::MAX as u64 + JUMP;
/// The longest frame that is made up at once: 20 ms.
const MADE_UP: u64 = 20 * SAMPLES_PER_MS;
/// The longest wait for a missing packet.
const LONGEST_WAIT: Duration = Duration::from_millis(60);
/// A timestamp further ahead of the clock than this is a jump: 160 ms.
const JUMP: u64 = 1280;
/// How far positions may be ahead of real time: half a second.
const LEAD: u64 = 4000;
/// Packets, or 60 ms pieces of longer ones, that can wait for a missing one.
const HELD: usize = 16;
/// Packets that have come late for this long, one after the other, are of a sender whose timestamp stood still in a pause.
const STOOD_STILL: Duration = Duration::from_millis(100);
/// Stragglers of the stream before a change of SSRC are dropped for this long.
const STRAGGLERS: Duration = Duration::from_secs(1);

/// What a payload type means here.
#[derive(Clone, Copy)]
enum Content {
    Audio(Law),
    Key,
    ComfortNoise,
    Unknown,
}

/// Encoded audio that waits for its turn.
struct Held {
    start: u64,
    sequence: u64,
    law: Law,
    /// When what is missing before it is given up.
    deadline: Instant,
    len: usize,
    bytes: [u8; MAX_FRAME],
}

impl Held {
    fn end(&self) -> u64 {
        self.start + self.len as u64
    }
}

/// The incoming stream of one leg.
pub struct Receiver {
    settings: ReceiverSettings,
    latch: Latch,
    source_changed: Option<SocketAddr>,
    stream: Option<Stream>,
    former: Option<Former>,
    unconfirmed: Option<Unconfirmed>,
    sequence: Option<Sequence>,
    jitter: Jitter,
    keys: KeyReceiver,
    epoch: Instant,
    now: Instant,
    /// The next position to hand out.
    position: u64,
    /// When the newest audio came, and where it ends: the clock runs on from there.
    reach: (Instant, u64),
    /// Up to where silence is due.
    due: u64,
    /// Samples of the newest packet.
    newest_len: u64,
    /// Nobody speaks: there was no audio yet, or what came last was a key or comfort noise.
    quiet: bool,
    /// Since when each new packet was late.
    late_since: Option<Instant>,
    /// Extended number of the newest packet handed out.
    delivered: u64,
    held: Vec<Held>,
    concealer: Concealer,
    frame: [i16; MAX_FRAME],
    stats: ReceiverStats,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receiver")
            .field("stream", &self.stream)
            .field("position", &self.position)
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

impl Receiver {
    /// A receiver whose sample clock starts at `now`.
    #[must_use]
    pub fn new(settings: ReceiverSettings, now: Instant) -> Self {
        Self {
            settings,
            latch: Latch::new(settings.latch(), now),
            source_changed: None,
            stream: None,
            former: None,
            unconfirmed: None,
            sequence: None,
            jitter: Jitter::default(),
            keys: KeyReceiver::new(),
            epoch: now,
            now,
            position: 0,
            reach: (now, 0),
            due: 0,
            newest_len: 0,
            quiet: true,
            late_since: None,
            delivered: 0,
            held: Vec::new(),
            concealer: Concealer::new(),
            frame: [0; MAX_FRAME],
            stats: ReceiverStats::default(),
        }
    }

    /// What a new offer or answer has changed. Another signalled address opens the latch; positions run on. Without a peer the
    /// one that was known stays.
    pub fn set_settings(&mut self, settings: ReceiverSettings) {
        self.latch.signal(settings.latch(), self.now);
        self.settings = ReceiverSettings { peer: settings.peer.or(self.settings.peer), ..settings };
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> ReceiverSettings {
        self.settings
    }

    /// Where to send: the source that is latched, else the signalled address.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.latch.remote()
    }

    /// The position of the next sample to be handed out.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// How long ago audio came last (or since the beginning).
    #[must_use]
    pub fn silent_for(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.reach.0)
    }

    /// What was counted.
    #[must_use]
    pub fn stats(&self) -> ReceiverStats {
        let jitter = self.jitter.samples();
        match (&self.stream, &self.sequence) {
            (Some(stream), Some(sequence)) => {
                let expected = sequence.highest() + 1 - stream.first;
                self.stats.of_stream(stream.ssrc, stream.first_wire, expected, stream.received, jitter)
            }
            (None, _) | (_, None) => self.stats,
        }
    }

    /// Takes one datagram from the RTP socket.
    pub fn handle_packet(&mut self, from: SocketAddr, data: &[u8], now: Instant) -> Disposition {
        self.now = self.now.max(now);
        match self.accept(from, data) {
            Ok(()) => Disposition::Accepted,
            Err(reason) => {
                self.stats.count(reason);
                Disposition::Dropped(reason)
            }
        }
    }

    /// Lets time pass: call it at every tick, after the datagrams that waited.
    pub fn handle_time(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.keys.handle_time(self.now);
        self.due = self.line().saturating_sub(FILL_AFTER.max(self.newest_len + FILL_AFTER_PACKET));
    }

    /// The next thing heard; `None` when there is nothing until the next datagram or tick.
    pub fn poll(&mut self) -> Option<Heard<'_>> {
        if let Some(from) = self.source_changed.take() {
            return Some(Heard::SourceChanged { from });
        }
        if let Some(key) = self.keys.poll() {
            return Some(Heard::Key(key));
        }
        let start = self.position;
        let (samples, kind) = self.next_samples()?;
        self.position += samples as u64;
        Some(Heard::Audio(Frame { start, samples: &self.frame[..samples], kind }))
    }

    fn accept(&mut self, from: SocketAddr, data: &[u8]) -> Result<(), DropReason> {
        let reader = RtpReader::new(data).map_err(|_| DropReason::Malformed)?;
        let payload_type = reader.payload_type();
        if (72..=76).contains(&payload_type) {
            return Err(DropReason::Rtcp);
        }
        let content = self.content(payload_type);
        let packet = Packet::of(&reader, content);
        self.admit(from, packet.ssrc, content)?;
        match content {
            Content::Audio(law) => self.take_packet(law, &packet),
            Content::Key => self.take_key(&packet),
            Content::ComfortNoise => self.take_none(&packet, DropReason::ComfortNoise),
            Content::Unknown => self.take_none(&packet, DropReason::UnknownPayloadType),
        }
    }

    fn content(&self, payload_type: u8) -> Content {
        let settings = &self.settings;
        if payload_type == settings.payload_type {
            return Content::Audio(settings.law);
        }
        match settings.alternative {
            Some((law, other)) if other == payload_type => Content::Audio(law),
            Some(_) | None if settings.dtmf_payload_type == Some(payload_type) => Content::Key,
            Some(_) | None if payload_type == COMFORT_NOISE => Content::ComfortNoise,
            Some(_) | None => Content::Unknown,
        }
    }

    /// Takes a telephone-event: of the line, whatever its SSRC.
    fn take_key(&mut self, packet: &Packet<'_>) -> Result<(), DropReason> {
        if self.stream.is_some_and(|stream| stream.ssrc == packet.ssrc) {
            self.place(packet, self.now)?;
        }
        self.count(packet);
        self.quiet = true;
        let start = self.key_start(packet);
        self.keys.handle_event(packet.timestamp, packet.marker, packet.payload, start, self.now);
        Ok(())
    }

    /// Takes a packet of the stream that is of no use but for its number.
    fn take_none(&mut self, packet: &Packet<'_>, reason: DropReason) -> Result<(), DropReason> {
        self.place(packet, self.now)?;
        self.count(packet);
        self.quiet = true;
        Err(reason)
    }

    fn count(&mut self, packet: &Packet<'_>) {
        self.stats.received += 1;
        self.stats.octets += packet.payload.len() as u64;
    }

    /// Puts an audio payload in line that arrived at `arrived`, under its extended number.
    fn take_audio(
        &mut self,
        law: Law,
        packet: &Packet<'_>,
        (number, newer): (u64, bool),
        arrived: Instant,
    ) -> Result<(), DropReason> {
        self.count(packet);
        self.jitter.update(arrived, packet.timestamp);
        let len = packet.payload.len() as u64;
        if len == 0 {
            return Ok(());
        }
        let start = if newer { self.advance(packet, len)? } else { self.overtaken(packet.timestamp)? };
        if start + len <= self.position {
            return Err(DropReason::Late);
        }
        for (piece, bytes) in packet.payload.chunks(MAX_FRAME).enumerate() {
            self.hold(law, bytes, start + (piece * MAX_FRAME) as u64, number)?;
        }
        Ok(())
    }

    fn hold(&mut self, law: Law, bytes: &[u8], start: u64, sequence: u64) -> Result<(), DropReason> {
        if self.held.len() >= HELD {
            return Err(DropReason::Overflow);
        }
        let jitter = Duration::from_micros(u64::from(self.jitter.samples()) * 375);
        let deadline = self.now + (jitter + Duration::from_millis(5)).min(LONGEST_WAIT);
        let mut held = Held { start, sequence, law, deadline, len: bytes.len(), bytes: [0; MAX_FRAME] };
        held.bytes[..bytes.len()].copy_from_slice(bytes);
        let place = self.held.partition_point(|other| other.start <= start);
        self.held.insert(place, held);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
