//! The receiver on virtual time: what is handed out is checked sample by sample.

use rtp_rs::{Pad, RtpPacketBuilder, Seq};

use super::*;

const MS: Duration = Duration::from_millis(1);

/// A receiver, a phone that talks to it, and what was heard.
struct Line {
    receiver: Receiver,
    epoch: Instant,
    now: Instant,
    from: SocketAddr,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    frames: Vec<(u64, usize, FrameKind)>,
    samples: Vec<i16>,
    keys: String,
    key_starts: Vec<u64>,
    sources: Vec<SocketAddr>,
}

impl Line {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        let settings = ReceiverSettings { dtmf_payload_type: Some(101), ..ReceiverSettings::new(Law::Mu) };
        Self {
            receiver: Receiver::new(settings, now),
            epoch: now,
            now,
            from: "192.0.2.1:4000".parse().unwrap(),
            ssrc: 7,
            // Both wrap within the first packets.
            sequence: 65_534,
            timestamp: u32::MAX - 300,
            frames: Vec::new(),
            samples: Vec::new(),
            keys: String::new(),
            key_starts: Vec::new(),
            sources: Vec::new(),
        }
    }

    /// The next packet of the phone, 20 ms of one value.
    fn packet(&mut self, value: i16) -> Vec<u8> {
        self.packet_of(&[Law::Mu.encode_sample(value); 160])
    }

    fn packet_of(&mut self, payload: &[u8]) -> Vec<u8> {
        let packet = self.event(0, payload);
        self.timestamp = self.timestamp.wrapping_add(payload.len() as u32);
        packet
    }

    /// A packet that leaves the phone's timestamp where it is.
    fn event(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let packet = RtpPacketBuilder::new()
            .payload_type(payload_type)
            .sequence(Seq::from(self.sequence))
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            .payload(payload)
            .build();
        self.sequence = self.sequence.wrapping_add(1);
        packet.unwrap()
    }

    fn give(&mut self, packet: &[u8]) -> Disposition {
        let disposition = self.receiver.handle_packet(self.from, packet, self.now);
        self.drain();
        disposition
    }

    fn say(&mut self, value: i16) -> Disposition {
        let packet = self.packet(value);
        self.give(&packet)
    }

    /// Lets time pass in ticks of 5 ms.
    fn pass(&mut self, time: Duration) -> &mut Self {
        let until = self.now + time;
        while self.now < until {
            self.now = (self.now + 5 * MS).min(until);
            self.receiver.handle_time(self.now);
            self.drain();
        }
        self
    }

    /// Says a packet every 20 ms.
    fn talk(&mut self, packets: usize, value: i16) {
        for _ in 0..packets {
            self.pass(20 * MS);
            self.say(value);
        }
    }

    fn drain(&mut self) {
        while let Some(heard) = self.receiver.poll() {
            match heard {
                Heard::Audio(frame) => {
                    assert_eq!(frame.start, self.samples.len() as u64, "frames follow each other");
                    assert!((1..=MAX_FRAME).contains(&frame.samples.len()));
                    self.frames.push((frame.start, frame.samples.len(), frame.kind));
                    self.samples.extend_from_slice(frame.samples);
                }
                Heard::Key(key) => {
                    self.keys.push_str(&format!("{}{}", key.digit, if key.end { "." } else { "" }));
                    self.key_starts.push(key.start);
                }
                Heard::SourceChanged { from } => self.sources.push(from),
            }
        }
    }

    fn heard_of(&self, kind: FrameKind) -> usize {
        self.frames.iter().filter(|frame| frame.2 == kind).map(|frame| frame.1).sum()
    }

    /// What is heard in the middle of each run of 80 samples of one value, shortened.
    fn values(&self) -> Vec<i16> {
        let mut values: Vec<i16> = self.samples.chunks(160).map(|chunk| chunk[chunk.len() / 2]).collect();
        values.dedup();
        values
    }
}

fn value(n: i16) -> i16 {
    Law::Mu.decode_byte(Law::Mu.encode_sample(n))
}

