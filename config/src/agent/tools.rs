//! The tools of an agent's model, by their names: those that are built in, and `[[tool]]`s.

use crate::error::ConfigError;
use crate::keys::Keys;
use crate::names::Known;
use std::collections::{BTreeMap, HashSet};
use talkpath_dialplan::Dial;
use talkpath_speech::tools::{Builtin, ToolSpec, transfer_to};
use toml::Spanned;

/// What the model is told of its tools.
pub(super) fn specs(
    written: Option<Spanned<Vec<Spanned<String>>>>,
    transfer: &BTreeMap<String, Dial>,
    known: Known<'_>,
    keys: &Keys<'_>,
) -> Result<Vec<ToolSpec>, ConfigError> {
    let names = written.map(Spanned::into_inner).unwrap_or_default();
    let mut seen = HashSet::new();
    let mut specs = Vec::new();
    for name in &names {
        let wrong = |problem| keys.source.invalid(Some(name.span()), problem);
        if !seen.insert(name.get_ref()) {
            return Err(wrong(format!("\"{}\" is among the tools already", name.get_ref())));
        }
        specs.push(spec(name.get_ref(), transfer, known).map_err(wrong)?);
    }
    if !transfer.is_empty() && !specs.iter().any(|spec| spec.name == Builtin::Transfer.name()) {
        return Err(keys.invalid("transfer", "nobody would transfer anyone; write tools = [\"transfer\"]"));
    }
    Ok(specs)
}

fn spec(name: &str, transfer: &BTreeMap<String, Dial>, known: Known<'_>) -> Result<ToolSpec, String> {
    match Builtin::named(name) {
        Some(Builtin::Transfer) if transfer.is_empty() => {
            Err("\"transfer\" needs to know to whom; write transfer = { NAME = \"phone:USER\" }".into())
        }
        Some(Builtin::Transfer) => Ok(transfer_to(transfer.keys().map(String::as_str))),
        Some(builtin) => Ok(builtin.spec()),
        None => known.config.tool(name).map(|tool| tool.spec.clone()).ok_or_else(|| {
            let builtin = Builtin::ALL.iter().map(|tool| tool.name());
            let names = builtin.chain(known.config.tools.iter().map(|tool| tool.spec.name.as_str()));
            let names: Vec<_> = names.map(|name| format!("\"{name}\"")).collect();
            format!("there is no tool \"{name}\"; there are {}", names.join(", "))
        }),
    }
}
