//! How calls end: CANCEL (RFC 3261 §9), BYE (§15), and both at once.

use super::*;
use crate::message::HeaderName;

/// §9.1: "If no provisional response has been received, the CANCEL request MUST NOT be sent".
#[test]
fn a_cancel_waits_for_the_first_provisional_response() {
    let mut world = World::new();
    world.losses.push((BOB, "100 INVITE", 1));
    let alice = world.dial(Some(sdp("offer")));
    world.hangup(ALICE, alice);
    world.run(400);
    assert_eq!(world.names(ALICE), ["INVITE"]);
    world.settle();
    assert_eq!(world.sent(ALICE, "CANCEL"), [520]);
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended RemoteCancel"]);
    assert_eq!(world.names(BOB), ["100 INVITE", "100 INVITE", "200 CANCEL", "487 INVITE"]);
    world.assert_clean();
}

/// §9.1 and §9.2; §9.2: the same To tag in the responses to CANCEL and INVITE.
#[test]
fn a_cancel_after_ringing_goes_at_once_and_ends_both_sides() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    world.run(100);
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.sent(ALICE, "CANCEL"), [200]);
    assert_eq!(world.events(ALICE), ["Progress 180", "Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended RemoteCancel"]);
    let (cancel, invite) = (world.last(BOB, "200 CANCEL"), world.last(BOB, "487 INVITE"));
    assert_eq!(cancel.headers().to_tag().unwrap(), invite.headers().to_tag().unwrap());
    world.assert_clean();
}

/// §9.1 and §15: the 2xx was under way when CANCEL was sent: ACK, then BYE.
#[test]
fn a_200_that_crosses_the_cancel_is_acknowledged_and_ended() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended RemoteBye"]);
    world.assert_clean();
}

/// §9.1: "If there is no final response for the original request in 64*T1 seconds ... the client SHOULD then consider
/// the original transaction cancelled".
#[test]
fn a_cancelled_call_ends_even_when_the_other_side_falls_silent() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.run(100);
    world.losses.push((BOB, "487 INVITE", usize::MAX));
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
    world.assert_clean();
}

/// §9.1 and §17.1.1.2: without a response there is nothing to cancel; timer B ends what nobody answered.
#[test]
fn a_call_that_nothing_answered_says_so_although_we_gave_it_up() {
    let mut world = World::new();
    world.losses.push((ALICE, "INVITE", usize::MAX));
    let alice = world.dial(Some(sdp("offer")));
    world.hangup(ALICE, alice);
    world.settle();
    assert!(world.sent(ALICE, "CANCEL").is_empty());
    assert_eq!(world.events(ALICE), ["Ended NoResponse"]);
    world.assert_clean();
}

#[test]
fn hanging_up_twice_is_hanging_up_once() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.hangup(ALICE, alice);
    world.hangup(ALICE, alice);
    world.run(100);
    assert_eq!(world.sent(ALICE, "CANCEL").len(), 1);
    world.settle();
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
}

/// §15: "The callee's UA MUST NOT send a BYE on a confirmed dialog until it has received an ACK for its 2xx response".
#[test]
fn a_callee_that_hangs_up_before_the_ack_waits_for_it() {
    let mut world = World::new();
    world.losses.push((ALICE, "ACK", 2));
    world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.hangup(BOB, bob);
    world.run(1_000);
    assert_eq!(world.sent(BOB, "BYE"), []);
    world.settle();
    assert_eq!(world.sent(BOB, "BYE"), [1_620]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended LocalHangup"]);
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended RemoteBye"]);
    world.assert_clean();
}

/// §15: "... or until the server transaction times out".
#[test]
fn a_callee_that_never_gets_the_ack_hangs_up_after_32_seconds() {
    let mut world = World::new();
    world.losses.push((ALICE, "ACK", usize::MAX));
    let (_, bob) = world.talk();
    world.hangup(BOB, bob);
    world.settle();
    assert_eq!(world.sent(BOB, "BYE"), [32_100]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended LocalHangup"]);
    world.assert_clean();
}

#[test]
fn a_callee_that_hangs_up_while_ringing_answers_480_with_its_reason() {
    let mut world = World::new();
    world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    let reason = Reason::new(crate::message::Token::new("Q.850").unwrap(), 18, "no user responding");
    world.act(BOB, |agent, now| agent.hangup(bob, Some(reason), now)).unwrap();
    world.settle();
    assert_eq!(world.events(ALICE), ["Refused 480 Response"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended LocalHangup"]);
    assert!(world.last(BOB, "480 INVITE").headers().contains(&HeaderName::Reason));
}

/// §15.1.2: who has sent BYE has no dialog any more.
#[test]
fn two_byes_that_cross_end_both_sides_once() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.hangup(ALICE, alice);
    world.hangup(BOB, bob);
    world.settle();
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended LocalHangup"]);
    assert_eq!((world.sent(ALICE, "481 BYE").len(), world.sent(BOB, "481 BYE").len()), (1, 1));
    world.assert_clean();
}

/// §17.1.2.2 timer E, §17.2.2: the repeated BYE gets the 200 that was lost, not 481.
#[test]
fn a_repeated_bye_gets_the_200_that_was_lost() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    world.losses.push((BOB, "200 BYE", 2));
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.sent(ALICE, "BYE"), [200, 700, 1700]);
    assert_eq!(world.sent(BOB, "200 BYE"), [210, 710, 1710]);
    world.assert_clean();
}

/// §15: "The caller's UA MAY send a BYE for either confirmed or early dialogs".
#[test]
fn a_bye_in_an_early_dialog_ends_the_invite_with_487() {
    let mut world = World::new();
    let invite = refusals::request("INVITE", "z9hG4bKearly", "");
    let trying = world.inject(invite);
    assert_eq!(trying[0].status.code(), 100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    let tag = world.last(BOB, "180 INVITE").headers().to_tag().unwrap().unwrap();
    let bye = refusals::request("BYE", "z9hG4bKbye", "").replace("CSeq: 1 ", "CSeq: 2 ");
    let replies = world.inject(bye.replace("<sip:bob@example.com>", &format!("<sip:bob@example.com>;tag={tag}")));
    let mut codes: Vec<_> = replies.iter().map(|reply| reply.status.code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [180, 200, 487]);
    assert_eq!(world.events(BOB), ["Invited", "Ended RemoteBye"]);
}

/// §9.2: a CANCEL has no effect on an INVITE that has its final response.
#[test]
fn a_cancel_after_the_200_is_answered_and_changes_nothing() {
    let mut world = World::new();
    world.inject(refusals::request("INVITE", "z9hG4bKlate", ""));
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("offer")), Vec::new(), now)).unwrap();
    world.run(20);
    let reply = world.answer(refusals::request("CANCEL", "z9hG4bKlate", ""));
    assert_eq!(reply.status.code(), 200);
    assert_eq!(world.events(BOB), ["Invited"]);
}

/// §13.3.1: "If the request is an INVITE that contains an Expires header field, the UAS core sets a timer".
#[test]
fn an_invitation_expires_with_487() {
    let mut world = World::new();
    world.inject(refusals::request("INVITE", "z9hG4bKexp", "Expires: 5\r\n"));
    world.run(6_000);
    assert_eq!(world.events(BOB), ["Invited", "Ended Expired"]);
    assert_eq!(world.sent(BOB, "487 INVITE").first(), Some(&5_000));
}
