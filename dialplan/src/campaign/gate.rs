//! Whether a contact may be dialled now, and if not, by which rule.
//!
//! Asked right before each dial, and by whoever wants to know why somebody isn't called. The first rule that forbids it is told, the lasting ones
//! before those that pass with time.

use crate::numbers::{NumberPlan, is_e164};
use crate::restriction::{Restricted, Restrictions};
use crate::schedule::{Miss, Schedule};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use std::fmt;
use std::num::NonZeroU32;

/// What a campaign demands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// When people may be called, on their own wall clock.
    pub windows: Schedule,
    /// Attempts a day, on the contact's calendar.
    pub per_day: Option<NonZeroU32>,
    /// Attempts a week that begins on Monday, on the contact's calendar.
    pub per_week: Option<NonZeroU32>,
    /// Nobody is called without a recorded basis.
    pub consent_wanted: bool,
    /// How numbers are dialled where the server is.
    pub plan: NumberPlan,
    /// Numbers that nobody may dial.
    pub restrictions: Restrictions,
}

/// Why a contact may be called at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consent {
    /// No basis is recorded.
    #[default]
    None,
    /// The contact agreed, or another basis is recorded; it may end.
    Given {
        /// When it ends, if it does.
        until: Option<Timestamp>,
    },
    /// It was taken back.
    Withdrawn,
}

/// A list of numbers that aren't called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionList {
    /// That of the whole server.
    Global,
    /// That of the campaign.
    Campaign,
}

/// What is known of a contact when it is asked.
#[derive(Clone, Debug)]
pub struct ContactFacts<'a> {
    /// The number that would be dialled.
    pub number: &'a str,
    /// The contact's zone.
    pub zone: &'a TimeZone,
    /// The list that the number is on, if it is on one, and since when.
    pub suppressed: Option<(SuppressionList, Timestamp)>,
    /// Its basis.
    pub consent: Consent,
    /// When the contact was dialled before, by any number; those of the last eight days are enough.
    pub dialled: &'a [Timestamp],
    /// The earliest time of the next attempt, by the retry rules.
    pub not_before: Option<Timestamp>,
}

/// The rule that forbids a dial.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// The number is none for the world.
    Invalid,
    /// It is on a list.
    Suppressed {
        /// Which.
        list: SuppressionList,
        /// Since when.
        since: Timestamp,
    },
    /// An emergency number, or one that the operator forbids.
    Restricted(Restricted),
    /// There is no basis for the call.
    NoConsent,
    /// There was one.
    ConsentWithdrawn,
    /// There was one, until then.
    ConsentEnded {
        /// When it ended.
        at: Timestamp,
    },
    /// It isn't time for the next attempt.
    TooEarly {
        /// When it is.
        until: Timestamp,
    },
    /// The contact was dialled as often today as may be.
    DayFull {
        /// When the next day begins there.
        until: Timestamp,
    },
    /// The contact was dialled as often this week as may be.
    WeekFull {
        /// When the next week begins there.
        until: Timestamp,
    },
    /// No calling window is open where the contact is.
    Outside {
        /// When one opens, if any does within a year.
        opens: Option<Timestamp>,
    },
    /// It is a day off there.
    DayOff {
        /// When a window opens, if any does within a year.
        opens: Option<Timestamp>,
    },
}

impl Gate {
    /// Whether the contact may be dialled at `now`.
    ///
    /// # Errors
    /// The rule that forbids it.
    pub fn check(&self, facts: &ContactFacts<'_>, now: Timestamp) -> Result<(), Blocked> {
        self.check_number(facts)?;
        self.check_consent(facts, now)?;
        if let Some(until) = facts.not_before.filter(|until| now < *until) {
            return Err(Blocked::TooEarly { until });
        }
        self.check_counts(facts, now)?;
        let opens = || self.windows.opens(facts.zone, now);
        match self.windows.check_in(facts.zone, now) {
            Ok(()) => Ok(()),
            Err(Miss::Outside) => Err(Blocked::Outside { opens: opens() }),
            Err(Miss::DayOff(_)) => Err(Blocked::DayOff { opens: opens() }),
        }
    }

    fn check_number(&self, facts: &ContactFacts<'_>) -> Result<(), Blocked> {
        if let Some((list, since)) = facts.suppressed {
            return Err(Blocked::Suppressed { list, since });
        }
        self.restrictions.check(&self.plan, facts.number).map_err(Blocked::Restricted)?;
        if is_e164(facts.number) { Ok(()) } else { Err(Blocked::Invalid) }
    }

