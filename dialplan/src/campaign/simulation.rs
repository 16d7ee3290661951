//! A day of a campaign with 100,000 contacts in three zones, on virtual time: every invariant is checked at every dial.

use super::*;
use crate::numbers::NumberPlan;
use crate::restriction::Restrictions;
use crate::schedule::{Schedule, Window};
use crate::{Caps, Limiter};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

const CONTACTS: usize = 100_000;
const CONCURRENCY: u32 = 400;
const PER_SECOND: f64 = 6.0;
const CHANNELS: u32 = 350;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Where the tests' time begins: an Instant can only be made from another.
pub(super) fn origin() -> Instant {
    static ORIGIN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "the origin of the tests' time")]
    let now = Instant::now;
    *ORIGIN.get_or_init(now)
}

struct Contact {
    numbers: [String; 2],
    zone: usize,
    history: Vec<Past>,
    dialled: Vec<Timestamp>,
    not_before: Timestamp,
    end: Option<&'static str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Happens {
    Ends { contact: usize, number: usize, disposition: Disposition },
    Asks { contact: usize },
}

struct Day {
    random: StdRng,
    zones: [TimeZone; 3],
    contacts: Vec<Contact>,
    gate: Gate,
    rules: RetryRules,
    pacer: Pacer,
    trunk: Limiter<usize>,
    /// What happens later, in order.
    later: BinaryHeap<Reverse<(Instant, Happens)>>,
    /// Contacts that may be dialled as soon as there is room.
    ready: VecDeque<usize>,
    now: Instant,
    dials: VecDeque<Instant>,
    most_at_once: usize,
    attempts: usize,
}

impl Day {
    fn new() -> Self {
        let posix = |rule| TimeZone::posix(rule).unwrap();
        let window =
            Window::new("mon-fri".parse().unwrap(), "09:00".parse().unwrap(), "20:00".parse().unwrap()).unwrap();
        let windows = Schedule { windows: vec![window], except: vec![], zone: TimeZone::UTC };
        let plan = NumberPlan::of_country("49").unwrap();
        let number = |contact: usize, which: u64| format!("+49301{contact:06}{which}");
        let contact = |index: usize| Contact {
            numbers: [number(index, 1), number(index, 2)],
            zone: index % 3,
            history: Vec::new(),
            dialled: Vec::new(),
            not_before: Timestamp::MIN,
            end: None,
        };
        let pace = Pace {
            concurrency: CONCURRENCY,
            per_second: PER_SECOND,
            ramp: Some(Ramp { from: 1.0, over: Duration::from_secs(300) }),
            ratio: None,
        };
        Self {
            random: StdRng::seed_from_u64(6),
            zones: [posix("CET-1CEST,M3.5.0,M10.5.0/3"), posix("EST5EDT,M3.2.0,M11.1.0"), posix("JST-9")],
            contacts: (0..CONTACTS).map(contact).collect(),
            gate: Gate {
                windows,
                per_day: NonZeroU32::new(2),
                per_week: NonZeroU32::new(5),
                consent_wanted: false,
                plan,
                restrictions: Restrictions::default(),
            },
            rules: RetryRules::default(),
            pacer: Pacer::new(pace, origin()),
            trunk: Limiter::new(Caps {
                calls: NonZeroU32::new(CHANNELS),
                per_second: NonZeroU32::new(PER_SECOND as u32),
            }),
            later: BinaryHeap::new(),
            ready: (0..CONTACTS).collect(),
            now: origin(),
            dials: VecDeque::new(),
            most_at_once: 0,
            attempts: 0,
        }
    }

    /// 2026-03-03 00:00 UTC, a Tuesday, is the origin.
    fn time(&self) -> Timestamp {
        let start: Timestamp = "2026-03-03T00:00Z".parse().unwrap();
        start + (self.now - origin())
    }

    fn instant(&self, time: Timestamp) -> Instant {
        self.now + Duration::try_from(time.duration_since(self.time())).unwrap_or_default()
    }

    fn run(&mut self) {
        while self.now < origin() + DAY {
            let wake = self.dial();
            let next = self.later.peek().map(|Reverse((at, _))| *at);
            let Some(next) = next.into_iter().chain(wake).min() else { break };
            self.now = next;
            while let Some(Reverse((at, happens))) = self.later.peek().copied()
                && at <= self.now
            {
                self.later.pop();
                match happens {
                    Happens::Ends { contact, number, disposition } => self.ends(contact, number, disposition),
                    Happens::Asks { contact } => self.ready.push_back(contact),
                }
            }
        }
    }

