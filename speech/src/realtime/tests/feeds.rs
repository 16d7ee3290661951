//! The caller's audio on its way, byte for byte.

use super::*;

const APPEND: Duration = Duration::from_millis(40);

fn ms(ms: u64) -> Samples {
    Samples::from_ms(ms)
}

fn taken(feed: &mut Feed, flush: bool) -> Vec<u8> {
    let mut taken = Vec::new();
    feed.drain(flush, |audio| taken.extend_from_slice(audio));
    taken
}

#[test]
fn samples_travel_as_little_endian_pairs_in_chunks() {
    let mut feed = Feed::new(Wire::Pcm { input: 24_000, output: 24_000 }, APPEND);
    feed.push_samples(&[0x0102; 480]);
    assert!(taken(&mut feed, false).is_empty(), "20 ms wait for more");
    feed.push_samples(&[-2; 480]);
    let bytes = taken(&mut feed, false);
    assert_eq!((bytes.len(), &bytes[..2], &bytes[1_918..]), (1_920, &[2, 1][..], &[0xfe, 0xff][..]));
}

#[test]
fn frames_of_any_size_lose_nothing() {
    let mut feed = Feed::new(Wire::Pcm { input: 16_000, output: 24_000 }, APPEND);
    let (mut sent, mut expected) = (Vec::new(), Vec::new());
    for n in 0..500_i16 {
        let frame: Vec<i16> = (0..n % 97).map(|m| n.wrapping_mul(m)).collect();
        expected.extend(frame.iter().flat_map(|sample| sample.to_le_bytes()));
        feed.push_samples(&frame);
        sent.extend(taken(&mut feed, false));
    }
    sent.extend(taken(&mut feed, true));
    assert!(sent == expected);
}

#[test]
fn a_shut_gate_keeps_the_latest_and_tells_what_it_drops() {
    let mut feed = Feed::new(Wire::Mulaw, APPEND);
    let mut dropped = Samples::ZERO;
    for n in 0..500_u64 {
        feed.push_bytes(&[n as u8; 160]);
        dropped = dropped + feed.hold(ms(2_000));
    }
    let kept = taken(&mut feed, true);
    assert_eq!(dropped + Samples(kept.len() as u64), ms(10_000));
    assert!((2_000..2_520).contains(&Samples(kept.len() as u64).ms()));
    assert_eq!(kept.last(), Some(&(499_u64 as u8)));
}

#[test]
fn a_turn_begins_where_it_is_told_to() {
    let mut feed = Feed::new(Wire::Mulaw, APPEND);
    (0..50).for_each(|n| feed.push_bytes(&[n; 160]));
    feed.skip_to(ms(700));
    let turn = taken(&mut feed, true);
    assert_eq!((turn.len(), turn[0]), (2_400, 35));
    assert!(feed.commit() && !feed.commit());
    feed.skip_to(ms(1));
    feed.push_bytes(&[9; 160]);
    assert_eq!(taken(&mut feed, true).len(), 160, "what was sent is not sent again");
    assert!(!feed.commit(), "20 ms are too little");
}

#[test]
fn turns_that_wait_for_a_session_are_not_pushed_out_by_the_silence_after_them() {
    let mut feed = Feed::new(Wire::Mulaw, APPEND);
    feed.push_bytes(&[1; 8_000]);
    assert_eq!(feed.park(ms(5_000)), Samples::ZERO);
    for _ in 0..500 {
        feed.push_bytes(&[0xff; 160]);
        feed.hold(ms(1_500));
    }
    feed.push_bytes(&[2; 48_000]);
    assert_eq!(feed.park(ms(5_000)).ms() / 1_000, 3, "the oldest of it");
    let mut sent = Vec::new();
    feed.unpark(|audio| sent.push(audio.to_vec()));
    assert_eq!((sent.len(), sent.concat() == [2; 40_000]), (5, true));
    assert!(feed.commit());
}

#[test]
fn what_the_service_tells_in_its_own_milliseconds_has_a_place_on_the_media_clock() {
    let mut feed = Feed::new(Wire::Mulaw, APPEND);
    feed.push_bytes(&[0; 32_000]);
    feed.hold(ms(1_000));
    assert_eq!(feed.at(0.0), None, "it has heard nothing yet");
    taken(&mut feed, false);
    assert_eq!(feed.at(250.0), Some(ms(3_250)));
    assert_eq!(feed.at(f64::NAN), None);
    feed.restart();
    feed.push_bytes(&[0; 800]);
    taken(&mut feed, true);
    assert_eq!(feed.at(0.0), Some(ms(4_000)));
}
