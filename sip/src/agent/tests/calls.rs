//! Calls that are answered: RFC 3261 §13.

use super::*;
use crate::message::{HeaderName, Request};

fn request(message: Message) -> Request {
    match message {
        Message::Request(request) => request,
        Message::Response(response) => panic!("a request: {response:?}"),
    }
}

#[test]
fn a_call_rings_is_answered_confirmed_and_ended_by_bye() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    world.act(BOB, |agent, now| agent.progress(bob, status(183), Some(sdp("early")), now)).unwrap();
    world.run(100);
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.run(100);
    let reason = Reason::new(crate::message::Token::new("Q.850").unwrap(), 16, "done");
    world.act(ALICE, |agent, now| agent.hangup(alice, Some(reason), now)).unwrap();
    world.settle();
    assert_eq!(world.events(ALICE), ["Progress 180", "Progress 183 early", "Answered answer", "Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended RemoteBye 16"]);
    assert_eq!(world.names(ALICE), ["INVITE", "ACK", "BYE"]);
    assert_eq!(world.names(BOB), ["100 INVITE", "180 INVITE", "183 INVITE", "200 INVITE", "200 BYE"]);
    world.assert_clean();
}

#[test]
fn an_invitation_says_who_calls_whom_and_how() {
    let mut world = World::new();
    world.dial(Some(sdp("offer")));
    world.run(100);
    let Some(Event::Invited { invitation, .. }) = world.peers[BOB].events.first() else { panic!("an invitation") };
    assert_eq!(invitation.from.display.decode(), "Alice");
    assert_eq!(invitation.from.uri.to_string(), "sip:alice@example.com");
    assert_eq!(invitation.to.to_string(), "<sip:bob@example.com>");
    assert_eq!(invitation.request_uri.to_string(), "sip:bob@192.0.2.2:5060");
    assert_eq!(invitation.flow.peer, world.peers[ALICE].address);
    assert!(invitation.headers.contains(&HeaderName::UserAgent));
}

/// §12.1.1, §13.2.1, §13.3.1.4: what INVITE and 200 have to carry.
#[test]
fn invite_and_200_carry_contact_allow_and_supported() {
    let mut world = World::new();
    world.talk();
    for message in [world.last(ALICE, "INVITE"), world.last(BOB, "200 INVITE")] {
        for name in [HeaderName::Contact, HeaderName::Allow, HeaderName::Supported, HeaderName::ContentType] {
            assert!(message.headers().contains(&name), "{name}");
        }
    }
    let ack = request(world.last(ALICE, "ACK"));
    let invite = request(world.last(ALICE, "INVITE"));
    assert_eq!(ack.headers.cseq().unwrap().number, invite.headers.cseq().unwrap().number);
    assert_ne!(ack.headers.via().unwrap().branch(), invite.headers.via().unwrap().branch());
    assert_eq!(ack.uri.to_string(), "sip:192.0.2.2:5060");
}

/// §17.1.1.2 timer A; §17.2.1: "the most recent provisional response ... MUST be passed to the transport layer".
#[test]
fn a_repeated_invite_gets_the_response_that_was_lost() {
    let mut world = World::new();
    world.losses.push((BOB, "100 INVITE", 2));
    world.dial(Some(sdp("offer")));
    world.run(1_600);
    assert_eq!(world.sent(ALICE, "INVITE"), [0, 500, 1500]);
    assert_eq!(world.sent(BOB, "100 INVITE"), [10, 510, 1510]);
    assert_eq!(world.events(BOB), ["Invited offer"]);
}

/// §13.3.1.4: "an interval that starts at T1 seconds and doubles for each retransmission until it reaches T2 seconds".
#[test]
fn a_lost_200_is_repeated_until_the_ack_comes() {
    let mut world = World::new();
    world.losses.push((BOB, "200 INVITE", 5));
    world.talk();
    world.run(20_000);
    assert_eq!(world.sent(BOB, "200 INVITE"), [100, 600, 1600, 3600, 7600, 11600]);
    assert_eq!(world.sent(ALICE, "ACK"), [11610]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed"]);
}

/// §13.2.2.4: "the UAC core MUST ... generate an ACK for each 2xx" that is repeated, the same one.
#[test]
fn a_lost_ack_is_sent_again_for_each_repeated_200() {
    let mut world = World::new();
    world.losses.push((ALICE, "ACK", 3));
    world.talk();
    world.run(20_000);
    assert_eq!(world.sent(BOB, "200 INVITE"), [100, 600, 1600, 3600]);
    assert_eq!(world.sent(ALICE, "ACK"), [110, 610, 1610, 3610]);
    let acks: Vec<_> = world.log.iter().filter(|sent| sent.name == "ACK").map(|sent| sent.data.clone()).collect();
    assert!(acks.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(world.events(ALICE), ["Answered answer"]);
}

/// §13.3.1.4: "If the server retransmits the 2xx response for 64*T1 seconds without receiving an ACK, ... the session
/// SHOULD be terminated. This is accomplished with a BYE".
#[test]
fn without_any_ack_the_callee_ends_the_call_after_32_seconds() {
    let mut world = World::new();
    world.losses.push((ALICE, "ACK", usize::MAX));
    world.talk();
    world.settle();
    assert_eq!(world.sent(BOB, "200 INVITE").len(), 11);
    assert_eq!(world.sent(BOB, "BYE"), [32_100]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended AckTimeout"]);
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended RemoteBye"]);
    world.assert_clean();
}

/// §13.3.1.1: "the UAS MUST send a non-100 provisional response at every minute".
#[test]
fn ringing_is_repeated_every_minute() {
    let mut world = World::new();
    world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    world.run(150_000);
    assert_eq!(world.sent(BOB, "180 INVITE"), [100, 60_100, 120_100]);
}

/// §13.2.1: the offer may be in the 2xx; then the answer is in the ACK.
#[test]
fn an_invite_without_an_offer_gets_it_in_the_200_and_answers_it_in_the_ack() {
    let mut world = World::new();
    let alice = world.dial(None);
    world.run(100);
    let bob = world.invited();
    let bare = world.act(BOB, |agent, now| agent.accept(bob, None, Vec::new(), now));
    assert_eq!(bare, Err(Error::BodyMissing(bob)));
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("offer")), Vec::new(), now)).unwrap();
    world.run(700);
    assert_eq!(world.sent(ALICE, "ACK"), []);
    world.act(ALICE, |agent, now| agent.answer_offer(alice, Ok(sdp("answer")), now)).unwrap();
    world.run(5_000);
    assert_eq!(world.events(ALICE), ["Answered offer"]);
    assert_eq!(world.events(BOB), ["Invited", "Confirmed answer"]);
    assert_eq!(world.sent(BOB, "200 INVITE"), [100, 600]);
}

