//! Datagrams: reading them, noting where requests came from, and finding whose responses are. RFC 3261 §18.1.2,
//! §18.2.1.
//!
//! Deviation from §18.2.2: `maddr` in a Via is not followed. It serves multicast alone, and would let anybody have our
//! responses sent to addresses inside our network.

use std::time::Instant;

use bytes::Bytes;
use tracing::{debug, trace};

use super::reply::Refusal;
use super::{Flow, UserAgent};
use crate::message::{Message, Method, ParseError, Request, Response, Text, is_keep_alive};
use crate::transaction::{ClientKey, ServerKey};

/// A request, and what is known about it before anybody looks inside.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Its topmost Via says where it came from.
    pub(super) request: Request,
    pub(super) key: ServerKey,
    /// Of a CANCEL: the INVITE transaction that it means.
    pub(super) cancelled: Option<ServerKey>,
    /// Who sent it, if that was asked and proved.
    pub(super) user: Option<Text>,
    /// The way it came.
    pub(super) flow: Flow,
    /// The way of its responses.
    pub(super) back: Flow,
}

impl Arrival {
    /// `None` when the request lacks what names its transaction.
    fn new(mut request: Request, flow: Flow) -> Option<Self> {
        // The keys want the Via as it was sent.
        let key = ServerKey::of(&request)?;
        let cancelled = if request.method == Method::Cancel { ServerKey::cancelled_by(&request) } else { None };
        let back = stamp(&mut request, flow);
        Some(Self { request, key, cancelled, user: None, flow, back })
    }
}

impl UserAgent {
    /// A datagram has come. Nothing of `data` is kept beyond the call.
    pub fn handle_datagram(&mut self, flow: Flow, data: Bytes, now: Instant) {
        if !is_keep_alive(&data) {
            self.handle_message(flow, Message::parse_datagram(data), now);
        }
    }

    /// A message has come that a [stream](crate::message::Framer) was cut into, or what can't be read of one. Nothing
    /// of it is kept beyond the call.
    pub fn handle_message(&mut self, flow: Flow, message: Result<Message, ParseError>, now: Instant) {
        let flow = flow.canonical();
        match message {
            Ok(Message::Request(request)) => {
                if let Some(arrival) = Arrival::new(request, flow) {
                    self.handle_request(arrival, now);
                }
            }
            Ok(Message::Response(response)) => self.handle_response(&response, now),
            Err(error) => self.handle_broken(error, flow, now),
        }
    }

    /// "The response MUST be discarded" when it has more than one Via (§8.1.3.3), or is none of ours (§18.1.2).
    fn handle_response(&mut self, response: &Response, now: Instant) {
        if response.headers.vias().count() != 1 {
            return trace!(status = %response.status, "response for somebody else");
        }
        let (Ok(via), Ok(cseq)) = (response.headers.via(), response.headers.cseq()) else { return };
        let key = via.branch().and_then(|branch| ClientKey::parse(branch.as_bytes(), &cseq.method));
        let Some(key) = key else { return };
        if self.clients.get(&key).is_some_and(|transaction| transaction.is_for(&cseq.method)) {
            self.handle_answer(key, response, now);
        } else {
            trace!(status = %response.status, "response without a transaction");
        }
    }

    /// A message that can't be used: answered when it is a request with a Via, and no ACK.
    fn handle_broken(&mut self, error: ParseError, flow: Flow, now: Instant) {
        debug!(%error, peer = %flow.peer, "malformed message");
        let refusal = Refusal::explained(error.status(), &error);
        if let Some(mut request) = error.into_answerable() {
            let back = stamp(&mut request, flow);
            let refusal = self.admits_unread(flow.peer.ip(), now).err().unwrap_or(refusal);
            self.refuse(&request, back, refusal, now);
        }
    }
}

/// Notes in the topmost Via where the request came from, and says where its responses go: on a stream "using the existing
/// connection", and when that is gone to "the IP address in the received parameter, if present, using the port in the
/// sent-by value" (§18.2.2).
fn stamp(request: &mut Request, flow: Flow) -> Flow {
    if request.headers.stamp_via(flow.peer).is_err() {
        return flow;
    }
    let target = request.headers.via().ok().and_then(|mut via| {
        via.params_mut().remove("maddr");
        if flow.protocol.is_reliable() {
            via.params_mut().remove("rport");
        }
        via.response_target()
    });
    let usable = target.filter(|to| to.port() != 0 && to.is_ipv4() == flow.peer.is_ipv4());
    usable.map_or(flow, |peer| Flow { peer, ..flow })
}
