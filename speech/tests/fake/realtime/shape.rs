//! Shapes of JSON, and what is wrong with a value that hasn't got one, in the services' words.

use std::fmt;

use serde_json::Value;

/// A field: its name, whether it must be there, and its shape.
pub(crate) type Field = (&'static str, bool, Shape);

/// What a value may be.
pub(crate) enum Shape {
    Text,
    Whole,
    Flag,
    Any,
    /// A number within these bounds.
    Within(f64, f64),
    /// This number.
    Exactly(u64),
    /// One of these strings.
    One(&'static [&'static str]),
    Nullable(&'static Self),
    /// These strings, in this order.
    Strings(&'static [&'static str]),
    /// Any number of these.
    List(&'static Self),
    /// An object of these fields and no others.
    Fields(&'static [Field]),
    /// An object whose field of this name says which others it has.
    Tagged(&'static str, &'static [(&'static str, &'static [Field])]),
    /// Any of these; the one that comes furthest says what is wrong.
    Either(&'static [Self]),
}

/// Why a message isn't taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    /// The field that is wrong, as a dotted path.
    pub(crate) param: Option<String>,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, param: None, message: message.into() }
    }

    fn at(code: &'static str, path: &str, message: String) -> Self {
        Self { code, param: Some(path.to_owned()), message }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.param.as_ref().map(|param| format!(" at {param}")).unwrap_or_default();
        write!(f, "{}{place}: {}", self.code, self.message)
    }
}

/// Where a value doesn't have a shape.
pub(crate) fn check(value: &Value, shape: &Shape, path: &str) -> Result<(), Refusal> {
    use Shape::{Any, Either, Exactly, Fields, Flag, List, Nullable, One, Strings, Tagged, Text, Whole, Within};
    let must = |holds: bool, code, what: &str| {
        if holds { Ok(()) } else { Err(Refusal::at(code, path, format!("{what}, found {value}"))) }
    };
    match shape {
        Any => Ok(()),
        Text => must(value.is_string(), "invalid_type", "expected a string"),
        Whole => must(value.is_u64(), "invalid_type", "expected a whole number"),
        Flag => must(value.is_boolean(), "invalid_type", "expected a boolean"),
        Within(low, high) => {
            must(value.is_number(), "invalid_type", "expected a number")?;
            let within = value.as_f64().is_some_and(|number| (*low..=*high).contains(&number));
            must(within, "invalid_value", &format!("expected {low} to {high}"))
        }
        Exactly(number) => must(value.as_u64() == Some(*number), "invalid_value", &format!("expected {number}")),
        One(names) => {
            let known = value.as_str().is_some_and(|text| names.contains(&text));
            must(known, "invalid_value", &format!("expected one of {names:?}"))
        }
        Nullable(_) if value.is_null() => Ok(()),
        Nullable(shape) => check(value, shape, path),
        Strings(all) => {
            let list = value.as_array();
            let same = list.is_some_and(|list| list.iter().map(Value::as_str).eq(all.iter().map(|one| Some(*one))));
            must(same, "invalid_value", &format!("expected {all:?}"))
        }
        List(shape) => {
            must(value.is_array(), "invalid_type", "expected a list")?;
            let mut list = value.as_array().into_iter().flatten().enumerate();
            list.try_for_each(|(at, value)| check(value, shape, &format!("{path}[{at}]")))
        }
        Fields(known) => check_fields(value, None, known, path),
        Tagged(tag, variants) => {
            must(value.is_object(), "invalid_type", "expected an object")?;
            let Some(found) = value.get(tag) else {
                return Err(Refusal::at("missing_required_parameter", &join(path, tag), "it is missing".to_owned()));
            };
            let variant = variants.iter().find(|(name, _)| found == name);
            let Some((_, fields)) = variant else {
                let names: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
                let what = format!("expected one of {names:?}, found {found}");
                return Err(Refusal::at("invalid_value", &join(path, tag), what));
            };
            check_fields(value, Some(tag), fields, path)
        }
        Either(shapes) => {
            let depth = |refusal: &Refusal| refusal.param.as_ref().map_or(0, String::len);
            let mut refusals = Vec::new();
            for shape in *shapes {
                match check(value, shape, path) {
                    Ok(()) => return Ok(()),
                    Err(refusal) => refusals.push(refusal),
                }
            }
            refusals.into_iter().max_by_key(depth).map_or(Ok(()), Err)
        }
    }
}

fn check_fields(value: &Value, tag: Option<&str>, known: &[Field], path: &str) -> Result<(), Refusal> {
    let Some(object) = value.as_object() else {
        return Err(Refusal::at("invalid_type", path, format!("expected an object, found {value}")));
    };
    for (name, value) in object.iter().filter(|(name, _)| Some(name.as_str()) != tag) {
        let Some((.., shape)) = known.iter().find(|(known, ..)| known == name) else {
            return Err(Refusal::at("unknown_parameter", &join(path, name), format!("there is no {name:?}")));
        };
        check(value, shape, &join(path, name))?;
    }
    let missing = known.iter().find(|(name, required, _)| *required && !object.contains_key(*name));
    missing.map_or(Ok(()), |(name, ..)| {
        Err(Refusal::at("missing_required_parameter", &join(path, name), "it is missing".to_owned()))
    })
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
