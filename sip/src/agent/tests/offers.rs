//! Offers within a call: RFC 3261 §14, RFC 3264.

use super::*;

#[test]
fn a_reinvite_brings_an_offer_and_takes_an_answer() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("hold")), now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("held")), now)).unwrap();
    world.run(100);
    assert_eq!(world.events(ALICE), ["Answered answer", "OfferAnswered held"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Offer hold", "Confirmed"]);
}

/// §14.2 and RFC 3264 §4: an offer that is refused leaves the session as it was.
#[test]
fn a_refused_offer_leaves_the_call_standing() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(BOB, |agent, now| agent.offer(bob, Some(sdp("video")), now)).unwrap();
    world.run(100);
    world.act(ALICE, |agent, now| agent.answer_offer(alice, Err(status(488)), now)).unwrap();
    world.run(100);
    assert_eq!(world.events(BOB).last().unwrap(), "OfferRefused 488");
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.events(BOB).last().unwrap(), "Ended RemoteBye");
    world.assert_clean();
}

/// §14.1, §14.2: a re-INVITE without an offer asks for ours; the answer is in the ACK.
#[test]
fn a_reinvite_without_an_offer_gets_ours_and_answers_in_the_ack() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, None, now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("ours")), now)).unwrap();
    world.run(100);
    world.act(ALICE, |agent, now| agent.answer_offer(alice, Ok(sdp("theirs")), now)).unwrap();
    world.run(100);
    assert_eq!(world.events(ALICE).last().unwrap(), "OfferAnswered ours");
    assert_eq!(world.events(BOB).last().unwrap(), "Confirmed theirs");
}

/// §14.1: "If a UAC receives a 491 response to a re-INVITE, it SHOULD start a timer": 2.1 to 4 s for the owner of the
/// Call-ID, 0 to 2 s for the other.
#[test]
fn reinvites_that_cross_get_491_and_are_tried_again_one_after_the_other() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("a")), now)).unwrap();
    world.act(BOB, |agent, now| agent.offer(bob, Some(sdp("b")), now)).unwrap();
    world.run(2_050);
    assert_eq!((world.sent(ALICE, "491 INVITE").len(), world.sent(BOB, "491 INVITE").len()), (1, 1));
    assert_eq!(world.events(ALICE).last().unwrap(), "Offer b");
    world.act(ALICE, |agent, now| agent.answer_offer(alice, Ok(sdp("b!")), now)).unwrap();
    world.run(4_100);
    assert_eq!(world.events(BOB).last().unwrap(), "Offer a");
    let again = *world.sent(ALICE, "INVITE").last().unwrap();
    assert!((2_300..=4_250).contains(&again), "{again}");
    assert!(world.events(BOB).contains(&"OfferAnswered b!".to_owned()));
}

/// §14.2: "MUST return a 500 (Server Internal Error) response to the second INVITE and MUST include a Retry-After".
#[test]
fn a_second_reinvite_before_the_first_is_answered_gets_500() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("one")), now)).unwrap();
    world.run(100);
    let Message::Request(mut second) = world.last(ALICE, "INVITE") else { panic!("a request") };
    let next = second.headers.cseq().unwrap().number + 1;
    second.headers.set(crate::message::HeaderName::CSeq, format!("{next} INVITE"));
    second.headers.set(crate::message::HeaderName::Via, "SIP/2.0/UDP 192.0.2.99:5060;branch=z9hG4bKsecond");
    let replies = world.inject(second.to_bytes());
    assert_eq!(replies.last().unwrap().status.code(), 500);
    assert!(replies.last().unwrap().headers.retry_after().unwrap().is_some());
}

/// §14.1 and §12.2.1.2: a peer that knows nothing of the call any more.
#[test]
fn a_reinvite_that_gets_481_ends_the_call() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.losses.push((BOB, "BYE", usize::MAX));
    world.hangup(BOB, bob);
    world.run(100);
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("still there?")), now)).unwrap();
    world.settle();
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended DialogLost"]);
    world.assert_clean();
}

/// §15.1.2: "The UAS MUST still respond to any pending requests received for that dialog."
#[test]
fn a_bye_answers_the_pending_reinvite_with_487() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(100);
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.sent(BOB, "487 INVITE").len(), 1);
    assert_eq!(world.events(BOB).last().unwrap(), "Ended RemoteBye");
    assert_eq!(world.peers[BOB].events.iter().filter(|event| event.session() == bob && event.is_terminal()).count(), 1);
    world.assert_clean();
}

/// §14.2 with §13.3.1.4: no ACK to the 2xx of a re-INVITE ends the call too.
#[test]
fn a_reinvite_whose_200_is_never_acknowledged_ends_the_call() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.losses.push((ALICE, "ACK", usize::MAX));
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("y")), now)).unwrap();
    world.settle();
    assert_eq!(world.events(BOB).last().unwrap(), "Ended AckTimeout");
    assert_eq!(world.events(ALICE).last().unwrap(), "Ended RemoteBye");
    world.assert_clean();
}

/// §13.2.2.4: our BYE overtakes the answer to our re-INVITE; that 2xx is acknowledged all the same.
#[test]
fn hanging_up_during_our_own_reinvite_still_acknowledges_its_200() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("y")), now)).unwrap();
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "ACK", "INVITE", "BYE", "ACK"]);
    world.assert_clean();
}

/// §14.1 knows no end of a re-INVITE that got a 1xx. Ours has one: CANCEL, and the call goes on as it was.
#[test]
fn a_reinvite_that_is_never_decided_is_cancelled_and_leaves_the_session_as_it_was() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(200_000);
    assert_eq!(world.sent(ALICE, "CANCEL"), [200 + 32_000 + 60_000]);
    assert_eq!(world.events(ALICE), ["Answered answer", "OfferRefused 487"]);
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("y")), now)).unwrap();
    world.run(50);
    assert_eq!(world.events(BOB).last().unwrap(), "Offer y");
}

/// §12.2.1.2: who answers neither is gone.
#[test]
fn a_reinvite_that_is_never_decided_by_a_peer_that_is_gone_ends_the_call() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(1_000);
    world.losses.push((ALICE, "CANCEL", usize::MAX));
    world.run(200_000);
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended DialogLost"]);
    assert_eq!(world.sent(ALICE, "BYE"), [200 + 32_000 + 60_000 + 32_000]);
}
