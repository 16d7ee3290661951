//! Client transactions in the user agent: starting them, and what their INVITEs' 2xx ask for (RFC 3261 §13.2.2.4).

use std::time::Instant;

use bytes::Bytes;

use super::{Flow, MAX_FORKS, Machine, Protocol, RequestId, UserAgent};
use crate::dialog::Dialog;
use crate::digest::copy_answers;
use crate::message::{HeaderName, Host, Method, Reason, Request, Response, Rport, StatusCode, Text, Transport, Via};
use crate::registration::Failure;
use crate::session::{Login, RefusalCause, SessionId, Taken, sign_request};
use crate::transaction::{Client, ClientInvite, ClientKey, Output};

/// "If a request is within 200 bytes of the path MTU, or if it is larger than 1300 bytes and the path MTU is unknown, the
/// request MUST be sent using an RFC 2914 congestion controlled transport protocol, such as TCP" (§18.1.1).
const LARGE: usize = 1_300;
/// About what our Via has.
const VIA: usize = 90;

/// A client transaction, the way of its request, and who waits for it.
#[derive(Debug)]
pub(super) struct ClientTransaction {
    machine: ClientMachine,
    flow: Flow,
    /// What is tried when this way leads nowhere.
    second: Option<Box<Second>>,
}

/// A request that is too large for its way has taken another: "If this causes a change in the transport protocol from
/// the one indicated in the top Via, the value in the top Via MUST be changed", and when the peer doesn't take it there,
/// "the element SHOULD retry the request, using UDP" (§18.1.1).
#[derive(Debug)]
struct Second {
    request: Request,
    flow: Flow,
}

#[derive(Debug)]
enum ClientMachine {
    Invite(Box<SentInvite>),
    Other(Box<SentRequest>),
}

#[derive(Debug)]
struct SentRequest {
    machine: Client,
    /// Taken by the final response, or the lack of one.
    waiter: Waiter,
}

/// Who wants to know what becomes of a request that isn't INVITE.
#[derive(Debug)]
pub(super) enum Waiter {
    Nobody,
    Application(RequestId),
    /// The session whose UPDATE it is.
    Session(SessionId),
    /// Whoever sends it again when it is challenged.
    Login(Box<Login>),
}

/// Whom the lack of a final response concerns.
#[derive(Debug)]
enum Unanswered {
    Nobody,
    Session(SessionId),
    Update(SessionId),
    Application(RequestId),
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
    pub(super) fn start_invite(&mut self, invite: Request, flow: Flow, session: SessionId, now: Instant) -> ClientKey {
        let (flow, second) = self.way_of(&invite, flow);
        self.send_invite(invite, flow, second, session, now)
    }

    fn send_invite(
        &mut self,
        mut invite: Request,
        flow: Flow,
        second: Option<Box<Second>>,
        session: SessionId,
        now: Instant,
    ) -> ClientKey {
        let key = self.put_via(&mut invite, flow);
        let machine = ClientInvite::new(invite, self.settings.timers, flow.protocol.is_reliable(), now);
        let sent = Box::new(SentInvite { machine, session, acks: Vec::new() });
        self.clients.insert(key, ClientTransaction { machine: ClientMachine::Invite(sent), flow, second });
        self.drain_client(key, now);
        key
    }

    /// Sends any other request.
    pub(super) fn start_request(&mut self, mut request: Request, flow: Flow, waiter: Waiter, now: Instant) {
        let (flow, second) = self.way_of(&request, flow);
        let key = self.put_via(&mut request, flow);
        self.start_client(key, &request, flow, second, waiter, now);
    }

    fn start_client(
        &mut self,
        key: ClientKey,
        request: &Request,
        flow: Flow,
        second: Option<Box<Second>>,
        waiter: Waiter,
        now: Instant,
    ) {
        let machine = Client::new(request.to_bytes(), self.settings.timers, flow.protocol.is_reliable(), now);
        let sent = Box::new(SentRequest { machine, waiter });
        self.clients.insert(key, ClientTransaction { machine: ClientMachine::Other(sent), flow, second });
        self.drain_client(key, now);
    }

    /// The way that a request takes which is to take `flow`, and what is left to try.
    fn way_of(&mut self, request: &Request, flow: Flow) -> (Flow, Option<Box<Second>>) {
        let flow = self.locate(flow);
        if flow.protocol == Protocol::Udp
            && request.room() + VIA > LARGE
            && self.settings.protocols.contains(&Protocol::Tcp)
            && let Some(stream) = (self.ways)(flow.peer, Protocol::Tcp)
        {
            return (stream, Some(Box::new(Second { request: request.clone(), flow })));
        }
        (flow, None)
    }

