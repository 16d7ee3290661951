//! The messages in `corpus/`: RFC 4475 (`valid`, `invalid`, `semantic`), RFC 5118 (`ipv6`), and what trunks send.
//!
//! Files have LF line ends, so that no editor spoils them; `<hex>..</hex>` stands for bytes, `<sdp/>` for a session
//! description, `<len/>` for the length of what follows the next empty line.

use std::path::PathBuf;

use bytes::Bytes;
use talkpath_sip::message::{Message, ParseError, Request, Response};

/// Every folder of the corpus.
pub(crate) const FOLDERS: [&str; 5] = ["valid", "invalid", "semantic", "ipv6", "trunk"];

const SDP: &str = "v=0\no=mhandley 29739 7272939 IN IP4 192.0.2.1\ns=-\nc=IN IP4 192.0.2.1\nt=0 0\n\
                   m=audio 49217 RTP/AVP 0 12\nm=video 3227 RTP/AVP 31\na=rtpmap:31 LPC\n";

/// The names in one folder, sorted.
pub(crate) fn names(folder: &str) -> Vec<String> {
    let files = std::fs::read_dir(path(folder)).unwrap();
    let stem = |file: std::fs::DirEntry| file.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = files.map(|file| stem(file.unwrap())).collect();
    names.sort();
    names
}

/// The bytes of `folder/name`.
pub(crate) fn load(folder: &str, name: &str) -> Bytes {
    let text = std::fs::read_to_string(path(folder).join(name).with_extension("sip")).unwrap();
    expand(&text)
}

/// Every message, with its name.
pub(crate) fn all() -> Vec<(String, Bytes)> {
    let of = |folder: &&'static str| {
        let folder = *folder;
        names(folder).into_iter().map(move |name| (format!("{folder}/{name}"), load(folder, &name)))
    };
    FOLDERS.iter().flat_map(of).collect()
}

pub(crate) fn parse(folder: &str, name: &str) -> Result<Message, ParseError> {
    Message::parse_datagram(load(folder, name))
}

pub(crate) fn request(folder: &str, name: &str) -> Request {
    match parse(folder, name).unwrap() {
        Message::Request(request) => request,
        Message::Response(_) => panic!("{name} is a response"),
    }
}

pub(crate) fn response(folder: &str, name: &str) -> Response {
    match parse(folder, name).unwrap() {
        Message::Response(response) => response,
        Message::Request(_) => panic!("{name} is a request"),
    }
}

/// A message written with LF, as it travels.
pub(crate) fn expand(text: &str) -> Bytes {
    let text = text.replace("<sdp/>", SDP).replace('\n', "\r\n");
    let mut out = Vec::new();
    let mut length_at = None;
    for part in text.split_inclusive('>') {
        if let Some(before) = part.strip_suffix("<hex>") {
            out.extend_from_slice(before.as_bytes());
        } else if let Some(digits) = part.strip_suffix("</hex>") {
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            out.extend(digits.as_bytes().chunks(2).map(byte));
        } else if let Some(before) = part.strip_suffix("<len/>") {
            out.extend_from_slice(before.as_bytes());
            length_at = Some(out.len());
        } else {
            out.extend_from_slice(part.as_bytes());
        }
    }
    if let Some(at) = length_at {
        let empty_line = out[at..].windows(4).position(|w| w == b"\r\n\r\n").unwrap() + at;
        let length = (out.len() - empty_line - 4).to_string();
        out.splice(at..at, length.bytes());
    }
    out.into()
}

fn path(folder: &str) -> PathBuf {
    [crate::CORPUS, folder].iter().collect()
}
