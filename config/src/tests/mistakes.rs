//! Every mistake is told with its place and what would be right.

use super::*;

fn told(files: &[(&str, &str)]) {
    for (text, told) in files {
        let error = refused(text);
        assert!(error.contains(told), "{text:?} was told: {error}");
    }
}

/// Each is told of a file that begins with `head`.
pub(super) fn told_after(head: &str, files: &[(&str, &str)]) {
    for (more, told) in files {
        let error = refused(&format!("{head}{more}"));
        assert!(error.contains(told), "{more:?} was told: {error}");
    }
}

#[test]
fn mistakes_of_signalling_and_media_are_told_with_line_and_column_and_what_would_be_right() {
    told(&[
        ("[sip]\nlissen = []", "my.toml:2:1: unknown field `lissen`"),
        (
            "[sip]\nlisten = [\"tls://0.0.0.0:1\"]",
            "my.toml:2:11: \"tls://0.0.0.0:1\" is no place to listen; write \"udp",
        ),
        ("[sip]\nlisten = []", "my.toml:2:10: nothing is listened on"),
        ("[sip]\nallow = [\"home\"]", "my.toml:2:10: \"home\" is no source of calls"),
        ("[sip]\ndigest = []", "my.toml:2:10: nobody can prove anything without an algorithm"),
        ("[sip]\ndigest = [\"MD4\"]", "my.toml:2:11: \"MD4\" is no digest algorithm"),
        ("[sip]\nrealm = \"\"", "my.toml:2:9: a realm is one line of text"),
        (
            "[sip]\ndns = \"dns.example.com\"",
            "my.toml:2:7: \"dns.example.com\" is no name server; write \"ADDRESS:PORT\"",
        ),
        ("[http]\nlisten = \"8080\"", "my.toml:2:10: \"8080\" is no place to listen; write \"ADDRESS:PORT\""),
        ("[http]\nlisten = \"0.0.0.0:8080\"", "my.toml:2:10: 0.0.0.0:8080 can be reached by others: set http.key too"),
        ("[http]\nlisten = \"[::]:80\"", "my.toml:2:10: [::]:80 can be reached by others: set http.key too"),
        ("[http]\nkey = \"0123456789abcde\"", "my.toml:2:7: a key is at least 16 visible ASCII characters"),
        ("[http]\nkey = \"0123456789 abcdef\"", "my.toml:2:7: a key is at least 16 visible ASCII characters"),
        ("[http]\nkey = \"0123456789abcdéf\"", "my.toml:2:7: a key is at least 16 visible ASCII characters"),
        ("[http]\nkey = \"${env:TALKPATH_TEST_NOT_SET}\"", "my.toml:2:7: "),
        ("[media]\nptime = 25", "my.toml:2:9: ptime is 10, 20, 30, 40, 50 or 60 milliseconds, not 25"),
        ("[media]\nrtp_ports = \"5-9\"", "my.toml:2:13: \"5-9\" is no range of RTP ports"),
        ("[media]\ncodecs = []", "my.toml:2:10: no codec is left"),
        ("[media]\ncodecs = [\"G729\"]", "my.toml:2:11: unknown variant `G729`"),
        ("[media]\n\ndscp = 64", "my.toml:3:8: a code point is 0 to 63, not 64"),
        ("[sip", "my.toml:1:5: "),
    ]);
}

