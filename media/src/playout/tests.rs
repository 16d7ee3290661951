//! The playout queue, heard slot by slot.

use super::*;
use crate::tone::Tone;

const A: ItemId = ItemId(1);
const B: ItemId = ItemId(2);

/// A queue, and all that it has sent.
struct Line {
    playout: Playout,
    sent: Vec<i16>,
    last: FrameInfo,
    progress: Vec<Progress>,
}

impl Line {
    fn new() -> Self {
        let last = FrameInfo { start: 0, speech: false, level_dbov: level::SILENT };
        Self { playout: Playout::new(PlayoutSettings::new(Law::Mu)), sent: Vec::new(), last, progress: Vec::new() }
    }

    fn slots(&mut self, count: usize) -> &mut Self {
        self.slots_of(160, count)
    }

    fn slots_of(&mut self, length: usize, count: usize) -> &mut Self {
        for _ in 0..count {
            let (mut bytes, mut samples) = (vec![0; length], vec![0; length]);
            self.last = self.playout.fill(&mut bytes);
            assert_eq!(self.last.start, self.sent.len() as u64);
            Law::Mu.decode(&bytes, &mut samples);
            self.sent.extend(samples);
            self.progress.extend(std::iter::from_fn(|| self.playout.poll()));
        }
        self
    }

    fn sent_after(&self, from: usize) -> &[i16] {
        &self.sent[from..]
    }
}

/// Samples that count upwards, so that each can be told from the others after µ-law.
fn ramp(length: usize) -> Vec<i16> {
    let distinct: Vec<i16> = (0..100).map(|n| Law::Mu.decode_byte(0xFF - n)).collect();
    (0..length).map(|n| distinct[n % 100]).collect()
}

#[test]
fn an_empty_queue_sends_silence_in_frames() {
    let mut line = Line::new();
    line.slots(3);
    assert_eq!(line.sent, vec![0; 480]);
    assert_eq!(line.last, FrameInfo { start: 320, speech: false, level_dbov: level::SILENT });
    assert!(line.playout.is_empty());
}

#[test]
fn audio_goes_out_once_in_order_and_unchanged_at_any_packet_time() {
    for length in [80, 160, 240, 320, 480, 77] {
        let mut line = Line::new();
        let audio = ramp(1000);
        assert_eq!(line.playout.push_pcm(A, &audio[..333]), 0);
        assert_eq!(line.playout.push_pcm(A, &audio[333..]), 0);
        line.slots_of(length, 1000usize.div_ceil(length));
        assert_eq!(line.sent[..1000], audio);
        assert!(line.sent_after(1000).iter().all(|&sample| sample == 0));
    }
}

#[test]
fn what_was_heard_of_an_item_is_known_to_the_sample() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &ramp(200));
    line.playout.mark_end(A);
    line.playout.push_pcm(B, &ramp(400));
    assert_eq!(line.playout.heard(A), Some(0));
    line.slots(1);
    assert_eq!((line.playout.heard(A), line.playout.heard(B)), (Some(160), Some(0)));
    line.slots(1);
    assert_eq!((line.playout.heard(A), line.playout.heard(B)), (Some(200), Some(120)));
    let finished = Progress::Finished { item: A, heard: 200 };
    assert_eq!(line.progress, [Progress::Started(A), finished, Progress::Started(B)]);
    line.slots(2);
    line.playout.mark_end(B);
    assert_eq!(line.playout.poll(), Some(Progress::Finished { item: B, heard: 400 }));
    assert_eq!(line.playout.heard(ItemId(9)), None);
}

#[test]
fn an_item_without_audio_is_finished_after_those_before_it() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &ramp(160));
    line.playout.mark_end(B);
    assert_eq!(line.playout.poll(), None);
    line.slots(1);
    assert_eq!(line.progress, [Progress::Started(A), Progress::Finished { item: B, heard: 0 }]);
}

#[test]
fn a_full_queue_refuses_and_says_how_much() {
    let settings = PlayoutSettings { capacity: 1000, ..PlayoutSettings::new(Law::Mu) };
    let mut playout = Playout::new(settings);
    assert_eq!(playout.push(A, &[0; 900]), 0);
    assert_eq!(playout.push_pcm(A, &[0; 300]), 200);
    assert_eq!(playout.push(A, &[0; 10]), 10);
    assert_eq!(playout.queued(), 1000);
}

