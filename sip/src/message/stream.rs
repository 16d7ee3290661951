//! Messages on a stream of bytes, TCP or TLS: RFC 3261 §18.3, with the keep-alives of RFC 5626 §3.5.1.
//!
//!   Between ──first byte of a message──► Head ──empty line──► Body ──last byte──► Between
//!    (CRLF: a keep-alive)                  └──── too long, or without an end ────► Broken
//!
//! Bytes come in as they arrive, in pieces of any size; [`Frame`]s come out, the same for any pieces. Every byte is
//! looked at a bounded number of times, and no more than [`StreamLimits::message`] of them are ever held. It is driven
//! by the connection's owner: [`Framer::push`], then [`Framer::poll`] until `None`.
//!
//! A message that can be cut out but not read is given as its [`ParseError`], and the stream goes on behind it.
//! Whatever leaves open where the next message starts breaks the stream: it has to be closed. So Content-Length is
//! needed ("The Content-Length header field MUST be used with stream oriented transports"), and two that differ break.
//!
//! Deviation: the first half of a ping can't be told from a pong until the rest comes, and a pong must not wait: CRLF
//! CRLF is given as [`Frame::Pong`] and [`Frame::Ping`]. Other line breaks and NULs between messages are skipped.

use bytes::{Buf, Bytes, BytesMut};

use super::error::ParseError;
use super::scan;
use super::{MAX_MESSAGE, Message};

#[cfg(test)]
mod tests;

/// How much of one message a stream may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// Start line and header fields with the empty line; 32 KiB by default.
    pub head: usize,
    /// Body; as much as a message may have by default.
    pub body: usize,
    /// Both together, and what is held at all; [`MAX_MESSAGE`] by default and at most.
    pub message: usize,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { head: 32_768, body: MAX_MESSAGE, message: MAX_MESSAGE }
    }
}

/// What a stream brought.
#[derive(Debug)]
pub enum Frame {
    /// A message, or why one can't be used.
    Message(Result<Message, ParseError>),
    /// A double CRLF: the peer wants a CRLF back.
    Ping,
    /// A CRLF: the peer lives.
    Pong,
    /// Nothing can be read any more: close the connection. It is said once.
    Broken(FramingError),
}

/// Why a stream can't be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FramingError {
    /// The header fields don't end.
    #[error("header fields longer than {limit} bytes")]
    HeadTooLong {
        /// [`StreamLimits::head`].
        limit: usize,
    },
    /// More body than is taken.
    #[error("a body of {declared} bytes is longer than {limit}")]
    BodyTooLong {
        /// What Content-Length says.
        declared: u64,
        /// What could be taken.
        limit: usize,
    },
    /// There is no Content-Length.
    #[error("a message on a stream without Content-Length")]
    NoContentLength,
    /// A Content-Length that is no number, or two that differ.
    #[error("a message with an unclear Content-Length")]
    BadContentLength,
}

/// Cuts a stream into messages.
#[derive(Debug)]
pub struct Framer {
    limits: StreamLimits,
    buffer: BytesMut,
    state: State,
    /// Bytes that the search for empty lines went over.
    #[cfg(test)]
    searched: usize,
}

#[derive(Debug, Clone, Copy)]
enum State {
    /// `ponged`: the byte before was the end of a lone CRLF.
    Between {
        ponged: bool,
    },
    /// So many bytes hold no empty line.
    Head {
        scanned: usize,
    },
    /// The message is so long.
    Body {
        len: usize,
    },
    Broken,
}

impl Framer {
    /// At the start of a stream.
    pub fn new(limits: StreamLimits) -> Self {
        // A CRLF must always fit, or nothing would ever get out.
        let message = limits.message.clamp(2, MAX_MESSAGE);
        let limits = StreamLimits { head: limits.head.min(message), message, ..limits };
        Self {
            limits,
            buffer: BytesMut::new(),
            state: State::Between { ponged: false },
            #[cfg(test)]
            searched: 0,
        }
    }

    /// Takes bytes as they arrived and says how many: less than all only when as much is held as may be, and then
    /// [`poll`](Self::poll) makes room for the rest. A broken stream takes all and keeps nothing.
    #[must_use = "what was not taken has to be pushed again"]
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        if matches!(self.state, State::Broken) {
            return bytes.len();
        }
        let room = self.limits.message.saturating_sub(self.buffer.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.buffer.extend_from_slice(taken);
        taken.len()
    }

