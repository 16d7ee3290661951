//! What models write, and what they are told.

use super::*;

fn collect(arguments: &str) -> Result<Request, ArgumentError> {
    Builtin::CollectDigits.parse(arguments)
}

#[test]
fn every_built_in_tool_is_declared_by_an_object_schema_under_a_name_of_its_own() {
    for tool in Builtin::ALL {
        let spec = tool.spec();
        assert_eq!(Builtin::named(&spec.name), Some(tool));
        assert_eq!(spec.parameters["type"], "object");
        let required = spec.parameters["required"].as_array().unwrap();
        assert!(required.iter().all(|name| spec.parameters["properties"][name.as_str().unwrap()].is_object()));
        assert!(spec.description.len() > 20);
    }
    assert_eq!(Builtin::named("launch"), None);
}

#[test]
fn arguments_that_are_right_are_read() {
    assert_eq!(Builtin::HangUp.parse(""), Ok(Request::HangUp));
    assert_eq!(Builtin::HangUp.parse(r#"{"reason":"done"}"#), Ok(Request::HangUp));
    let digits = Builtin::SendDtmf.parse(r#"{"digits":"1, 2-3a#"}"#);
    assert_eq!(digits, Ok(Request::SendDtmf { digits: "1,23A#".to_owned() }));
    let target = Builtin::Transfer.parse(r#"{"target":" sales ","reason":null,"mood":7}"#);
    assert_eq!(target, Ok(Request::Transfer { target: "sales".to_owned(), reason: None }));
    let wanted = Collect { max: 4, timeout: Duration::from_secs(5), terminator: Some('#') };
    assert_eq!(collect(r#"{"max":4}"#), Ok(Request::CollectDigits(wanted)));
    let wanted = Collect { max: 6, timeout: Duration::from_secs(9), terminator: None };
    assert_eq!(collect(r#"{"max":"6","timeout":9.0,"terminator":""}"#), Ok(Request::CollectDigits(wanted)));
}

#[test]
fn a_model_is_told_what_is_wrong_with_its_arguments() {
    for (tool, arguments, words) in [
        (Builtin::SendDtmf, r#"{"digits":"#, "the arguments must be one JSON object; they were: {\"digits\":"),
        (Builtin::SendDtmf, "[1]", "the arguments must be one JSON object; they were: [1]"),
        (Builtin::SendDtmf, "{}", "`digits` is missing"),
        (
            Builtin::SendDtmf,
            r#"{"digits":"call me"}"#,
            "keys out of 0-9, *, #, A-D, and commas for pauses; it was \"call me\"",
        ),
        (Builtin::CollectDigits, r#"{"max":0}"#, "`max` must be a whole number from 1 to 32; it was 0"),
        (Builtin::CollectDigits, r#"{"max":4,"terminator":"12"}"#, "`terminator` must be one key"),
        (Builtin::Transfer, r#"{"target":5}"#, "`target` must be a text; it was 5"),
        (Builtin::Transfer, r#"{"target":""}"#, "`target` is missing"),
    ] {
        let error = tool.parse(arguments).unwrap_err().to_string();
        assert!(error.contains(words), "{tool} {arguments}: {error}");
    }
}

#[test]
fn a_transfer_can_be_narrowed_to_some_targets() {
    let spec = transfer_to(["sales", "support"]);
    assert_eq!(spec.parameters["properties"]["target"]["enum"], json!(["sales", "support"]));
    assert_eq!(Builtin::named(&spec.name), Some(Builtin::Transfer));
}

proptest::proptest! {
    #[test]
    fn whatever_a_model_writes_is_read_or_refused_in_few_words(arguments in ".{0,200}") {
        for tool in Builtin::ALL {
            if let Err(error) = tool.parse(&arguments) {
                proptest::prop_assert!(error.to_string().chars().count() < 250);
            }
        }
    }
}