#[test]
fn ducking_lowers_by_twelve_decibels_within_a_packet_and_lifts_again() {
    let mut line = Line::new();
    let mut tone = vec![0; 8000];
    Tone::new(&[1000.0], -10.0).fill(&mut tone);
    line.playout.push_pcm(A, &tone);
    let level = line.slots(5).last.level_dbov;
    line.playout.duck(true);
    let ducked = line.slots(2).last.level_dbov;
    assert!((ducked - level + 12.0).abs() < 0.5, "{level} became {ducked}");
    line.playout.duck(false);
    assert!((line.slots(2).last.level_dbov - level).abs() < 0.2);
    assert_eq!(line.playout.heard(A), Some(9 * 160));
}

#[test]
fn a_pause_is_silent_within_two_packets_and_loses_no_sample() {
    let mut line = Line::new();
    let audio = ramp(3200);
    line.playout.push_pcm(A, &audio);
    line.slots(5);
    line.playout.pause();
    line.slots(2);
    let heard = line.playout.heard(A).unwrap() as usize;
    assert_eq!(heard, 800);
    line.slots(20);
    assert!(!line.last.speech && line.sent_after(800 + FADE).iter().all(|&sample| sample == 0));
    line.playout.resume();
    let resumed = line.sent.len();
    line.slots(16);
    // Faded in over 24 ms, then exactly what follows.
    assert_eq!(line.sent_after(resumed)[FADE..2400], audio[800 + FADE..]);
    assert_eq!(line.playout.heard(A), Some(3200));
}

#[test]
fn a_pause_taken_back_at_once_repeats_nothing() {
    let mut line = Line::new();
    let audio = ramp(1600);
    line.playout.push_pcm(A, &audio);
    line.slots_of(80, 1);
    line.playout.pause();
    line.slots_of(80, 1);
    line.playout.resume();
    line.slots_of(80, 18);
    assert_eq!(line.sent[..80], audio[..80]);
    assert_eq!(line.sent_after(320)[..1280], audio[320..]);
    assert_eq!(line.playout.heard(A), Some(1600));
}

#[test]
fn a_flush_fades_and_tells_what_was_heard() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &ramp(200));
    line.playout.mark_end(A);
    line.playout.push_pcm(B, &vec![7932; 4000]);
    line.slots(3);
    let flushed = line.playout.flush();
    assert_eq!(flushed.items, [FlushedItem { item: B, heard: 280, queued: 4000 }]);
    line.slots(2);
    let fade = line.sent_after(480);
    assert!(fade.windows(2).all(|pair| pair[1] <= pair[0]) && fade[0] > 5000);
    assert!(fade[FADE..].iter().all(|&sample| sample == 0));
    assert_eq!((line.playout.heard(B), line.playout.queued()), (Some(280), 0));
    line.playout.push_pcm(ItemId(3), &[7932; 160]);
    assert_eq!(line.slots(1).sent_after(800), [7932; 160], "the next answer is not faded");
}

#[test]
fn a_flush_while_paused_stays_silent() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &ramp(3200));
    line.slots(2).playout.pause();
    line.slots(4);
    assert_eq!(line.playout.flush().items, [FlushedItem { item: A, heard: 320, queued: 3200 }]);
    let silent = line.sent.len();
    line.slots(3);
    assert!(line.sent_after(silent).iter().all(|&sample| sample == 0));
    assert!(line.playout.is_empty() && !line.playout.is_paused());
}

#[test]
fn no_change_clicks() {
    let mut line = Line::new();
    let mut tone = vec![0; 16_000];
    Tone::new(&[300.0], -10.0).fill(&mut tone);
    line.playout.push_pcm(A, &tone);
    line.slots(3).playout.duck(true);
    line.slots(3).playout.duck(false);
    line.slots(3).playout.pause();
    line.slots(3).playout.resume();
    line.slots(3).playout.flush();
    line.slots(3);
    let steepest = |samples: &[i16]| samples.windows(2).map(|w| (i32::from(w[1]) - i32::from(w[0])).abs()).max();
    let usual = steepest(&tone[..800]).unwrap();
    let worst = steepest(&line.sent).unwrap();
    assert!(worst < usual * 3 / 2, "{worst} against {usual}");
}

