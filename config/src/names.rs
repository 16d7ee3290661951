//! Names: each is used once, and what is named is there.

use crate::Config;
use crate::error::{ConfigError, Source};
use std::collections::HashSet;
use toml::Spanned;

/// What agents, routes and menus may name.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// Without agents, menus and routes, which are only being read.
    pub(crate) config: &'a Config,
    /// The names of the agents.
    pub(crate) agents: &'a [String],
    /// The names of the menus.
    pub(crate) menus: &'a [String],
}

/// What is called `name`, or that there is nothing of that name, with what there is.
pub(crate) fn find<'a, T>(kind: &str, name: &str, all: &'a [T], of: impl Fn(&T) -> &String) -> Result<&'a T, String> {
    if let Some(found) = all.iter().find(|one| of(one) == name) {
        return Ok(found);
    }
    let names: Vec<_> = all.iter().map(|one| format!("\"{}\"", of(one))).collect();
    let there_are = if names.is_empty() { "none at all".into() } else { names.join(", ") };
    Err(format!("there is no {kind} \"{name}\"; there are {there_are}"))
}

/// As [`find`], of a name that stands in the file, which it gives back.
pub(crate) fn named<T>(
    kind: &str,
    name: Spanned<String>,
    all: &[T],
    of: impl Fn(&T) -> &String,
    source: Source<'_>,
) -> Result<String, ConfigError> {
    let span = name.span();
    find(kind, name.get_ref(), all, of).map_err(|problem| source.invalid(Some(span), problem))?;
    Ok(name.into_inner())
}

/// Refuses the second of two that are called the same.
pub(crate) fn refuse_twins<'a, T: AsRef<str> + 'a>(
    kind: &str,
    names: impl Iterator<Item = &'a Spanned<T>>,
    source: Source<'_>,
) -> Result<(), ConfigError> {
    let mut seen = HashSet::new();
    for name in names {
        let text = name.get_ref().as_ref();
        if !seen.insert(text) {
            let problem = format!("two {kind} are called \"{text}\"");
            return Err(source.invalid(Some(name.span()), problem));
        }
    }
    Ok(())
}
