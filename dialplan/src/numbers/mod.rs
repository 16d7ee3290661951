//! Telephone numbers as they are dialled, and as they are written for the world.
//!
//!   030 123456, +49 (0)30 123456, 0049 30 123456 ──to_e164──► +4930123456 ──render──► any of [`Format`]
//!
//! A number for the world is `+` and at most 15 digits (ITU-T E.164 §6). What else a person or a PBX dials is left as it
//! is: extensions, service codes, users with names. [`NumberPlan`] says how numbers are dialled at one place: with which
//! prefixes calls leave the country and the area, and which country that is.
//!
//! What is rendered is always read back as the same number; a format that can't promise that for some number gives way
//! to the next more explicit one (national, international, E.164).

mod countries;
mod format;
mod rewrite;

pub use format::{Format, FormatError};
pub use rewrite::Rewrite;

/// The fewest digits of a number for the world, country and all (Niue and Saint Helena have seven or eight). Less is
/// an extension or a service.
const MIN_DIGITS: usize = 7;
/// "The maximum number length is 15 digits" (ITU-T E.164 §6.2.1).
const MAX_DIGITS: usize = 15;
/// In the North American plan every number is 1 and ten digits.
const NANP: &str = "1";
/// Its digits without the 1.
const NANP_DIGITS: usize = 10;

/// How numbers are dialled at one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberPlan {
    country: Option<String>,
    international: Option<String>,
    national: Option<String>,
}

/// A plan that can't be.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// No country code.
    #[error("\"{0}\" is no country code; write one to three digits, such as \"49\"")]
    Country(String),
    /// No prefix.
    #[error("\"{0}\" is no dialling prefix; write its digits, such as \"00\", or \"\" for none")]
    Prefix(String),
    /// Both prefixes are the same, so that nobody could tell which is meant.
    #[error("\"{0}\" can't be both the international and the national prefix")]
    Same(String),
}

impl NumberPlan {
    /// A plan; an empty or absent prefix means that there is none.
    ///
    /// # Errors
    /// When one is no digits, or the two can't be told apart.
    pub fn new(country: Option<&str>, international: Option<&str>, national: Option<&str>) -> Result<Self, PlanError> {
        if let Some(country) = country.filter(|code| !digits(code) || code.len() > 3 || code.starts_with('0')) {
            return Err(PlanError::Country(country.into()));
        }
        let prefix = |prefix: Option<&str>| match prefix.filter(|prefix| !prefix.is_empty()) {
            Some(prefix) if !digits(prefix) => Err(PlanError::Prefix(prefix.into())),
            other => Ok(other.map(str::to_owned)),
        };
        let (international, national) = (prefix(international)?, prefix(national)?);
        if let Some(same) = international.as_ref().filter(|prefix| national.as_ref() == Some(*prefix)) {
            return Err(PlanError::Same(same.clone()));
        }
        Ok(Self { country: country.map(str::to_owned), international, national })
    }

    /// The plan of a country by its code, with the prefixes that are usual there.
    ///
    /// # Errors
    /// When that is no country code.
    pub fn of_country(code: &str) -> Result<Self, PlanError> {
        let (international, national) = countries::prefixes(code);
        Self::new(Some(code), Some(international), Some(national))
    }

