//! SIP by hand: messages as text, over a UDP socket or a TCP connection, for what no well-meaning program sends.

use crate::programs::PATIENCE;
use crate::support::HOME;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use talkpath_sip::digest::{Client, Credentials, Next};
use talkpath_sip::message::Message;

/// One end of a conversation by hand.
pub(crate) struct Raw {
    line: Line,
    pub(crate) own: SocketAddr,
}

enum Line {
    Udp(UdpSocket),
    /// With what has come and was not asked for yet.
    Tcp(TcpStream, Vec<u8>),
}

/// What makes requests differ.
fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Raw {
    pub(crate) fn udp(server: SocketAddr) -> Self {
        let home = if server.is_ipv4() { HOME } else { crate::support::HOME_6 };
        Self::udp_from((home, 0).into(), server)
    }

    /// From this address.
    pub(crate) fn udp_from(own: SocketAddr, server: SocketAddr) -> Self {
        let socket = UdpSocket::bind(own).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let own = socket.local_addr().unwrap();
        Self { line: Line::Udp(socket), own }
    }

    pub(crate) fn tcp(server: SocketAddr) -> Self {
        Self::along(TcpStream::connect(server).unwrap())
    }

    /// Along a connection that is there.
    pub(crate) fn along(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let own = stream.local_addr().unwrap();
        Self { line: Line::Tcp(stream, Vec::new()), own }
    }

    /// How long [`Raw::receive`] and [`Raw::message`] wait at most.
    pub(crate) fn set_patience(&self, patience: std::time::Duration) {
        match &self.line {
            Line::Udp(socket) => socket.set_read_timeout(Some(patience)).unwrap(),
            Line::Tcp(stream, _) => stream.set_read_timeout(Some(patience)).unwrap(),
        }
    }

    fn transport(&self) -> &'static str {
        match self.line {
            Line::Udp(_) => "UDP",
            Line::Tcp(..) => "TCP",
        }
    }

    /// A request of `from` to `to`, whole.
    pub(crate) fn request(&self, method: &str, from: &str, to: &str) -> String {
        let (own, transport, number) = (self.own, self.transport(), number());
        format!(
            "{method} sip:{to}@server SIP/2.0\r\nVia: SIP/2.0/{transport} {own};branch=z9hG4bKraw{number};rport\r\n\
             Max-Forwards: 70\r\nFrom: <sip:{from}@{own}>;tag=raw{number}\r\nTo: <sip:{to}@server>\r\n\
             Call-ID: raw{number}@{own}\r\nCSeq: 1 {method}\r\nContact: <sip:{from}@{own}>\r\nContent-Length: 0\r\n\r\n"
        )
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        match &mut self.line {
            Line::Udp(socket) => drop(socket.send(bytes).unwrap()),
            // A server that has had enough may have closed it.
            Line::Tcp(stream, _) => drop(stream.write_all(bytes)),
        }
    }

    /// What comes next: a datagram, or bytes of the stream as they come; nothing when the stream has ended.
    pub(crate) fn receive(&mut self) -> Option<String> {
        self.try_receive().expect("something should have come")
    }

    /// As [`Raw::receive`]; the error is that nothing came in time.
    pub(crate) fn try_receive(&mut self) -> Result<Option<String>, std::io::Error> {
        let mut buffer = [0; 65_536];
        let length = match &mut self.line {
            Line::Udp(socket) => socket.recv(&mut buffer)?,
            Line::Tcp(_, before) if !before.is_empty() => {
                buffer[..before.len()].copy_from_slice(before);
                std::mem::take(before).len()
            }
            Line::Tcp(stream, _) => match stream.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(error),
            },
        };
        Ok((length > 0).then(|| String::from_utf8_lossy(&buffer[..length]).into_owned()))
    }

    /// The next message, whole; nothing when the stream has ended.
    pub(crate) fn message(&mut self) -> Option<String> {
        let mut text = String::new();
        loop {
            text.push_str(&self.receive()?);
            let Line::Tcp(_, rest) = &mut self.line else { return Some(text) };
            let Some(end) = end_of_message(&text) else { continue };
            rest.extend_from_slice(text.split_off(end).as_bytes());
            return Some(text);
        }
    }

    /// Sends a request and gives its first final response.
    pub(crate) fn ask(mut self, method: &str, from: &str, to: &str) -> String {
        let request = self.request(method, from, to);
        self.send(request.as_bytes());
        self.answer()
    }

    /// The next final response.
    pub(crate) fn answer(&mut self) -> String {
        loop {
            let reply = self.message().expect("an answer");
            if reply.starts_with("SIP/2.0") && !reply.starts_with("SIP/2.0 1") {
                return reply;
            }
        }
    }
}

