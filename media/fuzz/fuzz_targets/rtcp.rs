//! Any datagram on the RTCP port is taken in or passed over: `cargo +nightly fuzz run rtcp`.
#![no_main]

use std::time::Instant;

use libfuzzer_sys::fuzz_target;
use rand::{SeedableRng, rngs::StdRng};
use talkpath_media::{
    rtcp::{NtpTime, Reporter},
    rtp::{ReceiverStats, SenderStats},
};

fuzz_target!(|data: &[u8]| {
    let now = Instant::now();
    let mut reporter = Reporter::new(1, "us", &mut StdRng::seed_from_u64(1), now);
    reporter.handle_packet(data, now);
    let receiver = ReceiverStats { ssrc: Some(2), ..ReceiverStats::default() };
    let mut out = [0; 400];
    reporter.bye(now, NtpTime(1), &SenderStats::default(), &receiver, &mut out).unwrap();
});
