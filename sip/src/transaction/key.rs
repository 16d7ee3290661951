//! How responses and requests find their transactions: RFC 3261 §17.1.3 and §17.2.3.

use std::fmt;
use std::sync::Arc;

use crate::dialog::parse_hex;
use crate::message::{Method, Request};

/// What a branch of RFC 3261 starts with (§8.1.1.7).
const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

/// A client transaction: our branch, which no other of ours has, and whether it is the CANCEL that shares its INVITE's
/// branch (§9.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientKey {
    branch: u64,
    cancel: bool,
}

impl ClientKey {
    /// The key of a new transaction, of 64 random bits.
    pub fn new(branch: u64) -> Self {
        Self { branch, cancel: false }
    }

    /// The CANCEL of this INVITE.
    #[must_use]
    pub fn cancel(self) -> Self {
        Self { cancel: true, ..self }
    }

    /// The key of the transaction that a response with this branch and this CSeq method answers; `None` when no
    /// branch of ours looks like it.
    pub fn parse(branch: &[u8], method: &Method) -> Option<Self> {
        let digits = branch.strip_prefix(MAGIC_COOKIE)?;
        Some(Self { branch: parse_hex(digits)?, cancel: *method == Method::Cancel })
    }

    /// The branch parameter.
    pub fn branch(self) -> Branch {
        Branch(self.branch)
    }
}

/// Prints as a Via's branch.
#[derive(Debug, Clone, Copy)]
pub struct Branch(u64);

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "z9hG4bK{:016x}", self.0)
    }
}

/// A server transaction, as requests name it.
///
/// With a branch of RFC 3261: branch, `sent-by` and method, where ACK counts as INVITE. Without (an RFC 2543 peer):
/// Request-URI, From tag, Call-ID, CSeq number, topmost Via and method; the To tag is left out, as the rest already
/// tells transactions of one peer apart and the tag of the ACK is one that we have made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ServerKey(Arc<[u8]>);

impl ServerKey {
    /// The transaction that this request belongs to; its topmost Via must be as it came. `None` without a Via.
    pub fn of(request: &Request) -> Option<Self> {
        let method = if request.method == Method::Ack { &Method::Invite } else { &request.method };
        Self::as_method(request, method)
    }

    /// The INVITE transaction that this CANCEL means (§9.2).
    pub fn cancelled_by(cancel: &Request) -> Option<Self> {
        Self::as_method(cancel, &Method::Invite)
    }

    fn as_method(request: &Request, method: &Method) -> Option<Self> {
        let via = request.headers.via().ok()?;
        let mut key = Vec::with_capacity(128);
        let mut add = |part: &[u8]| {
            key.extend_from_slice(part);
            key.push(0);
        };
        add(method.as_bytes());
        match via.branch().filter(|branch| branch.as_bytes().starts_with(MAGIC_COOKIE)) {
            Some(branch) => {
                add(branch.as_bytes());
                add(via.host().to_string().to_ascii_lowercase().as_bytes());
                add(&via.port().unwrap_or_default().to_be_bytes());
            }
            None => {
                add(request.uri.as_bytes());
                add(request.headers.from_tag().ok()?.unwrap_or_default().as_bytes());
                add(request.headers.call_id().ok()?.as_bytes());
                add(&request.headers.cseq().ok()?.number.to_be_bytes());
                add(via.to_text().as_bytes());
            }
        }
        Some(Self(key.into()))
    }
}

/// What copies of one request have in common that reach us over different paths (§8.2.2.2): From tag, Call-ID and CSeq.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct MergeKey(Arc<[u8]>);

impl MergeKey {
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let cseq = request.headers.cseq().ok()?;
        let tag = request.headers.from_tag().ok()?.unwrap_or_default();
        let parts = [tag.as_bytes(), request.headers.call_id().ok()?.as_bytes(), cseq.method.as_bytes()].join(&0u8);
        Some(Self([&parts[..], &cseq.number.to_be_bytes()].concat().into()))
    }
}
