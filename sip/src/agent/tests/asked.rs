//! Newcomers that have to prove who they are, and requests that the application answers.

use super::refusals::request;
use super::*;
use crate::digest::{self, Client, Secret};
use crate::message::{HeaderName, Method, Request, Text};

/// Bob asks everybody who he is, knows Alice, and is a registrar.
fn doorkeeper() -> World {
    let settings = Settings { asked: vec![Method::Register], ..Settings::default() };
    let mut world = World::with(settings, Conditions::GOOD, 1);
    let digest = digest::Server::new(digest::Settings::default(), [7; 32], &mut StdRng::seed_from_u64(5), world.now);
    let agent = &mut world.peers[BOB].agent;
    agent.set_admission(|_| Verdict::Prove);
    agent.set_authentication(digest, |user: &Text, _| (*user == "alice").then(|| Secret::Password("secret".into())));
    world
}

fn read(text: String) -> Request {
    let Ok(Message::Request(request)) = Message::parse_datagram(text.into()) else { panic!("a request") };
    request
}

fn client(password: &str) -> Client {
    Client::new(Credentials { username: "alice".into(), password: password.into(), realm: None })
}

/// The stranger sends this request, answers the challenge with that password, and sends it again.
fn prove(world: &mut World, method: &str, password: &str) -> u16 {
    let (mut client, first) = (client(password), read(request(method, "z9hG4bK1", "")));
    let challenge = world.answer(first.to_bytes());
    assert_eq!(challenge.status.code(), 401);
    assert_eq!(challenge.headers.all(&HeaderName::WwwAuthenticate).count(), 2, "SHA-256 and MD5");
    client.handle_response(&first, &challenge, &mut StdRng::seed_from_u64(6)).unwrap();
    let mut second = read(request(method, "z9hG4bK2", "").replace("CSeq: 1", "CSeq: 2"));
    client.authorize(&mut second);
    world.inject(second.to_bytes()).first().map_or(0, |reply| reply.status.code())
}

#[test]
fn a_caller_that_proves_who_it_is_gets_its_call_and_the_application_its_name() {
    let mut world = doorkeeper();
    assert_eq!(prove(&mut world, "INVITE", "secret"), 100);
    let Event::Invited { invitation, .. } = &world.peers[BOB].events[0] else { panic!("an invitation") };
    assert_eq!(invitation.user.as_ref().unwrap(), "alice");
}

#[test]
fn a_wrong_password_is_challenged_again_and_leaves_nothing_behind() {
    let mut world = doorkeeper();
    assert_eq!(prove(&mut world, "INVITE", "guess"), 401);
    assert!(world.events(BOB).is_empty());
    world.assert_clean();
}

#[test]
fn whoever_guesses_too_often_is_refused_403_for_a_while() {
    let mut world = doorkeeper();
    let codes: Vec<_> = (0..21)
        .map(|_| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| prove(&mut world, "OPTIONS", "guess"))))
        .collect();
    assert_eq!(codes.iter().filter(|code| code.is_ok()).count(), 20, "the next isn't even challenged");
    assert_eq!(world.answer(request("OPTIONS", "z9hG4bK9", "")).status.code(), 403);
    assert_eq!(world.peers[BOB].agent.shut_out(world.now), 1);
    world.run(301_000);
    assert_eq!(world.answer(request("OPTIONS", "z9hG4bK9", "")).status.code(), 401);
}

#[test]
fn a_register_is_handed_up_with_the_name_that_was_proved_and_answered_once() {
    let mut world = doorkeeper();
    prove(&mut world, "REGISTER", "secret");
    let asked = world.peers[BOB].asked.pop().unwrap();
    assert_eq!((&asked.request.method, asked.user.as_ref().unwrap().to_string()), (&Method::Register, "alice".into()));
    let response = Response::to(&asked.request, status(200));
    world.act(BOB, |agent, now| agent.respond(asked.id, response, now));
    world.run(20);
    let again = world.inject(asked.request.to_bytes());
    assert_eq!(again[0].status.code(), 200, "a copy gets the same answer and isn't handed up");
    assert!(world.peers[BOB].asked.is_empty());
    assert!(again[0].headers.to_tag().unwrap().is_some());
    world.settle();
    world.assert_clean();
}

#[test]
fn what_isn_t_asked_for_is_refused_as_before() {
    let mut world = doorkeeper();
    world.peers[BOB].agent.set_admission(|_| Verdict::Welcome);
    let reply = world.answer(request("SUBSCRIBE", "z9hG4bK1", ""));
    assert_eq!(reply.status.code(), 405);
    let allow = reply.headers.get(&HeaderName::Allow).unwrap().to_string();
    assert_eq!(allow, "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REGISTER");
}

#[test]
fn without_authentication_who_has_to_prove_himself_is_a_stranger() {
    let mut world = World::new();
    world.peers[BOB].agent.set_admission(|_| Verdict::Prove);
    assert_eq!(world.answer(request("OPTIONS", "z9hG4bK1", "")).status.code(), 403);
}
