//! Names of trunks that are looked up: SRV and its order, what is no longer there, what moves. The name server is ours.

use crate::carrier::Carrier;
use crate::programs::free_port;
use crate::sound::{PARROT, call, until_sound};
use crate::support::{HOME, address, config, end_of, patiently, phone, server};
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, SRV};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use talkpath::phone::DialOptions;
use talkpath::server::Server;

/// What names lead to.
type Zone = Vec<(&'static str, RData)>;

/// A name server of `test.`; its zone can be changed while it is asked.
struct NameServer {
    address: SocketAddr,
    zone: Arc<Mutex<Zone>>,
}

impl NameServer {
    fn start(zone: Zone) -> Self {
        let socket = UdpSocket::bind((HOME, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let zone = Arc::new(Mutex::new(zone));
        let asked = Arc::clone(&zone);
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                if let Ok(query) = Message::from_vec(&buffer[..length]) {
                    let answer = answer(query, &asked.lock().unwrap());
                    drop(socket.send_to(&answer.to_vec().unwrap(), from));
                }
            }
        });
        Self { address, zone }
    }

    fn becomes(&self, zone: Zone) {
        *self.zone.lock().unwrap() = zone;
    }
}

fn answer(query: Message, zone: &Zone) -> Message {
    let mut answer = query.into_response();
    let question = answer.queries[0].clone();
    let named = |name: &&str| Name::from_ascii(name).unwrap() == *question.name();
    if !zone.iter().any(|(name, _)| named(name)) {
        answer.metadata.response_code = ResponseCode::NXDomain;
    }
    let of_type = |data: &RData| data.record_type() == question.query_type();
    // Not to be kept: it may change.
    let record = |data: &RData| Record::from_rdata(question.name().clone(), 0, data.clone());
    let records: Vec<_> =
        zone.iter().filter(|(name, data)| named(name) && of_type(data)).map(|(_, data)| record(data)).collect();
    assert!(matches!(question.query_type(), RecordType::A | RecordType::AAAA | RecordType::SRV), "{question}");
    answer.add_answers(records);
    answer
}

fn srv(priority: u16, port: u16, target: &str) -> RData {
    RData::SRV(SRV::new(priority, 0, port, Name::from_ascii(target).unwrap()))
}

fn home() -> RData {
    RData::A(A(Ipv4Addr::LOCALHOST))
}

/// A server whose trunk has this URI.
fn through(names: &NameServer, uri: &str) -> Server {
    let mut config = config(&format!(
        "[[trunk]]\nname = \"carrier\"\nservers = [\"{uri}\"]\noptions = 0\n\
         [[route]]\nname = \"out\"\naction = {{ dial = \"trunk:carrier\" }}\n"
    ));
    config.sip.dns = Some(names.address);
    Server::start(config).unwrap()
}

async fn refusal(server: &Server) -> String {
    let phone = phone();
    let dialled = phone.dial(address(server), "100", DialOptions::default());
    patiently("a refusal", dialled).await.unwrap_err().to_string()
}

/// The first target is dead, the second is alive: RFC 3263 §4.3.
#[tokio::test(flavor = "multi_thread")]
async fn targets_of_srv_are_tried_in_their_order() {
    let far = server(PARROT);
    let names = NameServer::start(vec![
        ("_sip._udp.carrier.test.", srv(20, address(&far).port(), "alive.carrier.test.")),
        ("_sip._udp.carrier.test.", srv(10, free_port(), "dead.carrier.test.")),
        ("alive.carrier.test.", home()),
        ("dead.carrier.test.", home()),
    ]);
    let near = through(&names, "sip:carrier.test");
    let mut call = call(address(&near), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    patiently("the end", call.hang_up()).await.unwrap();
}

/// A URI that names TCP is looked up for TCP; one that names nothing goes where there is something.
#[tokio::test(flavor = "multi_thread")]
async fn the_transport_is_what_the_name_has() {
    let far = server(PARROT);
    let stream = far.listening().nth(1).unwrap().address;
    let names = NameServer::start(vec![
        ("_sip._tcp.carrier.test.", srv(10, stream.port(), "sip.carrier.test.")),
        ("sip.carrier.test.", home()),
    ]);
    for uri in ["sip:carrier.test;transport=tcp", "sip:carrier.test"] {
        let near = through(&names, uri);
        let mut call = call(address(&near), DialOptions::default()).await;
        until_sound(&mut call.ear).await;
        patiently("the end", call.hang_up()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_moves_is_followed_and_one_that_is_gone_is_named() {
    let (first, second) = (Carrier::start("486 Busy Here"), Carrier::start("486 Busy Here"));
    let at = |carrier: &Carrier| {
        vec![
            ("_sip._udp.carrier.test.", srv(10, carrier.address().port(), "sip.carrier.test.")),
            ("sip.carrier.test.", home()),
        ]
    };
    let names = NameServer::start(at(&first));
    let near = through(&names, "sip:carrier.test");
    // Each call's end is waited for: it is told after the caller was refused.
    let mut events = near.subscribe();
    assert!(refusal(&near).await.contains("486"));
    end_of(&mut events).await;
    first.invite();
    names.becomes(at(&second));
    assert!(refusal(&near).await.contains("486"));
    end_of(&mut events).await;
    second.invite();
    names.becomes(Vec::new());
    assert!(refusal(&near).await.contains("480"));
    let told = end_of(&mut events).await;
    assert!(told.contains("\"carrier.test\" can't be found; check its spelling and your DNS"), "{told}");
}
