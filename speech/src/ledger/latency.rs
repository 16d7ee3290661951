//! The latency budget of a turn: end of speech -> engine asked -> first audio -> first packet out.
//!
//! The end of speech lies in the past when it is recognised (the hangover), on the media clock; the other points are told as they
//! happen. Each is taken once a turn.

use std::time::{Duration, Instant};

use crate::samples::Samples;

/// How long the caller waited, each from the end of speech. `None` for what hasn't happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// Until the engine was asked: the hangover of endpointing, mostly.
    pub asked: Option<Duration>,
    /// Until the engine's first audio.
    pub first_audio: Option<Duration>,
    /// Until its first packet went out.
    pub first_packet: Option<Duration>,
}

impl Latency {
    /// From asking the engine to its first audio: the engine's own share.
    #[must_use]
    pub fn engine(&self) -> Option<Duration> {
        self.first_audio?.checked_sub(self.asked?)
    }
}

/// Takes the points of the turn under way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stopwatch {
    end_of_speech: Option<Instant>,
    latency: Latency,
}

impl Stopwatch {
    /// Speech ended at `at`, as is known `now` that the media clock stands at `position`. Begins anew.
    pub fn end_of_speech(&mut self, at: Samples, position: Samples, now: Instant) {
        let end_of_speech = now.checked_sub((position - at).duration()).or(Some(now));
        *self = Self { end_of_speech, latency: Latency::default() };
    }

    /// The engine was asked.
    pub fn asked(&mut self, now: Instant) {
        let since = self.since(now);
        self.latency.asked = self.latency.asked.or(since);
    }

    /// The engine's first audio is here. Ignored before the engine was asked: it belongs to the turn before.
    pub fn first_audio(&mut self, now: Instant) {
        let since = self.latency.asked.and(self.since(now));
        self.latency.first_audio = self.latency.first_audio.or(since);
    }

    /// A packet of the answer went out. Ignored before its first audio.
    pub fn first_packet(&mut self, now: Instant) {
        let since = self.latency.first_audio.and(self.since(now));
        self.latency.first_packet = self.latency.first_packet.or(since);
    }

    /// What was taken so far.
    #[must_use]
    pub fn latency(&self) -> Latency {
        self.latency
    }

    fn since(&self, now: Instant) -> Option<Duration> {
        self.end_of_speech.map(|end| now.saturating_duration_since(end))
    }
}
