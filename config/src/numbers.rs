//! `[numbers]`, `[[forbid]]` and a trunk's own `numbers`: how numbers are dialled here, how peers write them, and which may
//! not be dialled.

use crate::error::{ConfigError, Source};
use crate::raw;
use crate::resolve::spanned;
use std::ops::Range;
use talkpath_dialplan::{Forbidden, Format, NumberPlan, PlanError, Restrictions, Rewrite};
use toml::Spanned;

/// How numbers are dialled here.
#[derive(Clone, Debug)]
pub struct Numbers {
    /// Where we are; trunks may be elsewhere.
    pub plan: NumberPlan,
    /// What may not be dialled.
    pub restrictions: Restrictions,
}

/// How numbers are written on a trunk.
#[derive(Clone, Debug)]
pub struct TrunkNumbers {
    /// Where it is.
    pub plan: NumberPlan,
    /// What is done to numbers that come.
    pub inbound: Rewrite,
    /// What is done to numbers that are dialled.
    pub outbound: Rewrite,
}

/// What is written of a plan.
struct Plan {
    country: Option<Spanned<String>>,
    international: Option<Spanned<String>>,
    national: Option<Spanned<String>>,
}

pub(crate) fn numbers(
    written: raw::Numbers,
    default: raw::Numbers,
    forbid: Vec<raw::Forbid>,
    source: Source<'_>,
) -> Result<Numbers, ConfigError> {
    let raw::Numbers { country, international, national, emergency } = written;
    let plan = Plan { country, international, national }.resolve(&NumberPlan::default(), source)?;
    let (span, emergency) = spanned(emergency.or(default.emergency));
    let emergency: Vec<String> = emergency.unwrap_or_default();
    let digits = |number: &&String| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(wrong) = emergency.iter().find(|number| !digits(number)) {
        return Err(source.invalid(span, format!("\"{wrong}\" is no emergency number; write its digits")));
    }
    let forbidden = forbid.into_iter().map(|rule| forbidden(rule, source)).collect::<Result<_, _>>()?;
    Ok(Numbers { plan, restrictions: Restrictions { emergency, forbidden } })
}

fn forbidden(rule: raw::Forbid, source: Source<'_>) -> Result<Forbidden, ConfigError> {
    let key = |byte| u8::is_ascii_digit(&byte) || matches!(byte, b'+' | b'*' | b'#');
    let number = |text: &str| !text.is_empty() && text.bytes().all(key);
    let prefix = |prefix: Spanned<String>| {
        if number(prefix.get_ref()) {
            return Ok(prefix.into_inner());
        }
        let problem =
            format!("\"{}\" is no beginning of a number; write its digits, such as \"0900\"", prefix.get_ref());
        Err(source.invalid(Some(prefix.span()), problem))
    };
    let prefixes = rule.prefixes.0.into_iter().map(prefix).collect::<Result<_, _>>()?;
    Ok(Forbidden { name: rule.name.0, prefixes })
}

pub(crate) fn trunk_numbers(
    written: raw::TrunkNumbers,
    home: &NumberPlan,
    source: Source<'_>,
) -> Result<TrunkNumbers, ConfigError> {
    let raw::TrunkNumbers { country, international, national, inbound, outbound } = written;
    let plan = Plan { country, international, national }.resolve(home, source)?;
    let (inbound, outbound) = (rewrite(inbound, &plan, source)?, rewrite(outbound, &plan, source)?);
    Ok(TrunkNumbers { plan, inbound, outbound })
}

fn rewrite(written: raw::Rewrite, plan: &NumberPlan, source: Source<'_>) -> Result<Rewrite, ConfigError> {
    let raw::Rewrite { strip, prefix, format } = written;
    // Where it is known which country a number is of, the dialplan sees it, and peers get it, for the world.
    let usual = if plan.country().is_some() { Format::E164 } else { Format::AsIs };
    let (span, format) = spanned(format);
    let format = format.map_or(usual, |format| format.0);
    let problem = match format {
        Format::National if plan.country().is_none() => Some("country = \"49\""),
        Format::International if plan.international().is_none() => Some("international = \"00\""),
        Format::AsIs | Format::E164 | Format::Digits | Format::International | Format::National => None,
    };
    if let Some(missing) = problem {
        let problem =
            format!("numbers can't be written as \"{format}\" without such as {missing}, here or in [numbers]");
        return Err(source.invalid(span, problem));
    }
    let (span, prefix) = spanned::<String>(prefix);
    let prefix = prefix.unwrap_or_default();
    if !prefix.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'*' | b'#')) {
        return Err(
            source.invalid(span, format!("\"{prefix}\" can't be dialled before a number; write digits, +, * or #"))
        );
    }
    Ok(Rewrite { strip: strip.unwrap_or_default().into(), prefix, format })
}

impl Plan {
    /// What was written, over the usual of the country that was, over `home`.
    fn resolve(self, home: &NumberPlan, source: Source<'_>) -> Result<NumberPlan, ConfigError> {
        let (country_span, country) = spanned(self.country);
        let (international_span, international) = spanned(self.international);
        let (national_span, national) = spanned(self.national);
        let told = |span: Option<Range<usize>>| move |error: PlanError| source.invalid(span, error.to_string());
        let base = match &country {
            Some(country) => NumberPlan::of_country(country).map_err(told(country_span))?,
            None => home.clone(),
        };
        let international = international.as_deref().or(base.international());
        // Two of one kind are the fault of what was written last.
        let checked = NumberPlan::new(base.country(), international, None).map_err(told(international_span.clone()))?;
        let national = national.as_deref().or(base.national());
        NumberPlan::new(checked.country(), checked.international(), national)
            .map_err(told(national_span.or(international_span)))
    }
}
