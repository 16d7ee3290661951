//! The conditions of a route, and which of them a call fails, with what it had instead.

use crate::header::HeaderCondition;
use crate::pattern::NumberSet;
use crate::schedule::{Miss, Schedule};
use crate::source::Source;
use jiff::Timestamp;
use std::fmt;
use std::net::IpAddr;

/// What is known of a call before anyone has answered it.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Where the INVITE came from: the packet's source address, not what a header claims.
    pub source: IpAddr,
    /// The trunk that it came by: one that we are registered with and whose registration it came to, or one of whose
    /// peers it came from.
    pub trunk: Option<&'a str>,
    /// The user of the phone that it came from, if that has authenticated itself.
    pub phone: Option<&'a str>,
    /// The calling number: as the rules of its trunk read it, or else as it is dialled where we are.
    pub from: &'a str,
    /// The called number, likewise.
    pub to: &'a str,
    /// The header fields of the INVITE, compact names written out.
    pub headers: &'a [(&'a str, &'a str)],
    /// When it came.
    pub time: Timestamp,
}

/// The conditions of a route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// The call's source address is in one of these.
    pub source: Option<Vec<Source>>,
    /// The trunk that it came by.
    pub trunk: Option<Names>,
    /// The phone that it came from.
    pub phone: Option<Names>,
    /// The calling number.
    pub from: Option<NumberSet>,
    /// The called number.
    pub to: Option<NumberSet>,
    /// Header fields, each of which must do.
    pub headers: Vec<HeaderCondition>,
    /// When it comes.
    pub time: Option<Schedule>,
}

/// Trunks or phones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Names {
    /// Every one.
    Any,
    /// One of these.
    These(Vec<String>),
}

impl Names {
    /// True when `name` is one.
    #[must_use]
    pub fn hold(&self, name: Option<&str>) -> bool {
        match (self, name) {
            (Self::Any, name) => name.is_some(),
            (Self::These(names), Some(name)) => names.iter().any(|known| known == name),
            (Self::These(_), None) => false,
        }
    }
}

/// A condition that a call fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mismatch<'a> {
    /// The source address.
    Source {
        /// The call's.
        was: IpAddr,
        /// The route's.
        wanted: &'a [Source],
    },
    /// The trunk.
    Trunk {
        /// The call's.
        was: Option<&'a str>,
        /// The route's.
        wanted: &'a Names,
    },
    /// The phone.
    Phone {
        /// The call's.
        was: Option<&'a str>,
        /// The route's.
        wanted: &'a Names,
    },
    /// The calling number.
    From {
        /// The call's.
        was: &'a str,
        /// The route's.
        wanted: &'a NumberSet,
    },
    /// The called number.
    To {
        /// The call's.
        was: &'a str,
        /// The route's.
        wanted: &'a NumberSet,
    },
    /// A header field.
    Header {
        /// The call's values of that name.
        was: Vec<&'a str>,
        /// The route's.
        wanted: &'a HeaderCondition,
    },
    /// The time.
    Time {
        /// When the call came.
        was: Timestamp,
        /// The route's.
        wanted: &'a Schedule,
        /// Why that doesn't hold.
        miss: Miss,
    },
}

impl Condition {
    /// True when `facts` fail none.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>) -> bool {
        self.mismatches(facts).next().is_none()
    }

    /// The conditions that `facts` fail, found as they are asked for.
    pub fn mismatches<'a>(&'a self, facts: &'a Facts<'_>) -> impl Iterator<Item = Mismatch<'a>> {
        let party = std::iter::once_with(|| [self.source(facts), self.trunk(facts), self.phone(facts)]);
        let numbers = std::iter::once_with(|| [self.from(facts), self.to(facts), self.time(facts)]);
        let headers = self.headers.iter().filter(|wanted| !wanted.holds(facts.headers));
        let headers = headers.map(|wanted| Mismatch::Header { was: wanted.values(facts.headers).collect(), wanted });
        party.chain(numbers).flatten().flatten().chain(headers)
    }

    fn source<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.source.as_deref()?, facts.source);
        (!wanted.iter().any(|source| source.contains(was))).then_some(Mismatch::Source { was, wanted })
    }

    fn trunk<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.trunk.as_ref()?, facts.trunk);
        (!wanted.hold(was)).then_some(Mismatch::Trunk { was, wanted })
    }

    fn phone<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.phone.as_ref()?, facts.phone);
        (!wanted.hold(was)).then_some(Mismatch::Phone { was, wanted })
    }

    fn from<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.from.as_ref()?, facts.from);
        (!wanted.matches(was)).then_some(Mismatch::From { was, wanted })
    }

    fn to<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.to.as_ref()?, facts.to);
        (!wanted.matches(was)).then_some(Mismatch::To { was, wanted })
    }

    fn time<'a>(&'a self, facts: &Facts<'a>) -> Option<Mismatch<'a>> {
        let (wanted, was) = (self.time.as_ref()?, facts.time);
        wanted.check(was).err().map(|miss| Mismatch::Time { was, wanted, miss })
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::These(names) => f.write_str(&quoted(names.iter())),
        }
    }
}

impl fmt::Display for Mismatch<'_> {
    /// One line, such as `to: "0900123" is not "100-199"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { was, wanted } => {
                let wanted: Vec<_> = wanted.iter().map(ToString::to_string).collect();
                write!(f, "source: {was} is not in {}", wanted.join(" or "))
            }
            Self::Trunk { was: Some(was), wanted } => write!(f, "trunk: \"{was}\" is not {wanted}"),
            Self::Trunk { was: None, wanted } => write!(f, "trunk: it came by none, not by {wanted}"),
            Self::Phone { was: Some(was), wanted } => write!(f, "phone: \"{was}\" is not {wanted}"),
            Self::Phone { was: None, wanted } => write!(f, "phone: it came from none of ours, not from {wanted}"),
            Self::From { was, wanted } => write!(f, "from: \"{was}\" is not {wanted}"),
            Self::To { was, wanted } => write!(f, "to: \"{was}\" is not {wanted}"),
            Self::Header { was, wanted } if was.is_empty() => write!(f, "header: there is no {}", wanted.name),
            Self::Header { was, wanted } => {
                write!(f, "header: {} is {}, not {}", wanted.name, quoted(was.iter()), wanted.test)
            }
            Self::Time { was, wanted, miss } => {
                write!(f, "time: {} ", wanted.local(*was))?;
                match miss {
                    Miss::Outside => write!(f, "is outside {}", wanted.told()),
                    Miss::DayOff(date) => write!(f, "falls to {date}, a day off"),
                }
            }
        }
    }
}

/// `"a" or "b"`.
fn quoted(texts: impl Iterator<Item = impl fmt::Display>) -> String {
    texts.map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(" or ")
}
