//! Trunks, groups and phones: what is read, and what is filled in.

use super::*;
use std::num::NonZeroU32;
use talkpath_dialplan::{Format, Rewrite};
use talkpath_sip::message::Uri;

fn trunk(more: &str) -> Trunk {
    parse(&format!("[[trunk]]\nname = \"t\"\n{more}")).trunks.remove(0)
}

fn uris(servers: &[Uri]) -> Vec<String> {
    servers.iter().map(ToString::to_string).collect()
}

#[test]
fn a_trunk_with_a_registrar_and_a_user_registers_and_is_called_there() {
    let trunk = trunk("registrar = \"sip:pbx.example.com;transport=tcp\"\nusername = \"1000\"\npassword = \"x\"");
    assert!(trunk.register && trunk.options.is_none());
    assert_eq!(uris(&trunk.servers), ["sip:pbx.example.com;transport=tcp"]);
    assert_eq!(trunk.expires, Duration::from_secs(300));
    assert_eq!(trunk.credentials.unwrap().username, "1000");
    assert_eq!((trunk.overload_status, trunk.redirects), (503, 1));
    assert_eq!((trunk.called, trunk.identity), (CalledHeader::RequestUri, IdentityHeader::None));
    assert_eq!(trunk.caller, [CallerHeader::PAssertedIdentity, CallerHeader::RemotePartyId, CallerHeader::From]);
}

#[test]
fn a_trunk_that_is_known_by_its_addresses_is_probed_where_it_can_be_called() {
    let both = trunk("servers = [\"sip:a\", \"sip:b\"]\npeers = [\"192.0.2.0/24\"]");
    assert!(!both.register && both.credentials.is_none());
    assert_eq!(both.options, Some(Duration::from_secs(60)));
    assert_eq!(uris(&both.servers), ["sip:a", "sip:b"]);
    let inbound = trunk("peers = [\"192.0.2.0/24\"]");
    assert!(inbound.servers.is_empty() && inbound.options.is_none());
    assert_eq!(trunk("servers = \"sip:a\"\noptions = 0").options, None);
}

#[test]
fn everything_that_can_be_said_of_a_trunk_is_read() {
    let trunk = trunk(
        "servers = [\"sip:a\"]\nusername = \"u\"\npassword = \"x\"\nauth_username = \"auth\"\nrealm = \"r\"\nchallenge = true\n\
         called = \"diversion\"\ncaller = [\"from\"]\nidentity = \"p-preferred-identity\"\ncaller_id = \"+4930\"\nprivacy = true\n\
         max_calls = 30\ncalls_per_second = 5\noptions = 20\noverload_status = 480\nredirects = 0",
    );
    let credentials = trunk.credentials.as_ref().unwrap();
    assert_eq!((credentials.username.as_str(), credentials.realm.as_deref()), ("auth", Some("r")));
    assert_eq!(trunk.username.as_deref(), Some("u"));
    assert!(trunk.challenge && trunk.privacy && !trunk.register);
    assert_eq!(trunk.called, CalledHeader::Diversion);
    assert_eq!(trunk.caller, [CallerHeader::From]);
    assert_eq!(trunk.identity, IdentityHeader::PPreferredIdentity);
    assert_eq!((trunk.caps.calls, trunk.caps.per_second), (NonZeroU32::new(30), NonZeroU32::new(5)));
    assert_eq!(trunk.options, Some(Duration::from_secs(20)));
    assert_eq!((trunk.overload_status, trunk.redirects), (480, 0));
}

#[test]
fn numbers_are_left_alone_until_it_is_known_which_country_they_are_of() {
    let alone = trunk("servers = [\"sip:a\"]").numbers;
    assert_eq!((alone.inbound, alone.outbound), (Rewrite::default(), Rewrite::default()));
    let config = parse("[numbers]\ncountry = \"49\"\n[[trunk]]\nname = \"t\"\nservers = [\"sip:a\"]");
    let numbers = &config.trunks[0].numbers;
    assert_eq!(numbers.inbound.inbound(&numbers.plan, "030 123456"), "+4930123456");
    assert_eq!((numbers.inbound.format, numbers.outbound.format), (Format::E164, Format::E164));
}

#[test]
fn a_trunk_has_the_plan_of_its_own_country_and_of_home_otherwise() {
    let config = parse(
        "[numbers]\ncountry = \"49\"\n\
         [[trunk]]\nname = \"home\"\nservers = [\"sip:a\"]\n\
         numbers = { national = \"\", outbound = { strip = 1, prefix = \"9\", format = \"national\" } }\n\
         [[trunk]]\nname = \"away\"\nservers = [\"sip:a\"]\nnumbers = { country = \"1\", inbound = { format = \"digits\" } }",
    );
    let plans: Vec<_> = config.trunks.iter().map(|trunk| &trunk.numbers.plan).collect();
    assert_eq!((plans[0].country(), plans[0].international(), plans[0].national()), (Some("49"), Some("00"), None));
    assert_eq!(
        (plans[1].country(), plans[1].international(), plans[1].national()),
        (Some("1"), Some("011"), Some("1"))
    );
    let outbound = &config.trunks[0].numbers.outbound;
    assert_eq!(*outbound, Rewrite { strip: 1, prefix: "9".into(), format: Format::National });
    assert_eq!(config.trunks[1].numbers.inbound.format, Format::Digits);
}

#[test]
fn a_group_has_members_with_priorities_and_weights_or_names_alone() {
    let config = parse(
        "[[trunk]]\nname = \"a\"\nservers = [\"sip:a\"]\n[[trunk]]\nname = \"b\"\nservers = [\"sip:b\"]\n\
         [[group]]\nname = \"g\"\nmembers = [\"a\", { trunk = \"b\", priority = 2, weight = 70 }]",
    );
    let members = &config.group("g").unwrap().members;
    let told: Vec<_> = members.iter().map(|m| (m.trunk.as_str(), m.priority, m.weight)).collect();
    assert_eq!(told, [("a", 1, 1), ("b", 2, 70)]);
}

#[test]
fn a_phone_logs_in_to_our_realm_with_its_user() {
    let config = parse("[sip]\nrealm = \"office\"\n[[phone]]\nuser = \"desk\"\npassword = \"x\"\nmax_expires = 90");
    let phone = config.phone("desk").unwrap();
    assert_eq!(phone.credentials.realm.as_deref(), Some("office"));
    assert_eq!(phone.credentials.username, "desk");
    assert_eq!((phone.max_contacts, phone.display.as_deref()), (5, None));
    assert_eq!((phone.min_expires.as_secs(), phone.max_expires.as_secs()), (60, 90));
}

#[test]
fn http_can_be_switched_off() {
    assert_eq!(parse("[http]\nlisten = \"\"").http.listen, None);
}

#[test]
fn http_with_a_key_may_be_reached_by_others() {
    let http = parse("[http]\nlisten = \"[::]:8080\"\nkey = \"0123456789abcdef\"").http;
    assert_eq!(http.listen, Some("[::]:8080".parse().unwrap()));
    assert_eq!(http.key.as_deref(), Some("0123456789abcdef"));
    assert_eq!(parse("").http.key, None);
}
