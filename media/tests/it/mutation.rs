//! A quarter of a million mutated inputs for each parser: no panic, and no harm to what follows.

use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng, rngs::StdRng};
use talkpath_media::{
    g711::Law,
    rtcp::{NtpTime, Reporter},
    rtp::{Disposition, Heard, Receiver, ReceiverSettings, ReceiverStats, SenderStats},
    sdp::{self, Direction, LocalMedia},
};

const INPUTS: usize = 250_000;

fn below(rng: &mut StdRng, limit: usize) -> usize {
    rng.next_u32() as usize % limit.max(1)
}

/// Damages `data` in one to four ways.
fn mutate(data: &mut Vec<u8>, seeds: &[&[u8]], rng: &mut StdRng) {
    for _ in 0..=below(rng, 4) {
        let (at, other) = (below(rng, data.len()), seeds[below(rng, seeds.len())]);
        match below(rng, 8) {
            0 => data.truncate(at),
            1 => data.insert(at.min(data.len()), rng.next_u32() as u8),
            2 if !data.is_empty() => drop(data.remove(at)),
            3 => data.extend_from_slice(&other[below(rng, other.len())..]),
            4 => {
                let end = at + below(rng, data.len() - at.min(data.len()));
                let copy = data[at.min(end)..end].to_vec();
                data.splice(at..at, copy);
            }
            5 => {
                let number: &[u8] =
                    [&b"-1"[..], b"4294967296", b"99999999999999999999", b"0", b"65535", b"\xFF\xFE"][below(rng, 6)];
                data.splice(at.min(data.len())..at.min(data.len()), number.iter().copied());
            }
            _ => {
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= 1 << (rng.next_u32() % 8);
                }
            }
        }
        data.truncate(1500);
    }
}

fn each_mutated(seeds: &[&[u8]], seed: u64, mut take: impl FnMut(&[u8], &mut StdRng)) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut data = Vec::with_capacity(4096);
    for _ in 0..INPUTS {
        data.clear();
        data.extend_from_slice(seeds[below(&mut rng, seeds.len())]);
        mutate(&mut data, seeds, &mut rng);
        take(&data, &mut rng);
    }
}

fn epoch() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "a test's epoch")]
    Instant::now()
}

fn local() -> LocalMedia {
    LocalMedia {
        address: "203.0.113.7".parse().unwrap(),
        rtp_port: 20_000,
        laws: vec![Law::Mu, Law::A],
        ptime_ms: 20,
        dtmf_payload_type: Some(101),
        session_id: 42,
        version: 1,
    }
}

#[test]
fn mutated_session_descriptions_are_understood_or_refused() {
    let ours = sdp::offer(&local());
    let seeds: [&[u8]; 5] = [
        &ours,
        b"v=0\no=- 1 1 IN IP4 x\nc=IN IP4 media.example.com\nm=audio 4000 RTP/AVPF 0 8 0 8\na=rtpmap:8 PCMA/8000\na=rtpmap:8 X/8000\n",
        b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=x\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\nm=audio 4000/2 RTP/AVP 8 0 96\r\n\
          a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-16\r\na=ptime:30\r\na=maxptime:60\r\na=rtcp:4100 IN IP4 1.2.3.4\r\n",
        b"v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nc=IN IP4 0.0.0.0\nt=0 0\nm=video 5 RTP/SAVP 96\na=sendonly\nm=audio 9 RTP/AVP 97\na=rtpmap:97 PCMA/8000/1\n",
        b"v=0\r\nm=audio 1 RTP/AVP 0\r\nc=IN IP4 224.2.1.1/127/3\r\na=inactive\r\n",
    ];
    let (mut understood, local) = (0, local());
    each_mutated(&seeds, 1, |data, _| {
        if let Ok((body, _)) = sdp::answer(data, &local) {
            understood += 1;
            assert!(sdp::accept_answer(data, &body).is_ok(), "our answer can be read and fits the offer");
            assert!(sdp::offer_again(&body, &local, Direction::SendOnly).is_ok(), "and can be offered again");
        }
        if let Ok(plan) = sdp::accept_answer(&ours, data) {
            assert!((10..=60).contains(&plan.ptime_ms) && plan.ptime_ms % 10 == 0);
        }
    });
    assert!(understood > INPUTS / 20, "{understood}");
}

