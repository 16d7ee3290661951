//! The embedded voice: level, silence, words.

use super::*;

fn voice() -> Voice {
    Voice::new().unwrap()
}

#[test]
fn the_same_text_gives_the_same_samples() {
    let once = voice().synthesize("Are you still there?");
    assert!(once.len() > 6_000);
    assert_eq!(once, voice().synthesize("Are you still there?"));
}

#[test]
fn speech_is_at_the_level_of_a_telephone_and_does_not_clip() {
    for text in ["Hello.", "Press one for the time, or zero for the menu.", "Shh!", "A."] {
        let samples = voice().synthesize(text);
        let level = level::speech_dbov(&samples);
        assert!((-24.0..=-19.0).contains(&level), "{text}: {level} dBov");
        assert!(samples.iter().all(|sample| sample.unsigned_abs() < 29_300), "{text}");
    }
}

#[test]
fn hardly_any_silence_surrounds_speech() {
    let samples = voice().synthesize("Goodbye.");
    let loud = |sample: &i16| sample.unsigned_abs() > 150;
    let first = samples.iter().position(loud).unwrap();
    let last = samples.iter().rposition(loud).unwrap();
    assert!(first <= 80 && samples.len() - last <= 321, "{first}, {last} of {}", samples.len());
}

#[test]
fn words_are_as_written_and_end_in_order_with_the_last_at_the_end() {
    let text = "It is 4:05 PM - in Dr. Smith's \"house\". Really!";
    let speech = voice().speak(text);
    let words: Vec<&str> = speech.words.iter().map(|word| &*word.text).collect();
    assert_eq!(words.join(" "), text);
    assert!(speech.words.is_sorted_by_key(|word| word.end));
    assert_eq!(speech.words.last().unwrap().end, Samples::of(&speech.audio));
}

#[test]
fn a_word_ends_where_it_is_heard_to_end() {
    // The silence between two sentences lies behind the last word of the first.
    let speech = voice().speak("Thank you for calling. Goodbye.");
    let calling = speech.words.iter().find(|word| &*word.text == "calling.").unwrap().end.index();
    let after = &speech.audio[calling + 160..calling + 640];
    let before = &speech.audio[calling - 1_600..calling - 400];
    assert!(dbov(after) < dbov(before) - 25.0, "{} {}", dbov(after), dbov(before));
}

#[test]
fn nothing_to_speak_is_no_speech() {
    for text in ["", "  \n", "...", "-", "\u{0}", "漢字"] {
        assert!(voice().synthesize(text).is_empty(), "{text:?}");
        assert!(voice().speak(text).words.iter().all(|word| word.end == Samples::ZERO), "{text:?}");
    }
}

#[test]
fn levels_are_relative_to_full_scale() {
    assert!(dbov(&[i16::MIN; 160]).abs() < 0.001);
    assert!((dbov(&[3_277, -3_277].repeat(80)) + 20.0).abs() < 0.01);
    assert!((dbov(&[0; 160]) + 127.0).abs() < 0.001);
    assert!((dbov(&[]) + 127.0).abs() < 0.001);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_can_be_spoken(text in "(\\PC|[ .,!?$%0-9a-zA-Z\\n]){0,60}") {
        let speech = voice().speak(&text);
        assert!(speech.words.is_sorted_by_key(|word| word.end));
        assert!(speech.words.iter().all(|word| word.end <= Samples::of(&speech.audio)));
    }
}
