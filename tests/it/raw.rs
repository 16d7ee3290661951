//! SIP by hand: messages as text, over a UDP socket or a TCP connection, for what no well-meaning program sends.

use crate::programs::PATIENCE;
use crate::support::HOME;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};

/// One end of a conversation by hand.
pub(crate) struct Raw {
    line: Line,
    own: SocketAddr,
}

enum Line {
    Udp(UdpSocket),
    Tcp(TcpStream),
}

/// What makes requests differ.
fn number() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

impl Raw {
    pub(crate) fn udp(server: SocketAddr) -> Self {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let own = socket.local_addr().unwrap();
        Self { line: Line::Udp(socket), own }
    }

    pub(crate) fn tcp(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let own = stream.local_addr().unwrap();
        Self { line: Line::Tcp(stream), own }
    }

    /// A request of `from` to `to`, whole.
    pub(crate) fn request(&self, method: &str, from: &str, to: &str) -> String {
        let (own, number) = (self.own, number());
        let transport = match self.line {
            Line::Udp(_) => "UDP",
            Line::Tcp(_) => "TCP",
        };
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
            Line::Tcp(stream) => drop(stream.write_all(bytes)),
        }
    }

    /// What comes next: a datagram, or bytes of the stream as they come; nothing when the stream has ended.
    pub(crate) fn receive(&mut self) -> Option<String> {
        let mut buffer = [0; 65_536];
        let length = match &mut self.line {
            Line::Udp(socket) => socket.recv(&mut buffer).unwrap(),
            Line::Tcp(stream) => match stream.read(&mut buffer) {
                Ok(length) => length,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
                Err(error) => panic!("nothing came: {error}"),
            },
        };
        (length > 0).then(|| String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// Sends a request and gives its first final response.
    pub(crate) fn ask(mut self, method: &str, from: &str, to: &str) -> String {
        let request = self.request(method, from, to);
        self.send(request.as_bytes());
        loop {
            let reply = self.receive().expect("an answer");
            if !reply.starts_with("SIP/2.0 1") {
                return reply;
            }
        }
    }
}