    /// Dials whom it may; when to look again, if the rate is what keeps it.
    fn dial(&mut self) -> Option<Instant> {
        while let Some(contact) = self.ready.front().copied() {
            let live = u32::try_from(self.trunk.calls()).unwrap();
            match self.pacer.room(live, 0, None, self.now, self.time()) {
                Room::Now => {}
                Room::At(again) => return Some(again),
                Room::Full => return None,
            }
            if let Err(cap) = self.trunk.check(crate::Direction::Outbound, self.now) {
                return match cap {
                    crate::CapReached::PerSecond { again, .. } => Some(self.now + again),
                    crate::CapReached::Calls { .. } => None,
                };
            }
            self.ready.pop_front();
            self.attempt(contact);
        }
        None
    }

    fn attempt(&mut self, index: usize) {
        let (time, now) = (self.time(), self.now);
        let Contact { numbers, zone, history, dialled, not_before, .. } = &self.contacts[index];
        let number = match self.rules.next(history, numbers.len(), time) {
            Next::Dial { number, .. } => number,
            Next::Reached => return self.contacts[index].end = Some("reached"),
            Next::Exhausted => return self.contacts[index].end = Some("exhausted"),
        };
        let facts = ContactFacts {
            number: &numbers[number],
            zone: &self.zones[*zone],
            suppressed: None,
            consent: Consent::None,
            dialled,
            not_before: Some(*not_before),
        };
        if let Err(blocked) = self.gate.check(&facts, time) {
            let until = blocked.until().expect("nothing blocks these for ever");
            assert!(until > time, "{blocked}");
            self.later.push(Reverse((self.instant(until), Happens::Asks { contact: index })));
            return;
        }
        self.trunk.acquire(index, crate::Direction::Outbound, now).unwrap();
        self.pacer.began(now);
        self.contacts[index].dialled.push(time);
        self.dialled(index, number);
        let (disposition, seconds) = self.fate();
        let ends = Happens::Ends { contact: index, number, disposition };
        self.later.push(Reverse((now + Duration::from_secs(seconds), ends)));
    }

    /// What must be true at every dial.
    fn dialled(&mut self, index: usize, number: usize) {
        let (now, contact) = (self.now, &self.contacts[index]);
        self.attempts += 1;
        while self.dials.front().is_some_and(|at| now - *at >= Duration::from_secs(1)) {
            self.dials.pop_front();
        }
        self.dials.push_back(now);
        assert!(self.dials.len() <= PER_SECOND as usize, "faster than the rate");
        assert!(self.trunk.calls() <= CHANNELS as usize);
        self.most_at_once = self.most_at_once.max(self.trunk.calls());
        let hour = self.zones[contact.zone].to_datetime(self.time()).hour();
        assert!((9..20).contains(&hour), "it is {hour} o'clock there");
        let dead = |past: &&Past| past.number == number && past.disposition.ends_number();
        assert!(!contact.history.iter().any(|past| past.disposition.ends_contact() || dead(&past)));
        assert!(contact.dialled.len() <= 3, "two a day, and a day there can begin within ours");
    }

    fn fate(&mut self) -> (Disposition, u64) {
        match self.random.random_range(0..100) {
            0..25 => (Disposition::Person, self.random.random_range(30..240)),
            25..45 => (Disposition::Machine, 8),
            45..75 => (Disposition::NoAnswer, 30),
            75..85 => (Disposition::Busy, 2),
            85..92 => (Disposition::NotFound, 1),
            92..96 => (Disposition::Congestion, 1),
            _ => (Disposition::Refused, 5),
        }
    }

    fn ends(&mut self, index: usize, number: usize, disposition: Disposition) {
        assert!(self.trunk.release(&index));
        let ended = self.time();
        let contact = &mut self.contacts[index];
        contact.history.push(Past { number, disposition, ended });
        match self.rules.next(&contact.history, 2, ended) {
            Next::Dial { not_before, .. } => {
                contact.not_before = not_before;
                let at = self.instant(not_before);
                self.later.push(Reverse((at, Happens::Asks { contact: index })));
            }
            Next::Reached => contact.end = Some("reached"),
            Next::Exhausted => contact.end = Some("exhausted"),
        }
    }
}

#[test]
fn a_day_with_a_hundred_thousand_contacts_exceeds_no_bound_and_loses_nobody() {
    let mut day = Day::new();
    day.run();
    let ended = |end| day.contacts.iter().filter(|contact| contact.end == Some(end)).count();
    let (reached, exhausted) = (ended("reached"), ended("exhausted"));
    let waiting: usize = day.later.len() + day.ready.len();
    assert_eq!(reached + exhausted + waiting, CONTACTS, "everybody is done with, or waits once");
    assert!(day.attempts > 130_000, "{} attempts", day.attempts);
    assert!(reached > 40_000, "{reached} reached");
    assert!(day.most_at_once > 200, "{} at once", day.most_at_once);
}
