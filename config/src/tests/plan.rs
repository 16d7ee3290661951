//! Routes, menus and actions in all the ways in which they may be written.

use super::*;
use talkpath_dialplan::{CallerIdentity, Choice, Decision, Dial, Facts, Keys, Menu, Prompt, Strategy, decide, explain};

/// A PBX, a carrier with a group, two phones, a menu.
const WORLD: &str = "
[[trunk]]
name = \"pbx\"
servers = [\"sip:pbx\"]
[[trunk]]
name = \"carrier\"
servers = [\"sip:carrier\"]
[[group]]
name = \"pstn\"
members = [\"carrier\", \"pbx\"]
[[phone]]
user = \"desk\"
password = \"x\"
[[phone]]
user = \"hall\"
password = \"x\"
[[menu]]
name = \"main\"
prompt = \"Press 1.\"
options = { 1 = { agent = \"receptionist\" }, 12 = { menu = \"sub\" }, \"*\" = \"repeat\", \"#\" = { reject = { status = 603 } } }
[[menu]]
name = \"sub\"
prompt = { file = \"sub.wav\" }
options = { 0 = { menu = \"main\" } }
timeout = 7
between = 1
attempts = 2
exhausted = { menu = \"main\" }
";

fn facts(to: &str) -> Facts<'_> {
    let time = "2026-03-03T12:00Z".parse().unwrap();
    Facts { source: [192, 0, 2, 7].into(), trunk: None, phone: None, from: "200", to, headers: &[], time }
}

fn action(text: &str) -> Action {
    parse(&format!("{WORLD}[[route]]\nname = \"r\"\naction = {text}")).routes.remove(0).action
}

fn dial(text: &str) -> Dial {
    let Action::Dial(dial) = action(text) else { panic!("{text} is no dial") };
    dial
}

fn matching(condition: &str, facts: &Facts<'_>) -> bool {
    let text = format!("{WORLD}[[route]]\nname = \"r\"\nmatch = {condition}\naction = {{ agent = \"receptionist\" }}");
    matches!(decide(&parse(&text).routes, facts), Decision::Route(_))
}

#[test]
fn conditions_take_one_value_or_a_list() {
    for (condition, expected) in [
        ("{ to = \"100-199\" }", true),
        ("{ to = [\"9*\", \"/1[0-9]{2}/\"] }", true),
        ("{ to = \"/1[0-9]/\" }", false),
        ("{ from = [\"100\", \"200\"] }", true),
        ("{ source = \"192.0.2.0/24\" }", true),
        ("{ source = [\"loopback\", \"private\"] }", false),
        ("{ trunk = \"pbx\" }", true),
        ("{ trunk = [\"carrier\", \"pbx\"] }", true),
        ("{ trunk = \"carrier\" }", false),
        ("{ phone = \"*\" }", true),
        ("{ phone = \"desk\" }", true),
        ("{ phone = [\"hall\"] }", false),
        ("{ header = { name = \"x-tenant\" } }", true),
        ("{ header = { name = \"x-tenant\", equals = \"blue\" } }", true),
        ("{ header = [{ name = \"x-tenant\", matches = \"/b.*/\" }, { name = \"x-other\" }] }", false),
        ("{ trunk = \"*\", phone = \"*\", to = \"*\" }", true),
    ] {
        let headers = [("X-Tenant", "blue")];
        let facts = Facts { trunk: Some("pbx"), phone: Some("desk"), headers: &headers, ..facts("150") };
        assert_eq!(matching(condition, &facts), expected, "{condition}");
    }
}

#[test]
fn times_are_read_in_their_zone_with_one_window_or_several() {
    let at = |time: &str| Facts { time: time.parse().unwrap(), ..facts("100") };
    // A Tuesday in winter and one in summer: 9 and 10 in Berlin.
    let (winter, summer) = (at("2026-03-03T08:00Z"), at("2026-07-07T08:00Z"));
    for (windows, expected) in [
        ("windows = { days = \"mon-fri\", from = \"09:00\", to = \"10:00\" }", (true, false)),
        ("windows = [{ days = [\"mon\", \"tue\"], from = \"10:00\" }, { days = \"sat-sun\" }]", (false, true)),
        ("windows = { to = \"09:30\" }", (true, false)),
        ("except = [\"03-03\"]", (false, true)),
        ("except = [2026-07-07]", (true, false)),
        ("windows = { days = \"tue\" }, except = [\"2026-07-07\"]", (true, false)),
    ] {
        let condition = format!("{{ time = {{ zone = \"Europe/Berlin\", {windows} }} }}");
        assert_eq!((matching(&condition, &winter), matching(&condition, &summer)), expected, "{windows}");
    }
}

#[test]
fn an_explanation_names_the_zone_as_it_was_written() {
    let text = "[[route]]\nname = \"r\"\naction = { agent = \"receptionist\" }\n\
                match = { time = { zone = \"America/New_York\", windows = { days = \"sat-sun\" } } }";
    let config = parse(text);
    let told: Vec<_> = explain(&config.routes, &facts("1")).map(|route| route.to_string()).collect();
    let line = "time: tue 2026-03-03 07:00 in America/New_York is outside sat-sun 00:00-24:00";
    assert_eq!(told, [format!("route \"r\" doesn't take it: {line}")]);
}

#[test]
fn every_action_is_read_short_and_long() {
    for (text, told) in [
        ("{ agent = \"receptionist\" }", "agent \"receptionist\""),
        ("{ menu = \"main\" }", "menu \"main\""),
        ("{ reject = { status = 603, reason = \"No\" } }", "reject with 603 No"),
        ("{ dial = \"phone:desk\" }", "dial phone:desk for 30 s"),
        ("{ dial = [\"phone:desk\", \"trunk:pbx\"] }", "dial phone:desk and trunk:pbx/{to} for 30 s"),
        (
            "{ dial = { to = [\"phone:{to}\", \"group:pstn/0{to}\"], strategy = \"in-order\", ring = 20, \
             otherwise = { menu = \"main\" } } }",
            "dial phone:{to}, then group:pstn/0{to} for 20 s, otherwise menu \"main\"",
        ),
        (
            "{ pin = { pins = [\"1234\", \"5678\"], then = { dial = \"sip:bob@192.0.2.1\" } } }",
            "ask for a PIN, then dial sip:bob@192.0.2.1 for 30 s",
        ),
    ] {
        assert_eq!(action(text).to_string(), told);
    }
}

#[test]
fn actions_may_also_be_written_as_tables_of_their_own() {
    let config = parse(&format!(
        "{WORLD}[[route]]\nname = \"r\"\n[route.action.dial]\nto = \"phone:desk\"\nring = 10\n\
         [route.action.dial.otherwise]\nagent = \"receptionist\""
    ));
    assert_eq!(config.routes[0].action.to_string(), "dial phone:desk for 10 s, otherwise agent \"receptionist\"");
}

#[test]
fn what_is_not_said_of_a_dial_is_as_telephones_do() {
    let short = dial("{ dial = \"phone:desk\" }");
    assert_eq!((short.strategy, short.ring.as_secs(), short.caller), (Strategy::All, 30, CallerIdentity::Caller));
    let long = dial("{ dial = { to = \"phone:desk\", caller = \"+4930\" } }");
    assert_eq!(long.caller, CallerIdentity::Fixed("+4930".into()));
}

#[test]
fn menus_lead_to_actions_and_back_to_each_other() {
    let config = parse(WORLD);
    let (main, sub) = (config.menu("main").unwrap(), config.menu("sub").unwrap());
    let chosen = |menu: &Menu, keys: &str| menu.options.get(&keys.parse::<Keys>().unwrap()).cloned();
    assert_eq!(chosen(main, "*"), Some(Choice::Repeat));
    assert_eq!(chosen(main, "12"), Some(Choice::Action(Action::Menu("sub".into()))));
    assert_eq!(chosen(sub, "0"), Some(Choice::Action(Action::Menu("main".into()))));
    assert!(chosen(main, "1").is_some());
    assert_eq!((main.timeout.as_secs(), main.between.as_secs(), main.attempts), (5, 2, 3));
    assert_eq!((sub.timeout.as_secs(), sub.between.as_secs(), sub.attempts), (7, 1, 2));
    assert_eq!(sub.prompt, Prompt::File("sub.wav".into()));
    assert_eq!(sub.exhausted, Some(Box::new(Action::Menu("main".into()))));
}

#[test]
fn the_office_takes_its_calls_as_its_comments_say() {
    let config = Config::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/office.toml")).unwrap();
    let taken = |facts: Facts<'_>| match decide(&config.routes, &facts) {
        Decision::Route(route) => route.name.clone(),
        Decision::NoRoute => "none".into(),
    };
    let phone = |to| Facts { phone: Some("201"), ..facts(to) };
    let trunk = |time: &str| Facts { trunk: Some("spare"), time: time.parse().unwrap(), ..facts("+4930555000") };
    assert_eq!(taken(phone("100")), "front desk");
    assert_eq!(taken(phone("202")), "between phones");
    assert_eq!(taken(phone("0301234567")), "from phones to the world");
    assert_eq!(taken(trunk("2026-03-03T09:00Z")), "office hours");
    assert_eq!(taken(trunk("2026-03-06T14:30Z")), "closed");
    assert_eq!(taken(trunk("2026-12-25T09:00Z")), "closed");
    assert_eq!(taken(facts("100")), "none");
}
