//! What can be wrong with a message, from the smallest thing to the largest.
//!
//! A [`Defect`] is in one value, a [`HeaderError`] says in which header field, a [`Fault`] makes the whole message
//! unusable, and a [`ParseError`] is a fault together with what is needed to answer it.

use super::name::HeaderName;
use super::request::Request;
use super::status::StatusCode;

/// What is wrong with one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// Nothing where something must be.
    #[error("is empty")]
    Empty,
    /// A quoted string without an end, or a quote where none may be.
    #[error("has an unbalanced quote")]
    Quote,
    /// An angle bracket without its partner, or text where none may be.
    #[error("has an unbalanced angle bracket or text around it")]
    Bracket,
    /// A display name that needs quotes and has none.
    #[error("has a display name that needs quotes")]
    DisplayName,
    /// A URI without a scheme, or with something that is none.
    #[error("has no URI scheme")]
    Scheme,
    /// A character that may not stand there.
    #[error("has a character that may not stand there")]
    Character,
    /// A host that is neither a name nor an address.
    #[error("has a bad host")]
    Host,
    /// A port that is no number or too large.
    #[error("has a bad port")]
    Port,
    /// A parameter without a name, or with a bad value.
    #[error("has a bad parameter")]
    Parameter,
    /// A number that is none, is negative, or doesn't fit.
    #[error("has a bad number")]
    Number,
    /// A word that isn't a token.
    #[error("is not a token")]
    Token,
    /// A Via that doesn't start with `SIP/version/transport`.
    #[error("has a bad protocol")]
    Protocol,
    /// A media type without a slash.
    #[error("is not a media type")]
    MediaType,
    /// `*` among other Contact values.
    #[error("mixes `*` with addresses")]
    Star,
    /// Longer than any use it could have.
    #[error("is too long")]
    TooLong,
}

/// What is wrong with one header field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// It must be there and isn't.
    #[error("{0} is missing")]
    Missing(HeaderName),
    /// It may stand once and stands again.
    #[error("{0} is repeated")]
    Repeated(HeaderName),
    /// Its value can't be read.
    #[error("{0} {1}")]
    Malformed(HeaderName, Defect),
}

/// Why a message can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Nothing but line breaks.
    #[error("empty message")]
    Empty,
    /// A first line that is neither a request line nor a status line.
    #[error("malformed start line")]
    StartLine,
    /// A Request-URI that can't be read.
    #[error("Request-URI {0}")]
    RequestUri(Defect),
    /// Another version than SIP/2.0.
    #[error("unsupported SIP version")]
    Version,
    /// A status code outside 100 to 699.
    #[error("status code out of range")]
    StatusCode,
    /// A header line without a name or a colon.
    #[error("malformed header line")]
    HeaderLine,
    /// A CR or a LF alone. It is refused, not forgiven: others on the path don't see a line end there.
    #[error("a CR or LF alone")]
    LoneLineBreak,
    /// The header fields never end.
    #[error("no empty line after the header fields")]
    NoEmptyLine,
    /// The body is shorter than Content-Length says (RFC 3261 §18.3).
    #[error("body has {present} of {declared} bytes")]
    ShortBody {
        /// What Content-Length says.
        declared: u64,
        /// What arrived.
        present: usize,
    },
    /// CSeq names another method than the request line (RFC 3261 §8.1.1.5).
    #[error("CSeq names another method than the request line")]
    MethodMismatch,
    /// A header field that every message must have is missing, repeated or malformed.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// More bytes than [`MAX_MESSAGE`](super::MAX_MESSAGE).
    #[error("message too large")]
    MessageTooLarge,
    /// More header fields than [`MAX_HEADERS`](super::MAX_HEADERS).
    #[error("too many header fields")]
    TooManyHeaders,
    /// A line longer than [`MAX_LINE`](super::MAX_LINE).
    #[error("a line is too long")]
    LineTooLong,
}

impl Fault {
    /// The status that answers a request with this fault.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Version => StatusCode::VERSION_NOT_SUPPORTED,
            Self::MessageTooLarge | Self::TooManyHeaders | Self::LineTooLong => StatusCode::MESSAGE_TOO_LARGE,
            Self::Empty
            | Self::StartLine
            | Self::RequestUri(_)
            | Self::StatusCode
            | Self::HeaderLine
            | Self::LoneLineBreak
            | Self::NoEmptyLine
            | Self::ShortBody { .. }
            | Self::MethodMismatch
            | Self::Header(_) => StatusCode::BAD_REQUEST,
        }
    }
}

/// A message that was refused, and the request to answer if there is enough of one.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{fault}")]
pub struct ParseError {
    fault: Fault,
    request: Option<Box<Request>>,
}

impl ParseError {
    pub(super) fn new(fault: Fault) -> Self {
        Self { fault, request: None }
    }

    pub(super) fn answer(fault: Fault, request: Box<Request>) -> Self {
        Self { fault, request: Some(request) }
    }

    /// What is wrong.
    pub fn fault(&self) -> &Fault {
        &self.fault
    }

    /// The status to answer with, if it is answered: 400, 505 or 513.
    pub fn status(&self) -> StatusCode {
        self.fault.status()
    }

    /// The broken request, when it can be answered with [`Response::to`](super::Response::to): its topmost Via can
    /// be read and it is no ACK. Other header fields may be missing or malformed, and its URI may be opaque.
    pub fn answerable(&self) -> Option<&Request> {
        self.request.as_deref()
    }

    /// As [`answerable`](Self::answerable), by value.
    pub fn into_answerable(self) -> Option<Box<Request>> {
        self.request
    }
}
