//! Floods: nothing grows without a bound.

use super::*;

fn small() -> World {
    let settings = Settings { max_sessions: 3, max_transactions: 5, ..Settings::default() };
    World::with(settings, Conditions::GOOD, 7)
}

fn flood(world: &mut World, number: u32) -> u16 {
    let text = refusals::request("INVITE", &format!("z9hG4bKflood{number}"), "")
        .replace("Call-ID: s1", &format!("Call-ID: flood{number}"));
    let own = |reply: &&Response| reply.headers.call_id().is_ok_and(|id| id == format!("flood{number}").as_str());
    world.inject(text).iter().find(own).expect("an answer").status.code()
}

#[test]
fn invites_beyond_the_limit_on_sessions_get_503_and_leave_nothing_behind() {
    let mut world = small();
    let codes: Vec<u16> = (0..20).map(|number| flood(&mut world, number)).collect();
    assert_eq!(codes[..3], [100, 100, 100]);
    assert!(codes[3..].iter().all(|code| *code == 503));
    assert_eq!((world.peers[BOB].agent.sessions(), world.peers[BOB].agent.transactions()), (3, 3));
}

#[test]
fn refused_invites_count_until_their_transactions_end_and_then_there_is_room_again() {
    let mut world = small();
    for number in 0..5 {
        assert_eq!(flood(&mut world, number), 100);
        let bob = world.invited();
        world.act(BOB, |agent, now| agent.reject(bob, status(486), None, Vec::new(), now)).unwrap();
    }
    assert_eq!(flood(&mut world, 5), 503);
    world.settle();
    world.assert_clean();
    assert_eq!(flood(&mut world, 6), 100);
}

#[test]
fn a_bye_passes_when_the_limit_on_transactions_is_reached() {
    let mut world = small();
    let (alice, _) = world.talk();
    for number in 0..4 {
        flood(&mut world, number);
    }
    assert_eq!(flood(&mut world, 9), 503);
    world.hangup(ALICE, alice);
    world.run(100);
    assert_eq!(world.sent(BOB, "200 BYE").len(), 1);
}

#[test]
fn our_own_calls_stop_at_the_limit_too() {
    let mut world = small();
    for _ in 0..3 {
        world.dial(Some(sdp("x")));
    }
    let flow = world.flow(ALICE, world.peers[BOB].address);
    let invite = Invite {
        request_uri: "sip:bob@192.0.2.2".parse().unwrap(),
        from: "<sip:a@example.com>".parse().unwrap(),
        to: "<sip:b@example.com>".parse().unwrap(),
        flow,
        contact: None,
        headers: Vec::new(),
        body: None,
        credentials: None,
    };
    assert_eq!(world.act(ALICE, |agent, now| agent.invite(invite, now)), Err(Error::TooManySessions));
}

#[test]
fn forks_without_end_are_acknowledged_only_so_often() {
    let mut world = World::new();
    world.talk();
    let Message::Response(answer) = world.last(BOB, "200 INVITE") else { panic!("a response") };
    for number in 0..100 {
        let mut fork = answer.clone();
        let to = fork.headers.to().unwrap().with_tag(&format!("fork{number}"));
        fork.headers.set(crate::message::HeaderName::To, &to);
        world.deliver(stranger(), world.peers[ALICE].address, fork.to_bytes());
    }
    assert_eq!(world.sent(ALICE, "BYE").len(), MAX_FORKS);
}

/// A response is kept for 64*T1, and it echoes what the sender chose.
#[test]
fn requests_whose_answers_would_be_large_to_keep_get_513_and_leave_nothing_behind() {
    let long = "x".repeat(5_000);
    let via = format!("Via: SIP/2.0/UDP 192.0.2.7;x={long}\r\n");
    let mut world = World::new();
    for (method, from, to) in [
        ("INVITE", "tag=e", format!("tag=e;x={long}")),
        ("INVITE", "Call-ID: s1", format!("Call-ID: {long}")),
        ("INVITE", "Contact:", format!("Record-Route: <sip:{long}@192.0.2.1;lr>\r\nContact:")),
        ("INVITE", "Contact:", format!("Timestamp: 1{long}\r\nContact:")),
        ("OPTIONS", "Contact:", format!("Via: SIP/2.0/UDP 192.0.2.8;x={long}\r\nContact:")),
    ] {
        let reply = world.answer(refusals::request(method, "z9hG4bK1", &via).replacen(from, &to, 1));
        assert_eq!(reply.status.code(), 513, "{method} {from}");
    }
    world.assert_clean();
    let large = format!("Subject: {long}\r\nX: {long}\r\n");
    assert_eq!(world.answer(refusals::request("INVITE", "z9hG4bK1", &large)).status.code(), 100);
}

#[test]
fn a_cancel_whose_answer_would_be_large_to_keep_gets_513_too() {
    let mut world = World::new();
    world.inject(refusals::request("INVITE", "z9hG4bK1", ""));
    let via = format!("Via: SIP/2.0/UDP 192.0.2.7;x={}\r\n", "x".repeat(5_000)).repeat(2);
    assert_eq!(world.answer(refusals::request("CANCEL", "z9hG4bK1", &via)).status.code(), 513);
    assert_eq!(world.events(BOB), ["Invited"]);
}
