//! Registering and refreshing.

use super::*;

#[test]
fn a_register_says_what_the_rfc_asks_and_counts_cseq_under_one_call_id() {
    let mut line = Line::new(Settings { routes: vec!["<sip:edge.example.net;lr>".parse().unwrap()], ..settings() });
    line.answer(200, &[]);
    line.act(Registration::register);
    let [one, other] = line.sent.as_slice() else { panic!("{}", line.sent.len()) };
    assert!(one.to_bytes().starts_with(b"REGISTER sip:example.com SIP/2.0\r\nRoute: <sip:edge.example.net;lr>\r\n"));
    assert_eq!(header(one, &HeaderName::To), "<sip:bot@example.com>");
    assert!(header(one, &HeaderName::From).starts_with("<sip:bot@example.com>;tag="));
    assert_eq!((header(one, &HeaderName::Expires), header(one, &HeaderName::Supported)), ("300".into(), "path".into()));
    assert_eq!(header(one, &HeaderName::CallId), header(other, &HeaderName::CallId));
    assert_eq!(one.headers.cseq().unwrap().number + 1, other.headers.cseq().unwrap().number);
}

#[test]
fn each_registration_has_a_contact_user_of_its_own_at_the_address_given() {
    let (one, other) = (Line::seeded(settings(), 1), Line::seeded(settings(), 2));
    assert_ne!(one.machine.contact_user(), other.machine.contact_user());
    let expected = format!("sip:{}@192.0.2.1:5070;transport=tcp", one.machine.contact_user());
    assert_eq!(one.machine.contact().to_string(), expected);
    let bare = Settings { contact: "sips:[2001:db8::1]".parse().unwrap(), ..settings() };
    let line = Line::new(bare);
    let expected = format!("<sips:{}@[2001:db8::1]>;expires=300", line.machine.contact_user());
    assert_eq!(header(line.last(), &HeaderName::Contact), expected);
}

#[test]
fn the_contacts_own_expires_counts_over_the_header_and_that_over_what_was_asked() {
    let bound = |contacts: &str, expires: &[(HeaderName, &str)]| {
        let mut line = Line::new(settings());
        let contacts = contacts.replace("OUR", &line.machine.contact().to_string());
        let mut headers = expires.to_vec();
        if !contacts.is_empty() {
            headers.push((HeaderName::Contact, &contacts));
        }
        line.answer(200, &headers);
        line.bound_for().as_secs()
    };
    let header = [(HeaderName::Expires, "200")];
    assert_eq!(bound("<sip:other@h>;expires=7, <OUR>;expires=120", &header), 120);
    assert_eq!(bound("<sip:other@h>;expires=7, <OUR>", &header), 200);
    assert_eq!(bound("<sip:bot@gateway>;expires=90", &header), 90, "the only one is ours");
    assert_eq!(bound("<sip:a@h>;expires=7, <sip:b@h>;expires=8", &header), 200);
    assert_eq!(bound("<OUR>;expires=99999999999", &header), 200);
    assert_eq!(bound("", &header), 200);
    assert_eq!(bound("", &[]), 300);
    assert_eq!(bound("*", &[(HeaderName::Expires, "x")]), 300);
}

#[test]
fn a_refresh_comes_ahead_of_expiry_with_time_for_a_second_attempt() {
    for granted in [60u64, 300, 3_600] {
        let mut waits = Vec::new();
        for seed in 0..40 {
            let mut line = Line::seeded(settings(), seed);
            line.act(Registration::register);
            line.answer(200, &[(HeaderName::Expires, &granted.to_string())]);
            waits.push(line.until_sent());
        }
        let (least, most) = (*waits.iter().min().unwrap(), *waits.iter().max().unwrap());
        let lead = (granted / 5).max(40).min(granted / 2).max(granted / 5);
        assert!(most <= seconds(granted - lead), "{granted}: {most:?}");
        assert!(least >= seconds(granted - lead - granted / 10), "{granted}: {least:?}");
        assert!(most - least > seconds(granted) / 20, "jitter: {least:?} to {most:?}");
    }
}

