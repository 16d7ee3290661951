//! Server transactions in the user agent: finding, starting and answering them (RFC 3261 §17.2.3).

use std::collections::HashMap;
use std::time::Instant;

use bytes::Bytes;

use super::{Flow, Machine, Settings, UserAgent};
use crate::message::{Method, Request, StatusCode};
use crate::session::{SessionId, TransactionId};
use crate::transaction::{MergeKey, Output, Server, ServerInvite, ServerKey};

/// Every server transaction, by name and by what requests call it.
#[derive(Debug, Default)]
pub(super) struct Servers {
    all: HashMap<TransactionId, ServerTransaction>,
    by_key: HashMap<ServerKey, TransactionId>,
    /// First INVITEs that are under way, by what copies of them have in common (§8.2.2.2).
    merges: HashMap<MergeKey, TransactionId>,
    last: u64,
}

/// A server transaction and the way of its responses.
#[derive(Debug)]
pub(super) struct ServerTransaction {
    machine: ServerMachine,
    flow: Flow,
    key: ServerKey,
    merge: Option<MergeKey>,
    /// Whose INVITE it is.
    pub(super) session: Option<SessionId>,
}

#[derive(Debug)]
enum ServerMachine {
    Invite(ServerInvite),
    Other(Server),
}

impl Servers {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn find(&self, key: &ServerKey) -> Option<TransactionId> {
        self.by_key.get(key).copied()
    }

    pub(super) fn get_mut(&mut self, id: TransactionId) -> Option<&mut ServerTransaction> {
        self.all.get_mut(&id)
    }

    /// Is this a copy of a request under way that has taken another path? Its own transaction has been looked for.
    pub(super) fn is_merged(&self, request: &Request) -> bool {
        MergeKey::of(request).is_some_and(|key| self.merges.contains_key(&key))
    }

    /// Begins the transaction of `request`, whose responses go along `flow`.
    pub(super) fn start(
        &mut self,
        key: ServerKey,
        request: &Request,
        flow: Flow,
        session: Option<SessionId>,
        settings: &Settings,
    ) -> TransactionId {
        self.last += 1;
        let (id, reliable) = (TransactionId(self.last), flow.protocol.is_reliable());
        let invite = request.method == Method::Invite;
        let first = invite && request.headers.to_tag().is_ok_and(|tag| tag.is_none());
        let merge = if first { MergeKey::of(request) } else { None };
        let machine = if invite {
            ServerMachine::Invite(ServerInvite::new(settings.timers, reliable))
        } else {
            ServerMachine::Other(Server::new(settings.timers, reliable))
        };
        if let Some(merge) = &merge {
            self.merges.insert(merge.clone(), id);
        }
        self.by_key.insert(key.clone(), id);
        self.all.insert(id, ServerTransaction { machine, flow, key, merge, session });
        id
    }

    fn remove(&mut self, id: TransactionId) {
        let Some(transaction) = self.all.remove(&id) else { return };
        self.by_key.remove(&transaction.key);
        if let Some(merge) = transaction.merge {
            self.merges.remove(&merge);
        }
    }
}

impl UserAgent {
    /// Sends a response by its transaction.
    pub(super) fn respond_by(&mut self, id: TransactionId, status: StatusCode, response: Bytes, now: Instant) {
        match self.servers.get_mut(id).map(|transaction| &mut transaction.machine) {
            Some(ServerMachine::Invite(machine)) => machine.respond(status, response, now),
            Some(ServerMachine::Other(machine)) => machine.respond(response, now),
            None => {}
        }
        self.drain_server(id);
    }

    /// A request has come again.
    pub(super) fn handle_retransmission(&mut self, id: TransactionId) {
        match self.servers.get_mut(id).map(|transaction| &mut transaction.machine) {
            Some(ServerMachine::Invite(machine)) => machine.handle_retransmission(),
            Some(ServerMachine::Other(machine)) => machine.handle_retransmission(),
            None => {}
        }
        self.drain_server(id);
    }

    /// An ACK with the branch of this transaction; true when it was the ACK of a non-2xx.
    pub(super) fn absorb_ack(&mut self, id: TransactionId, now: Instant) -> bool {
        let absorbed = match self.servers.get_mut(id).map(|transaction| &mut transaction.machine) {
            Some(ServerMachine::Invite(machine)) => machine.handle_ack(now),
            Some(ServerMachine::Other(_)) | None => false,
        };
        self.drain_server(id);
        absorbed
    }

    pub(super) fn wake_server(&mut self, id: TransactionId, now: Instant) {
        match self.servers.get_mut(id).map(|transaction| &mut transaction.machine) {
            Some(ServerMachine::Invite(machine)) => machine.handle_timeout(now),
            Some(ServerMachine::Other(machine)) => machine.handle_timeout(now),
            None => {}
        }
        self.drain_server(id);
    }

    fn drain_server(&mut self, id: TransactionId) {
        while let Some(transaction) = self.servers.get_mut(id) {
            let (flow, output, over) = transaction.poll();
            match output {
                Output::Transmit(message) => self.transmit(flow, message),
                // Timer H: the session of a refused INVITE is over already.
                Output::TimedOut => {}
                Output::Timeout(at) => {
                    self.wake_ups.set(Machine::Server(id), at);
                    if over {
                        self.servers.remove(id);
                    }
                    return;
                }
            }
        }
    }
}

impl ServerTransaction {
    fn poll(&mut self) -> (Flow, Output, bool) {
        let (output, over) = match &mut self.machine {
            ServerMachine::Invite(machine) => (machine.poll(), machine.is_terminated()),
            ServerMachine::Other(machine) => (machine.poll(), machine.is_terminated()),
        };
        (self.flow, output, over)
    }
}
