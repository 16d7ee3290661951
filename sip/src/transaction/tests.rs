//! Every timer of RFC 3261 §17 and RFC 6026, on virtual time with T1 500 ms, T2 4 s and T4 5 s.

use std::time::{Duration, Instant};

use super::*;
use crate::message::{CSeq, HeaderName, Method, Request, Response, StatusCode};

trait Machine {
    fn poll(&mut self) -> Output;
    fn handle_timeout(&mut self, now: Instant);
}

macro_rules! machines {
    ($($machine:ident)*) => { $(impl Machine for $machine {
        fn poll(&mut self) -> Output { $machine::poll(self) }
        fn handle_timeout(&mut self, now: Instant) { $machine::handle_timeout(self, now) }
    })* };
}
machines!(Client ClientInvite Server ServerInvite);

/// A machine and the clock that jumps to its next wake-up.
struct Run<M> {
    machine: M,
    start: Instant,
    now: Instant,
}

/// What a machine did until it slept, in milliseconds since the start.
#[derive(Debug, Default, PartialEq, Eq)]
struct Record {
    sent: Vec<u128>,
    timed_out: Option<u128>,
    ended: u128,
}

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

impl<M: Machine> Run<M> {
    fn new(machine: impl FnOnce(Instant) -> M) -> Self {
        let start = epoch();
        Self { machine: machine(start), start, now: start }
    }

    fn at(&mut self, ms: u64) -> Instant {
        self.until(Some(self.start + Duration::from_millis(ms)));
        self.now = self.start + Duration::from_millis(ms);
        self.now
    }

    /// Runs until nothing more will happen.
    fn finish(&mut self) -> Record {
        self.until(None)
    }

    fn until(&mut self, end: Option<Instant>) -> Record {
        let mut record = Record::default();
        loop {
            let elapsed = (self.now - self.start).as_millis();
            match self.machine.poll() {
                Output::Transmit(_) => record.sent.push(elapsed),
                Output::TimedOut => record.timed_out = Some(elapsed),
                Output::Timeout(Some(at)) if end.is_none_or(|end| at <= end) => {
                    self.now = at;
                    self.machine.handle_timeout(at);
                }
                Output::Timeout(_) => {
                    record.ended = elapsed;
                    return record;
                }
            }
        }
    }
}

fn request(method: Method) -> Request {
    let mut request = Request::new(method.clone(), "sip:bot@192.0.2.1".parse().unwrap());
    request.headers.push(HeaderName::Via, "SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK0000000000000001;rport");
    request.headers.push(HeaderName::Route, "<sip:192.0.2.7;lr>");
    request.headers.push(HeaderName::From, "<sip:a@example.com>;tag=a");
    request.headers.push(HeaderName::To, "<sip:bot@example.com>");
    request.headers.push(HeaderName::CallId, "c1");
    request.headers.push(HeaderName::CSeq, &CSeq::new(9, method));
    request
}

fn response(code: u16) -> Response {
    let mut response = Response::to(&request(Method::Invite), StatusCode::new(code).unwrap());
    response.set_to_tag("b");
    response
}

fn status(code: u16) -> StatusCode {
    StatusCode::new(code).unwrap()
}

fn client_invite(reliable: bool) -> Run<ClientInvite> {
    Run::new(|now| ClientInvite::new(request(Method::Invite), Timers::default(), reliable, now))
}

fn client(reliable: bool) -> Run<Client> {
    Run::new(|now| Client::new(request(Method::Bye).to_bytes(), Timers::default(), reliable, now))
}

fn server_invite(reliable: bool) -> Run<ServerInvite> {
    Run::new(|_| ServerInvite::new(Timers::default(), reliable))
}

fn server(reliable: bool) -> Run<Server> {
    Run::new(|_| Server::new(Timers::default(), reliable))
}

/// RFC 3261 §17.1.1.2: timer A doubles from T1, timer B is 64*T1.
#[test]
fn an_invite_without_an_answer_is_sent_seven_times_and_times_out_after_32_seconds() {
    let record = client_invite(false).finish();
    assert_eq!(record.sent, [0, 500, 1500, 3500, 7500, 15500, 31500]);
    assert_eq!(record.timed_out, Some(32_000));
}

