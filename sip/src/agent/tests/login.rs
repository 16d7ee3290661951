//! Calls that are challenged: RFC 3261 §22.2 and §22.3.

use super::gate::{Gate, credentials};
use super::*;
use crate::digest::Side;
use crate::message::{HeaderName, Method, Request};

const MINUTES: Duration = Duration::from_secs(300);

fn gated(side: Side, methods: &[Method], nonce_life: Duration) -> World {
    let mut world = World::new();
    world.gate = Some(Gate::new(side, methods, nonce_life, world.now));
    world
}

/// Every request of this method that Alice has sent.
fn requests(world: &World, method: &str) -> Vec<Request> {
    let of_method = world.log.iter().filter(|sent| sent.from == ALICE && sent.name == method);
    let parsed = of_method.map(|sent| Message::parse_datagram(sent.data.clone()).unwrap());
    parsed
        .map(|message| match message {
            Message::Request(request) => request,
            Message::Response(response) => panic!("a request: {response:?}"),
        })
        .collect()
}

/// Alice calls Bob with her password, who answers.
fn talk(world: &mut World) -> SessionId {
    let alice = world.dial_as(credentials("secret"), Some(sdp("offer")));
    world.run(200);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.run(200);
    alice
}

#[test]
fn a_407_is_answered_in_the_same_session_without_a_word_to_the_application() {
    let mut world = gated(Side::Proxy, &[Method::Invite, Method::Bye], MINUTES);
    let alice = talk(&mut world);
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "ACK", "INVITE", "ACK", "BYE"]);
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended RemoteBye"]);
    // The BYE carries an answer before it is asked for.
    assert_eq!(world.gate.as_ref().unwrap().accepted, 2);
    world.assert_clean();
}

#[test]
fn the_invite_with_the_answer_has_the_same_call_id_and_tag_the_next_cseq_and_a_new_branch() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    talk(&mut world);
    let [first, second] = &requests(&world, "INVITE")[..] else { panic!("two INVITEs") };
    let (one, two) = (&first.headers, &second.headers);
    for name in [HeaderName::CallId, HeaderName::From, HeaderName::To, HeaderName::Contact, HeaderName::ContentType] {
        assert_eq!(one.get(&name), two.get(&name), "{name}");
    }
    assert_eq!((&first.uri, &first.body), (&second.uri, &second.body));
    assert_eq!(two.cseq().unwrap().number, one.cseq().unwrap().number + 1);
    assert_ne!(two.via().unwrap().branch(), one.via().unwrap().branch());
    assert_eq!((two.vias().count(), two.all(&HeaderName::UserAgent).count()), (1, 1));
    assert!(!one.contains(&HeaderName::ProxyAuthorization));
    assert_eq!(two.all(&HeaderName::ProxyAuthorization).count(), 1);
}

/// §22.1: "duplicate all of the Authorization and Proxy-Authorization header field values".
#[test]
fn each_ack_carries_what_its_invite_carried() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    talk(&mut world);
    let answers = |request: &Request| request.headers.get(&HeaderName::ProxyAuthorization).cloned();
    let invites: Vec<_> = requests(&world, "INVITE").iter().map(answers).collect();
    let acks: Vec<_> = requests(&world, "ACK").iter().map(answers).collect();
    assert_eq!(acks, invites);
    assert_eq!(acks.iter().flatten().count(), 1);
}

#[test]
fn a_server_that_challenges_with_401_is_answered_too() {
    let mut world = gated(Side::Server, &[Method::Invite], MINUTES);
    talk(&mut world);
    assert_eq!(world.events(ALICE), ["Answered answer"]);
    assert!(requests(&world, "INVITE")[1].headers.contains(&HeaderName::Authorization));
}

#[test]
fn a_wrong_password_refuses_the_call_with_the_real_status_and_says_so() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    world.dial_as(credentials("wrong"), Some(sdp("offer")));
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "ACK", "INVITE", "ACK"]);
    assert_eq!(world.events(ALICE), ["Refused 407 Response"]);
    let Some(Event::Refused { reason, .. }) = world.peers[ALICE].events.last() else { panic!("a refusal") };
    let words = "realm \"example.com\" refuses the password of \"alice\": user name or password is wrong";
    assert_eq!(reason.to_string(), words);
    world.assert_clean();
}

#[test]
fn without_credentials_a_challenge_refuses_the_call() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    world.dial(Some(sdp("offer")));
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "ACK"]);
    assert_eq!(world.events(ALICE), ["Refused 407 Response"]);
    world.assert_clean();
}

#[test]
fn a_gate_that_calls_every_nonce_stale_is_tried_so_often_and_no_more() {
    let mut world = gated(Side::Proxy, &[Method::Invite], Duration::ZERO);
    world.dial_as(credentials("secret"), Some(sdp("offer")));
    world.settle();
    assert_eq!(world.sent(ALICE, "INVITE").len(), 5);
    let Some(Event::Refused { reason, .. }) = world.peers[ALICE].events.last() else { panic!("a refusal") };
    assert_eq!(reason.to_string(), "realm \"example.com\" calls every nonce stale");
    world.assert_clean();
}