#[test]
fn two_of_one_name_are_told_where_the_second_is() {
    told(&[
        ("[[agent]]\nname = \"a\"\n[[agent]]\nname = \"a\"", "my.toml:4:8: two agents are called \"a\""),
        (
            "[[trunk]]\nname = \"a\"\npeers = [\"any\"]\n[[trunk]]\nname = \"a\"\npeers = [\"any\"]",
            "my.toml:5:8: two trunks are called \"a\"",
        ),
        (
            "[[phone]]\nuser = \"a\"\npassword = \"x\"\n[[phone]]\nuser = \"a\"\npassword = \"x\"",
            "my.toml:5:8: two phones are called \"a\"",
        ),
        (
            "[[menu]]\nname = \"a\"\nprompt = \"x\"\noptions = {}\n[[menu]]\nname = \"a\"\nprompt = \"x\"\noptions = {}",
            "my.toml:6:8: two menus are called \"a\"",
        ),
        (
            "[[group]]\nname = \"a\"\nmembers = [\"t\"]\n[[group]]\nname = \"a\"\nmembers = [\"t\"]",
            "my.toml:5:8: two groups",
        ),
        ("[[agent]]\nname = \"\"", "my.toml:2:8: \"\" is no name"),
        ("[[agent]]\nname = \"a\"", "my.toml:2:8: no route leads to this agent; write a [[route]]"),
        ("[[trunk]]\nname = \"a/b\"", "my.toml:2:8: \"a/b\" is no name; it isn't empty and has none of / { } *"),
        ("[[agent]]\nname = \"a\"\nturn = { suspect_ms = 500 }", "my.toml:3:8: "),
    ]);
}

#[test]
fn mistakes_of_trunks_are_told_with_their_place() {
    told_after(
        "[[trunk]]\nname = \"pbx\"\n",
        &[
            (
                "username = \"u\"",
                "my.toml:2:8: trunk \"pbx\" leads nowhere, and nobody calls by it; write registrar, servers or peers",
            ),
            ("registrar = \"pbx\"", "my.toml:3:13: \"pbx\" is no SIP server; write \"sip:HOST\""),
            ("registrar = \"sips:pbx\"", "my.toml:3:13: \"sips:pbx\" asks for another transport than UDP and TCP"),
            (
                "servers = [\"sip:a\", \"sip:b;transport=tls\"]",
                "my.toml:3:21: \"sip:b;transport=tls\" asks for another",
            ),
            ("registrar = \"sip:a\"\nregister = true", "my.toml:4:12: to register takes a registrar and a username"),
            ("peers = [\"any\"]\npassword = \"x\"", "my.toml:4:12: a password is somebody's; write username too"),
            ("peers = [\"any\"]\nusername = \"u\"\nrealm = \"r\"", "my.toml:5:9: this does nothing without a password"),
            ("peers = [\"any\"]\nchallenge = true", "my.toml:4:13: peers prove that they know the password; write one"),
            (
                "registrar = \"sip:a\"\nusername = \"u\"\npassword = \"${env:TALKPATH_NO_SUCH}\"",
                "my.toml:5:12: the environment variable TALKPATH_NO_SUCH is not set",
            ),
            ("registrar = \"sip:a\"\nexpires = 5", "my.toml:4:11: a registration lasts 30 seconds at least, not 5"),
            ("peers = [\"any\"]\ncaller = []", "my.toml:4:10: an empty list would mean nothing"),
            (
                "peers = [\"any\"]\ncaller = [\"contact\"]",
                "my.toml:4:11: unknown variant `contact`, expected one of `p-asserted",
            ),
            (
                "peers = [\"any\"]\ncalled = \"contact\"",
                "my.toml:4:10: unknown variant `contact`, expected one of `request-uri`",
            ),
            ("peers = [\"any\"]\nidentity = \"from\"", "my.toml:4:12: unknown variant `from`"),
            ("peers = []", "my.toml:3:9: an empty list would mean nothing"),
            ("peers = [\"any\"]\nmax_calls = 0", "my.toml:4:13: a cap of 0 would refuse every call"),
            ("peers = [\"any\"]\ncalls_per_second = 0", "my.toml:4:20: a cap of 0 would refuse every call"),
            ("peers = [\"any\"]\noptions = 60", "my.toml:4:11: there is nobody to ask; write registrar or servers"),
            (
                "servers = [\"sip:a\"]\noptions = 1",
                "my.toml:4:11: a trunk is asked every 5 seconds at most, or never (0)",
            ),
            (
                "peers = [\"any\"]\noverload_status = 200",
                "my.toml:4:19: a call is refused with a status from 400 to 699, not 200",
            ),
            ("peers = [\"any\"]\nredirects = 9", "my.toml:4:13: 0 to 5 redirections are followed, not 9"),
            ("peers = [\"any\"]\ntransport = \"tcp\"", "my.toml:4:1: unknown field `transport`"),
        ],
    );
}