#[test]
fn mutated_rtp_neither_harms_nor_breaks_the_stream() {
    let mut audio = vec![0x80, 0, 0, 9, 0, 0, 4, 0, 0, 0, 0, 7];
    audio.extend([0x55; 160]);
    let seeds: [&[u8]; 4] = [
        &audio,
        b"\x80\x65\0\x0A\0\0\x05\0\0\0\0\x07\x05\x8A\x03\x20",
        b"\xB3\x08\0\x0B\0\0\x06\0\0\0\0\x07aaaabbbbcccc\xBE\xDE\0\x01wxyzpayload\x03\x03\x03",
        b"\x80\x0D\0\x0C\0\0\x07\0\0\0\0\x07\x40",
    ];
    let (start, from) = (epoch(), "192.0.2.1:4000".parse().unwrap());
    let settings = ReceiverSettings {
        dtmf_payload_type: Some(101),
        alternative: Some((Law::A, 8)),
        ..ReceiverSettings::new(Law::Mu)
    };
    let mut receiver = Receiver::new(settings, start);
    let (mut now, mut position, mut accepted) = (start, 0, 0);
    each_mutated(&seeds, 2, |data, rng| {
        accepted += usize::from(receiver.handle_packet(from, data, now) == Disposition::Accepted);
        now += Duration::from_micros(u64::from(rng.next_u32() % 40_000));
        if rng.next_u32() % 2 == 0 {
            receiver.handle_time(now);
        }
        while let Some(heard) = receiver.poll() {
            if let Heard::Audio(frame) = heard {
                assert_eq!(frame.start, position);
                position += frame.samples.len() as u64;
            }
        }
        let elapsed = now.duration_since(start).as_millis() as u64 * 8;
        assert!(position <= elapsed + elapsed / 1000 + 4800, "{position} after {elapsed}");
    });
    assert!(accepted > INPUTS / 20, "{accepted}");
    let elapsed = now.duration_since(start).as_millis() as u64 * 8;
    assert!(position > elapsed / 2, "the clock goes on: {position} of {elapsed}");
}

#[test]
fn mutated_rtcp_is_taken_in_or_passed_over() {
    let (start, mut rng) = (epoch(), StdRng::seed_from_u64(9));
    let mut reporter = Reporter::new(1, "us", &mut rng, start);
    let sender = SenderStats { ssrc: 1, packets: 9, ..SenderStats::default() };
    let receiver = ReceiverStats { ssrc: Some(2), expected: 9, ..ReceiverStats::default() };
    let mut out = [0; 400];
    let length = reporter.bye(start, NtpTime(1 << 40), &sender, &receiver, &mut out).unwrap();
    let ours = out;
    let mut report = vec![0x81, 200, 0, 12, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5];
    report.extend([0, 0, 0, 1, 9, 0, 0, 3, 0, 0, 0, 9, 0, 0, 0, 8, 0, 1, 0, 0, 0, 0, 0x40, 0]);
    report.extend(b"\x81\xCA\0\x03\0\0\0\x02\x01\x04them\0\0\x81\xCB\0\x03\0\0\0\x02\x03bye\0\0\0\0");
    let seeds: [&[u8]; 3] = [&ours[..length], &report, b"\x81\xC9\0\x07\0\0\0\x02\0\0\0\x01aaaabbbbccccddddeeee"];
    let mut now = start;
    each_mutated(&seeds, 3, |data, rng| {
        now += Duration::from_millis(u64::from(rng.next_u32() % 100));
        let _report = reporter.handle_packet(data, now);
        if let Some(length) = reporter.poll(now, NtpTime(rng.next_u64()), &sender, &receiver, &mut out) {
            assert!(length >= 28);
        }
    });
    let quality = reporter.quality();
    assert!(quality.reports > 1000 && (0.0..=1.0).contains(&quality.remote_loss), "{quality:?}");
}
