//! `[[route]]`: conditions and an action.

use crate::action::action;
use crate::error::{ConfigError, Source};
use crate::names::{Known, named};
use crate::raw;
use crate::value::{Many, Parsed, Short};
use talkpath_dialplan::{
    Clock, Condition, Days, HeaderCondition, HeaderTest, Holiday, Names, NumberPattern, NumberSet, Route, Schedule,
    Window,
};
use toml::Spanned;

pub(crate) fn route(written: raw::Route, known: Known<'_>, source: Source<'_>) -> Result<Route, ConfigError> {
    let raw::Route { name, condition, action: then } = written;
    Ok(Route { name, condition: self::condition(condition, known, source)?, action: action(then, known, source)? })
}

fn condition(written: raw::Match, known: Known<'_>, source: Source<'_>) -> Result<Condition, ConfigError> {
    let numbers = |many: Many<Parsed<NumberPattern>>| NumberSet(many.values().map(|pattern| pattern.0).collect());
    let trunk = |name| named("trunk", name, &known.config.trunks, |trunk| &trunk.name, source);
    let phone = |name| named("phone", name, &known.config.phones, |phone| &phone.user, source);
    let headers = written.header.map(|many| many.0).unwrap_or_default();
    Ok(Condition {
        source: written.source.map(|many| many.values().map(|source| source.0).collect()),
        trunk: written.trunk.map(|many| any_or(many, trunk)).transpose()?,
        phone: written.phone.map(|many| any_or(many, phone)).transpose()?,
        from: written.from.map(numbers),
        to: written.to.map(numbers),
        headers: headers.into_iter().map(|header| self::header(header, source)).collect::<Result<_, _>>()?,
        time: written.time.map(|time| schedule(time, source)).transpose()?,
    })
}

/// `"*"`, or names that are checked.
fn any_or(
    many: Many<String>,
    check: impl Fn(Spanned<String>) -> Result<String, ConfigError>,
) -> Result<Names, ConfigError> {
    if many.0.iter().any(|name| name.get_ref() == "*") {
        return Ok(Names::Any);
    }
    many.0.into_iter().map(check).collect::<Result<_, _>>().map(Names::These)
}

fn header(written: Spanned<raw::Header>, source: Source<'_>) -> Result<HeaderCondition, ConfigError> {
    let (span, raw::Header { name, equals, matches }) = (written.span(), written.into_inner());
    // RFC 3261 §25.1: token.
    let token = |c: char| c.is_ascii_alphanumeric() || "-.!%*_+`'~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(source.invalid(Some(span), format!("\"{name}\" is no name of a header field")));
    }
    let test = match (equals, matches) {
        (None, None) => HeaderTest::Present,
        (Some(value), None) => HeaderTest::Equals(value),
        (None, Some(expression)) => HeaderTest::Matches(expression.0),
        (Some(_), Some(_)) => {
            return Err(source.invalid(Some(span), "a header either equals or matches; write one of them"));
        }
    };
    Ok(HeaderCondition { name, test })
}

fn schedule(written: Spanned<raw::Time>, source: Source<'_>) -> Result<Schedule, ConfigError> {
    let (span, raw::Time { zone, windows, except }) = (written.span(), written.into_inner());
    if windows.is_none() && except.is_none() {
        return Err(source.invalid(Some(span), "a time has windows, days that it excepts, or both"));
    }
    let windows = windows.map(|many| many.0).unwrap_or_default();
    let windows = windows.into_iter().map(|window| self::window(window, source)).collect::<Result<_, _>>()?;
    let except = except.map(|many| many.0).unwrap_or_default();
    let except = except.into_iter().map(|day| holiday(day, source)).collect::<Result<_, _>>()?;
    Ok(Schedule { windows, except, zone: zone.0 })
}

fn holiday(written: Spanned<raw::Day>, source: Source<'_>) -> Result<Holiday, ConfigError> {
    let span = written.span();
    match written.into_inner() {
        Short::Short(holiday) => Ok(holiday.0),
        Short::Long(date) => date.to_string().parse().map_err(|error| source.invalid(Some(span), format!("{error}"))),
    }
}

fn window(written: Spanned<raw::Window>, source: Source<'_>) -> Result<Window, ConfigError> {
    let (span, raw::Window { days, from, to }) = (written.span(), written.into_inner());
    let days = days.map_or(Days::ALL, |many| many.values().fold(Days::default(), |all, days| all.and(days.0)));
    let (from, to) = (from.map_or(Clock::START, |clock| clock.0), to.map_or(Clock::END, |clock| clock.0));
    Window::new(days, from, to).map_err(|error| source.invalid(Some(span), error.to_string()))
}
