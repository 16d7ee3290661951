//! Whatever both ends do, over whatever network: each session ends once, and nothing is left.

use std::collections::HashMap;

use proptest::prelude::*;
use rand::RngExt;

use super::gate::credentials;
use super::*;
use crate::digest::Side;
use crate::message::Method;

/// What an end may do with one of its sessions.
fn act_at_random(world: &mut World, who: usize, random: &mut StdRng) {
    let sessions: Vec<SessionId> = live(world, who);
    let Some(&id) = sessions.get(random.random_range(0..sessions.len().max(1))) else { return };
    let choice = random.random_range(0..10);
    // Most of these come in a state that doesn't allow them, which is an error and nothing else.
    let outcome = world.act(who, |agent, now| match choice {
        0 => agent.progress(id, status(180), None, now),
        1 => agent.progress(id, status(183), Some(sdp("early")), now),
        2 | 3 => agent.accept(id, Some(sdp("answer")), Vec::new(), now),
        4 => agent.reject(id, status(486), None, Vec::new(), now),
        5 | 6 => agent.answer_offer(id, Ok(sdp("answer")), now),
        7 => agent.answer_offer(id, Err(status(488)), now),
        8 => agent.offer(id, random.random_bool(0.7).then(|| sdp("offer")), now),
        _ => agent.hangup(id, None, now),
    });
    if let Err(error) = outcome {
        assert!(matches!(error, Error::WrongState(_)), "{error}");
    }
}

/// Sessions without a terminal event.
fn live(world: &World, who: usize) -> Vec<SessionId> {
    let mut open: Vec<SessionId> = Vec::new();
    for event in &world.peers[who].events {
        if matches!(event, Event::Invited { .. }) || (!open.contains(&event.session()) && !event.is_terminal()) {
            open.push(event.session());
        }
        if event.is_terminal() {
            open.retain(|id| *id != event.session());
        }
    }
    open
}

fn assert_one_end_each(world: &World, who: usize, begun: &[SessionId]) {
    let mut ends: HashMap<SessionId, usize> = begun.iter().map(|id| (*id, 0)).collect();
    for event in &world.peers[who].events {
        let ended = ends.entry(event.session()).or_default();
        assert_eq!(*ended, 0, "after the end: {event:?}");
        *ended += usize::from(event.is_terminal());
    }
    assert!(ends.values().all(|count| *count == 1), "{ends:?}: {:?}", world.events(who));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_session_ends_exactly_once_and_nothing_is_left(
        seed in 0_u64..1_000_000,
        loss in 0.0..0.3,
        duplication in 0.0..0.2,
        jitter in 0_u64..400,
        gated in any::<bool>(),
    ) {
        let latency = Duration::from_millis(20);
        let conditions = Conditions { latency, jitter: Duration::from_millis(jitter), loss, duplication };
        let mut world = World::with(Settings::default(), conditions, seed);
        let methods = [Method::Invite, Method::Bye];
        let life = Duration::from_secs(10);
        world.gate = gated.then(|| Gate::new(Side::Proxy, &methods, life, world.now));
        let mut random = StdRng::seed_from_u64(seed);
        let mut dialled = Vec::new();
        for _ in 0..60 {
            if dialled.len() < 4 && random.random_bool(0.2) {
                let body = random.random_bool(0.8).then(|| sdp("offer"));
                dialled.push(world.dial_as(credentials("secret"), body));
            }
            let own = dialled.get(random.random_range(0..4)).copied();
            if let Some(id) = own.filter(|_| random.random_bool(0.03)) {
                // Over already: nothing to do.
                drop(world.act(ALICE, |agent, now| agent.hangup(id, None, now)));
            }
            act_at_random(&mut world, ALICE, &mut random);
            act_at_random(&mut world, BOB, &mut random);
            world.run(random.random_range(0..1_500));
        }
        // In the end everybody hangs up, over a good line; who hears of a call only then hangs up too.
        world.link.conditions = Conditions::GOOD;
        for id in &dialled {
            drop(world.act(ALICE, |agent, now| agent.hangup(*id, None, now)));
        }
        for _ in 0..3 {
            for id in live(&world, BOB) {
                world.hangup(BOB, id);
            }
            world.settle();
        }
        assert_one_end_each(&world, ALICE, &dialled);
        assert_one_end_each(&world, BOB, &[]);
        world.assert_clean();
    }
}
