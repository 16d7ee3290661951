//! A bot behind a socket, on our stream protocol or on Twilio's.

use super::door::{Authority, Refusal, Upgrade};
use super::host::{Fake, Machine, Took};
use super::machines::g711::Law;
use super::machines::realtime::Form;
use super::machines::stream::{own, twilio};
use super::machines::{Act, Mishap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::Arc;
use talkpath_speech::stream::Settings;

/// Audio goes out in messages of so many ms, as fast as they are taken.
const MESSAGE_MS: u64 = 200;

/// What a bot does.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// A message; with Twilio the stream's name is added.
    Message(Value),
    /// A sine of this many Hz at this level (a full-scale sine is -3 dBov), for so many ms.
    Tone(f32, f32, u64),
    /// These samples, at the rate of what the caller hears.
    Samples(Arc<[i16]>),
    /// The caller's last turn, and with Twilio all that came since the last echo.
    Echo,
    /// What follows waits for so many ms.
    Wait(u64),
    Fail(Mishap),
}

impl Say {
    /// A whole utterance of our protocol.
    pub(crate) fn utterance(id: &str, words: &str, sound: Self) -> Vec<Self> {
        let begin = json!({ "type": "utterance_begin", "id": id, "text": words });
        vec![Self::Message(begin), sound, Self::Message(json!({ "type": "utterance_end", "id": id }))]
    }
}

enum Ears {
    Own(Box<own::Own>),
    Twilio(twilio::Twilio),
}

/// The machine: its ears, and what it does.
pub(crate) struct Script {
    ears: Ears,
    violations: Vec<String>,
    queue: VecDeque<Say>,
    /// When the next of the queue is due.
    at: u64,
    /// What goes before all that is queued.
    urgent: Vec<Act>,
    reactions: Vec<(String, Vec<Say>)>,
    /// Header fields that the upgrade must have; who lacks one is refused with 401.
    pub(crate) demands: Vec<(String, String)>,
    /// Whether pings are answered.
    pub(crate) pongs: bool,
    /// The caller's audio is sent back as it comes.
    pub(crate) live: bool,
    /// Payloads that were said back.
    echoed: usize,
    opened: bool,
}

/// A bot.
pub(crate) type Bot = Fake<Script>;

impl Bot {
    /// A bot of our protocol, without TLS.
    pub(crate) fn own() -> Self {
        Self::host(Script::new(Ears::Own(Box::new(own::Own::new()))), None)
    }

    /// The same with TLS.
    pub(crate) fn own_tls(authority: &Authority) -> Self {
        Self::host(Script::new(Ears::Own(Box::new(own::Own::new()))), Some(authority))
    }

    /// A bot that was written for Twilio, without TLS.
    pub(crate) fn twilio() -> Self {
        Self::host(Script::new(Ears::Twilio(twilio::Twilio::default())), None)
    }

    /// The same with TLS.
    pub(crate) fn twilio_tls(authority: &Authority) -> Self {
        Self::host(Script::new(Ears::Twilio(twilio::Twilio::default())), Some(authority))
    }

    pub(crate) fn url(&self) -> String {
        self.at("/bot")
    }

    /// The settings of an engine that speaks with it.
    pub(crate) fn settings(&self) -> Settings {
        let own = self.with(|script, _| matches!(script.ears, Ears::Own(_)));
        if own { Settings::new(&self.url()) } else { Settings::twilio(&self.url()) }
    }

    /// Does this once a session has begun, after all that it was told before.
    pub(crate) fn say(&self, steps: impl IntoIterator<Item = Say>) {
        self.with(|script, now| script.queue(steps, now));
    }

    /// Says a message, as [`Bot::say`].
    pub(crate) fn tell(&self, message: Value) {
        self.say([Say::Message(message)]);
    }

    /// Does this whenever an event of this kind comes. `answered` stands for all ways in which a call's answer is told: the event, a `start` that
    /// says so, Twilio's `start`.
    pub(crate) fn on(&self, kind: &str, steps: impl IntoIterator<Item = Say>) {
        self.with(|script, _| script.reactions.push((kind.to_owned(), steps.into_iter().collect())));
    }
}