#[test]
fn mistakes_of_numbers_are_told_with_their_place() {
    told(&[
        ("[numbers]\ncountry = \"+49\"", "my.toml:2:11: \"+49\" is no country code"),
        ("[numbers]\ninternational = \"x\"", "my.toml:2:17: \"x\" is no dialling prefix"),
        ("[numbers]\ncountry = \"49\"\nnational = \"00\"", "my.toml:3:12: \"00\" can't be both"),
        ("[numbers]\nemergency = [\"+112\"]", "my.toml:2:13: \"+112\" is no emergency number; write its digits"),
        ("[[forbid]]\nname = \"x\"\nprefixes = []", "my.toml:3:12: an empty list would mean nothing"),
        (
            "[[forbid]]\nname = \"x\"\nprefixes = [\"0900\", \"sex\"]",
            "my.toml:3:21: \"sex\" is no beginning of a number",
        ),
    ]);
    told_after(
        "[[trunk]]\nname = \"t\"\nservers = [\"sip:a\"]\n",
        &[
            (
                "numbers = { outbound = { format = \"national\" } }",
                "my.toml:4:35: numbers can't be written as \"national\" without such as country = \"49\", here or in [numbers]",
            ),
            ("numbers = { inbound = { format = \"international\" } }", "my.toml:4:34: numbers can't be written"),
            (
                "numbers = { inbound = { format = \"local\" } }",
                "my.toml:4:34: \"local\" is no format of numbers; write \"as-is\"",
            ),
            ("numbers = { inbound = { prefix = \"x\" } }", "my.toml:4:34: \"x\" can't be dialled before a number"),
        ],
    );
}

#[test]
fn mistakes_of_groups_and_phones_are_told_with_their_place() {
    told_after(
        "[[trunk]]\nname = \"in\"\npeers = [\"any\"]\n[[trunk]]\nname = \"out\"\nservers = [\"sip:a\"]\n[[group]]\nname = \"g\"\n",
        &[
            ("members = []", "my.toml:9:11: an empty list would mean nothing"),
            ("members = [\"x\"]", "my.toml:9:12: there is no trunk \"x\"; there are \"in\", \"out\""),
            ("members = [\"out\", { trunk = \"in\" }]", "my.toml:9:19: trunk \"in\" only takes calls"),
            ("members = [\"out\", \"out\"]", "my.toml:9:19: trunk \"out\" is in the group already"),
            ("members = [{ trunk = \"out\", wait = 1 }]", "my.toml:9:29: unknown field `wait`"),
        ],
    );
    told_after(
        "[[phone]]\n",
        &[
            ("user = \"a b\"\npassword = \"x\"", "my.toml:2:8: \"a b\" is no user of a phone"),
            ("user = \"a\"", "my.toml:1:1: missing field `password`"),
            ("user = \"a\"\npassword = \"\"", "my.toml:3:12: a secret is empty"),
            ("user = \"a\"\npassword = \"x\"\ndisplay = \"a\\r\\nb\"", "my.toml:4:11: \"a\\r\\nb\" must be one line"),
            ("user = \"a\"\npassword = 739184", "my.toml:3:12: a secret is a text in quotes"),
            (
                "user = \"a\"\npassword = \"x\"\nmin_expires = 1",
                "my.toml:4:15: a registration lasts 10 seconds at least",
            ),
            (
                "user = \"a\"\npassword = \"x\"\nmax_expires = 30",
                "my.toml:4:15: min_expires, which is 60, is more than max_expires, 30",
            ),
            ("user = \"a\"\npassword = \"x\"\nmax_contacts = 0", "my.toml:4:16: "),
        ],
    );
    assert!(!refused("[[phone]]\nuser = \"a\"\npassword = 739184").contains("739"));
}
