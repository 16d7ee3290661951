//! Streams: RFC 3261 §18.1.1 and §18.2.2. Connections are the driver's; here it is the test that plays it.

use super::*;
use crate::message::{HeaderName, Request, Transport};

const PEER: &str = "192.0.2.99:5060";
const CONNECTION: SocketId = SocketId(7);

/// A user agent with both transports, and what it wants sent.
struct Alone {
    agent: UserAgent,
    now: Instant,
    events: Vec<Event>,
}

impl Alone {
    fn new() -> Self {
        let settings = Settings { protocols: vec![Protocol::Udp, Protocol::Tcp], ..Settings::default() };
        let mut agent = UserAgent::new(settings, StdRng::seed_from_u64(3));
        agent.set_ways(|peer, protocol| {
            let port = if protocol == Protocol::Tcp { 5070 } else { 5060 };
            Some(Flow::new(format!("192.0.2.1:{port}").parse().unwrap(), peer, protocol))
        });
        Self { agent, now: epoch(), events: Vec::new() }
    }

    fn drain(&mut self) -> Vec<(Flow, Message)> {
        let mut sent = Vec::new();
        loop {
            match self.agent.poll() {
                Output::Transmit(Transmit { flow, data }) => sent.push((flow, Message::parse_datagram(data).unwrap())),
                Output::Event(event) => self.events.push(event),
                Output::Outcome(_) | Output::Asked(_) => {}
                Output::Timeout(_) => return sent,
            }
        }
    }

    /// Calls over UDP with an offer of so many bytes.
    fn call(&mut self, offer: usize) -> (SessionId, Flow, Request) {
        let flow = Flow::new("192.0.2.1:5060".parse().unwrap(), PEER.parse().unwrap(), Protocol::Udp);
        let invite = Invite {
            request_uri: "sip:bob@example.com".parse().unwrap(),
            from: "<sip:alice@example.com>".parse().unwrap(),
            to: "<sip:bob@example.com>".parse().unwrap(),
            flow,
            contact: None,
            headers: Vec::new(),
            body: Some(Body::sdp(vec![b'v'; offer])),
            credentials: None,
        };
        let id = self.agent.invite(invite, self.now).unwrap();
        let (flow, request) = self.request();
        (id, flow, request)
    }

    /// The only message to be sent, a request.
    fn request(&mut self) -> (Flow, Request) {
        let mut sent = self.drain();
        assert_eq!(sent.len(), 1, "{sent:?}");
        let (flow, Message::Request(request)) = sent.remove(0) else { panic!("a response") };
        (flow, request)
    }

    fn answer(&mut self, flow: Flow, request: &Request, contact: &str) {
        let mut response = Response::to(request, status(200));
        response.set_to_tag("b");
        response.headers.push(HeaderName::Contact, contact);
        response.set_body("application/sdp", "answer");
        self.agent.handle_message(flow, Message::parse_datagram(response.to_bytes()), self.now);
    }
}

fn invite(contact: &str) -> Bytes {
    format!(
        "INVITE sip:bob@192.0.2.1:5070;transport=tcp SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.99:5080;branch=z9hG4bKs;rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:c@example.com>;tag=c\r\nTo: <sip:bob@example.com>\r\nCall-ID: tcp\r\n\
         CSeq: 1 INVITE\r\nContact: {contact}\r\nContent-Length: 0\r\n\r\n"
    )
    .into()
}

fn incoming() -> Flow {
    Flow::new("192.0.2.1:5070".parse().unwrap(), "192.0.2.99:40000".parse().unwrap(), Protocol::Tcp).by(CONNECTION)
}

#[test]
fn a_large_request_takes_tcp_and_says_so_in_its_via() {
    let mut alone = Alone::new();
    let (_, flow, small) = alone.call(100);
    assert_eq!((flow.protocol, small.headers.via().unwrap().transport()), (Protocol::Udp, &Transport::Udp));
    let (_, flow, large) = alone.call(2_000);
    let via = large.headers.via().unwrap();
    assert_eq!((flow.protocol, via.transport(), via.port()), (Protocol::Tcp, &Transport::Tcp, Some(5070)));
    assert_eq!(flow.peer, PEER.parse().unwrap());
}

