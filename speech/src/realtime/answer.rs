//! The one answer that may be under way, and the one that may wait for it.
//!
//! ```text
//!   Idle ──create──► Asked ──response.created──► Active ──response.done──► Idle: what waits is asked for
//!                      │  └──cancel──► (cancelled) ──┘ └──cancel──► (cancelled): nothing of it is heard from here on
//!                      └──refused: one is active already──► Blocked ──response.done or a second──► Idle
//! ```
//!
//! The other side refuses a second `response.create` while an answer is active, and an answer that was cancelled is active until its
//! `response.done`. So asks are joined into one that waits; only what must be said whatever the caller does waits before it.

use std::collections::VecDeque;
use std::time::Instant;

use super::outbox::EventId;

/// So many items of one answer are kept in mind.
pub(super) const MOST_ITEMS: usize = 64;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// What is said to the model beyond the prompt, for this answer.
    pub(super) directive: Option<String>,
    pub(super) manner: Manner,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// When the caller likes.
    Open,
    /// When it has been heard.
    Uncuttable,
    /// When the caller likes; if they let it end the call is over.
    Parting,
    /// When it has been heard, and the call with it.
    Last,
}

impl Ask {
    pub(super) const PLAIN: Self = Self { directive: None, manner: Manner::Open };

    pub(super) fn with(directive: String, manner: Manner) -> Self {
        Self { directive: Some(directive), manner }
    }

    /// Whether the caller's turn puts an end to it.
    pub(super) fn is_cuttable(&self) -> bool {
        match self.manner {
            Manner::Open | Manner::Parting => true,
            Manner::Uncuttable | Manner::Last => false,
        }
    }

    /// One ask that stands for both, where there is one: the last word stays the last word, and what must be said is said before the caller's
    /// turn is answered.
    fn join(self, newer: Self) -> Result<Self, (Self, Self)> {
        match (self.manner, newer.manner) {
            (Manner::Last, _) => Ok(self),
            (_, Manner::Last) => Ok(newer),
            (Manner::Uncuttable, Manner::Open | Manner::Parting) => Err((self, newer)),
            (Manner::Parting, Manner::Open) if newer.directive.is_none() => Ok(self),
            (Manner::Open | Manner::Uncuttable | Manner::Parting, _) => {
                Ok(Self { directive: newer.directive.or(self.directive), manner: newer.manner })
            }
        }
    }
}

/// An answer under way.
#[derive(Debug)]
pub(super) struct Active {
    /// Our own number of it.
    pub(super) number: u64,
    /// The other side's name of it, once it's known.
    pub(super) remote: Option<Box<str>>,
    pub(super) ask: Ask,
    pub(super) event: Option<EventId>,
    pub(super) cancelled: bool,
    /// Items of it of which audio was given.
    pub(super) given: Vec<Box<str>>,
    /// Items of which nothing was given though there is audio: the answer was cancelled before.
    pub(super) unheard: Vec<Box<str>>,
}

impl Active {
    /// Audio of an item was given.
    pub(super) fn give(&mut self, item: &str) {
        if !self.given.iter().any(|given| &**given == item) {
            self.given.push(item.into());
        }
    }

    /// Whether any audio of it was given.
    pub(super) fn spoke(&self) -> bool {
        !self.given.is_empty()
    }

    /// Audio of an item came too late.
    pub(super) fn late(&mut self, item: &str) {
        let known = |items: &[Box<str>]| items.iter().any(|known| &**known == item);
        if self.unheard.len() < MOST_ITEMS && !known(&self.given) && !known(&self.unheard) {
            self.unheard.push(item.into());
        }
    }
}

#[derive(Debug)]
enum State {
    Idle,
    /// Asked for; by the order of messages it's active at the other side for all that we send from here on.
    Asked(Active),
    Active(Active),
    /// Another answer than ours is active, we don't know which.
    Blocked {
        until: Instant,
    },
}

#[derive(Debug)]
pub(super) struct Answers {
    state: State,
    /// Two at most: what must be said, and then an answer.
    waiting: VecDeque<Ask>,
    numbers: u64,
    /// The answer that was done last.
    last: Option<Box<str>>,
}

impl Answers {
    pub(super) fn new() -> Self {
        Self { state: State::Idle, waiting: VecDeque::new(), numbers: 0, last: None }
    }

    pub(super) fn active(&self) -> Option<&Active> {
        match &self.state {
            State::Asked(active) | State::Active(active) => Some(active),
            State::Idle | State::Blocked { .. } => None,
        }
    }

    pub(super) fn active_mut(&mut self) -> Option<&mut Active> {
        match &mut self.state {
            State::Asked(active) | State::Active(active) => Some(active),
            State::Idle | State::Blocked { .. } => None,
        }
    }

