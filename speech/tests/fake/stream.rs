//! What a bot on the stream protocol sees, and whether it should: ours ([`own`]) and Twilio's ([`twilio`]).

use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::{Value, json};

pub(crate) mod own;
pub(crate) mod twilio;

pub(crate) static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../../docs/stream.schema.json")).expect("the schema is JSON")
});

/// The validator of one side's messages. `closed`: fields that aren't described are refused.
pub(crate) fn validator(side: &str, closed: bool) -> Validator {
    let mut schema = json!({ "$ref": format!("#/$defs/{side}"), "$defs": SCHEMA["$defs"] });
    if closed {
        close(&mut schema);
    }
    jsonschema::draft202012::new(&schema).expect("the schema is one")
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.insert("additionalProperties".to_owned(), false.into());
            }
            object.values_mut().for_each(close);
        }
        Value::Array(list) => list.iter_mut().for_each(close),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The rule `why` is broken unless `holds`.
fn must(holds: bool, why: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why.to_owned()) }
}
