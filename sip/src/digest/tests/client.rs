//! What the client answers, counts, forgives and gives up.

use super::*;

const DIGEST: &str = r#"Digest realm="example.com", nonce="n1", qop="auth", algorithm=MD5"#;

/// The request as it is sent next.
fn sent(client: &mut Client) -> Request {
    let mut request = register();
    client.authorize(&mut request);
    request
}

/// A client that was challenged with this once.
fn challenged(value: &str) -> Client {
    let mut client = Client::new(credentials());
    let request = sent(&mut client);
    assert_eq!(client.handle_response(&request, &challenge(value), &mut rng()), Ok(Next::Retry));
    client
}

/// What the client says to the refusal of its next request.
fn refused(client: &mut Client, value: &str) -> Result<Next, Refusal> {
    let request = sent(client);
    client.handle_response(&request, &challenge(value), &mut rng())
}

fn succeed(client: &mut Client) {
    let request = sent(client);
    assert_eq!(client.handle_response(&request, &response(200, &[]), &mut rng()), Ok(Next::Done));
}

#[test]
fn without_a_challenge_nothing_is_said() {
    let request = sent(&mut Client::new(credentials()));
    assert!(request.headers.is_empty());
}

#[test]
fn every_use_of_a_nonce_is_counted_in_hexadecimal() {
    let mut client = challenged(DIGEST);
    let counts: Vec<String> = (0..17).map(|_| param(&sent(&mut client), "nc")).collect();
    assert_eq!(counts.first().unwrap(), "00000001");
    assert_eq!(counts.get(9).unwrap(), "0000000a");
    assert_eq!(counts.get(16).unwrap(), "00000011");
}

