//! Routes, and which of them takes a call.

use crate::action::Action;
use crate::condition::{Condition, Facts, Mismatch};
use std::fmt;

/// One rule: conditions that must all hold, and what happens then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// How logs and errors call it.
    pub name: String,
    /// The conditions; an absent one always holds.
    pub condition: Condition,
    /// What happens to a call that meets them.
    pub action: Action,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// This route takes it.
    Route(&'a Route),
    /// No route takes it: 404.
    NoRoute,
}

/// How one route fared with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation<'a> {
    /// The route.
    pub route: &'a Route,
    /// Every condition that the call failed; none when the route took it.
    pub mismatches: Vec<Mismatch<'a>>,
}

/// Decides one call.
#[must_use]
pub fn decide<'a>(routes: &'a [Route], facts: &Facts<'_>) -> Decision<'a> {
    routes.iter().find(|route| route.condition.holds(facts)).map_or(Decision::NoRoute, Decision::Route)
}

/// How each route fared, in order, until one took the call. Each explanation prints as one line.
pub fn explain<'a>(routes: &'a [Route], facts: &'a Facts<'_>) -> impl Iterator<Item = Explanation<'a>> {
    let mut taken = false;
    routes.iter().map_while(move |route| {
        if taken {
            return None;
        }
        let mismatches: Vec<_> = route.condition.mismatches(facts).collect();
        taken = mismatches.is_empty();
        Some(Explanation { route, mismatches })
    })
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Route { name, action, .. } = self.route;
        if self.mismatches.is_empty() {
            return write!(f, "route \"{name}\" takes it: {action}");
        }
        let mismatches: Vec<_> = self.mismatches.iter().map(ToString::to_string).collect();
        write!(f, "route \"{name}\" doesn't take it: {}", mismatches.join("; "))
    }
}

#[cfg(test)]
mod tests;
