//! What a driver that stops has to know: whom it still waits for.

use super::*;

/// A driver that stops waits for its BYEs, not for the timers that follow their answers.
#[test]
fn a_bye_is_unanswered_until_its_answer_or_its_time_out() {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    assert_eq!(world.peers[ALICE].agent.unanswered(), 0);
    world.hangup(ALICE, alice);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 1);
    world.run(50);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 0);
    assert_ne!(world.peers[ALICE].agent.transactions(), 0);
    assert!(world.peers[BOB].events.last().is_some_and(|event| event.is_terminal() && event.session() == bob));

    let (alice, _) = world.talk();
    world.losses.push((ALICE, "BYE", usize::MAX));
    world.hangup(ALICE, alice);
    world.run(31_900);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 1);
    world.run(200);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 0);
}

#[test]
fn an_invite_is_unanswered_while_it_rings() {
    let mut world = World::new();
    let alice = world.dial(Some(sdp("offer")));
    world.run(100);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 1);
    world.hangup(ALICE, alice);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 2);
    world.run(100);
    assert_eq!(world.peers[ALICE].agent.unanswered(), 0);
}
