//! Registrations on virtual time: the clock jumps to the next wake-up, and the test is the registrar.

mod bind;
mod flow;
mod leave;
mod random;
mod refuse;

use std::time::{Duration, Instant};

use rand::SeedableRng;
use rand::rngs::StdRng;

use super::*;
use crate::digest::Credentials;
use crate::message::{HeaderName, Response, StatusCode};

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings() -> Settings {
    let contact = "sip:ignored@192.0.2.1:5070;transport=tcp".parse().unwrap();
    let settings = Settings::new("sip:example.com".parse().unwrap(), "<sip:bot@example.com>".parse().unwrap(), contact);
    Settings { keep_alive: None, ..settings }
}

fn with_password() -> Settings {
    let credentials = Credentials { username: "bot".into(), password: "secret".into(), realm: None };
    Settings { credentials: Some(credentials), ..settings() }
}

/// One registration, its clock, and what it has done.
struct Line {
    machine: Registration,
    start: Instant,
    now: Instant,
    sent: Vec<Request>,
    /// When each was sent.
    times: Vec<Duration>,
    pings: Vec<Duration>,
    options: Vec<Request>,
    changes: usize,
    wake_up: Option<Instant>,
}

impl Line {
    fn idle(settings: Settings) -> Self {
        Self::seeded(settings, 7)
    }

    fn seeded(settings: Settings, seed: u64) -> Self {
        let (now, machine) = (epoch(), Registration::new(settings, StdRng::seed_from_u64(seed)));
        Self {
            machine,
            start: now,
            now,
            sent: Vec::new(),
            times: Vec::new(),
            pings: Vec::new(),
            options: Vec::new(),
            changes: 0,
            wake_up: None,
        }
    }

    /// With its first REGISTER sent.
    fn new(settings: Settings) -> Self {
        let mut line = Self::idle(settings);
        line.act(Registration::register);
        line
    }

    /// With a binding for `expires` seconds.
    fn registered(settings: Settings, expires: &str) -> Self {
        let mut line = Self::new(settings);
        line.answer(200, &[(HeaderName::Expires, expires)]);
        assert!(matches!(line.machine.state(), State::Registered { .. }));
        line
    }

    fn act(&mut self, act: impl FnOnce(&mut Registration, Instant)) {
        act(&mut self.machine, self.now);
        loop {
            let elapsed = self.now - self.start;
            match self.machine.poll() {
                Output::Send(request) => {
                    self.sent.push(*request);
                    self.times.push(elapsed);
                }
                Output::StateChanged => self.changes += 1,
                Output::Ping => self.pings.push(elapsed),
                Output::Options(request) => self.options.push(*request),
                Output::Timeout(wake_up) => {
                    self.wake_up = wake_up;
                    return;
                }
            }
        }
    }

    /// Lets time pass, waking the machine whenever it wants.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.wake_up.filter(|at| *at <= end) {
            assert!(at >= self.now, "a wake-up in the past");
            self.now = at;
            self.act(Registration::handle_timeout);
        }
        self.now = end;
    }

    /// Lets time pass until one more request is sent; gives how long that took.
    fn until_sent(&mut self) -> Duration {
        let (before, from) = (self.sent.len(), self.now);
        while self.sent.len() == before {
            self.now = self.wake_up.unwrap();
            self.act(Registration::handle_timeout);
        }
        self.now - from
    }

    fn last(&self) -> &Request {
        self.sent.last().unwrap()
    }

    /// Answers the last request.
    fn answer(&mut self, status: u16, headers: &[(HeaderName, &str)]) {
        let mut response = Response::to(self.last(), StatusCode::new(status).unwrap());
        for (name, value) in headers {
            response.headers.push(name.clone(), *value);
        }
        self.act(|machine, now| machine.handle_response(&response, now));
    }

    fn fail(&mut self, failure: Failure) {
        self.act(|machine, now| machine.handle_failure(failure, now));
    }

    /// Why it waits, and how long from now.
    fn backoff(&self) -> (String, Duration) {
        let State::Backoff { why, until } = self.machine.state() else { panic!("{:?}", self.machine) };
        (why.to_string(), *until - self.now)
    }

    /// How long the binding lasts from now.
    fn bound_for(&self) -> Duration {
        let State::Registered { until, .. } = self.machine.state() else { panic!("{:?}", self.machine) };
        *until - self.now
    }
}

fn header(request: &Request, name: &HeaderName) -> String {
    request.headers.get(name).map(ToString::to_string).unwrap_or_default()
}
