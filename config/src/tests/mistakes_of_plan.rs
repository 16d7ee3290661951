//! Mistakes of routes, menus and actions.

use super::mistakes::told_after;
use super::*;

#[test]
fn mistakes_of_conditions_are_told_with_their_place() {
    told_after(
        "[[route]]\nname = \"r\"\naction = { agent = \"receptionist\" }\n",
        &[
            ("match = { trunk = \"x\" }", "my.toml:4:19: there is no trunk \"x\"; there are none at all"),
            ("match = { phone = [\"*\", \"x\"], trunk = [\"x\"] }", "my.toml:4:40: there is no trunk \"x\""),
            ("match = { phone = \"x\" }", "my.toml:4:19: there is no phone \"x\""),
            ("match = { to = [] }", "my.toml:4:16: an empty list would mean nothing"),
            ("match = { to = \"\" }", "my.toml:4:16: a number pattern is empty"),
            (
                "match = { to = [\"100\", \"199-100\"] }",
                "my.toml:4:24: \"199-100\" is no range of numbers: it ends before",
            ),
            ("match = { from = \"/[/\" }", "my.toml:4:18: \"/[/\" is no regular expression"),
            ("match = { to = 100 }", "my.toml:4:16: invalid type: integer `100`, expected a text in quotes"),
            ("match = { tto = \"1\" }", "my.toml:4:11: unknown field `tto`"),
            ("match = { header = \"X\" }", "my.toml:4:20: invalid type: string \"X\", expected a table such as { name"),
            ("match = { header = { name = \"X Y\" } }", "my.toml:4:20: \"X Y\" is no name of a header field"),
            (
                "match = { header = { name = \"X\", equals = \"a\", matches = \"/a/\" } }",
                "my.toml:4:20: a header either",
            ),
            (
                "match = { header = { name = \"X\", matches = \"a\" } }",
                "my.toml:4:44: \"a\" is no regular expression; write it",
            ),
            ("match = { header = { name = \"X\", is = \"a\" } }", "my.toml:4:34: unknown field `is`"),
            (
                "match = { time = { zone = \"Berlin\" } }",
                "my.toml:4:27: \"Berlin\" is no time zone; write its IANA name",
            ),
            ("match = { time = { windows = { days = \"mon\" } } }", "my.toml:4:18: missing field `zone`"),
            (
                "match = { time = { zone = \"UTC\" } }",
                "my.toml:4:18: a time has windows, days that it excepts, or both",
            ),
            (
                "match = { time = { zone = \"UTC\", windows = { days = \"weekend\" } } }",
                "my.toml:4:53: \"weekend\" is no day",
            ),
            (
                "match = { time = { zone = \"UTC\", windows = { from = \"8\" } } }",
                "my.toml:4:53: \"8\" is no time of day",
            ),
            (
                "match = { time = { zone = \"UTC\", windows = { from = \"08:00\", to = \"08:00\" } } }",
                "my.toml:4:44: a window that begins and ends at 08:00 is empty or a whole day",
            ),
            (
                "match = { time = { zone = \"UTC\", except = [\"25.12.\"] } }",
                "my.toml:4:44: \"25.12.\" is no day; write",
            ),
        ],
    );
}

