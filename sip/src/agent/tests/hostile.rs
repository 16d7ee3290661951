//! Datagrams that mean harm: no panic, no growth, and a call still works afterwards.

use rand::RngExt;

use super::*;

/// Cuts, flips, doubles and swaps pieces of a message.
fn mutate(message: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut bytes = message.to_vec();
    for _ in 0..random.random_range(1..6) {
        if bytes.is_empty() {
            break;
        }
        let at = random.random_range(0..bytes.len());
        match random.random_range(0..6) {
            0 => bytes[at] = random.random(),
            1 => bytes.truncate(at),
            2 => drop(bytes.remove(at)),
            3 => bytes.insert(at, b"\r\n;,<>\"@:%=\0\xff"[random.random_range(0..13)]),
            4 => {
                let end = (at + random.random_range(1..40)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            _ => {
                let end = (at + random.random_range(1..40)).min(bytes.len());
                bytes.drain(at..end);
            }
        }
    }
    bytes
}

/// Messages of every kind, from calls that were answered, cancelled, refused and renegotiated.
fn corpus() -> Vec<Bytes> {
    let mut world = World::new();
    let (alice, bob) = world.talk();
    world.act(ALICE, |agent, now| agent.offer(alice, Some(sdp("x")), now)).unwrap();
    world.run(50);
    world.act(BOB, |agent, now| agent.answer_offer(bob, Ok(sdp("y")), now)).unwrap();
    world.run(50);
    world.hangup(ALICE, alice);
    let cancelled = world.dial(Some(sdp("z")));
    world.run(50);
    world.hangup(ALICE, cancelled);
    world.settle();
    let mut corpus: Vec<Bytes> = world.log.iter().map(|sent| sent.data.clone()).collect();
    corpus.push(refusals::request("OPTIONS", "z9hG4bKo", "").into());
    corpus.push(refusals::request("INVITE", "1", "Require: a\r\nAccept: */*\r\nExpires: 9\r\n").into());
    let parts = "--b\r\nContent-Type: a/b\r\n\r\nx\r\n--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--\r\n";
    corpus
        .push((refusals::request("INVITE", "z9hG4bKm", "Content-Type: multipart/mixed;boundary=b\r\n") + parts).into());
    corpus
}

#[test]
fn mutated_datagrams_never_panic_and_a_call_works_after_each_thousand() {
    let corpus = corpus();
    let mut random = StdRng::seed_from_u64(42);
    let settings = Settings { max_sessions: 64, max_transactions: 512, ..Settings::default() };
    let mut world = World::with(settings, Conditions::GOOD, 1);
    for _ in 0..20 {
        let (alice, _) = world.talk();
        assert_eq!(world.events(ALICE), ["Answered answer"]);
        assert_eq!(world.events(BOB), ["Invited offer", "Confirmed"]);
        // Live calls are attacked with their own names too.
        let own: Vec<Bytes> = world.log.iter().map(|sent| sent.data.clone()).collect();
        for _ in 0..1_000 {
            let pool = if random.random_bool(0.5) { &corpus } else { &own };
            let victim = usize::from(random.random_bool(0.5));
            let data = mutate(&pool[random.random_range(0..pool.len())], &mut random);
            let flow = Flow {
                local: world.peers[victim].address,
                peer: stranger(),
                protocol: Protocol::Udp,
                socket: SocketId::ANY,
            };
            world.peers[victim].agent.handle_datagram(flow, data.into(), world.now);
            world.drain();
        }
        for who in [ALICE, BOB] {
            assert!(world.peers[who].agent.sessions() <= 64);
            assert!(world.peers[who].agent.transactions() <= 1_200);
        }
        drop(world.act(ALICE, |agent, now| agent.hangup(alice, None, now)));
        hang_up_everything(&mut world);
        world.assert_clean();
        world.log.clear();
        for peer in &mut world.peers {
            peer.events.clear();
        }
    }
}

fn hang_up_everything(world: &mut World) {
    for who in [ALICE, BOB] {
        let ids: Vec<SessionId> = world.peers[who].events.iter().map(Event::session).collect();
        for id in ids {
            drop(world.act(who, |agent, now| agent.hangup(id, None, now)));
        }
    }
    world.settle();
}
