//! Mistakes of engines and tools.

use super::mistakes::told_after;

#[test]
fn mistakes_of_engines_are_told_with_their_place() {
    told_after(
        "[[engine]]\nname = \"e\"\n",
        &[
            ("", "my.toml:1:1: missing field `kind`"),
            ("kind = \"gemini\"", "my.toml:3:8: unknown variant `gemini`, expected one of `builtin`, `realtime`"),
            ("kind = \"builtin\"\nmodel = \"m\"", "my.toml:4:9: model is for engines that are reached over a network"),
            ("kind = \"builtin\"\nurls = \"m\"", "my.toml:4:1: unknown field `urls`"),
            (
                "kind = \"builtin\"\n[[engine]]\nname = \"e\"\nkind = \"builtin\"",
                "my.toml:5:8: two engines are called \"e\"",
            ),
            (
                "kind = \"builtin\"\n[[engine]]\nname = \"builtin\"\nkind = \"builtin\"",
                "my.toml:5:8: the engine \"builtin\" is there",
            ),
        ],
    );
}

const REALTIME: &str = "[[engine]]\nname = \"e\"\nkind = \"realtime\"\n";

#[test]
fn mistakes_of_services_are_told_with_their_place() {
    told_after(
        REALTIME,
        &[
            ("key = \"k\"", "my.toml:2:8: a realtime engine needs a model, such as model = "),
            ("model = \"m\"", "my.toml:2:8: a realtime engine needs a key, such as key = \"${env:OPENAI_API_KEY}\""),
            (
                "model = \"m\"\nkey = \"${env:TALKPATH_NO_SUCH}\"",
                "my.toml:5:7: the environment variable TALKPATH_NO_SUCH",
            ),
            ("model = \"m\"\nkey = \"a b\"", "my.toml:5:7: key is empty or holds what no header can"),
        ],
    );
    told_after(
        &format!("{REALTIME}model = \"m\"\nkey = \"k\"\n"),
        &[
            ("dialect = \"twilio\"", "my.toml:6:11: dialect is for engines of kind \"stream\", and \"e\" is realtime"),
            ("service = \"openia\"", "my.toml:6:11: unknown variant `openia`, expected one of `openai`, `azure`"),
            ("service = \"azure\"", "my.toml:6:11: Azure needs a resource"),
            ("service = \"azure\"\nresource = \"a.b\"", "my.toml:7:12: a resource is NAME of NAME.openai.azure.com"),
            (
                "service = \"azure\"\nresource = \"a\"\napi_version = \"v\"",
                "my.toml:8:15: api_version is for \"azure-preview\"",
            ),
            ("service = \"azure-preview\"\nresource = \"a\"", "my.toml:6:11: the preview needs an api_version"),
            (
                "service = \"azure\"\nresource = \"a\"\nauth = \"key\"",
                "my.toml:8:8: \"key\" is none of \"api-key\", \"entra\"",
            ),
            ("resource = \"a\"", "my.toml:6:12: resource is for Azure alone"),
            ("service = \"beta\"", "my.toml:2:8: url must say where the server is"),
            ("url = \"https://a\"", "my.toml:6:7: url must begin with wss:// or ws://"),
            ("url = \"ws://a\"\nca = \"ca.pem\"", "my.toml:7:6: ca is for wss://"),
            ("service = \"qwen\"\naudio = \"pcmu\"", "my.toml:7:9: audio must be pcm: Qwen has no G.711"),
            ("audio = \"opus\"", "my.toml:6:9: \"opus\" is none of \"pcm\", \"pcmu\", \"pcma\""),
            ("audio = { to_caller = 8000 }", "my.toml:6:9: a service has rates of its own"),
        ],
    );
}

