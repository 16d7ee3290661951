//! Tables of the file that go to others as JSON: what a service is told besides, and schemas.

use serde_json::{Map, Number, Value};
use toml::Table;

/// The table as a JSON object. Dates become texts.
///
/// # Errors
/// A number that JSON hasn't (`nan`, `inf`), in words.
pub(crate) fn object(table: Table) -> Result<Map<String, Value>, String> {
    table.into_iter().map(|(key, value)| Ok((key, json(value)?))).collect()
}

fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => Number::from_f64(number).ok_or_else(|| format!("JSON has no {number}"))?.into(),
        toml::Value::Boolean(flag) => flag.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => Value::Object(object(table)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_table_becomes_an_object() {
        let table = toml::from_str("a = 1\nb = [1.5, true, \"x\"]\nc = { d = 2026-03-01 }").unwrap();
        let expected = json!({ "a": 1, "b": [1.5, true, "x"], "c": { "d": "2026-03-01" } });
        assert_eq!(Value::Object(object(table).unwrap()), expected);
        assert_eq!(object(toml::from_str("a = [nan]").unwrap()), Err("JSON has no NaN".to_owned()));
    }
}