    /// Gives a way by another transport than the dialog's its local address.
    fn locate(&mut self, flow: Flow) -> Flow {
        if flow.local.port() != 0 {
            return flow;
        }
        (self.ways)(flow.peer, flow.protocol).unwrap_or(flow)
    }

    /// Sends CANCEL the way that its INVITE went.
    pub(super) fn cancel(&mut self, invite: ClientKey, reason: Option<&Reason>, now: Instant) {
        let Some(ClientTransaction { machine: ClientMachine::Invite(sent), flow, .. }) = self.clients.get_mut(&invite)
        else {
            return;
        };
        sent.machine.give_up(now);
        let (mut cancel, flow) = (sent.machine.cancel(reason), *flow);
        sign_request(&mut cancel, &self.settings);
        self.drain_client(invite, now);
        self.start_client(invite.cancel(), &cancel, flow, None, Waiter::Nobody, now);
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
        let flow = self.locate(flow);
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
        match &mut transaction.machine {
            ClientMachine::Other(sent) => {
                let up = sent.machine.handle_response(response.status, now);
                let over = up && !response.status.is_provisional();
                let waiter = if over { sent.take_waiter() } else { Waiter::Nobody };
                let flow = transaction.flow;
                self.drain_client(key, now);
                self.conclude(waiter, flow, response, now);
            }
            ClientMachine::Invite(sent) => {
                let up = sent.machine.handle_response(response, now).then_some(sent.session);
                self.drain_client(key, now);
                if let Some(session) = up {
                    self.handle_invite_answer(key, session, response, now);
                }
            }
        }
    }

