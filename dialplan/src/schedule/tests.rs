//! Windows, days off, midnight, and the two nights of the year when clocks are changed.

use super::*;
use proptest::prelude::*;

/// Central Europe by rule, so that no time zone database is needed.
fn berlin() -> TimeZone {
    TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
}

fn window(days: &str, from: &str, to: &str) -> Window {
    Window::new(days.parse().unwrap(), from.parse().unwrap(), to.parse().unwrap()).unwrap()
}

fn schedule(windows: &[Window], except: &[&str]) -> Schedule {
    let except = except.iter().map(|text| text.parse().unwrap()).collect();
    Schedule { windows: windows.to_vec(), except, zone: berlin() }
}

fn check(schedule: &Schedule, utc: &str) -> Result<(), Miss> {
    schedule.check(format!("{utc}Z").parse().unwrap())
}

#[test]
fn office_hours_hold_on_the_wall_clock_of_their_zone_in_winter_and_summer() {
    let office = schedule(&[window("mon-fri", "08:00", "18:00")], &[]);
    // Tuesday, 1 hour ahead of UTC; Thursday in July, 2 hours ahead.
    for (utc, expected) in [
        ("2026-03-03T07:00", true),
        ("2026-03-03T06:59", false),
        ("2026-03-03T16:59", true),
        ("2026-03-03T17:00", false),
        ("2026-07-02T06:00", true),
        ("2026-07-02T05:59", false),
        ("2026-07-02T16:00", false),
        ("2026-03-07T10:00", false),
    ] {
        assert_eq!(check(&office, utc).is_ok(), expected, "{utc}");
    }
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_on_which_it_began() {
    let night = schedule(&[window("fri", "22:00", "06:00")], &[]);
    // 2026-03-06 is a Friday.
    for (utc, expected) in [
        ("2026-03-06T21:00", true),
        ("2026-03-06T20:59", false),
        ("2026-03-07T02:00", true),
        ("2026-03-07T05:00", false),
        ("2026-03-07T22:00", false),
        ("2026-03-06T02:00", false),
    ] {
        assert_eq!(check(&night, utc).is_ok(), expected, "{utc}");
    }
}

#[test]
fn a_day_off_takes_away_what_began_on_it_and_nothing_else() {
    let saturday_off = schedule(&[window("fri", "22:00", "06:00")], &["2026-03-07"]);
    assert_eq!(check(&saturday_off, "2026-03-07T02:00"), Ok(()));
    let friday_off = schedule(&[window("fri", "22:00", "06:00")], &["2026-03-06"]);
    let friday = "2026-03-06".parse().unwrap();
    assert_eq!(check(&friday_off, "2026-03-07T02:00"), Err(Miss::DayOff(friday)));
    assert_eq!(check(&friday_off, "2026-03-07T12:00"), Err(Miss::Outside));
}

#[test]
fn days_off_can_be_of_every_year_and_stand_alone() {
    let not_at_christmas = schedule(&[], &["12-25", "12-26"]);
    assert!(check(&not_at_christmas, "2026-12-24T12:00").is_ok());
    assert!(check(&not_at_christmas, "2026-12-25T12:00").is_err());
    assert!(check(&not_at_christmas, "2031-12-26T12:00").is_err());
    // 23:30 UTC on Christmas Eve is Christmas in Berlin.
    assert!(check(&not_at_christmas, "2026-12-24T23:30").is_err());
}

#[test]
fn a_window_that_begins_in_the_hour_left_out_begins_when_that_hour_would_have() {
    // On 2026-03-29 it is 03:00 in Berlin after 01:59:59.
    let early = schedule(&[window("sun", "02:30", "03:30")], &[]);
    assert!(check(&early, "2026-03-29T00:59:59").is_err());
    assert!(check(&early, "2026-03-29T01:00").is_ok());
    assert!(check(&early, "2026-03-29T01:30").is_err());
}

#[test]
fn the_hour_that_comes_twice_counts_twice() {
    // On 2026-10-25 it is 02:00 to 03:00 in Berlin from 00:00 UTC and again from 01:00 UTC.
    let half = schedule(&[window("sun", "02:00", "02:30")], &[]);
    for (utc, expected) in [
        ("2026-10-25T00:10", true),
        ("2026-10-25T00:40", false),
        ("2026-10-25T01:10", true),
        ("2026-10-25T01:40", false),
    ] {
        assert_eq!(check(&half, utc).is_ok(), expected, "{utc}");
    }
}

#[test]
fn days_are_read_in_ranges_and_printed_in_the_order_of_the_week() {
    for (text, told) in [("mon-fri", "mon-fri"), ("wed", "wed"), ("sat-mon", "mon,sat-sun"), ("Mon-Sun", "mon-sun")] {
        assert_eq!(text.parse::<Days>().unwrap().to_string(), told);
    }
    let some = ["mon", "wed-thu", "sun"].iter().fold(Days::default(), |days, day| days.and(day.parse().unwrap()));
    assert_eq!(some.to_string(), "mon,wed-thu,sun");
    assert_eq!("mon-sun".parse(), Ok(Days::ALL));
}

#[test]
fn what_is_no_time_is_refused_by_name() {
    for text in ["", "8", "08:60", "24:01", "08:0", "+8:00", "008:00"] {
        assert_eq!(text.parse::<Clock>(), Err(ScheduleError::Clock(text.into())));
    }
    for text in ["", "monday", "mon-", "mon-fry"] {
        assert_eq!(text.parse::<Days>(), Err(ScheduleError::Days(text.into())));
    }
    for text in ["", "25.12.", "2026-02-29", "13-01", "20261225", "2026-12-25T00:00"] {
        assert_eq!(text.parse::<Holiday>(), Err(ScheduleError::Holiday(text.into())));
    }
    assert_eq!(Window::new(Days::ALL, Clock(60), Clock(60)), Err(ScheduleError::Empty(Clock(60))));
    assert_eq!(Window::new(Days::ALL, Clock::END, Clock(60)), Err(ScheduleError::TooLate));
}

#[test]
fn a_time_is_told_on_the_wall_clock_of_the_zone() {
    let schedule = schedule(&[], &[]);
    assert_eq!(schedule.local("2026-03-03T18:05Z".parse().unwrap()), "tue 2026-03-03 19:05 at UTC+01");
    let utc = Schedule { zone: TimeZone::UTC, ..schedule };
    assert_eq!(utc.local("2026-03-03T18:05Z".parse().unwrap()), "tue 2026-03-03 18:05 in UTC");
}

#[test]
fn a_schedule_tells_when_it_opens_next_on_the_wall_clock_of_whom_we_call() {
    let office = schedule(&[window("mon-fri", "09:00", "12:00"), window("mon-fri", "14:00", "18:00")], &["2026-03-09"]);
    let tokyo = TimeZone::posix("JST-9").unwrap();
    for (zone, now, opens) in [
        // A Tuesday in Berlin: before, in the break, after; and a Friday evening before a Monday off.
        (&office.zone, "2026-03-03T07:00", "2026-03-03T08:00"),
        (&office.zone, "2026-03-03T12:30", "2026-03-03T13:00"),
        (&office.zone, "2026-03-03T17:00", "2026-03-04T08:00"),
        (&office.zone, "2026-03-06T17:00", "2026-03-10T08:00"),
        (&tokyo, "2026-03-03T12:00", "2026-03-04T00:00"),
    ] {
        let told = office.opens(zone, format!("{now}Z").parse().unwrap());
        assert_eq!(told, Some(format!("{opens}Z").parse().unwrap()), "{now}");
    }
    for from in ["02:00", "02:30"] {
        let gap = schedule(&[window("sun", from, "03:30")], &[]);
        let told = gap.opens(&gap.zone, "2026-03-28T12:00Z".parse().unwrap());
        assert_eq!(told, Some("2026-03-29T01:00Z".parse().unwrap()), "clocks go over {from} at 01:00 UTC");
    }
}

#[test]
fn a_window_that_clocks_go_over_as_a_whole_opens_the_next_time() {
    let gone = schedule(&[window("sun", "02:00", "03:00")], &[]);
    let told = gone.opens(&gone.zone, "2026-03-28T12:00Z".parse().unwrap());
    assert_eq!(told, Some("2026-04-05T00:00Z".parse().unwrap()), "on 2026-03-29 there is no 02:00 to 03:00");
}

proptest! {
    #[test]
    fn nothing_holds_before_a_schedule_opens_and_it_holds_then(
        days in 1..128u8, from in 0..1440u16, to in 0..1440u16, minutes in 0..20_160i64
    ) {
        prop_assume!(from != to);
        let window = Window::new(Days(days), Clock(from), Clock(to)).unwrap();
        // Around the night in which clocks go forward.
        let schedule = Schedule { windows: vec![window], except: vec![], zone: berlin() };
        let start: Timestamp = "2026-03-22T00:00Z".parse().unwrap();
        let at = |minute: i64| Timestamp::from_second(start.as_second() + minute * 60).unwrap();
        prop_assume!(schedule.check(at(minutes)).is_err());
        let opens = schedule.opens(&schedule.zone, at(minutes)).unwrap();
        prop_assert!(schedule.check(opens).is_ok());
        let closed = (minutes..).map(at).take_while(|minute| *minute < opens);
        prop_assert!(closed.take(11_000).all(|minute| schedule.check(minute).is_err()));
    }

    #[test]
    fn a_window_of_every_day_holds_exactly_as_long_as_it_says(from in 0..1440u16, to in 0..1440u16) {
        prop_assume!(from != to);
        let window = Window::new(Days::ALL, Clock(from), Clock(to)).unwrap();
        let schedule = Schedule { windows: vec![window], except: vec![], zone: TimeZone::UTC };
        let start: Timestamp = "2026-03-03T00:00Z".parse().unwrap();
        let minutes = (0..1440i64).filter(|minute| {
            let second = start.as_second() + minute * 60;
            schedule.check(Timestamp::from_second(second).unwrap()).is_ok()
        });
        prop_assert_eq!(minutes.count(), usize::from((to + 1440 - from) % 1440));
    }
}
