//! Challenges, refusals and failures, and when it is tried again.

use super::*;
use crate::digest;
use crate::digest::{Side, Verdict};

const CHALLENGE: (HeaderName, &str) =
    (HeaderName::WwwAuthenticate, r#"Digest realm="example.com", nonce="n1", qop="auth", algorithm=SHA-256"#);

/// A registrar with a password.
fn registrar(line: &Line) -> digest::Server {
    let settings = digest::Settings { realm: "example.com".into(), ..digest::Settings::default() };
    digest::Server::new(settings, [3; 32], &mut StdRng::seed_from_u64(1), line.now)
}

/// The registrar's answer to the last request.
fn judged(line: &mut Line, server: &mut digest::Server) -> Verdict {
    let secret = |_: &Text, _: digest::Algorithm| Some(digest::Secret::Password("secret".into()));
    let verdict = server.verify(line.last(), Side::Server, secret, line.now);
    let status = if matches!(verdict, Verdict::Accepted { .. }) { StatusCode::OK } else { StatusCode::UNAUTHORIZED };
    let mut response = Response::to(line.last(), status);
    if !status.is_success() {
        server.challenge(&mut response, Side::Server, verdict == Verdict::Stale, line.now);
    }
    line.act(|machine, now| machine.handle_response(&response, now));
    verdict
}

#[test]
fn a_challenge_is_answered_at_once_and_the_nonce_serves_until_it_is_stale() {
    let mut line = Line::new(with_password());
    let mut server = registrar(&line);
    assert_eq!(judged(&mut line, &mut server), Verdict::Unanswered);
    assert!(matches!(judged(&mut line, &mut server), Verdict::Accepted { .. }));
    line.until_sent();
    assert!(matches!(judged(&mut line, &mut server), Verdict::Accepted { .. }), "answered before it is asked");
    line.until_sent();
    assert_eq!(judged(&mut line, &mut server), Verdict::Stale);
    assert!(matches!(judged(&mut line, &mut server), Verdict::Accepted { .. }));
    assert_eq!(line.bound_for(), seconds(300));
}

#[test]
fn a_proxy_and_the_registrar_are_both_answered() {
    let mut line = Line::new(with_password());
    line.answer(407, &[(HeaderName::ProxyAuthenticate, r#"Digest realm="edge", nonce="p", qop="auth""#)]);
    line.answer(401, &[CHALLENGE]);
    assert!(line.last().headers.contains(&HeaderName::Authorization));
    assert!(line.last().headers.contains(&HeaderName::ProxyAuthorization));
    line.answer(200, &[]);
    assert_eq!(line.sent.len(), 3);
}

#[test]
fn a_wrong_password_is_said_in_words_and_tried_again_much_later_from_the_start() {
    let mut line = Line::new(with_password());
    line.answer(401, &[CHALLENGE]);
    line.answer(401, &[CHALLENGE]);
    let (why, pause) = line.backoff();
    assert_eq!(why, r#"realm "example.com" refuses the password of "bot": user name or password is wrong"#);
    assert!((seconds(600)..=seconds(750)).contains(&pause), "{pause:?}");
    assert_eq!(line.until_sent(), pause);
    assert!(!line.last().headers.contains(&HeaderName::Authorization));
}

#[test]
fn a_refusal_is_the_end_when_no_pause_is_set_until_it_is_asked_for_again() {
    let mut line = Line::new(Settings { refused_pause: None, ..settings() });
    line.answer(401, &[CHALLENGE]);
    assert_eq!(*line.machine.state(), State::Refused { why: Why::NoCredentials });
    line.pass(seconds(86_400));
    assert_eq!((line.sent.len(), line.wake_up), (1, None));
    line.act(Registration::register);
    line.answer(200, &[]);
    assert_eq!(line.bound_for(), seconds(300));
}

#[test]
fn what_only_people_can_mend_waits_long_and_hints_at_what_is_wrong() {
    let cases =
        [(403, "doesn't allow this address"), (404, "no such user"), (405, "no registrar"), (420, "don't have")];
    for (status, hint) in cases {
        let mut line = Line::new(settings());
        line.answer(status, &[]);
        let (why, pause) = line.backoff();
        assert!(why.starts_with(&format!("refused with {status} ")) && why.contains(hint), "{why}");
        assert!((seconds(600)..=seconds(750)).contains(&pause), "{pause:?}");
    }
}

#[test]
fn failures_back_off_exponentially_with_jitter_up_to_the_longest_pause() {
    let mut line = Line::new(settings());
    let mut pauses = Vec::new();
    for _ in 0..10 {
        line.answer(500, &[]);
        pauses.push(line.until_sent());
    }
    let whole = [5u64, 10, 20, 40, 80, 160, 300, 300, 300, 300];
    for (pause, whole) in pauses.iter().zip(whole.map(seconds)) {
        assert!((whole / 2..=whole).contains(pause), "{pause:?} of {whole:?}");
    }
    line.answer(200, &[]);
    line.until_sent();
    line.answer(503, &[]);
    assert!(line.backoff().1 <= seconds(5), "a success starts over");
}

#[test]
fn two_that_fail_together_do_not_come_back_together() {
    let pause = |seed| {
        let mut line = Line::seeded(settings(), seed);
        line.act(Registration::register);
        line.answer(503, &[]);
        line.backoff().1
    };
    assert_ne!(pause(1), pause(2));
}

#[test]
fn retry_after_is_honoured_within_reason() {
    let cases = [("0", 5, 6), ("30", 30, 33), ("120 (reboot);duration=60", 120, 132), ("4000000000", 3_600, 3_960)];
    for (retry_after, least, most) in cases {
        let mut line = Line::new(settings());
        line.answer(503, &[(HeaderName::RetryAfter, retry_after)]);
        let (why, pause) = line.backoff();
        assert_eq!(why, "failed with 503 Service Unavailable");
        assert!((seconds(least)..=seconds(most)).contains(&pause), "{retry_after}: {pause:?}");
    }
    let mut line = Line::new(settings());
    line.answer(403, &[(HeaderName::RetryAfter, "7")]);
    assert!(line.backoff().1 >= seconds(600));
}

#[test]
fn an_interval_too_brief_is_raised_at_once_and_for_good() {
    let mut line = Line::new(settings());
    line.answer(423, &[(HeaderName::MinExpires, "1800")]);
    assert_eq!(header(line.last(), &HeaderName::Expires), "1800");
    line.answer(200, &[]);
    assert_eq!(line.bound_for(), seconds(1_800));
    line.until_sent();
    assert_eq!(header(line.last(), &HeaderName::Expires), "1800");
}

#[test]
fn a_423_that_asks_for_no_longer_time_or_ever_longer_ones_is_a_failure() {
    for headers in [vec![], vec![(HeaderName::MinExpires, "60")], vec![(HeaderName::MinExpires, "x")]] {
        let mut line = Line::new(settings());
        line.answer(423, &headers);
        assert!(line.backoff().0.starts_with("423 asks"));
    }
    let mut line = Line::new(settings());
    for longer in 0..8 {
        line.answer(423, &[(HeaderName::MinExpires, &(1_000 + longer).to_string())]);
    }
    assert_eq!((line.backoff().0, line.sent.len()), ("challenged again and again".into(), 8));
}

#[test]
fn a_redirection_is_named_and_not_followed() {
    let mut line = Line::new(settings());
    line.answer(302, &[(HeaderName::Contact, "<sip:elsewhere.example.org>")]);
    assert_eq!(line.backoff().0, "redirected to sip:elsewhere.example.org: set it as registrar if that is right");
    line.until_sent();
    assert_eq!(line.last().uri.to_string(), "sip:example.com");
}

#[test]
fn an_acceptance_for_no_time_is_a_failure() {
    let mut line = Line::registered(settings(), "300");
    line.until_sent();
    line.answer(200, &[(HeaderName::Expires, "0")]);
    assert_eq!(line.backoff().0, "accepted, but for no time at all");
    assert!(!line.machine.is_bound(line.now));
}
