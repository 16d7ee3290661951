//! Two reporters joined, on virtual time.

use rand::{SeedableRng, rngs::StdRng};
use rtcp_types::{Compound, Packet};

use super::*;

const MS: Duration = Duration::from_millis(1);

struct Pair {
    now: Instant,
    ntp: NtpTime,
    ours: Reporter,
    theirs: Reporter,
}

impl Pair {
    fn new() -> Self {
        #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
        let now = Instant::now();
        let mut rng = StdRng::seed_from_u64(3);
        let ntp = NtpTime::from_unix(Duration::from_secs(1_700_000_000));
        let (ours, theirs) = (Reporter::new(1, "us@here", &mut rng, now), Reporter::new(2, "them", &mut rng, now));
        Self { now, ntp, ours, theirs }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.ntp = NtpTime(self.ntp.0 + ((time.as_micros() as u64) << 32) / 1_000_000);
    }
}

fn sent(ssrc: u32, packets: u32) -> SenderStats {
    SenderStats { ssrc, packets, octets: packets * 160, timestamp: packets * 160, ..SenderStats::default() }
}

fn received(ssrc: u32, expected: u32, received: u32) -> ReceiverStats {
    ReceiverStats {
        ssrc: Some(ssrc),
        expected,
        received_of_ssrc: received,
        jitter: 80,
        extended_highest_sequence: 70_000,
        ..ReceiverStats::default()
    }
}

#[test]
fn the_round_trip_is_measured_without_a_common_clock() {
    let (mut pair, mut out) = (Pair::new(), [0; 400]);
    pair.now = pair.ours.due();
    let length = pair.ours.poll(pair.now, pair.ntp, &sent(1, 50), &ReceiverStats::default(), &mut out).unwrap();
    pair.pass(30 * MS);
    assert_eq!(pair.theirs.handle_packet(&out[..length], pair.now), Report::Taken);
    pair.pass(700 * MS);
    let length = pair.theirs.report(pair.now, NtpTime(5), &sent(2, 9), &received(1, 50, 40), false, &mut out).unwrap();
    pair.pass(45 * MS);
    assert_eq!(pair.ours.handle_packet(&out[..length], pair.now), Report::Taken);
    let quality = pair.ours.quality();
    let rtt = quality.rtt.unwrap();
    assert!(rtt.abs_diff(75 * MS) < MS, "{rtt:?}");
    assert!((quality.remote_loss - 0.2).abs() < 0.01);
    assert_eq!((quality.remote_lost, quality.remote_jitter, quality.reports), (10, 10 * MS, 1));
}

#[test]
fn reports_come_at_random_around_five_seconds() {
    let (mut pair, mut out) = (Pair::new(), [0; 400]);
    let mut gaps = Vec::new();
    for n in 1..40 {
        let gap = pair.ours.due() - pair.now;
        pair.pass(gap - MS);
        let stats = ReceiverStats::default();
        assert_eq!(pair.ours.poll(pair.now, pair.ntp, &sent(1, n), &stats, &mut out), None);
        pair.pass(MS);
        assert!(pair.ours.poll(pair.now, pair.ntp, &sent(1, n), &stats, &mut out).is_some());
        gaps.push(gap.as_secs_f64());
    }
    assert!(gaps[0] < 3.1, "the first is early: {}", gaps[0]);
    assert!(gaps[1..].iter().all(|gap| (2.0..6.2).contains(gap)), "{gaps:?}");
    let mean = gaps[1..].iter().sum::<f64>() / 38.0;
    assert!((3.5..4.8).contains(&mean), "{mean}");
}

#[test]
fn who_sends_nothing_reports_as_a_receiver_and_names_itself() {
    let (mut pair, mut out) = (Pair::new(), [0; 400]);
    let length = pair.ours.report(pair.now, pair.ntp, &sent(1, 0), &received(9, 100, 90), false, &mut out).unwrap();
    let packets: Vec<_> = Compound::parse(&out[..length]).unwrap().map(Result::unwrap).collect();
    let [Packet::Rr(report), Packet::Sdes(sdes)] = &packets[..] else { panic!("{packets:?}") };
    let block = report.report_blocks().next().unwrap();
    assert_eq!((block.ssrc(), block.fraction_lost(), block.cumulative_lost()), (9, 25, 10));
    assert_eq!((block.extended_sequence_number(), block.interarrival_jitter()), (70_000, 80));
    assert_eq!(sdes.chunks().next().unwrap().items().next().unwrap().value(), b"us@here");
}

#[test]
fn losses_are_of_the_interval_and_of_all_time() {
    let (mut pair, mut out) = (Pair::new(), [0; 400]);
    for (expected, got, fraction, lost) in [(100, 50, 128, 50), (200, 150, 0, 50), (300, 225, 64, 75)] {
        let stats = received(9, expected, got);
        let length = pair.ours.report(pair.now, pair.ntp, &sent(1, 0), &stats, false, &mut out).unwrap();
        let first = Compound::parse(&out[..length]).unwrap().next().unwrap().unwrap();
        let Packet::Rr(report) = first else { panic!("{first:?}") };
        let block = report.report_blocks().next().unwrap();
        assert_eq!((block.fraction_lost(), block.cumulative_lost()), (fraction, lost));
    }
}

#[test]
fn a_bye_is_sent_and_heard() {
    let (mut pair, mut out) = (Pair::new(), [0; 400]);
    let length = pair.ours.bye(pair.now, pair.ntp, &sent(1, 5), &received(2, 5, 5), &mut out).unwrap();
    assert_eq!(pair.theirs.handle_packet(&out[..length], pair.now), Report::Bye);
    assert_eq!(pair.ours.bye(pair.now, pair.ntp, &sent(1, 5), &received(2, 5, 5), &mut out[..20]), None);
}

#[test]
fn other_things_change_nothing() {
    let mut pair = Pair::new();
    for (data, report) in [
        (&b""[..], Report::Malformed),
        (b"\x80\xC8\x00\x01", Report::Malformed),
        (b"\x80\x00\x00\x01\x00\x00\x00\x00", Report::Malformed),
        (b"\x80\xCC\x00\x02abcdXXXX", Report::Ignored),
        (b"\x80\xC9\x00\x01\x00\x00\x00\x07", Report::Taken),
    ] {
        assert_eq!(pair.ours.handle_packet(data, pair.now), report, "{data:?}");
    }
    assert_eq!(pair.ours.quality(), Quality::default());
}

#[test]
fn wall_clock_time_counts_from_1900() {
    let time = NtpTime::from_unix(Duration::from_millis(1500));
    assert_eq!(time.0 >> 32, 2_208_988_801);
    assert_eq!(time.0 as u32, 0x8000_0000);
    assert_eq!(write::cut(&"ü".repeat(200)).len(), 254);
}