    fn check_consent(&self, facts: &ContactFacts<'_>, now: Timestamp) -> Result<(), Blocked> {
        match facts.consent {
            // What was taken back counts also where none is wanted.
            Consent::Withdrawn => Err(Blocked::ConsentWithdrawn),
            Consent::None if self.consent_wanted => Err(Blocked::NoConsent),
            Consent::Given { until: Some(at) } if self.consent_wanted && at <= now => Err(Blocked::ConsentEnded { at }),
            Consent::None | Consent::Given { .. } => Ok(()),
        }
    }

    fn check_counts(&self, facts: &ContactFacts<'_>, now: Timestamp) -> Result<(), Blocked> {
        let today = facts.zone.to_datetime(now).date();
        let weekday = i64::from(today.weekday().since(Weekday::Monday));
        let start = |offset: i64| {
            let date = today.checked_add(offset.days()).ok()?;
            Some(date.to_zoned(facts.zone.clone()).ok()?.timestamp())
        };
        let since = |start: Option<Timestamp>| {
            facts.dialled.iter().filter(|at| start.is_none_or(|start| **at >= start)).count()
        };
        let full = |cap: Option<NonZeroU32>, start| {
            cap.is_some_and(|cap| since(start) >= usize::try_from(cap.get()).unwrap_or(usize::MAX))
        };
        if full(self.per_week, start(-weekday)) {
            return Err(Blocked::WeekFull { until: start(7 - weekday).unwrap_or(Timestamp::MAX) });
        }
        if full(self.per_day, start(0)) {
            return Err(Blocked::DayFull { until: start(1).unwrap_or(Timestamp::MAX) });
        }
        Ok(())
    }
}