#[test]
fn packets_in_order_are_handed_out_as_they_arrive() {
    let mut line = Line::new();
    for n in 1..=10 {
        line.pass(20 * MS);
        assert_eq!(line.say(n * 100), Disposition::Accepted);
        assert_eq!(line.samples.len(), n as usize * 160);
    }
    assert_eq!(line.heard_of(FrameKind::Received), 1600);
    let stats = line.receiver.stats();
    assert_eq!((stats.received, stats.lost, stats.late, stats.jitter), (10, 0, 0, 0));
    // The sequence numbers wrapped: 65534 was the first, ten later it is 2^16 + 7.
    assert_eq!(stats.extended_highest_sequence, 65_536 + 7);
}

#[test]
fn overtaken_packets_are_put_back_in_order() {
    let mut line = Line::new();
    line.talk(3, 100);
    let (late, early) = (line.packet(200), line.packet(300));
    line.pass(20 * MS).give(&early);
    assert_eq!(line.samples.len(), 480);
    line.give(&late);
    assert_eq!(line.samples.len(), 800);
    assert_eq!(line.values(), [value(100), value(200), value(300)]);
    assert_eq!(line.receiver.stats().reordered, 1);
    assert_eq!(line.heard_of(FrameKind::Received), 800);
}

#[test]
fn a_lost_packet_is_concealed_once_later_ones_prove_it_lost() {
    let mut line = Line::new();
    line.talk(3, 1000);
    line.packet(0);
    line.pass(20 * MS);
    line.talk(1, 1000);
    line.pass(5 * MS);
    assert_eq!(line.frames[3..], [(480, 160, FrameKind::Concealed), (640, 160, FrameKind::Received)]);
    assert_eq!((line.receiver.stats().lost, line.receiver.stats().concealed), (1, 160));
    assert!(line.samples.iter().all(|&sample| sample > 500), "a steady level goes on");
}

#[test]
fn a_lost_packet_that_comes_after_all_is_dropped_as_late() {
    let mut line = Line::new();
    line.talk(3, 100);
    let lost = line.packet(200);
    line.pass(20 * MS).say(300);
    line.pass(10 * MS);
    assert_eq!(line.give(&lost), Disposition::Dropped(DropReason::Late));
    assert_eq!(line.give(&lost), Disposition::Dropped(DropReason::Duplicate));
    let stats = line.receiver.stats();
    assert_eq!((stats.late, stats.duplicated, stats.lost), (1, 1, 0));
    assert_eq!(line.samples.len(), 800);
}

#[test]
fn sixty_milliseconds_of_a_long_loss_are_concealed_and_the_rest_is_silence() {
    let mut line = Line::new();
    line.talk(5, 1000);
    for _ in 0..9 {
        line.packet(0);
    }
    line.pass(200 * MS).say(1000);
    line.pass(10 * MS);
    assert_eq!((line.heard_of(FrameKind::Concealed), line.heard_of(FrameKind::Filled)), (480, 960));
    assert_eq!(line.samples.len(), 800 + 9 * 160 + 160);
    assert!(line.samples[800..880].iter().all(|&sample| sample > 500), "the voice goes on");
    assert!(line.samples[1400..2200].iter().all(|&sample| sample == 0));
}

#[test]
fn jitter_of_forty_milliseconds_loses_nothing_at_any_packet_time() {
    for (size, late) in [(160, 40), (320, 40), (480, 20), (480, 40)] {
        let mut line = Line::new();
        let mut packets = Vec::new();
        for n in 0..50u64 {
            let due = n * size as u64 / 8 + if n % 3 == 1 { late } else { 0 };
            packets.push((due, line.packet_of(&vec![0x20; size])));
        }
        for (due, packet) in packets {
            let wait = (line.epoch + due as u32 * MS).saturating_duration_since(line.now);
            assert_eq!(line.pass(wait).give(&packet), Disposition::Accepted);
        }
        assert_eq!(line.heard_of(FrameKind::Received), 50 * size, "{size} samples, {late} ms late");
        assert_eq!(line.receiver.stats().concealed, 0);
    }
}

