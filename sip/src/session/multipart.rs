//! Bodies of several parts: RFC 2046 §5.1, which every user agent must understand (RFC 5621 §3.1).
//!
//! One pass from the first byte to the last, and at most [`MAX_PARTS`] parts. What a part's header fields say is read
//! with the types of the message's own; only those that describe content are kept.
//!
//! Deviations: a part that the end of the body cuts off is taken, and line ends may be bare LFs.

use memchr::memmem;

use crate::message::{HeaderName, Headers};

/// More parts than any message has; those after are not looked at.
const MAX_PARTS: usize = 16;

/// "Boundary delimiters must not be longer than 70 characters" (RFC 2046 §5.1.1).
const MAX_BOUNDARY: usize = 70;

/// One part.
#[derive(Debug)]
pub(super) struct Part<'a> {
    /// Its Content-Type and what else describes its content.
    pub(super) headers: Headers,
    pub(super) body: &'a [u8],
}

/// The parts of `body`, in their order; none without a usable boundary.
pub(super) fn parts<'a>(boundary: &[u8], body: &'a [u8]) -> Vec<Part<'a>> {
    if boundary.is_empty() || boundary.len() > MAX_BOUNDARY {
        return Vec::new();
    }
    let delimiter = [b"--", boundary].concat();
    let mut parts = Vec::new();
    let mut start = None;
    for at in memmem::find_iter(body, &delimiter) {
        let Some((before, line)) = body.split_at_checked(at) else { break };
        let rest = line.get(delimiter.len()..).unwrap_or_default();
        let Some(next) = Delimiter::read(before, rest) else { continue };
        if let Some(start) = start {
            parts.push(Part::read(without_line_end(body.get(start..at).unwrap_or_default())));
        }
        start = match next {
            Delimiter::Close => None,
            Delimiter::Open { line_end } => Some(at + delimiter.len() + line_end),
        };
        if start.is_none() || parts.len() >= MAX_PARTS {
            return parts;
        }
    }
    parts.extend(start.and_then(|start| body.get(start..)).map(Part::read));
    parts
}

/// What stands behind the boundary's name, at the beginning of a line.
enum Delimiter {
    /// `--`: the last.
    Close,
    /// Nothing but white space up to the end of the line, so many bytes from here.
    Open { line_end: usize },
}

impl Delimiter {
    /// `None` when it is the text of a part, or a longer name that begins with ours.
    fn read(before: &[u8], rest: &[u8]) -> Option<Self> {
        if !matches!(before.last(), None | Some(b'\n')) {
            return None;
        }
        if rest.starts_with(b"--") {
            return Some(Self::Close);
        }
        let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        (rest.get(blank) == Some(&b'\n')).then_some(Self::Open { line_end: blank + 1 })
    }
}

impl<'a> Part<'a> {
    /// Header fields up to an empty line, then the body. A part may have no header fields at all.
    fn read(raw: &'a [u8]) -> Self {
        let mut part = Self { headers: Headers::new(), body: raw };
        let mut field: Vec<u8> = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', part.body) {
            let (line, rest) = part.body.split_at_checked(end + 1).unwrap_or_default();
            let line = without_line_end(line);
            part.body = rest;
            if !matches!(line.first(), Some(b' ' | b'\t')) {
                part.take(&field);
                field.clear();
            }
            if line.is_empty() {
                return part;
            }
            field.extend_from_slice(line);
        }
        // No empty line: header fields alone.
        field.extend_from_slice(part.body);
        part.take(&field);
        part.body = b"";
        part
    }

    fn take(&mut self, field: &[u8]) {
        let Some(colon) = memchr::memchr(b':', field) else { return };
        let (name, value) = (field.get(..colon).unwrap_or_default(), field.get(colon + 1..).unwrap_or_default());
        let (Some(name), value) = (HeaderName::new(name.trim_ascii()), value.trim_ascii()) else { return };
        let described =
            matches!(name, HeaderName::ContentType | HeaderName::ContentDisposition | HeaderName::ContentEncoding);
        if described {
            self.headers.push(name, value);
        } else if name.is("Content-Transfer-Encoding") && !is_plain(value) {
            // What MIME calls an encoding for transport is a coding like any other to who can't undo it.
            self.headers.push(HeaderName::ContentEncoding, value);
        }
    }
}

/// RFC 2045 §6.2: these say that nothing was done to the bytes.
fn is_plain(encoding: &[u8]) -> bool {
    [&b"7bit"[..], b"8bit", b"binary"].iter().any(|plain| encoding.eq_ignore_ascii_case(plain))
}

/// "The CRLF preceding the boundary delimiter line is conceptually attached to the boundary."
fn without_line_end(bytes: &[u8]) -> &[u8] {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.strip_suffix(b"\r").unwrap_or(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies<'a>(boundary: &str, body: &'a str) -> Vec<&'a str> {
        parts(boundary.as_bytes(), body.as_bytes()).iter().map(|part| std::str::from_utf8(part.body).unwrap()).collect()
    }

    #[test]
    fn parts_lie_between_delimiters_at_the_beginning_of_lines() {
        assert_eq!(bodies("b", "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n\r\n--b--\r\n"), ["1", "2\r\n"]);
        assert_eq!(
            bodies("b", "before\r\n--b \t\r\nX: y\r\n\r\n1 --b\r\n\r\n--bb\r\n--b--\r\n--b\r\n\r\n2"),
            ["1 --b\r\n\r\n--bb"]
        );
        assert_eq!(bodies("b", "--b\n\n1\n--b\n\ncut"), ["1", "cut"]);
        assert_eq!(bodies("b", "--b\r\nContent-Type: a/b\r\n--b--"), [""]);
        assert_eq!(bodies("b", "--b--"), Vec::<&str>::new());
        assert_eq!(bodies("", "--\r\n\r\n1\r\n----"), Vec::<&str>::new());
    }

    #[test]
    fn a_part_s_header_fields_may_be_folded_and_in_any_case() {
        let raw =
            b"--b\r\ncontent-type : application/sdp;\r\n x=y\r\nCONTENT-TRANSFER-ENCODING: Base64\r\n\r\n1\r\n--b--";
        let parts = parts(b"b", raw);
        let content_type = parts[0].headers.content_type().unwrap().unwrap();
        assert!(content_type.is("application", "sdp"));
        assert_eq!(content_type.params.get("x").unwrap(), "y");
        assert_eq!(parts[0].headers.content_encoding().unwrap().len(), 1);
    }

    #[test]
    fn of_parts_without_end_only_some_are_looked_at() {
        assert_eq!(bodies("b", &"--b\r\n\r\n1\r\n".repeat(5_000)).len(), MAX_PARTS);
    }
}