/// RFC 3261 §17.1.1.2: no timer A over reliable transports, timer B all the same.
#[test]
fn over_a_reliable_transport_an_invite_is_sent_once() {
    let record = client_invite(true).finish();
    assert_eq!((record.sent, record.timed_out), (vec![0], Some(32_000)));
}

/// RFC 3261 §17.1.1.2: "the client transaction ... MUST NOT be retransmitted" in Proceeding, which has no timer.
#[test]
fn a_provisional_response_stops_timers_a_and_b() {
    let mut run = client_invite(false);
    let now = run.at(600);
    assert!(run.machine.handle_response(&response(180), now));
    assert_eq!(run.finish(), Record { sent: vec![], timed_out: None, ended: 600 });
}

/// RFC 3261 §17.1.1.2: timer D, 32 s; §17.1.1.3: the ACK.
#[test]
fn a_refusal_is_acknowledged_each_time_it_comes_until_timer_d() {
    let mut run = client_invite(false);
    let now = run.at(100);
    assert!(run.machine.handle_response(&response(486), now));
    let now = run.at(400);
    assert!(!run.machine.handle_response(&response(486), now));
    assert!(!run.machine.handle_response(&response(180), now));
    assert_eq!(run.finish(), Record { sent: vec![400], timed_out: None, ended: 32_100 });
    assert!(run.machine.is_terminated());
}

/// RFC 3261 §17.1.1.2: timer D is zero over reliable transports.
#[test]
fn over_a_reliable_transport_a_refusal_ends_the_transaction_with_its_ack() {
    let mut run = client_invite(true);
    let now = run.at(100);
    assert!(run.machine.handle_response(&response(486), now));
    assert_eq!(run.finish(), Record { sent: vec![100], timed_out: None, ended: 100 });
    assert!(run.machine.is_terminated());
}

/// RFC 3261 §17.1.1.3
#[test]
fn the_ack_of_a_refusal_has_the_invites_via_route_and_number_and_the_responses_to() {
    let mut run = client_invite(false);
    let now = run.at(0);
    run.machine.handle_response(&response(404), now);
    let Output::Transmit(ack) = run.machine.poll() else { panic!("an ACK") };
    let ack = String::from_utf8(ack.to_vec()).unwrap();
    assert!(ack.starts_with("ACK sip:bot@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK"));
    for line in ["To: <sip:bot@example.com>;tag=b", "CSeq: 9 ACK", "Call-ID: c1", "Route: <sip:192.0.2.7;lr>"] {
        assert!(ack.contains(&format!("\r\n{line}\r\n")), "{line}: {ack}");
    }
}

/// RFC 3261 §9.1
#[test]
fn a_cancel_copies_the_invites_via_addresses_number_and_route() {
    let run = client_invite(false);
    let cancel = run.machine.cancel(None);
    let invite = run.machine.invite();
    assert_eq!((cancel.method, &cancel.uri), (Method::Cancel, &invite.uri));
    for name in [HeaderName::Via, HeaderName::To, HeaderName::From, HeaderName::CallId, HeaderName::Route] {
        assert_eq!(cancel.headers.get(&name), invite.headers.get(&name));
    }
    assert_eq!(cancel.headers.cseq().unwrap(), CSeq::new(9, Method::Cancel));
}

/// RFC 6026 §7.2: Accepted passes every 2xx up until timer M, 64*T1.
#[test]
fn after_a_2xx_more_of_them_go_up_until_timer_m() {
    let mut run = client_invite(false);
    let now = run.at(100);
    assert!(run.machine.handle_response(&response(200), now));
    let now = run.at(20_000);
    assert!(run.machine.handle_response(&response(200), now));
    assert!(!run.machine.handle_response(&response(486), now));
    assert_eq!(run.finish(), Record { sent: vec![], timed_out: None, ended: 32_100 });
}

/// RFC 3261 §9.1: 64*T1 after the CANCEL the INVITE counts as cancelled.
#[test]
fn a_cancelled_invite_without_a_final_response_is_given_up_after_32_seconds() {
    let mut run = client_invite(false);
    let now = run.at(100);
    run.machine.handle_response(&response(180), now);
    run.machine.give_up(now);
    assert_eq!(run.finish().timed_out, Some(32_100));
}

