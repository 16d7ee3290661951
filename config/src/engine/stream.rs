//! `kind = "stream"`: the customer's own bot.

use super::{HANDSHAKE, Remote, authorities, headers, redial};
use crate::error::ConfigError;
use crate::keys::Keys;
use crate::raw;
use crate::value::Short;
use std::time::Duration;
use talkpath_speech::realtime::{Encoding, Secret};
use talkpath_speech::stream::{Audio, Dialect, Rate, Settings};
use toml::Spanned;

pub(super) fn stream(written: raw::Engine, keys: &Keys<'_>) -> Result<Remote<Settings>, ConfigError> {
    let Some(url) = written.url.map(Spanned::into_inner) else {
        return Err(keys.invalid("url", "a stream engine needs a url, such as url = \"wss://bot.example.com/talk\""));
    };
    let dialect = written.dialect.as_ref().map_or(raw::Dialect::Talkpath, |dialect| *dialect.get_ref());
    let usual = match dialect {
        raw::Dialect::Talkpath => {
            keys.refuse(&["account_sid"], |key| format!("{key} is for dialect = \"twilio\" alone"))?;
            Settings::new(&url)
        }
        raw::Dialect::Twilio => {
            keys.refuse(&["audio"], |key| format!("{key} is always pcmu with Twilio; leave it out"))?;
            Settings::twilio(&url)
        }
    };
    let seconds = |written: Option<Spanned<u32>>, usual| written.map_or(usual, |written| seconds(written.into_inner()));
    let settings = Settings {
        headers: headers(written.headers, &HANDSHAKE, keys.source)?,
        signing_key: written.signing_key.map(|key| Secret(key.into_inner().0)),
        dialect: match dialect {
            raw::Dialect::Talkpath => {
                written.audio.map_or(Ok(usual.dialect), |form| audio(form, keys).map(Dialect::Talkpath))?
            }
            raw::Dialect::Twilio => Dialect::Twilio { account_sid: written.account_sid.map(Spanned::into_inner) },
        },
        frame: written.frame_ms.map_or(usual.frame, |ms| Duration::from_millis(ms.into_inner().into())),
        backlog: seconds(written.backlog, usual.backlog),
        interruption: written.interruption.map_or(usual.interruption, |mode| mode.into_inner().0),
        drain: written
            .drain_ms
            .map(|ms| Duration::from_millis(ms.into_inner().into()))
            .filter(|drain| !drain.is_zero()),
        queue: seconds(written.queue, usual.queue),
        reconnect: written.reconnect.map_or(usual.reconnect, Spanned::into_inner),
        redial: redial(written.redial, keys)?,
        connect_timeout: seconds(written.connect_timeout, usual.connect_timeout),
        ping: match written.ping.map(Spanned::into_inner) {
            Some(0) => None,
            Some(every) => Some(self::seconds(every)),
            None => usual.ping,
        },
        farewell: seconds(written.farewell, usual.farewell),
        url,
    };
    settings.check().map_err(|error| keys.told(&error, key_of))?;
    let ca = authorities(written.ca, Some(&settings.url), keys)?;
    Ok(Remote { settings, ca })
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// What a setting is called in the file.
fn key_of(setting: &'static str) -> &'static str {
    match setting {
        "frame" => "frame_ms",
        "drain" => "drain_ms",
        same => same,
    }
}

fn audio(written: Spanned<raw::Audio>, keys: &Keys<'_>) -> Result<Audio, ConfigError> {
    let rates = match written.into_inner() {
        Short::Short(encoding) => {
            return Ok(match encoding.0 {
                Encoding::Pcm => Audio::Pcm { from_caller: Rate::Hz16000, to_caller: Rate::Hz16000 },
                Encoding::Mulaw => Audio::Mulaw,
                Encoding::Alaw => Audio::Alaw,
            });
        }
        Short::Long(rates) => rates,
    };
    Ok(Audio::Pcm { from_caller: rate(rates.from_caller, keys)?, to_caller: rate(rates.to_caller, keys)? })
}

fn rate(written: Option<Spanned<u32>>, keys: &Keys<'_>) -> Result<Rate, ConfigError> {
    let Some(written) = written else { return Ok(Rate::Hz16000) };
    match written.get_ref() {
        8_000 => Ok(Rate::Hz8000),
        16_000 => Ok(Rate::Hz16000),
        24_000 => Ok(Rate::Hz24000),
        other => {
            let problem = format!("a rate is 8000, 16000 or 24000, not {other}");
            Err(keys.source.invalid(Some(written.span()), problem))
        }
    }
}
