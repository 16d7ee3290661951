//! What becomes of a caller who says nothing.

use crate::engine::EngineKind;
use crate::error::ConfigError;
use crate::keys::Keys;
use crate::raw;
use crate::text::plain;
use std::time::Duration;
use talkpath_speech::builtin;
use toml::Spanned;

/// How often a model asks where nothing is written.
const TIMES: u8 = 2;
/// More would be a nuisance.
const MOST: usize = 10;

/// What becomes of a caller who says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idle {
    /// Silence of both sides before each prompt, and before the goodbye.
    pub after: Duration,
    /// How the caller is asked.
    pub prompts: IdlePrompts,
    /// The last words by the embedded voice, and then the call ends; with none the engine says goodbye.
    pub goodbye: Option<String>,
}

/// How a caller who says nothing is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdlePrompts {
    /// So often, in the engine's own words.
    Engine(u8),
    /// One after the other in these words, by the embedded voice.
    Texts(Vec<String>),
}

/// Of an agent with a remote engine. The receptionist has its settings for it: [`of_receptionist`].
pub(super) fn idle(
    written: Option<&Spanned<raw::Idle>>,
    kind: &EngineKind,
    keys: &Keys<'_>,
) -> Result<Option<Idle>, ConfigError> {
    let Some(written) = written.map(Spanned::get_ref) else { return Ok(None) };
    let words = |own| prompts(written.prompts.as_ref(), own, keys);
    let prompts = match kind {
        EngineKind::Builtin => return Ok(None),
        EngineKind::Realtime(_) => words(TIMES)?,
        EngineKind::Stream(_) => match words(0)? {
            IdlePrompts::Engine(_) => {
                let problem = "a bot isn't asked to put this into words; write the words, as prompts = [\"..\"]";
                return Err(keys.invalid("idle", problem));
            }
            texts @ IdlePrompts::Texts(_) => texts,
        },
    };
    Ok(Some(Idle { after: after(written, keys)?, prompts, goodbye: goodbye(written, keys)? }))
}

/// Puts it into the receptionist's settings.
pub(super) fn of_receptionist(
    written: Option<Spanned<raw::Idle>>,
    settings: &mut builtin::Settings,
    keys: &Keys<'_>,
) -> Result<(), ConfigError> {
    let Some(written) = written.map(Spanned::into_inner) else { return Ok(()) };
    settings.idle = after(&written, keys)?;
    match prompts(written.prompts.as_ref(), u8::try_from(settings.idle_prompts).unwrap_or(TIMES), keys)? {
        IdlePrompts::Engine(times) => settings.idle_prompts = times.into(),
        IdlePrompts::Texts(_) => {
            let problem = "the builtin engine has words of its own; write how often it asks, as prompts = 2";
            return Err(keys.source.invalid(written.prompts.as_ref().map(Spanned::span), problem));
        }
    }
    if let Some(words) = goodbye(&written, keys)? {
        settings.goodbye = words;
    }
    Ok(())
}

fn after(written: &raw::Idle, keys: &Keys<'_>) -> Result<Duration, ConfigError> {
    let after = keys.within(Some(written.after.clone()), 2..=600, "the seconds of after lie")?;
    Ok(Duration::from_secs(after.unwrap_or_default().into()))
}

fn goodbye(written: &raw::Idle, keys: &Keys<'_>) -> Result<Option<String>, ConfigError> {
    let words = written.goodbye.as_ref();
    words.map(|words| plain(words.span(), words.get_ref().0.clone(), keys.source)).transpose()
}

fn prompts(written: Option<&Spanned<raw::Prompts>>, usual: u8, keys: &Keys<'_>) -> Result<IdlePrompts, ConfigError> {
    let Some(written) = written else { return Ok(IdlePrompts::Engine(usual)) };
    let wrong = |problem: String| Err(keys.source.invalid(Some(written.span()), problem));
    let texts = match written.get_ref() {
        raw::Prompts::Count(times) if usize::from(*times) > MOST => {
            return wrong(format!("a caller is asked {MOST} times at most, not {times}"));
        }
        raw::Prompts::Count(times) => return Ok(IdlePrompts::Engine(*times)),
        raw::Prompts::One(text) => vec![text],
        raw::Prompts::Many(texts) => texts.iter().collect(),
    };
    if !(1..=MOST).contains(&texts.len()) {
        return wrong(format!("prompts are 1 to {MOST} texts, not {}", texts.len()));
    }
    let text = |text: &crate::value::Line| plain(written.span(), text.0.clone(), keys.source);
    texts.into_iter().map(text).collect::<Result<_, _>>().map(IdlePrompts::Texts)
}