#[test]
fn one_lost_packet_of_sixty_milliseconds_is_concealed() {
    let mut line = Line::new();
    for n in 0..10 {
        let packet = line.packet_of(&[Law::Mu.encode_sample(1000); 480]);
        line.pass(60 * MS);
        if n != 5 {
            line.give(&packet);
        }
    }
    line.pass(10 * MS);
    assert_eq!((line.heard_of(FrameKind::Concealed), line.heard_of(FrameKind::Filled)), (480, 0));
    assert_eq!(line.samples.len(), 10 * 480);
}

#[test]
fn silence_of_the_sender_is_filled_by_the_clock_sixty_milliseconds_behind() {
    let mut line = Line::new();
    line.talk(5, 1000);
    line.pass(60 * MS);
    assert_eq!(line.samples.len(), 800);
    line.pass(940 * MS);
    assert_eq!(line.samples.len(), 800 + 8000 - 480);
    assert_eq!(line.heard_of(FrameKind::Filled), 8000 - 480 - 480);
    assert!(line.samples[800 + 480..].iter().all(|&sample| sample == 0), "faded within 60 ms");
}

#[test]
fn talk_after_a_pause_is_placed_where_its_timestamp_says() {
    let mut line = Line::new();
    line.talk(5, 1000);
    line.pass(500 * MS);
    line.timestamp = line.timestamp.wrapping_add(4000 - 160);
    assert_eq!(line.say(1000), Disposition::Accepted);
    assert_eq!(line.samples.len(), 800 + 4000);
    assert_eq!((line.heard_of(FrameKind::Received), line.receiver.stats().lost), (960, 0));
}

#[test]
fn late_arrivals_of_filled_time_are_dropped() {
    let mut line = Line::new();
    line.talk(5, 1000);
    line.pass(180 * MS);
    let filled = line.samples.len();
    assert_eq!(filled, 800 + 8 * 120);
    let dispositions: Vec<_> = (0..9).map(|_| line.say(500)).collect();
    assert!(dispositions[..6].iter().all(|it| *it == Disposition::Dropped(DropReason::Late)));
    assert!(dispositions[6..].iter().all(|it| *it == Disposition::Accepted));
    assert_eq!(line.samples.len(), 800 + 9 * 160);
}

#[test]
fn the_clock_runs_before_anything_is_heard() {
    let mut line = Line::new();
    line.pass(1000 * MS);
    assert_eq!(line.samples.len(), 8000 - 480);
    line.say(1000);
    assert_eq!(line.samples.len(), 8000);
}

#[test]
fn another_stream_of_the_same_source_continues_the_clock() {
    let mut line = Line::new();
    line.talk(5, 100);
    (line.ssrc, line.sequence, line.timestamp) = (99, 30_000, 123_456);
    let straggler = { Line::new().packet(5) };
    line.talk(5, 200);
    assert_eq!(line.give(&straggler), Disposition::Dropped(DropReason::FormerStream));
    assert_eq!(line.samples.len(), 1600);
    assert_eq!(line.values(), [value(100), value(200)]);
    let stats = line.receiver.stats();
    assert_eq!((stats.ssrc, stats.expected, stats.received, stats.lost), (Some(99), 5, 10, 0));
    assert_eq!(stats.extended_highest_sequence, 30_004);
}

#[test]
fn a_single_packet_of_another_ssrc_is_not_believed() {
    let mut line = Line::new();
    line.talk(5, 100);
    let mut other = Line::new();
    (other.ssrc, other.sequence) = (99, 30_000);
    for n in 0..5 {
        line.talk(1, 100);
        line.give(&other.packet(n * 1000));
    }
    line.talk(1, 100);
    assert_eq!((line.values(), line.heard_of(FrameKind::Received)), (vec![value(100)], 11 * 160));
    let stats = line.receiver.stats();
    assert_eq!((stats.ssrc, stats.refused, stats.lost, stats.late), (Some(7), 5, 0, 0));
}

