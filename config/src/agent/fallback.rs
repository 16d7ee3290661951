//! What happens when an agent's engine is lost: who takes over, or which last words are said.

use super::Agent;
use crate::error::{ConfigError, Source};
use crate::names::{Known, find};
use crate::raw;
use crate::text::plain;
use crate::value::{OneOrList, Short};
use std::collections::HashSet;
use std::ops::Range;
use toml::Spanned;

/// What happens when an engine is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This agent takes over, if its own engine can be reached; it has fallbacks of its own.
    Agent(String),
    /// The embedded voice says this, and the call ends. Nothing comes after it.
    Say(String),
}

pub(super) fn fallbacks(
    written: Option<Spanned<OneOrList<raw::Fallback>>>,
    agent: &str,
    known: Known<'_>,
    source: Source<'_>,
) -> Result<Vec<Fallback>, ConfigError> {
    let Some(written) = written else { return Ok(Vec::new()) };
    let span = written.span();
    let list = written.into_inner().with_places(span).0;
    let last = list.len() - 1;
    let one = |(at, written): (usize, Spanned<raw::Fallback>)| {
        let span = written.span();
        let wrong = |problem: String| source.invalid(Some(span.clone()), problem);
        match written.into_inner() {
            Short::Short(name) if name == agent => Err(wrong(format!("\"{name}\" can't stand in for itself"))),
            Short::Short(name) => {
                find("agent", &name, known.agents, |name| name).map_err(wrong)?;
                Ok(Fallback::Agent(name))
            }
            Short::Long(_) if at < last => Err(wrong("the call ends after last words; write them last".into())),
            Short::Long(words) => plain(span, words.say.0, source).map(Fallback::Say),
        }
    };
    list.into_iter().enumerate().map(one).collect()
}

/// Refuses fallbacks that lead from an agent back to it; `places` are those of the agents' fallbacks.
pub(crate) fn refuse_loops(
    agents: &[Agent],
    places: &[Option<Range<usize>>],
    source: Source<'_>,
) -> Result<(), ConfigError> {
    for (agent, place) in agents.iter().zip(places) {
        if let Some(way) = way(agent, &agent.name, agents, &mut HashSet::new()) {
            let way: Vec<_> = way.iter().rev().map(|name| format!("\"{name}\"")).collect();
            let problem = format!("fallback leads in a circle: from \"{}\" to {}", agent.name, way.join(", then "));
            return Err(source.invalid(place.clone(), problem));
        }
    }
    Ok(())
}

/// The agents on the way from one to another by fallbacks, the last one first.
fn way<'a>(from: &'a Agent, to: &str, agents: &'a [Agent], seen: &mut HashSet<&'a str>) -> Option<Vec<&'a str>> {
    if !seen.insert(&from.name) {
        return None;
    }
    from.fallback.iter().find_map(|fallback| match fallback {
        Fallback::Say(_) => None,
        Fallback::Agent(name) if name == to => Some(vec![name.as_str()]),
        Fallback::Agent(name) => {
            let mut way = way(agents.iter().find(|agent| agent.name == *name)?, to, agents, seen)?;
            way.push(name);
            Some(way)
        }
    })
}