/// The session ended while the first response to its re-INVITE was on its way.
#[test]
fn an_invite_that_is_given_up_before_its_first_response_ends_too() {
    let mut run = client_invite(false);
    let now = run.at(90);
    run.machine.give_up(now);
    let now = run.at(100);
    run.machine.handle_response(&response(100), now);
    assert_eq!(run.finish().timed_out, Some(32_100));
}

/// RFC 3261 §17.1.2.2: timer E doubles from T1 to T2, timer F is 64*T1.
#[test]
fn a_bye_without_an_answer_is_sent_eleven_times_and_times_out_after_32_seconds() {
    let record = client(false).finish();
    assert_eq!(record.sent, [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert_eq!(record.timed_out, Some(32_000));
}

/// RFC 3261 §17.1.2.2: in Proceeding timer E fires every T2.
#[test]
fn a_provisional_response_slows_timer_e_down_to_t2() {
    let mut run = client(false);
    let now = run.at(100);
    assert!(run.machine.handle_response(status(100), now));
    let record = run.finish();
    assert_eq!(record.sent, [500, 4500, 8500, 12500, 16500, 20500, 24500, 28500]);
    assert_eq!(record.timed_out, Some(32_000));
}

/// RFC 3261 §17.1.2.2: timer K, T4, or zero over reliable transports.
#[test]
fn after_the_final_response_timer_k_absorbs_copies() {
    let mut run = client(false);
    let now = run.at(100);
    assert!(run.machine.handle_response(status(200), now));
    assert!(!run.machine.handle_response(status(200), now));
    assert_eq!(run.finish().ended, 5_100);

    let mut run = client(true);
    let now = run.at(100);
    assert!(run.machine.handle_response(status(200), now));
    assert!(run.machine.is_terminated());
}

/// RFC 3261 §17.2.1: timer G doubles from T1 to T2, timer H is 64*T1.
#[test]
fn a_refusal_without_an_ack_is_repeated_until_timer_h() {
    let mut run = server_invite(false);
    let now = run.at(0);
    run.machine.respond(status(486), response(486).to_bytes(), now);
    let record = run.finish();
    assert_eq!(record.sent, [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]);
    assert_eq!(record.timed_out, Some(32_000));
}

/// RFC 3261 §17.2.1: no timer G over reliable transports.
#[test]
fn over_a_reliable_transport_a_refusal_is_sent_once_and_awaits_its_ack() {
    let mut run = server_invite(true);
    let now = run.at(0);
    run.machine.respond(status(486), response(486).to_bytes(), now);
    let record = run.finish();
    assert_eq!((record.sent, record.timed_out), (vec![0], Some(32_000)));
}

/// RFC 3261 §17.2.1: timer I, T4, absorbs ACKs in Confirmed.
#[test]
fn the_ack_ends_repetition_and_timer_i_absorbs_more_of_them() {
    let mut run = server_invite(false);
    let now = run.at(0);
    run.machine.respond(status(486), response(486).to_bytes(), now);
    let now = run.at(600);
    assert!(run.machine.handle_ack(now));
    assert!(run.machine.handle_ack(now));
    run.machine.handle_retransmission();
    assert_eq!(run.finish(), Record { sent: vec![], timed_out: None, ended: 5_600 });
    assert!(run.machine.is_terminated());
}

/// RFC 6026 §7.1: Accepted absorbs the INVITE, passes 2xx on and the ACK up, until timer L, 64*T1.
#[test]
fn after_a_2xx_the_invite_is_absorbed_until_timer_l() {
    let mut run = server_invite(false);
    let now = run.at(0);
    run.machine.respond(status(200), response(200).to_bytes(), now);
    let now = run.at(500);
    run.machine.handle_retransmission();
    assert!(!run.machine.handle_ack(now));
    run.machine.respond(status(200), response(200).to_bytes(), now);
    run.machine.respond(status(486), response(486).to_bytes(), now);
    assert_eq!(run.finish(), Record { sent: vec![500], timed_out: None, ended: 32_000 });
}

/// RFC 3261 §17.2.1: "the most recent provisional response" answers a repeated INVITE.
#[test]
fn a_repeated_invite_gets_the_last_provisional_response() {
    let mut run = server_invite(false);
    let now = run.at(0);
    run.machine.handle_retransmission();
    assert_eq!(run.machine.poll(), Output::Timeout(None));
    run.machine.respond(status(100), response(100).to_bytes(), now);
    run.machine.respond(status(180), response(180).to_bytes(), now);
    assert_eq!(run.machine.poll(), Output::Transmit(response(180).to_bytes()));
    run.machine.handle_retransmission();
    assert_eq!(run.machine.poll(), Output::Transmit(response(180).to_bytes()));
}

/// RFC 3261 §17.2.2: timer J, 64*T1, or zero over reliable transports.
#[test]
fn a_repeated_request_gets_the_same_final_response_until_timer_j() {
    let mut run = server(false);
    run.machine.handle_retransmission();
    let now = run.at(10);
    run.machine.respond(response(200).to_bytes(), now);
    run.machine.respond(response(404).to_bytes(), now);
    assert_eq!(run.machine.poll(), Output::Transmit(response(200).to_bytes()));
    run.machine.handle_retransmission();
    assert_eq!(run.machine.poll(), Output::Transmit(response(200).to_bytes()));
    assert_eq!(run.finish().ended, 32_010);

    let mut run = server(true);
    let now = run.at(10);
    run.machine.respond(response(200).to_bytes(), now);
    assert!(run.machine.is_terminated());
}

/// RFC 3261 §8.1.3.1: a transport error counts while nothing was heard.
#[test]
fn a_transport_error_ends_only_what_has_heard_nothing() {
    let mut run = client_invite(false);
    assert!(run.machine.handle_transport_error());
    assert_eq!(run.finish(), Record::default());
    let mut run = client_invite(false);
    let now = run.at(10);
    run.machine.handle_response(&response(180), now);
    assert!(!run.machine.handle_transport_error());
    let mut run = client(false);
    assert!(run.machine.handle_transport_error());
    assert!(run.machine.is_terminated());
}

/// RFC 3261 §17.2.3
#[test]
fn a_server_transaction_is_named_by_branch_sent_by_and_method() {
    let key = |method: Method, via: &str| {
        let mut request = request(method);
        request.headers.set(HeaderName::Via, via);
        ServerKey::of(&request).unwrap()
    };
    let invite = key(Method::Invite, "SIP/2.0/UDP Host.example:5062;branch=z9hG4bKx");
    assert_eq!(key(Method::Ack, "SIP/2.0/UDP host.EXAMPLE:5062;branch=z9hG4bKx;rport"), invite);
    assert_ne!(key(Method::Cancel, "SIP/2.0/UDP host.example:5062;branch=z9hG4bKx"), invite);
    assert_ne!(key(Method::Invite, "SIP/2.0/UDP host.example:5063;branch=z9hG4bKx"), invite);
    assert_ne!(key(Method::Invite, "SIP/2.0/UDP host.example:5062;branch=z9hG4bKX"), invite);
}

/// RFC 3261 §17.2.3, for RFC 2543 peers
#[test]
fn without_the_magic_cookie_the_whole_request_names_its_transaction() {
    let old = |method: Method, change: fn(&mut Request)| {
        let mut request = request(method);
        request.headers.set(HeaderName::Via, "SIP/2.0/UDP host.example;branch=1");
        change(&mut request);
        ServerKey::of(&request).unwrap()
    };
    let invite = old(Method::Invite, |_| {});
    assert_eq!(old(Method::Ack, |ack| ack.headers.set(HeaderName::To, "<sip:bot@example.com>;tag=b")), invite);
    assert_ne!(old(Method::Invite, |other| other.headers.set(HeaderName::CallId, "c2")), invite);
    assert_ne!(old(Method::Invite, |other| other.headers.set(HeaderName::CSeq, "10 INVITE")), invite);
    assert_ne!(old(Method::Invite, |other| other.uri = "sip:other@192.0.2.1".parse().unwrap()), invite);
}

/// RFC 3261 §17.1.3
#[test]
fn a_response_finds_its_client_transaction_by_branch_and_kind() {
    let key = ClientKey::new(0xfeed);
    let branch = key.branch().to_string();
    assert_eq!(ClientKey::parse(branch.as_bytes(), &Method::Invite), Some(key));
    assert_eq!(ClientKey::parse(branch.as_bytes(), &Method::Cancel), Some(key.cancel()));
    assert_eq!(ClientKey::parse(b"z9hG4bKfeed", &Method::Invite), None);
    assert_eq!(ClientKey::parse(b"", &Method::Invite), None);
}