#[test]
fn a_return_to_the_former_ssrc_is_heard_at_once() {
    let mut line = Line::new();
    line.talk(5, 100);
    let phone = (line.ssrc, line.sequence, line.timestamp);
    (line.ssrc, line.sequence, line.timestamp) = (99, 30_000, 123_456);
    line.talk(3, 200);
    (line.ssrc, line.sequence, line.timestamp) = phone;
    line.talk(5, 300);
    assert_eq!(line.values(), [value(100), value(200), value(300)]);
    assert_eq!((line.heard_of(FrameKind::Received), line.receiver.stats().late), (13 * 160, 0));
}

#[test]
fn a_jump_of_the_timestamp_is_not_filled() {
    for jump in [3_000_000u32, 8 * 3600 * 8000, u32::MAX - 3_000_000] {
        let mut line = Line::new();
        line.talk(5, 100);
        line.timestamp = line.timestamp.wrapping_add(jump);
        line.talk(5, 200);
        assert_eq!(line.samples.len(), 1600, "a jump of {jump}");
        assert_eq!(line.heard_of(FrameKind::Received), 1600);
    }
}

#[test]
fn a_restarted_sequence_is_believed_at_its_second_packet() {
    let mut line = Line::new();
    line.talk(5, 100);
    (line.sequence, line.timestamp) = (20_000, 5);
    line.pass(20 * MS);
    assert_eq!(line.say(200), Disposition::Dropped(DropReason::ImplausibleSequence));
    line.talk(4, 200);
    line.pass(100 * MS);
    assert_eq!(line.heard_of(FrameKind::Received), 1440);
    assert_eq!(line.receiver.stats().refused, 1);
}

#[test]
fn any_packet_time_and_odd_sizes_fit_together() {
    let mut line = Line::new();
    let mut said = 0;
    for size in [80, 160, 240, 320, 480, 77, 1, 800, 1200, 160] {
        line.now += crate::duration_of(size as u64);
        let packet = line.packet_of(&vec![0x20; size]);
        assert_eq!(line.give(&packet), Disposition::Accepted);
        said += size;
        assert_eq!(line.samples.len(), said, "after {size} samples");
    }
    assert_eq!(line.heard_of(FrameKind::Received), said);
}

#[test]
fn padding_contributors_and_extensions_are_passed_over() {
    let mut line = Line::new();
    let packet = RtpPacketBuilder::new()
        .payload_type(0)
        .ssrc(7)
        .set_csrc(&[1, 2, 3])
        .extension(0xBEDE, &[1, 2, 3, 4])
        .padded(Pad::round_to(7))
        .payload(&[0x20; 160])
        .build()
        .unwrap();
    assert_eq!(line.give(&packet), Disposition::Accepted);
    assert_eq!(line.samples, vec![Law::Mu.decode_byte(0x20); 160]);
}

#[test]
fn comfort_noise_and_unknown_payloads_are_no_losses() {
    let mut line = Line::new();
    line.talk(3, 1000);
    for payload_type in [COMFORT_NOISE, 97] {
        let packet = line.event(payload_type, &[40]);
        assert!(matches!(line.give(&packet), Disposition::Dropped(_)));
    }
    line.talk(3, 1000);
    assert_eq!(line.heard_of(FrameKind::Received), 960);
    let stats = line.receiver.stats();
    assert_eq!((stats.ignored, stats.lost, stats.concealed), (2, 0, 0));
}

#[test]
fn the_other_law_is_heard_if_both_were_agreed_on() {
    let mut line = Line::new();
    let payload = [Law::A.encode_sample(1000); 160];
    let packet = line.event(8, &payload);
    assert_eq!(line.give(&packet), Disposition::Dropped(DropReason::UnknownPayloadType));
    let both = ReceiverSettings { alternative: Some((Law::A, 8)), ..line.receiver.settings() };
    line.receiver.set_settings(both);
    let packet = line.event(8, &payload);
    assert_eq!(line.give(&packet), Disposition::Accepted);
    assert_eq!(line.samples[80], Law::A.decode_byte(payload[0]));
}

