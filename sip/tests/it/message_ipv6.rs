//! RFC 5118: IPv6 in SIP.

use std::net::IpAddr;

use talkpath_sip::message::{Defect, Fault, Host, StatusCode};

use crate::message_corpus::{names, parse, request};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn all_but_the_bare_address_are_read() {
    for name in names("ipv6") {
        assert_eq!(parse("ipv6", &name).is_ok(), name != "ipv6-bad", "{name}");
    }
    assert_eq!(names("ipv6").len(), 12);
}

#[test]
fn an_address_without_brackets_is_answered_with_400() {
    let error = parse("ipv6", "ipv6-bad").unwrap_err();
    assert_eq!(error.fault(), &Fault::RequestUri(Defect::Port));
    assert_eq!(error.status(), StatusCode::BAD_REQUEST);
    assert!(error.answerable().is_some());
}

#[test]
fn an_ambiguous_port_belongs_to_the_address() {
    let ambiguous = request("ipv6", "port-ambiguous").uri;
    assert_eq!((ambiguous.host().unwrap().ip(), ambiguous.port()), (Some(ip("2001:db8::10:5070")), None));
    let clear = request("ipv6", "port-unambiguous").uri;
    assert_eq!((clear.host().unwrap().ip(), clear.port()), (Some(ip("2001:db8::10")), Some(5070)));
}

#[test]
fn received_is_read_with_and_without_brackets() {
    for name in ["via-received-param-with-delim", "via-received-param-no-delim"] {
        let via = request("ipv6", name).headers.via().unwrap();
        assert_eq!(via.received(), Some(ip("2001:db8::9:255")), "{name}");
        assert_eq!((via.host(), via.port()), (&Host::from(ip("2001:db8::9:1")), Some(6050)));
        assert_eq!(via.response_target(), Some("[2001:db8::9:255]:6050".parse().unwrap()));
    }
}

#[test]
fn both_families_meet_in_one_message() {
    let bye = request("ipv6", "mult-ip-in-header");
    let hosts: Vec<_> = bye.headers.vias().map(|via| via.unwrap().host().ip().unwrap()).collect();
    assert_eq!(hosts, [ip("2001:db8::9:1"), ip("192.0.2.1"), ip("2001:db8::9:255")]);
    let mapped = request("ipv6", "ipv4-mapped-ipv6").headers.via().unwrap();
    assert_eq!((mapped.host().ip(), mapped.port()), (Some(ip("::ffff:192.0.2.10")), Some(19823)));
}

#[test]
fn three_colons_are_read_as_two_and_printed_as_they_came() {
    let three = request("ipv6", "ipv6-bug-abnf-3-colons").uri;
    let two = request("ipv6", "ipv6-correct-abnf-2-colons").uri;
    assert_eq!(three.host(), two.host());
    assert_eq!(three.to_string(), "sip:user@[2001:db8:::192.0.2.1]");
    for bad in
        ["[2001:db8:::1]", "[::::192.0.2.1]", "[2001::db8:::192.0.2.1]", "[1:::2:192.0.2.1]", "[]", "[::1", "::1"]
    {
        assert!(Host::parse(bad).is_err(), "{bad}");
    }
}
