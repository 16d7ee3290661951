//! `[[menu]]`: "for sales press 1".

use crate::action::{action, key_timeout, prompt};
use crate::error::{ConfigError, Source};
use crate::names::Known;
use crate::raw;
use crate::resolve::{counted, seconds};
use crate::value::Short;
use talkpath_dialplan::{Choice, Menu};

pub(crate) fn menu(written: raw::Menu, known: Known<'_>, source: Source<'_>) -> Result<Menu, ConfigError> {
    let raw::Menu { name, prompt: said, options, timeout, between, attempts, invalid, exhausted } = written;
    let (span, options) = (options.span(), options.into_inner());
    if options.is_empty() {
        return Err(source.invalid(Some(span), "a menu has at least one option, such as 1 = { agent = \"NAME\" }"));
    }
    let choice = |choice| match choice {
        Short::Short(raw::Word::Repeat) => Ok(Choice::Repeat),
        Short::Long(written) => action(written, known, source).map(Choice::Action),
    };
    Ok(Menu {
        name: name.into_inner().0,
        prompt: prompt(said, source)?,
        options: options.into_iter().map(|(keys, to)| Ok((keys.0, choice(to)?))).collect::<Result<_, _>>()?,
        timeout: key_timeout(timeout, source)?,
        between: seconds(between, 2, 1, "keys are waited for", source)?,
        attempts: counted(attempts, "attempts", source)?,
        invalid: invalid.map(|said| prompt(said, source)).transpose()?,
        exhausted: exhausted.map(|written| action(written, known, source).map(Box::new)).transpose()?,
    })
}
