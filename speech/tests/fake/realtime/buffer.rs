//! The caller's audio at the service: appends, commits, and the service's own turn detection.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::ears::Noticed;
use super::shape::Refusal;
use super::{Dialect, Server};

/// No append is longer, in ms.
const LONGEST: u64 = 1_000;
/// A pause after which a long append is what had to wait, in ms.
const PAUSE: u64 = 200;

/// How appends have come so far.
#[derive(Debug, Default)]
pub(super) struct Flow {
    /// The last was short, which is how a turn's audio ends.
    short: Option<u64>,
    /// What had waited has been caught up with.
    steady: bool,
    at: u64,
}

impl Flow {
    /// What is wrong with an append of this length.
    fn judge(&mut self, ms: u64, allowed: &std::ops::RangeInclusive<u64>, now: u64) -> Option<String> {
        let short = self.short.take();
        let waited = !self.steady || now.saturating_sub(self.at) >= PAUSE;
        self.at = now;
        self.steady = ms <= *allowed.end();
        self.short = (ms < *allowed.start()).then_some(ms);
        if let Some(short) = short {
            return Some(format!("an append of {short} ms, and then another"));
        }
        let longest = if waited { LONGEST } else { *allowed.end() };
        (ms > longest).then(|| format!("an append of {ms} ms"))
    }

    /// The turn is over: what comes next may have waited.
    fn ends(&mut self) {
        (self.short, self.steady) = (None, false);
    }
}

impl Server {
    fn detection(&self) -> &Value {
        match self.dialect {
            Dialect::Ga => &self.effective["audio"]["input"]["turn_detection"],
            Dialect::Beta | Dialect::Qwen => &self.effective["turn_detection"],
        }
    }

    pub(super) fn append(&mut self, message: &Value, now: u64) {
        let form = self.input();
        let Ok(bytes) = STANDARD.decode(message["audio"].as_str().unwrap_or_default()) else {
            let refusal = Refusal { param: Some("audio".to_owned()), ..Refusal::new("invalid_value", "no Base64") };
            self.refuse(message, &refusal, now);
            return self.violate("audio is no Base64");
        };
        if bytes.is_empty() || !bytes.len().is_multiple_of(form.width()) {
            self.violate(format!("an append of {} bytes", bytes.len()));
        }
        let samples = form.decode(&bytes);
        let wrong = self.flow.judge(form.ms(samples.len()), &self.appends, now);
        self.violations.extend(wrong);
        self.uncommitted += samples.len();
        self.appended.extend_from_slice(&bytes);
        self.heard.extend_from_slice(&samples);
        let silence = self.detection()["silence_duration_ms"].as_u64().unwrap_or(500);
        if self.hears.is_some() && !self.detection().is_null() {
            for noticed in self.ears.listen(&samples, form.rate, silence) {
                self.notice(noticed, now);
            }
        }
    }

    /// A test says that the caller's voice begins with what comes next.
    pub(crate) fn notice_start(&mut self, now: u64) {
        self.notice(Noticed::Started(self.input().ms(self.heard.len())), now);
    }

    /// A test says that the caller's voice ended with what came last.
    pub(crate) fn notice_stop(&mut self, now: u64) {
        self.notice(Noticed::Stopped(self.input().ms(self.heard.len())), now);
    }

    fn notice(&mut self, noticed: Noticed, now: u64) {
        match noticed {
            Noticed::Started(began) => {
                let id = self.item_name("item_c");
                let padding = self.detection()["prefix_padding_ms"].as_u64().unwrap_or(300);
                let start = began.saturating_sub(padding);
                self.say(
                    now,
                    json!({ "type": "input_audio_buffer.speech_started", "audio_start_ms": start, "item_id": id }),
                );
                self.speaking = Some(id);
                if self.detection()["interrupt_response"] == true {
                    self.break_off("turn_detected", now);
                }
            }
            Noticed::Stopped(end) => {
                let Some(id) = self.speaking.take() else { return };
                self.say(
                    now,
                    json!({ "type": "input_audio_buffer.speech_stopped", "audio_end_ms": end, "item_id": id }),
                );
                self.committed(&id, now);
                if self.detection()["create_response"] == true && !self.is_answering() {
                    self.answer(now);
                }
            }
        }
    }

    pub(super) fn clear(&mut self, now: u64) {
        self.uncommitted = 0;
        self.flow.ends();
        self.ears.forget();
        self.speaking = None;
        self.say(now, json!({ "type": "input_audio_buffer.cleared" }));
    }

    pub(super) fn commit(&mut self, message: &Value, now: u64) {
        self.flow.ends();
        let ms = self.input().ms(self.uncommitted);
        if ms < 100 {
            let what = format!("the buffer holds {ms} ms, 100 are needed");
            self.refuse(message, &Refusal::new("input_audio_buffer_commit_empty", what), now);
            // A service that commits by itself may have been faster.
            if self.detection().is_null() {
                self.violate("a commit of nothing");
            }
            return;
        }
        let id = self.speaking.take().unwrap_or_else(|| self.item_name("item_c"));
        self.ears.forget();
        self.committed(&id, now);
    }

    fn committed(&mut self, id: &str, now: u64) {
        self.commits += 1;
        let from = self.heard.len().saturating_sub(self.uncommitted);
        self.said = self.heard.get(from..).unwrap_or_default().to_vec();
        self.uncommitted = 0;
        self.say(now, json!({ "type": "input_audio_buffer.committed", "item_id": id, "previous_item_id": null }));
        let item = json!({ "id": id, "object": "realtime.item", "type": "message", "role": "user", "status": "completed",
            "content": [{ "type": "input_audio", "transcript": null }] });
        self.tell_item(&item, now);
        if let Some(text) = self.transcripts.pop_front() {
            let half = text.floor_char_boundary(text.len() / 2);
            let kind = "conversation.item.input_audio_transcription";
            self.say(
                now + 150,
                json!({ "type": format!("{kind}.delta"), "item_id": id, "content_index": 0, "delta": text.get(..half) }),
            );
            self.say(
                now + 200,
                json!({ "type": format!("{kind}.completed"), "item_id": id, "content_index": 0, "transcript": text,
                "usage": { "type": "duration", "seconds": 1.5 } }),
            );
        }
    }
}
