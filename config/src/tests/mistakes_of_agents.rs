//! Mistakes of agents.

use super::agents::WORLD;
use super::mistakes::told_after;
use super::*;

#[test]
fn keys_that_an_engine_has_no_use_for_are_refused() {
    told_after(
        WORLD,
        &[
            (
                "engine = \"modell\"",
                "my.toml:26:10: there is no engine \"modell\"; there are \"builtin\", \"model\", \"bot\"",
            ),
            (
                "prompt = \"x\"",
                "my.toml:26:10: prompt is for agents with an engine of another kind; name one as engine",
            ),
            ("engine = \"builtin\"\ntools = []", "my.toml:27:9: tools is for agents with an engine of another kind"),
            ("voice = \"x\"", "my.toml:26:9: voice is for"),
            ("greeting_early = true", "my.toml:26:18: greeting_early is for"),
            ("greeting_verbatim = true", "my.toml:26:21: greeting_verbatim is for"),
            ("transfer = { a = \"phone:desk\" }", "my.toml:26:12: transfer is for"),
            ("fallback = \"spare\"", "my.toml:26:12: fallback is for"),
            ("filler = \"x\"", "my.toml:26:10: filler is for"),
            (
                "engine = \"model\"\nparrot_lead_in = \"x\"",
                "my.toml:27:18: parrot_lead_in is for agents with the builtin engine",
            ),
            (
                "engine = \"bot\"\nprompt = \"x\"",
                "my.toml:27:10: prompt is for \"bot\" to know, which is a bot of its own",
            ),
            ("engine = \"bot\"\ngreeting = \"x\"", "my.toml:27:12: greeting is for \"bot\" to know"),
            ("engine = \"bot\"\ngreeting_interruptible = true", "my.toml:27:26: greeting_interruptible is for \"bot\""),
            ("engine = \"bot\"\nparrot_lead_in = \"x\"", "my.toml:27:18: parrot_lead_in is for \"bot\""),
            ("engine = \"bot\"\nvoice = \"x\"", "my.toml:27:9: voice is for \"bot\""),
            ("engine = \"bot\"\ntools = []", "my.toml:27:9: tools is for \"bot\""),
            (
                "engine = \"t\"\ntransfer = { a = \"phone:desk\" }\n[[engine]]\nname = \"t\"\nkind = \"stream\"\nurl = \"ws://a\"\ndialect = \"twilio\"",
                "my.toml:27:12: transfer can't be asked for in Twilio's protocol",
            ),
        ],
    );
}

#[test]
fn mistakes_of_what_a_model_is_told_are_told_with_their_place() {
    told_after(
        &format!("{WORLD}engine = \"model\"\n"),
        &[
            ("prompt = \"You are {{ name }.\"", "my.toml:27:27: unexpected `}`, expected end of variable block"),
            ("prompt = \"\"\"\nYou are\n{{ name | uper }}.\n\"\"\"", "my.toml:29:11: filter uper is unknown"),
            ("prompt = { file = \"/no/such.md\" }", "my.toml:27:10: the file /no/such.md can't be read"),
            ("greeting = \"{% if x %}\"", "my.toml:27:21: unexpected end of input"),
            ("greeting = \" \"", "my.toml:27:12: nothing would be said; leave it out"),
            ("greeting_early = true", "my.toml:27:18: greeting_early does nothing without a greeting; write one"),
            ("voice = \"\"", "my.toml:27:9: \"\" must be one line of text"),
            (
                "tools = [\"hang_up\", \"hangup\"]",
                "my.toml:27:21: there is no tool \"hangup\"; there are \"hang_up\", \"send_dtmf\", \"collect_digits\", \"transfer\", \"look_up\"",
            ),
            ("tools = [\"look_up\", \"look_up\"]", "my.toml:27:21: \"look_up\" is among the tools already"),
            ("tools = [\"transfer\"]", "my.toml:27:10: \"transfer\" needs to know to whom; write transfer ="),
            (
                "transfer = { a = \"phone:desk\" }",
                "my.toml:27:12: nobody would transfer anyone; write tools = [\"transfer\"]",
            ),
            ("transfer = { a = \"phone:x\" }", "my.toml:27:18: there is no phone \"x\"; there are \"desk\""),
            ("transfer = { a = \"desk\" }", "my.toml:27:18: \"desk\" can't be dialled; write \"phone:USER\""),
            ("transfer = { \"\" = \"phone:desk\" }", "my.toml:27:19: \"\" must be one line of text"),
            (
                "transfer = { a = { to = \"phone:desk\", otherwise = { agent = \"x\" } } }",
                "my.toml:27:61: there is no agent \"x\"; there are \"spare\", \"a\"",
            ),
            (
                "variables = { a-b = 1 }",
                "my.toml:27:21: \"a-b\" is no name of a variable; it has letters, digits and _",
            ),
            ("variables = { a = [1] }", "my.toml:27:19: a text, a number, or true or false"),
        ],
    );
}

