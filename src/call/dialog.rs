//! What a call is signalled by: a SIP dialog, or the WebSocket of whoever talks by one.

use super::web::Hook;
use crate::net::sip::SipHandle;
use talkpath_sip::agent::{EndCause, Event, SessionId};
use tokio::sync::mpsc;

/// A call's own signalling.
#[derive(Debug)]
pub(super) enum Dialog<'a> {
    /// A dialog of SIP.
    Sip { sip: &'a SipHandle, session: SessionId, events: &'a mut mpsc::Receiver<Event> },
    /// A WebSocket.
    Web(&'a mut Hook),
}

/// What happens to it.
#[derive(Debug)]
pub(super) enum Happened {
    Ended(EndCause),
    Event(Event),
}

impl Dialog<'_> {
    /// What happens next.
    pub(super) async fn next(&mut self) -> Happened {
        match self {
            Self::Sip { events, .. } => match events.recv().await {
                Some(Event::Ended { cause, .. }) => Happened::Ended(cause),
                Some(event) => Happened::Event(event),
                None => Happened::Ended(EndCause::Transport),
            },
            Self::Web(hook) => Happened::Ended(hook.closed().await),
        }
    }

    /// Ends it; that it has ended comes as the next that happens.
    pub(super) async fn hang_up(&mut self) {
        match self {
            Self::Sip { sip, session, .. } => sip.hangup(*session, None).await,
            Self::Web(hook) => hook.hang_up(),
        }
    }
}
