//! Session timers: RFC 4028.

use super::refusals::request;
use super::*;
use crate::message::{HeaderName, Request};

fn field(message: &Message, name: &HeaderName) -> Option<String> {
    message.headers().get(name).map(ToString::to_string)
}

/// Two agents whose caller asks for this.
fn asking(seconds: u64) -> World {
    World::with(
        Settings { session_expires: Some(Duration::from_secs(seconds)), ..Settings::default() },
        Conditions::GOOD,
        1,
    )
}

#[test]
fn the_caller_asks_the_callee_grants_and_the_caller_refreshes_by_update() {
    let mut world = asking(120);
    let (alice, _) = world.talk();
    assert_eq!(field(&world.last(ALICE, "INVITE"), &HeaderName::SessionExpires).as_deref(), Some("120"));
    let ok = world.last(BOB, "200 INVITE");
    assert_eq!(field(&ok, &HeaderName::SessionExpires).as_deref(), Some("120;refresher=uac"));
    assert_eq!(field(&ok, &HeaderName::Require).as_deref(), Some("timer"));
    world.run(400_000);
    let refreshes = world.sent(ALICE, "UPDATE");
    assert!((6..=7).contains(&refreshes.len()), "{refreshes:?}");
    assert!(refreshes.windows(2).all(|pair| (60_000..60_200).contains(&(pair[1] - pair[0]))), "{refreshes:?}");
    assert_eq!(field(&world.last(ALICE, "UPDATE"), &HeaderName::SessionExpires).as_deref(), Some("120;refresher=uac"));
    assert!(world.sent(BOB, "UPDATE").is_empty());
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended RemoteBye"]);
    world.assert_clean();
}

#[test]
fn a_dialog_whose_other_side_is_gone_ends_on_both_sides() {
    let mut world = asking(120);
    world.talk();
    world.link.conditions.loss = 1.0;
    world.settle();
    assert_eq!(world.events(ALICE).last().unwrap(), "Ended SessionExpired", "its refresh was not answered");
    assert_eq!(world.events(BOB).last().unwrap(), "Ended SessionExpired");
    let bye = world.sent(BOB, "BYE")[0];
    assert!((88_000..89_000).contains(&bye), "32 s before the end: {bye}");
    let Message::Request(bye) = world.last(BOB, "BYE") else { panic!("a request") };
    assert_eq!(bye.headers.reason().unwrap()[0].cause(), Some(408));
    world.assert_clean();
}

/// §9: a caller that knows no timers, behind a proxy that asks for one: the refreshes are ours.
#[test]
fn the_callee_refreshes_for_a_caller_that_cannot() {
    let mut world = World::new();
    let invite = request("INVITE", "z9hG4bK1", "Session-Expires: 100\r\n");
    world.inject(invite);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("offer")), Vec::new(), now)).unwrap();
    let ok = world.last(BOB, "200 INVITE");
    assert_eq!(field(&ok, &HeaderName::SessionExpires).as_deref(), Some("100;refresher=uas"));
    assert_eq!(field(&ok, &HeaderName::Require), None);
    let tag = ok.headers().to_tag().unwrap().unwrap();
    world.inject(
        request("ACK", "z9hG4bK2", "").replace("example.com>\r\nCall", &format!("example.com>;tag={tag}\r\nCall")),
    );
    world.run(51_000);
    let refresh = world.sent(BOB, "INVITE");
    assert_eq!(refresh, [50_020, 50_520], "sent, and again as nobody answers");
    let Message::Request(refresh) = world.last(BOB, "INVITE") else { panic!("a request") };
    assert_eq!(&refresh.body[..], b"offer", "what we have said before");
}

#[test]
fn an_interval_that_is_too_small_is_refused_422_with_the_least_that_is_taken() {
    let mut world = World::new();
    let small = "Session-Expires: 60\r\nSupported: timer\r\n";
    let reply = world.answer(request("INVITE", "z9hG4bK1", small));
    assert_eq!((reply.status.code(), reply.headers.min_se().unwrap()), (422, Some(Duration::from_secs(90))));
    world.assert_clean();
}

#[test]
fn a_caller_that_is_told_422_asks_for_what_the_callee_takes() {
    let mut world = asking(120);
    world.dial(Some(sdp("offer")));
    let Message::Request(first) = world.last(ALICE, "INVITE") else { panic!("a request") };
    let mut refusal = Response::to(&first, status(422));
    refusal.set_to_tag("b");
    refusal.headers.push(HeaderName::MinSe, "300");
    let (from, to) = (world.peers[BOB].address, world.peers[ALICE].address);
    world.deliver(from, to, refusal.to_bytes());
    let Message::Request(second) = world.last(ALICE, "INVITE") else { panic!("a request") };
    assert_eq!(second.headers.session_expires().unwrap().unwrap().interval, Duration::from_secs(300));
    assert_eq!(second.headers.min_se().unwrap(), Some(Duration::from_secs(300)), "the next proxy must not lower it");
    assert_eq!(second.headers.cseq().unwrap().number, first.headers.cseq().unwrap().number + 1);
    assert_eq!(second.body, first.body);
    assert!(world.events(ALICE).is_empty());
    world.deliver(from, to, {
        let mut again = Response::to(&second, status(422));
        again.set_to_tag("c");
        again.headers.push(HeaderName::MinSe, "300");
        again.to_bytes()
    });
    assert_eq!(world.events(ALICE), ["Refused 422 Response"], "not for ever");
}

/// §7.2: "if the 2xx response did not contain a Session-Expires header field, there is no session expiration".
#[test]
fn a_callee_that_grants_nothing_is_not_asked_again() {
    let mut world = asking(120);
    world.dial(Some(sdp("offer")));
    let Message::Request(invite) = world.last(ALICE, "INVITE") else { panic!("a request") };
    answer(&mut world, &invite, "");
    world.run(1_000_000);
    assert_eq!(world.sent(ALICE, "UPDATE").len() + world.sent(ALICE, "BYE").len(), 0);
}

#[test]
fn a_callee_that_takes_no_update_is_refreshed_by_reinvite() {
    let mut world = asking(120);
    world.dial(Some(sdp("offer")));
    let Message::Request(invite) = world.last(ALICE, "INVITE") else { panic!("a request") };
    answer(&mut world, &invite, "Session-Expires: 120;refresher=uac");
    world.run(61_000);
    let Message::Request(again) = world.last(ALICE, "INVITE") else { panic!("a request") };
    assert_eq!((&again.body[..], again.headers.to_tag().unwrap().is_some()), (&b"offer"[..], true));
    answer(&mut world, &again, "Session-Expires: 120;refresher=uac");
    world.run(50_000);
    assert_eq!(world.events(ALICE), ["Answered answer", "OfferAnswered answer"]);
}

fn answer(world: &mut World, invite: &Request, timer: &str) {
    let mut answer = Response::to(invite, status(200));
    if invite.headers.to_tag().unwrap().is_none() {
        answer.set_to_tag("b");
    }
    answer.headers.push(HeaderName::Contact, "<sip:bob@192.0.2.99>");
    answer.headers.push(HeaderName::Allow, "INVITE, ACK, BYE, CANCEL");
    if let Some((_, value)) = timer.split_once(": ") {
        answer.headers.push(HeaderName::SessionExpires, value);
    }
    answer.set_body("application/sdp", "answer");
    let (from, to) = (world.peers[BOB].address, world.peers[ALICE].address);
    world.deliver(from, to, answer.to_bytes());
}
