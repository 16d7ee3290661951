//! Bodies of several parts: RFC 5621 §3.1, RFC 2046 §5.1.

use super::refusals::request;
use super::*;
use crate::message::HeaderName;

const MIXED: &str = "multipart/mixed;boundary=\"a b\"";

/// A session description after a part that it came with.
fn mixed(text: &str, beside: &str) -> String {
    format!("preamble\r\n--a b\r\n{beside}\r\n--a b\r\nContent-Type: application/sdp\r\n\r\n{text}\r\n--a b--\r\nend")
}

fn invite(beside: &str) -> String {
    request("INVITE", "z9hG4bK1", &format!("Content-Type: {MIXED}\r\n")) + &mixed("v=0\r\n", beside)
}

const LOCATION: &str = "Content-Type: application/pidf+xml\r\nContent-ID: <x@y>\r\n\r\n<presence/>";

#[test]
fn the_session_description_among_other_parts_is_the_offer() {
    let mut world = World::new();
    assert_eq!(world.answer(invite(LOCATION)).status.code(), 100);
    let Some(Event::Invited { invitation, .. }) = world.peers[BOB].events.last() else { panic!("an invitation") };
    assert_eq!(invitation.body, Some(Body::sdp("v=0\r\n")));
}

/// Every body of a call: INVITE and 2xx, re-INVITE and its 2xx, and the ACK that answers.
#[test]
fn both_sides_of_a_call_may_send_several_parts_anywhere() {
    let parts = |text: &str| Body { content_type: MIXED.into(), content: mixed(text, LOCATION).into() };
    let mut world = World::new();
    let alice = world.dial(Some(parts("1")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(parts("2")), Vec::new(), now)).unwrap();
    world.run(100);
    world.act(ALICE, |agent, now| agent.offer(alice, Some(parts("3")), now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(parts("4")), now)).unwrap();
    world.run(100);
    world.act(ALICE, |agent, now| agent.offer(alice, None, now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(parts("5")), now)).unwrap();
    world.run(100);
    world.act(ALICE, |agent, now| agent.answer_offer(alice, Ok(parts("6")), now)).unwrap();
    world.run(100);
    assert_eq!(world.events(ALICE), ["Answered 2", "OfferAnswered 4", "OfferAnswered 5"]);
    assert_eq!(world.events(BOB), ["Invited 1", "Confirmed", "Offer 3", "Confirmed", "Offer", "Confirmed 6"]);
}

/// §8.2.3: what the sender insists on and we don't know, and what hides the session description from us.
#[test]
fn parts_that_must_be_understood_and_are_not_get_415() {
    let insisted = "Content-Type: application/x\r\nContent-Disposition: a;handling=required\r\n\r\nx";
    let text = invite(insisted);
    let without = invite(LOCATION).replace("application/sdp", "text/plain");
    let unbounded = invite(LOCATION).replace(";boundary=\"a b\"", "");
    let packed =
        invite(LOCATION).replace("application/sdp\r\n", "application/sdp\r\nContent-Transfer-Encoding: base64\r\n");
    for text in [text, without, unbounded, packed] {
        let mut world = World::new();
        let reply = world.answer(text.clone());
        assert_eq!(reply.status.code(), 415, "{text}");
        assert_eq!(reply.headers.get(&HeaderName::Accept).unwrap(), &"application/sdp, multipart/mixed");
        assert!(world.events(BOB).is_empty());
    }
}

#[test]
fn an_optional_body_of_several_parts_that_we_do_not_know_is_ignored() {
    let mut world = World::new();
    let extra = format!("Content-Type: {MIXED}\r\nContent-Disposition: render;handling=optional\r\n");
    let body = mixed("x", LOCATION).replace("application/sdp", "text/plain");
    assert_eq!(world.answer(request("INVITE", "z9hG4bK1", &extra) + &body).status.code(), 100);
    assert_eq!(world.events(BOB), ["Invited"]);
}
