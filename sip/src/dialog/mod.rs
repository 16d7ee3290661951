//! Dialogs: RFC 3261 §12, for the side that called and the side that was called alike.
//!
//! A dialog knows its name (Call-ID and both tags), counts CSeq numbers both ways, and prints requests with the route
//! set and the remote target in their places (§12.2.1.1), [strict routers](route) included. It is driven by its
//! session.
//!
//! Invariant: nothing in a dialog is a slice of a receive buffer.

mod route;
mod tag;

#[cfg(test)]
mod tests;

pub(crate) use self::tag::{LocalTag, parse_hex};

use crate::flow::{Flow, Protocol};
use crate::message::{CSeq, HeaderName, Headers, Host, Method, NameAddr, Request, Response, Text, Uri};
use crate::settings::MAX_ROUTES;

/// "The value SHOULD be 70" (§8.1.1.6).
const MAX_FORWARDS: u32 = 70;

/// One dialog, or the beginning of one: the peer's tag comes with the first 2xx.
#[derive(Debug)]
pub(crate) struct Dialog {
    call_id: Text,
    /// Our address with our tag.
    local: NameAddr,
    local_tag: LocalTag,
    /// The peer's address, with its tag once it has one.
    remote: NameAddr,
    local_cseq: u32,
    /// The highest of the peer's requests; none before its first.
    remote_cseq: Option<u32>,
    /// Where requests go in the end: the peer's Contact.
    target: Uri,
    /// The proxies to pass, nearest first.
    routes: Vec<NameAddr>,
    /// What the peer takes for its own address although its requests come from another: nothing sent there arrives.
    translated: Option<Host>,
    /// Our Contact field.
    contact: Text,
    /// Did we choose the Call-ID?
    owner: bool,
}

/// What the calling side chooses for its dialog.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) call_id: Text,
    pub(crate) from: NameAddr,
    pub(crate) tag: LocalTag,
    pub(crate) to: NameAddr,
    pub(crate) request_uri: Uri,
    pub(crate) contact: Text,
    /// "The value of the sequence number MUST be expressible as a 32-bit unsigned integer and MUST be less than
    /// 2**31" (§8.1.1.5).
    pub(crate) cseq: u32,
}

impl Dialog {
    /// What a caller knows before anybody has answered.
    pub(crate) fn outgoing(outgoing: Outgoing) -> Self {
        let Outgoing { call_id, from, tag, mut to, request_uri, contact, cseq } = outgoing;
        to.params.remove("tag");
        Self {
            call_id: call_id.detach(),
            local: from.detach().with_tag(&tag.to_string()),
            local_tag: tag,
            remote: to.detach(),
            local_cseq: cseq,
            remote_cseq: None,
            target: request_uri.detach(),
            routes: Vec::new(),
            translated: None,
            contact,
            owner: true,
        }
    }

    /// What an INVITE begins at the called side (§12.1.1); `None` when it lacks what a dialog needs.
    pub(crate) fn incoming(invite: &Request, tag: LocalTag, contact: Text, cseq: u32) -> Option<Self> {
        let headers = &invite.headers;
        let target = headers.contact().ok()??.uri.detach();
        Some(Self {
            call_id: headers.call_id().ok()?.detach(),
            local: headers.to().ok()?.detach().with_tag(&tag.to_string()),
            local_tag: tag,
            remote: headers.from().ok()?.detach(),
            local_cseq: cseq,
            remote_cseq: Some(headers.cseq().ok()?.number),
            target,
            routes: headers.record_routes().ok()?.iter().map(NameAddr::detach).collect(),
            translated: route::translated(headers),
            contact,
            owner: false,
        })
    }

    /// The dialog that a 2xx makes of an INVITE of ours which no session waits for: another branch of a fork, or a
    /// session that is gone.
    pub(crate) fn stray(invite: &Request, response: &Response) -> Option<Self> {
        let headers = &invite.headers;
        let local = headers.from().ok()?;
        let mut dialog = Self {
            call_id: headers.call_id().ok()?,
            local_tag: LocalTag::parse(local.tag()?.as_bytes())?,
            local,
            remote: headers.to().ok()?,
            local_cseq: headers.cseq().ok()?.number,
            remote_cseq: None,
            target: invite.uri.clone(),
            routes: headers.routes().ok()?,
            translated: None,
            contact: headers.get(&HeaderName::Contact)?.clone(),
            owner: true,
        };
        if dialog.remote.tag().is_none() {
            dialog.establish(response);
        } else {
            dialog.refresh_target(&response.headers);
        }
        Some(dialog)
    }

