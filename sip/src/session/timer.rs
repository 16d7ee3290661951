//! Session timers: RFC 4028. A dialog whose peer is gone ends by itself, and one that proxies watch doesn't.
//!
//!   2xx with Session-Expires ──► Watch: half of it: refresh, if that is ours (UPDATE or re-INVITE) ──2xx──► Watch
//!                                  └── its end, less a third or 32 s, without a refresh: BYE
//!
//! A refresh is an UPDATE without a body where the peer takes it, so that no description moves; otherwise a re-INVITE
//! with our last description.
//!
//! Driven by the session: with each 2xx to an INVITE, re-INVITE or UPDATE, from either side, and with time.

use std::time::{Duration, Instant};

use super::offer::Exchange;
use super::{EndCause, Output, Session, State, reply};
use crate::message::{
    HeaderName, Headers, Method, Reason, Refresher, Request, Response, SessionExpires, StatusCode, Token,
};
use crate::settings::Settings;

/// "The minimum value MUST NOT be less than 90 seconds" (§4): what we ask of others, too.
pub(crate) const MIN_SE: Duration = Duration::from_secs(90);
/// The option tag (§3).
pub(crate) const TAG: &str = "timer";
/// When a refresh that could not be sent or was put off is tried again.
const AGAIN: Duration = Duration::from_secs(3);

/// What watches over one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watch {
    interval: Duration,
    /// When we refresh, if that is ours.
    refresh: Option<Instant>,
    /// When the session is given up.
    end: Instant,
}

/// What the session knows of timers beside the watch that runs.
#[derive(Debug, Default)]
pub(super) struct Timing {
    watch: Option<Watch>,
    /// The peer takes UPDATE.
    updates: bool,
    /// What we ask for; a 422 raises it.
    wanted: Option<Duration>,
    /// The longest Min-SE of any 422 to this session's requests.
    least: Option<Duration>,
    /// An UPDATE of ours is out.
    updating: bool,
}

impl Watch {
    fn new(interval: Duration, ours: bool, now: Instant) -> Self {
        let margin = (interval / 3).min(Duration::from_secs(32));
        Self { interval, refresh: ours.then(|| now + interval / 2), end: now + (interval - margin) }
    }
}

impl Timing {
    /// Of a session that has not begun.
    pub(super) fn new(settings: &Settings) -> Self {
        let wanted = settings.session_expires.map(|wanted| wanted.max(MIN_SE));
        Self { wanted, ..Self::default() }
    }

    pub(super) fn wake_up(&self) -> Option<Instant> {
        let watch = self.watch?;
        Some(watch.refresh.map_or(watch.end, |refresh| refresh.min(watch.end)))
    }

    /// Notes what the peer can do.
    pub(super) fn note_peer(&mut self, headers: &Headers) {
        if let Ok(allow) = headers.allow()
            && !allow.is_empty()
        {
            self.updates = allow.contains(&Method::Update);
        }
    }

    /// Puts what we ask for into an INVITE or UPDATE (§7.1): the one who refreshes stays the one who refreshes (§7.4).
    fn ask(&self, headers: &mut Headers) {
        let refresher = self.watch.map(|watch| match watch.refresh {
            Some(_) => Refresher::Uac,
            None => Refresher::Uas,
        });
        let interval = self.watch.map(|watch| watch.interval).max(self.wanted.filter(|_| self.watch.is_none()));
        let Some(interval) = interval else { return };
        headers.set(HeaderName::SessionExpires, &SessionExpires { interval, refresher });
        // After a 422, "the largest Min-SE header field it observed in all 422 responses previously received" (§3): the next
        // proxy must not lower the interval below it.
        if self.least.is_some() || self.watch.is_some() || interval <= MIN_SE {
            let least = self.least.unwrap_or_default().max(MIN_SE);
            headers.set(HeaderName::MinSe, least.as_secs().to_string());
        }
    }

    /// What our 2xx to this request says, and what watches from then on (§9). Nothing when the peer asked for nothing.
    fn grant(&mut self, request: &Headers, now: Instant) -> Option<SessionExpires> {
        self.watch = None;
        let asked = request.session_expires().ok().flatten()?;
        let supported = knows_timers(request);
        if asked.interval < MIN_SE && !supported {
            return None;
        }
        // "the UAS MUST set the refresher parameter to uas" for a peer that doesn't know timers; else the peer may.
        let refresher = match asked.refresher {
            Some(Refresher::Uas) => Refresher::Uas,
            Some(Refresher::Uac) | None if supported => Refresher::Uac,
            Some(Refresher::Uac) | None => Refresher::Uas,
        };
        self.watch = Some(Watch::new(asked.interval, refresher == Refresher::Uas, now));
        Some(SessionExpires { interval: asked.interval, refresher: Some(refresher) })
    }

    /// A 2xx to our INVITE, re-INVITE or UPDATE (§7.2): without Session-Expires nobody watches.
    pub(super) fn settle(&mut self, response: &Headers, now: Instant) {
        self.note_peer(response);
        let granted = response.session_expires().ok().flatten();
        self.watch = granted.map(|granted| {
            let ours = granted.refresher != Some(Refresher::Uas);
            Watch::new(granted.interval.max(Duration::from_secs(3)), ours, now)
        });
    }

