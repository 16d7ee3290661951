//! `[[group]]`: trunks that lead to the same numbers.

use crate::error::{ConfigError, Source};
use crate::raw;
use crate::trunk::{Trunk, callable};
use crate::value::Short;
use talkpath_dialplan::{Group, Member};

/// A group of trunks, each of which is known and can be called.
pub(crate) fn group(written: raw::Group, trunks: &[Trunk], source: Source<'_>) -> Result<Group, ConfigError> {
    let mut resolved: Vec<Member> = Vec::new();
    for member in written.members.0 {
        let span = member.span();
        let member = match member.into_inner() {
            Short::Short(trunk) => Member { trunk, priority: 1, weight: 1 },
            Short::Long(raw::Member { trunk, priority, weight }) => {
                Member { trunk, priority: priority.unwrap_or(1), weight: weight.unwrap_or(1) }
            }
        };
        callable(&member.trunk, trunks).map_err(|problem| source.invalid(Some(span.clone()), problem))?;
        if resolved.iter().any(|other| other.trunk == member.trunk) {
            return Err(source.invalid(Some(span), format!("trunk \"{}\" is in the group already", member.trunk)));
        }
        resolved.push(member);
    }
    Ok(Group { name: written.name.into_inner().0, members: resolved })
}
