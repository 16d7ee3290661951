//! RFC 4475 §3.1.2.12, §3.2, §3.3 and §3.4: messages that are read, and that somebody else decides about.

use talkpath_sip::message::{HeaderName, Scheme, StatusCode};

use crate::message_corpus::{names, parse, request, response};

#[test]
fn every_well_formed_message_is_read() {
    for name in names("semantic") {
        parse("semantic", &name).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(names("semantic").len(), 15);
}

#[test]
fn baddate_a_date_that_nobody_needs_is_not_read() {
    let invite = request("semantic", "baddate");
    assert_eq!(invite.headers.get(&HeaderName::Date).unwrap(), &"Fri, 01 Jan 2010 16:00:00 EST");
}

#[test]
fn badbranch_only_a_magic_cookie_is_given_as_it_is() {
    assert_eq!(request("semantic", "badbranch").headers.via().unwrap().branch().unwrap(), "z9hG4bK");
}

#[test]
fn unknown_schemes_are_kept_for_a_416() {
    for (name, scheme) in [("unkscm", "nobodyKnowsThisScheme"), ("novelsc", "soap.beep")] {
        let options = request("semantic", name);
        assert_eq!((options.uri.scheme(), options.uri.scheme_name().as_ref()), (Scheme::Other, scheme));
    }
    let register = request("semantic", "unksm2");
    assert_eq!(register.headers.to().unwrap().uri.to_string(), "isbn:2983792873");
    assert_eq!(register.headers.from_tag().unwrap().unwrap(), "3234233");
}

#[test]
fn bext01_the_extensions_to_refuse_are_listed() {
    let options = request("semantic", "bext01");
    let require: Vec<String> = options.headers.require().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(require, ["nothingSupportsThis", "nothingSupportsThisEither"]);
    assert_eq!(options.headers.proxy_require().unwrap().len(), 2);
}

#[test]
fn invut_and_sdp01_say_what_they_carry_and_take() {
    let content = request("semantic", "invut").headers.content_type().unwrap().unwrap();
    assert!(content.is("application", "unknownformat"));
    let accept = request("semantic", "sdp01").headers.accept().unwrap();
    assert!(!accept[0].accepts("application", "sdp"));
}

#[test]
fn zeromf_is_read_as_nought() {
    assert_eq!(request("semantic", "zeromf").headers.max_forwards().unwrap(), Some(0));
}

#[test]
fn bcast_a_strangers_via_below_ours_is_read() {
    let ok = response("semantic", "bcast");
    assert_eq!(ok.status, StatusCode::OK);
    assert_eq!(ok.headers.vias().flatten().nth(1).unwrap().host().to_string(), "255.255.255.255");
}

#[test]
fn cparam_a_parameter_is_the_contacts_or_the_uris() {
    let outside = request("semantic", "cparam01").headers.contact().unwrap().unwrap();
    assert!(outside.params.has("unknownparam") && outside.uri.params().is_empty());
    let inside = request("semantic", "cparam02").headers.contact().unwrap().unwrap();
    assert!(inside.params.is_empty() && inside.uri.has_param("unknownparam"));
}

#[test]
fn regescrt_header_fields_of_a_contact_are_part_of_its_uri() {
    let contact = request("semantic", "regescrt").headers.contact().unwrap().unwrap();
    assert_eq!(contact.uri.header("route").unwrap(), "<sip:sip.example.com>");
}

#[test]
fn inv2543_an_invite_of_the_old_days_is_read() {
    let invite = request("semantic", "inv2543");
    assert_eq!(invite.headers.via().unwrap().branch(), None);
    assert_eq!(invite.headers.from_tag().unwrap(), None);
    assert_eq!(invite.headers.max_forwards().unwrap(), None);
    assert_eq!(invite.headers.expires().unwrap(), None);
    assert_eq!(invite.headers.record_routes().unwrap()[0].uri.param("maddr").unwrap(), "ss1.example.com");
    assert_eq!(invite.headers.to().unwrap().params.get("user").unwrap(), "phone");
    assert_eq!(invite.body.len(), 150);
}