    /// Nothing is under way and nothing waits.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(self.state, State::Idle) && self.waiting.is_empty()
    }

    /// Whether the other side owes us a word about an answer.
    pub(super) fn is_owed(&self) -> bool {
        self.active().is_some()
    }

    pub(super) fn wait(&mut self, ask: Ask) {
        let Some(older) = self.waiting.pop_back() else { return self.waiting.push_back(ask) };
        match older.join(ask) {
            Ok(one) => self.waiting.push_back(one),
            Err((older, newer)) => self.waiting.extend([older, newer]),
        }
    }

    /// Whether anything waits to be asked for.
    pub(super) fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The caller goes on: an answer that waits to be asked for is out of date.
    pub(super) fn drop_waiting(&mut self) {
        self.waiting.retain(|ask| !ask.is_cuttable());
    }

    /// What is to be asked for now.
    pub(super) fn next(&mut self, now: Instant) -> Option<Ask> {
        match self.state {
            State::Blocked { until } if now < until => None,
            State::Idle | State::Blocked { .. } => {
                self.state = State::Idle;
                self.waiting.pop_front()
            }
            State::Asked(_) | State::Active(_) => None,
        }
    }

    pub(super) fn asked(&mut self, ask: Ask, event: EventId) {
        let active = self.fresh(ask, None, Some(event));
        self.state = State::Asked(active);
    }

    /// `response.created`. One that nobody asked for is an answer to the caller's turn like any other.
    pub(super) fn created(&mut self, remote: &str) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Asked(mut active) => {
                active.remote = Some(remote.into());
                self.state = State::Active(active);
            }
            State::Idle | State::Active(_) | State::Blocked { .. } => {
                let active = self.fresh(Ask::PLAIN, Some(remote), None);
                self.state = State::Active(active);
            }
        }
    }

    /// `response.done`. Gives the answer if it's the one under way.
    pub(super) fn done(&mut self, remote: Option<&str>) -> Option<Active> {
        if remote.is_some() && remote == self.last.as_deref() {
            return None;
        }
        self.last = remote.map(Box::from);
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Active(active) if remote.is_none() || remote == active.remote.as_deref() => Some(active),
            // Its `response.created` was never seen.
            State::Asked(active) => Some(active),
            other @ (State::Active(_) | State::Idle) => {
                self.state = other;
                None
            }
            State::Blocked { .. } => None,
        }
    }

    /// The other side refused an ask since another answer is active. Gives the ask if it was ours and isn't served by that other answer.
    pub(super) fn refused(&mut self, event: EventId, until: Instant) {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Asked(active) if active.event == Some(event) => {
                self.state = State::Blocked { until };
                if !active.cancelled {
                    self.wait_first(active.ask);
                }
            }
            // An answer that nobody asked for was taken for ours.
            State::Active(mut active) if active.event == Some(event) => {
                let ask = std::mem::replace(&mut active.ask, Ask::PLAIN);
                active.event = None;
                if ask != Ask::PLAIN && !active.cancelled {
                    self.wait_first(ask);
                }
                self.state = State::Active(active);
            }
            other @ (State::Idle | State::Asked(_) | State::Active(_) | State::Blocked { .. }) => self.state = other,
        }
    }

    /// The other side couldn't do what this ask wanted. Gives it back.
    pub(super) fn failed(&mut self, event: EventId) -> Option<Active> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Asked(active) if active.event == Some(event) => Some(active),
            other @ (State::Idle | State::Asked(_) | State::Active(_) | State::Blocked { .. }) => {
                self.state = other;
                None
            }
        }
    }

    /// The session is gone, and with it the answer under way, which is given back. The next may use the same names again.
    pub(super) fn lost(&mut self) -> Option<Active> {
        self.last = None;
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Asked(active) | State::Active(active) => Some(active),
            State::Idle | State::Blocked { .. } => None,
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Blocked { until } if self.has_waiting() => Some(until),
            State::Idle | State::Asked(_) | State::Active(_) | State::Blocked { .. } => None,
        }
    }

    /// Puts an ask back in front of what waits.
    pub(super) fn wait_first(&mut self, ask: Ask) {
        let later = std::mem::take(&mut self.waiting);
        self.waiting.push_back(ask);
        later.into_iter().for_each(|ask| self.wait(ask));
    }

    fn fresh(&mut self, ask: Ask, remote: Option<&str>, event: Option<EventId>) -> Active {
        self.numbers += 1;
        let remote = remote.map(Box::from);
        Active { number: self.numbers, remote, ask, event, cancelled: false, given: Vec::new(), unheard: Vec::new() }
    }
}
