//! Numbers as they are dialled in several countries, and that what is rendered is read back as it was.

use super::*;
use crate::restriction::{Restricted, Restrictions};
use proptest::prelude::*;

fn plan(country: &str) -> NumberPlan {
    NumberPlan::of_country(country).unwrap()
}

#[test]
fn what_is_dialled_is_the_number_for_the_world_that_it_means() {
    for (country, dialled, number) in [
        ("49", "030 123456", "+4930123456"),
        ("49", "030/123 456", "+4930123456"),
        ("49", "+49 (0)30 12-34.56", "+4930123456"),
        ("49", "0049 30 123456", "+4930123456"),
        ("49", "+49 030 123456", "+4930123456"),
        ("49", "0044 20 7946 0000", "+442079460000"),
        ("49", "+1 (212) 555-0100", "+12125550100"),
        ("1", "2125550100", "+12125550100"),
        ("1", "1-212-555-0100", "+12125550100"),
        ("1", "011 49 30 123456", "+4930123456"),
        ("1", "+49 30 123456", "+4930123456"),
        ("44", "020 7946 0000", "+442079460000"),
        ("34", "912 345 678", "+34912345678"),
        ("39", "06 1234 5678", "+390612345678"),
        ("7", "8 495 123 45 67", "+74951234567"),
        ("7", "8 10 49 30 123456", "+4930123456"),
        ("36", "06 1 234 5678", "+3612345678"),
        ("61", "0011 49 30 123456", "+4930123456"),
        ("86", "138 1234 5678", "+8613812345678"),
        ("86", "010 1234 5678", "+861012345678"),
        ("91", "98765 43210", "+919876543210"),
    ] {
        assert_eq!(plan(country).to_e164(dialled), number, "{dialled} in {country}");
    }
}

#[test]
fn extensions_services_and_names_stay_as_they_are() {
    for text in ["100", "112", "0", "01234", "5551234", "*97", "#31#", "front-desk", "bob 1", "", "+", "+49", "1 2x"] {
        assert_eq!(plan("49").to_e164(text), text);
    }
    for text in ["911", "5550100", "1000", "0", "11"] {
        assert_eq!(plan("1").to_e164(text), text);
    }
    assert_eq!(plan("49").to_e164("1 00"), "100");
    assert_eq!(plan("49").to_e164("+4930123456789012"), "+4930123456789012");
}

#[test]
fn without_a_plan_only_a_plus_says_what_is_meant() {
    let none = NumberPlan::default();
    assert_eq!(none.to_e164("+49 30 123456"), "+4930123456");
    assert_eq!(none.to_e164("030 123456"), "030123456");
    for format in [Format::International, Format::National] {
        assert_eq!(none.render("+4930123456", format), "+4930123456");
    }
}

#[test]
fn numbers_are_written_in_the_format_that_is_asked_for() {
    for (country, number, digits, international, national) in [
        ("49", "+4930123456", "4930123456", "004930123456", "030123456"),
        ("49", "+442079460000", "442079460000", "00442079460000", "00442079460000"),
        ("1", "+12125550100", "12125550100", "01112125550100", "12125550100"),
        ("1", "+4930123456", "4930123456", "0114930123456", "0114930123456"),
        ("39", "+390612345678", "390612345678", "00390612345678", "0612345678"),
        ("86", "+8613812345678", "8613812345678", "008613812345678", "13812345678"),
        ("86", "+861012345678", "861012345678", "00861012345678", "01012345678"),
    ] {
        let plan = plan(country);
        assert_eq!(plan.render(number, Format::E164), number);
        assert_eq!(plan.render(number, Format::AsIs), number);
        assert_eq!(plan.render(number, Format::Digits), digits);
        assert_eq!(plan.render(number, Format::International), international);
        assert_eq!(plan.render(number, Format::National), national);
    }
    assert_eq!(plan("49").render("100", Format::National), "100");
}

#[test]
fn digits_are_read_with_their_country_code_when_a_peer_promises_them() {
    let plan = plan("49");
    assert_eq!(plan.read("4930123456", Format::Digits), "+4930123456");
    assert_eq!(plan.read("030123456", Format::Digits), "+4930123456");
    assert_eq!(plan.read("100", Format::Digits), "100");
    assert_eq!(plan.read("030 123456", Format::AsIs), "030 123456");
}

#[test]
fn a_plan_that_cannot_be_is_refused_by_name() {
    let refused = |country, international, national| NumberPlan::new(country, international, national).unwrap_err();
    assert_eq!(refused(Some("+49"), None, None), PlanError::Country("+49".into()));
    assert_eq!(refused(Some("049"), None, None), PlanError::Country("049".into()));
    assert_eq!(refused(Some("1234"), None, None), PlanError::Country("1234".into()));
    assert_eq!(refused(None, Some("x"), None), PlanError::Prefix("x".into()));
    assert_eq!(refused(None, Some("0"), Some("0")), PlanError::Same("0".into()));
    assert_eq!(NumberPlan::of_country("x"), Err(PlanError::Country("x".into())));
}

