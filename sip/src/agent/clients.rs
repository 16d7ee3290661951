//! Client transactions in the user agent: starting them, and what their INVITEs' 2xx ask for (RFC 3261 §13.2.2.4).

use std::time::Instant;

use bytes::Bytes;

use super::{Flow, MAX_FORKS, Machine, Protocol, UserAgent};
use crate::dialog::Dialog;
use crate::message::{HeaderName, Host, Method, Reason, Request, Response, Rport, Text, Transport, Via};
use crate::session::{RefusalCause, SessionId, Taken, sign_request};
use crate::transaction::{Client, ClientInvite, ClientKey, Output};

/// A client transaction, the way of its request, and who waits for it.
#[derive(Debug)]
pub(super) struct ClientTransaction {
    machine: ClientMachine,
    flow: Flow,
}

#[derive(Debug)]
enum ClientMachine {
    Invite(Box<SentInvite>),
    Other(Client),
}

#[derive(Debug)]
struct SentInvite {
    machine: ClientInvite,
    session: SessionId,
    /// What acknowledged each branch that answered 2xx: it is sent again whenever that 2xx comes again.
    acks: Vec<Ack>,
}

#[derive(Debug)]
struct Ack {
    tag: Option<Text>,
    flow: Flow,
    message: Bytes,
}

impl UserAgent {
    /// Sends an INVITE for a session.
    pub(super) fn start_invite(
        &mut self,
        mut invite: Request,
        flow: Flow,
        session: SessionId,
        now: Instant,
    ) -> ClientKey {
        let key = self.put_via(&mut invite, flow);
        let machine = ClientInvite::new(invite, self.settings.timers, flow.protocol.is_reliable(), now);
        let sent = Box::new(SentInvite { machine, session, acks: Vec::new() });
        self.clients.insert(key, ClientTransaction { machine: ClientMachine::Invite(sent), flow });
        self.drain_client(key, now);
        key
    }

    /// Sends any other request; nobody waits for its answer.
    pub(super) fn start_request(&mut self, mut request: Request, flow: Flow, now: Instant) {
        let key = self.put_via(&mut request, flow);
        self.start_client(key, &request, flow, now);
    }

    fn start_client(&mut self, key: ClientKey, request: &Request, flow: Flow, now: Instant) {
        let machine = Client::new(request.to_bytes(), self.settings.timers, flow.protocol.is_reliable(), now);
        self.clients.insert(key, ClientTransaction { machine: ClientMachine::Other(machine), flow });
        self.drain_client(key, now);
    }

    /// Sends CANCEL the way that its INVITE went.
    pub(super) fn cancel(&mut self, invite: ClientKey, reason: Option<&Reason>, now: Instant) {
        let Some(ClientTransaction { machine: ClientMachine::Invite(sent), flow }) = self.clients.get_mut(&invite)
        else {
            return;
        };
        sent.machine.give_up(now);
        let (mut cancel, flow) = (sent.machine.cancel(reason), *flow);
        sign_request(&mut cancel, &self.settings);
        self.drain_client(invite, now);
        self.start_client(invite.cancel(), &cancel, flow, now);
    }

    /// The session of this INVITE is over. A re-INVITE that a peer never answers finally must not stay for ever.
    pub(super) fn abandon(&mut self, invite: ClientKey, now: Instant) {
        if let Some(ClientTransaction { machine: ClientMachine::Invite(sent), .. }) = self.clients.get_mut(&invite) {
            sent.machine.give_up(now);
            self.drain_client(invite, now);
        }
    }

    /// Sends the ACK for a 2xx, and keeps it for the next copy of that 2xx.
    pub(super) fn acknowledge(&mut self, invite: ClientKey, mut ack: Request, flow: Flow) {
        self.put_via(&mut ack, flow);
        let message = ack.to_bytes();
        if let Some(ClientTransaction { machine: ClientMachine::Invite(sent), .. }) = self.clients.get_mut(&invite) {
            let tag = ack.headers.to_tag().ok().flatten();
            sent.acks.push(Ack { tag, flow, message: message.clone() });
        }
        self.transmit(flow, message);
    }

    /// A response of any kind to a request of this transaction.
    pub(super) fn handle_answer(&mut self, key: ClientKey, response: &Response, now: Instant) {
        let Some(transaction) = self.clients.get_mut(&key) else { return };
        let up = match &mut transaction.machine {
            ClientMachine::Other(machine) => {
                machine.handle_response(response.status, now);
                None
            }
            ClientMachine::Invite(sent) => sent.machine.handle_response(response, now).then_some(sent.session),
        };
        self.drain_client(key, now);
        if let Some(session) = up {
            self.handle_invite_answer(key, session, response, now);
        }
    }

    fn handle_invite_answer(&mut self, key: ClientKey, id: SessionId, response: &Response, now: Instant) {
        if response.status.is_success() {
            return self.handle_success(key, id, response, now);
        }
        let random = self.random.next_u32();
        if let Some(session) = self.sessions.get_mut(&id) {
            if response.status.is_provisional() {
                session.handle_provisional(response);
            } else {
                session.handle_failure(response, random, now);
            }
        }
        self.drain_session(id, now);
    }