    /// Takes the peer's tag, route set and target from the 2xx to the first INVITE (§12.1.2, §13.2.2.4).
    pub(crate) fn establish(&mut self, response: &Response) {
        if let Ok(to) = response.headers.to() {
            self.remote = to.detach();
        }
        // "The route set MUST be set to the list of URIs in the Record-Route header field from the response, taken in
        // reverse order." Such a long one leads nowhere.
        if let Ok(routes) = response.headers.record_routes()
            && routes.len() <= MAX_ROUTES
        {
            self.routes = routes.iter().rev().map(NameAddr::detach).collect();
        }
        self.refresh_target(&response.headers);
    }

    /// Takes the remote target from a re-INVITE of the peer (§12.2.2). Route sets never change in a dialog.
    pub(crate) fn follow(&mut self, invite: &Request) {
        self.refresh_target(&invite.headers);
        self.translated = route::translated(&invite.headers);
    }

    /// Takes the Contact of a re-INVITE or of a 2xx as the new remote target (§12.2).
    pub(crate) fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(Some(contact)) = headers.contact()
            && contact.uri.is_sip()
        {
            self.target = contact.uri.detach();
        }
    }

    /// Is this request of the peer within this dialog? (§12.2.2; an RFC 2543 peer has no tag.)
    pub(crate) fn is_of(&self, request: &Request) -> bool {
        let same_call = request.headers.call_id().is_ok_and(|call_id| call_id == self.call_id);
        // As caller without an answer we know no tag yet; ours alone must do.
        let known = self.remote.tag();
        same_call && (known.is_none() || request.headers.from_tag().is_ok_and(|tag| tag == known))
    }

    /// Is this response from the peer of this dialog, and not from another branch?
    pub(crate) fn is_with(&self, response: &Response) -> bool {
        response.headers.to_tag().is_ok_and(|tag| tag == self.remote.tag())
    }

    /// Notes the CSeq of a request of the peer. False when it is out of order: "If the remote sequence number was not
    /// empty, but the sequence number of the request is lower than the remote sequence number" (§12.2.2).
    pub(crate) fn advance(&mut self, cseq: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| cseq < last) {
            return false;
        }
        self.remote_cseq = Some(cseq);
        true
    }

    /// The next request of ours, without its Via.
    pub(crate) fn request(&mut self, method: Method) -> Request {
        let cseq = self.next_cseq();
        self.request_numbered(method, cseq)
    }

    /// The number of the next request of ours.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.wrapping_add(1);
        self.local_cseq
    }

    /// A request with a number of its own: the first INVITE, and an ACK with that of its INVITE.
    pub(crate) fn request_numbered(&self, method: Method, cseq: u32) -> Request {
        let (uri, routes) = route::apply(&self.target, &self.routes);
        let mut request = Request::new(method.clone(), uri);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, MAX_FORWARDS);
        for route in routes {
            headers.push(HeaderName::Route, route);
        }
        headers.push(HeaderName::From, &self.local);
        headers.push(HeaderName::To, &self.remote);
        headers.push(HeaderName::CallId, &self.call_id);
        if method == Method::Invite {
            headers.push(HeaderName::Contact, &self.contact);
        }
        headers.push(HeaderName::CSeq, &CSeq::new(cseq, method));
        request
    }

    /// The way the next request takes: to the first route or the target when that is an address which `flow` reaches
    /// and its transport is one of `protocols`, otherwise back along `flow`. Names are not resolved here; a driver that
    /// does can change the flow of what it is given to transmit.
    ///
    /// To a target, a connection that the dialog has used is used again while it lives: it may be one that only the peer
    /// could make. A way by another transport than the flow's [starts nowhere](Flow::over) yet.
    pub(crate) fn next_hop(&self, flow: Flow, protocols: &[Protocol]) -> Flow {
        let hop = self.routes.first().map_or(&self.target, |route| &route.uri);
        if self.routes.is_empty() && self.translated.is_some() && self.translated == hop.host() {
            return flow;
        }
        match route::address(hop, flow.protocol) {
            Some((peer, _)) if !flow.reaches(peer) => flow,
            Some((peer, protocol)) if protocol == flow.protocol && self.routes.is_empty() => Flow { peer, ..flow },
            Some((peer, protocol)) if protocol == flow.protocol => flow.to(peer),
            Some((peer, protocol)) if protocols.contains(&protocol) => flow.over(protocol, peer),
            Some(_) | None => flow,
        }
    }

    pub(crate) fn call_id(&self) -> &Text {
        &self.call_id
    }

    pub(crate) fn local_tag(&self) -> LocalTag {
        self.local_tag
    }

    pub(crate) fn remote(&self) -> &NameAddr {
        &self.remote
    }

    pub(crate) fn contact(&self) -> &Text {
        &self.contact
    }

    pub(crate) fn local_cseq(&self) -> u32 {
        self.local_cseq
    }

    /// Did we choose the Call-ID? (§14.1 asks for glare.)
    pub(crate) fn owns_call_id(&self) -> bool {
        self.owner
    }
}