impl Blocked {
    /// For programs.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid => "invalid_number",
            Self::Suppressed { list: SuppressionList::Global, .. } => "suppressed",
            Self::Suppressed { list: SuppressionList::Campaign, .. } => "suppressed_by_campaign",
            Self::Restricted(Restricted::Emergency { .. }) => "emergency_number",
            Self::Restricted(Restricted::Forbidden { .. }) => "forbidden_number",
            Self::NoConsent => "no_consent",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::ConsentEnded { .. } => "consent_ended",
            Self::TooEarly { .. } => "too_early",
            Self::DayFull { .. } => "day_full",
            Self::WeekFull { .. } => "week_full",
            Self::Outside { .. } => "outside_window",
            Self::DayOff { .. } => "day_off",
        }
    }

    /// When it is worth asking again; nothing where it never is by itself.
    #[must_use]
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::TooEarly { until } | Self::DayFull { until } | Self::WeekFull { until } => Some(*until),
            Self::Outside { opens } | Self::DayOff { opens } => *opens,
            Self::Invalid
            | Self::Suppressed { .. }
            | Self::Restricted(_)
            | Self::NoConsent
            | Self::ConsentWithdrawn
            | Self::ConsentEnded { .. } => None,
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let opening = |f: &mut fmt::Formatter<'_>, opens: &Option<Timestamp>| match opens {
            Some(opens) => write!(f, "; the next calling window there opens at {opens}"),
            None => f.write_str("; no calling window opens there within a year"),
        };
        match self {
            Self::Invalid => {
                f.write_str("the number is none that can be dialled from anywhere (+ and at most 15 digits)")
            }
            Self::Suppressed { list: SuppressionList::Global, since } => {
                write!(f, "the number is on the list of those who aren't called, since {since}")
            }
            Self::Suppressed { list: SuppressionList::Campaign, since } => {
                write!(f, "the number is on the campaign's list of those who aren't called, since {since}")
            }
            Self::Restricted(restricted) => write!(f, "{restricted}"),
            Self::NoConsent => f.write_str("no consent, nor any other basis, is recorded for calling this contact"),
            Self::ConsentWithdrawn => f.write_str("the contact's consent was withdrawn"),
            Self::ConsentEnded { at } => write!(f, "the contact's consent ended at {at}"),
            Self::TooEarly { until } => write!(f, "the next attempt is not before {until}"),
            Self::DayFull { until } => {
                write!(f, "dialled as often today as may be; the next day begins there at {until}")
            }
            Self::WeekFull { until } => {
                write!(f, "dialled as often this week as may be; the next week begins there at {until}")
            }
            Self::Outside { opens } => {
                f.write_str("it is no time for calls where the contact is")?;
                opening(f, opens)
            }
            Self::DayOff { opens } => {
                f.write_str("it is a day off where the contact is")?;
                opening(f, opens)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new_york() -> TimeZone {
        TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").unwrap()
    }

    fn utc(text: &str) -> Timestamp {
        format!("{text}Z").parse().unwrap()
    }

    fn gate() -> Gate {
        let window = crate::Window::new("mon-sat".parse().unwrap(), "09:00".parse().unwrap(), "20:00".parse().unwrap());
        Gate {
            windows: Schedule {
                windows: vec![window.unwrap()],
                except: vec!["12-25".parse().unwrap()],
                zone: TimeZone::UTC,
            },
            per_day: NonZeroU32::new(2),
            per_week: NonZeroU32::new(3),
            consent_wanted: true,
            plan: NumberPlan::of_country("1").unwrap(),
            restrictions: Restrictions {
                emergency: vec!["911".into()],
                forbidden: vec![crate::Forbidden { name: "premium rate".into(), prefixes: vec!["+1900".into()] }],
            },
        }
    }

    fn facts<'a>(zone: &'a TimeZone, dialled: &'a [Timestamp]) -> ContactFacts<'a> {
        ContactFacts {
            number: "+12125550123",
            zone,
            suppressed: None,
            consent: Consent::Given { until: None },
            dialled,
            not_before: None,
        }
    }

    #[test]
    fn people_are_called_by_their_own_clock() {
        let zone = new_york();
        let (gate, facts) = (gate(), facts(&zone, &[]));
        // A Tuesday in March before clocks go forward there: 9 to 20 is 14 to 01 UTC.
        assert_eq!(gate.check(&facts, utc("2026-03-03T14:00")), Ok(()));
        assert_eq!(gate.check(&facts, utc("2026-03-04T00:59:59")), Ok(()));
        let opens = Some(utc("2026-03-04T14:00"));
        assert_eq!(gate.check(&facts, utc("2026-03-04T01:00")), Err(Blocked::Outside { opens }));
        let opens = Some(utc("2026-12-26T14:00"));
        assert_eq!(gate.check(&facts, utc("2026-12-25T15:00")), Err(Blocked::DayOff { opens }));
    }

    #[test]
    fn attempts_are_counted_on_the_contacts_own_calendar() {
        let zone = new_york();
        let gate = gate();
        // 03:30 UTC on Tuesday was still Monday in New York.
        let dialled = [utc("2026-03-03T03:30"), utc("2026-03-03T15:00")];
        assert_eq!(gate.check(&facts(&zone, &dialled), utc("2026-03-03T16:00")), Ok(()));
        let dialled = [utc("2026-03-03T15:00"), utc("2026-03-03T16:00")];
        let until = utc("2026-03-04T05:00");
        assert_eq!(gate.check(&facts(&zone, &dialled), utc("2026-03-03T17:00")), Err(Blocked::DayFull { until }));
        let dialled = [utc("2026-03-02T15:00"), utc("2026-03-03T16:00"), utc("2026-03-04T16:00")];
        // Clocks go forward there on the Sunday before.
        let until = utc("2026-03-09T04:00");
        assert_eq!(gate.check(&facts(&zone, &dialled), utc("2026-03-05T17:00")), Err(Blocked::WeekFull { until }));
    }

    #[test]
    fn nobody_is_called_without_a_basis_or_against_their_will() {
        let (zone, gate, noon) = (new_york(), gate(), utc("2026-03-03T17:00"));
        let check = |consent| gate.check(&ContactFacts { consent, ..facts(&zone, &[]) }, noon);
        assert_eq!(check(Consent::None), Err(Blocked::NoConsent));
        assert_eq!(check(Consent::Withdrawn), Err(Blocked::ConsentWithdrawn));
        assert_eq!(check(Consent::Given { until: Some(noon) }), Err(Blocked::ConsentEnded { at: noon }));
        let open = Gate { consent_wanted: false, ..gate.clone() };
        let withdrawn = ContactFacts { consent: Consent::Withdrawn, ..facts(&zone, &[]) };
        assert_eq!(open.check(&withdrawn, noon), Err(Blocked::ConsentWithdrawn));
        let suppressed = Some((SuppressionList::Global, noon));
        let listed = ContactFacts { suppressed, ..facts(&zone, &[]) };
        assert_eq!(gate.check(&listed, noon).unwrap_err().name(), "suppressed");
    }

    #[test]
    fn what_may_never_be_dialled_is_refused_by_name_and_what_will_be_tells_when() {
        let (zone, gate, noon) = (new_york(), gate(), utc("2026-03-03T17:00"));
        let name = |number| gate.check(&ContactFacts { number, ..facts(&zone, &[]) }, noon).unwrap_err().name();
        assert_eq!(name("911"), "emergency_number");
        assert_eq!(name("+19005550123"), "forbidden_number");
        assert_eq!(name("extension"), "invalid_number");
        let until = utc("2026-03-03T18:00");
        let early = ContactFacts { not_before: Some(until), ..facts(&zone, &[]) };
        let blocked = gate.check(&early, noon).unwrap_err();
        assert_eq!((blocked.name(), blocked.until()), ("too_early", Some(until)));
        assert_eq!(gate.check(&early, until), Ok(()));
    }
}