#[test]
fn a_skipped_slot_moves_the_clock_alone() {
    let mut playout = Playout::new(PlayoutSettings::new(Law::A));
    playout.push(A, &[0x55; 160]);
    playout.skip(320);
    let mut out = [0; 160];
    assert_eq!(playout.fill(&mut out).start, 320);
    assert_eq!(out, [0x55; 160]);
    assert_eq!(playout.position(), 480);
}

#[test]
fn a_flush_leaves_what_must_be_heard_and_sends_it_next() {
    let mut playout = Playout::new(PlayoutSettings::new(Law::Mu));
    for (item, byte) in [(1, 0x10), (2, 0x20), (1, 0x11), (3, 0x30)] {
        playout.push(ItemId(item), &[byte; 160]);
    }
    let mut frame = [0; 80];
    playout.fill(&mut frame);
    let flushed = playout.flush_except(|item| item == ItemId(2));
    let cut: Vec<_> = flushed.items.iter().map(|item| (item.item.0, item.heard)).collect();
    assert_eq!(cut, [(1, 80), (3, 0)]);
    assert_eq!(playout.queued(), 160);
    let mut rest = [0; 480];
    playout.fill(&mut rest);
    assert!(rest.iter().filter(|byte| **byte == 0x20).count() >= 120, "kept audio goes out");
    assert!(!rest.contains(&0x30));
}

#[test]
fn a_flush_while_a_kept_item_sounds_neither_fades_nor_repeats_it() {
    for paused in [0, 1] {
        let mut line = Line::new();
        let audio = ramp(800);
        line.playout.push_pcm(A, &audio);
        line.playout.push_pcm(B, &ramp(800));
        line.slots(1);
        for _ in 0..paused {
            // Taken back before it is silent: what went out fading has been heard.
            line.playout.pause();
            line.slots_of(80, 1);
        }
        line.playout.flush_except(|item| item == A);
        assert_eq!(line.slots(6).playout.heard(A), Some(800));
        assert_eq!((line.playout.queued(), line.playout.heard(B)), (0, Some(0)));
        let clear = 160 + paused * (80 + FADE);
        assert_eq!(line.sent[clear..800], audio[clear..], "paused: {paused}");
        assert!(line.sent_after(800).iter().all(|&sample| sample == 0));
    }
}

#[test]
fn what_fades_away_in_a_flush_is_nothing_that_is_kept() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &[7932; 240]);
    line.playout.push_pcm(B, &[-7932; 160]);
    line.slots(1).playout.flush_except(|item| item == B);
    line.slots(3);
    assert_eq!(line.sent.iter().filter(|&&sample| sample < 0).count(), 160);
    assert_eq!(line.playout.heard(B), Some(160));
}

#[test]
fn late_audio_of_an_item_that_is_over_is_refused() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &ramp(320));
    line.playout.push_pcm(B, &ramp(80));
    line.playout.mark_end(B);
    line.slots(1).playout.flush_except(|item| item == B);
    assert_eq!((line.playout.push_pcm(A, &[7932; 160]), line.playout.push(A, &[0; 160])), (160, 160));
    line.slots(3);
    assert_eq!(line.playout.push_pcm(B, &[7932; 160]), 160);
    assert_eq!((line.playout.heard(A), line.playout.heard(B)), (Some(160), Some(80)));
    assert!(line.playout.is_empty() && line.playout.flush().items.is_empty());
}

#[test]
fn the_level_of_a_long_packet_is_that_of_its_loudest_twenty_milliseconds() {
    let mut line = Line::new();
    line.playout.push_pcm(A, &[8031; 160]);
    let alone = line.slots_of(160, 1).last.level_dbov;
    let burst: Vec<i16> = [[0; 80], [0; 80], [8031; 80], [8031; 80], [0; 80], [0; 80]].concat();
    line.playout.push_pcm(A, &burst);
    assert!((line.slots_of(480, 1).last.level_dbov - alone).abs() < 0.01);
}

#[test]
fn a_change_of_law_recodes_what_waits() {
    let mut playout = Playout::new(PlayoutSettings::new(Law::Mu));
    playout.push_pcm(ItemId(1), &[8_000; 160]);
    playout.set_law(Law::A);
    let mut frame = [0; 160];
    playout.fill(&mut frame);
    assert!(frame.iter().all(|byte| (i32::from(Law::A.decode_byte(*byte)) - 8_000).abs() < 400));
}
