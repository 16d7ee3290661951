//! UPDATE and INFO within a call: RFC 3311, RFC 6086.

use super::*;
use crate::message::{HeaderName, Method, Request};

/// A request of Alice within the call to Bob, built upon her INVITE and his 200.
fn within(world: &World, method: Method, body: Option<(&'static str, &'static str)>) -> Request {
    let Message::Request(invite) = world.last(ALICE, "INVITE") else { panic!("a request") };
    let ok = world.last(BOB, if world.sent(BOB, "200 INVITE").is_empty() { "180 INVITE" } else { "200 INVITE" });
    let mut request = Request::new(method.clone(), invite.uri.clone());
    request.headers.push(HeaderName::Via, "SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bKwithin");
    for name in [HeaderName::From, HeaderName::CallId, HeaderName::MaxForwards, HeaderName::Contact] {
        request.headers.copy(&invite.headers, &name);
    }
    request.headers.copy(ok.headers(), &HeaderName::To);
    let number = invite.headers.cseq().unwrap().number + 1;
    request.headers.push(HeaderName::CSeq, format!("{number} {method}"));
    if let Some((kind, text)) = body {
        request.set_body(kind, text);
    }
    request
}

#[test]
fn an_update_without_an_offer_is_answered_at_once_and_told_to_nobody() {
    let mut world = World::new();
    world.talk();
    let update = within(&world, Method::Update, None);
    let reply = world.answer(update.to_bytes());
    assert_eq!(reply.status.code(), 200);
    assert!(reply.headers.contains(&HeaderName::Contact));
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed"]);
}

#[test]
fn an_update_with_an_offer_is_answered_by_the_application_and_no_ack_is_waited_for() {
    let mut world = World::new();
    let (_, bob) = world.talk();
    let update = within(&world, Method::Update, Some(("application/sdp", "hold")));
    assert!(world.inject(update.to_bytes()).is_empty());
    assert_eq!(world.events(BOB).last().unwrap(), "Offer hold");
    assert_eq!(world.act(BOB, |agent, now| agent.offer(bob, None, now)), Err(Error::WrongState(bob)), "one at a time");
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("held")), now)).unwrap();
    let ok = world.last(BOB, "200 UPDATE");
    let Message::Response(ok) = ok else { panic!("a response") };
    assert_eq!(&ok.body[..], b"held");
    world.act(BOB, |agent, now| agent.offer(bob, Some(sdp("mine")), now)).unwrap();
}

#[test]
fn an_update_whose_offer_is_refused_leaves_the_call_standing() {
    let mut world = World::new();
    let (_, bob) = world.talk();
    world.inject(within(&world, Method::Update, Some(("application/sdp", "video"))).to_bytes());
    world.act(BOB, |agent, now| agent.answer_offer(bob, Err(status(488)), now)).unwrap();
    assert_eq!(world.sent(BOB, "488 UPDATE").len(), 1);
    assert_eq!(world.peers[BOB].agent.sessions(), 1);
}

/// §5.2: 491 while our offer is open, 500 with Retry-After while theirs is.
#[test]
fn an_update_that_crosses_another_offer_is_refused() {
    let mut world = World::new();
    let (_, bob) = world.talk();
    let update = within(&world, Method::Update, Some(("application/sdp", "hold")));
    world.act(BOB, |agent, now| agent.offer(bob, Some(sdp("mine")), now)).unwrap();
    assert_eq!(world.answer(update.to_bytes()).status.code(), 491);
}

#[test]
fn an_offer_before_the_answer_is_refused_500_and_the_call_goes_on() {
    let mut world = World::new();
    world.dial(Some(sdp("offer")));
    world.run(50);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    world.run(50);
    let early = within(&world, Method::Update, Some(("application/sdp", "other")));
    assert_eq!(world.answer(early.to_bytes()).status.code(), 500);
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.run(50);
    assert_eq!(world.events(ALICE).last().unwrap(), "Answered answer");
}

#[test]
fn a_key_in_an_info_is_handed_up_and_answered() {
    let settings = Settings { info: vec!["application/dtmf-relay".into()], ..Settings::default() };
    let mut world = World::with(settings, Conditions::GOOD, 1);
    world.talk();
    let info = within(&world, Method::Info, Some(("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n")));
    assert_eq!(world.answer(info.to_bytes()).status.code(), 200);
    assert_eq!(world.events(BOB).last().unwrap(), "Info Signal=5\r\nDuration=160\r\n");
}

#[test]
fn an_info_that_nobody_understands_is_refused_415_and_an_empty_one_is_fine() {
    let mut world = World::new();
    world.talk();
    let reply = world.answer(within(&world, Method::Info, Some(("application/broadsoft", "x"))).to_bytes());
    assert_eq!(reply.status.code(), 415);
    let mut world = World::new();
    world.talk();
    assert_eq!(world.answer(within(&world, Method::Info, None).to_bytes()).status.code(), 200);
    assert_eq!(world.events(BOB).len(), 2);
}

#[test]
fn an_info_or_update_of_no_call_is_refused_481() {
    let mut world = World::new();
    for method in ["INFO", "UPDATE"] {
        assert_eq!(world.answer(super::refusals::request(method, "z9hG4bK1", "")).status.code(), 481, "{method}");
    }
    world.assert_clean();
}
