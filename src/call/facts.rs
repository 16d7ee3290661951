//! What is known of a call before anyone has answered it, for the dialplan and for whoever is dialled in its name.

use super::event::{CallId, Direction};
use crate::trunk::{Caller, Trunk, number_of};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use talkpath_dialplan::Facts;
use talkpath_sip::agent::Invitation;

/// The facts of one call.
#[derive(Clone, Debug)]
pub struct CallFacts {
    /// Which way it was placed.
    pub direction: Direction,
    /// Where its INVITE came from; unspecified when we place it.
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
            direction: Direction::Inbound,
            source: invitation.flow.peer.ip().to_canonical(),
            trunk,
            phone,
            caller,
            called,
            headers: headers.collect(),
            time: jiff::Timestamp::now(),
        }
    }

    /// Of a call that we place: nobody's INVITE has come.
    #[must_use]
    pub fn placed(caller: Caller, called: &str) -> Self {
        Self {
            direction: Direction::Outbound,
            source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            trunk: None,
            phone: None,
            caller,
            called: called.to_owned(),
            headers: Vec::new(),
            time: jiff::Timestamp::now(),
        }
    }

    /// What templates may say of a call without being told.
    #[must_use]
    pub fn variables(&self, call: CallId) -> BTreeMap<String, String> {
        let now = self.time.to_zoned(jiff::tz::TimeZone::system());
        let direction = match self.direction {
            Direction::Inbound => "inbound",
            Direction::Outbound => "outbound",
        };
        let trunk = self.trunk.as_ref().map(|trunk| trunk.settings.name.clone());
        let variables = [
            ("call_id", call.to_string()),
            ("direction", direction.to_owned()),
            ("caller_number", self.caller.number.clone()),
            ("caller_name", self.caller.name.clone().unwrap_or_default()),
            ("called_number", self.called.clone()),
            ("trunk", trunk.unwrap_or_default()),
            ("date", now.strftime("%F").to_string()),
            ("time", now.strftime("%H:%M").to_string()),
            ("weekday", now.strftime("%A").to_string()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
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