/// Where the first message of `text` ends, if it is whole.
fn end_of_message(text: &str) -> Option<usize> {
    let head = text.find("\r\n\r\n")? + 4;
    let length = field(text, "Content-Length").map_or(0, |length| length.parse().unwrap());
    (text.len() >= head + length).then_some(head + length)
}

/// The first header field of this name.
pub(crate) fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let lines = message.lines().skip(1).take_while(|line| !line.is_empty());
    let mut fields = lines.filter_map(|line| line.split_once(':'));
    fields.find(|(found, _)| found.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// The status code of a response.
pub(crate) fn status(response: &str) -> u16 {
    response.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap()
}

/// An answer to a request, with no body.
pub(crate) fn reply(request: &str, status: &str, more: &str) -> String {
    let copied = ["Via", "From", "Call-ID", "CSeq"];
    let copied: String = copied.iter().map(|name| format!("{name}: {}\r\n", field(request, name).unwrap())).collect();
    let to = field(request, "To").unwrap();
    let tag = if to.contains(";tag=") { "" } else { ";tag=answerer" };
    format!("SIP/2.0 {status}\r\n{copied}To: {to}{tag}\r\n{more}Content-Length: 0\r\n\r\n")
}

/// Registers a phone and answers the challenge; the final response.
pub(crate) fn register(raw: &mut Raw, user: &str, password: &str) -> String {
    let mut ask = |authorize: &mut dyn FnMut(&mut talkpath_sip::message::Request)| {
        let text = raw.request("REGISTER", user, user);
        let Ok(Message::Request(mut request)) = Message::parse_datagram(text.into()) else { panic!("a request") };
        authorize(&mut request);
        raw.send(&request.to_bytes());
        (request, raw.answer())
    };
    let (request, challenge) = ask(&mut |_| {});
    let Ok(Message::Response(challenge)) = Message::parse_datagram(challenge.into()) else { panic!("a response") };
    let credentials = Credentials { username: user.into(), password: password.into(), realm: None };
    let mut client = Client::new(credentials);
    assert_eq!(client.handle_response(&request, &challenge, &mut rand::rng()), Ok(Next::Retry));
    ask(&mut |request| client.authorize(request)).1
}

/// A session description for voice to and from `own`.
pub(crate) fn sdp(own: SocketAddr, version: u32, payloads: &str, more: &str) -> String {
    let (ip, port, family) = (own.ip(), own.port(), if own.is_ipv4() { 4 } else { 6 });
    format!(
        "v=0\r\no=raw 1 {version} IN IP{family} {ip}\r\ns=-\r\nc=IN IP{family} {ip}\r\nt=0 0\r\n\
         m=audio {port} RTP/AVP {payloads}\r\n{more}"
    )
}

/// A call by hand.
pub(crate) struct Call {
    pub(crate) raw: Raw,
    number: u32,
    cseq: u32,
    /// Where its requests go, and the other side with its tag; both from the answer.
    target: String,
    remote: String,
    /// Our Contact.
    pub(crate) contact: String,
    /// What stands before our address in From.
    pub(crate) name: String,
    /// How often its requests may be passed on.
    pub(crate) hops: u32,
}

impl Call {
    /// To `called`; nothing is sent yet.
    pub(crate) fn new(raw: Raw, called: &str) -> Self {
        let target = format!("sip:{called}@server");
        let contact = format!("<sip:raw@{};transport={}>", raw.own, raw.transport().to_ascii_lowercase());
        Self {
            raw,
            number: number(),
            cseq: 0,
            remote: format!("<{target}>"),
            target,
            contact,
            name: String::new(),
            hops: 70,
        }
    }

    /// A request, its CSeq this.
    fn request(&self, method: &str, cseq: u32, more: &str, body: &str) -> String {
        let Self { raw, number, target, remote, contact, name, hops, .. } = self;
        let (own, transport, length) = (raw.own, raw.transport(), body.len());
        let kind =
            if body.is_empty() || more.contains("Content-Type") { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {target} SIP/2.0\r\nVia: SIP/2.0/{transport} {own};branch=z9hG4bKraw{number}x{cseq}{method};rport\r\n\
             Max-Forwards: {hops}\r\nFrom: {name}<sip:raw@{own}>;tag=raw{number}\r\nTo: {remote}\r\nCall-ID: raw{number}@{own}\r\n\
             CSeq: {cseq} {method}\r\nContact: {contact}\r\n{more}{kind}Content-Length: {length}\r\n\r\n{body}"
        )
    }

    /// Sends a request and gives its final response.
    pub(crate) fn ask(&mut self, method: &str, more: &str, body: &str) -> String {
        self.cseq += 1;
        let request = self.request(method, self.cseq, more, body);
        self.raw.send(request.as_bytes());
        loop {
            let answer = self.raw.answer();
            if field(&answer, "CSeq") == Some(&format!("{} {method}", self.cseq)) {
                return answer;
            }
        }
    }

    /// INVITE or re-INVITE, acknowledged with `answer`; gives the 200.
    pub(crate) fn invite(&mut self, offer: &str, answer: impl FnOnce(&str) -> String) -> String {
        let ok = self.ask("INVITE", "", offer);
        assert_eq!(status(&ok), 200, "{ok}");
        self.confirm(&ok, &answer(&ok));
        ok
    }

    /// Takes a 200 and acknowledges it.
    pub(crate) fn confirm(&mut self, ok: &str, answer: &str) {
        self.remote = field(ok, "To").unwrap().to_owned();
        self.target = field(ok, "Contact").unwrap().trim_matches(['<', '>']).to_owned();
        let ack = self.request("ACK", self.cseq, "", answer);
        self.raw.send(ack.as_bytes());
    }

    /// Confirms that the INVITE was refused.
    pub(crate) fn acknowledge_refusal(&mut self, refusal: &str) {
        let ack = self.request("ACK", self.cseq, "", "");
        // The same branch, and the To that the refusal has (RFC 3261 §17.1.1.3).
        let ack = ack.replace(&format!("{}ACK;rport", self.cseq), &format!("{}INVITE;rport", self.cseq));
        let to = format!("To: {}\r\n", field(refusal, "To").unwrap());
        self.raw.send(ack.replace(&format!("To: {}\r\n", self.remote), &to).as_bytes());
    }

    /// Presses a key in an INFO.
    pub(crate) fn press(&mut self, key: char) {
        let ok = self.ask("INFO", "Content-Type: application/dtmf-relay\r\n", &format!("Signal={key}\r\n"));
        assert_eq!(status(&ok), 200, "{ok}");
    }

    /// Hangs up.
    pub(crate) fn bye(&mut self) {
        let ok = self.ask("BYE", "", "");
        assert_eq!(status(&ok), 200, "{ok}");
    }
}

/// A whole call without voice: answered, confirmed, ended.
pub(crate) fn call_and_hang_up(raw: Raw, called: &str) {
    let mut call = Call::new(raw, called);
    // Port 9 is where nobody listens.
    let nowhere = SocketAddr::new(call.raw.own.ip(), 9);
    call.invite(&sdp(nowhere, 1, "0", ""), |_| String::new());
    call.bye();
}
