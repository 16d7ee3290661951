//! `[[phone]]`: softphones and desk phones that register with us.

use crate::error::{ConfigError, Source};
use crate::raw;
use crate::resolve::seconds;
use std::time::Duration;
use talkpath_sip::digest::Credentials;
use toml::Spanned;

/// How many devices may share a user where nothing is written: a desk phone, a softphone, a mobile, and two to spare.
const CONTACTS: usize = 5;
/// Behind a NAT phones register every minute.
const MIN_EXPIRES: u32 = 60;
/// A phone that has gone is forgotten after an hour.
const MAX_EXPIRES: u32 = 3_600;
/// Shorter registrations are attacks.
const LEAST: u32 = 10;

/// A user whose phones register with us.
#[derive(Clone, Debug)]
pub struct Phone {
    /// The user part of its address, which is also its name at login.
    pub user: String,
    /// What it must know.
    pub credentials: Credentials,
    /// The name that callees see.
    pub display: Option<String>,
    /// How many contacts it may have at once.
    pub max_contacts: usize,
    /// Shorter registrations are refused with 423.
    pub min_expires: Duration,
    /// Longer registrations are cut to this.
    pub max_expires: Duration,
}

pub(crate) fn phone(written: raw::Phone, realm: &str, source: Source<'_>) -> Result<Phone, ConfigError> {
    let raw::Phone { user, password, display, max_contacts, min_expires, max_expires } = written;
    let user = user.into_inner().0;
    let place = max_expires.as_ref().or(min_expires.as_ref()).map(Spanned::span);
    let min_expires = seconds(min_expires, MIN_EXPIRES, LEAST, "a registration lasts", source)?;
    let max_expires = seconds(max_expires, MAX_EXPIRES, LEAST, "a registration lasts", source)?;
    if min_expires > max_expires {
        let (min, max) = (min_expires.as_secs(), max_expires.as_secs());
        return Err(source.invalid(place, format!("min_expires, which is {min}, is more than max_expires, {max}")));
    }
    let display = display.map(|display| display.0);
    let credentials = Credentials { username: user.clone(), password: password.0, realm: Some(realm.to_owned()) };
    let contacts = max_contacts.map_or(CONTACTS, |most| usize::try_from(most.get()).unwrap_or(usize::MAX));
    Ok(Phone { user, credentials, display, max_contacts: contacts, min_expires, max_expires })
}
