//! Whatever a registrar answers and whatever the network does: the registration never gets stuck and never hammers.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Answer(u16, Vec<(HeaderName, String)>),
    Fail(Failure),
    FlowLost,
    KeepAlive,
    Pass(u64),
    Register,
    Unregister,
    Move(u8),
}

fn header_field() -> impl Strategy<Value = (HeaderName, String)> {
    let number = prop_oneof![Just(0u64), 1..10u64, 10..5_000u64, Just(u64::from(u32::MAX)), Just(u64::MAX)];
    let numbered = prop::sample::select(vec![HeaderName::Expires, HeaderName::MinExpires, HeaderName::RetryAfter]);
    let challenge = (0..4u8, any::<bool>(), prop::sample::select(vec!["MD5", "SHA-256-sess", "SHA-1"]));
    prop_oneof![
        4 => (numbered, number).prop_map(|(name, number)| (name, number.to_string())),
        6 => challenge.prop_map(|(nonce, stale, algorithm)| {
            let value = format!("Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\", stale={stale}, algorithm={algorithm}");
            (HeaderName::WwwAuthenticate, value)
        }),
        1 => "\\PC{0,20}".prop_map(|value| (HeaderName::Contact, value)),
        1 => (0..400u32).prop_map(|n| (HeaderName::Contact, format!("<sip:x@h>;expires={n}, <sip:y@h>;expires=9"))),
        1 => "\\PC{0,20}".prop_map(|value| (HeaderName::ServiceRoute, value)),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let statuses = vec![100u16, 200, 200, 200, 302, 401, 401, 407, 403, 404, 423, 423, 480, 500, 503, 600];
    let answer = (prop::sample::select(statuses), prop::collection::vec(header_field(), 0..4));
    prop_oneof![
        12 => answer.prop_map(|(status, headers)| Step::Answer(status, headers)),
        2 => prop::sample::select(vec![Failure::TimedOut, Failure::Transport]).prop_map(Step::Fail),
        1 => Just(Step::FlowLost),
        1 => Just(Step::KeepAlive),
        6 => prop_oneof![0..2u64, 0..1_000u64, Just(10_000u64)].prop_map(Step::Pass),
        1 => Just(Step::Register),
        1 => Just(Step::Unregister),
        1 => any::<u8>().prop_map(Step::Move),
    ]
}

fn take(line: &mut Line, step: &Step) {
    match step {
        Step::Answer(status, headers) if !line.sent.is_empty() => {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.clone(), value.as_str())).collect();
            line.answer(*status, &headers);
        }
        Step::Answer(..) => {}
        Step::Fail(failure) => line.fail(*failure),
        Step::FlowLost => line.act(Registration::handle_flow_lost),
        Step::KeepAlive => line.act(|machine, _| machine.handle_keep_alive()),
        Step::Pass(time) => line.pass(seconds(*time)),
        Step::Register => line.act(Registration::register),
        Step::Unregister => line.act(Registration::unregister),
        Step::Move(host) => {
            let contact = format!("sip:192.0.2.{host}").parse().unwrap();
            line.act(|machine, now| machine.set_contact(&contact, now));
        }
    }
}

fn check(line: &Line) {
    let machine = &line.machine;
    let awaits = machine.in_flight.is_some();
    match machine.state() {
        State::Unregistered => assert!(!machine.wanted && !awaits && line.wake_up.is_none()),
        State::Registering | State::Unregistering => assert!(awaits),
        State::Registered { until, .. } => {
            assert!(awaits || machine.due.is_some_and(|due| due <= *until));
            assert!(*until >= line.now && line.wake_up.is_some_and(|at| at <= *until));
        }
        State::Backoff { until, why } => {
            assert!(!awaits && machine.due == Some(*until) && *until > line.now && !why.to_string().is_empty());
        }
        State::Refused { why } => assert!(!awaits && why.needs_people() && line.wake_up.is_none()),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_registered_or_awaits_an_answer_or_will_try_again_or_is_refused_for_a_reason(
        steps in prop::collection::vec(step(), 1..60),
        seed in any::<u64>(),
        ends in any::<bool>(),
        probed in any::<bool>(),
    ) {
        let keep_alive = probed.then(|| KeepAlive { patience: Some(seconds(10)), ..KeepAlive::default() });
        let refused_pause = if ends { None } else { Some(seconds(600)) };
        let mut line = Line::seeded(Settings { keep_alive, refused_pause, ..with_password() }, seed);
        line.act(Registration::register);
        for step in &steps {
            take(&mut line, step);
            check(&line);
            let one_at_a_time = line.machine.in_flight.is_none() || line.machine.haste > 0;
            prop_assert!(one_at_a_time && line.machine.haste <= MAX_HASTE);
        }
    }

    #[test]
    fn a_registrar_that_only_refuses_is_never_hammered(
        answers in prop::collection::vec((prop::sample::select(vec![401u16, 407, 423, 500, 302, 403, 200]), header_field()), 1..200),
        seed in any::<u64>(),
    ) {
        let mut line = Line::seeded(with_password(), seed);
        line.act(Registration::register);
        for (status, (name, value)) in &answers {
            if line.machine.in_flight.is_none() {
                line.until_sent();
            }
            let expires = if *status == 200 { (HeaderName::Expires, "0") } else { (name.clone(), value.as_str()) };
            line.answer(*status, &[expires]);
        }
        // Eight in a row and then a pause of 2.5 s at the least.
        let crowded = line.times.windows(9).any(|nine| *nine.last().unwrap() - *nine.first().unwrap() < seconds(1));
        prop_assert!(!crowded);
    }
}