#[test]
fn a_large_request_that_tcp_does_not_take_goes_by_udp_after_all() {
    let mut alone = Alone::new();
    let (id, flow, large) = alone.call(2_000);
    alone.agent.handle_transport_error(flow, alone.now);
    let (flow, again) = alone.request();
    assert_eq!((flow.protocol, again.headers.via().unwrap().transport()), (Protocol::Udp, &Transport::Udp));
    assert_ne!(again.headers.via().unwrap().branch(), large.headers.via().unwrap().branch());
    assert_eq!(again.headers.cseq().unwrap(), large.headers.cseq().unwrap());
    alone.answer(flow, &again, "<sip:b@192.0.2.99>");
    let (_, ack) = alone.request();
    assert_eq!(ack.method, crate::message::Method::Ack);
    assert!(matches!(alone.events.as_slice(), [Event::Answered { id: answered, .. }] if *answered == id));
}

#[test]
fn when_no_way_is_left_the_call_has_failed() {
    let mut alone = Alone::new();
    let (_, flow, _) = alone.call(2_000);
    alone.agent.handle_transport_error(flow, alone.now);
    let (flow, _) = alone.request();
    alone.agent.handle_transport_error(flow, alone.now);
    alone.drain();
    assert!(matches!(alone.events.as_slice(), [Event::Refused { cause: RefusalCause::Transport, .. }]));
}

#[test]
fn a_contact_that_names_tcp_is_sent_to_by_tcp() {
    let mut alone = Alone::new();
    let (id, flow, invite) = alone.call(100);
    alone.answer(flow, &invite, "<sip:b@192.0.2.98:5090;transport=tcp>");
    let (flow, ack) = alone.request();
    assert_eq!((flow.protocol, flow.peer), (Protocol::Tcp, "192.0.2.98:5090".parse().unwrap()));
    assert_eq!(ack.headers.via().unwrap().port(), Some(5070));
    alone.agent.hangup(id, None, alone.now).unwrap();
    let (flow, _) = alone.request();
    assert_eq!((flow.protocol, flow.local.port()), (Protocol::Tcp, 5070));
}

/// §18.2.2: "using the existing connection to the source of the original request", else to the port of `sent-by`.
#[test]
fn responses_and_requests_go_back_along_the_connection_of_the_invite() {
    let mut alone = Alone::new();
    let message = Message::parse_datagram(invite("<sip:c@192.0.2.99:5080;transport=tcp>"));
    alone.agent.handle_message(incoming(), message, alone.now);
    let sent = alone.drain();
    assert!(sent.iter().all(|(flow, _)| flow.socket == CONNECTION && flow.peer.port() == 5080), "{sent:?}");
    let id = alone.events[0].session();
    alone.agent.accept(id, Some(sdp("offer")), Vec::new(), alone.now).unwrap();
    let ok = alone.drain().pop().unwrap().1;
    let contact = ok.headers().contact().unwrap().unwrap().uri.to_string();
    assert_eq!(contact, "sip:192.0.2.1:5070;transport=tcp");
    let wait = alone.now + Duration::from_secs(40);
    alone.agent.handle_timeout(wait);
    let (flow, bye) = alone.request();
    assert_eq!(bye.method, crate::message::Method::Bye);
    assert_eq!((flow.socket, flow.peer.port()), (CONNECTION, 5080));
}

#[test]
fn a_connection_that_breaks_fails_what_was_sent_along_it_and_nothing_else() {
    let mut alone = Alone::new();
    let (_, by_udp, _) = alone.call(100);
    let request = |port: u16| {
        let peer = format!("192.0.2.99:{port}").parse().unwrap();
        Flow::new("192.0.2.1:5070".parse().unwrap(), peer, Protocol::Tcp)
    };
    let options = "OPTIONS sip:example.com SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=a\r\n\
                   To: <sip:example.com>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n\r\n";
    let Message::Request(options) = Message::parse_datagram(options.into()).unwrap() else { panic!("a request") };
    let lost = alone.agent.request(options.clone(), request(5060).by(CONNECTION), alone.now);
    alone.agent.request(options, request(5061), alone.now);
    alone.drain();
    alone.agent.handle_transport_error(request(9).by(CONNECTION), alone.now);
    let Output::Outcome(outcome) = alone.agent.poll() else { panic!("an outcome") };
    assert_eq!(outcome.request(), lost);
    alone.drain();
    assert!(alone.events.is_empty());
    alone.agent.handle_transport_error(by_udp, alone.now);
    alone.drain();
    assert_eq!(alone.events.len(), 1);
}