/// A trunk that only calls us, one that can be called, a group of that, and the beginning of a route.
const WORLD: &str = "[[trunk]]
name = \"in\"
peers = [\"any\"]
[[trunk]]
name = \"out\"
servers = [\"sip:a\"]
[[group]]
name = \"g\"
members = [\"out\"]
[[route]]
name = \"r\"
";

#[test]
fn mistakes_of_actions_are_told_with_their_place() {
    told_after(
        WORLD,
        &[
            ("action = { agent = \"bob\" }", "my.toml:12:20: there is no agent \"bob\"; there are \"receptionist\""),
            ("action = { menu = \"m\" }", "my.toml:12:19: there is no menu \"m\"; there are none at all"),
            (
                "action = { call = \"m\" }",
                "there is no action \"call\": an action is one of agent, dial, menu, pin and reject",
            ),
            ("action = {}", "my.toml:12:10: an action is one of agent, dial, menu, pin and reject"),
            ("action = \"agent\"", "my.toml:12:10: "),
            ("action = { agent = \"receptionist\", menu = \"m\" }", "\"agent\" and \"menu\" are two actions"),
            (
                "action = { reject = { status = 200 } }",
                "my.toml:12:32: a call is rejected with a status from 400 to 699, not 200",
            ),
            (
                "action = { reject = { status = 603, reason = \"a\\nb\" } }",
                "my.toml:12:32: a reason phrase is one line",
            ),
        ],
    );
}

#[test]
fn mistakes_of_dialling_are_told_with_their_place() {
    told_after(
        WORLD,
        &[
            ("action = { dial = \"bob\" }", "my.toml:12:19: \"bob\" can't be dialled; write \"phone:USER\""),
            ("action = { dial = [] }", "my.toml:12:19: an empty list would mean nothing"),
            ("action = { dial = \"phone:bob\" }", "my.toml:12:19: there is no phone \"bob\""),
            (
                "action = { dial = [\"trunk:out\", \"trunk:x\"] }",
                "my.toml:12:33: there is no trunk \"x\"; there are \"in\", \"out\"",
            ),
            ("action = { dial = \"trunk:in\" }", "my.toml:12:19: trunk \"in\" only takes calls"),
            ("action = { dial = { to = \"group:x\" } }", "my.toml:12:26: there is no group \"x\"; there are \"g\""),
            ("action = { dial = \"trunk:out/{callee}\" }", "my.toml:12:19: \"{callee}\" can't be filled in"),
            (
                "action = { dial = \"trunk:out/112\" }",
                "my.toml:12:19: emergency number 112 may not be dialled by this server",
            ),
            ("action = { dial = \"group:g/911\" }", "my.toml:12:19: emergency number 911 may not be dialled"),
            ("action = { dial = \"sip:bob@\" }", "my.toml:12:19: \"sip:bob@\" is no SIP URI"),
            (
                "action = { dial = { to = \"trunk:out\", ring = 1 } }",
                "my.toml:12:46: targets ring 3 seconds at least, not 1",
            ),
            (
                "action = { dial = { to = \"trunk:out\", strategy = \"random\" } }",
                "my.toml:12:50: unknown variant `random`",
            ),
            (
                "action = { dial = { to = \"trunk:out\", otherwise = { agent = \"bob\" } } }",
                "my.toml:12:61: there is no agent",
            ),
            ("action = { dial = { ring = 5 } }", "my.toml:12:19: missing field `to`"),
        ],
    );
}

#[test]
fn mistakes_of_pins_are_told_with_their_place_and_never_with_the_pin() {
    told_after(
        WORLD,
        &[
            ("action = { pin = { pins = [] } }", "my.toml:12:27: an empty list would mean nothing"),
            ("action = { pin = { pins = 7391 } }", "my.toml:12:27: a secret is a text in quotes"),
            ("action = { pin = 7391 }", "my.toml:12:18: a pin is a table: { pins = [..], then = ACTION }"),
            ("action = { pin = \"7391\" }", "my.toml:12:18: a pin is a table"),
            (
                "action = { pin = { pins = [\"12\"], then = { agent = \"receptionist\" } } }",
                "my.toml:12:28: a PIN is 4 to 16 digits",
            ),
            (
                "action = { pin = { pins = [7391], then = { agent = \"receptionist\" } } }",
                "my.toml:12:28: a secret is a text in",
            ),
            ("action = { pin = { pins = [\"1234\"] } }", "my.toml:12:18: missing field `then`"),
            (
                "action = { pin = { pins = [\"1234\"], attempts = 0, then = { agent = \"receptionist\" } } }",
                "my.toml:12:48: 0 attempts",
            ),
            (
                "action = { pin = { pins = [\"1234\"], then = { pin = { pins = [\"1234\"], then = { agent = \"x\" } } } } }",
                "no agent \"x\"",
            ),
        ],
    );
    for written in [
        "\"739x84\"",
        "739184",
        "[739184]",
        "{ pins = 739184 }",
        "739.184",
        "{ pins = 739.184 }",
        "{ pins = [739.184] }",
        "{ pins = [\"739x84\"] }",
    ] {
        let error = refused(&format!("{WORLD}action = {{ pin = {written} }}"));
        assert!(!error.contains("739"), "{error}");
    }
}

#[test]
fn mistakes_of_menus_are_told_with_their_place() {
    told_after(
        "[[menu]]\nname = \"m\"\n",
        &[
            ("prompt = \"x\"\noptions = {}", "my.toml:4:11: a menu has at least one option"),
            (
                "prompt = \"x\"\noptions = { a = \"repeat\" }",
                "\"a\" can't be pressed; an option is one or more of the keys",
            ),
            ("prompt = \"x\"\noptions = { 1 = \"again\" }", "my.toml:4:17: unknown variant `again`, expected `repeat`"),
            ("prompt = \"x\"\noptions = { 1 = { agent = \"bob\" } }", "my.toml:4:27: there is no agent \"bob\""),
            ("prompt = \" \"\noptions = { 1 = \"repeat\" }", "my.toml:3:10: nothing would be said; write a text"),
            (
                "prompt = \"hello.WAV\"\noptions = { 1 = \"repeat\" }",
                "my.toml:3:10: \"hello.WAV\" would be read out; write { file =",
            ),
            ("prompt = { wav = \"x\" }\noptions = { 1 = \"repeat\" }", "my.toml:3:12: unknown field `wav`"),
            (
                "prompt = \"x\"\noptions = { 1 = \"repeat\" }\ntimeout = 0",
                "my.toml:5:11: keys are waited for 1 second at least, not 0",
            ),
            ("prompt = \"x\"\noptions = { 1 = \"repeat\" }\nattempts = 0", "my.toml:5:12: 0 attempts would be none"),
            (
                "prompt = \"x\"\noptions = { 1 = \"repeat\" }\nexhausted = { agent = \"bob\" }",
                "my.toml:5:23: there is no agent",
            ),
            ("options = { 1 = \"repeat\" }", "my.toml:1:1: missing field `prompt`"),
        ],
    );
}

#[test]
fn actions_nest_only_as_deep_as_a_file_can() {
    let deep = |depth: usize| {
        let open = "{ dial = { to = \"sip:a@b\", otherwise = ".repeat(depth);
        format!("[[route]]\nname = \"r\"\naction = {open}{{ agent = \"receptionist\" }}{}", " } }".repeat(depth))
    };
    assert!(Config::parse(&deep(10), Path::new("my.toml")).is_ok());
    assert!(refused(&deep(10_000)).contains("my.toml:3:"));
}