#[test]
fn a_refresh_keeps_the_state_registered_and_moves_its_end() {
    let mut line = Line::registered(settings(), "300");
    let State::Registered { until: before, .. } = line.machine.state().clone() else { panic!() };
    line.until_sent();
    assert!(matches!(line.machine.state(), State::Registered { until, .. } if *until == before));
    line.answer(200, &[(HeaderName::Expires, "300")]);
    assert_eq!((line.bound_for(), line.changes), (seconds(300), 3));
}

#[test]
fn a_year_of_refreshes_never_lets_the_binding_lapse() {
    let mut line = Line::registered(settings(), "600");
    while line.now < line.start + seconds(365 * 86_400) {
        line.until_sent();
        assert!(line.machine.is_bound(line.now));
        line.answer(200, &[(HeaderName::Expires, "600")]);
    }
    assert!(line.sent.len() < 365 * 86_400 / 400, "{}", line.sent.len());
}

#[test]
fn a_binding_whose_refresh_is_not_answered_ends_when_its_time_is_over() {
    let mut line = Line::registered(settings(), "300");
    line.until_sent();
    line.pass(seconds(200));
    assert_eq!(*line.machine.state(), State::Registering);
    assert!(!line.machine.is_bound(line.now) && line.machine.service_route().is_empty());
}

#[test]
fn a_binding_of_a_century_is_refreshed_daily_and_one_of_a_second_not_faster_than_that() {
    let mut line = Line::registered(settings(), "4294967295");
    assert!(line.until_sent() < seconds(86_400));
    let mut line = Line::registered(settings(), "1");
    assert_eq!(line.until_sent(), seconds(1));
}

#[test]
fn the_service_route_is_that_of_the_last_answer() {
    let mut line = Line::new(settings());
    let two = || (HeaderName::ServiceRoute, "<sip:p1.example.com;lr>, <sip:p2.example.com;lr>");
    line.answer(200, &[two(), (HeaderName::ServiceRoute, "<sip:p3.example.com;lr>")]);
    let routes: Vec<String> = line.machine.service_route().iter().map(ToString::to_string).collect();
    assert_eq!(routes, ["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>", "<sip:p3.example.com;lr>"]);
    for broken in [vec![], vec![(HeaderName::ServiceRoute, "<sip:p1"), two()], vec![two(); 17]] {
        line.act(Registration::register);
        line.answer(200, &broken);
        assert!(line.machine.service_route().is_empty());
    }
}

#[test]
fn what_is_no_final_answer_to_the_last_request_changes_nothing() {
    let mut line = Line::new(settings());
    line.answer(100, &[]);
    let mut stranger = Response::to(line.last(), StatusCode::OK);
    stranger.headers.set(HeaderName::CSeq, "1 REGISTER");
    line.act(|machine, now| machine.handle_response(&stranger, now));
    let mut stranger = Response::to(line.last(), StatusCode::OK);
    stranger.headers.set(HeaderName::CallId, "other");
    line.act(|machine, now| machine.handle_response(&stranger, now));
    assert_eq!((line.machine.state(), line.changes), (&State::Registering, 1));
    line.answer(200, &[]);
    line.answer(403, &[]);
    assert_eq!(line.bound_for(), seconds(300));
}

#[test]
fn a_new_contact_is_registered_at_once_and_after_the_answer_when_one_is_awaited() {
    let mut line = Line::new(settings());
    let moved = "sip:192.0.2.2:5071".parse().unwrap();
    line.act(|machine, now| machine.set_contact(&moved, now));
    assert_eq!(line.sent.len(), 1, "one at a time");
    line.answer(200, &[]);
    assert_eq!(line.sent.len(), 2);
    assert!(header(line.last(), &HeaderName::Contact).contains("@192.0.2.2:5071>"));
    line.answer(200, &[]);
    let State::Registered { contact, .. } = line.machine.state() else { panic!() };
    assert_eq!(contact.uri, *line.machine.contact());
    line.act(|machine, now| machine.set_contact(&"sip:192.0.2.3".parse().unwrap(), now));
    assert_eq!(line.sent.len(), 3);
}
