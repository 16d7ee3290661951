//! What was heard, to the word; the transcript; the latency.

use std::time::{Duration, Instant};

use super::*;

const ITEM: ItemId = ItemId(1);

fn ms(ms: u64) -> Samples {
    Samples::from_ms(ms)
}

/// An item of three words of 500 ms each, on the air since second one.
fn three_words() -> Ledger {
    let mut ledger = Ledger::new();
    for (n, word) in ["One ", "two ", "three "].into_iter().enumerate() {
        let start = 500 * n as u64;
        ledger.text(ITEM, word.into(), ms(start)..ms(start + 500));
    }
    ledger.started(ITEM, ms(1_000));
    ledger
}

#[test]
fn an_item_heard_to_its_end_has_all_its_words() {
    let mut ledger = three_words();
    let line = ledger.finished(ITEM, ms(2_500)).unwrap().clone();
    assert_eq!((line.text.as_str(), line.start, line.end), ("One two three", ms(1_000), ms(2_500)));
    assert!(!line.interrupted);
    assert_eq!(ledger.transcript(), [line]);
}

#[test]
fn an_item_cut_short_has_the_words_that_ended_before_the_cut() {
    for (heard, text) in
        [(20, ""), (499, ""), (500, "One"), (1_200, "One two"), (1_499, "One two"), (1_500, "One two three")]
    {
        let mut ledger = three_words();
        let line = ledger.interrupted(ITEM, ms(heard), ms(1_000 + heard)).unwrap();
        assert!(line.interrupted);
        assert_eq!(line.text, text, "{heard} ms");
        assert_eq!(ledger.heard_text(ITEM), text);
    }
}

#[test]
fn a_piece_longer_than_a_word_is_cut_on_a_word_boundary() {
    for (heard, text) in [
        (100, ""),
        (600, "Grüße"),
        (800, "Grüße"),
        (900, "Grüße an"),
        (1_900, "Grüße an alle"),
        (2_000, "Grüße an alle hier"),
    ] {
        let mut ledger = Ledger::new();
        ledger.text(ITEM, "Grüße an alle hier".into(), ms(0)..ms(2_000));
        ledger.started(ITEM, ms(0));
        ledger.heard(ITEM, ms(heard));
        assert_eq!(ledger.heard_text(ITEM), text, "{heard} ms");
    }
}

#[test]
fn a_piece_of_a_million_characters_is_cut_in_one_walk() {
    let mut ledger = Ledger::new();
    ledger.text(ITEM, "word ".repeat(200_000).into(), ms(0)..ms(1_000_000));
    ledger.started(ITEM, ms(0));
    ledger.heard(ITEM, ms(500_000));
    assert_eq!(
        ledger.heard_text(ITEM).len(),
        499_999,
        "a hundred thousand words, by the letter; walked once per word, this takes seconds"
    );
}

#[test]
fn spans_that_were_estimates_stretch_to_the_audio_that_came() {
    let mut ledger = three_words();
    ledger.stretch(ITEM, ms(3_000));
    for (heard, text) in [(999, ""), (1_000, "One"), (2_500, "One two"), (3_000, "One two three")] {
        ledger.heard(ITEM, ms(heard));
        assert_eq!(ledger.heard_text(ITEM), text, "{heard} ms");
    }
    ledger.stretch(ItemId(9), ms(1));
}

#[test]
fn words_of_the_caller_find_their_turn_by_where_they_were_said() {
    let mut ledger = Ledger::new();
    for (start, end) in [(1_000, 2_000), (5_000, 6_000)] {
        ledger.caller_started(ms(start));
        ledger.caller_stopped(ms(end));
    }
    ledger.caller_words(&(ms(4_700)..ms(6_300)), "second");
    ledger.caller_words(&(ms(1_100)..ms(2_500)), "first");
    ledger.caller_words(&(ms(3_000)..ms(3_500)), "nobody's");
    let texts: Vec<&str> = ledger.transcript().iter().map(|line| &*line.text).collect();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn what_is_heard_grows_and_never_shrinks() {
    let mut ledger = three_words();
    ledger.heard(ITEM, ms(1_000));
    ledger.heard(ITEM, ms(700));
    assert_eq!(ledger.heard_text(ITEM), "One two");
}

#[test]
fn an_item_that_was_never_heard_has_no_line() {
    let mut ledger = Ledger::new();
    ledger.text(ITEM, "Never".into(), ms(0)..ms(500));
    assert_eq!(ledger.interrupted(ITEM, Samples::ZERO, ms(900)), None);
    assert_eq!(ledger.finished(ITEM, ms(900)), None);
    assert_eq!(ledger.heard_text(ITEM), "");
}

#[test]
fn text_that_comes_after_an_item_is_over_changes_nothing() {
    let mut ledger = three_words();
    ledger.interrupted(ITEM, ms(500), ms(1_500));
    ledger.text(ITEM, "four".into(), ms(0)..ms(10));
    ledger.started(ITEM, ms(4_000));
    assert_eq!(ledger.finished(ITEM, ms(5_000)), None);
    assert_eq!(ledger.transcript().len(), 1);
    assert_eq!(ledger.heard_text(ITEM), "One");
}

#[test]
fn the_transcript_stands_in_the_order_of_beginning() {
    let mut ledger = three_words();
    ledger.caller_started(ms(1_700));
    ledger.caller_stopped(ms(2_100));
    ledger.caller_text("mm, no");
    ledger.finished(ITEM, ms(2_500));
    let lines: Vec<(Speaker, &str)> = ledger.transcript().iter().map(|line| (line.who, &*line.text)).collect();
    assert_eq!(lines, [(Speaker::Agent, "One two three"), (Speaker::Caller, "mm, no")]);
    assert_eq!(ledger.caller_stopped(ms(3_000)), None);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn latency_counts_from_the_end_of_speech() {
    let now = Instant::now();
    let after = |ms| now + Duration::from_millis(ms);
    let mut ledger = Ledger::new();
    let clock = ledger.clock();
    clock.first_audio(now);
    clock.end_of_speech(ms(1_000), ms(1_600), after(1_000));
    clock.first_packet(after(1_000));
    clock.asked(after(1_010));
    clock.first_audio(after(1_040));
    clock.first_audio(after(1_500));
    clock.first_packet(after(1_055));
    let latency = ledger.latency();
    let elapsed = [latency.asked, latency.first_audio, latency.first_packet, latency.engine()];
    assert_eq!(elapsed, [610, 640, 655, 30].map(|ms| Some(Duration::from_millis(ms))));
}

proptest::proptest! {
    #[test]
    fn heard_text_is_always_whole_words_from_the_front(text in "( ?[a-zß]{1,7}){0,12} ?", length in 0..20_000_u64, heard in 0..25_000_u64) {
        let mut ledger = Ledger::new();
        ledger.text(ITEM, text.as_str().into(), Samples::ZERO..Samples(length));
        ledger.started(ITEM, Samples::ZERO);
        ledger.heard(ITEM, Samples(heard));
        let said = ledger.heard_text(ITEM);
        let (said, all): (Vec<&str>, Vec<&str>) = (said.split_whitespace().collect(), text.split_whitespace().collect());
        assert!(all.starts_with(&said));
        assert!(heard < length || said == all);
    }
}
