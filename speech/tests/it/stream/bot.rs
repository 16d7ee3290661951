//! A bot of our protocol, at whose ears the caller's audio is where it should be.

use serde_json::{Value, json};
use talkpath_speech::stream::{Audio, Dialect, Rate, Settings};

use super::world::{Bot, Frame, World};
use crate::fake::stream::own;

pub(crate) struct Own {
    pub(crate) heard: own::Own,
    /// What it says, each when its time has come.
    pub(crate) script: Vec<(u64, Frame)>,
    /// Answers pings.
    pub(crate) pongs: bool,
}

impl Own {
    pub(crate) fn new() -> Self {
        Self { heard: own::Own::new(), script: Vec::new(), pongs: true }
    }

    pub(crate) fn say(&mut self, message: &Value) {
        self.script.push((0, Frame::Text(message.to_string())));
    }

    /// Samples of one level.
    pub(crate) fn sound(&mut self, level: i16, samples: usize) {
        self.script.push((0, Frame::Binary(level.to_le_bytes().repeat(samples))));
    }

    /// A whole utterance.
    pub(crate) fn utter(&mut self, id: &str, level: i16, samples: usize) {
        self.say(&json!({ "type": "utterance_begin", "id": id }));
        self.sound(level, samples);
        self.say(&json!({ "type": "utterance_end" }));
    }

    /// All events of a type, of all sessions.
    pub(crate) fn events(&self, kind: &str) -> Vec<&Value> {
        self.heard.events(kind)
    }

    /// The types of all events, in order, but for those that come by the clock.
    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.heard.kinds()
    }
}

impl Bot for Own {
    fn opened(&mut self) {
        self.heard.opened();
    }

    fn receive(&mut self, frame: Frame) {
        match frame {
            Frame::Binary(bytes) => self.heard.receive_binary(&bytes),
            Frame::Text(text) => {
                self.heard.receive_text(&text);
                if self.pongs && text.contains(r#""ping""#) {
                    self.script.push((0, Frame::Text(r#"{"type":"pong"}"#.to_owned())));
                }
            }
        }
        assert_eq!(self.heard.violations, [""; 0]);
    }

    fn poll(&mut self, ms: u64) -> Vec<Frame> {
        let (due, rest) = std::mem::take(&mut self.script).into_iter().partition(|(at, _)| *at <= ms);
        self.script = rest;
        let due: Vec<(u64, Frame)> = due;
        let due: Vec<Frame> = due.into_iter().map(|(_, frame)| frame).collect();
        for frame in &due {
            if let Frame::Text(text) = frame {
                self.heard.says(text);
            }
        }
        due
    }
}

impl World<Own> {
    /// Each session has exactly the caller's samples from where its start says, in whole frames.
    pub(crate) fn check_audio(&self) {
        for session in &self.bot.heard.sessions {
            let Some(start) = session.events.first() else { continue };
            let form = &start["audio"];
            let rate = form["from_caller"]["rate"].as_u64().expect("a rate");
            let (times, at) = (rate as usize / 8_000, start["at_ms"].as_u64().expect("a place") as usize * 8);
            let samples: Vec<i16> =
                session.audio.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect();
            let said = self.said.get(at..).unwrap_or_default().iter();
            let expected = said.flat_map(|&sample| std::iter::repeat_n(sample, times));
            assert!(samples.iter().copied().eq(expected.take(samples.len())), "from {at}: {}", samples.len());
            assert!(at * times + samples.len() <= self.said.len() * times);
            let frame = form["from_caller"]["frame_ms"].as_u64().expect("a length") * rate / 1_000 * 2;
            let whole = session.frames.split_last().map_or(&[][..], |(_, whole)| whole);
            assert!(whole.iter().all(|length| *length as u64 == frame), "{frame}: {:?}", session.frames);
        }
    }
}

/// Settings with these rates.
pub(crate) fn settings(from_caller: Rate, to_caller: Rate) -> Settings {
    let mut settings = Settings::new("wss://bot.example/call");
    settings.dialect = Dialect::Talkpath(Audio::Pcm { from_caller, to_caller });
    settings
}