#[test]
fn a_trunk_that_sends_bare_digits_and_wants_an_outside_line() {
    let plan = plan("49");
    let inbound = Rewrite { format: Format::Digits, ..Rewrite::default() };
    assert_eq!(inbound.inbound(&plan, "4930123456"), "+4930123456");
    let outbound = Rewrite { strip: 0, prefix: "9".into(), format: Format::National };
    let open = Restrictions::default();
    assert_eq!(outbound.outbound(&plan, &open, "+4930123456").unwrap(), "9030123456");
    assert_eq!(outbound.outbound(&plan, &open, "+442079460000").unwrap(), "900442079460000");
}

#[test]
fn what_is_dialled_for_an_outside_line_is_no_part_of_a_callers_number() {
    let plan = plan("49");
    let rewrite = Rewrite { strip: 1, prefix: "9".into(), format: Format::National };
    assert_eq!(rewrite.inbound_caller(&plan, "030123456"), "+4930123456");
    assert_eq!(rewrite.outbound_caller(&plan, "+4930123456"), "030123456");
    assert_eq!(Rewrite::default().outbound_caller(&plan, "+4930123456"), "+4930123456");
}

#[test]
fn digits_are_stripped_with_the_plus_before_them_and_never_the_whole_number() {
    let plan = plan("49");
    let strip = |strip, text| Rewrite { strip, ..Rewrite::default() }.inbound(&plan, text);
    assert_eq!(strip(1, "9030123456"), "030123456");
    assert_eq!(strip(1, "9 030-123456"), "030123456");
    assert_eq!(strip(2, "+4930123456"), "30123456");
    assert_eq!(strip(0, "+4930123456"), "+4930123456");
    assert_eq!(strip(3, "123"), "123");
    assert_eq!(strip(3, "front-desk"), "front-desk");
}

#[test]
fn an_emergency_number_does_not_hide_behind_digits_that_a_trunk_strips_or_adds() {
    let restrictions = Restrictions { emergency: vec!["112".into()], forbidden: vec![] };
    let plan = plan("49");
    let sent = |strip, prefix: &str, number| {
        let rewrite = Rewrite { strip, prefix: prefix.into(), format: Format::AsIs };
        rewrite.outbound(&plan, &restrictions, number)
    };
    let refused = Err(Restricted::Emergency { emergency: "112".into() });
    assert_eq!(sent(0, "", "112"), refused);
    assert_eq!(sent(1, "", "9112"), refused);
    assert_eq!(sent(1, "", "9 1-1-2"), refused);
    assert_eq!(sent(0, "1", "12"), refused);
    assert_eq!(sent(0, "0", "112"), refused);
    assert_eq!(sent(0, "", "9112"), Ok("9112".into()));
}

#[test]
fn one_zero_before_an_area_is_a_habit_and_two_are_a_mistake() {
    let plan = plan("49");
    assert_eq!(plan.to_e164("+49 030 123456"), "+4930123456");
    assert_eq!(plan.to_e164("+49 00 123456"), "+4900123456");
    assert_eq!(plan.to_e164(&plan.to_e164("+49 00 123456")), "+4900123456");
}

fn countries() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["1", "7", "30", "33", "34", "36", "39", "44", "49", "61", "81", "86", "91", "375", "420"])
}

proptest! {
    #[test]
    fn a_number_for_the_world_survives_every_format(home in countries(), there in countries(), rest in "[0-9]{4,12}") {
        let plan = plan(home);
        let number = plan.to_e164(&format!("+{there}{rest}"));
        prop_assume!(is_e164(&number));
        for format in [Format::AsIs, Format::E164, Format::International, Format::National] {
            let written = plan.render(&number, format);
            prop_assert_eq!(plan.to_e164(&written), number.clone(), "{} as {}", written, format);
        }
        prop_assert_eq!(plan.read(&plan.render(&number, Format::Digits), Format::Digits), number);
    }

    #[test]
    fn what_is_dialled_at_home_is_rendered_as_it_was(rest in "[1-9][0-9]{6,9}") {
        let plan = plan("49");
        let dialled = format!("0{rest}");
        prop_assert_eq!(plan.render(&plan.to_e164(&dialled), Format::National), dialled);
    }

    #[test]
    fn what_a_number_means_means_itself(home in countries(), text in "[-+*#()/. 0-9a-b]{0,18}") {
        let plan = plan(home);
        let meant = plan.to_e164(&text);
        prop_assert_eq!(plan.to_e164(&meant), meant);
    }
}
