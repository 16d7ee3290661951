//! What is known of a call to us before anyone has answered it, for the dialplan and for whoever is dialled in its name.

use crate::trunk::{Caller, Trunk, number_of};
use std::net::IpAddr;
use std::sync::Arc;
use talkpath_dialplan::Facts;
use talkpath_sip::agent::Invitation;

/// The facts of one call.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// Where its INVITE came from.
    pub source: IpAddr,
    /// The trunk that it came by.
    pub trunk: Option<Arc<Trunk>>,
    /// The user of the phone that it came from.
    pub phone: Option<String>,
    /// Who calls.
    pub caller: Caller,
    /// The number that is called.
    pub called: String,
    /// The header fields of the INVITE.
    pub headers: Vec<(String, String)>,
    /// When it came.
    pub time: jiff::Timestamp,
}

impl CallFacts {
    /// Of a call that has come by `trunk`, or from the phone of the user who has proved to be `user`.
    #[must_use]
    pub fn of(invitation: &Invitation, trunk: Option<Arc<Trunk>>, phone: Option<String>, is_ours: bool) -> Self {
        let (caller, called) = match &trunk {
            Some(trunk) => (trunk.caller(invitation), trunk.called(invitation, is_ours)),
            None => (Caller::of(&invitation.from), number_of(&invitation.request_uri)),
        };
        let caller = match &phone {
            // Who has proved who it is needs to claim nothing.
            Some(user) => Caller { number: user.clone(), name: caller.name },
            None => caller,
        };
        let headers = invitation.headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.to_string()));
        Self {
            source: invitation.flow.peer.ip().to_canonical(),
            trunk,
            phone,
            caller,
            called,
            headers: headers.collect(),
            time: jiff::Timestamp::now(),
        }
    }

    /// Asks something about them.
    pub fn with<T>(&self, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
        let headers: Vec<_> = self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        ask(&Facts {
            source: self.source,
            trunk: self.trunk.as_ref().map(|trunk| trunk.settings.name.as_str()),
            phone: self.phone.as_deref(),
            from: &self.caller.number,
            to: &self.called,
            headers: &headers,
            time: self.time,
        })
    }
}
