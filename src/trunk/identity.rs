//! Who calls whom on a trunk: which header fields say so inbound, and which say so outbound.
//!
//! RFC 3325 (P-Asserted-Identity, P-Preferred-Identity, Privacy: id), RFC 7315 §4.2 (P-Called-Party-ID), RFC 5806 (Diversion),
//! and Remote-Party-ID, which never became one.

use super::Trunk;
use crate::net::sip::Headers;
use anyhow::Context;
use talkpath_config::{CalledHeader, CallerHeader, IdentityHeader};
use talkpath_sip::agent::Invitation;
use talkpath_sip::message::{HeaderName, Headers as Fields, NameAddr, Text, Uri};

/// Whom somebody sees calling.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The number or user; empty when it is withheld.
    pub number: String,
    /// The name, if one was given.
    pub name: Option<String>,
}

/// From and what else says who is calling.
#[derive(Clone, Debug)]
pub struct Headed {
    /// From, without tag.
    pub from: NameAddr,
    /// Further header fields.
    pub headers: Headers,
}

impl Trunk {
    /// The number that a call of this trunk is for, as the dialplan sees it. `request_uri` names our registration, not a
    /// number, when `is_ours`: then To is looked at.
    #[must_use]
    pub fn called(&self, invitation: &Invitation, is_ours: bool) -> String {
        let headers = &invitation.headers;
        let to = || number_of(&invitation.to.uri);
        let written = match self.settings.called {
            CalledHeader::RequestUri if is_ours => to(),
            CalledHeader::RequestUri => number_of(&invitation.request_uri),
            CalledHeader::To => to(),
            CalledHeader::PCalledPartyId => named(headers, &HeaderName::PCalledPartyId).unwrap_or_else(to),
            // The last of several is who was called first (RFC 5806 §5).
            CalledHeader::Diversion => diverted(headers).unwrap_or_else(to),
        };
        let numbers = &self.settings.numbers;
        numbers.inbound.inbound(&numbers.plan, &written)
    }

    /// Who calls, as the dialplan sees them.
    #[must_use]
    pub fn caller(&self, invitation: &Invitation) -> Caller {
        let headers = &invitation.headers;
        let found = self.settings.caller.iter().find_map(|header| match header {
            CallerHeader::PAssertedIdentity => address(headers, &HeaderName::PAssertedIdentity),
            CallerHeader::RemotePartyId => address(headers, &HeaderName::RemotePartyId),
            CallerHeader::From => Some(invitation.from.clone()),
        });
        let found = found.unwrap_or_else(|| invitation.from.clone());
        let numbers = &self.settings.numbers;
        let caller = Caller::of(&found);
        Caller { number: numbers.inbound.inbound_caller(&numbers.plan, &caller.number), ..caller }
    }

    /// From, and the identity that is configured, of a call through this trunk to `server`; `caller` is whom the callee should see.
    ///
    /// # Errors
    /// When the number makes no URI.
    pub fn headed(&self, caller: &Caller, server: &Uri) -> anyhow::Result<Headed> {
        let settings = &self.settings;
        let domain = settings.registrar.as_ref().unwrap_or(server).host().context("the server names no host")?;
        let shown = match caller.number.as_str() {
            "" => settings.caller_id.clone(),
            number => Some(settings.numbers.outbound.outbound_caller(&settings.numbers.plan, number)),
        };
        let user = shown.or_else(|| settings.username.clone());
        let at = |user: Option<&str>| {
            Uri::sip(user, &domain, None).with_context(|| format!("\"{}\" is no user", user.unwrap_or_default()))
        };
        let mut from = NameAddr::new(at(user.as_deref())?);
        if let Some(name) = &caller.name {
            from = from.with_display(name.as_str());
        }
        let mut headers = Headers::new();
        let identity = match settings.identity {
            IdentityHeader::None => None,
            IdentityHeader::PAssertedIdentity => Some((HeaderName::PAssertedIdentity, from.to_text())),
            IdentityHeader::PPreferredIdentity => Some((HeaderName::PPreferredIdentity, from.to_text())),
            IdentityHeader::RemotePartyId => Some((HeaderName::RemotePartyId, self.remote_party(&from))),
        };
        headers.extend(identity);
        if settings.privacy {
            // "the From header field ... an anonymous value" (RFC 3323 §4.1.1.3), the identity for the trunk alone.
            headers.push((HeaderName::Privacy, Text::from_static("id")));
            let anonymous = Uri::parse("sip:anonymous@anonymous.invalid").context("an anonymous URI")?;
            from = NameAddr::new(anonymous).with_display("Anonymous");
        }
        Ok(Headed { from, headers })
    }

    fn remote_party(&self, from: &NameAddr) -> Text {
        let privacy = if self.settings.privacy { "full" } else { "off" };
        format!("{};party=calling;screen=yes;privacy={privacy}", from.to_text()).into()
    }
}

impl Caller {
    /// Whom an address names: without a number when it is anonymous (RFC 3323 §4.1.1.3).
    #[must_use]
    pub fn of(address: &NameAddr) -> Self {
        let withheld = address.uri.host().is_some_and(|host| host.to_string() == "anonymous.invalid");
        let number = if withheld { String::new() } else { number_of(&address.uri) };
        let name = Some(address.display.to_string()).filter(|name| !name.is_empty() && !withheld);
        Self { number, name }
    }
}

/// The number that a URI names: the user part of sip:, the number of tel:, empty without either.
pub(crate) fn number_of(uri: &Uri) -> String {
    uri.number().map(std::borrow::Cow::into_owned).unwrap_or_default()
}

fn address(headers: &Fields, name: &HeaderName) -> Option<NameAddr> {
    headers.values(name).find_map(|value| NameAddr::parse(value).ok())
}

fn named(headers: &Fields, name: &HeaderName) -> Option<String> {
    address(headers, name).map(|address| number_of(&address.uri)).filter(|number| !number.is_empty())
}

fn diverted(headers: &Fields) -> Option<String> {
    let last = headers.values(&HeaderName::Diversion).filter_map(|value| NameAddr::parse(value).ok()).last();
    last.map(|address| number_of(&address.uri)).filter(|number| !number.is_empty())
}
