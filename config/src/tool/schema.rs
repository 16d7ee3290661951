//! What a model is told of a tool's arguments: JSON Schema, of which the keywords that services know are checked where they are used.

use serde_json::{Map, Value};

const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];
/// Arguments aren't told deeper than this.
const MOST_DEEP: usize = 8;

/// Whether it is a schema of an object.
///
/// # Errors
/// What isn't as it should be, by its path, in words.
pub(super) fn check(schema: &Map<String, Value>) -> Result<(), String> {
    if schema.get("type") != Some(&Value::from("object")) {
        return Err("arguments are an object; write type = \"object\", and each of them under properties".into());
    }
    check_at("parameters", schema, 0)
}

fn check_at(path: &str, schema: &Map<String, Value>, depth: usize) -> Result<(), String> {
    if depth > MOST_DEEP {
        return Err(format!("{path} is deeper than services read"));
    }
    if let Some(kind) = schema.get("type") {
        type_is_good(path, kind)?;
    }
    if schema.get("description").is_some_and(|told| !told.is_string()) {
        return Err(format!("{path}.description is a text"));
    }
    if schema.get("enum").is_some_and(|values| values.as_array().is_none_or(Vec::is_empty)) {
        return Err(format!("{path}.enum is a list of at least one value"));
    }
    let properties = match schema.get("properties") {
        None => &Map::new(),
        Some(properties) => table(&format!("{path}.properties"), properties)?,
    };
    for (name, property) in properties {
        let path = format!("{path}.properties.{name}");
        check_at(&path, table(&path, property)?, depth + 1)?;
    }
    if let Some(items) = schema.get("items") {
        let path = format!("{path}.items");
        check_at(&path, table(&path, items)?, depth + 1)?;
    }
    required_is_good(path, schema.get("required"), properties)
}

fn table<'a>(path: &str, value: &'a Value) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("{path} is a table, such as {{ type = \"string\", description = \"..\" }}"))
}

/// One type, or a list of some.
fn type_is_good(path: &str, kind: &Value) -> Result<(), String> {
    let one = |kind: &Value| kind.as_str().is_some_and(|kind| TYPES.contains(&kind));
    let good = match kind.as_array() {
        Some(kinds) => !kinds.is_empty() && kinds.iter().all(one),
        None => one(kind),
    };
    if good { Ok(()) } else { Err(format!("{path}.type is none of {}, but {kind}", TYPES.join(", "))) }
}

fn required_is_good(path: &str, required: Option<&Value>, properties: &Map<String, Value>) -> Result<(), String> {
    let Some(required) = required else { return Ok(()) };
    let names = required.as_array().ok_or_else(|| format!("{path}.required is a list of names"))?;
    let lost = names.iter().find(|name| name.as_str().is_none_or(|name| !properties.contains_key(name)));
    lost.map_or(Ok(()), |lost| Err(format!("{path}.required names {lost}, which is none of its properties")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(schema: &str) -> Result<(), String> {
        check(&crate::json::object(toml::from_str(schema).unwrap()).unwrap())
    }

    #[test]
    fn schemas_of_objects_are_taken_with_whatever_else_they_say() {
        for schema in [
            "type = \"object\"",
            "type = \"object\"\nadditionalProperties = false\n[properties]\na = { type = [\"string\", \"null\"], pattern = \"x\" }",
            "type = \"object\"\nrequired = [\"a\"]\nproperties = { a = { type = \"array\", items = { enum = [1, 2] } } }",
        ] {
            assert_eq!(told(schema), Ok(()), "{schema}");
        }
    }

    #[test]
    fn what_is_no_schema_is_told_by_its_path() {
        for (schema, problem) in [
            ("type = \"string\"", "arguments are an object"),
            ("a = { type = \"string\" }", "arguments are an object; write type = \"object\""),
            ("properties = { a = \"string\" }", "parameters.properties.a is a table, such as { type"),
            ("properties = [1]", "parameters.properties is a table"),
            ("properties = { a = { type = \"int\" } }", "parameters.properties.a.type is none of string, number"),
            ("properties = { a = { type = [] } }", "parameters.properties.a.type is none of"),
            ("properties = { a = { description = 1 } }", "parameters.properties.a.description is a text"),
            ("properties = { a = { enum = [] } }", "parameters.properties.a.enum is a list of at least one"),
            ("properties = { a = { items = 1 } }", "parameters.properties.a.items is a table"),
            ("required = \"a\"", "parameters.required is a list of names"),
            ("required = [\"a\"]", "parameters.required names \"a\", which is none of its properties"),
        ] {
            let schema = if schema.starts_with("type") || schema.starts_with("a ") {
                schema.to_owned()
            } else {
                format!("type = \"object\"\n{schema}")
            };
            let error = told(&schema).unwrap_err();
            assert!(error.contains(problem), "{schema:?} was told: {error}");
        }
    }

    #[test]
    fn what_nests_without_end_is_refused() {
        let schema =
            format!("type = \"object\"\nproperties = {}1{}", "{ a = { properties = ".repeat(12), " } }".repeat(12));
        assert!(told(&schema).unwrap_err().ends_with("is deeper than services read"));
    }
}
