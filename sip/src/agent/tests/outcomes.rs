//! Requests outside dialogs and their outcomes: RFC 3261 §8.1, §10, §11, §17.1.2.

use super::gate::{Gate, credentials};
use super::*;
use crate::digest::Side;
use crate::message::{CSeq, HeaderName, Method, Request};
use crate::registration::{self, Failure, Registration, State};

/// A request of Alice to Bob as an application builds it.
fn plain(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:192.0.2.2".parse().unwrap());
    let headers = &mut request.headers;
    headers.push(HeaderName::From, "<sip:alice@example.com>;tag=a");
    headers.push(HeaderName::To, "<sip:192.0.2.2>");
    headers.push(HeaderName::CallId, "c");
    headers.push(HeaderName::CSeq, &CSeq::new(1, method));
    request
}

fn ask(world: &mut World, request: Request) -> RequestId {
    let flow = world.flow(ALICE, world.peers[BOB].address);
    world.act(ALICE, |agent, now| agent.request(request, flow, now))
}

/// Alice's outcomes, each with the time until it came.
fn outcomes(world: &World) -> Vec<(RequestId, Result<u16, Failure>)> {
    let told = |outcome: &Outcome| match outcome {
        Outcome::Response { request, response } => (*request, Ok(response.status.code())),
        Outcome::Failed { request, failure } => (*request, Err(*failure)),
    };
    world.peers[ALICE].outcomes.iter().map(told).collect()
}

#[test]
fn a_request_gets_via_max_forwards_and_user_agent_and_its_final_response_once() {
    let mut world = World::new();
    let id = ask(&mut world, plain(Method::Options));
    world.settle();
    let Message::Request(sent) = world.last(ALICE, "OPTIONS") else { panic!("a request") };
    assert_eq!(sent.headers.max_forwards(), Ok(Some(70)));
    assert!(sent.headers.contains(&HeaderName::UserAgent));
    assert!(sent.headers.via().unwrap().params().has("rport"));
    assert_eq!(outcomes(&world), [(id, Ok(200))]);
    world.assert_clean();
}

#[test]
fn what_a_request_has_already_is_left_as_it_is_except_its_via() {
    let mut world = World::new();
    let mut request = plain(Method::Options);
    request.headers.push(HeaderName::MaxForwards, 1);
    request.headers.push(HeaderName::UserAgent, "probe");
    request.headers.push(HeaderName::Via, "SIP/2.0/UDP old.example.com;branch=z9hG4bKold");
    let id = ask(&mut world, request);
    world.settle();
    let Message::Request(sent) = world.last(ALICE, "OPTIONS") else { panic!("a request") };
    let (forwards, agents) = (sent.headers.max_forwards(), sent.headers.all(&HeaderName::UserAgent).count());
    assert_eq!((forwards, agents, sent.headers.vias().count()), (Ok(Some(1)), 1, 1));
    assert_eq!(outcomes(&world), [(id, Ok(200))]);
}

/// §17.1.2.2 timers E and F.
#[test]
fn a_request_that_nobody_answers_is_repeated_and_fails_after_64_times_t1() {
    let mut world = World::new();
    world.losses.push((ALICE, "OPTIONS", usize::MAX));
    let id = ask(&mut world, plain(Method::Options));
    world.run(31_999);
    assert!(outcomes(&world).is_empty());
    assert_eq!(world.sent(ALICE, "OPTIONS").len(), 11);
    world.settle();
    assert_eq!(outcomes(&world), [(id, Err(Failure::TimedOut))]);
    world.assert_clean();
}

#[test]
fn a_request_whose_peer_is_unreachable_fails_at_once_and_once() {
    let mut world = World::new();
    world.losses.push((ALICE, "OPTIONS", usize::MAX));
    let id = ask(&mut world, plain(Method::Options));
    let flow = world.flow(ALICE, world.peers[BOB].address);
    world.act(ALICE, |agent, now| agent.handle_transport_error(flow, now));
    world.act(ALICE, |agent, now| agent.handle_transport_error(flow, now));
    world.settle();
    assert_eq!(outcomes(&world), [(id, Err(Failure::Transport))]);
    world.assert_clean();
}

