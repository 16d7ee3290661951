//! Reading a datagram: RFC 3261 §7, §18.3, with the torture tests of RFC 4475 in mind.
//!
//!   bytes ──start line──► ──header lines──► Headers ──Content-Length──► body ──gate──► Message
//!
//! The head is walked to its end even after a fault, so that a broken request can still be answered. The gate reads
//! what every transaction needs (Via, From, To, Call-ID, CSeq, and the addresses that make a dialog); all else is
//! read when somebody asks for it.
//!
//! Deviations: "SIP/2.0 100" without the space before an empty reason is taken. A CR or LF alone is refused: others
//! on the path don't see a line end there, so what follows could be a header field that only we see.

use bytes::Bytes;

use super::error::{Fault, ParseError};
use super::headers::{Headers, Span};
use super::method::Method;
use super::name::HeaderName;
use super::request::Request;
use super::response::Response;
use super::scan;
use super::status::StatusCode;
use super::text::Text;
use super::uri::Uri;
use super::{MAX_HEADERS, MAX_LINE, MAX_MESSAGE, Message};

pub(super) fn datagram(data: Bytes) -> Result<Message, ParseError> {
    if data.len() > MAX_MESSAGE {
        return Err(ParseError::new(Fault::MessageTooLarge));
    }
    let leading = data.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
    let text = Text::from(data.slice(leading..));
    let head = Head::read(&text)?;
    if head.start.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(b"SIP/")) {
        let response = status_line(&text, head).map_err(ParseError::new)?;
        return Ok(Message::Response(response));
    }
    request_line(&text, head).map(Message::Request)
}

/// A message cut at its joints.
struct Head<'a> {
    start: &'a [u8],
    headers: Headers,
    /// What follows the empty line.
    rest: &'a [u8],
    fault: Option<Fault>,
}

/// One line without its end, and where the next one starts; `None` at the end of the bytes.
fn line(bytes: &[u8], start: usize, fault: &mut Option<Fault>) -> Option<(usize, usize)> {
    let rest = bytes.get(start..)?;
    let Some(len) = memchr::memchr2(b'\r', b'\n', rest) else {
        return (!rest.is_empty()).then_some((bytes.len(), bytes.len()));
    };
    let end = start + len;
    if rest.get(len..len + 2) == Some(b"\r\n") {
        return Some((end, end + 2));
    }
    fault.get_or_insert(Fault::LoneLineBreak);
    Some((end, end + 1))
}

impl<'a> Head<'a> {
    fn read(text: &'a Text) -> Result<Self, ParseError> {
        let bytes = text.as_bytes();
        let mut fault = None;
        let Some((end, next)) = line(bytes, 0, &mut fault) else {
            return Err(ParseError::new(Fault::Empty));
        };
        if end > MAX_LINE {
            return Err(ParseError::new(Fault::LineTooLong));
        }
        let headers = Headers::of(text.clone());
        let mut head = Self { start: bytes.get(..end).unwrap_or_default(), headers, rest: b"", fault };
        head.read_fields(text, next);
        Ok(head)
    }

    fn read_fields(&mut self, text: &'a Text, mut start: usize) {
        let bytes = text.as_bytes();
        loop {
            let Some((mut end, mut next)) = line(bytes, start, &mut self.fault) else {
                self.fault.get_or_insert(Fault::NoEmptyLine);
                return;
            };
            if end == start {
                self.rest = bytes.get(next..).unwrap_or_default();
                return;
            }
            let mut folded = false;
            while matches!(bytes.get(next), Some(b' ' | b'\t'))
                && let Some(continuation) = line(bytes, next, &mut self.fault)
            {
                (end, next) = continuation;
                folded = true;
            }
            if let Err(fault) = self.read_field(text, (start, end, next), folded) {
                self.fault.get_or_insert(fault);
            }
            if self.headers.len() > MAX_HEADERS {
                self.fault.get_or_insert(Fault::TooManyHeaders);
                return;
            }
            start = next;
        }
    }

    /// Reads the field whose lines lie at `start..end`, and with their line end at `start..next`.
    fn read_field(
        &mut self,
        text: &Text,
        (start, end, next): (usize, usize, usize),
        folded: bool,
    ) -> Result<(), Fault> {
        let lines = text.as_bytes().get(start..end).unwrap_or_default();
        if lines.len() > MAX_LINE {
            return Err(Fault::LineTooLong);
        }
        let len = lines.iter().take_while(|&&b| scan::is_token_byte(b)).count();
        let (name, rest) = lines.split_at_checked(len).ok_or(Fault::HeaderLine)?;
        let [b':', value @ ..] = skip_space(rest) else { return Err(Fault::HeaderLine) };
        let name = HeaderName::read(text, name).ok_or(Fault::HeaderLine)?;
        let value = if folded { Err(unfold(value)) } else { Ok(trimmed(start + lines.len() - value.len(), value)) };
        self.headers.push_received(name, value, Span::new(start, next));
        Ok(())
    }
}

