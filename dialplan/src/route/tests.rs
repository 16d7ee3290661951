//! Which route takes a call, and what is told of those that don't.

use super::*;
use crate::condition::Names;
use crate::header::{HeaderCondition, HeaderTest};
use crate::pattern::NumberSet;
use crate::schedule::{Clock, Days, Schedule, Window};
use crate::testing::facts;
use jiff::tz::TimeZone;
use proptest::prelude::*;

fn numbers(patterns: &[&str]) -> NumberSet {
    NumberSet(patterns.iter().map(|text| text.parse().unwrap()).collect())
}

fn route(name: &str, condition: Condition) -> Route {
    Route { name: name.into(), condition, action: Action::Agent(name.into()) }
}

fn to(patterns: &[&str]) -> Condition {
    Condition { to: Some(numbers(patterns)), ..Condition::default() }
}

fn these(name: &str) -> Names {
    Names::These(vec![name.into()])
}

/// Monday to Friday, in Berlin by rule.
fn office() -> Schedule {
    let window = Window::new("mon-fri".parse().unwrap(), "08:00".parse().unwrap(), "18:00".parse().unwrap());
    let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    Schedule { windows: vec![window.unwrap()], except: vec!["12-25".parse().unwrap()], zone }
}

fn told(condition: Condition, facts: &Facts<'_>) -> String {
    let routes = [route("r", condition)];
    explain(&routes, facts).map(|explanation| explanation.to_string()).collect()
}

#[test]
fn the_first_route_whose_conditions_hold_takes_the_call() {
    let routes = [route("premium", to(&["0900*", "0137*"])), route("desk", to(&["100"]))];
    let taken = |number| match decide(&routes, &facts(number)) {
        Decision::Route(route) => route.name.as_str(),
        Decision::NoRoute => "none",
    };
    assert_eq!(taken("0900123"), "premium");
    assert_eq!(taken("0137123"), "premium");
    assert_eq!(taken("100"), "desk");
    assert_eq!(taken("1000"), "none");
}

#[test]
fn a_route_without_conditions_takes_every_call() {
    let routes = [route("all", Condition::default())];
    assert_eq!(decide(&routes, &facts("")), Decision::Route(&routes[0]));
}

#[test]
fn a_route_for_a_trunk_or_a_phone_takes_only_what_came_from_it() {
    let by_trunk = Condition { trunk: Some(these("pbx")), ..Condition::default() };
    let by_phone = Condition { phone: Some(these("desk")), ..Condition::default() };
    let any_phone = Condition { phone: Some(Names::Any), ..Condition::default() };
    let from_none = facts("100");
    let from_trunk = Facts { trunk: Some("pbx"), ..from_none };
    let from_phone = Facts { phone: Some("desk"), ..from_none };
    let from_other = Facts { trunk: Some("carrier"), phone: Some("hall"), ..from_none };
    for (facts, expected) in [
        (from_none, [false, false, false]),
        (from_trunk, [true, false, false]),
        (from_phone, [false, true, true]),
        (from_other, [false, false, true]),
    ] {
        let held = [&by_trunk, &by_phone, &any_phone].map(|condition| condition.holds(&facts));
        assert_eq!(held, expected, "{facts:?}");
    }
}

#[test]
fn an_explanation_stops_at_the_route_that_took_the_call() {
    let routes = [route("desk", to(&["100"])), route("any", to(&["*"])), route("never", to(&["*"]))];
    let facts = facts("0900");
    let told: Vec<_> = explain(&routes, &facts).map(|explanation| explanation.to_string()).collect();
    assert_eq!(
        told,
        ["route \"desk\" doesn't take it: to: \"0900\" is not \"100\"", "route \"any\" takes it: agent \"any\""]
    );
}

#[test]
fn every_failed_condition_is_told_with_the_value_that_failed_it() {
    let header = |name: &str, test| HeaderCondition { name: name.into(), test };
    let facts = Facts { headers: &[("X-Tenant", "red")], ..facts("0900123") };
    for (condition, line) in [
        (to(&["100-199", "2*"]), "to: \"0900123\" is not \"100-199\" or \"2*\""),
        (
            Condition { from: Some(numbers(&["/[0-9]{5}/"])), ..Condition::default() },
            "from: \"200\" is not \"/[0-9]{5}/\"",
        ),
        (
            Condition {
                source: Some(vec!["private".parse().unwrap(), "192.0.2.0/24".parse().unwrap()]),
                ..Condition::default()
            },
            "source: 127.0.0.1 is not in private or 192.0.2.0/24",
        ),
        (Condition { trunk: Some(these("pbx")), ..Condition::default() }, "trunk: it came by none, not by \"pbx\""),
        (
            Condition { phone: Some(Names::Any), ..Condition::default() },
            "phone: it came from none of ours, not from any",
        ),
        (
            Condition { headers: vec![header("X-Other", HeaderTest::Present)], ..Condition::default() },
            "header: there is no X-Other",
        ),
        (
            Condition { headers: vec![header("x-tenant", HeaderTest::Equals("blue".into()))], ..Condition::default() },
            "header: x-tenant is \"red\", not \"blue\"",
        ),
    ] {
        assert_eq!(told(condition, &facts), format!("route \"r\" doesn't take it: {line}"));
    }
}

#[test]
fn times_are_told_on_the_wall_clock_of_the_route() {
    let at = |time: &str| Facts { time: time.parse().unwrap(), ..facts("100") };
    let condition = Condition { time: Some(office()), ..Condition::default() };
    assert_eq!(
        told(condition.clone(), &at("2026-07-02T18:05Z")),
        "route \"r\" doesn't take it: time: thu 2026-07-02 20:05 at UTC+02 is outside mon-fri 08:00-18:00"
    );
    assert_eq!(
        told(condition.clone(), &at("2026-12-25T09:00Z")),
        "route \"r\" doesn't take it: time: fri 2026-12-25 10:00 at UTC+01 falls to 2026-12-25, a day off"
    );
    assert_eq!(told(condition, &at("2026-12-24T09:00Z")), "route \"r\" takes it: agent \"r\"");
}

#[test]
fn several_failed_conditions_are_told_in_one_line() {
    let mut condition = to(&["100"]);
    condition.trunk = Some(these("pbx"));
    assert_eq!(
        told(condition, &facts("7")),
        "route \"r\" doesn't take it: trunk: it came by none, not by \"pbx\"; to: \"7\" is not \"100\""
    );
}

proptest! {
    #[test]
    fn what_decides_and_what_explains_agree(number in "[0-9]{1,4}", hour in 0..48i64) {
        let mut night = to(&["1*", "20-29"]);
        let window = Window::new(Days::ALL, "20:00".parse().unwrap(), "06:00".parse::<Clock>().unwrap()).unwrap();
        night.time = Some(Schedule { windows: vec![window], except: vec![], zone: TimeZone::UTC });
        let routes = [route("night", night), route("some", to(&["/[0-9]+5/"])), route("long", to(&["1000-9999"]))];
        let time = jiff::Timestamp::from_second(1_750_000_000 + hour * 3_600).unwrap();
        let facts = Facts { time, ..facts(&number) };
        let last = explain(&routes, &facts).last().unwrap();
        match decide(&routes, &facts) {
            Decision::Route(route) => prop_assert!(last.mismatches.is_empty() && last.route == route),
            Decision::NoRoute => prop_assert!(!last.mismatches.is_empty()),
        }
    }
}
