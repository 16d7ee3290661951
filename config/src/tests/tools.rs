//! Tools: what is read of them, and the URLs that come of them.

use super::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use talkpath_speech::realtime::Secret;

fn tool(more: &str) -> Tool {
    let head = "[[tool]]\nname = \"find\"\ndescription = \"Finds.\"\n";
    parse(&format!("{head}{more}")).tool("find").unwrap().clone()
}

fn url(tool: &Tool, arguments: Value, variables: &[(&str, &str)]) -> Result<String, TemplateError> {
    let Value::Object(arguments) = arguments else { unreachable!() };
    let variables: BTreeMap<_, _> =
        variables.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    tool.url.render(&arguments, &variables)
}

#[test]
fn a_tool_of_which_little_is_said_posts_its_arguments() {
    let tool = tool("url = \"https://a.example.com/find\"");
    assert_eq!((tool.spec.name.as_str(), tool.spec.description.as_str()), ("find", "Finds."));
    assert_eq!(tool.spec.parameters, json!({ "type": "object", "properties": {}, "additionalProperties": false }));
    assert_eq!((tool.method, tool.body, tool.timeout), (Method::Post, true, Duration::from_secs(10)));
    assert!(tool.headers.is_empty() && tool.say.is_none() && !tool.allow_private);
    assert_eq!(url(&tool, json!({}), &[]).as_deref(), Ok("https://a.example.com/find"));
}

#[test]
fn everything_that_can_be_said_of_a_tool_is_read() {
    let tool = tool(
        "method = \"PATCH\"\nurl = \"http://a/{{ id }}\"\nheaders = { Authorization = \"Bearer x\" }\nbody = false\ntimeout = 3\n\
         say = \"One moment.\"\nallow_private = true\n\
         parameters = { type = \"object\", properties = { id = { type = \"integer\" } }, required = [\"id\"] }",
    );
    assert_eq!((tool.method.as_str(), tool.body, tool.timeout), ("PATCH", false, Duration::from_secs(3)));
    assert_eq!(tool.headers, [("Authorization".to_owned(), Secret("Bearer x".into()))]);
    assert_eq!((tool.say.as_deref(), tool.allow_private), (Some("One moment."), true));
    assert_eq!(tool.spec.parameters["properties"]["id"], json!({ "type": "integer" }));
}

#[test]
fn methods_have_a_body_as_the_rfc_has_them() {
    for (method, body) in [("GET", false), ("DELETE", false), ("POST", true), ("PUT", true), ("PATCH", true)] {
        let tool = tool(&format!("method = \"{method}\"\nurl = \"https://a\""));
        assert_eq!((tool.method.as_str(), tool.body), (method, body));
    }
}

const LOOK_UP: &str = "method = \"GET\"\nurl = \"https://a/{{ id }}?of={{ customer }}{% if more %}&more={{ more }}{% endif %}\"\n\
    parameters = { type = \"object\", properties = { id = {}, more = {} } }";

#[test]
fn arguments_and_variables_of_the_call_are_put_into_a_url_and_never_leave_their_places() {
    let tool = tool(LOOK_UP);
    let customer = [("customer", "a&b=c")];
    let put = |arguments| url(&tool, arguments, &customer);
    assert_eq!(put(json!({ "id": 7 })).as_deref(), Ok("https://a/7?of=a%26b%3Dc"));
    let strange = json!({ "id": "../x?y#z {{ customer }}", "more": [1, "a"] });
    let expected = "https://a/..%2Fx%3Fy%23z%20%7B%7B%20customer%20%7D%7D?of=a%26b%3Dc&more=%5B1%2C%22a%22%5D";
    assert_eq!(put(strange).as_deref(), Ok(expected));
}

#[test]
fn a_model_can_not_choose_variables_of_the_call_that_it_was_not_told_of() {
    let tool = tool(LOOK_UP);
    let asked = url(&tool, json!({ "id": 7, "customer": "another" }), &[("customer", "mine")]);
    assert_eq!(asked.as_deref(), Ok("https://a/7?of=mine"));
    // And what it was told of isn't taken from the call.
    let error = url(&tool, json!({ "id": null }), &[("customer", "mine"), ("id", "8")]).unwrap_err();
    assert!(matches!(error, TemplateError::Undefined { name, .. } if name == "id"));
}
