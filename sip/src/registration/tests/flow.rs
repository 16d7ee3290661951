//! The registrar or the network vanishes, and keep-alives find out.

use super::*;

fn kept(probe: Probe, every: u64, patience: Option<u64>) -> Settings {
    let keep_alive = KeepAlive { probe, every: seconds(every), patience: patience.map(seconds) };
    Settings { keep_alive: Some(keep_alive), ..settings() }
}

#[test]
fn a_registrar_that_vanishes_and_returns_is_registered_with_again_within_the_back_off() {
    let mut line = Line::registered(settings(), "60");
    line.until_sent();
    for failure in [Failure::TimedOut, Failure::Transport, Failure::Transport, Failure::TimedOut] {
        line.pass(seconds(if failure == Failure::TimedOut { 32 } else { 0 }));
        line.fail(failure);
        let (why, pause) = line.backoff();
        let words = if failure == Failure::TimedOut { "no answer: " } else { "the registrar can't be reached: " };
        assert!(why.starts_with(words), "{why}");
        assert!(pause <= seconds(40));
        assert_eq!(line.until_sent(), pause);
        assert_eq!(*line.machine.state(), State::Registering);
    }
    line.answer(200, &[]);
    assert_eq!(line.bound_for(), seconds(300));
}

#[test]
fn a_failed_refresh_leaves_the_binding_until_its_time_is_over() {
    let mut line = Line::registered(settings(), "300");
    line.until_sent();
    line.fail(Failure::Transport);
    assert!(line.machine.is_bound(line.now));
    line.answer(200, &[]);
    assert!(matches!(line.machine.state(), State::Backoff { .. }), "an answer after the failure is too late");
    line.until_sent();
    line.fail(Failure::TimedOut);
    line.pass(seconds(300));
    assert!(!line.machine.is_bound(line.now));
}

#[test]
fn crlfs_go_out_on_schedule_with_jitter_only_while_registered() {
    let mut line = Line::new(kept(Probe::Crlf, 29, None));
    line.pass(seconds(100));
    assert!(line.pings.is_empty());
    line.answer(200, &[(HeaderName::Expires, "3600")]);
    line.pass(seconds(1_000));
    let gaps: Vec<_> = line.pings.windows(2).map(|pair| *pair.last().unwrap() - *pair.first().unwrap()).collect();
    assert!(gaps.len() > 30 && gaps.iter().all(|gap| (seconds(29) * 4 / 5..=seconds(29)).contains(gap)), "{gaps:?}");
    assert_ne!(gaps.iter().min(), gaps.iter().max());
    let before = line.pings.len();
    line.act(Registration::unregister);
    line.pass(seconds(100));
    assert_eq!(line.pings.len(), before);
}

#[test]
fn a_ping_without_a_pong_loses_the_flow_and_a_pong_keeps_it() {
    let mut line = Line::registered(kept(Probe::Crlf, 120, Some(10)), "3600");
    for ping in 1..=10 {
        while line.pings.len() < ping {
            line.pass(seconds(1));
        }
        line.act(|machine, _| machine.handle_keep_alive());
    }
    assert_eq!((line.sent.len(), line.changes), (1, 2), "registered all the while");
    line.pass(seconds(120 + 10 + 5));
    assert_eq!(line.sent.len(), 2, "lost, and registering after a short pause");
    line.answer(200, &[]);
    assert!(matches!(line.machine.state(), State::Registered { .. }));
}

#[test]
fn options_probe_the_flow_along_its_route_each_with_a_call_id_of_its_own() {
    let routes = vec!["<sip:edge.example.net;lr>".parse().unwrap()];
    let mut line = Line::registered(Settings { routes, ..kept(Probe::Options, 30, Some(32)) }, "3600");
    for _ in 0..2 {
        line.pass(seconds(30));
        line.act(|machine, _| machine.handle_keep_alive());
    }
    let [one, other, ..] = line.options.as_slice() else { panic!("{}", line.options.len()) };
    assert!(one.to_bytes().starts_with(b"OPTIONS sip:example.com SIP/2.0\r\nRoute: <sip:edge.example.net;lr>\r\n"));
    assert_ne!(header(one, &HeaderName::CallId), header(other, &HeaderName::CallId));
    line.pass(seconds(62));
    assert!(!matches!(line.machine.state(), State::Registered { .. }), "nothing answered");
}

#[test]
fn a_lost_flow_is_registered_again_soon_and_ends_what_was_in_flight() {
    let mut line = Line::registered(settings(), "3600");
    line.act(Registration::handle_flow_lost);
    let (why, pause) = line.backoff();
    assert_eq!(why, "the connection to the registrar was lost");
    assert!((seconds(5) / 2..=seconds(5)).contains(&pause));
    line.until_sent();
    line.act(Registration::handle_flow_lost);
    line.fail(Failure::Transport);
    assert_eq!(line.backoff().0, "the connection to the registrar was lost");
    let changes = line.changes;
    line.act(Registration::handle_flow_lost);
    assert_eq!(line.changes, changes, "there is no flow to lose");
}
