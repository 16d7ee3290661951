//! What patterns match, what they refuse, and that they print as they were written.

use super::*;
use proptest::prelude::*;

fn pattern(text: &str) -> NumberPattern {
    text.parse().unwrap()
}

#[test]
fn a_star_alone_matches_every_number_and_the_empty_one() {
    assert!(pattern("*").matches("") && pattern("*").matches("+4930123"));
}

#[test]
fn patterns_match_what_they_say_and_nothing_else() {
    for (text, number, expected) in [
        ("100", "100", true),
        ("100", "1000", false),
        ("0900*", "0900123", true),
        ("0900*", "00900", false),
        ("front-desk", "front-desk", true),
        ("100-199", "100", true),
        ("100-199", "199", true),
        ("100-199", "200", false),
        ("100-199", "1500", false),
        ("100-199", "15", false),
        ("100-199", "+150", false),
        ("100-199", "1a0", false),
        ("000-099", "007", true),
        ("+49301000-+49301999", "+49301500", true),
        ("+49301000-+49301999", "49301500", false),
        ("+49301000-+49301999", "+493015000", false),
        (r"/\+49(30|40)[0-9]+/", "+4940123", true),
        (r"/\+49(30|40)[0-9]+/", "00+4940123", false),
    ] {
        assert_eq!(pattern(text).matches(number), expected, "{number} by {text}");
    }
}

#[test]
fn a_range_of_numbers_longer_than_any_integer_is_one() {
    let range = pattern("10000000000000000000000000000000000000000-19999999999999999999999999999999999999999");
    assert!(range.matches("15000000000000000000000000000000000000000"));
}

#[test]
fn impossible_patterns_are_refused_by_name() {
    let refused = |text: &str| text.parse::<NumberPattern>().unwrap_err();
    assert_eq!(refused("1*2"), PatternError::StarInside("1*2".into()));
    assert_eq!(refused("*97"), PatternError::StarInside("*97".into()));
    assert_eq!(refused(""), PatternError::Empty);
    assert_eq!(refused("100-1999"), PatternError::RangeShape("100-1999".into()));
    assert_eq!(refused("+100-1999"), PatternError::RangeShape("+100-1999".into()));
    assert_eq!(refused("199-100"), PatternError::RangeOrder("199-100".into()));
    assert!(refused("+49 (30) 12-34").to_string().ends_with("write \"+49301234\""));
    assert!(refused("0 900*").to_string().ends_with("write \"0900*\""));
    assert!(refused("/[/").to_string().contains("is no regular expression"));
}

#[test]
fn a_set_matches_what_any_of_its_patterns_means_and_tells_all() {
    let set = NumberSet(vec![pattern("100"), pattern("2*")]);
    assert!(set.matches("100") && set.matches("299") && !set.matches("300"));
    assert_eq!(set.to_string(), "\"100\" or \"2*\"");
}

proptest! {
    #[test]
    fn a_pattern_that_can_be_read_prints_as_it_was_written(text in "[-+*/0-9a-c() ]{0,12}") {
        if let Ok(pattern) = text.parse::<NumberPattern>() {
            prop_assert_eq!(pattern.to_string(), text);
        }
    }

    #[test]
    fn a_range_holds_exactly_the_numbers_between_its_ends(a in 0..1000u32, b in 0..1000u32, n in 0..1000u32) {
        let (first, last) = (a.min(b), a.max(b));
        let range = pattern(&format!("{first:03}-{last:03}"));
        prop_assert_eq!(range.matches(&format!("{n:03}")), (first..=last).contains(&n));
    }
}
