//! A sender and a receiver joined: what one side queues, presses and negotiates is what the other hears.

use std::time::{Duration, Instant};

use rand::{SeedableRng, rngs::StdRng};
use talkpath_media::{
    dtmf::Digit,
    g711::Law,
    playout::{ItemId, Playout, PlayoutSettings},
    rtp::{Disposition, Heard, Receiver, Sender},
    sdp::{self, LocalMedia},
    tone::{Tone, level_at},
};

fn media(port: u16, laws: &[Law], ptime_ms: u8) -> LocalMedia {
    LocalMedia {
        address: "127.0.0.1".parse().unwrap(),
        rtp_port: port,
        laws: laws.to_vec(),
        ptime_ms,
        dtmf_payload_type: Some(101),
        session_id: 1,
        version: 1,
    }
}

/// A caller that queues and presses, and what the other side hears.
struct Joined {
    playout: Playout,
    sender: Sender,
    receiver: Receiver,
    now: Instant,
    heard: Vec<i16>,
    keys: String,
}

impl Joined {
    fn new(offered: &LocalMedia, answered: &LocalMedia) -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        let offer = sdp::offer(offered);
        let (answer, theirs) = sdp::answer(&offer, answered).unwrap();
        let ours = sdp::accept_answer(&offer, &answer).unwrap();
        assert_eq!((ours.law, ours.ptime_ms), (theirs.law, theirs.ptime_ms));
        Self {
            playout: Playout::new(PlayoutSettings::new(ours.law)),
            sender: Sender::new(ours.sender_settings(), &mut StdRng::seed_from_u64(1)),
            receiver: Receiver::new(theirs.receiver_settings(), now),
            now,
            heard: Vec::new(),
            keys: String::new(),
        }
    }

    fn slots(&mut self, count: usize) {
        for _ in 0..count {
            let (mut payload, mut packet) = ([0; 480], [0; 500]);
            let payload = &mut payload[..self.sender.samples_per_packet()];
            self.playout.fill(payload);
            let length = self.sender.packetize(payload, &mut packet);
            self.now += Duration::from_millis(u64::from(self.sender.settings().ptime_ms));
            let from = "127.0.0.1:4000".parse().unwrap();
            assert_eq!(self.receiver.handle_packet(from, &packet[..length], self.now), Disposition::Accepted);
            self.drain();
            self.receiver.handle_time(self.now);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(heard) = self.receiver.poll() {
            match heard {
                Heard::Audio(frame) => self.heard.extend_from_slice(frame.samples),
                Heard::Key(key) if !key.end => self.keys.push(key.digit.as_char()),
                Heard::Key(_) | Heard::SourceChanged { .. } => {}
            }
        }
    }
}

#[test]
fn a_tone_arrives_at_its_frequency_and_level_in_either_law_at_any_packet_time() {
    for (law, ptime) in [(Law::Mu, 10), (Law::Mu, 20), (Law::A, 30), (Law::A, 60)] {
        let mut joined = Joined::new(&media(4000, &[law], ptime), &media(5000, &[Law::A, Law::Mu], 20));
        let mut tone = vec![0; 8000];
        Tone::new(&[1000.0], -12.0).fill(&mut tone);
        joined.playout.push_pcm(ItemId(1), &tone);
        joined.slots(8000_usize.div_ceil(usize::from(ptime) * 8));
        let level = level_at(1000.0, &joined.heard[800..7200]);
        assert!((level + 12.0).abs() < 0.2, "{law:?} at {ptime} ms: {level}");
        assert!(level_at(2000.0, &joined.heard[800..7200]) < -50.0);
    }
}

#[test]
fn every_key_arrives_once_and_the_clock_goes_on() {
    let mut joined = Joined::new(&media(4000, &[Law::Mu], 20), &media(5000, &[Law::Mu], 20));
    for key in "0123456789*#ABCD00".chars() {
        assert!(joined.sender.send_key(Digit::from_char(key).unwrap(), 800));
    }
    joined.slots(18 * 11);
    assert_eq!(joined.keys, "0123456789*#ABCD00");
    let lag = 18 * 11 * 160 - joined.heard.len();
    assert!(lag <= 640, "{lag} samples behind");
    assert_eq!(joined.receiver.stats().lost, 0);
}

#[test]
fn a_skipped_slot_is_silence_of_its_length() {
    let mut joined = Joined::new(&media(4000, &[Law::Mu], 20), &media(5000, &[Law::Mu], 20));
    joined.slots(5);
    joined.sender.skip(480);
    joined.now += Duration::from_millis(60);
    joined.slots(5);
    assert_eq!(joined.heard.len(), 10 * 160 + 480);
}

#[test]
fn a_leg_can_move_to_another_shard() {
    fn moves<T: Send>(value: T) -> T {
        value
    }
    let joined = Joined::new(&media(4000, &[Law::Mu], 20), &media(5000, &[Law::Mu], 20));
    let (sender, receiver, playout) = moves((joined.sender, joined.receiver, joined.playout));
    assert_eq!((sender.stats().packets, receiver.position(), playout.queued()), (0, 0, 0));
}
