//! What the other side tells.

use std::time::Instant;

use crate::engine::{ItemId, Output, UsageOf};

use super::answer::{Active, Ask, MOST_ITEMS, Manner};
use super::event::{self, Event, Failure, Item};
use super::failure::Reason;
use super::history::Entry;
use super::outbox::Sent;
use super::{Realtime, Stage, TurnEnd};

impl Realtime {
    /// A message. What isn't known is passed over.
    pub(super) fn message(&mut self, message: &str, now: Instant) {
        let event = match serde_json::from_str::<Event<'_>>(message) {
            Ok(event) => event,
            Err(error) => return tracing::warn!(%error, bytes = message.len(), "a message of the engine can't be read"),
        };
        match &*event.kind {
            "session.finished" => self.session_finished(),
            _ if self.stage == Stage::Over => {}
            kind if kind.starts_with("response.") => self.response_event(kind, &event, now),
            "session.created" => self.session_created(),
            "session.updated" => self.session_updated(now),
            "error" => self.error_event(event.error.as_ref(), now),
            kind => self.caller_event(kind, &event),
        }
    }

    /// What becomes of an answer, in either spelling.
    fn response_event(&mut self, kind: &str, event: &Event<'_>, now: Instant) {
        self.progress = now;
        match kind {
            "response.output_audio.delta" | "response.audio.delta" => self.audio(event),
            "response.output_audio_transcript.delta" | "response.audio_transcript.delta" => self.text(event),
            "response.output_audio_transcript.done" | "response.audio_transcript.done" => self.text_done(event),
            "response.function_call_arguments.delta" => self.arguments(event, false),
            "response.function_call_arguments.done" => self.arguments(event, true),
            "response.output_item.added" => self.item_added(event),
            "response.output_item.done" => self.item_done(event),
            "response.created" => {
                let remote = event.response.as_ref().and_then(|response| response.id.as_deref());
                self.answers.created(remote.unwrap_or_default());
            }
            "response.done" => self.response_done(event, now),
            _ => {}
        }
    }

    /// What becomes of the caller's voice.
    fn caller_event(&mut self, kind: &str, event: &Event<'_>) {
        let remote = event.item_id.as_deref().unwrap_or_default();
        match kind {
            "input_audio_buffer.speech_started" => self.speech_started(remote, event.audio_start_ms),
            "input_audio_buffer.speech_stopped" => {
                let at = event.audio_end_ms.and_then(|ms| self.feed.at(ms));
                self.callers.stopped(remote, at);
            }
            "input_audio_buffer.committed" => self.committed(remote),
            "conversation.item.input_audio_transcription.delta" => {
                let text = event.delta.as_deref().and_then(|delta| self.callers.delta(remote, delta));
                text.into_iter().for_each(|text| self.out.push(text));
            }
            "conversation.item.input_audio_transcription.text" => {
                let (settled, stash) = (event.text.as_deref(), event.stash.as_deref());
                let text = self.callers.so_far(remote, settled.unwrap_or_default(), stash.unwrap_or_default());
                text.into_iter().for_each(|text| self.out.push(text));
            }
            "conversation.item.input_audio_transcription.completed" => {
                self.transcribed(remote, event.transcript.as_deref(), event)
            }
            "conversation.item.input_audio_transcription.failed" => self.transcribed(remote, None, event),
            _ => {}
        }
    }

    /// Whether an event belongs to the answer under way. A clone may leave out which answer it means.
    fn belongs(&self, event: &Event<'_>) -> Option<&Active> {
        let named = event.response_id.as_deref();
        self.answers.active().filter(|active| {
            let remote = active.remote.as_deref();
            remote.is_some() && (named.is_none() || named == remote)
        })
    }

    /// The item that an event brings more of; none if nobody is to hear it.
    fn item(&mut self, event: &Event<'_>) -> Option<ItemId> {
        let cancelled = self.belongs(event)?.cancelled;
        let remote = event.item_id.as_deref()?;
        let epoch = self.link.epoch();
        let active = self.answers.active_mut()?;
        if cancelled {
            active.late(remote);
            return None;
        }
        if let Some(item) = self.said.known(remote, epoch) {
            return Some(item);
        }
        // An item that was given before and isn't known any more has been heard or cut.
        let over = active.given.iter().any(|given| &**given == remote);
        if over || active.given.len() >= MOST_ITEMS {
            return None;
        }
        let item = self.said.begin(remote, active.number, epoch, active.ask.is_cuttable())?;
        self.history.push(Entry::Agent { item, text: None });
        Some(item)
    }

    fn audio(&mut self, event: &Event<'_>) {
        let Some(item) = self.item(event) else { return };
        let Some(audio) = event.delta.as_deref().and_then(|delta| self.said.audio(item, delta)) else { return };
        if let (Some(active), Some(remote)) = (self.answers.active_mut(), event.item_id.as_deref()) {
            active.give(remote);
        }
        self.out.push(audio);
        self.said.words(item).into_iter().for_each(|text| self.out.push(text));
        self.spoke = true;
        self.nudges = 0;
    }

    fn text(&mut self, event: &Event<'_>) {
        let Some(item) = self.item(event) else { return };
        let text = event.delta.as_deref().and_then(|delta| self.said.text(item, delta));
        text.into_iter().for_each(|text| self.out.push(text));
    }

    /// The whole text; taken where no deltas came.
    fn text_done(&mut self, event: &Event<'_>) {
        let Some(item) = self.item(event) else { return };
        if !self.said.has_text(item) {
            let text = event.transcript.as_deref().and_then(|text| self.said.text(item, text));
            text.into_iter().for_each(|text| self.out.push(text));
        }
    }

    fn item_added(&mut self, event: &Event<'_>) {
        if self.belongs(event).is_some()
            && let Some((remote, item)) = call_item(event)
            && let Some(draft) = self.calls.draft(remote)
        {
            draft.set(item.name.as_deref(), item.call_id.as_deref(), item.arguments.as_deref());
        }
    }

    fn item_done(&mut self, event: &Event<'_>) {
        if self.belongs(event).is_none() {
            return;
        }
        if let Some((remote, item)) = call_item(event) {
            let Some(draft) = self.calls.draft(remote) else { return };
            draft.set(item.name.as_deref(), item.call_id.as_deref(), item.arguments.as_deref());
            draft.complete = item.status.as_deref() != Some("incomplete");
            return;
        }
        let remote = event.item.as_ref().and_then(|item| item.id.as_deref()).unwrap_or_default();
        if let Some(item) = self.said.known(remote, self.link.epoch()) {
            let out = &mut self.out;
            let whole = event.item.as_ref().and_then(|item| item.status.as_deref()) != Some("incomplete");
            self.said.end(item, whole, |output| out.push(output));
        }
    }

    fn arguments(&mut self, event: &Event<'_>, all: bool) {
        let Some(remote) = event.item_id.as_deref().filter(|_| self.belongs(event).is_some()) else { return };
        let Some(draft) = self.calls.draft(remote) else { return };
        draft.set(event.name.as_deref(), event.call_id.as_deref(), event.arguments.as_deref().filter(|_| all));
        event.delta.as_deref().into_iter().for_each(|delta| draft.push(delta));
        draft.complete |= all;
    }

    fn response_done(&mut self, event: &Event<'_>, now: Instant) {
        let Some(response) = &event.response else { return };
        let usage = response.usage.and_then(|raw| event::usage(UsageOf::Response, raw));
        usage.into_iter().for_each(|usage| self.out.push(Output::Usage(usage)));
        let Some(active) = self.answers.done(response.id.as_deref()) else { return };
        let whole = !active.cancelled && !matches!(response.status.as_deref(), Some("failed" | "cancelled"));
        self.end_items(active.number, whole);
        active.unheard.iter().for_each(|remote| self.truncate(remote, 0));
        let details = response.status_details.as_ref();
        match response.status.as_deref() {
            Some("failed") => {
                self.refuse_calls(&active);
                let reason = reason(details.and_then(|details| details.error.as_ref()));
                if !active.cancelled {
                    self.ask_failed(active.ask, &reason, now);
                }
            }
            Some("cancelled") if !active.cancelled => {
                // The service has interrupted by itself, though it was told not to.
                let why = details.and_then(|details| details.reason.as_deref()).unwrap_or_default();
                tracing::warn!(why, "the engine has cut its own answer");
                self.refuse_calls(&active);
                self.out.push(Output::Flush);
                self.over(active.ask.manner);
            }
            Some(_) | None if active.cancelled => self.refuse_calls(&active),
            Some(_) | None => {
                self.failures = 0;
                let manner = active.ask.manner;
                if !self.carry_out(&active) {
                    self.over(manner);
                }
            }
        }
    }

    /// An answer is complete, and no tool has more to say.
    fn over(&mut self, manner: Manner) {
        match manner {
            Manner::Open | Manner::Uncuttable => {}
            Manner::Parting => self.stage = Stage::Parting,
            Manner::Last => self.hang_up(None),
        }
    }

    fn speech_started(&mut self, remote: &str, ms: Option<f64>) {
        let at = ms.and_then(|ms| self.feed.at(ms));
        self.callers.started(remote, at);
        self.floor.voice();
        if self.floor.is_speaking() {
            // The service took a pause for the end of the turn: what it was asked for is out of date.
            self.answers.drop_waiting();
            self.cancel();
        }
    }

    fn committed(&mut self, remote: &str) {
        let ours = self.settings.turn_end == TurnEnd::Ours;
        let span = if ours { self.floor.span() } else { None };
        let item = self.callers.committed(remote, span);
        self.history.push(Entry::Caller { item, text: None });
        if ours {
            return;
        }
        self.feed.committed();
        let silent = self.said.is_silent() && self.answers.is_quiet();
        if self.floor.committed(silent) {
            self.answers.wait(Ask::PLAIN);
        }
    }

    /// The caller's words are known, or never will be.
    fn transcribed(&mut self, remote: &str, transcript: Option<&str>, event: &Event<'_>) {
        if let Some((item, text)) = self.callers.completed(remote, transcript) {
            if let Output::CallerText { text, .. } = &text
                && !text.is_empty()
            {
                self.history.caller(item, text);
            }
            self.out.push(text);
        }
        let usage = event.usage.and_then(|raw| event::usage(UsageOf::Transcription, raw));
        usage.into_iter().for_each(|usage| self.out.push(Output::Usage(usage)));
    }

    fn error_event(&mut self, failure: Option<&Failure<'_>>, now: Instant) {
        let param = failure.and_then(|failure| failure.param.as_deref());
        let event_id = failure.and_then(|failure| failure.event_id.as_deref());
        self.complained(reason(failure), param, event_id, now);
    }

    /// Sends what a tool came to, on the session that knows the call.
    pub(super) fn send_output(&mut self, call: &str, output: &str) {
        self.out.send(Sent::Item, [("item", super::session::call_output(call, output))]);
    }
}

/// The item of an event, if it's a call of a tool.
fn call_item<'e>(event: &'e Event<'_>) -> Option<(&'e str, &'e Item<'e>)> {
    let item = event.item.as_ref().filter(|item| item.kind.as_deref() == Some("function_call"))?;
    Some((item.id.as_deref()?, item))
}

/// What a failure says; its type where it has no code.
fn reason(failure: Option<&Failure<'_>>) -> Reason {
    let Some(failure) = failure else { return Reason::default() };
    let code = failure.code.as_deref().or(failure.kind.as_deref()).unwrap_or_default();
    Reason { code: code.to_owned(), message: failure.message.as_deref().unwrap_or_default().to_owned() }
}
