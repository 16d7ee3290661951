//! RTP sent: one packet a slot, timestamps continuous (RFC 3550 §5.1, RFC 3551 §4.1, RFC 4733 §2.5.1).
//!
//! The driver calls [`Sender::packetize`] in every slot: silence is frames. A slot that can't be served in time is
//! skipped, which advances the timestamp and marks the next packet. Keys take the place of audio.

use rand::Rng;
use rtp_rs::{RtpPacketBuilder, Seq};

use crate::dtmf::{Digit, KeySender};

/// What a sender is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderSettings {
    /// Payload type of the audio, as the far end wants it.
    pub payload_type: u8,
    /// Payload type of keys, if the far end takes them.
    pub dtmf_payload_type: Option<u8>,
    /// Packet time in ms, 10 to 60.
    pub ptime_ms: u8,
}

/// What was sent, for an RTCP sender report (RFC 3550 §6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderStats {
    /// Our synchronisation source.
    pub ssrc: u32,
    /// Packets sent, modulo 2^32.
    pub packets: u32,
    /// Payload octets sent, modulo 2^32.
    pub octets: u32,
    /// RTP timestamp of the next slot: the media clock now, to within one packet time.
    pub timestamp: u32,
    /// Samples skipped because a tick came too late.
    pub skipped: u64,
    /// Keys sent.
    pub keys: u32,
}

/// The outgoing stream of one leg.
#[derive(Debug)]
pub struct Sender {
    settings: SenderSettings,
    sequence: u16,
    marker: bool,
    keys: KeySender,
    stats: SenderStats,
}

impl Sender {
    /// A stream with SSRC, sequence number and timestamp at random (RFC 3550 §5.1).
    pub fn new(settings: SenderSettings, rng: &mut impl Rng) -> Self {
        let stats = SenderStats { ssrc: rng.next_u32(), timestamp: rng.next_u32(), ..SenderStats::default() };
        // Below 2^15, so that the first wrap is far away (RFC 3711 §3.3.1 asks for it once SRTP is on).
        let sequence = (rng.next_u32() >> 17) as u16;
        Self { settings, sequence, marker: true, keys: KeySender::new(), stats }
    }

    /// Writes the packet of this slot to `out` and gives its length: `payload` or, while a key is sent, its event.
    ///
    /// The timestamp advances by `payload.len()` samples in any case. 0 when `out` is too short for the header and
    /// the payload; nothing is counted as sent then.
    pub fn packetize(&mut self, payload: &[u8], out: &mut [u8]) -> usize {
        let timestamp = self.stats.timestamp;
        let advance = payload.len() as u32;
        self.stats.timestamp = timestamp.wrapping_add(advance);
        match (self.settings.dtmf_payload_type, self.keys.next(timestamp, advance)) {
            (Some(payload_type), Some(event)) => {
                self.stats.keys += u32::from(event.marker);
                self.marker = true;
                self.write(payload_type, event.marker, event.timestamp, &event.payload, out)
            }
            (None, _) | (_, None) => {
                let marker = std::mem::take(&mut self.marker);
                self.write(self.settings.payload_type, marker, timestamp, payload, out)
            }
        }
    }

    fn write(&mut self, payload_type: u8, marker: bool, timestamp: u32, payload: &[u8], out: &mut [u8]) -> usize {
        let packet = RtpPacketBuilder::new()
            .payload_type(payload_type & 0x7F)
            .marked(marker)
            .sequence(Seq::from(self.sequence))
            .timestamp(timestamp)
            .ssrc(self.stats.ssrc)
            .payload(payload);
        let Ok(length) = packet.build_into(out) else { return 0 };
        self.sequence = self.sequence.wrapping_add(1);
        self.stats.packets = self.stats.packets.wrapping_add(1);
        self.stats.octets = self.stats.octets.wrapping_add(payload.len() as u32);
        length
    }

    /// Lets `samples` pass unsent, as when a tick came too late: the next packet begins a talkspurt.
    pub fn skip(&mut self, samples: u32) {
        self.stats.timestamp = self.stats.timestamp.wrapping_add(samples);
        self.stats.skipped += u64::from(samples);
        self.marker = true;
    }

    /// Queues a key of `duration` samples (40 ms to 8 s). False when the far end takes no keys, or 64 wait.
    pub fn send_key(&mut self, digit: Digit, duration: u32) -> bool {
        self.settings.dtmf_payload_type.is_some() && self.keys.push(digit, duration)
    }

    /// Whether a key is being sent or waits: audio of these slots is not heard.
    #[must_use]
    pub fn is_sending_key(&self) -> bool {
        self.keys.is_sending()
    }