    /// The next frame; `None` when more bytes have to come first.
    ///
    /// Messages are slices of what was pushed: `detach` what is kept.
    pub fn poll(&mut self) -> Option<Frame> {
        let mut frame = None;
        while frame.is_none() {
            let stepped = match self.state {
                State::Between { ponged } => self.between(ponged, &mut frame),
                State::Head { scanned } => self.head(scanned),
                State::Body { len } => self.body(len, &mut frame),
                State::Broken => return None,
            };
            match stepped {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    self.state = State::Broken;
                    self.buffer = BytesMut::new();
                    return Some(Frame::Broken(error));
                }
            }
        }
        if self.buffer.is_empty() {
            // An idle connection holds no memory, and what was read none of the buffer's.
            self.buffer = BytesMut::new();
        }
        frame
    }

    /// How many bytes of an unfinished message are held: while it isn't 0 a peer that sends nothing is too slow.
    pub fn held(&self) -> usize {
        self.buffer.len()
    }

    /// Takes what stands before a message; false when more has to come first.
    fn between(&mut self, ponged: bool, frame: &mut Option<Frame>) -> Result<bool, FramingError> {
        match self.buffer.as_ref() {
            [] | [b'\r'] => return Ok(false),
            [b'\r', b'\n', ..] => {
                self.buffer.advance(2);
                self.state = State::Between { ponged: !ponged };
                *frame = Some(if ponged { Frame::Ping } else { Frame::Pong });
            }
            [b'\r' | b'\n' | 0, ..] => {
                self.buffer.advance(1);
                self.state = State::Between { ponged: false };
            }
            [_, ..] => self.state = State::Head { scanned: 0 },
        }
        Ok(true)
    }

    /// Looks for the empty line, and for how much follows it.
    fn head(&mut self, scanned: usize) -> Result<bool, FramingError> {
        let limit = self.limits.head;
        let from = scanned.saturating_sub(3);
        let unseen = self.buffer.get(from..).unwrap_or_default();
        #[cfg(test)]
        {
            self.searched += unseen.len();
        }
        let found = memchr::memmem::find(unseen, b"\r\n\r\n");
        let Some(head) = found.map(|at| from + at + 4) else {
            self.state = State::Head { scanned: self.buffer.len() };
            return if self.buffer.len() >= limit { Err(FramingError::HeadTooLong { limit }) } else { Ok(false) };
        };
        if head > limit {
            return Err(FramingError::HeadTooLong { limit });
        }
        let declared = content_length(self.buffer.get(..head).unwrap_or_default())?;
        let limit = self.limits.body.min(self.limits.message - head);
        match usize::try_from(declared) {
            Ok(body) if body <= limit => self.state = State::Body { len: head + body },
            Ok(_) | Err(_) => return Err(FramingError::BodyTooLong { declared, limit }),
        }
        Ok(true)
    }

    fn body(&mut self, len: usize, frame: &mut Option<Frame>) -> Result<bool, FramingError> {
        if self.buffer.len() < len {
            return Ok(false);
        }
        let message: Bytes = self.buffer.split_to(len).freeze();
        self.state = State::Between { ponged: false };
        *frame = Some(Frame::Message(Message::parse_datagram(message)));
        Ok(true)
    }
}

impl Default for Framer {
    fn default() -> Self {
        Self::new(StreamLimits::default())
    }
}

/// What the Content-Length in a head says, in any spelling, long or compact, folded or not.
fn content_length(head: &[u8]) -> Result<u64, FramingError> {
    let mut length = None;
    let mut rest = head;
    while let Some(end) = field_len(rest) {
        let (field, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
        rest = after;
        let Some((name, value)) = scan::split_once(field, b':') else { continue };
        let name = name.trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"Content-Length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let value = scan::decimal(scan::trim(value)).ok_or(FramingError::BadContentLength)?;
        if length.is_some_and(|length| length != value) {
            return Err(FramingError::BadContentLength);
        }
        length = Some(value);
    }
    length.ok_or(FramingError::NoContentLength)
}

/// The length of the first line with the lines that continue it; none at the empty line.
fn field_len(bytes: &[u8]) -> Option<usize> {
    let mut lines = memchr::memmem::find_iter(bytes, b"\r\n").peekable();
    if lines.peek() == Some(&0) {
        return None;
    }
    lines.map(|at| at + 2).find(|&next| !matches!(bytes.get(next), Some(b' ' | b'\t')))
}
