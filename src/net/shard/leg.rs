//! A leg's transport: two non-blocking sockets, RTP and RTCP machines, and what was agreed on. One `Send` value.
//!
//! The sockets are std's: the shard reads them at its ticks, so no reactor and no wake-up per packet is needed. Where a
//! packet goes is the receiver's latch: the address that the other side's packets come from, or the signalled one.

use super::report::LegReport;
use super::surroundings::DATAGRAM;
use crate::net::ports::PortPair;
use rand::Rng;
use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};
use talkpath_media::dtmf::Digit;
use talkpath_media::g711::Law;
use talkpath_media::rtcp::{NtpTime, Reporter};
use talkpath_media::rtp::{Disposition, DropReason, Heard, Receiver, ReceiverSettings, Sender};
use talkpath_media::sdp::MediaPlan;
use tracing::trace;

/// Datagrams read from one socket a tick; a flood waits in the kernel's buffer, and overflows there.
const BATCH: usize = 8;
/// Packets that are thrown away at most when a leg begins: ten seconds of them.
const MOST_DISCARDED: usize = 1_000;
/// The largest packet that we send: 60 ms of G.711 and a header.
const PACKET: usize = 512;

/// One leg.
#[derive(Debug)]
pub struct Leg {
    rtp: UdpSocket,
    rtcp: UdpSocket,
    plan: MediaPlan,
    /// The other side's host in SIP: its packets are heard at once, a stranger's are not.
    peer: IpAddr,
    receiver: Receiver,
    sender: Sender,
    reporter: Reporter,
    /// When the other side last gave a sign of life: voice, comfort noise, keys, reports.
    last_sign: Instant,
    /// Packets that the system wouldn't take.
    unsent: u64,
    /// Samples of slots in which nothing was to be sent.
    rested: u64,
    /// Audio of another leg that makes no whole packet yet, coded.
    chunk: Vec<u8>,
}

impl Leg {
    /// A leg that listens on `ports` and talks as `plan` says with whoever's SIP comes from `peer`.
    #[must_use]
    pub fn new(ports: PortPair, plan: MediaPlan, peer: IpAddr, rng: &mut impl Rng, now: Instant) -> Self {
        let sender = Sender::new(plan.sender_settings(), rng);
        // A random name: it tells nobody who we are (RFC 7022 §4.2).
        let cname = format!("{:016x}", rng.next_u64());
        // What came before anybody listened (ringback, a former call's last packets) is not the caller's voice.
        discard(&ports.rtp);
        let reporter = Reporter::new(sender.stats().ssrc, &cname, rng, now);
        Self {
            rtp: ports.rtp,
            rtcp: ports.rtcp,
            receiver: Receiver::new(receiver_settings(&plan, peer), now),
            sender,
            reporter,
            plan,
            peer,
            last_sign: now,
            unsent: 0,
            rested: 0,
            chunk: Vec::new(),
        }
    }

    /// A new offer or answer has changed what was agreed on; clocks and counters run on.
    pub(super) fn update(&mut self, plan: MediaPlan) {
        self.receiver.set_settings(receiver_settings(&plan, self.peer));
        self.sender.set_settings(plan.sender_settings());
        self.plan = plan;
    }

    /// The law that we send.
    pub(super) fn law(&self) -> Law {
        self.plan.law
    }

    /// Samples, and bytes, a packet.
    pub(super) fn frame(&self) -> usize {
        self.sender.samples_per_packet()
    }

    /// When the other side last gave a sign of life.
    pub(super) fn last_sign(&self) -> Instant {
        self.last_sign
    }

    /// The next position of the caller's audio.
    pub(super) fn position(&self) -> u64 {
        self.receiver.position()
    }

    /// Reads what has come; then drain [`Leg::poll`].
    pub(super) fn read(&mut self, now: Instant, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.rtp.recv_from(buffer) {
                Ok((length, from)) => {
                    let data = buffer.get(..length).unwrap_or_default();
                    let disposition = self.receiver.handle_packet(from, data, now);
                    trace!(%from, length, ?disposition, "RTP received");
                    if matches!(disposition, Disposition::Accepted | Disposition::Dropped(DropReason::ComfortNoise)) {
                        self.last_sign = now;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                // An ICMP error of an earlier packet of ours: the next read goes on.
                Err(_) => {}
            }
        }
        self.receiver.handle_time(now);
    }

    /// What was heard.
    pub(super) fn poll(&mut self) -> Option<Heard<'_>> {
        self.receiver.poll()
    }

    /// Sends one frame of audio, or of a key under way.
    pub(super) fn send(&mut self, payload: &[u8]) {
        let mut packet = [0_u8; PACKET];
        let length = self.sender.packetize(payload, &mut packet);
        let remote = self.receiver.remote().unwrap_or(self.plan.remote_rtp);
        if remote.ip().is_unspecified() {
            // SDP named a host that we don't resolve: it is learnt from what comes.
            return;
        }
        if self.rtp.send_to(packet.get(..length).unwrap_or_default(), remote).is_err() {
            self.unsent += 1;
        }
    }

