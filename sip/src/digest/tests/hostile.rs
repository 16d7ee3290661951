//! Arbitrary header fields never panic, and what the client makes of them is what was meant.

use proptest::prelude::*;

use super::super::params::{Part, Writer, parts};
use super::*;

/// Something like a challenge or an answer, put together from what they are made of.
fn field() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec![
        "Digest ",
        "Basic ",
        "realm",
        "nonce",
        "qop",
        "nc",
        "cnonce",
        "response",
        "username",
        "uri",
        "algorithm",
        "stale",
        "=",
        "=",
        "=",
        "\"",
        "\\",
        ",",
        ", ",
        " ",
        "\t",
        "auth",
        "auth-int",
        "MD5",
        "SHA-256",
        "true",
        "example.com",
        "\"example.com\"",
        "\"n\"",
        "00000001",
        "ffffffffffffffffff",
        "sip:example.com",
        "alice",
        "ü",
        "\u{0}",
    ];
    let known =
        prop::collection::vec(prop::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat().into_bytes());
    prop_oneof![4 => known, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_challenges_and_answers_never_panic(
        values in prop::collection::vec(field(), 1..4),
        status in prop::sample::select(vec![401u16, 407, 200, 403]),
    ) {
        let mut server = Server::new(Settings::default(), [1; 32], &mut rng(), epoch());
        let mut client = Client::new(credentials());
        let mut refusal = response(status, &[]);
        let mut request = register();
        for value in values {
            for name in [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate, HeaderName::AuthenticationInfo] {
                refusal.headers.push(name, value.as_slice());
            }
            request.headers.push(HeaderName::Authorization, value.as_slice());
        }
        let judged = server.verify(&request, Side::Server, |_, _| Some(Secret::Password("secret".into())), epoch());
        let accepted = matches!(judged, Verdict::Accepted { .. });
        prop_assert!(!accepted);
        for _ in 0..4 {
            if client.handle_response(&request, &refusal, &mut rng()) == Ok(Next::Retry) {
                client.authorize(&mut request);
                prop_assert!(!request.headers.is_empty());
            }
        }
    }

    #[test]
    fn what_is_written_quoted_is_read_as_it_was(value in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = Writer::digest().quoted("realm", &value).token("nc", b"00000001").finish();
        let read: Vec<Part<'_>> = parts(text.as_bytes()).collect();
        let expected = vec![
            Part::Scheme(b"Digest"),
            Part::Param(b"realm", value.into()),
            Part::Param(b"nc", b"00000001".as_slice().into()),
        ];
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_names_and_passwords_are_agreed_on(username in "\\PC{0,20}", password in "\\PC{0,20}", realm in "\\PC{0,20}") {
        let settings = Settings { realm, ..Settings::default() };
        let mut server = Server::new(settings, [1; 32], &mut rng(), epoch());
        let mut client = Client::new(Credentials { username: username.clone(), password: password.clone(), realm: None });
        let mut refusal = response(401, &[]);
        let now = epoch();
        server.challenge(&mut refusal, Side::Server, false, now);
        client.handle_response(&register(), &refusal, &mut rng()).unwrap();
        let mut request = register();
        client.authorize(&mut request);
        let secret = |name: &Text, _: Algorithm| (*name == username.as_str()).then(|| Secret::Password(password.into()));
        let judged = server.verify(&request, Side::Server, secret, now);
        prop_assert_eq!(judged, Verdict::Accepted { username: username.as_str().into() });
    }
}

#[test]
fn ten_thousand_challenges_in_one_field_cost_little() {
    let value = "Digest realm=\"r\", nonce=\"n\", ".repeat(10_000);
    let mut client = Client::new(credentials());
    assert_eq!(client.handle_response(&register(), &challenge(&value), &mut rng()), Ok(Next::Retry));
}