#[test]
fn methods_with_ways_of_their_own_and_requests_beyond_the_limit_fail_unsent() {
    let mut world = World::with(Settings { max_transactions: 1, ..Settings::default() }, Conditions::GOOD, 1);
    let unsent: Vec<_> =
        [Method::Invite, Method::Ack, Method::Cancel].map(|method| ask(&mut world, plain(method))).to_vec();
    let first = ask(&mut world, plain(Method::Options));
    let second = ask(&mut world, plain(Method::Options));
    world.settle();
    assert_eq!(world.names(ALICE), ["OPTIONS"]);
    let failed = unsent.into_iter().chain([second]).map(|id| (id, Err(Failure::Transport)));
    assert_eq!(outcomes(&world), failed.chain([(first, Ok(200))]).collect::<Vec<_>>());
}

/// A registration of Alice, driven as the driver of a trunk does.
struct Trunk {
    machine: Registration,
    flow: Flow,
    asked: Option<RequestId>,
}

impl Trunk {
    fn new(world: &World, password: &str) -> Self {
        let address = "<sip:alice@example.com>".parse().unwrap();
        let contact = "sip:192.0.2.1:5060".parse().unwrap();
        let settings = registration::Settings::new("sip:example.com".parse().unwrap(), address, contact);
        let settings = registration::Settings { credentials: credentials(password), keep_alive: None, ..settings };
        let machine = Registration::new(settings, StdRng::seed_from_u64(3));
        Self { machine, flow: world.flow(ALICE, world.peers[BOB].address), asked: None }
    }

    /// Carries requests and outcomes between the machine and Alice's agent until both rest.
    fn carry(&mut self, world: &mut World) {
        loop {
            match self.machine.poll() {
                registration::Output::Send(request) => {
                    let flow = self.flow;
                    self.asked = Some(world.act(ALICE, |agent, now| agent.request(*request, flow, now)));
                    world.run(50);
                }
                registration::Output::StateChanged => {}
                other @ (registration::Output::Ping | registration::Output::Options(_)) => panic!("{other:?}"),
                registration::Output::Timeout(_) if world.peers[ALICE].outcomes.is_empty() => return,
                registration::Output::Timeout(_) => {
                    let outcome = world.peers[ALICE].outcomes.remove(0);
                    assert_eq!(Some(outcome.request()), self.asked.take());
                    match outcome.into_result() {
                        Ok(response) => self.machine.handle_response(&response, world.now),
                        Err(failure) => self.machine.handle_failure(failure, world.now),
                    }
                }
            }
        }
    }
}

fn registrar() -> World {
    let mut world = World::new();
    world.gate = Some(Gate::new(Side::Server, &[Method::Register], Duration::from_secs(60), world.now));
    world
}

#[test]
fn a_registration_registers_through_the_agent_and_leaves() {
    let mut world = registrar();
    let mut trunk = Trunk::new(&world, "secret");
    trunk.machine.register(world.now);
    trunk.carry(&mut world);
    assert_eq!(world.names(BOB), ["401 REGISTER", "200 REGISTER"]);
    let State::Registered { until, contact } = trunk.machine.state() else { panic!("{:?}", trunk.machine) };
    assert!(*until > world.now);
    assert_eq!(contact.uri.user_bytes(), Some(trunk.machine.contact_user().as_bytes()));
    trunk.machine.unregister(world.now);
    trunk.carry(&mut world);
    assert_eq!(trunk.machine.state(), &State::Unregistered);
    assert_eq!(world.gate.as_ref().unwrap().accepted, 2);
    world.settle();
    world.assert_clean();
}

#[test]
fn a_registration_with_a_wrong_password_says_so() {
    let mut world = registrar();
    let mut trunk = Trunk::new(&world, "wrong");
    trunk.machine.register(world.now);
    trunk.carry(&mut world);
    assert_eq!(world.names(BOB), ["401 REGISTER", "401 REGISTER"]);
    let State::Backoff { why, .. } = trunk.machine.state() else { panic!("{:?}", trunk.machine) };
    assert!(why.to_string().contains("refuses the password of \"alice\""), "{why}");
}

#[test]
fn a_registrar_that_is_gone_is_a_failure_of_the_registration() {
    let mut world = registrar();
    world.losses.push((ALICE, "REGISTER", usize::MAX));
    let mut trunk = Trunk::new(&world, "secret");
    trunk.machine.register(world.now);
    trunk.carry(&mut world);
    world.run(32_000);
    trunk.carry(&mut world);
    let State::Backoff { why, .. } = trunk.machine.state() else { panic!("{:?}", trunk.machine) };
    assert!(why.to_string().starts_with("no answer"), "{why}");
}
