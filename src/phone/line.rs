//! One voice line of the test phone: a socket, what it says next, and a log of every packet that came.
//!
//! It always sends (silence when it has nothing to say), a packet each packet time, on its own clock. What it sends can be made
//! worse on purpose ([`Impairment`]), so that a server is tried with the network that callers really have.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rtp_rs::RtpReader;
use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_media::MAX_FRAME;
use talkpath_media::dtmf::Digit;
use talkpath_media::g711::Law;
use talkpath_media::rtp;

/// How a line's packets suffer on their way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Impairment {
    /// Share of packets that get lost, 0 to 1.
    pub loss: f64,
    /// Packets are delayed by zero to this much, each by its own, so they also overtake each other.
    pub jitter: Duration,
    /// Share of packets that arrive twice, 0 to 1.
    pub duplication: f64,
}

/// A packet as it came in.
#[derive(Clone, Debug)]
pub struct Packet {
    /// When.
    pub arrived: Instant,
    /// RTP sequence number.
    pub sequence: u16,
    /// RTP timestamp.
    pub timestamp: u32,
    /// RTP marker bit.
    pub marker: bool,
    /// RTP payload type.
    pub payload_type: u8,
    /// SSRC.
    pub ssrc: u32,
    /// The payload, as it was on the wire.
    pub payload: Arc<[u8]>,
    /// Packets that the line had sent by then: the caller's own clock.
    pub sent: u64,
}

/// When something was said.
#[derive(Clone, Copy, Debug)]
pub struct Said {
    /// The packets that the line had sent before.
    pub first: u64,
    /// Its first packet left.
    pub began: Instant,
    /// Its last packet left.
    pub ended: Instant,
}

/// What a line has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Packets sent, those included that the impairment dropped.
    pub sent: u64,
    /// Packets that the impairment dropped.
    pub dropped: u64,
    /// Packets that the impairment sent twice.
    pub repeated: u64,
    /// Packets that came.
    pub received: u64,
    /// Packets that came twice.
    pub doubled: u64,
    /// Sequence numbers that never came.
    pub lost: u64,
    /// Timestamps that weren't the last one's plus its samples, though no marker told of a pause (RFC 3551 §4.1).
    pub broken_timestamps: u64,
    /// Samples that the other side left out, each time telling so by a marker.
    pub skipped: u64,
}

impl std::ops::AddAssign for LineCounts {
    fn add_assign(&mut self, other: Self) {
        self.sent += other.sent;
        self.dropped += other.dropped;
        self.repeated += other.repeated;
        self.received += other.received;
        self.doubled += other.doubled;
        self.lost += other.lost;
        self.broken_timestamps += other.broken_timestamps;
        self.skipped += other.skipped;
    }
}

/// Judges sequence numbers and timestamps of what comes.
#[derive(Debug, Default)]
struct Continuity {
    /// The next sequence number, and the next timestamp where that is known: packets of a key all have the timestamp of its beginning
    /// (RFC 4733 §2.5.1.2), and don't tell when it will be over.
    next: Option<(u16, Option<u32>)>,
}

impl Continuity {
    fn judge(&mut self, packet: &RtpReader<'_>, voice: u8, counts: &mut LineCounts) {
        let is_voice = packet.payload_type() == voice;
        let (sequence, timestamp) = (u16::from(packet.sequence_number()), packet.timestamp());
        let samples = u32::try_from(packet.payload().len()).unwrap_or(0);
        counts.received += 1;
        if let Some((expected, expected_timestamp)) = self.next {
            let ahead = sequence.wrapping_sub(expected);
            if ahead >= 0x8000 {
                // On loopback nothing is reordered: what comes again came twice.
                counts.doubled += 1;
                return;
            }
            counts.lost += u64::from(ahead);
            let jump = expected_timestamp.filter(|_| is_voice).map_or(0, |expected| timestamp.wrapping_sub(expected));
            if packet.mark() && jump < 1 << 31 {
                counts.skipped += u64::from(jump);
            } else if ahead == 0 && jump != 0 {
                counts.broken_timestamps += 1;
            }
        }
        self.next = Some((sequence.wrapping_add(1), is_voice.then(|| timestamp.wrapping_add(samples))));
    }
}

/// The line itself; owned by the exchange thread.
#[derive(Debug)]
pub(super) struct Line {
    socket: UdpSocket,
    remote: SocketAddr,
    law: Law,
    sender: rtp::Sender,
    impairment: Impairment,
    random: StdRng,
    speech: VecDeque<u8>,
    /// The packets sent before what is being said, and when its first one left.
    began: Option<(u64, Instant)>,
    muted: bool,
    delayed: Vec<(Instant, Box<[u8]>)>,
    due: Instant,
    continuity: Continuity,
    pub(super) counts: LineCounts,
}