#[test]
fn mistakes_of_what_happens_when_an_engine_or_a_caller_is_silent_are_told_with_their_place() {
    told_after(
        &format!("{WORLD}engine = \"model\"\n"),
        &[
            ("fallback = \"x\"", "my.toml:27:12: there is no agent \"x\"; there are \"spare\", \"a\""),
            ("fallback = [\"spare\", \"x\"]", "my.toml:27:22: there is no agent \"x\""),
            ("fallback = \"a\"", "my.toml:27:12: \"a\" can't stand in for itself"),
            (
                "fallback = [{ say = \"x\" }, \"spare\"]",
                "my.toml:27:13: the call ends after last words; write them last",
            ),
            ("fallback = { say = \"{{ x }}\" }", "my.toml:27:12: this is said in every call alike"),
            ("fallback = { tell = \"x\" }", "my.toml:27:14: unknown field `tell`"),
            ("fallback = []", "my.toml:27:12: an empty list would mean nothing"),
            ("filler = \"\"", "my.toml:27:10: nothing would be said"),
            ("filler = \"wait.wav\"", "my.toml:27:10: \"wait.wav\" would be read out; write { file = \"wait.wav\" }"),
            ("filler = \"{{ x }}\"", "my.toml:27:10: this is said in every call alike"),
            ("idle = { prompts = 1 }", "my.toml:27:8: missing field `after`"),
            ("idle = 20", "my.toml:27:8: invalid type: integer `20`, expected a table such as { after = 20"),
            ("idle = { after = 1 }", "my.toml:27:18: the seconds of after lie between 2 and 600, not 1"),
            ("idle = { after = 9, prompts = 11 }", "my.toml:27:31: a caller is asked 10 times at most, not 11"),
            ("idle = { after = 9, prompts = [] }", "my.toml:27:31: prompts are 1 to 10 texts, not 0"),
            ("idle = { after = 9, prompts = true }", "my.toml:27:31: a number, a text, or a list of texts"),
            ("idle = { after = 9, goodbye = \"{{ x }}\" }", "my.toml:27:31: this is said in every call alike"),
            ("max_duration = 5", "my.toml:27:16: max_duration lies between 10 and 86400, not 5"),
        ],
    );
    told_after(
        WORLD,
        &[
            ("idle = { after = 9, prompts = \"x\" }", "my.toml:26:31: the builtin engine has words of its own"),
            ("engine = \"bot\"\nidle = { after = 9 }", "my.toml:27:8: a bot isn't asked to put this into words"),
            (
                "engine = \"bot\"\nidle = { after = 9, prompts = 2 }",
                "my.toml:27:8: a bot isn't asked to put this into words",
            ),
        ],
    );
}

#[test]
fn fallbacks_that_lead_in_a_circle_are_refused() {
    let agent = |name: &str, to: &str| format!("[[agent]]\nname = \"{name}\"\nengine = \"model\"\nfallback = {to}\n");
    let world =
        WORLD.replace("[[agent]]\nname = \"spare\"\n[[agent]]\nname = \"a\"\n", "[[agent]]\nname = \"spare\"\n");
    let good = [agent("a", "[\"b\", \"c\"]"), agent("b", "[\"c\", \"spare\"]"), agent("c", "\"spare\"")].concat();
    parse(&format!("{world}{good}"));
    let bad = [agent("a", "\"b\""), agent("b", "[\"spare\", \"c\"]"), agent("c", "\"b\"")].concat();
    let error = refused(&format!("{world}{bad}"));
    let line = world.lines().count() + 8;
    let told = format!("my.toml:{line}:12: fallback leads in a circle: from \"b\" to \"c\", then \"b\"");
    assert_eq!(error, told);
}
