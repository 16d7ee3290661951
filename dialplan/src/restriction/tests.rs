//! What may not be dialled, in all the ways in which it can be said.

use super::*;
use proptest::prelude::*;

fn germany() -> NumberPlan {
    NumberPlan::of_country("49").unwrap()
}

fn america() -> NumberPlan {
    NumberPlan::of_country("1").unwrap()
}

fn restrictions(prefixes: &[&str]) -> Restrictions {
    let prefixes = prefixes.iter().map(ToString::to_string).collect();
    Restrictions {
        emergency: Restrictions::EMERGENCY.map(str::to_owned).to_vec(),
        forbidden: vec![Forbidden { name: "premium".into(), prefixes }],
    }
}

fn is_emergency(plan: &NumberPlan, number: &str) -> bool {
    matches!(restrictions(&[]).check(plan, number), Err(Restricted::Emergency { .. }))
}

#[test]
fn emergency_numbers_are_refused_by_name_and_with_the_reason() {
    let refusal = restrictions(&[]).check(&germany(), "112").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "emergency number 112 may not be dialled by this server: it can't say where the caller is. Dial it from a telephone"
    );
}

#[test]
fn an_emergency_number_is_known_behind_every_prefix() {
    for number in [
        "112",
        "1 1 2",
        "1-1-2",
        "112#",
        "+112",
        "+49112",
        "+49 (0)112",
        "+490112",
        "0049112",
        "00490112",
        "00112",
        "0112",
        "49112",
        "*31#112",
        "#31#112",
        "112;phone-context=+49",
        "+44999",
        "110",
        "*31#0049112",
    ] {
        assert!(is_emergency(&germany(), number), "{number}");
    }
    for number in ["911", "1911", "+1911", "0111911", "*67911", "9-1-1", "*67 1 911"] {
        assert!(is_emergency(&america(), number), "{number}");
    }
    for number in ["112", "+49112", "+1911", "+112"] {
        assert!(is_emergency(&NumberPlan::default(), number), "without a plan: {number}");
    }
}

#[test]
fn what_only_resembles_an_emergency_number_may_be_dialled() {
    for number in
        ["1123", "1120123", "030112", "+4930112112", "0201112", "11", "desk112", "", "#", "*", "+", "+6834112"]
    {
        assert!(!is_emergency(&germany(), number), "{number}");
    }
    for extension in ["1112", "1000", "1110", "1999", "+12125550911", "9115550100"] {
        assert!(!is_emergency(&america(), extension), "{extension}");
    }
}

#[test]
fn without_a_list_emergency_numbers_may_be_dialled() {
    assert_eq!(Restrictions::default().check(&germany(), "112"), Ok(()));
}

#[test]
fn a_forbidden_prefix_is_refused_however_the_number_is_dialled() {
    let spain = NumberPlan::of_country("34").unwrap();
    for (plan, prefix, refused, allowed) in [
        (&germany(), "0900", "0900123456 +49900123456 0049-900-123456 +49(0)900-123456 +490900123456", "00900123456"),
        (&germany(), "0900", "0900 *31#0900123456", "030900123 +44900123456"),
        (&germany(), "+49900", "0900123456 +49900123456 *31#0900123456", "+4930900123"),
        (&germany(), "00", "0044201234567 +44201234567 004930123456", "+4930123456 030123456"),
        (&germany(), "+44", "004420123456 +4420123456", "04420123456"),
        (&america(), "1900", "19005550100 9005550100 +19005550100", "12125550100"),
        (&america(), "900", "19005550100 9005550100 +19005550100", "12125550900"),
        (&america(), "011", "01149301234567 +49301234567", "+12125550100"),
        (&spain, "806", "806123456 +34806123456 0034806123456", "+49806123456"),
    ] {
        let restrictions = restrictions(&[prefix]);
        for number in refused.split(' ') {
            let refusal = restrictions.check(plan, number).unwrap_err();
            assert!(
                matches!(&refusal, Restricted::Forbidden { name, .. } if name == "premium"),
                "{number} by {prefix}"
            );
        }
        for number in allowed.split(' ') {
            assert_eq!(restrictions.check(plan, number), Ok(()), "{number} by {prefix}");
        }
    }
}

#[test]
fn a_forbidden_number_is_refused_by_the_name_of_the_rule_in_one_line() {
    let refusal = restrictions(&["0900"]).check(&germany(), "0900 123-456").unwrap_err();
    assert_eq!(refusal.to_string(), "0900123456 may not be dialled: premium (numbers with 0900)");
    let refusal = restrictions(&["0900"]).check(&germany(), "0900a\r\nX: y").unwrap_err();
    assert!(!refusal.to_string().contains(['\r', '\n']));
}

#[test]
fn a_prefix_of_nothing_forbids_nothing() {
    assert_eq!(restrictions(&["", " "]).check(&germany(), "030123456"), Ok(()));
}

proptest! {
    #[test]
    fn whatever_is_dialled_is_answered_without_a_panic(number in ".{0,20}", prefix in "[+*#0-9 é]{0,6}") {
        for plan in [germany(), america(), NumberPlan::default()] {
            let answer = restrictions(&[&prefix]).check(&plan, &number);
            prop_assert!(answer.is_ok() || answer.is_err());
        }
    }

    #[test]
    fn no_format_hides_a_forbidden_number(rest in "[1-9][0-9]{6,8}") {
        let plan = germany();
        let number = format!("+49900{rest}");
        for format in [Format::E164, Format::International, Format::National] {
            let written = plan.render(&number, format);
            prop_assert!(restrictions(&["0900"]).check(&plan, &written).is_err(), "{}", written);
        }
    }
}