/// The digest client counts by realm, so this needs a limit of its own.
#[test]
fn a_peer_with_a_new_realm_each_time_is_tried_so_often_and_no_more() {
    let mut world = World::new();
    let flow = world.flow(ALICE, stranger());
    let to: crate::message::NameAddr = "<sip:eve@192.0.2.99>".parse().unwrap();
    let (request_uri, from, credentials) = (to.uri.clone(), to.clone(), credentials("secret"));
    let (headers, body) = (Vec::new(), Some(sdp("offer")));
    let invite = Invite { request_uri, from, to, flow, contact: None, headers, body, credentials };
    world.act(ALICE, |agent, now| agent.invite(invite, now)).unwrap();
    for realm in 0..20 {
        world.run(20);
        let invite = requests(&world, "INVITE").pop().unwrap();
        let mut response = Response::to(&invite, status(401));
        response.headers.push(HeaderName::WwwAuthenticate, format!("Digest realm=\"{realm}\", nonce=\"n\""));
        world.deliver(stranger(), world.peers[ALICE].address, response.to_bytes());
    }
    assert_eq!(world.sent(ALICE, "INVITE").len(), 9);
    let Some(Event::Refused { reason, .. }) = world.peers[ALICE].events.last() else { panic!("a refusal") };
    assert_eq!(reason.to_string(), "challenged again and again");
    world.settle();
    world.assert_clean();
}

#[test]
fn a_re_invite_whose_nonce_is_stale_is_sent_again_with_the_new_one() {
    let mut world = gated(Side::Proxy, &[Method::Invite, Method::Bye], Duration::from_secs(2));
    let alice = talk(&mut world);
    world.run(10_000);
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("hold")), now)).unwrap();
    world.run(100);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("held")), now)).unwrap();
    world.run(100);
    assert_eq!(world.events(ALICE), ["Answered answer", "OfferAnswered held"]);
    assert_eq!(world.sent(ALICE, "INVITE").len(), 4);
    let acks: Vec<_> = requests(&world, "ACK").iter().map(|ack| ack.headers.cseq().unwrap().number).collect();
    let invites: Vec<_> = requests(&world, "INVITE").iter().map(|one| one.headers.cseq().unwrap().number).collect();
    assert_eq!(acks, invites);
    world.hangup(BOB, bob);
    world.settle();
    world.assert_clean();
}

#[test]
fn a_bye_that_is_challenged_is_sent_again_when_its_session_is_over() {
    let mut world = gated(Side::Proxy, &[Method::Bye], MINUTES);
    let alice = talk(&mut world);
    world.hangup(ALICE, alice);
    assert_eq!(world.peers[ALICE].agent.sessions(), 0);
    world.run(25);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 1);
    world.settle();
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Confirmed", "Ended RemoteBye"]);
    let [first, second] = &requests(&world, "BYE")[..] else { panic!("two BYEs") };
    assert_eq!(second.headers.cseq().unwrap().number, first.headers.cseq().unwrap().number + 1);
    assert_eq!(second.headers.vias().count(), 1);
    world.assert_clean();
}

#[test]
fn a_bye_with_a_wrong_password_is_not_sent_for_ever() {
    let mut world = gated(Side::Proxy, &[Method::Bye], MINUTES);
    let alice = world.dial_as(credentials("wrong"), Some(sdp("offer")));
    world.run(200);
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.accept(bob, Some(sdp("answer")), Vec::new(), now)).unwrap();
    world.run(200);
    world.hangup(ALICE, alice);
    world.run(200);
    assert_eq!(world.sent(ALICE, "BYE").len(), 2);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 0);
}

/// §9.1 for the second INVITE as for the first: no CANCEL before it was heard of; and none carries answers (§22.1).
#[test]
fn a_call_given_up_after_a_challenge_is_cancelled_when_its_second_invite_is_heard_of() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    world.losses.push((BOB, "100 INVITE", 1));
    let alice = world.dial_as(credentials("secret"), Some(sdp("offer")));
    // The proxy says 100 to the first INVITE, which allows no CANCEL of the second.
    let trying = Response::to(&requests(&world, "INVITE")[0], StatusCode::TRYING).to_bytes();
    world.deliver(world.peers[BOB].address, world.peers[ALICE].address, trying);
    world.run(50);
    world.hangup(ALICE, alice);
    assert!(world.sent(ALICE, "CANCEL").is_empty());
    let bob = world.invited();
    world.act(BOB, |agent, now| agent.progress(bob, status(180), None, now)).unwrap();
    world.settle();
    let [cancel] = &requests(&world, "CANCEL")[..] else { panic!("one CANCEL") };
    let [_, invite] = &requests(&world, "INVITE")[..] else { panic!("two INVITEs") };
    assert_eq!(cancel.headers.via().unwrap().branch(), invite.headers.via().unwrap().branch());
    assert!(!cancel.headers.contains(&HeaderName::ProxyAuthorization));
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
    assert_eq!(world.events(BOB), ["Invited offer", "Ended RemoteCancel"]);
    world.assert_clean();
}

#[test]
fn a_call_given_up_before_the_challenge_ends_with_it() {
    let mut world = gated(Side::Proxy, &[Method::Invite], MINUTES);
    let alice = world.dial_as(credentials("secret"), Some(sdp("offer")));
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.names(ALICE), ["INVITE", "ACK"]);
    assert_eq!(world.events(ALICE), ["Ended LocalHangup"]);
    world.assert_clean();
}