    fn handle_invite_answer(&mut self, key: ClientKey, id: SessionId, response: &Response, now: Instant) {
        if response.status.is_success() {
            return self.handle_success(key, id, response, now);
        }
        if response.status == StatusCode::SESSION_INTERVAL_TOO_SMALL
            && let Some(ClientTransaction { machine: ClientMachine::Invite(sent), .. }) = self.clients.get(&key)
            && let Some(session) = self.sessions.get_mut(&id)
            && session.ask_for_longer(sent.machine.invite(), response)
        {
            return self.drain_session(id, now);
        }
        if let Some(session) = self.sessions.get_mut(&id) {
            if response.status.is_provisional() {
                session.handle_provisional(response);
            } else {
                session.handle_failure(response, &mut *self.random, now);
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
        let taken = match self.sessions.get_mut(&id) {
            Some(session) => session.handle_success(response, cseq, &mut *self.random, now),
            None => Taken::No,
        };
        self.drain_session(id, now);
        if taken == Taken::No {
            self.end_stray(key, id, response, cseq, now);
        }
    }

    /// "all but one of them ... terminate" (§13.2.2.4): a 2xx that no session takes is acknowledged, and its dialog
    /// ended by BYE unless it is one that has been ended already.
    fn end_stray(&mut self, key: ClientKey, id: SessionId, response: &Response, cseq: u32, now: Instant) {
        let Some(ClientTransaction { machine: ClientMachine::Invite(sent), flow, .. }) = self.clients.get(&key) else {
            return;
        };
        if sent.acks.len() > MAX_FORKS {
            return;
        }
        let invite = sent.machine.invite();
        let within = invite.headers.to_tag().ok().flatten().is_some();
        let Some(mut dialog) = Dialog::stray(invite, response) else { return };
        let flow = dialog.next_hop(*flow, &self.settings.protocols);
        let mut ack = dialog.request_numbered(Method::Ack, cseq);
        sign_request(&mut ack, &self.settings);
        copy_answers(&mut ack.headers, &invite.headers);
        self.acknowledge(key, ack, flow);
        if !within {
            let mut bye = dialog.request(Method::Bye);
            sign_request(&mut bye, &self.settings);
            if let Some(session) = self.sessions.get_mut(&id) {
                session.authorize(&mut bye);
            }
            self.start_request(bye, flow, Waiter::Nobody, now);
        }
    }

    /// The network says that the peer of `flow` can't be reached (ICMP, a failed send, a connection that could not be
    /// made or broke): client transactions that have heard nothing from it fail as if with 503 (§8.1.3.1), or take the
    /// second way that is left to them. Whatever has an answer already goes on.
    pub fn handle_transport_error(&mut self, flow: Flow, now: Instant) {
        let flow = flow.canonical();
        let unheard = |(key, transaction): (&ClientKey, &mut ClientTransaction)| {
            (transaction.flow.shares(&flow) && transaction.fail()).then_some(*key)
        };
        let failed: Vec<ClientKey> = self.clients.iter_mut().filter_map(unheard).collect();
        for key in failed {
            let Some(transaction) = self.clients.get_mut(&key) else { continue };
            if let Some(second) = transaction.second.take() {
                self.take_second(key, *second, now);
                continue;
            }
            let unanswered = transaction.unanswered();
            self.drain_client(key, now);
            self.no_response(unanswered, RefusalCause::Transport, now);
        }
    }

    /// Sends the request of a transaction that has failed along the other way.
    fn take_second(&mut self, failed: ClientKey, second: Second, now: Instant) {
        let Second { mut request, flow } = second;
        let Some(transaction) = self.clients.get_mut(&failed) else { return };
        match &mut transaction.machine {
            ClientMachine::Invite(sent) => {
                let id = sent.session;
                if self.sessions.contains_key(&id) {
                    let key = self.send_invite(request, flow, None, id, now);
                    if let Some(session) = self.sessions.get_mut(&id) {
                        session.sent_as(key);
                    }
                }
            }
            ClientMachine::Other(sent) => {
                let waiter = sent.take_waiter();
                let key = self.put_via(&mut request, flow);
                self.start_client(key, &request, flow, None, waiter, now);
            }
        }
        self.drain_client(failed, now);
    }

    fn no_response(&mut self, unanswered: Unanswered, cause: RefusalCause, now: Instant) {
        match (unanswered, cause) {
            (Unanswered::Nobody, _) => {}
            (Unanswered::Application(id), RefusalCause::Transport) => self.fail_request(id, Failure::Transport),
            (Unanswered::Application(id), RefusalCause::Timeout | RefusalCause::Response) => {
                self.fail_request(id, Failure::TimedOut);
            }
            (Unanswered::Update(id), _) => self.handle_update_answer(id, None, now),
            (Unanswered::Session(id), cause) => {
                if let Some(session) = self.sessions.get_mut(&id) {
                    session.handle_no_response(cause, now);
                }
                self.drain_session(id, now);
            }
        }
    }

    /// What became of a session's UPDATE.
    pub(super) fn handle_update_answer(&mut self, id: SessionId, response: Option<&Response>, now: Instant) {
        if let Some(session) = self.sessions.get_mut(&id) {
            session.handle_update_answer(response, &mut *self.random, now);
        }
        self.drain_session(id, now);
    }

    pub(super) fn wake_client(&mut self, key: ClientKey, now: Instant) {
        match self.clients.get_mut(&key).map(|transaction| &mut transaction.machine) {
            Some(ClientMachine::Invite(sent)) => sent.machine.handle_timeout(now),
            Some(ClientMachine::Other(sent)) => sent.machine.handle_timeout(now),
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
                    let unanswered = transaction.unanswered();
                    self.no_response(unanswered, RefusalCause::Timeout, now);
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
            Protocol::Tcp => Transport::Tcp,
        };
        let (host, port) = (Host::from(flow.local.ip()), flow.local.port());
        let mut via = Via::new(transport, host, Some(port), &key.branch().to_string());
        via.set_rport(Rport::Requested);
        request.headers.push_front(HeaderName::Via, &via);
        key
    }
}

impl SentRequest {
    fn take_waiter(&mut self) -> Waiter {
        std::mem::replace(&mut self.waiter, Waiter::Nobody)
    }
}

impl ClientTransaction {
    fn poll(&mut self) -> Output {
        match &mut self.machine {
            ClientMachine::Invite(sent) => sent.machine.poll(),
            ClientMachine::Other(sent) => sent.machine.poll(),
        }
    }

    fn fail(&mut self) -> bool {
        match &mut self.machine {
            ClientMachine::Invite(sent) => sent.machine.handle_transport_error(),
            ClientMachine::Other(sent) => sent.machine.handle_transport_error(),
        }
    }

    fn is_terminated(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(sent) => sent.machine.is_terminated(),
            ClientMachine::Other(sent) => sent.machine.is_terminated(),
        }
    }

    pub(super) fn is_unanswered(&self) -> bool {
        match &self.machine {
            ClientMachine::Invite(sent) => sent.machine.is_unanswered(),
            ClientMachine::Other(sent) => sent.machine.is_unanswered(),
        }
    }

    /// Whom it concerns that no final response comes.
    fn unanswered(&mut self) -> Unanswered {
        match &mut self.machine {
            ClientMachine::Invite(sent) => Unanswered::Session(sent.session),
            ClientMachine::Other(sent) => match sent.take_waiter() {
                Waiter::Application(id) => Unanswered::Application(id),
                Waiter::Session(id) => Unanswered::Update(id),
                Waiter::Nobody | Waiter::Login(_) => Unanswered::Nobody,
            },
        }
    }

    /// Is this the kind of transaction that a response with this CSeq method answers?
    pub(super) fn is_for(&self, method: &Method) -> bool {
        matches!(self.machine, ClientMachine::Invite(_)) == (*method == Method::Invite)
    }
}
