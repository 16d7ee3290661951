//! Comparing and making URIs: RFC 3261 §19.1.

use talkpath_sip::message::{Contacts, Defect, HeaderName, Headers, Host, NameAddr, Uri};

fn equivalent(a: &str, b: &str) -> bool {
    let (a, b): (Uri, Uri) = (a.parse().unwrap(), b.parse().unwrap());
    assert_eq!(a.equivalent(&b), b.equivalent(&a));
    a.equivalent(&b)
}

#[test]
fn the_pairs_of_rfc_3261_19_1_4_that_are_equivalent() {
    for (a, b) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtlanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:a@[2001:db8::1]", "sip:a@[2001:DB8:0:0::1]"),
        ("tel:+1-201-555-0123", "tel:+12015550123"),
    ] {
        assert!(equivalent(a, b), "{a} {b}");
    }
}

#[test]
fn the_pairs_of_rfc_3261_19_1_4_that_are_not() {
    for (a, b) in [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a%3Bb@c", "sip:a;b@c"),
        ("sip:a:x@b", "sip:a:y@b"),
        ("sip:a@b", "tel:1"),
    ] {
        assert!(!equivalent(a, b), "{a} {b}");
    }
}

#[test]
fn parts_are_found_and_the_whole_prints_as_it_came() {
    let text = "SIPS:alice:pa%20ss@Example.COM:5061;lr;transport=tcp;x=%2C?Subject=hi%20you&Replaces=a%3Bto-tag%3Db";
    let uri: Uri = text.parse().unwrap();
    assert_eq!(uri.to_string(), text);
    assert_eq!((uri.password().unwrap().as_ref(), uri.port()), ("pa ss", Some(5061)));
    assert_eq!(uri.host().unwrap(), Host::parse("example.com").unwrap());
    assert_eq!((uri.param("X").unwrap().as_ref(), uri.param("lr").unwrap().as_ref()), (",", ""));
    assert_eq!(uri.header("replaces").unwrap(), "a;to-tag=b");
    assert_eq!(uri.without_headers().unwrap().to_string().len(), text.find('?').unwrap());
}

#[test]
fn uris_that_are_none_are_refused() {
    for (bad, defect) in [
        ("", Defect::Scheme),
        ("alice", Defect::Scheme),
        ("1a:b", Defect::Scheme),
        ("sip:", Defect::Host),
        ("sip:a@", Defect::Host),
        ("sip:a@b@c", Defect::Host),
        ("sip:a@b:", Defect::Port),
        ("sip:a@b:65536", Defect::Port),
        ("sip:a@b:x", Defect::Port),
        ("sip:a b@c", Defect::Character),
        ("sip:a@b\"", Defect::Character),
        ("sip:a@[::1", Defect::Host),
        ("sip:a@b/c", Defect::Host),
        ("tel:", Defect::Empty),
        ("tel:1@2", Defect::Character),
        ("isbn:", Defect::Empty),
    ] {
        assert_eq!(bad.parse::<Uri>().unwrap_err(), defect, "{bad}");
    }
}

#[test]
fn uris_are_changed_in_their_places() {
    let uri: Uri = "sip:a@b:5;transport=udp;lr?x=y".parse().unwrap();
    assert_eq!(
        uri.with_param("Transport", Some("tcp")).unwrap().to_string(),
        "sip:a@b:5;transport=tcp;lr?x=y".replace("transport=tcp", "Transport=tcp")
    );
    assert_eq!(uri.without_param("transport").unwrap().to_string(), "sip:a@b:5;lr?x=y");
    assert_eq!(uri.with_param("ob", None).unwrap().to_string(), "sip:a@b:5;transport=udp;lr;ob?x=y");
    let refer = uri.without_headers().unwrap().with_header("Replaces", "id@h;to-tag=1").unwrap();
    assert_eq!(refer.to_string(), "sip:a@b:5;transport=udp;lr?Replaces=id%40h%3Bto-tag%3D1");
    assert_eq!(refer.header("Replaces").unwrap(), "id@h;to-tag=1");
    let made = Uri::sip(Some("a b@c"), &Host::parse("[::1]").unwrap(), Some(5080)).unwrap();
    assert_eq!((made.to_string().as_str(), made.user().unwrap().as_ref()), ("sip:a%20b%40c@[::1]:5080", "a b@c"));
}

#[test]
fn a_number_is_found_in_tel_and_in_gateway_uris() {
    let number = |text: &str| text.parse::<Uri>().unwrap().number().map(|n| n.into_owned());
    assert_eq!(number("tel:+49-30;ext=5").as_deref(), Some("+49-30"));
    assert_eq!(number("sip:+4930;ext=5@gw;user=phone").as_deref(), Some("+4930"));
    assert_eq!(number("sip:gw"), None);
}

#[test]
fn a_star_is_a_contact_alone() {
    let mut headers = Headers::new();
    headers.push(HeaderName::Contact, "*");
    assert_eq!(headers.contacts().unwrap(), Contacts::Star);
    assert_eq!(headers.contact().unwrap(), None);
    headers.push(HeaderName::Contact, "<sip:a@b>");
    assert!(headers.contacts().is_err());
}

#[test]
fn addresses_that_are_none_are_refused() {
    for (bad, defect) in [
        ("", Defect::Empty),
        ("\"a", Defect::Quote),
        ("\"a\" sip:a@b", Defect::Bracket),
        ("a <sip:a@b", Defect::Bracket),
        ("<sip:a@b> x", Defect::Bracket),
        ("a, b <sip:a@b>", Defect::DisplayName),
        ("a \"b\" <sip:a@b>", Defect::Quote),
        ("sip:a@b?c=d", Defect::Character),
        ("<sip:a@b>;tag=\"x", Defect::Quote),
        ("<sip:a@b>;tag=x y", Defect::Parameter),
        ("<sip:a@b>;=x", Defect::Parameter),
    ] {
        assert_eq!(bad.parse::<NameAddr>().unwrap_err(), defect, "{bad}");
    }
}
