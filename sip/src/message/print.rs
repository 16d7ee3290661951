//! Printing: RFC 3261 §7. Header fields that were received and not touched are printed as they came.
//!
//! Content-Length always tells the truth: a wrong one is corrected where it stands, a missing one is put at the end.

use std::io::Write;

use bytes::Bytes;

use super::headers::Headers;
use super::name::HeaderName;
use super::request::Request;
use super::response::Response;
use super::scan;

pub(super) fn request(request: &Request) -> Bytes {
    let mut out = buffer(&request.headers, &request.body, request.uri.as_bytes().len());
    out.extend_from_slice(request.method.as_bytes());
    out.push(b' ');
    out.extend_from_slice(request.uri.as_bytes());
    out.extend_from_slice(b" SIP/2.0\r\n");
    finish(out, &request.headers, &request.body)
}

pub(super) fn response(response: &Response) -> Bytes {
    let mut out = buffer(&response.headers, &response.body, response.reason.len());
    out.extend_from_slice(b"SIP/2.0 ");
    number(&mut out, response.status.code().into());
    out.push(b' ');
    out.extend_from_slice(response.reason.clone().one_line().as_bytes());
    out.extend_from_slice(b"\r\n");
    finish(out, &response.headers, &response.body)
}

/// How many bytes a request has about, and never more than that.
pub(super) fn request_len(request: &Request) -> usize {
    room(&request.headers, &request.body, request.uri.as_bytes().len())
}

/// Large enough for all that follows.
fn buffer(headers: &Headers, body: &Bytes, start_line: usize) -> Vec<u8> {
    Vec::with_capacity(room(headers, body, start_line))
}

fn room(headers: &Headers, body: &Bytes, start_line: usize) -> usize {
    let field = |(name, value, lines): (&HeaderName, &[u8], Option<&[u8]>)| {
        lines.map_or_else(|| name.as_str().len() + value.len() + 4, <[u8]>::len)
    };
    headers.lines().map(field).sum::<usize>() + body.len() + start_line + 96
}

fn finish(mut out: Vec<u8>, headers: &Headers, body: &Bytes) -> Bytes {
    let mut length_done = false;
    for (name, value, lines) in headers.lines() {
        if *name == HeaderName::ContentLength {
            if length_done {
                continue;
            }
            length_done = true;
            if scan::decimal(value) != u64::try_from(body.len()).ok() {
                content_length(&mut out, body.len());
                continue;
            }
        }
        match lines {
            Some(lines) => out.extend_from_slice(lines),
            None => {
                out.extend_from_slice(name.as_str().as_bytes());
                out.extend_from_slice(b": ");
                out.extend_from_slice(value);
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    if !length_done {
        content_length(&mut out, body.len());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out.into()
}

fn content_length(out: &mut Vec<u8>, len: usize) {
    out.extend_from_slice(b"Content-Length: ");
    number(out, len);
    out.extend_from_slice(b"\r\n");
}

fn number(out: &mut Vec<u8>, number: usize) {
    // Writing to a Vec can't fail.
    drop(write!(out, "{number}"));
}
