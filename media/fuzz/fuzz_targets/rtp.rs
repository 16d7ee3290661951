//! Any run of datagrams leaves a continuous stream: `cargo +nightly fuzz run rtp`.
//!
//! The input is a list of packets: a byte of milliseconds to wait, a byte of length, the packet.
#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use talkpath_media::{
    g711::Law,
    rtp::{Heard, Receiver, ReceiverSettings},
};

fuzz_target!(|data: &[u8]| {
    let mut now = Instant::now();
    let settings = ReceiverSettings {
        dtmf_payload_type: Some(101),
        alternative: Some((Law::A, 8)),
        ..ReceiverSettings::new(Law::Mu)
    };
    let mut receiver = Receiver::new(settings, now);
    let from = "192.0.2.1:4000".parse().unwrap();
    let (mut rest, mut position) = (data, 0);
    while let [wait, length, tail @ ..] = rest {
        let (packet, after) = tail.split_at(tail.len().min(usize::from(*length)));
        rest = after;
        now += Duration::from_millis(u64::from(*wait));
        receiver.handle_packet(from, packet, now);
        receiver.handle_time(now);
        while let Some(heard) = receiver.poll() {
            if let Heard::Audio(frame) = heard {
                assert_eq!(frame.start, position);
                position += frame.samples.len() as u64;
            }
        }
    }
});
