//! Who is let in: RFC 3261 §21.4.4 and §8.2.7.

use super::refusals::request;
use super::*;

/// Bob takes calls from Alice alone.
fn choosy() -> World {
    let mut world = World::new();
    let alice = world.peers[ALICE].address.ip();
    world.peers[BOB]
        .agent
        .set_admission(move |newcomer| if newcomer.source == alice { Verdict::Welcome } else { Verdict::Stranger });
    world
}

#[test]
fn whatever_a_stranger_asks_is_answered_403_and_leaves_nothing_behind() {
    let mut world = choosy();
    for method in ["INVITE", "OPTIONS", "REGISTER", "BYE", "CANCEL", "FETCH"] {
        assert_eq!(world.answer(request(method, "z9hG4bK1", "")).status.code(), 403, "{method}");
    }
    let unknown = request("BYE", "z9hG4bK2", "").replace("bob@example.com>", "bob@example.com>;tag=0123456789abcdef");
    assert_eq!(world.answer(unknown).status.code(), 403);
    let replies = world.inject_raw(request("INVITE", "z9hG4bK3", "").replace("Call-ID: s1\r\n", ""));
    assert!(replies[0].starts_with(b"SIP/2.0 403 Forbidden\r\n"));
    assert_eq!(world.peers[BOB].agent.refused_strangers(), 8);
    assert_eq!(world.peers[BOB].agent.last_stranger(), Some(stranger().ip()));
    assert!(world.events(BOB).is_empty());
    world.assert_clean();
}

#[test]
fn a_stranger_s_ack_is_swallowed() {
    let mut world = choosy();
    assert!(world.inject(request("ACK", "z9hG4bK1", "")).is_empty());
    assert_eq!(world.peers[BOB].agent.refused_strangers(), 0);
    world.assert_clean();
}

#[test]
fn an_admitted_call_goes_on_also_from_where_nobody_is_admitted() {
    let mut world = choosy();
    let (alice, _) = world.talk();
    world.peers[BOB].agent.set_admission(|_| Verdict::Stranger);
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(50);
    assert_eq!(world.events(BOB).last().unwrap(), "Offer x");
    world.hangup(ALICE, alice);
    world.settle();
    assert_eq!(world.events(BOB).last().unwrap(), "Ended RemoteBye");
    assert_eq!(world.peers[BOB].agent.refused_strangers(), 0);
    world.assert_clean();
}

#[test]
fn a_call_of_ours_to_a_stranger_is_a_call() {
    let mut world = World::new();
    world.peers[ALICE].agent.set_admission(|_| Verdict::Stranger);
    let (_, bob) = world.talk();
    world.hangup(BOB, bob);
    world.settle();
    assert_eq!(world.events(ALICE), ["Answered answer", "Ended RemoteBye"]);
    world.assert_clean();
}

/// What was taken before the door closed may still be repeated and cancelled.
#[test]
fn an_invite_under_way_can_be_repeated_and_cancelled_after_the_door_has_closed() {
    let mut world = World::new();
    world.inject(request("INVITE", "z9hG4bK1", ""));
    world.peers[BOB].agent.set_admission(|_| Verdict::Stranger);
    assert_eq!(world.answer(request("INVITE", "z9hG4bK1", "")).status.code(), 100);
    let codes: Vec<_> =
        world.inject(request("CANCEL", "z9hG4bK1", "")).iter().map(|reply| reply.status.code()).collect();
    assert_eq!(codes, [200, 487]);
}

#[test]
fn an_ipv4_stranger_on_a_socket_of_both_families_is_judged_by_his_ipv4_address() {
    let mut world = World::new();
    world.peers[BOB]
        .agent
        .set_admission(|newcomer| if newcomer.source.is_ipv6() { Verdict::Welcome } else { Verdict::Stranger });
    let flow = Flow {
        local: "[::ffff:192.0.2.2]:5060".parse().unwrap(),
        peer: "[::ffff:192.0.2.99]:5060".parse().unwrap(),
        protocol: Protocol::Udp,
        socket: SocketId::ANY,
    };
    world.act(BOB, |agent, now| agent.handle_datagram(flow, request("OPTIONS", "z9hG4bK1", "").into(), now));
    assert_eq!(world.peers[BOB].agent.last_stranger(), Some(stranger().ip()));
}
