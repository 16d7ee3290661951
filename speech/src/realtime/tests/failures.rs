//! What failures mean.

use super::failure::{Verdict, of_close, of_error, of_response};
use super::*;
use crate::engine::Fault;

fn reason(code: &str) -> Reason {
    Reason { code: code.to_owned(), message: "words".to_owned() }
}

fn fault(verdict: &Verdict) -> Option<Fault> {
    match verdict {
        Verdict::Lost(loss) => Some(loss.fault),
        Verdict::Retry { .. } => None,
    }
}

#[test]
fn closes_are_understood_by_their_reason_or_by_the_error_before() {
    for (code, text, last, expected) in [
        (Some(3000), "invalid_request_error.invalid_api_key", None, Some(Fault::Key)),
        (Some(4000), "invalid_request_error.missing_model", None, Some(Fault::Model)),
        (Some(1008), "Arrearage", None, Some(Fault::Quota)),
        (Some(1000), "", Some(reason("insufficient_quota")), Some(Fault::Quota)),
        (Some(1011), "keepalive ping timeout", None, None),
        (None, "", Some(reason("server_error")), None),
    ] {
        assert_eq!(fault(&of_close(code, text, last.as_ref())), expected, "{code:?} {text}");
    }
    let Verdict::Retry { why, swamped } = of_close(Some(1013), "try later", Some(&reason("server_error"))) else {
        panic!("another try");
    };
    assert_eq!((why.as_str(), swamped), ("the engine closed (1013 try later) after server_error: words", true));
}

#[test]
fn most_errors_leave_the_session_alive() {
    for code in ["conversation_already_has_active_response", "response_cancel_not_active", "invalid_value", "", "500"] {
        assert_eq!(of_error(&reason(code)), None, "{code}");
    }
    assert!(matches!(of_error(&reason("session_expired")), Some(Verdict::Retry { swamped: false, .. })));
    assert_eq!(of_error(&reason("model_not_found")).as_ref().and_then(fault), Some(Fault::Model));
}

#[test]
fn answers_may_fail_a_few_times() {
    for failures in 1..4 {
        assert_eq!(of_response(&reason("server_error"), failures), None);
    }
    assert_eq!(of_response(&reason("server_error"), 4).map(|loss| loss.fault), Some(Fault::Failing));
    assert_eq!(of_response(&reason("rate_limit_exceeded"), 4).map(|loss| loss.fault), Some(Fault::Overloaded));
    assert_eq!(of_response(&reason("insufficient_quota"), 1).map(|loss| loss.fault), Some(Fault::Quota));
}