/// §13.2.2.4: what answers besides the one we talk to is acknowledged and ended.
#[test]
fn another_branch_that_answers_too_is_acknowledged_and_ended() {
    let mut world = World::new();
    let (alice, _) = world.talk();
    let Message::Response(mut fork) = world.last(BOB, "200 INVITE") else { panic!("a response") };
    let to = fork.headers.to().unwrap().with_tag("fork");
    fork.headers.set(HeaderName::To, &to);
    fork.headers.set(HeaderName::Contact, "<sip:192.0.2.99:5060>");
    world.deliver(stranger(), world.peers[ALICE].address, fork.to_bytes());
    world.deliver(stranger(), world.peers[ALICE].address, fork.to_bytes());
    assert_eq!(world.names(ALICE), ["INVITE", "ACK", "ACK", "BYE", "ACK"]);
    let bye = request(world.last(ALICE, "BYE"));
    assert_eq!(bye.headers.to_tag().unwrap().unwrap(), "fork");
    assert_eq!(bye.uri.to_string(), "sip:192.0.2.99:5060");
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended LocalHangup"]);
    world.assert_clean();
}

/// §8.1.3.1
#[test]
fn an_invite_that_nobody_answers_is_refused_with_408() {
    let mut world = World::new();
    world.losses.push((BOB, "100 INVITE", usize::MAX));
    world.losses.push((ALICE, "INVITE", usize::MAX));
    world.dial(Some(sdp("offer")));
    world.settle();
    assert_eq!(world.events(ALICE), ["Refused 408 Timeout"]);
    world.assert_clean();
}

/// §8.1.3.1: "If a fatal transport error is reported by the transport layer (generally, due to fatal ICMP errors in
/// UDP or connection failures in TCP), the condition MUST be treated as a 503".
#[test]
fn an_unreachable_peer_refuses_a_call_with_503_and_spares_one_that_it_has_answered() {
    let mut world = World::new();
    world.talk();
    world.losses.push((ALICE, "INVITE", 1));
    world.dial(Some(sdp("offer")));
    let flow = world.flow(ALICE, world.peers[BOB].address);
    world.act(ALICE, |agent, now| agent.handle_transport_error(flow, now));
    assert_eq!(world.events(ALICE), ["Answered answer", "Refused 503 Transport"]);
    assert_eq!(world.peers[ALICE].agent.sessions(), 1);
}

#[test]
fn a_refusal_brings_its_status_phrase_and_header_fields() {
    let mut world = World::new();
    world.dial(Some(sdp("offer")));
    world.run(100);
    let bob = world.invited();
    let headers = vec![(HeaderName::RetryAfter, "120".into())];
    world.act(BOB, |agent, now| agent.reject(bob, status(486), Some("In a tunnel".into()), headers, now)).unwrap();
    world.settle();
    let Some(Event::Refused { status: refusal, reason, headers, .. }) = world.peers[ALICE].events.last() else {
        panic!("a refusal")
    };
    assert_eq!((refusal.code(), reason.decode().as_ref()), (486, "In a tunnel"));
    assert_eq!(headers.get(&HeaderName::RetryAfter).unwrap(), &"120");
    assert_eq!(world.events(BOB), ["Invited offer", "Ended Rejected 486"]);
    assert_eq!(world.names(ALICE), ["INVITE", "ACK"]);
    world.assert_clean();
}

#[test]
fn answers_that_the_state_does_not_allow_are_errors() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    let gone = SessionId(99);
    let wrong = Err(Error::WrongState(bob));
    assert_eq!(world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("x")), Vec::new(), now)), wrong);
    assert_eq!(world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)), wrong);
    assert_eq!(world.act(BOB, |agent, now| agent.reject(bob, status(486), None, Vec::new(), now)), wrong);
    assert_eq!(world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("x")), now)), wrong);
    let unknown = Err(Error::UnknownSession(gone));
    assert_eq!(world.act(ALICE, |agent, now| agent.hangup(gone, None, now)), unknown);
    let odd = Err(Error::WrongStatus(status(200)));
    assert_eq!(world.act(ALICE, |agent, now| agent.progress(alice, status(200), None, now)), odd);
}
