//! What the agent says and when.

use base64::Engine as _;

use super::*;
use crate::engine::{Clip, ItemId};

const PCM: Wire = Wire::Pcm { input: 24_000, output: 24_000 };

fn base64(bytes: &[u8]) -> String {
    base64_engine::BASE64.encode(bytes)
}

/// Silence of so many milliseconds at 24 kHz.
fn silence(ms: usize) -> String {
    base64(&vec![0; ms * 48])
}

fn said(wire: Wire) -> (Said, ItemId) {
    let mut said = Said::new(wire);
    let item = said.begin("item", 1, 1, true).unwrap();
    (said, item)
}

fn text(output: Option<Output>) -> Option<(String, u64, u64)> {
    let Output::Text { text, span, .. } = output? else { panic!("no text") };
    Some((text.to_string(), span.start.ms(), span.end.ms()))
}

fn ended(said: &mut Said, item: ItemId, whole: bool) -> Vec<Output> {
    let mut given = Vec::new();
    said.end(item, whole, |output| given.push(output));
    given
}

#[test]
fn deltas_that_part_a_sample_are_joined() {
    let samples: Vec<i16> = (0..1_000).map(|n| n * 31).collect();
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let (mut said, item) = said(PCM);
    let mut heard: Vec<i16> = Vec::new();
    for part in bytes.chunks(37).chain([&[][..]]) {
        if let Some(Output::Audio { audio, .. }) = said.audio(item, &base64(part)) {
            heard.extend_from_slice(audio.samples());
        }
    }
    assert_eq!(heard, samples);
}

#[test]
fn g711_is_passed_on_as_it_is_and_a_delta_that_is_no_base64_is_left_out() {
    let (mut said, item) = said(Wire::Alaw);
    let expected = Output::Coded { item, bytes: Clip::new(Arc::from([0xd5, 1, 2])), interruptible: true };
    assert_eq!(said.audio(item, &base64(&[0xd5, 1, 2])), Some(expected));
    assert_eq!(said.audio(item, "AAA?"), None);
    assert_eq!(said.audio(item, ""), None);
    assert_eq!(said.find(item).map(|utterance| said.received_ms(utterance)), Some(0));
}

#[test]
fn words_are_told_as_far_as_audio_has_come_and_stretched_to_it_in_the_end() {
    let (mut said, item) = said(PCM);
    assert_eq!(said.text(item, "fifteen letters and mo"), None, "no audio yet");
    said.audio(item, &silence(400));
    assert_eq!(text(said.words(item)), Some(("fifteen ".to_owned(), 0, 533)));
    said.audio(item, &silence(600));
    assert_eq!(text(said.text(item, "re")), Some(("letters ".to_owned(), 533, 1_066)));
    said.audio(item, &silence(2_000));
    assert_eq!(text(said.words(item)), Some(("and ".to_owned(), 1_066, 1_333)), "the last word may go on");
    let given = ended(&mut said, item, true);
    assert_eq!(text(given.first().cloned()), Some(("more".to_owned(), 1_333, 1_600)));
    assert_eq!(given[1..], [Output::TextEnds { item, end: Samples::from_ms(3_000) }, Output::ItemEnd { item }]);
    let utterance = said.find(item).unwrap();
    assert_eq!(utterance.heard(Samples::from_ms(1_000)), "fifteen", "24 letters in 3 s, 8 of them in the first");
    assert_eq!(utterance.heard(Samples::from_ms(2_999)), "fifteen letters and");
}

#[test]
fn the_next_item_is_laid_out_at_the_pace_of_the_last() {
    let (mut said, item) = said(PCM);
    said.text(item, "ten chars ");
    said.audio(item, &silence(2_000));
    ended(&mut said, item, true);
    let item = said.begin("next", 2, 1, true).unwrap();
    said.audio(item, &silence(100));
    assert_eq!(text(said.text(item, "word word ")), Some(("word ".to_owned(), 0, 1_000)));
}

#[test]
fn of_an_item_that_breaks_off_the_words_ahead_of_its_audio_are_dropped() {
    let (mut said, item) = said(PCM);
    said.audio(item, &silence(300));
    said.text(item, "one two three four five");
    assert_eq!(ended(&mut said, item, false), [Output::ItemEnd { item }]);
    assert_eq!(said.find(item).unwrap().whole(), "one two");
    assert_eq!(ended(&mut said, item, true), [], "once");
}

#[test]
fn writing_without_blanks_is_told_by_the_character() {
    let (mut said, item) = said(PCM);
    said.audio(item, &silence(500));
    assert_eq!(text(said.text(item, "您好，请问有什么")), Some(("您好，请".to_owned(), 0, 666)));
    let long = "x".repeat(200);
    let item = said.begin("long", 2, 1, true).unwrap();
    said.audio(item, &silence(60_000));
    assert!(said.text(item, &long).is_some(), "a word without end is told in pieces");
}

#[test]
fn an_item_without_audio_is_never_told_to_end() {
    let (mut said, item) = said(PCM);
    said.text(item, "nothing to hear");
    assert_eq!(ended(&mut said, item, true), []);
    assert!(said.is_silent());
}

#[test]
fn a_model_that_never_stops_is_not_kept_without_bound() {
    let mut said = Said::new(PCM);
    let begun = (0..1_000).filter(|n| said.begin(&n.to_string(), 1, 1, true).is_some()).count();
    assert_eq!(begun, 64);
}
