//! The parts of a schedule: days of the week, times of day, days off; how they are written and told.

use jiff::civil::{Date, Weekday};
use std::fmt;
use std::str::FromStr;

/// Days of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days(pub(super) u8);

/// A time of day in minutes since midnight, 24:00 included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Clock(pub(super) u16);

/// A day off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holiday {
    /// That day.
    Once(Date),
    /// The same day of every year.
    Yearly {
        /// 1 to 12.
        month: i8,
        /// 1 to 31.
        day: i8,
    },
}

/// Something of a schedule that can't be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScheduleError {
    /// No day, and no range of days.
    #[error("\"{0}\" is no day of the week; write \"mon\" to \"sun\", or a range such as \"mon-fri\"")]
    Days(String),
    /// No time of day.
    #[error("\"{0}\" is no time of day; write \"08:00\", at the latest \"24:00\"")]
    Clock(String),
    /// No day of the year.
    #[error("\"{0}\" is no day; write \"2026-12-24\", or \"12-25\" for every year")]
    Holiday(String),
    /// A window that ends as it begins.
    #[error("a window that begins and ends at {0} is empty or a whole day; a whole day is \"00:00\" to \"24:00\"")]
    Empty(Clock),
    /// A window that begins when its day is over.
    #[error("a window can't begin at 24:00; write \"00:00\" of the next day")]
    TooLate,
}

impl Days {
    /// All seven.
    pub const ALL: Self = Self(0x7f);
    const NAMES: [&'static str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

    /// One day.
    #[must_use]
    pub fn of(day: Weekday) -> Self {
        Self(1 << day.to_monday_zero_offset())
    }

    /// These days and those.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `day` is one of them.
    #[must_use]
    pub fn contain(self, day: Weekday) -> bool {
        self.0 & Self::of(day).0 != 0
    }

    fn index(name: &str) -> Option<usize> {
        Self::NAMES.iter().position(|known| known.eq_ignore_ascii_case(name))
    }
}

impl FromStr for Days {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (Some(first), Some(last)) = (Self::index(first.trim()), Self::index(last.trim())) else {
            return Err(ScheduleError::Days(text.into()));
        };
        // "sat-mon" goes over the end of the week.
        let count = (last + 7 - first) % 7 + 1;
        Ok((first..first + count).fold(Self::default(), |days, index| Self(days.0 | 1 << (index % 7))))
    }
}

impl fmt::Display for Days {
    /// In the order of the week: `mon-fri`, `mon,wed,sat-sun`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(usize, &str, &str)> = Vec::new();
        let set = Self::NAMES.iter().enumerate().filter(|(index, _)| self.0 & (1 << index) != 0);
        for (index, name) in set {
            match runs.last_mut() {
                Some((end, _, last)) if *end == index => (*end, *last) = (index + 1, name),
                Some(_) | None => runs.push((index + 1, name, name)),
            }
        }
        let run = |(_, first, last): (usize, &str, &str)| {
            if first == last { first.to_owned() } else { format!("{first}-{last}") }
        };
        f.write_str(&runs.into_iter().map(run).collect::<Vec<_>>().join(","))
    }
}

impl Clock {
    /// Midnight at the end of the day.
    pub const END: Self = Self(24 * 60);
    /// Midnight at its beginning.
    pub const START: Self = Self(0);

    /// As a time of day; 24:00 is none.
    pub(super) fn time(self) -> Option<jiff::civil::Time> {
        jiff::civil::Time::new(i8::try_from(self.0 / 60).ok()?, i8::try_from(self.0 % 60).ok()?, 0, 0).ok()
    }

    /// Of a time, whose seconds don't count.
    pub(super) fn of(time: jiff::civil::Time) -> Self {
        Self(u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs()))
    }
}

impl FromStr for Clock {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let read = || {
            let (hour, minute) = text.split_once(':')?;
            let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            if !(1..=2).contains(&hour.len()) || minute.len() != 2 || !digits(hour) || !digits(minute) {
                return None;
            }
            let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
            let clock = Self(hour * 60 + minute);
            (minute < 60 && clock <= Self::END).then_some(clock)
        };
        read().ok_or_else(|| ScheduleError::Clock(text.into()))
    }
}

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl Holiday {
    /// Whether it is this day.
    #[must_use]
    pub fn is(self, date: Date) -> bool {
        match self {
            Self::Once(once) => once == date,
            Self::Yearly { month, day } => date.month() == month && date.day() == day,
        }
    }
}

impl FromStr for Holiday {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        // A leap year, as the 29th of February is a day of some years.
        let whole = if text.len() == 5 { format!("2024-{text}") } else { text.to_owned() };
        let strict = whole.len() == 10 && whole.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        let date: Date = match whole.parse() {
            Ok(date) if strict => date,
            Ok(_) | Err(_) => return Err(ScheduleError::Holiday(text.into())),
        };
        Ok(if text.len() == 5 { Self::Yearly { month: date.month(), day: date.day() } } else { Self::Once(date) })
    }
}
