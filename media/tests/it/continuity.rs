//! What a receiver hands out under loss, jitter, duplication and reordering: continuous, in place, as long as the RTP clock.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rtp_rs::{RtpPacketBuilder, Seq};
use talkpath_media::{
    g711::Law,
    rtp::{FrameKind, Heard, Receiver, ReceiverSettings},
};

/// The byte that was said at `position`: 64 distinct steps that follow each other.
fn said(position: u64) -> u8 {
    0xC0 | (position / 8 % 64) as u8
}

struct Network {
    loss: u32,
    jitter_ms: u64,
    duplication: u32,
}

/// (arrival in ms, packet number), in order of arrival; the last is neither lost nor late.
fn arrivals(network: &Network, packets: u64, ptime: u64, rng: &mut StdRng) -> Vec<(u64, u64)> {
    let mut arrivals = Vec::new();
    for n in 0..packets - 1 {
        let arrival = |rng: &mut StdRng| (n + 1) * ptime + rng.next_u64() % (network.jitter_ms + 1);
        if rng.next_u32() % 100 >= network.loss {
            arrivals.push((arrival(rng), n));
        }
        if rng.next_u32() % 100 < network.duplication {
            arrivals.push((arrival(rng), n));
        }
    }
    arrivals.push((packets * ptime + network.jitter_ms, packets - 1));
    arrivals.sort_unstable();
    arrivals
}

struct Call {
    receiver: Receiver,
    first: Option<u64>,
    position: u64,
    received: u64,
}

impl Call {
    /// Checks what is handed out against what was said: `first` is where packet 0 belongs.
    fn drain(&mut self) {
        while let Some(heard) = self.receiver.poll() {
            let Heard::Audio(frame) = heard else { continue };
            assert_eq!(frame.start, self.position, "no gap and no overlap");
            self.position += frame.samples.len() as u64;
            if frame.kind == FrameKind::Received {
                self.received += frame.samples.len() as u64;
                let first = self.first.expect("audio only after a packet");
                // The first 5 ms may be cross-faded with what was made up before.
                for (n, &sample) in frame.samples.iter().enumerate().skip(40) {
                    let expected = Law::Mu.decode_byte(said(frame.start + n as u64 - first));
                    assert_eq!(sample, expected, "sample {n} of the frame at {}", frame.start);
                }
            }
        }
    }
}

/// Plays a call over the network; gives the share of what was said that was heard as it was.
fn play(network: &Network, packets: u64, ptime: u64, seed: u64) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    let epoch = Instant::now();
    let mut rng = StdRng::seed_from_u64(seed);
    let (length, from) = (ptime * 8, "192.0.2.1:4000".parse().unwrap());
    let (sequence, timestamp) = (rng.next_u32() as u16, rng.next_u32());
    let receiver = Receiver::new(ReceiverSettings::new(Law::Mu), epoch);
    let mut call = Call { receiver, first: None, position: 0, received: 0 };
    let arrivals = arrivals(network, packets, ptime, &mut rng);
    let mut waiting = arrivals.iter().peekable();
    let end = packets * ptime + network.jitter_ms + 70;
    for ms in (0..=end).step_by(5) {
        let now = epoch + Duration::from_millis(ms);
        while let Some((_, n)) = waiting.next_if(|(arrival, _)| *arrival <= ms) {
            let payload: Vec<u8> = (n * length..(n + 1) * length).map(said).collect();
            let packet = RtpPacketBuilder::new()
                .payload_type(0)
                .sequence(Seq::from(sequence.wrapping_add(*n as u16)))
                .timestamp(timestamp.wrapping_add((n * length) as u32))
                .ssrc(5)
                .payload(&payload)
                .build()
                .unwrap();
            let placed_at = (ms * 8).saturating_sub(length).max(call.position);
            call.first.get_or_insert(placed_at.wrapping_sub(n * length));
            let _disposition = call.receiver.handle_packet(from, &packet, now);
            call.drain();
        }
        call.receiver.handle_time(now);
        call.drain();
    }
    let first = call.first.unwrap();
    let beyond = call.position.wrapping_sub(first).wrapping_sub(packets * length);
    // Jitter beyond 60 ms looks like silence, which the clock fills: then the end may be filled before it arrives.
    let filled = network.jitter_ms.saturating_sub(60) * 8;
    assert!(beyond <= filled, "the samples are the RTP clock's advance, not {beyond} more");
    call.received as f64 / (packets * length) as f64
}

#[test]
fn ten_percent_loss_and_forty_milliseconds_of_jitter_leave_a_continuous_stream() {
    let network = Network { loss: 10, jitter_ms: 40, duplication: 3 };
    for seed in 0..10 {
        let heard = play(&network, 1500, 20, seed);
        assert!(heard > 0.86, "only {heard} was heard as it was said");
    }
}

#[test]
fn a_good_line_is_heard_whole() {
    for ptime in [10, 20, 30, 40, 60] {
        let heard = play(&Network { loss: 0, jitter_ms: 0, duplication: 0 }, 200, ptime, 1);
        assert!((heard - 1.0).abs() < f64::EPSILON, "{heard} at {ptime} ms");
    }
}

#[test]
fn jitter_alone_loses_next_to_nothing() {
    let heard = play(&Network { loss: 0, jitter_ms: 40, duplication: 0 }, 1500, 20, 2);
    assert!(heard > 0.98, "{heard}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_network_leaves_a_continuous_stream(
        seed: u64, loss in 0u32..40, jitter_ms in 0u64..120, duplication in 0u32..20, tens in 1u64..=6,
    ) {
        play(&Network { loss, jitter_ms, duplication }, 200, tens * 10, seed);
    }
}
