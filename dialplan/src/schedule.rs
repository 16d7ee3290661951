//! When a route holds: windows of the week in a time zone, and days off.
//!
//! Windows are read off the wall clock of their zone. So where clocks go forward, a window that begins in the hour that
//! is left out begins when that hour would have; where they go back, the hour that comes twice counts twice.
//!
//! A window that goes over midnight belongs to the day on which it began: `fri 22:00-06:00` holds on Saturday at three,
//! also when Saturday is a day off, and not when Friday is.

mod calendar;

pub use calendar::{Clock, Days, Holiday, ScheduleError};

use jiff::civil::Date;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use std::fmt;

/// How far ahead a window is looked for: all days off may lie in a row, and a year has them all.
const DAYS_AHEAD: usize = 367;

/// Times at which a route holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// One of these is enough; none at all means every hour.
    pub windows: Vec<Window>,
    /// Days off.
    pub except: Vec<Holiday>,
    /// Whose wall clock is meant.
    pub zone: TimeZone,
}

/// Hours of some days of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    days: Days,
    from: Clock,
    to: Clock,
}

/// Why a schedule doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No window does.
    Outside,
    /// One would, if it hadn't begun on a day off.
    DayOff(Date),
}

impl Schedule {
    /// Whether the schedule holds at `time`.
    ///
    /// # Errors
    /// Why it doesn't.
    pub fn check(&self, time: Timestamp) -> Result<(), Miss> {
        self.check_in(&self.zone, time)
    }

    /// [`Schedule::check`] on the wall clock of another zone: that of whom we would call.
    ///
    /// # Errors
    /// Why it doesn't hold.
    pub fn check_in(&self, zone: &TimeZone, time: Timestamp) -> Result<(), Miss> {
        let local = zone.to_datetime(time);
        let clock = Clock::of(local.time());
        let (today, yesterday) = (local.date(), local.date().yesterday().ok());
        let mut miss = Miss::Outside;
        let always = self.windows.is_empty().then_some(today);
        let begun = self.windows.iter().flat_map(|window| window.begun(clock, today, yesterday));
        for day in always.into_iter().chain(begun) {
            if !self.except.iter().any(|holiday| holiday.is(day)) {
                return Ok(());
            }
            miss = Miss::DayOff(day);
        }
        Err(miss)
    }

    /// When a window begins next in `zone`, at or after `time`; nothing if none does for a year.
    ///
    /// Deviation: in the hour that comes twice, its second coming is no new beginning.
    #[must_use]
    pub fn opens(&self, zone: &TimeZone, time: Timestamp) -> Option<Timestamp> {
        let first = zone.to_datetime(time).date();
        let days = first.series(Span::new().days(1)).take(DAYS_AHEAD);
        // What begins on one day begins before anything that begins on the next. A window that clocks go over as a whole, or that
        // begins on a day off, doesn't hold when it would begin.
        let mut beginnings = days.flat_map(|day| self.beginnings(zone, day)).filter(|begin| *begin >= time);
        beginnings.find(|begin| self.check_in(zone, *begin).is_ok())
    }

    /// The beginnings of a day's windows, in order.
    fn beginnings(&self, zone: &TimeZone, day: Date) -> Vec<Timestamp> {
        let windows = self.windows.iter().filter(|window| window.days.contain(day.weekday()));
        let always = self.windows.is_empty().then_some(Clock::START);
        let clocks = windows.map(|window| window.from).chain(always);
        let mut begin: Vec<_> = clocks.filter_map(|clock| instant(zone, day, clock)).collect();
        begin.sort_unstable();
        begin
    }

    /// `time` on the schedule's wall clock, for people: `Tue 2026-03-03 19:05 in Europe/Berlin`.
    #[must_use]
    pub fn local(&self, time: Timestamp) -> String {
        let local = self.zone.to_datetime(time);
        let day = Days::of(local.weekday());
        let clock = Clock::of(local.time());
        let date = local.date();
        match self.zone.iana_name() {
            Some(zone) => format!("{day} {date} {clock} in {zone}"),
            None => format!("{day} {date} {clock} at UTC{}", self.zone.to_offset(time)),
        }
    }

    /// Its windows, for people.
    pub(crate) fn told(&self) -> String {
        let windows: Vec<_> = self.windows.iter().map(ToString::to_string).collect();
        windows.join(" or ")
    }
}

impl Window {
    /// From `from` to `to` (not included) on these days; on the next day where `to` is earlier.
    ///
    /// # Errors
    /// When that is no time at all.
    pub fn new(days: Days, from: Clock, to: Clock) -> Result<Self, ScheduleError> {
        if from == to {
            return Err(ScheduleError::Empty(from));
        }
        if from == Clock::END {
            return Err(ScheduleError::TooLate);
        }
        Ok(Self { days, from, to })
    }

    /// The days on which it began, if it holds at `clock` of `today`: of today and yesterday none, one, or both.
    fn begun(self, clock: Clock, today: Date, yesterday: Option<Date>) -> impl Iterator<Item = Date> {
        let over_midnight = self.to < self.from;
        let from_today = self.from <= clock && (over_midnight || clock < self.to);
        let from_yesterday = over_midnight && clock < self.to;
        let today = Some(today).filter(|_| from_today);
        let yesterday = yesterday.filter(|_| from_yesterday);
        today.into_iter().chain(yesterday).filter(move |day| self.days.contain(day.weekday()))
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}-{}", self.days, self.from, self.to)
    }
}

/// The first instant at which clocks in `zone` show `clock` or later on that day.
fn instant(zone: &TimeZone, day: Date, clock: Clock) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(day.to_datetime(clock.time()?));
    let in_gap = matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. });
    let instant = ambiguous.compatible().ok()?;
    // Where clocks go forward over it: when they do, which is that very instant where they go forward from it.
    let change =
        || zone.preceding(instant.checked_add(Span::new().seconds(1)).ok()?).next().map(|change| change.timestamp());
    if in_gap { change() } else { Some(instant) }
}

#[cfg(test)]
mod tests;