#[test]
fn a_key_is_heard_once_and_audio_time_goes_on_meanwhile() {
    let mut line = Line::new();
    line.talk(5, 1000);
    for n in 1..=10u16 {
        line.pass(20 * MS);
        let [high, low] = (n.min(8) * 160).to_be_bytes();
        let event = line.event(101, &[5, if n >= 8 { 0x8A } else { 0x0A }, high, low]);
        assert_eq!(line.give(&event), Disposition::Accepted);
    }
    assert_eq!(line.keys, "55.");
    assert_eq!(line.samples.len(), 800 + 1600 - 480);
    line.timestamp = line.timestamp.wrapping_add(1600);
    line.talk(2, 1000);
    assert_eq!(line.samples.len(), 800 + 1600 + 320);
    assert_eq!(line.receiver.stats().concealed, 0);
}

#[test]
fn a_key_is_never_ahead_of_the_clock() {
    for ahead in [1u32 << 31, (1 << 31) - 1, 1 << 24, 70_000, 8000] {
        let mut line = Line::new();
        line.talk(5, 1000);
        line.timestamp = line.timestamp.wrapping_add(ahead);
        let event = line.event(101, &[5, 0x8A, 0, 80]);
        line.give(&event);
        let position = line.receiver.position();
        assert_eq!(line.keys, "55.");
        assert!(line.key_starts.iter().all(|start| (720..=position).contains(start)), "{ahead}: {:?}", line.key_starts);
    }
}

#[test]
fn keys_under_an_ssrc_of_their_own_are_of_the_same_line() {
    let mut line = Line::new();
    line.talk(5, 1000);
    let mut gateway = Line::new();
    (gateway.ssrc, gateway.sequence, gateway.timestamp) = (99, 30_000, 77);
    for duration in [160u16, 320, 480, 480] {
        let [high, low] = duration.to_be_bytes();
        let event = gateway.event(101, &[7, if duration == 480 { 0x8A } else { 0x0A }, high, low]);
        line.talk(1, 1000);
        assert_eq!(line.give(&event), Disposition::Accepted);
    }
    line.talk(2, 1000);
    assert_eq!((line.keys.as_str(), line.key_starts.as_slice()), ("77.", &[800, 800][..]));
    let stats = line.receiver.stats();
    assert_eq!((stats.ssrc, stats.lost, stats.refused, line.heard_of(FrameKind::Received)), (Some(7), 0, 0, 11 * 160));
}

#[test]
fn a_key_during_which_the_ssrc_changes_is_one_key() {
    let mut line = Line::new();
    line.talk(5, 1000);
    for duration in [160u16, 320] {
        let [high, low] = duration.to_be_bytes();
        let event = line.event(101, &[7, 0x0A, high, low]);
        line.pass(20 * MS).give(&event);
    }
    (line.ssrc, line.sequence, line.timestamp) = (99, 30_000, 123_456);
    let packets = [line.packet(1000), line.packet(1000)];
    line.give(&packets[0]);
    line.give(&packets[1]);
    line.timestamp = 123_456;
    for _ in 0..3 {
        let event = line.event(101, &[7, 0x8A, 2, 0x80]);
        line.pass(20 * MS).give(&event);
    }
    assert_eq!(line.keys, "77.");
}

#[test]
fn comfort_noise_keeps_the_latch() {
    let mut line = Line::new();
    line.talk(3, 1000);
    for payload_type in [COMFORT_NOISE, 97] {
        for _ in 0..20 {
            let packet = line.event(payload_type, &[40]);
            line.pass(200 * MS).give(&packet);
        }
        line.from = "192.0.2.1:4002".parse().unwrap();
        assert_eq!(line.say(1), Disposition::Dropped(DropReason::Stranger));
        line.from = "192.0.2.1:4000".parse().unwrap();
    }
}

