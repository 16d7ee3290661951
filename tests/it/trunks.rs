//! Trunks as carriers see them and as they break: who is said to call, numbers, caps, failover, weights, health, redirections.

use crate::carrier::{Carrier, field};
use crate::raw::Raw;
use crate::sound::{PARROT, call, until_sound};
use crate::support::{HOME, address, event, patiently, phone, server};
use std::net::SocketAddr;
use std::time::Duration;
use talkpath::call::CallEventKind;
use talkpath::phone::DialOptions;
use talkpath::server::Server;
use talkpath::trunk::Health;

/// A server with one trunk to `peer`, which every call is led through; `more` are further keys of the trunk.
fn through(peer: SocketAddr, more: &str) -> Server {
    server(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [\"sip:{peer}\"]\noptions = 0\n{more}\n\
         [[route]]\nname = \"out\"\naction = {{ dial = {{ to = \"trunk:carrier\", caller = \"+4930123456\" }} }}\n"
    ))
}

/// A server with several trunks in a group; members as they are written in the configuration.
fn group(trunks: &[(&str, SocketAddr)], members: &str, options: u32) -> Server {
    let trunks: String = trunks
        .iter()
        .map(|(name, peer)| format!("[[trunk]]\nname = \"{name}\"\nservers = [\"sip:{peer}\"]\noptions = {options}\n"))
        .collect();
    server(&format!(
        "{trunks}[[group]]\nname = \"pstn\"\nmembers = [{members}]\n\
         [[route]]\nname = \"out\"\naction = {{ dial = \"group:pstn\" }}\n"
    ))
}

/// What a caller of `number` is told.
async fn refusal(server: &Server, number: &str) -> String {
    let phone = phone();
    let dialled = phone.dial(address(server), number, DialOptions::default());
    patiently("a refusal", dialled).await.unwrap_err().to_string()
}

/// Somewhere where nobody listens.
fn nowhere() -> SocketAddr {
    (HOME, crate::programs::free_port()).into()
}

/// An answer by hand to every call: a status a number, so that a refusal tells how the call was understood.
fn judge(more: &str) -> Server {
    server(&format!(
        "[[trunk]]\nname = \"carrier\"\npeers = [\"127.0.0.1\"]\n{more}\n\
         [[route]]\nname = \"called\"\nmatch = {{ to = \"+4930100\" }}\naction = {{ reject = {{ status = 480 }} }}\n\
         [[route]]\nname = \"caller\"\nmatch = {{ from = \"+4989200\" }}\naction = {{ reject = {{ status = 603 }} }}\n\
         [[route]]\nname = \"else\"\naction = {{ reject = {{ status = 486 }} }}\n"
    ))
}

