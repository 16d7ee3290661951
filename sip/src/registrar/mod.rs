//! The registrar: RFC 3261 §10.3, with Path (RFC 3327). Where the telephones of our users are.
//!
//!   REGISTER ─► its user? ─► Contacts judged together ─► bindings ─► 200 with all of them
//!
//! A binding is a Contact and the way that its REGISTER came: calls to it take that way, so that a telephone behind a
//! NAT, or on a connection that only it can make, is reached. It ends by its time, by its telephone, or with its
//! connection.
//!
//! Touches no socket and no clock. Driven by whoever takes REGISTERs, after their senders have proved who they are:
//! [`Registrar::handle`], then [`Registrar::poll`] until `None`; at [`Registrar::wake_up`], [`Registrar::handle_timeout`].
//!
//! Bounded: only users that are known have bindings, and each so many; one more ends the one that would end first.
//!
//! Deviation: a user's telephones are known by their Contacts (or, when a NAT hides them behind the same one, by the way
//! that they came); instance-ids (RFC 5626) are not looked at.

mod binding;

#[cfg(test)]
mod tests;

pub use self::binding::Binding;

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use self::binding::{Refusal, Wanted, wanted};
use crate::flow::{Flow, Protocol};
use crate::message::{HeaderName, NameAddr, Request, Response, StatusCode, Text};

/// What a user may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// So many telephones; 5 by default.
    pub telephones: usize,
    /// A binding asked to last less is refused with 423; 60 s by default.
    pub least: Duration,
    /// None lasts longer; an hour by default.
    pub longest: Duration,
    /// How long one lasts that says nothing; 5 minutes by default.
    pub usual: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let (least, longest) = (Duration::from_secs(60), Duration::from_secs(3_600));
        Self { telephones: 5, least, longest, usual: Duration::from_secs(300) }
    }
}

/// What happened to a user's bindings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A telephone has registered that was not there before.
    Added {
        /// Whose it is.
        user: Text,
        /// Where it is.
        contact: NameAddr,
        /// The way to it.
        flow: Flow,
    },
    /// A telephone is gone.
    Removed {
        /// Whose it was.
        user: Text,
        /// Where it was.
        contact: NameAddr,
        /// Why.
        why: Gone,
    },
}

/// Why a binding has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gone {
    /// The telephone said so.
    Unregistered,
    /// Its time was over.
    Expired,
    /// Its connection broke.
    ConnectionLost,
    /// Another telephone of the same user needed its place.
    Replaced,
    /// Its user is no longer known.
    UserGone,
}

/// Where the telephones of users are.
#[derive(Debug, Default)]
pub struct Registrar {
    /// Everybody who may register.
    users: HashMap<Text, Limits>,
    bindings: HashMap<Text, Vec<Binding>>,
    changes: VecDeque<Change>,
}

impl Registrar {
    /// Nobody has registered; `users` may.
    pub fn new(users: impl IntoIterator<Item = (Text, Limits)>) -> Self {
        Self { users: users.into_iter().collect(), ..Self::default() }
    }

    /// From now on these users may register; the bindings of others end.
    pub fn set_users(&mut self, users: impl IntoIterator<Item = (Text, Limits)>) {
        self.users = users.into_iter().collect();
        let strangers: Vec<_> = self.bindings.keys().filter(|user| !self.users.contains_key(*user)).cloned().collect();
        for user in strangers {
            let bindings = self.bindings.remove(&user).unwrap_or_default();
            bindings.into_iter().for_each(|binding| self.note_gone(&user, binding, Gone::UserGone));
        }
    }

    /// Answers a REGISTER. `prover` is who has proved to have sent it, if that was asked; `flow` is the way it came.
    pub fn handle(&mut self, request: &Request, prover: Option<&Text>, flow: Flow, now: Instant) -> Response {
        self.handle_timeout(now);
        match self.register(request, prover, flow, now) {
            Ok(user) => self.granted(request, &user, now),
            Err(Refusal::Brief { least }) => {
                let mut response = Response::to(request, StatusCode::INTERVAL_TOO_BRIEF);
                response.headers.push(HeaderName::MinExpires, least.as_secs().to_string());
                response
            }
            Err(Refusal::Status(status)) => Response::to(request, status),
        }
    }

    /// A user's telephones, the preferred ones (`q`) first.
    pub fn bindings(&self, user: &str, now: Instant) -> Vec<&Binding> {
        let all = self.bindings.get(&Text::from(user)).map(Vec::as_slice).unwrap_or_default();
        let mut live: Vec<_> = all.iter().filter(|binding| now < binding.until).collect();
        live.sort_by_key(|binding| std::cmp::Reverse(binding.preference));
        live
    }

    /// Everybody who has a telephone here now, and how many.
    pub fn registered(&self) -> impl Iterator<Item = (&Text, &[Binding])> {
        self.bindings.iter().map(|(user, bindings)| (user, bindings.as_slice()))
    }