    /// A 422 to our request (§7.3): what to ask for instead; none when it asks for nothing longer.
    pub(super) fn raise(&mut self, response: &Response) -> bool {
        let Some(least) = response.headers.min_se().ok().flatten() else { return false };
        self.least = self.least.max(Some(least));
        let before = self.watch.map(|watch| watch.interval).max(self.wanted);
        if before.is_some_and(|before| least <= before) {
            return false;
        }
        self.wanted = Some(least);
        if let Some(watch) = &mut self.watch {
            watch.interval = least;
        }
        true
    }
}

/// "Session Interval Too Small": what a request asks for is shorter than we take (§9), and its sender knows what that
/// means.
pub(crate) fn is_too_small(request: &Request) -> bool {
    let asked = request.headers.session_expires().ok().flatten();
    asked.is_some_and(|asked| asked.interval < MIN_SE) && knows_timers(&request.headers)
}

fn knows_timers(headers: &Headers) -> bool {
    let has = |tags: Vec<Token>| tags.iter().any(|tag| tag.eq_ignore_case(TAG));
    headers.supported().is_ok_and(has) || headers.require().is_ok_and(has)
}

impl Session {
    /// Puts the timer that we ask for into an INVITE, re-INVITE or UPDATE.
    pub(super) fn ask_for_timer(&self, request: &mut Request) {
        self.timing.ask(&mut request.headers);
    }

    /// Puts the timer that is agreed on into our 2xx.
    pub(super) fn grant_timer(&mut self, request: &Headers, response: &mut Response, now: Instant) {
        self.timing.note_peer(request);
        let Some(granted) = self.timing.grant(request, now) else { return };
        if granted.refresher == Some(Refresher::Uac) {
            response.headers.push(HeaderName::Require, TAG);
        }
        response.headers.push(HeaderName::SessionExpires, &granted);
    }

    /// Refreshes the session when it is time, or gives it up.
    pub(super) fn keep_time(&mut self, now: Instant) {
        let Some(watch) = self.timing.watch else { return };
        if watch.end <= now {
            let reason = Token::new("SIP").map(|sip| Reason::new(sip, 408, "Session timer expired"));
            self.leave(reason);
            self.end(EndCause::SessionExpired);
        } else if watch.refresh.is_some_and(|at| at <= now) {
            self.put_off_refresh(now);
            self.refresh(now);
        }
    }

    fn put_off_refresh(&mut self, now: Instant) {
        if let Some(watch) = &mut self.timing.watch
            && let Some(refresh) = &mut watch.refresh
        {
            *refresh = now + AGAIN;
        }
    }

    fn refresh(&mut self, now: Instant) {
        let State::Confirmed(confirmed) = &self.state else { return };
        let free = matches!(confirmed.exchange, Exchange::Idle) && confirmed.retry.is_none();
        if !free || confirmed.hangup.is_some() || self.timing.updating {
            return;
        }
        if self.timing.updates {
            self.send_update();
        } else if let Some(body) = self.described.clone() {
            self.send_offer(Some(body), now);
        }
    }

    fn send_update(&mut self) {
        let mut update = self.dialog.request(Method::Update);
        update.headers.push(HeaderName::Contact, self.dialog.contact().clone());
        reply::capabilities(&mut update.headers, &self.settings);
        self.ask_for_timer(&mut update);
        reply::sign_request(&mut update, &self.settings);
        if let Some(login) = &mut self.login {
            login.sign(&mut update);
        }
        self.timing.updating = true;
        self.outputs.push_back(Output::Update(Box::new(update), self.next_hop()));
    }

    /// The final response to our UPDATE; none when there was none.
    pub(crate) fn handle_update_answer(&mut self, response: Option<&Response>, rng: &mut dyn rand::Rng, now: Instant) {
        self.timing.updating = false;
        let State::Confirmed(_) = &self.state else { return };
        let Some(response) = response else {
            self.leave(None);
            return self.end(EndCause::DialogLost);
        };
        if let super::Verdict::Again = self.judge_update(response, rng) {
            return self.send_update();
        }
        match response.status {
            status if status.is_success() => {
                self.dialog.refresh_target(&response.headers);
                self.timing.settle(&response.headers, now);
            }
            StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT => {
                self.leave(None);
                self.end(EndCause::DialogLost);
            }
            StatusCode::SESSION_INTERVAL_TOO_SMALL if self.timing.raise(response) => self.send_update(),
            StatusCode::METHOD_NOT_ALLOWED | StatusCode::NOT_IMPLEMENTED => {
                self.timing.updates = false;
                self.refresh(now);
            }
            // What else stands against it may pass; the watch ends the session if it doesn't.
            _ => {}
        }
    }

    fn judge_update(&mut self, response: &Response, rng: &mut dyn rand::Rng) -> super::Verdict {
        self.login.as_mut().map_or(super::Verdict::Stands, |login| login.judge(response, rng))
    }
}