#[test]
fn an_answer_says_what_the_challenge_asked_for_and_keeps_its_cnonce() {
    let mut client =
        challenged(r#"Digest realm="example.com",nonce="n1",opaque="",algorithm=SHA-256,qop="auth-int,auth""#);
    let (one, other) = (sent(&mut client), sent(&mut client));
    let value = one.headers.get(&HeaderName::Authorization).unwrap().to_string();
    assert!(
        value.starts_with("Digest username=\"alice\", realm=\"example.com\", nonce=\"n1\", uri=\"sip:example.com\"")
    );
    for piece in [", algorithm=SHA-256", ", opaque=\"\"", ", qop=auth", ", nc=00000001"] {
        assert!(value.contains(piece), "{piece} in {value}");
    }
    assert_eq!(param(&one, "cnonce").len(), 32);
    assert_eq!(param(&one, "cnonce"), param(&other, "cnonce"));
    assert_ne!(param(&one, "response"), param(&other, "response"));
}

#[test]
fn without_qop_neither_count_nor_cnonce_is_said_unless_the_session_needs_it() {
    let plain = sent(&mut challenged(r#"Digest realm="r", nonce="n""#));
    let value = plain.headers.get(&HeaderName::Authorization).unwrap().to_string();
    assert!(!value.contains("cnonce") && !value.contains("nc=") && !value.contains("algorithm"));
    let session = sent(&mut challenged(r#"Digest realm="r", nonce="n", algorithm=MD5-sess"#));
    assert_ne!(param(&session, "cnonce"), "");
    assert_eq!(param(&session, "nc"), "");
}

#[test]
fn of_several_challenges_the_strongest_is_answered_and_the_topmost_of_equals() {
    let offer = |algorithms: &[&str]| {
        let values: Vec<String> = algorithms
            .iter()
            .map(|algorithm| format!("Digest realm=\"r\", nonce=\"{algorithm}\", qop=\"auth\", algorithm={algorithm}"))
            .collect();
        let headers: Vec<_> = values.iter().map(|value| (HeaderName::WwwAuthenticate, value.as_str())).collect();
        let mut client = Client::new(credentials());
        let request = sent(&mut client);
        client.handle_response(&request, &response(401, &headers), &mut rng()).unwrap();
        let request = sent(&mut client);
        assert_eq!(request.headers.len(), 1);
        param(&request, "algorithm")
    };
    assert_eq!(offer(&["MD5", "SHA-256"]), "SHA-256");
    assert_eq!(offer(&["SHA-512-256", "SHA-256", "MD5"]), "SHA-512-256");
    assert_eq!(offer(&["AKAv2-MD5", "SHA-256-sess", "SHA-512-256"]), "SHA-256-sess");
    assert_eq!(offer(&["SHA-1024", "md5"]), "MD5");
}

#[test]
fn a_server_and_proxies_of_several_realms_are_all_answered() {
    let mut client = challenged(DIGEST);
    let request = sent(&mut client);
    let proxies = response(
        407,
        &[
            (HeaderName::ProxyAuthenticate, r#"Digest realm="one", nonce="p1", qop="auth""#),
            (HeaderName::ProxyAuthenticate, r#"Digest realm="two", nonce="p2""#),
        ],
    );
    assert_eq!(client.handle_response(&request, &proxies, &mut rng()), Ok(Next::Retry));
    let request = sent(&mut client);
    assert_eq!(request.headers.all(&HeaderName::Authorization).count(), 1);
    assert_eq!(request.headers.all(&HeaderName::ProxyAuthorization).count(), 2);
}

#[test]
fn no_more_realms_are_held_than_the_limit() {
    let mut client = Client::new(credentials());
    for realm in 0..100 {
        let value = format!("Digest realm=\"{realm}\", nonce=\"n\"");
        client.handle_response(&register(), &challenge(&value), &mut rng()).unwrap();
    }
    assert_eq!(sent(&mut client).headers.len(), 8);
}

#[test]
fn a_refused_answer_means_a_wrong_password() {
    for again in [DIGEST, r#"Digest realm="example.com", nonce="n2", qop="auth""#] {
        let mut client = challenged(DIGEST);
        let refusal = refused(&mut client, again).unwrap_err();
        let expected = r#"realm "example.com" refuses the password of "alice": user name or password is wrong"#;
        assert_eq!(refusal.to_string(), expected);
        assert!(sent(&mut client).headers.is_empty(), "the next attempt begins anew");
    }
}

#[test]
fn a_stale_nonce_is_replaced_and_counted_from_one() {
    let mut client = challenged(DIGEST);
    succeed(&mut client);
    let stale = r#"Digest realm="example.com", nonce="n2", qop="auth", STALE = TRUE"#;
    assert_eq!(refused(&mut client, stale), Ok(Next::Retry));
    let request = sent(&mut client);
    assert_eq!((param(&request, "nonce"), param(&request, "nc")), ("n2".into(), "00000001".into()));
}

#[test]
fn a_proven_nonce_that_is_replaced_without_a_word_is_stale_but_the_same_nonce_refused_is_a_refusal() {
    let mut client = challenged(DIGEST);
    succeed(&mut client);
    assert_eq!(refused(&mut client, r#"Digest realm="example.com", nonce="n2", qop="auth""#), Ok(Next::Retry));
    succeed(&mut client);
    let again = r#"Digest realm="example.com", nonce="n2", qop="auth""#;
    assert!(matches!(refused(&mut client, again), Err(Refusal::WrongPassword { .. })));
}

#[test]
fn a_server_that_calls_every_nonce_stale_is_given_up() {
    let mut client = challenged(DIGEST);
    let stale = |n: u32| format!("Digest realm=\"example.com\", nonce=\"s{n}\", qop=\"auth\", stale=true");
    assert!((0..3).all(|n| refused(&mut client, &stale(n)) == Ok(Next::Retry)));
    assert!(matches!(refused(&mut client, &stale(3)), Err(Refusal::AlwaysStale { .. })));
}

#[test]
fn requests_at_once_that_were_challenged_apart_all_get_through() {
    let mut client = Client::new(credentials());
    let nonces = |n: u32| format!("Digest realm=\"r\", nonce=\"n{n}\", qop=\"auth\"");
    let answered: Vec<Request> = (0..5)
        .map(|n| {
            assert_eq!(client.handle_response(&register(), &challenge(&nonces(n)), &mut rng()), Ok(Next::Retry));
            sent(&mut client)
        })
        .collect();
    for request in &answered {
        assert_eq!(client.handle_response(request, &response(200, &[]), &mut rng()), Ok(Next::Done));
    }
    // Every nonce expires at once: one new nonce serves all.
    for (n, request) in answered.iter().enumerate() {
        let value = format!("Digest realm=\"r\", nonce=\"m{n}\", qop=\"auth\", stale=true");
        assert_eq!(client.handle_response(request, &challenge(&value), &mut rng()), Ok(Next::Retry));
    }
}

#[test]
fn two_requests_with_a_wrong_password_never_keep_each_other_alive() {
    let mut client = challenged(DIGEST);
    succeed(&mut client);
    let mut requests = [sent(&mut client), sent(&mut client)];
    for n in 0..20 {
        let at = n % 2;
        let value = format!("Digest realm=\"example.com\", nonce=\"w{n}\", qop=\"auth\"");
        match client.handle_response(requests.get(at).unwrap(), &challenge(&value), &mut rng()) {
            Ok(_) => *requests.get_mut(at).unwrap() = sent(&mut client),
            Err(refusal) => return assert!(matches!(refusal, Refusal::WrongPassword { .. })),
        }
    }
    panic!("they went on for ever");
}

#[test]
fn a_next_nonce_is_taken_when_the_request_used_the_one_before() {
    let mut client = challenged(DIGEST);
    let info = response(200, &[(HeaderName::AuthenticationInfo, r#"qop=auth, nextnonce="n,2", nc=00000001"#)]);
    let request = sent(&mut client);
    client.handle_response(&request, &info, &mut rng()).unwrap();
    let next = sent(&mut client);
    assert_eq!((param(&next, "nonce"), param(&next, "nc")), ("n,2".into(), "00000001".into()));
    client
        .handle_response(&request, &response(200, &[(HeaderName::AuthenticationInfo, "nextnonce=late")]), &mut rng())
        .unwrap();
    assert_eq!(param(&sent(&mut client), "nonce"), "n,2");
}

#[test]
fn another_realm_than_that_of_the_credentials_is_named() {
    let mut client = Client::new(Credentials { realm: Some("pbx".into()), ..credentials() });
    let refusal = client.handle_response(&register(), &challenge(DIGEST), &mut rng()).unwrap_err();
    assert!(refusal.to_string().contains(r#"for realm "pbx", but "example.com""#), "{refusal}");
    let both = response(
        401,
        &[(HeaderName::WwwAuthenticate, DIGEST), (HeaderName::WwwAuthenticate, r#"Digest realm="pbx", nonce="n""#)],
    );
    assert_eq!(client.handle_response(&register(), &both, &mut rng()), Ok(Next::Retry));
}

#[test]
fn what_can_not_be_answered_is_named() {
    let refusals = [
        ("Basic realm=\"r\"", "scheme \"Basic\""),
        ("Digest realm=\"r\", nonce=\"n\", algorithm=SHA-3", "algorithm \"SHA-3\""),
        ("Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"", "protection \"auth-int\""),
        ("Digest realm=\"r\"", "no realm or no nonce"),
    ];
    for (value, words) in refusals {
        let refusal = Client::new(credentials()).handle_response(&register(), &challenge(value), &mut rng());
        assert!(refusal.unwrap_err().to_string().contains(words), "{value}");
    }
    let none = Client::new(credentials()).handle_response(&register(), &response(407, &[]), &mut rng());
    assert_eq!(none, Err(Refusal::NoChallenge(StatusCode::PROXY_AUTHENTICATION_REQUIRED)));
}

#[test]
fn odd_spellings_are_read() {
    let spellings = [
        "digest Realm=example.com,NONCE=n1,Qop=auth",
        "DIGEST\trealm = \"example.com\" ,, nonce =\"n1\" , qop= \"auth\" ,",
        "Digest realm=\"example.com\" nonce=\"n1\" qop=\"auth\"",
        "Basic realm=\"x, y\", Digest nonce=\"n1\", qop=auth , realm=\"example.com\"",
        "Digest domain=\"sip:a, sip:b\", realm=\"example.com\", nonce=\"n1\", qop=\"auth , auth-int\", ext=\"\\\"\"",
    ];
    for spelling in spellings {
        let request = sent(&mut challenged(spelling));
        let values = (param(&request, "realm"), param(&request, "nonce"), param(&request, "qop"));
        assert_eq!(values, ("example.com".into(), "n1".into(), "auth".into()), "{spelling}");
    }
}

#[test]
fn quotes_and_backslashes_are_hashed_bare_and_sent_escaped() {
    let name = r#"DOMAIN\al"ice"#;
    let mut client = Client::new(Credentials { username: name.into(), ..credentials() });
    client.handle_response(&register(), &challenge(r#"Digest realm="a \"b\" \\c", nonce="n""#), &mut rng()).unwrap();
    let request = sent(&mut client);
    let value = request.headers.get(&HeaderName::Authorization).unwrap().to_string();
    assert!(value.contains(r#"username="DOMAIN\\al\"ice", realm="a \"b\" \\c""#), "{value}");
    let ha1 = Hash::Md5.ha1(name, r#"a "b" \c"#, "secret");
    let ha2 = Hash::Md5.joined(&[b"REGISTER", b"sip:example.com"]);
    let expected = Hash::Md5.joined(&[ha1.as_bytes(), b"n", ha2.as_bytes()]);
    assert_eq!(param(&request, "response"), expected.as_str());
}

#[test]
fn the_password_is_in_no_debug_print() {
    let client = challenged(DIGEST);
    assert!(!format!("{client:?} {:?}", credentials()).contains("secret"));
    assert!(!format!("{:?}", Secret::Password("secret".into())).contains("secret"));
}

#[test]
fn a_used_up_nonce_is_forgotten() {
    let mut client = challenged(DIGEST);
    client.held.first_mut().unwrap().count = u32::MAX - 1;
    assert_eq!(param(&sent(&mut client), "nc"), "ffffffff");
    assert!(sent(&mut client).headers.is_empty());
}