    /// What a new answer has changed; SSRC, sequence and timestamp run on.
    pub fn set_settings(&mut self, settings: SenderSettings) {
        self.settings = settings;
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> SenderSettings {
        self.settings
    }

    /// Samples of one packet.
    #[must_use]
    pub fn samples_per_packet(&self) -> usize {
        usize::from(self.settings.ptime_ms) * 8
    }

    /// What was sent so far.
    #[must_use]
    pub fn stats(&self) -> &SenderStats {
        &self.stats
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};
    use rtp_rs::RtpReader;

    use super::*;

    fn sender() -> Sender {
        let settings = SenderSettings { payload_type: 0, dtmf_payload_type: Some(101), ptime_ms: 20 };
        Sender::new(settings, &mut StdRng::seed_from_u64(7))
    }

    /// Sends a slot of 20 ms and gives (payload type, marker, sequence, timestamp, payload).
    fn slot(sender: &mut Sender) -> (u8, bool, u16, u32, Vec<u8>) {
        let mut out = [0; 200];
        let length = sender.packetize(&[0x55; 160], &mut out);
        let packet = RtpReader::new(&out[..length]).unwrap();
        assert_eq!(packet.ssrc(), sender.stats().ssrc);
        let sequence = u16::from(packet.sequence_number());
        (packet.payload_type(), packet.mark(), sequence, packet.timestamp(), packet.payload().to_vec())
    }

    #[test]
    fn packets_follow_each_other_and_only_the_first_is_marked() {
        let mut sender = sender();
        let (_, first_mark, sequence, timestamp, _) = slot(&mut sender);
        let (payload_type, mark, next_sequence, next, payload) = slot(&mut sender);
        assert!(first_mark && !mark);
        assert_eq!((next_sequence, next), (sequence.wrapping_add(1), timestamp.wrapping_add(160)));
        assert_eq!((payload_type, payload.len()), (0, 160));
        assert_eq!((sender.stats().packets, sender.stats().octets), (2, 320));
    }

    #[test]
    fn a_skipped_slot_advances_the_timestamp_alone() {
        let mut sender = sender();
        let (_, _, sequence, timestamp, _) = slot(&mut sender);
        sender.skip(320);
        let (_, mark, next_sequence, next, _) = slot(&mut sender);
        assert!(mark);
        assert_eq!((next_sequence, next), (sequence.wrapping_add(1), timestamp.wrapping_add(480)));
    }

    #[test]
    fn a_key_takes_the_place_of_audio_and_ends_three_times() {
        let mut sender = sender();
        let start = slot(&mut sender).3.wrapping_add(160);
        assert!(sender.send_key(Digit::from_char('5').unwrap(), 480));
        let sent: Vec<_> = (0..5).map(|_| slot(&mut sender)).collect();
        assert!(sent.iter().all(|packet| packet.0 == 101 && packet.3 == start));
        let payloads: Vec<_> = sent.iter().map(|packet| (packet.1, packet.4.clone())).collect();
        assert_eq!(payloads[0], (true, vec![5, 10, 0, 160]));
        assert_eq!(payloads[1], (false, vec![5, 10, 1, 64]));
        assert!(payloads[2..].iter().all(|end| *end == (false, vec![5, 138, 1, 224])));
        let after = slot(&mut sender);
        assert_eq!((after.0, after.1, after.3), (0, true, start.wrapping_add(800)));
    }

    #[test]
    fn two_keys_are_kept_apart_by_audio() {
        let mut sender = sender();
        assert!(sender.send_key(Digit::from_char('1').unwrap(), 320));
        assert!(sender.send_key(Digit::from_char('1').unwrap(), 320));
        let types: Vec<u8> = (0..13).map(|_| slot(&mut sender).0).collect();
        assert_eq!(types, [101, 101, 101, 101, 0, 0, 0, 101, 101, 101, 101, 0, 0]);
        assert!(!sender.is_sending_key());
        assert_eq!(sender.stats().keys, 2);
    }

    #[test]
    fn a_far_end_without_keys_gets_none_and_a_short_buffer_nothing() {
        let mut sender = sender();
        sender.set_settings(SenderSettings { dtmf_payload_type: None, ..sender.settings() });
        assert!(!sender.send_key(Digit::from_char('1').unwrap(), 320));
        assert_eq!(sender.packetize(&[0; 160], &mut [0; 100]), 0);
        assert_eq!(sender.stats().packets, 0);
        assert_eq!(sender.samples_per_packet(), 160);
    }
}