impl Script {
    fn new(ears: Ears) -> Self {
        Self {
            ears,
            violations: Vec::new(),
            queue: VecDeque::new(),
            at: 0,
            urgent: Vec::new(),
            reactions: Vec::new(),
            demands: Vec::new(),
            pongs: true,
            live: false,
            echoed: 0,
            opened: false,
        }
    }

    fn queue(&mut self, steps: impl IntoIterator<Item = Say>, now: u64) {
        if self.queue.is_empty() {
            self.at = self.at.max(now);
        }
        self.queue.extend(steps);
    }

    /// The forms of the caller's audio and of the bot's, once they were told.
    fn forms(&self) -> Option<(Form, Form)> {
        match &self.ears {
            Ears::Own(own) => {
                let audio = &own.start()?["audio"];
                let law = match audio["encoding"].as_str()? {
                    "mulaw" => Some(Law::Mu),
                    "alaw" => Some(Law::A),
                    _ => None,
                };
                let form = |rate: &Value| Some(Form::new(law, u32::try_from(rate.as_u64()?).ok()?));
                Some((form(&audio["from_caller"]["rate"])?, form(&audio["to_caller"]["rate"])?))
            }
            Ears::Twilio(twilio) => {
                let form = Form::new(Some(Law::Mu), 8_000);
                (!twilio.stream.is_empty()).then_some((form, form))
            }
        }
    }

    /// What the caller said last.
    fn turn(&mut self) -> Vec<i16> {
        let Some((from_caller, _)) = self.forms() else { return Vec::new() };
        match &self.ears {
            Ears::Own(own) => {
                let at = |kind: &str| own.events(kind).last().and_then(|event| event["at_ms"].as_u64());
                let start = own.start().and_then(|start| start["at_ms"].as_u64()).unwrap_or_default();
                let place = |ms: Option<u64>| from_caller.samples_in(ms.unwrap_or_default().saturating_sub(start));
                let bytes = own.sessions.last().map(|session| session.audio.as_slice()).unwrap_or_default();
                let (from, to) = (place(at("speech_started")), place(at("speech_stopped")));
                let width = from_caller.width();
                let to = (to * width).min(bytes.len());
                from_caller.decode(bytes.get((from * width).min(to)..to).unwrap_or_default())
            }
            Ears::Twilio(twilio) => {
                let from = std::mem::replace(&mut self.echoed, twilio.payloads.len());
                from_caller.decode(&twilio.payloads.get(from..).unwrap_or_default().concat())
            }
        }
    }

    /// Audio as the messages that carry it.
    fn audio(&self, form: Form, samples: &[i16]) -> Vec<Act> {
        let message = |samples: &[i16]| {
            let bytes = form.encode(samples);
            match &self.ears {
                Ears::Own(_) => Act::Binary(bytes),
                Ears::Twilio(twilio) => {
                    let media = json!({ "payload": STANDARD.encode(bytes) });
                    Act::Text(json!({ "event": "media", "streamSid": twilio.stream, "media": media }).to_string())
                }
            }
        };
        samples.chunks(form.samples_in(MESSAGE_MS)).map(message).collect()
    }

    fn acts(&mut self, say: Say, (from_caller, to_caller): (Form, Form)) -> Vec<Act> {
        match say {
            Say::Message(mut message) => {
                if let Ears::Twilio(twilio) = &self.ears {
                    message["streamSid"] = json!(twilio.stream);
                }
                vec![Act::Text(message.to_string())]
            }
            Say::Tone(hertz, dbov, ms) => self.audio(to_caller, &to_caller.tone(hertz, dbov, ms)),
            Say::Samples(samples) => self.audio(to_caller, &samples),
            Say::Echo => {
                let turn = self.turn();
                self.audio(to_caller, &to_caller.stretched(&turn, from_caller.rate))
            }
            Say::Wait(ms) => {
                self.at += ms;
                Vec::new()
            }
            Say::Fail(mishap) => vec![Act::Mishap(mishap)],
        }
    }

