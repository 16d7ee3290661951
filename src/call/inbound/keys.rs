//! Menus and PINs: the call is answered, asked for keys, and goes on where they lead.

use super::{Inbound, Refusal, Step};
use crate::call::conversation::{Conversation, Exit};
use crate::call::media::Voice;
use crate::net::shard::EngineSpec;
use std::sync::Arc;
use std::time::Duration;
use talkpath_dialplan::{Action, Choice, Menu, Pin, Prompt, Typed};
use talkpath_sip::message::StatusCode;
use talkpath_speech::engine::Decision;
use talkpath_speech::{Prompt as Said, menu, pin};
use tracing::info;

/// What is said when keys mean nothing, and nothing else is written.
const INVALID: &str = "That is no option.";
/// What is said to whom nothing more is offered.
const GOODBYE: &str = "Goodbye.";
/// What is said of a wrong PIN.
const WRONG: &str = "That is not right, try again.";

impl Inbound {
    /// Asks for one of a menu's options.
    pub(super) async fn menu(&mut self, name: &str) -> Result<Step, Refusal> {
        let context = Arc::clone(&self.context);
        let menu = context.config.menu(name);
        let menu = menu.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no menu \"{name}\"")))?;
        let engine = EngineSpec::Menu(self.menu_settings(menu));
        if let Some(ended) = self.answer(Voice::plain(&context, engine), Duration::ZERO).await? {
            return Ok(Step::Ended(ended));
        }
        loop {
            match self.converse(|live| Conversation::asking(live, false)).await {
                Exit::Ended(disposition) => return Ok(Step::Ended(disposition)),
                Exit::Decided(Decision::Chosen(keys)) => {
                    info!(menu = name, keys, "chosen");
                    return Ok(match option(menu, &keys) {
                        Some(Choice::Action(action)) => Step::Next(action.clone()),
                        Some(Choice::Repeat) | None => Step::Next(Action::Menu(name.to_owned())),
                    });
                }
                Exit::Decided(Decision::NoChoice) => {
                    info!(menu = name, "no option chosen");
                    return Ok(menu.exhausted.as_ref().map_or(Step::HangUp, |action| Step::Next((**action).clone())));
                }
                Exit::Decided(Decision::Entered(_) | Decision::Denied) | Exit::PartyLeft => {}
            }
        }
    }

    /// Lets callers on who know a PIN.
    pub(super) async fn pin(&mut self, pin: Pin) -> Result<Step, Refusal> {
        let engine = EngineSpec::Pin(self.pin_settings(&pin));
        let context = Arc::clone(&self.context);
        if let Some(ended) = self.answer(Voice::plain(&context, engine), Duration::ZERO).await? {
            return Ok(Step::Ended(ended));
        }
        loop {
            match self.converse(|live| Conversation::asking(live, true)).await {
                Exit::Ended(disposition) => return Ok(Step::Ended(disposition)),
                Exit::Decided(Decision::Entered(digits)) => {
                    let right = pin.typed(&format!("{digits}#")) == Typed::Accepted;
                    if let Some(media) = &self.media {
                        media.judged(right).await;
                    }
                    if right {
                        info!("the caller knows a PIN");
                        return Ok(Step::Next((*pin.then).clone()));
                    }
                    info!("a wrong PIN");
                }
                Exit::Decided(Decision::Denied) => {
                    info!("no right PIN in all attempts");
                    return Ok(Step::HangUp);
                }
                Exit::Decided(Decision::Chosen(_) | Decision::NoChoice) | Exit::PartyLeft => {}
            }
        }
    }

    fn menu_settings(&self, menu: &Menu) -> menu::Settings {
        let invalid = menu.invalid.as_ref().map_or(Said::Text(INVALID.into()), |prompt| self.said(prompt));
        menu::Settings {
            prompt: self.said(&menu.prompt),
            options: menu.options.keys().map(ToString::to_string).collect(),
            invalid,
            timeout: menu.timeout,
            interdigit: menu.between,
            attempts: menu.attempts.into(),
            goodbye: menu.exhausted.is_none().then(|| Said::Text(GOODBYE.into())),
        }
    }

    fn pin_settings(&self, pin: &Pin) -> pin::Settings {
        pin::Settings {
            prompt: self.said(&pin.prompt),
            longest: pin.longest(),
            wrong: Said::Text(WRONG.into()),
            timeout: pin.timeout,
            interdigit: pin.timeout,
            attempts: pin.attempts.into(),
            goodbye: Some(Said::Text(GOODBYE.into())),
        }
    }

    fn said(&self, prompt: &Prompt) -> Said {
        match prompt {
            Prompt::Text(text) => Said::Text(text.clone()),
            Prompt::File(path) => match self.context.sounds.get(path) {
                Some(samples) => Said::Clip(Arc::clone(samples)),
                // It was read when the server started, or the server didn't start.
                None => Said::Text(String::new()),
            },
        }
    }
}

fn option<'m>(menu: &'m Menu, keys: &str) -> Option<&'m Choice> {
    menu.options.iter().find(|(option, _)| option.to_string() == keys).map(|(_, choice)| choice)
}
