//! Making URIs: values come in as they are meant and are escaped here, once (RFC 3261 §19.1.2).

use super::{Scheme, Uri};
use crate::message::error::Defect;
use crate::message::host::Host;
use crate::message::scan;

impl Uri {
    /// `sip:user@host:port`; `user` is escaped as needed.
    pub fn sip(user: Option<&str>, host: &Host, port: Option<u16>) -> Result<Self, Defect> {
        Self::with_scheme(Scheme::Sip, user, host, port)
    }

    /// As [`sip`](Self::sip), with `sips` when `scheme` says so.
    pub fn with_scheme(scheme: Scheme, user: Option<&str>, host: &Host, port: Option<u16>) -> Result<Self, Defect> {
        let mut out = match scheme {
            Scheme::Sip => b"sip:".to_vec(),
            Scheme::Sips => b"sips:".to_vec(),
            Scheme::Tel | Scheme::Other => return Err(Defect::Scheme),
        };
        if let Some(user) = user {
            scan::escape_into(&mut out, user.as_bytes(), keep_in_user);
            out.push(b'@');
        }
        out.extend_from_slice(host.to_string().as_bytes());
        if let Some(port) = port {
            out.extend_from_slice(format!(":{port}").as_bytes());
        }
        Self::parse(out)
    }

    /// With the parameter `name` set, where it stands or at the end; `None` makes a flag of it.
    pub fn with_param(&self, name: &str, value: Option<&str>) -> Result<Self, Defect> {
        let mut param = vec![b';'];
        scan::escape_into(&mut param, name.as_bytes(), keep_in_param);
        if let Some(value) = value {
            param.push(b'=');
            scan::escape_into(&mut param, value.as_bytes(), keep_in_param);
        }
        self.rebuilt(name, &param, self.bytes(self.headers))
    }

    /// Without the parameter `name`.
    pub fn without_param(&self, name: &str) -> Result<Self, Defect> {
        self.rebuilt(name, b"", self.bytes(self.headers))
    }

    /// Without what stands after `?`.
    pub fn without_headers(&self) -> Result<Self, Defect> {
        self.rebuilt("", b"", b"")
    }

    /// With the header field `name` after `?` (Replaces in a Refer-To), escaped.
    pub fn with_header(&self, name: &str, value: &str) -> Result<Self, Defect> {
        let mut headers = self.bytes(self.headers).to_vec();
        if !headers.is_empty() {
            headers.push(b'&');
        }
        scan::escape_into(&mut headers, name.as_bytes(), keep_in_header);
        headers.push(b'=');
        scan::escape_into(&mut headers, value.as_bytes(), keep_in_header);
        self.rebuilt("", b"", &headers)
    }

    /// The same with every parameter `name` replaced by one `param`, and these headers.
    fn rebuilt(&self, name: &str, param: &[u8], headers: &[u8]) -> Result<Self, Defect> {
        let params = self.bytes(self.params);
        let headers_len = self.bytes(self.headers).len();
        let tail = params.len() + if headers_len == 0 { 0 } else { headers_len + 1 };
        let head = self.as_bytes().len().saturating_sub(tail);
        let mut out = self.as_bytes().get(..head).unwrap_or_default().to_vec();
        let mut pending = param;
        for part in params.split(|&b| b == b';').filter(|part| !part.is_empty()) {
            let own = part.split(|&b| b == b'=').next().unwrap_or_default();
            if scan::unescape(own).eq_ignore_ascii_case(name.as_bytes()) {
                out.extend_from_slice(std::mem::take(&mut pending));
            } else {
                out.push(b';');
                out.extend_from_slice(part);
            }
        }
        out.extend_from_slice(pending);
        if !headers.is_empty() {
            out.push(b'?');
            out.extend_from_slice(headers);
        }
        Self::parse(out)
    }
}

/// `user-unreserved`.
fn keep_in_user(byte: u8) -> bool {
    matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/')
}

/// `param-unreserved`.
fn keep_in_param(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$')
}

/// `hnv-unreserved`.
fn keep_in_header(byte: u8) -> bool {
    matches!(byte, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$')
}