/// What `server` answers to an INVITE that has these header fields besides its own.
fn asked(server: &Server, from: &str, to: &str, more: &str) -> String {
    let mut raw = Raw::udp(address(server));
    let request = raw.request("INVITE", from, to).replacen("Max-Forwards", &format!("{more}Max-Forwards"), 1);
    raw.send(request.as_bytes());
    loop {
        let reply = raw.receive().unwrap();
        if !reply.starts_with("SIP/2.0 1") {
            return reply.lines().next().unwrap().to_owned();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_is_said_in_the_header_that_the_trunk_wants() {
    let carrier = Carrier::start("486 Busy Here");
    let cases: [(&str, &str, &str); 4] = [
        ("identity = \"p-asserted-identity\"", "P-Asserted-Identity", "<sip:+4930123456@127.0.0.1>"),
        ("identity = \"p-preferred-identity\"", "P-Preferred-Identity", "<sip:+4930123456@127.0.0.1>"),
        ("identity = \"remote-party-id\"", "Remote-Party-ID", "party=calling;screen=yes;privacy=off"),
        ("identity = \"none\"", "From", "<sip:+4930123456@127.0.0.1>;tag="),
    ];
    for (setting, name, value) in cases {
        let near = through(carrier.address(), setting);
        assert!(refusal(&near, "+4989123").await.contains("486"));
        let invite = carrier.invite();
        assert!(invite.starts_with(&format!("INVITE sip:+4989123@{} SIP/2.0\r\n", carrier.address())), "{invite}");
        assert!(field(&invite, name).contains(value), "{setting}: {invite}");
        assert!(field(&invite, "From").contains("sip:+4930123456@"), "{setting}: {invite}");
        assert_eq!(field(&invite, "Privacy"), "", "{setting}: {invite}");
    }
}

/// RFC 3323 §4.1.1.3, RFC 3325 §7: the callee sees nobody, the trunk sees who pays.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_hidden_is_shown_to_the_trunk_alone() {
    let carrier = Carrier::start("486 Busy Here");
    let near = through(carrier.address(), "privacy = true\nidentity = \"p-asserted-identity\"");
    refusal(&near, "+4989123").await;
    let invite = carrier.invite();
    assert!(field(&invite, "From").contains("sip:anonymous@anonymous.invalid"), "{invite}");
    assert_eq!(field(&invite, "Privacy"), "id");
    assert!(field(&invite, "P-Asserted-Identity").contains("+4930123456"), "{invite}");
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_written_as_the_trunk_writes_them() {
    let carrier = Carrier::start("486 Busy Here");
    for (numbers, dialled, called, calling) in [
        ("country = \"49\"\noutbound = { format = \"digits\" }", "+4989123", "4989123", "4930123456"),
        ("country = \"49\"\noutbound = { format = \"international\" }", "+4989123", "004989123", "004930123456"),
        ("country = \"49\"\noutbound = { format = \"national\", prefix = \"0\" }", "+4989123", "0089123", "030123456"),
        ("country = \"49\"\noutbound = { format = \"e164\", strip = 1 }", "9089123", "+4989123", "+4930123456"),
        ("country = \"49\"\noutbound = { format = \"as-is\", strip = 2 }", "99089123", "089123", "+4930123456"),
    ] {
        let near = through(carrier.address(), &format!("[trunk.numbers]\n{numbers}"));
        refusal(&near, dialled).await;
        let invite = carrier.invite();
        assert!(invite.starts_with(&format!("INVITE sip:{called}@")), "{numbers}: {invite}");
        assert!(field(&invite, "From").contains(&format!("<sip:{calling}@")), "{numbers}: {invite}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_call_is_for_is_read_where_the_trunk_writes_it() {
    for (setting, request_uri, header) in [
        ("called = \"request-uri\"", "+4930100", ""),
        ("called = \"to\"", "+4930100", ""),
        ("called = \"p-called-party-id\"", "trunk", "P-Called-Party-ID: <sip:+4930100@carrier.test>\r\n"),
        (
            "called = \"diversion\"",
            "trunk",
            "Diversion: <sip:+493055@carrier.test>;reason=unconditional\r\n\
             Diversion: <sip:+4930100@carrier.test>;reason=user-busy\r\n",
        ),
        ("called = \"request-uri\"\n[trunk.numbers]\ncountry = \"49\"", "030100", ""),
        ("called = \"request-uri\"\n[trunk.numbers]\ncountry = \"49\"", "004930100", ""),
        ("called = \"request-uri\"\n[trunk.numbers]\ncountry = \"49\"\ninbound = { strip = 2 }", "99030100", ""),
        ("called = \"request-uri\"\n[trunk.numbers]\ncountry = \"49\"\ninbound = { prefix = \"0\" }", "30100", ""),
    ] {
        let near = judge(setting);
        assert_eq!(asked(&near, "+491", request_uri, header), "SIP/2.0 480 Temporarily Unavailable", "{setting}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_calls_is_read_where_the_trunk_writes_it() {
    let near = judge("[trunk.numbers]\ncountry = \"49\"");
    for (from, header) in [
        ("+4989200", ""),
        ("089200", ""),
        ("anonymous", "P-Asserted-Identity: \"X\" <sip:+4989200@carrier.test;user=phone>\r\n"),
        ("anonymous", "P-Asserted-Identity: <tel:+49-89-200>\r\n"),
        ("anonymous", "Remote-Party-ID: <sip:089200@carrier.test>;party=calling\r\n"),
    ] {
        assert_eq!(asked(&near, from, "+4930999", header), "SIP/2.0 603 Decline", "{from} {header}");
    }
    assert_eq!(asked(&near, "+4989201", "+4930999", ""), "SIP/2.0 486 Busy Here");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_must_prove_itself_is_asked_and_a_trunk_of_ours_proves_itself() {
    let credentials = "username = \"us\"\npassword = \"secret\"\n";
    let far = server(&format!(
        "{PARROT}[[trunk]]\nname = \"customer\"\npeers = [\"127.0.0.1\"]\nchallenge = true\n{credentials}\
         [[route]]\nname = \"in\"\nmatch = {{ trunk = \"customer\" }}\naction = {{ agent = \"receptionist\" }}\n"
    ));
    assert_eq!(asked(&far, "us", "100", ""), "SIP/2.0 401 Unauthorized");
    let near = through(address(&far), credentials);
    let mut call = call(address(&near), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    patiently("the end", call.hang_up()).await.unwrap();
    let wrong = through(address(&far), "username = \"us\"\npassword = \"guess\"\n");
    let told = refusal(&wrong, "100").await;
    assert!(told.contains("502"), "our password is no matter of our caller's: {told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_is_tried_when_the_way_is_at_fault() {
    let (far, overloaded) = (server(PARROT), Carrier::start("503 Service Unavailable"));
    let trunks = [("dead", nowhere()), ("full", overloaded.address()), ("good", address(&far))];
    let members =
        "{ trunk = \"dead\", priority = 1 }, { trunk = \"full\", priority = 2 }, { trunk = \"good\", priority = 3 }";
    let near = group(&trunks, members, 0);
    let mut call = call(address(&near), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    overloaded.invite();
    patiently("the end", call.hang_up()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_trunk_is_not_tried_when_the_callee_is_at_fault() {
    let busy = Carrier::start("486 Busy Here");
    let other = Carrier::start("480 Temporarily Unavailable");
    let trunks = [("first", busy.address()), ("second", other.address())];
    let near = group(&trunks, "{ trunk = \"first\", priority = 1 }, { trunk = \"second\", priority = 2 }", 0);
    assert!(refusal(&near, "100").await.contains("486"));
    busy.invite();
    assert_eq!(other.count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn trunks_of_one_priority_share_the_calls_by_weight() {
    const CALLS: usize = 60;
    let (first, second) = (Carrier::start("486 Busy Here"), Carrier::start("486 Busy Here"));
    let trunks = [("first", first.address()), ("second", second.address())];
    let near = group(&trunks, "{ trunk = \"first\", weight = 80 }, { trunk = \"second\", weight = 20 }", 0);
    for _ in 0..CALLS {
        refusal(&near, "100").await;
    }
    let (first, second) = (first.count(), second.count());
    // Nine of ten thousand runs would be outside of this by chance alone.
    assert_eq!(first + second, CALLS);
    assert!((3..=23).contains(&second), "{first} and {second} of {CALLS}");
}

/// A trunk that doesn't answer OPTIONS is left out; its calls are led on at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_that_is_down_is_left_out() {
    let busy = Carrier::start("486 Busy Here");
    let trunks = [("dead", nowhere()), ("good", busy.address())];
    let near = group(&trunks, "{ trunk = \"dead\", priority = 1 }, { trunk = \"good\", priority = 2 }", 10);
    for (name, up) in [("dead", false), ("good", true)] {
        let mut standing = near.context().trunks.named(name).unwrap().standing();
        let known = standing.wait_for(|standing| standing.health != Health::Unknown);
        let health = patiently("a probe's end", known).await.unwrap().health.clone();
        assert_eq!(matches!(health, Health::Up(_)), up, "{name}: {health:?}");
    }
    let asked = std::time::Instant::now();
    assert!(refusal(&near, "100").await.contains("486"));
    // Four seconds is how long the dead one would have been waited for.
    assert!(asked.elapsed() < Duration::from_secs(3), "{:?}", asked.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_takes_no_more_calls_than_its_caps_say() {
    let far = server(PARROT);
    let near = through(address(&far), "max_calls = 1");
    let mut first = call(address(&near), DialOptions::default()).await;
    until_sound(&mut first.ear).await;
    assert!(refusal(&near, "100").await.contains("503"));
    let mut ends = far.subscribe();
    patiently("the end", first.hang_up()).await.unwrap();
    event(&mut ends, |kind| matches!(kind, CallEventKind::Ended { .. }).then_some(())).await;
    let mut again = call(address(&near), DialOptions::default()).await;
    until_sound(&mut again.ear).await;
    patiently("the end", again.hang_up()).await.unwrap();

    let busy = Carrier::start("486 Busy Here");
    let near = through(busy.address(), "calls_per_second = 2");
    let told = [refusal(&near, "1").await, refusal(&near, "2").await, refusal(&near, "3").await];
    assert!(told[0].contains("486") && told[1].contains("486") && told[2].contains("503"), "{told:?}");
    assert_eq!(busy.count(), 2);

    // Its own calls count too.
    let near = judge("calls_per_second = 1\noverload_status = 480");
    let told = [asked(&near, "+491", "1", ""), asked(&near, "+491", "2", "")];
    assert_eq!(told[0], "SIP/2.0 486 Busy Here");
    assert!(told[1].starts_with("SIP/2.0 480"), "{told:?}");
}

/// Whoever can send us a 302 doesn't choose where our calls are charged.
#[tokio::test(flavor = "multi_thread")]
async fn a_trunk_moves_calls_to_its_own_places_alone() {
    let stranger = "302 Moved Temporarily\r\nContact: <sip:100@192.0.2.1>";
    let emergency = "302 Moved Temporarily\r\nContact: <sip:112@127.0.0.1>";
    for answer in [stranger, emergency] {
        let carrier = Carrier::start(answer);
        let near = through(carrier.address(), "redirects = 2");
        let told = refusal(&near, "100").await;
        assert!(told.contains("480") || told.contains("302"), "{answer}: {told}");
        carrier.invite();
        assert_eq!(carrier.count(), 0, "{answer}");
    }
    let circle = Carrier::start("302 Moved Temporarily\r\nContact: <sip:again@127.0.0.1:9>, <sip:elsewhere@127.0.0.1>");
    let near = through(circle.address(), "redirects = 0");
    refusal(&near, "100").await;
    circle.invite();
    assert_eq!(circle.count(), 0);
}