/// Where a value that lies at `start` lies without the white space around it.
fn trimmed(start: usize, value: &[u8]) -> Span {
    let leading = value.iter().take_while(|&&b| scan::is_space(b)).count();
    let len = scan::trim(value).len();
    Span::new(start + leading, start + leading + len)
}

/// HCOLON's white space; a line break before the colon is no header line (RFC 3261 §25.1).
fn skip_space(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    bytes
}

/// "Any LWS ... may be replaced with a single SP" (RFC 3261 §7.3.1).
fn unfold(value: &[u8]) -> Text {
    let mut out = Vec::with_capacity(value.len());
    for part in value.split(|&b| matches!(b, b'\r' | b'\n')).map(scan::trim).filter(|part| !part.is_empty()) {
        if !out.is_empty() {
            out.push(b' ');
        }
        out.extend_from_slice(part);
    }
    out.into()
}

/// `Method SP Request-URI SP SIP-Version`, with single spaces and nothing around (RFC 3261 §7.1).
fn request_line(text: &Text, head: Head<'_>) -> Result<Request, ParseError> {
    let (method, rest) = scan::split_once(head.start, b' ').unwrap_or((head.start, b""));
    let Some(method) = Method::read(text, method) else {
        return Err(ParseError::new(Fault::StartLine));
    };
    let (uri, version) = match memchr::memrchr(b' ', rest).and_then(|at| rest.split_at_checked(at)) {
        Some((uri, version)) => (uri, scan::trim(version)),
        None => (rest, b"".as_slice()),
    };
    let (uri, uri_fault) = match Uri::parse(text.sub(uri)) {
        Ok(uri) if uri.has_headers() => (uri, Some(Fault::RequestUri(super::Defect::Character))),
        Ok(uri) => (uri, None),
        Err(defect) => (Uri::opaque(text.sub(uri)), Some(Fault::RequestUri(defect))),
    };
    let (body, body_fault) = body(&head.headers, head.rest);
    let mut request = Request { method, uri, headers: head.headers, body: text.sub(body).into_bytes() };
    let fault = version_fault(version).or(uri_fault).or(head.fault).or(body_fault).or_else(|| gate(&request).err());
    match fault {
        None => Ok(request),
        Some(fault) if request.method == Method::Ack || request.headers.via().is_err() => Err(ParseError::new(fault)),
        Some(fault) => {
            request.body = Bytes::new();
            Err(ParseError::answer(fault, Box::new(request)))
        }
    }
}

fn version_fault(version: &[u8]) -> Option<Fault> {
    if version.eq_ignore_ascii_case(b"SIP/2.0") {
        return None;
    }
    let (name, number) = scan::split_once(version, b'/').unwrap_or((version, b""));
    let (major, minor) = scan::split_once(number, b'.').unwrap_or((number, b""));
    let digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
    let other = name.eq_ignore_ascii_case(b"SIP") && digits(major) && digits(minor);
    Some(if other { Fault::Version } else { Fault::StartLine })
}

/// `SIP-Version SP Status-Code SP Reason-Phrase` (RFC 3261 §7.2).
fn status_line(text: &Text, head: Head<'_>) -> Result<Response, Fault> {
    let (version, rest) = scan::split_once(head.start, b' ').ok_or(Fault::StartLine)?;
    if let Some(fault) = version_fault(version) {
        return Err(fault);
    }
    let (code, reason) = scan::split_once(rest, b' ').unwrap_or((rest, b""));
    let code = scan::decimal_u16(code).filter(|_| code.len() == 3).ok_or(Fault::StatusCode)?;
    let status = StatusCode::new(code).ok_or(Fault::StatusCode)?;
    if let Some(fault) = head.fault {
        return Err(fault);
    }
    let (body, body_fault) = body(&head.headers, head.rest);
    if let Some(fault) = body_fault {
        return Err(fault);
    }
    head.headers.check()?;
    Ok(Response { status, reason: text.sub(reason), headers: head.headers, body: text.sub(body).into_bytes() })
}

/// "If there are additional bytes in the transport packet beyond the end of the body, they MUST be discarded"; a body
/// that is too short is an error; without Content-Length the body ends with the packet (RFC 3261 §18.3).
fn body<'a>(headers: &Headers, rest: &'a [u8]) -> (&'a [u8], Option<Fault>) {
    match headers.content_length() {
        Ok(None) => (rest, None),
        Ok(Some(declared)) => match usize::try_from(declared).ok().and_then(|len| rest.get(..len)) {
            Some(body) => (body, None),
            None => (b"", Some(Fault::ShortBody { declared, present: rest.len() })),
        },
        Err(error) => (b"", Some(error.into())),
    }
}

/// What must be right in every request.
fn gate(request: &Request) -> Result<(), Fault> {
    if request.headers.check()? == request.method { Ok(()) } else { Err(Fault::MethodMismatch) }
}