#[test]
fn mistakes_of_how_a_service_is_talked_to_are_told_with_their_place() {
    told_after(
        &format!("{REALTIME}model = \"m\"\nkey = \"k\"\n"),
        &[
            ("append_ms = 10", "my.toml:6:13: append_ms must lie between 20 and 100 ms"),
            ("backlog = 61", "my.toml:6:11: backlog lies between 0 and 60, not 61"),
            ("connect_timeout = 0", "my.toml:6:19: connect_timeout lies between 1 and 60, not 0"),
            ("stall = 1", "my.toml:6:9: stall lies between 5 and 300, not 1"),
            ("session = 1", "my.toml:6:11: session lies between 60 and 86400, not 1"),
            ("keys_ms = 20000", "my.toml:6:11: keys_ms lies between 0 and 10000, not 20000"),
            ("redial = { first_ms = 9000 }", "my.toml:6:10: the first wait, 9000 ms, is at most the longest, 8000 ms"),
            ("redial = { attempts = 101 }", "my.toml:6:10: an engine is dialled 100 times at most, not 101"),
            ("redial = { tries = 1 }", "my.toml:6:12: unknown field `tries`"),
            ("transcription = 7", "my.toml:6:17: false, the name of a model, or a table such as"),
            (
                "turn_end = \"theirs\"",
                "my.toml:6:12: unknown variant `theirs`, expected one of `ours`, `server`, `semantic`",
            ),
            (
                "turn_end = { by = \"ours\", threshold = 0.5 }",
                "my.toml:6:39: threshold is the service's; ours are in an agent's turn",
            ),
            ("turn_end = { by = \"semantic\", threshold = 0.5 }", "my.toml:6:43: threshold goes with by = \"server\""),
            (
                "turn_end = { by = \"server\", eagerness = \"low\" }",
                "my.toml:6:41: eagerness goes with by = \"semantic\"",
            ),
            (
                "turn_end = { by = \"server\", threshold = -0.5 }",
                "my.toml:6:41: a threshold lies between 0 and 1, not -0.5",
            ),
            (
                "turn_end = { by = \"server\", silence_duration_ms = 1 }",
                "my.toml:6:51: silence_duration_ms lies between 50 and",
            ),
            ("extra = { model = \"x\" }", "my.toml:6:9: model isn't for extra; what says it is model"),
            (
                "extra = { audio = { input = { format = {} } } }",
                "my.toml:6:9: audio.input.format isn't for extra; what says it is audio",
            ),
            ("extra = { temperature = nan }", "my.toml:6:9: JSON has no NaN"),
            ("headers = { Authorization = \"x\" }", "my.toml:6:29: Authorization is said by talkpath itself"),
            ("headers = { \"a b\" = \"x\" }", "my.toml:6:21: \"a b\" is no name of a header field"),
            ("headers = { a = \"x\\ny\" }", "my.toml:6:17: the value of a is one line of ASCII"),
            (
                "headers = { a = \"x ${env:Y\" }",
                "my.toml:6:17: a secret is taken from \"${env:NAME}\" or \"${file:PATH}\"",
            ),
        ],
    );
}

#[test]
fn mistakes_of_bots_are_told_with_their_place() {
    told_after(
        "[[engine]]\nname = \"e\"\nkind = \"stream\"\n",
        &[
            ("", "my.toml:2:8: a stream engine needs a url"),
            ("url = \"bot\"", "my.toml:4:7: url must begin with wss:// or ws://"),
        ],
    );
    told_after(
        "[[engine]]\nname = \"e\"\nkind = \"stream\"\nurl = \"wss://a\"\n",
        &[
            ("model = \"m\"", "my.toml:5:9: model is for engines of kind \"realtime\", and \"e\" is stream"),
            ("dialect = \"telnyx\"", "my.toml:5:11: unknown variant `telnyx`"),
            ("account_sid = \"AC\"", "my.toml:5:15: account_sid is for dialect = \"twilio\" alone"),
            (
                "dialect = \"twilio\"\naccount_sid = \"AC\"",
                "my.toml:6:15: account_sid must be AC and 32 hexadecimal digits",
            ),
            ("dialect = \"twilio\"\naudio = \"pcmu\"", "my.toml:6:9: audio is always pcmu with Twilio; leave it out"),
            ("dialect = \"twilio\"\nreconnect = true", "my.toml:6:13: reconnect must be off with Twilio"),
            ("audio = { from_caller = 44100 }", "my.toml:5:25: a rate is 8000, 16000 or 24000, not 44100"),
            ("frame_ms = 5", "my.toml:5:12: frame_ms must lie between 20 and 100 ms"),
            ("interruption = \"on\"", "my.toml:5:16: \"on\" is none of \"auto\", \"immediate\", \"off\""),
            ("drain_ms = 10", "my.toml:5:12: drain_ms must lie between 40 ms and 5 s"),
            ("queue = 0", "my.toml:5:9: queue must lie between a second and ten minutes"),
            ("ping = 601", "my.toml:5:8: ping must lie between a second and ten minutes"),
            ("farewell = 61", "my.toml:5:12: farewell must be a minute at most"),
            ("headers = { Host = \"a\" }", "my.toml:5:20: Host is said by talkpath itself"),
        ],
    );
}