    /// Passes on what another leg has heard, a packet for each whole one that it makes: at the pace at which it comes, and on
    /// that leg's clock. While the other side holds the call, the clock runs on without packets.
    pub(super) fn relay(&mut self, samples: &[i16]) {
        if !self.plan.send {
            self.chunk.clear();
            return self.rest(samples.len());
        }
        let (frame, law) = (self.frame(), self.law());
        for sample in samples {
            self.chunk.push(law.encode_sample(*sample));
            if self.chunk.len() >= frame {
                let chunk = std::mem::take(&mut self.chunk);
                self.send(&chunk);
                self.chunk = chunk;
                self.chunk.clear();
            }
        }
    }

    /// Lets a slot pass in which nothing is to be sent: before the answer, and while the call is held.
    pub(super) fn rest(&mut self, samples: usize) {
        self.sender.skip(u32::try_from(samples).unwrap_or(0));
        self.rested += samples as u64;
    }

    /// Lets packets fall out that are too late to be sent.
    pub(super) fn skip(&mut self, packets: u64) {
        let samples = packets.saturating_mul(self.frame() as u64);
        self.sender.skip(u32::try_from(samples).unwrap_or(u32::MAX));
    }

    /// Sends a key as telephone-event; false when the other side takes none.
    pub(super) fn press(&mut self, key: char, duration: Duration) -> bool {
        let samples = u32::try_from(talkpath_media::samples_in(duration)).unwrap_or(u32::MAX);
        Digit::from_char(key).is_some_and(|digit| self.sender.send_key(digit, samples))
    }

    /// Reads and sends reports.
    pub(super) fn report(&mut self, now: Instant, wall: NtpTime, buffer: &mut [u8]) {
        for _ in 0..BATCH {
            match self.rtcp.recv_from(buffer) {
                Ok((length, from)) if from.ip().to_canonical() == self.rtcp_remote().ip().to_canonical() => {
                    self.last_sign = now;
                    self.reporter.handle_packet(buffer.get(..length).unwrap_or_default(), now);
                }
                Ok(_) => {}
                Err(_) => break,
            }
        }
        let length = self.reporter.poll(now, wall, self.sender.stats(), &self.receiver.stats(), buffer);
        if let Some(length) = length {
            self.send_rtcp(buffer.get(..length).unwrap_or_default());
        }
    }

    /// Takes leave of the other side (RFC 3550 §6.6) and says what travelled.
    pub(super) fn close(mut self, now: Instant, wall: NtpTime) -> LegReport {
        let mut buffer = [0_u8; DATAGRAM];
        let length = self.reporter.bye(now, wall, self.sender.stats(), &self.receiver.stats(), &mut buffer);
        if let Some(length) = length {
            self.send_rtcp(buffer.get(..length).unwrap_or_default());
        }
        self.summary()
    }

    fn send_rtcp(&mut self, packet: &[u8]) {
        // A call that was offered on hold by 0.0.0.0 has no such address yet.
        if self.rtcp_remote().ip().is_unspecified() {
            return;
        }
        if self.rtcp.send_to(packet, self.rtcp_remote()).is_err() {
            self.unsent += 1;
        }
    }

    /// Where reports go: the port above the one that packets come from, unless SDP named another (RFC 3605).
    fn rtcp_remote(&self) -> SocketAddr {
        match self.receiver.remote() {
            Some(latched) if latched != self.plan.remote_rtp => {
                SocketAddr::new(latched.ip(), latched.port().saturating_add(1))
            }
            _ => self.plan.remote_rtcp,
        }
    }

    /// What has travelled so far.
    pub(super) fn summary(&self) -> LegReport {
        let (received, sent, quality) = (self.receiver.stats(), self.sender.stats(), self.reporter.quality());
        LegReport {
            sent: sent.packets.into(),
            unsent: self.unsent,
            skipped: talkpath_media::duration_of(sent.skipped.saturating_sub(self.rested)),
            received: received.received,
            lost: received.lost,
            late: received.late,
            duplicated: received.duplicated,
            concealed: talkpath_media::duration_of(received.concealed),
            filled: talkpath_media::duration_of(received.filled),
            strangers: received.strangers,
            jitter: talkpath_media::duration_of(received.jitter.into()),
            round_trip: quality.rtt,
            remote_loss: (quality.reports > 0).then_some(quality.remote_loss),
        }
    }
}

fn receiver_settings(plan: &MediaPlan, peer: IpAddr) -> ReceiverSettings {
    ReceiverSettings { peer: Some(peer), ..plan.receiver_settings() }
}

/// Empties a socket's buffer; bounded, as somebody may be filling it.
fn discard(socket: &UdpSocket) {
    let mut buffer = [0_u8; 1];
    for _ in 0..MOST_DISCARDED {
        match socket.recv_from(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Ok(_) | Err(_) => {}
        }
    }
}
