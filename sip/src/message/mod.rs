//! SIP messages: RFC 3261 §7, §18.3, §19, §20 and §25.
//!
//! Tolerant in what is read, lossless in what is passed on, and lazily typed: reading a datagram cuts it at its joints
//! and checks what every transaction needs; each header field is read as what it means when somebody asks. All parts
//! are slices of the receive buffer, so whatever outlives a transaction is copied out with its `detach`.
//!
//! ```
//! # use talkpath_sip::message::*;
//! let invite = Request::new(Method::Invite, "sip:bot@example.com".parse()?);
//! assert!(invite.to_bytes().starts_with(b"INVITE sip:bot@example.com SIP/2.0\r\n"));
//! # Ok::<(), Defect>(())
//! ```

mod error;
mod headers;
mod host;
mod list;
mod method;
mod name;
mod name_addr;
mod params;
mod parse;
mod print;
mod request;
mod response;
mod scan;
mod status;
mod stream;
mod text;
mod typed;
mod uri;
mod values;
mod via;

use bytes::Bytes;

pub use error::{Defect, Fault, HeaderError, ParseError};
pub use headers::Headers;
pub use host::Host;
pub use method::Method;
pub use name::HeaderName;
pub use name_addr::NameAddr;
pub use params::Params;
pub use request::Request;
pub use response::Response;
pub use status::StatusCode;
pub use stream::{Frame, Framer, FramingError, StreamLimits};
pub use text::{Text, Token};
pub use uri::{Scheme, Uri};
pub use values::{CSeq, Contacts, MediaType, Reason, Refresher, RetryAfter, SessionExpires};
pub use via::{Rport, Transport, Via};

/// No message is longer: what one UDP datagram can hold.
pub const MAX_MESSAGE: usize = 65_535;
/// No message has more header fields.
pub const MAX_HEADERS: usize = 256;
/// No start line and no header field, folds and all, is longer.
pub const MAX_LINE: usize = 8_192;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

impl Message {
    /// Reads one datagram (RFC 3261 §18.3): leading line breaks are skipped, the body is as long as Content-Length
    /// says or else the rest, and what follows it is dropped.
    pub fn parse_datagram(data: Bytes) -> Result<Self, ParseError> {
        parse::datagram(data)
    }

    /// Its header fields.
    pub fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// Its header fields, to change.
    pub fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Self::Request(request) => &mut request.headers,
            Self::Response(response) => &mut response.headers,
        }
    }

    /// Its body.
    pub fn body(&self) -> &Bytes {
        match self {
            Self::Request(request) => &request.body,
            Self::Response(response) => &response.body,
        }
    }

    /// The message as it travels.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Self::Request(request) => request.to_bytes(),
            Self::Response(response) => response.to_bytes(),
        }
    }

    /// A copy that doesn't hold the buffer this was read from.
    #[must_use]
    pub fn detach(&self) -> Self {
        match self {
            Self::Request(request) => Self::Request(request.detach()),
            Self::Response(response) => Self::Response(response.detach()),
        }
    }
}

impl From<Request> for Message {
    fn from(request: Request) -> Self {
        Self::Request(request)
    }
}

impl From<Response> for Message {
    fn from(response: Response) -> Self {
        Self::Response(response)
    }
}

/// Whether a datagram only keeps a NAT binding open: line breaks and NULs, or nothing (RFC 5626 §3.5.1 and habit).
pub fn is_keep_alive(data: &[u8]) -> bool {
    data.iter().all(|b| matches!(b, b'\r' | b'\n' | 0))
}