#[test]
fn mistakes_of_tools_are_told_with_their_place() {
    told_after(
        "[[tool]]\n",
        &[
            ("name = \"t\"\nurl = \"https://a\"", "my.toml:1:1: missing field `description`"),
            (
                "name = \"t\"\ndescription = \" \"\nurl = \"https://a\"",
                "my.toml:3:15: a model calls what it is told of",
            ),
            ("name = \"t t\"\ndescription = \"d\"\nurl = \"https://a\"", "my.toml:2:8: \"t t\" is no name of a tool"),
            (
                "name = \"hang_up\"\ndescription = \"d\"\nurl = \"https://a\"",
                "my.toml:2:8: the tool \"hang_up\" is there",
            ),
        ],
    );
    let head = "[[tool]]\nname = \"t\"\ndescription = \"d\"\n";
    told_after(
        head,
        &[
            ("url = \"a\"", "my.toml:4:7: a url begins with https:// or http://"),
            ("url = \"https:///x\"", "my.toml:4:7: a url names a server"),
            (
                "url = \"https://me:x@a\"",
                "my.toml:4:7: a url names a server, such as https://crm.example.com; what opens its door",
            ),
            ("url = \"https://{{ host }}/x\"", "my.toml:4:7: the server isn't for a model to choose"),
            ("url = \"https://a/{{ x\"", "my.toml:4:21: unexpected end of input"),
            ("url = \"https://a/{{ x | urlify }}\"", "my.toml:4:25: filter urlify is unknown"),
            (
                "url = \"https://a\"\n[[tool]]\nname = \"t\"\ndescription = \"d\"\nurl = \"https://a\"",
                "my.toml:6:8: two tools are called \"t\"",
            ),
        ],
    );
    told_after(
        &format!("{head}url = \"https://a\"\n"),
        &[
            ("method = \"HEAD\"", "my.toml:5:10: \"HEAD\" is none of \"GET\", \"POST\""),
            ("method = \"GET\"\nbody = true", "my.toml:6:8: a GET has no body; write method = \"POST\""),
            (
                "method = \"GET\"\nparameters = { type = \"object\", properties = { id = {} } }",
                "my.toml:4:7: without a body the argument id goes nowhere; write it into the url, as {{ id }}",
            ),
            (
                "parameters = { id = { type = \"string\" } }",
                "my.toml:5:14: arguments are an object; write type = \"object\"",
            ),
            ("parameters = { type = \"object\", required = [\"x\"] }", "my.toml:5:14: parameters.required names \"x\""),
            ("timeout = 0", "my.toml:5:11: timeout lies between 1 and 120, not 0"),
            ("say = \"Wait, {{ name }}.\"", "my.toml:5:7: this is said in every call alike and can't have variables"),
            ("headers = { Host = \"a\" }", "my.toml:5:20: Host is said by talkpath itself"),
            ("retries = 1", "my.toml:5:1: unknown field `retries`"),
        ],
    );
}