    fn react(&mut self, event: &Value, now: u64) {
        let kind = event["type"].as_str().or(event["event"].as_str()).unwrap_or_default();
        let answered = match &self.ears {
            Ears::Own(_) => kind == "start" && event["answered"] == true && event["resumed"] == false,
            Ears::Twilio(_) => kind == "start",
        };
        let matching = |(on, _): &&(String, Vec<Say>)| on == kind || (answered && on == "answered");
        let steps: Vec<Say> = self.reactions.iter().filter(matching).flat_map(|(_, steps)| steps.clone()).collect();
        self.queue(steps, now);
        if kind == "ping" && self.pongs {
            self.urgent.push(Act::Text(json!({ "type": "pong" }).to_string()));
        }
    }

    /// Audio came: it is decoded, and goes back at once if the bot is live.
    fn hear(&mut self, bytes: &[u8]) -> Vec<i16> {
        let Some((from_caller, to_caller)) = self.forms() else { return Vec::new() };
        let samples = from_caller.decode(bytes);
        if self.live {
            let back = self.audio(to_caller, &to_caller.stretched(&samples, from_caller.rate));
            self.urgent.extend(back);
        }
        samples
    }

    fn judge(&mut self) {
        let found = match &mut self.ears {
            Ears::Own(own) => &mut own.violations,
            Ears::Twilio(twilio) => &mut twilio.violations,
        };
        self.violations.append(found);
    }
}

impl Machine for Script {
    fn admit(&mut self, upgrade: &Upgrade) -> Result<(), Refusal> {
        if let Some(offered) = upgrade.header("sec-websocket-protocol") {
            self.violations.push(format!("sub-protocols {offered} offered"));
        }
        let lacks = |(name, value): &&(String, String)| upgrade.header(name) != Some(value);
        match self.demands.iter().find(lacks) {
            None => Ok(()),
            Some((name, _)) => Err(Refusal { status: 401, body: json!({ "error": format!("{name}?") }).to_string() }),
        }
    }

    fn open(&mut self, _now: u64) {
        if std::mem::replace(&mut self.opened, true) {
            self.queue.clear();
            self.urgent.clear();
        }
        self.echoed = 0;
        match &mut self.ears {
            Ears::Own(own) => own.opened(),
            Ears::Twilio(twilio) => *twilio = twilio::Twilio::default(),
        }
    }

    fn text(&mut self, text: &str, now: u64) -> Took {
        let heard = match &mut self.ears {
            Ears::Own(own) => {
                own.receive_text(text);
                None
            }
            Ears::Twilio(twilio) => {
                let before = twilio.payloads.len();
                twilio.receive_text(text);
                twilio.payloads.get(before).cloned()
            }
        };
        self.judge();
        if let Some(payload) = heard {
            return Took { event: None, samples: self.hear(&payload) };
        }
        let event: Option<Value> = serde_json::from_str(text).ok();
        if let Some(event) = &event {
            self.react(event, now);
        }
        Took { event, samples: Vec::new() }
    }

    fn binary(&mut self, bytes: &[u8], _now: u64) -> Took {
        match &mut self.ears {
            Ears::Own(own) => own.receive_binary(bytes),
            Ears::Twilio(twilio) => twilio.receive_binary(bytes),
        }
        self.judge();
        Took { event: None, samples: self.hear(bytes) }
    }

    fn poll(&mut self, now: u64) -> Vec<Act> {
        let mut acts = std::mem::take(&mut self.urgent);
        while self.due().is_some_and(|due| due <= now) {
            let Some(say) = self.queue.pop_front() else { break };
            // What is due before any form is known needs none.
            let form = Form::new(None, 8_000);
            let forms = self.forms().unwrap_or((form, form));
            let done = self.acts(say, forms);
            acts.extend(done);
        }
        for act in &acts {
            if let Act::Text(text) = act {
                match &mut self.ears {
                    Ears::Own(own) => own.says(text),
                    Ears::Twilio(twilio) => twilio.says(text),
                }
            }
        }
        acts
    }

    fn due(&self) -> Option<u64> {
        if !self.urgent.is_empty() {
            return Some(0);
        }
        let next = self.queue.front()?;
        (self.forms().is_some() || matches!(next, Say::Fail(_))).then_some(self.at)
    }

    fn fail(&mut self, mishap: Mishap, now: u64) {
        self.queue([Say::Fail(mishap)], now);
    }

    fn violations(&self) -> &[String] {
        &self.violations
    }

    fn rate(&self) -> u32 {
        self.forms().map_or(8_000, |(from_caller, _)| from_caller.rate)
    }
}
