//! Keys of one table that go with one another: which of them make sense together, and where each stands.

use crate::error::{ConfigError, Source};
use std::ops::{Range, RangeInclusive};
use std::time::Duration;
use talkpath_speech::Error;
use toml::Spanned;

/// The keys that were written of a table, by the places of their values.
pub(crate) struct Keys<'a> {
    /// Where the table is, for what isn't written.
    pub(crate) table: Range<usize>,
    pub(crate) written: Vec<(&'static str, Range<usize>)>,
    pub(crate) source: Source<'a>,
}

impl Keys<'_> {
    /// Where a key stands, or the table.
    pub(crate) fn place(&self, key: &str) -> Range<usize> {
        let written = self.written.iter().find(|(written, _)| *written == key);
        written.map_or_else(|| self.table.clone(), |(_, place)| place.clone())
    }

    /// What is wrong with a key.
    pub(crate) fn invalid(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        self.source.invalid(Some(self.place(key)), problem)
    }

    /// Refuses the first of `keys` that was written.
    pub(crate) fn refuse(&self, keys: &[&str], why: impl Fn(&str) -> String) -> Result<(), ConfigError> {
        let found = self.written.iter().filter(|(key, _)| keys.contains(key)).min_by_key(|(_, place)| place.start);
        match found {
            Some((key, place)) => Err(self.source.invalid(Some(place.clone()), why(key))),
            None => Ok(()),
        }
    }

    /// What a room found wrong with settings, at the key that it is about: `key_of` tells the name of a setting here.
    pub(crate) fn told(&self, error: &Error, key_of: impl Fn(&'static str) -> &'static str) -> ConfigError {
        if let Error::Remote { setting, why } = error {
            let key = key_of(setting);
            return self.invalid(key, format!("{key} {why}"));
        }
        self.invalid("", error.to_string())
    }

    /// A figure that lies within bounds.
    pub(crate) fn within(
        &self,
        written: Option<Spanned<u32>>,
        bounds: RangeInclusive<u32>,
        what: &str,
    ) -> Result<Option<u32>, ConfigError> {
        let Some(written) = written else { return Ok(None) };
        let (span, figure) = (written.span(), written.into_inner());
        if !bounds.contains(&figure) {
            let problem = format!("{what} between {} and {}, not {figure}", bounds.start(), bounds.end());
            return Err(self.source.invalid(Some(span), problem));
        }
        Ok(Some(figure))
    }

    /// So many seconds, within bounds, or the usual.
    pub(crate) fn seconds(
        &self,
        written: Option<Spanned<u32>>,
        bounds: RangeInclusive<u32>,
        what: &str,
        usual: Duration,
    ) -> Result<Duration, ConfigError> {
        let seconds = self.within(written, bounds, what)?;
        Ok(seconds.map_or(usual, |seconds| Duration::from_secs(seconds.into())))
    }
}