    fn handle_success(&mut self, key: ClientKey, id: SessionId, response: &Response, now: Instant) {
        let Some(ClientTransaction { machine: ClientMachine::Invite(sent), .. }) = self.clients.get(&key) else {
            return;
        };
        let tag = response.headers.to_tag().ok().flatten();
        if let Some(ack) = sent.acks.iter().find(|ack| ack.tag == tag) {
            let (flow, message) = (ack.flow, ack.message.clone());
            return self.transmit(flow, message);
        }
        let cseq = response.headers.cseq().map_or(0, |cseq| cseq.number);
        let taken = self.sessions.get_mut(&id).map_or(Taken::No, |session| session.handle_success(response, cseq));
        self.drain_session(id, now);
        if taken == Taken::No {
            self.end_stray(key, response, cseq, now);
        }
    }

    /// "all but one of them ... terminate" (§13.2.2.4): a 2xx that no session takes is acknowledged, and its dialog
    /// ended by BYE unless it is one that has been ended already.
    fn end_stray(&mut self, key: ClientKey, response: &Response, cseq: u32, now: Instant) {
        let Some(ClientTransaction { machine: ClientMachine::Invite(sent), flow }) = self.clients.get(&key) else {
            return;
        };
        if sent.acks.len() > MAX_FORKS {
            return;
        }
        let invite = sent.machine.invite();
        let within = invite.headers.to_tag().ok().flatten().is_some();
        let Some(mut dialog) = Dialog::stray(invite, response) else { return };
        let flow = dialog.next_hop(*flow);
        let mut ack = dialog.request_numbered(Method::Ack, cseq);
        sign_request(&mut ack, &self.settings);
        self.acknowledge(key, ack, flow);
        if !within {
            let mut bye = dialog.request(Method::Bye);
            sign_request(&mut bye, &self.settings);
            self.start_request(bye, flow, now);
        }
    }

    /// The network says that the peer of `flow` can't be reached (ICMP, or a failed send): client transactions that
    /// have heard nothing from it fail as if with 503 (§8.1.3.1). Whatever has an answer already goes on.
    pub fn handle_transport_error(&mut self, flow: Flow, now: Instant) {
        let flow = flow.canonical();
        let unheard = |(key, transaction): (&ClientKey, &mut ClientTransaction)| {
            (transaction.flow.peer == flow.peer && transaction.fail()).then_some(*key)
        };
        let failed: Vec<ClientKey> = self.clients.iter_mut().filter_map(unheard).collect();
        for key in failed {
            let session = self.clients.get(&key).and_then(ClientTransaction::session);
            self.drain_client(key, now);
            self.no_response(session, RefusalCause::Transport, now);
        }
    }

    fn no_response(&mut self, id: Option<SessionId>, cause: RefusalCause, now: Instant) {
        let Some(id) = id else { return };
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_no_response(cause, now);
        }
        self.drain_session(id, now);
    }

    pub(super) fn wake_client(&mut self, key: ClientKey, now: Instant) {
        match self.clients.get_mut(&key).map(|transaction| &mut transaction.machine) {
            Some(ClientMachine::Invite(sent)) => sent.machine.handle_timeout(now),
            Some(ClientMachine::Other(machine)) => machine.handle_timeout(now),
            None => {}
        }
        self.drain_client(key, now);
    }

    fn drain_client(&mut self, key: ClientKey, now: Instant) {
        while let Some(transaction) = self.clients.get_mut(&key) {
            match transaction.poll() {
                Output::Transmit(message) => {
                    let flow = transaction.flow;
                    self.transmit(flow, message);
                }
                Output::TimedOut => {
                    let session = transaction.session();
                    self.no_response(session, RefusalCause::Timeout, now);
                }
                Output::Timeout(at) => {
                    let over = transaction.is_terminated();
                    self.wake_ups.set(Machine::Client(key), at);
                    if over {
                        self.clients.remove(&key);
                    }
                    return;
                }
            }
        }
    }

    /// Puts our Via on top, with a branch of its own and `rport` (RFC 3581 §3).
    fn put_via(&mut self, request: &mut Request, flow: Flow) -> ClientKey {
        let mut key = ClientKey::new(self.random.next_u64());
        while self.clients.contains_key(&key) {
            key = ClientKey::new(self.random.next_u64());
        }
        let transport = match flow.protocol {
            Protocol::Udp => Transport::Udp,
        };
        let (host, port) = (Host::from(flow.local.ip()), flow.local.port());
        let mut via = Via::new(transport, host, Some(port), &key.branch().to_string());
        via.set_rport(Rport::Requested);
        request.headers.push_front(HeaderName::Via, &via);
        key
    }
}

impl ClientTransaction {
    fn poll(&mut self) -> Output {
        match &mut self.machine {
            ClientMachine::Invite(sent) => sent.machine.poll(),
            ClientMachine::Other(machine) => machine.poll(),
        }
    }

    fn fail(&mut self) -> bool {
        match &mut self.machine {
            ClientMachine::Invite(sent) => sent.machine.handle_transport_error(),
            ClientMachine::Other(machine) => machine.handle_transport_error(),
        }
    }

    fn is_terminated(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(sent) => sent.machine.is_terminated(),
            ClientMachine::Other(machine) => machine.is_terminated(),
        }
    }

    pub(super) fn is_unanswered(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(sent) => sent.machine.is_unanswered(),
            ClientMachine::Other(machine) => machine.is_unanswered(),
        }
    }

    fn session(&self) -> Option<SessionId> {
        match &self.machine {
            ClientMachine::Invite(sent) => Some(sent.session),
            ClientMachine::Other(_) => None,
        }
    }

    /// Is this the kind of transaction that a response with this CSeq method answers?
    pub(super) fn is_for(&self, method: &Method) -> bool {
        matches!(self.machine, ClientMachine::Invite(_)) == (*method == Method::Invite)
    }
}