impl Line {
    pub(super) fn new(
        socket: UdpSocket,
        remote: SocketAddr,
        law: Law,
        sender: rtp::Sender,
        impairment: Impairment,
        seed: u64,
        now: Instant,
    ) -> Self {
        Self {
            socket,
            remote,
            law,
            sender,
            impairment,
            random: StdRng::seed_from_u64(seed),
            speech: VecDeque::new(),
            began: None,
            muted: false,
            delayed: Vec::new(),
            due: now,
            continuity: Continuity::default(),
            counts: LineCounts::default(),
        }
    }

    pub(super) fn law(&self) -> Law {
        self.law
    }

    /// What the network does to our packets from now on; those already delayed keep their time.
    pub(super) fn impair(&mut self, impairment: Impairment) {
        self.impairment = impairment;
    }

    /// Queues speech behind what is still to be said.
    pub(super) fn say(&mut self, samples: &[i16]) {
        let mut coded = vec![0; samples.len()];
        self.law.encode(samples, &mut coded);
        self.speech.extend(coded);
    }

    /// Sends nothing until it is told otherwise: time passes, packets don't.
    pub(super) fn mute(&mut self, mute: bool) {
        self.muted = mute;
    }

    /// Forgets what was still to be said.
    pub(super) fn hush(&mut self) {
        self.speech.clear();
        self.began = None;
    }

    pub(super) fn press(&mut self, key: char, duration: Duration) {
        let samples = u32::try_from(talkpath_media::samples_in(duration)).unwrap_or(u32::MAX);
        if !Digit::from_char(key).is_some_and(|digit| self.sender.send_key(digit, samples)) {
            tracing::warn!(%key, "the test phone can't send this key");
        }
    }

    /// Sends what is due by `now`; tells when that was the last of the speech.
    pub(super) fn send_due(&mut self, now: Instant) -> io::Result<Option<Said>> {
        let mut finished = None;
        let samples = self.sender.samples_per_packet().min(MAX_FRAME);
        while self.due <= now {
            self.due += talkpath_media::duration_of(samples as u64);
            if self.muted {
                self.sender.skip(u32::try_from(samples).unwrap_or(0));
                continue;
            }
            if !self.speech.is_empty() {
                self.began.get_or_insert((self.counts.sent, now));
            }
            let mut payload = [self.law.silence(); MAX_FRAME];
            let length = self.speech.len().min(samples);
            for (slot, byte) in payload.iter_mut().zip(self.speech.drain(..length)) {
                *slot = byte;
            }
            if self.speech.is_empty() {
                finished = self.began.take().map(|(first, began)| Said { first, began, ended: now });
            }
            let mut packet = [0; 512];
            let size = self.sender.packetize(payload.get(..samples).unwrap_or_default(), &mut packet);
            self.counts.sent += 1;
            self.launch(packet.get(..size).unwrap_or_default(), now)?;
            if finished.is_some() {
                break;
            }
        }
        self.send_delayed(now)?;
        Ok(finished)
    }

    fn launch(&mut self, packet: &[u8], now: Instant) -> io::Result<()> {
        let Impairment { loss, jitter, duplication } = self.impairment;
        if loss > 0.0 && self.random.random_bool(loss) {
            self.counts.dropped += 1;
            return Ok(());
        }
        let copies = if duplication > 0.0 && self.random.random_bool(duplication) { 2 } else { 1 };
        self.counts.repeated += copies - 1;
        for _ in 0..copies {
            if jitter.is_zero() {
                self.transmit(packet)?;
            } else {
                let delay = jitter.mul_f64(self.random.random::<f64>());
                self.delayed.push((now + delay, packet.into()));
            }
        }
        Ok(())
    }

    fn send_delayed(&mut self, now: Instant) -> io::Result<()> {
        self.delayed.sort_by_key(|(at, _)| *at);
        let due = self.delayed.partition_point(|(at, _)| *at <= now);
        for (_, packet) in self.delayed.drain(..due).collect::<Vec<_>>() {
            self.transmit(&packet)?;
        }
        Ok(())
    }

    fn transmit(&self, packet: &[u8]) -> io::Result<()> {
        match self.socket.send_to(packet, self.remote) {
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads everything that has come.
    pub(super) fn receive(&mut self, buffer: &mut [u8], mut tell: impl FnMut(Packet)) {
        while let Ok((length, _)) = self.socket.recv_from(buffer) {
            let arrived = Instant::now();
            let Some(Ok(packet)) = buffer.get(..length).map(RtpReader::new) else { continue };
            self.continuity.judge(&packet, self.law.payload_type(), &mut self.counts);
            tell(Packet {
                arrived,
                sequence: packet.sequence_number().into(),
                timestamp: packet.timestamp(),
                marker: packet.mark(),
                payload_type: packet.payload_type(),
                ssrc: packet.ssrc(),
                payload: packet.payload().into(),
                sent: self.counts.sent,
            });
        }
    }
}