    /// A connection has broken: what was bound to it is not reached any more.
    pub fn handle_connection_lost(&mut self, flow: Flow) {
        if flow.protocol == Protocol::Tcp {
            self.end(Gone::ConnectionLost, |binding| binding.flow.socket == flow.socket);
        }
    }

    /// Ends what has expired.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.wake_up().is_some_and(|at| at <= now) {
            self.end(Gone::Expired, |binding| binding.until <= now);
        }
    }

    /// When the next binding expires.
    pub fn wake_up(&self) -> Option<Instant> {
        self.bindings.values().flatten().map(|binding| binding.until).min()
    }

    /// What happened since the last call.
    pub fn poll(&mut self) -> Option<Change> {
        self.changes.pop_front()
    }

    /// §10.3, steps 3 to 7; gives whose bindings they are.
    fn register(
        &mut self,
        request: &Request,
        prover: Option<&Text>,
        flow: Flow,
        now: Instant,
    ) -> Result<Text, Refusal> {
        let to = request.headers.to().map_err(|_| StatusCode::BAD_REQUEST)?;
        let user = Text::from(to.uri.user().unwrap_or_default().as_ref());
        let Some(limits) = self.users.get(&user).copied() else { return Err(StatusCode::NOT_FOUND.into()) };
        // "the registrar SHOULD determine if the authenticated user is authorized to modify registrations for this
        // address-of-record" (step 4).
        if prover.is_some_and(|prover| *prover != user) {
            return Err(StatusCode::FORBIDDEN.into());
        }
        match wanted(request, flow, &limits, now)? {
            Wanted::Nothing => {}
            Wanted::Star => self.end_of(&user, Gone::Unregistered, |_| true),
            Wanted::Bindings(bindings) => self.bind(&user, bindings, limits.telephones, now)?,
        }
        Ok(user)
    }

    /// "either all of the additions or removals succeed or none" (§10.3).
    fn bind(&mut self, user: &Text, wanted: Vec<Binding>, most: usize, now: Instant) -> Result<(), StatusCode> {
        let present = self.bindings.get(user).map(Vec::as_slice).unwrap_or_default();
        let stale = |binding: &Binding| present.iter().any(|known| known.is_same(binding) && known.is_newer(binding));
        if wanted.iter().any(stale) {
            // "the update MUST be aborted and the request fails" (step 7).
            return Err(StatusCode::SERVER_INTERNAL_ERROR);
        }
        for binding in wanted {
            if binding.until <= now {
                self.end_of(user, Gone::Unregistered, |known| known.is_same(&binding));
            } else {
                self.put(user, binding, most);
            }
        }
        Ok(())
    }

    fn put(&mut self, user: &Text, binding: Binding, most: usize) {
        let all = self.bindings.entry(user.clone()).or_default();
        if let Some(known) = all.iter_mut().find(|known| known.is_same(&binding)) {
            *known = binding;
            return;
        }
        let replaced = (all.len() >= most.max(1))
            .then(|| (0..all.len()).min_by_key(|place| all.get(*place).map(|known| known.until)))
            .flatten()
            .map(|place| all.remove(place));
        let (contact, flow) = (binding.contact.clone(), binding.flow);
        all.push(binding);
        if let Some(replaced) = replaced {
            self.note_gone(user, replaced, Gone::Replaced);
        }
        self.changes.push_back(Change::Added { user: user.clone(), contact, flow });
    }

    /// 200 with every binding and the time that it has left (step 8).
    fn granted(&self, request: &Request, user: &Text, now: Instant) -> Response {
        let mut response = Response::to(request, StatusCode::OK);
        for binding in self.bindings.get(user).into_iter().flatten() {
            let mut contact = binding.contact.clone();
            let left = binding.until.saturating_duration_since(now).as_secs().to_string();
            contact.params.set("expires", Some(&left));
            response.headers.push(HeaderName::Contact, &contact);
        }
        // "the registrar ... MUST copy the Path header field values into the response" (RFC 3327 §5.3).
        response.headers.copy(&request.headers, &HeaderName::Path);
        response
    }

    fn end(&mut self, why: Gone, which: impl Fn(&Binding) -> bool) {
        let users: Vec<_> = self.bindings.keys().cloned().collect();
        users.iter().for_each(|user| self.end_of(user, why, &which));
    }

    fn end_of(&mut self, user: &Text, why: Gone, which: impl Fn(&Binding) -> bool) {
        let Some(all) = self.bindings.get_mut(user) else { return };
        let ended: Vec<_> = all.extract_if(.., |binding| which(binding)).collect();
        if all.is_empty() {
            self.bindings.remove(user);
        }
        ended.into_iter().for_each(|binding| self.note_gone(user, binding, why));
    }

    fn note_gone(&mut self, user: &Text, binding: Binding, why: Gone) {
        self.changes.push_back(Change::Removed { user: user.clone(), contact: binding.contact, why });
    }
}