    /// The country code.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.country.as_deref()
    }

    /// What is dialled before a country code.
    #[must_use]
    pub fn international(&self) -> Option<&str> {
        self.international.as_deref()
    }

    /// What is dialled before an area code.
    #[must_use]
    pub fn national(&self) -> Option<&str> {
        self.national.as_deref()
    }

    /// The number for the world that `text` means when it is dialled here; where it means none, `text` without
    /// separators if it is a number, or as it is.
    #[must_use]
    pub fn to_e164(&self, text: &str) -> String {
        let bare = self.bare(text);
        self.world(&bare).unwrap_or(bare)
    }

    /// A number for the world in `format`; anything else as it is.
    #[must_use]
    pub fn render(&self, number: &str, format: Format) -> String {
        let Some(all) = number.strip_prefix('+').filter(|_| is_e164(number)) else { return number.to_owned() };
        let abroad = || Some(format!("{}{all}", self.international()?));
        let international = || abroad().filter(|text| self.to_e164(text) == number);
        let text = match format {
            Format::AsIs | Format::E164 => None,
            Format::Digits => Some(all.to_owned()),
            Format::International => international(),
            Format::National => self.domestic(all).filter(|text| self.to_e164(text) == number).or_else(international),
        };
        text.unwrap_or_else(|| number.to_owned())
    }

    /// What `text` means when a peer promises to write in `format`.
    #[must_use]
    pub fn read(&self, text: &str, format: Format) -> String {
        match format {
            Format::AsIs => text.to_owned(),
            Format::Digits => {
                let plus = format!("+{}", self.bare(text));
                if is_e164(&plus) { plus } else { self.to_e164(text) }
            }
            Format::E164 | Format::International | Format::National => self.to_e164(text),
        }
    }

    /// The beginning that the numbers have for the world which begin with `prefix` when they are dialled here. None for
    /// beginnings that say no country (a whole international prefix), or that leave it open whether one follows.
    pub(crate) fn prefix_to_e164(&self, prefix: &str) -> Option<String> {
        if let Some(all) = prefix.strip_prefix('+').or_else(|| after(self.international(), prefix)) {
            return Some(format!("+{all}")).filter(|_| digits(all));
        }
        let country = self.country()?;
        let rest = match self.national() {
            // Ten digits do in North America, and none of them begins with the national prefix.
            Some(national) if country == NANP => prefix.strip_prefix(national).unwrap_or(prefix),
            Some(national) => prefix.strip_prefix(national)?,
            None => prefix,
        };
        digits(rest).then(|| format!("+{country}{rest}"))
    }

    /// `text` without what is there for the eye, if it is a number at all. In `+49 (0)30` the (0) is for callers within the
    /// country: it is for the eye too.
    fn bare(&self, text: &str) -> String {
        let eye = |c: char| matches!(c, ' ' | '-' | '.' | '/' | '(' | ')' | '\u{a0}');
        let number = |c: char| c.is_ascii_digit() || matches!(c, '+' | '*' | '#');
        if !text.chars().any(|c| c.is_ascii_digit()) || !text.chars().all(|c| eye(c) || number(c)) {
            return text.to_owned();
        }
        let abroad = text.starts_with('+') || after(self.international(), text).is_some();
        let optional = self.national.as_ref().map(|prefix| format!("({prefix})"));
        let text = match optional {
            Some(optional) if abroad => text.replacen(&optional, "", 1),
            Some(_) | None => text.to_owned(),
        };
        text.chars().filter(|c| !eye(*c)).collect()
    }

    /// The number for the world that a bare number means.
    fn world(&self, bare: &str) -> Option<String> {
        let e164 = |all: &str| Some(format!("+{all}")).filter(|number| is_e164(number));
        if let Some(all) = bare.strip_prefix('+') {
            return e164(&self.without_trunk_zero(all));
        }
        if !digits(bare) {
            return None;
        }
        // International first: in many countries its prefix begins with the national one.
        if let Some(number) = after(self.international(), bare).and_then(|all| e164(&self.without_trunk_zero(all))) {
            return Some(number);
        }
        let country = self.country()?;
        let within = |rest: &str| e164(&format!("{country}{rest}"));
        if let Some(number) = after(self.national(), bare).and_then(within) {
            return Some(number);
        }
        self.dials_bare(bare).then(|| within(bare))?
    }

    /// Whether `bare` is a number of the country that is dialled without a prefix.
    fn dials_bare(&self, bare: &str) -> bool {
        let Some(country) = self.country() else { return false };
        countries::dial_bare(country, bare) || (self.national.is_none() && bare.len() >= MIN_DIGITS)
    }

    /// `+49 030` is a common way to write `+49 30`: no area begins with the 0 that is dialled before areas. Two zeros are not
    /// that but some mistake, and are left as they are.
    fn without_trunk_zero(&self, all: &str) -> String {
        let country = self.country().filter(|_| self.national() == Some("0"));
        let area =
            |country: &str| Some(all.strip_prefix(country)?.strip_prefix('0')?).filter(|area| !area.starts_with('0'));
        match country.and_then(|country| Some((country, area(country)?))) {
            Some((country, rest)) => format!("{country}{rest}"),
            None => all.to_owned(),
        }
    }

    /// `all`, a number for the world without its plus, as it is dialled within the country, if it is of it.
    fn domestic(&self, all: &str) -> Option<String> {
        let country = self.country()?;
        let rest = all.strip_prefix(country)?;
        // In North America ten digits do too, but eleven do everywhere.
        let bare = country != NANP && countries::dial_bare(country, rest);
        let prefix = self.national().filter(|_| !bare).unwrap_or_default();
        Some(format!("{prefix}{rest}"))
    }
}

/// What stands behind `prefix`, if there is such a prefix.
fn after<'t>(prefix: Option<&str>, text: &'t str) -> Option<&'t str> {
    text.strip_prefix(prefix?)
}

/// Whether `text` is a number for the world: `+`, a country code, and as many digits as there can be.
#[must_use]
pub fn is_e164(text: &str) -> bool {
    let Some(all) = text.strip_prefix('+').filter(|all| digits(all)) else { return false };
    let length = (MIN_DIGITS..=MAX_DIGITS).contains(&all.len());
    let north_american = all.starts_with(NANP);
    length && !all.starts_with('0') && (!north_american || all.len() == NANP.len() + NANP_DIGITS)
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests;