#[test]
fn a_stranger_is_not_heard_and_the_latch_tells_where_to_send() {
    let mut line = Line::new();
    line.talk(3, 1000);
    let (phone, stranger) = (line.from, "198.51.100.66:6666".parse().unwrap());
    line.from = stranger;
    assert_eq!(line.say(-1000), Disposition::Dropped(DropReason::Stranger));
    assert_eq!((line.receiver.remote(), line.receiver.stats().strangers), (Some(phone), 1));
    line.pass(TAKEOVER);
    line.timestamp = line.timestamp.wrapping_add(24_000);
    assert_eq!(line.say(500), Disposition::Accepted);
    assert_eq!((line.receiver.remote(), line.sources.as_slice()), (Some(stranger), &[phone, stranger][..]));
}

#[test]
fn who_sends_faster_than_real_time_is_cut() {
    let mut line = Line::new();
    for _ in 0..500 {
        line.say(100);
        line.pass(10 * MS);
    }
    assert!(line.samples.len() as u64 <= 5 * 8000 + LEAD + 8000 / 100, "{}", line.samples.len());
    assert!(line.receiver.stats().refused > 200);
    // Real time catches up, and so does the stream.
    line.pass(2000 * MS);
    line.talk(10, 200);
    assert_eq!(*line.values().last().unwrap(), value(200));
}

#[test]
fn a_sender_whose_timestamp_stood_still_in_a_pause_is_heard_again() {
    let mut line = Line::new();
    line.talk(5, 100);
    line.pass(30_000 * MS);
    line.talk(10, 200);
    assert_eq!((line.receiver.stats().late, line.heard_of(FrameKind::Received)), (5, 1600));
    assert_eq!(*line.values().last().unwrap(), value(200));
}

#[test]
fn a_talkspurts_marker_tells_at_once_that_the_timestamp_stood_still() {
    let mut line = Line::new();
    line.talk(5, 100);
    line.pass(30_000 * MS);
    let mut packet = line.packet(200);
    packet[1] |= 0x80;
    assert_eq!(line.give(&packet), Disposition::Accepted);
    line.talk(5, 200);
    assert_eq!((line.receiver.stats().late, line.heard_of(FrameKind::Received)), (0, 1760));
}

#[test]
fn a_sender_that_marks_every_packet_is_not_put_off_by_each_delay() {
    let mut line = Line::new();
    for n in 1..=150u32 {
        let mut packet = line.packet(100);
        packet[1] |= 0x80;
        // Ten of each 25 are held up and come at once.
        let sent = if (10..20).contains(&(n % 25)) { n - n % 25 + 20 } else { n };
        line.pass((line.epoch + sent * 20 * MS).saturating_duration_since(line.now)).give(&packet);
    }
    assert_eq!(line.samples.len(), 150 * 160, "as long as the sender's clock");
}

#[test]
fn garbage_is_counted_and_changes_nothing() {
    let mut line = Line::new();
    assert_eq!(line.give(&[]), Disposition::Dropped(DropReason::Malformed));
    assert_eq!(line.give(&[0; 172]), Disposition::Dropped(DropReason::Malformed));
    assert_eq!(line.give(&[0x80, 200, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Disposition::Dropped(DropReason::Rtcp));
    assert_eq!((line.samples.len(), line.receiver.remote()), (0, None));
    assert_eq!((line.receiver.stats().malformed, line.receiver.stats().ignored), (2, 1));
}

#[test]
fn jitter_lengthens_the_wait_for_a_missing_packet() {
    let mut line = Line::new();
    for n in 0..200 {
        line.pass(if n % 2 == 0 { 10 * MS } else { 30 * MS });
        line.say(1000);
    }
    let lost = line.packet(1000);
    line.pass(20 * MS).say(1000);
    line.pass(25 * MS);
    assert_eq!(line.give(&lost), Disposition::Accepted);
    assert_eq!(line.heard_of(FrameKind::Received), 202 * 160);
    assert_eq!((line.receiver.stats().late, line.receiver.stats().concealed), (0, 0), "nothing was given up");
}
