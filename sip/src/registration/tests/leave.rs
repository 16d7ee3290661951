//! Un-registering.

use super::*;

#[test]
fn a_binding_is_taken_away_with_expires_0_and_the_answer_is_waited_for() {
    let mut line = Line::registered(settings(), "300");
    line.act(Registration::unregister);
    assert_eq!(*line.machine.state(), State::Unregistering);
    let contact = format!("<{}>;expires=0", line.machine.contact());
    assert_eq!(header(line.last(), &HeaderName::Contact), contact);
    assert_eq!(header(line.last(), &HeaderName::Expires), "0");
    line.pass(seconds(31));
    assert_eq!(*line.machine.state(), State::Unregistering);
    line.answer(200, &[]);
    assert_eq!((line.machine.state(), line.wake_up), (&State::Unregistered, None));
}

#[test]
fn it_ends_whatever_the_answer_but_a_challenge_is_answered() {
    for status in [200, 403, 423, 500, 302] {
        let mut line = Line::registered(settings(), "300");
        line.act(Registration::unregister);
        line.answer(status, &[]);
        assert_eq!((line.machine.state(), line.wake_up), (&State::Unregistered, None), "{status}");
    }
    for failure in [Failure::TimedOut, Failure::Transport] {
        let mut line = Line::registered(settings(), "300");
        line.act(Registration::unregister);
        line.fail(failure);
        assert_eq!((line.machine.state(), line.wake_up), (&State::Unregistered, None));
    }
    let mut line = Line::registered(with_password(), "300");
    line.act(Registration::unregister);
    line.answer(401, &[(HeaderName::WwwAuthenticate, r#"Digest realm="r", nonce="n", qop="auth""#)]);
    assert!(line.last().headers.contains(&HeaderName::Authorization));
    assert_eq!(header(line.last(), &HeaderName::Expires), "0");
    line.answer(200, &[]);
    assert_eq!(*line.machine.state(), State::Unregistered);
}

#[test]
fn without_a_binding_nothing_is_sent() {
    let mut line = Line::idle(settings());
    line.act(Registration::unregister);
    assert_eq!((line.machine.state(), line.sent.len()), (&State::Unregistered, 0));
    let mut line = Line::new(settings());
    line.answer(503, &[]);
    line.act(Registration::unregister);
    assert_eq!((line.machine.state(), line.sent.len(), line.wake_up), (&State::Unregistered, 1, None));
}

#[test]
fn a_register_that_is_out_is_waited_for_and_then_taken_back() {
    let mut line = Line::new(settings());
    line.act(Registration::unregister);
    assert_eq!((line.machine.state(), line.sent.len()), (&State::Unregistering, 1));
    line.answer(200, &[]);
    assert_eq!(line.sent.len(), 2);
    assert_eq!(header(line.last(), &HeaderName::Expires), "0");
    line.answer(200, &[]);
    assert_eq!(*line.machine.state(), State::Unregistered);
    let mut line = Line::new(settings());
    line.act(Registration::unregister);
    line.answer(403, &[]);
    assert_eq!((line.machine.state(), line.sent.len()), (&State::Unregistered, 1));
}

#[test]
fn a_binding_whose_refresh_failed_is_taken_away_too() {
    let mut line = Line::registered(settings(), "300");
    line.until_sent();
    line.answer(503, &[]);
    line.act(Registration::unregister);
    assert_eq!(header(line.last(), &HeaderName::Expires), "0");
}

#[test]
fn who_changes_his_mind_while_leaving_is_registered_again_after_it() {
    let mut line = Line::registered(settings(), "300");
    line.act(Registration::unregister);
    line.act(Registration::register);
    assert_eq!(line.sent.len(), 2, "one at a time");
    line.answer(200, &[]);
    assert_eq!(header(line.last(), &HeaderName::Expires), "300");
    line.answer(200, &[]);
    assert_eq!(line.bound_for(), seconds(300));
}
