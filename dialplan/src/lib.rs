//! The dialplan: facts of a call in, a decision out. A pure function of its arguments.
//!
//! Routes are tried in the order in which they were written; the first whose every condition holds
//! decides. A call that no route takes is answered 404 (RFC 3261 §21.4.5). Whether a source gets
//! service at all ([`Admission`]) is asked before there is a call: strangers get 403 (§21.4.4).
//!
//! Driven by the call task in `talkpath`; fed by `talkpath-config`.

mod expression;
mod pattern;
mod source;

pub use expression::{Expression, ExpressionError};
pub use pattern::{NumberPattern, NumberRange, NumberSet, PatternError};
pub use source::{Source, SourceError};

use std::fmt;
use std::net::IpAddr;

/// What is known of a call before anyone has answered it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where the INVITE came from: the packet's source address, not what a header claims.
    pub source: IpAddr,
    /// The calling number: the user part of From.
    pub from: &'a str,
    /// The called number: the user part of the Request-URI, or of To where the Request-URI names our registration.
    pub to: &'a str,
    /// The trunk that it came by, if we are registered there and it came to that registration.
    pub trunk: Option<&'a str>,
}

/// Who gets service at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// A call from none of these is refused.
    pub allow: Vec<Source>,
}

impl Admission {
    /// True when `source` may place calls here.
    #[must_use]
    pub fn admits(&self, source: IpAddr) -> bool {
        self.allow.iter().any(|allowed| allowed.contains(source))
    }
}

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

/// The conditions of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The call's source address is in one of these.
    pub source: Option<Vec<Source>>,
    /// The trunk that it came by.
    pub trunk: Option<String>,
    /// The calling number.
    pub from: Option<NumberPattern>,
    /// The called number.
    pub to: Option<NumberPattern>,
}

impl Condition {
    /// The first condition that `facts` fails, if any.
    fn fails(&self, facts: &Facts<'_>) -> Option<Mismatch> {
        if let Some(sources) = &self.source
            && !sources.iter().any(|source| source.contains(facts.source))
        {
            return Some(Mismatch::Source);
        }
        if let Some(trunk) = &self.trunk
            && facts.trunk != Some(trunk.as_str())
        {
            return Some(Mismatch::Trunk);
        }
        if let Some(pattern) = &self.from
            && !pattern.matches(facts.from)
        {
            return Some(Mismatch::From);
        }
        if let Some(pattern) = &self.to
            && !pattern.matches(facts.to)
        {
            return Some(Mismatch::To);
        }
        None
    }
}

/// Which condition of a route a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mismatch {
    /// The source address.
    Source,
    /// The trunk.
    Trunk,
    /// The calling number.
    From,
    /// The called number.
    To,
}

/// What a route does with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The named agent answers.
    Agent(String),
    /// The call is refused with this status (400 to 699) and reason phrase.
    Reject {
        /// SIP status code.
        status: u16,
        /// Reason phrase; the status code's own when absent.
        reason: Option<String>,
    },
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(name) => write!(f, "agent \"{name}\""),
            Self::Reject { status, reason: None } => write!(f, "reject with {status}"),
            Self::Reject { status, reason: Some(reason) } => write!(f, "reject with {status} {reason}"),
        }
    }
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<'a> {
    /// This route takes it.
    Route(&'a Route),
    /// No route takes it: 404.
    NoRoute,
}

/// Decides one call.
#[must_use]
pub fn decide<'a>(routes: &'a [Route], facts: &Facts<'_>) -> Decision<'a> {
    routes.iter().find(|route| route.condition.fails(facts).is_none()).map_or(Decision::NoRoute, Decision::Route)
}

/// How each route fared, in order, until one took the call: the material of an explanation.
pub fn explain<'a>(routes: &'a [Route], facts: &'a Facts<'_>) -> impl Iterator<Item = (&'a Route, Option<Mismatch>)> {
    let mut taken = false;
    routes.iter().map_while(move |route| {
        if taken {
            return None;
        }
        let mismatch = route.condition.fails(facts);
        taken = mismatch.is_none();
        Some((route, mismatch))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(name: &str, to: Option<&str>, action: Action) -> Route {
        let to = to.map(|text| text.parse().unwrap());
        Route { name: name.into(), condition: Condition { to, ..Condition::default() }, action }
    }

    fn routes() -> Vec<Route> {
        let refuse = Action::Reject { status: 603, reason: None };
        vec![route("premium", Some("0900*"), refuse), route("desk", Some("100"), Action::Agent("desk".into()))]
    }

    fn facts<'a>(to: &'a str, trunk: Option<&'a str>) -> Facts<'a> {
        Facts { source: "127.0.0.1".parse().unwrap(), from: "200", to, trunk }
    }

    fn taken_by(routes: &[Route], facts: &Facts<'_>) -> String {
        match decide(routes, facts) {
            Decision::Route(route) => route.name.clone(),
            Decision::NoRoute => "no route".into(),
        }
    }

    #[test]
    fn the_first_route_whose_conditions_hold_takes_the_call() {
        let routes = routes();
        let name = |to| taken_by(&routes, &facts(to, None));
        assert_eq!(name("0900123"), "premium");
        assert_eq!(name("100"), "desk");
        assert_eq!(name("1000"), "no route");
    }

    #[test]
    fn a_route_for_a_trunk_takes_only_what_came_by_it() {
        let mut desk = route("desk", Some("*"), Action::Agent("desk".into()));
        desk.condition.trunk = Some("pbx".into());
        let routes = [desk];
        assert_eq!(taken_by(&routes, &facts("100", Some("pbx"))), "desk");
        assert_eq!(taken_by(&routes, &facts("100", Some("carrier"))), "no route");
        assert_eq!(taken_by(&routes, &facts("100", None)), "no route");
    }

    #[test]
    fn strangers_are_not_admitted() {
        let home = Admission { allow: vec![Source::Loopback, Source::Private] };
        assert!(home.admits("127.0.0.1".parse().unwrap()));
        assert!(!home.admits("203.0.113.9".parse().unwrap()));
    }

    #[test]
    fn an_explanation_stops_at_the_route_that_took_the_call() {
        let routes = routes();
        let facts = facts("0900", None);
        let told: Vec<_> = explain(&routes, &facts).map(|(r, m)| (r.name.as_str(), m)).collect();
        assert_eq!(told, [("premium", None)]);
    }
}
