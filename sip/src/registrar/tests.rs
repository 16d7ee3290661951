//! Telephones that come and go, on virtual time.

use super::*;
use crate::flow::SocketId;
use crate::message::Message;

#[expect(clippy::disallowed_methods, reason = "a test's epoch")]
fn epoch() -> Instant {
    Instant::now()
}

struct Desk {
    registrar: Registrar,
    now: Instant,
    cseq: u32,
}

fn flow(port: u16) -> Flow {
    Flow::new("192.0.2.1:5060".parse().unwrap(), format!("192.0.2.9:{port}").parse().unwrap(), Protocol::Udp)
}

impl Desk {
    fn new() -> Self {
        let users = [("alice", 2), ("bob", 1)];
        let users = users.map(|(user, telephones)| (Text::from(user), Limits { telephones, ..Limits::default() }));
        Self { registrar: Registrar::new(users), now: epoch(), cseq: 0 }
    }

    fn request(&mut self, user: &str, fields: &str) -> Request {
        self.cseq += 1;
        let text = format!(
            "REGISTER sip:talkpath SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{0}\r\nFrom: <sip:{user}@x>;tag=f\r\n\
             To: <sip:{user}@x>\r\nCall-ID: c\r\nCSeq: {0} REGISTER\r\n{fields}\r\n",
            self.cseq
        );
        let Ok(Message::Request(request)) = Message::parse_datagram(text.into()) else { panic!("a request") };
        request
    }

    /// Alice registers from a port; the response.
    fn register(&mut self, user: &str, fields: &str) -> Response {
        let request = self.request(user, fields);
        self.registrar.handle(&request, Some(&Text::from(user)), flow(5060), self.now)
    }

    fn contacts(&self, user: &str) -> Vec<String> {
        self.registrar.bindings(user, self.now).iter().map(|binding| binding.contact.uri.to_string()).collect()
    }

    fn changes(&mut self) -> Vec<String> {
        let name = |change| match change {
            Change::Added { user, .. } => format!("{user} added"),
            Change::Removed { user, why, .. } => format!("{user} {why:?}"),
        };
        std::iter::from_fn(|| self.registrar.poll()).map(name).collect()
    }
}

#[test]
fn a_telephone_registers_refreshes_and_leaves() {
    let mut desk = Desk::new();
    let contact = "Contact: <sip:alice@192.0.2.9:5060>\r\nExpires: 120\r\n";
    let granted = desk.register("alice", contact);
    assert_eq!(granted.status, StatusCode::OK);
    let said = granted.headers.contact().unwrap().unwrap();
    assert_eq!(said.params.get("expires").unwrap(), "120");
    desk.now += Duration::from_secs(100);
    desk.register("alice", contact);
    desk.now += Duration::from_secs(100);
    assert_eq!(desk.contacts("alice"), ["sip:alice@192.0.2.9:5060"]);
    desk.register("alice", "Contact: <sip:alice@192.0.2.9:5060>;expires=0\r\n");
    assert!(desk.contacts("alice").is_empty());
    assert_eq!(desk.changes(), ["alice added", "alice Unregistered"]);
}

#[test]
fn a_binding_ends_by_its_time() {
    let mut desk = Desk::new();
    desk.register("alice", "Contact: <sip:alice@192.0.2.9>\r\nExpires: 60\r\n");
    let end = desk.registrar.wake_up().unwrap();
    assert_eq!(end, desk.now + Duration::from_secs(60));
    desk.now = end;
    assert!(desk.contacts("alice").is_empty());
    desk.registrar.handle_timeout(desk.now);
    assert_eq!(desk.changes(), ["alice added", "alice Expired"]);
    assert_eq!(desk.registrar.wake_up(), None);
}

#[test]
fn a_user_has_several_telephones_the_preferred_first_and_one_too_many_takes_the_place_of_the_oldest() {
    let mut desk = Desk::new();
    desk.register("alice", "Contact: <sip:a@192.0.2.9:1>;q=0.2\r\n");
    desk.now += Duration::from_secs(1);
    desk.register("alice", "Contact: <sip:a@192.0.2.9:2>;q=0.9\r\n");
    assert_eq!(desk.contacts("alice"), ["sip:a@192.0.2.9:2", "sip:a@192.0.2.9:1"]);
    desk.register("alice", "Contact: <sip:a@192.0.2.9:3>\r\n");
    assert_eq!(desk.contacts("alice"), ["sip:a@192.0.2.9:3", "sip:a@192.0.2.9:2"]);
    assert_eq!(desk.changes().last().unwrap(), "alice added");
    assert_eq!(desk.register("alice", "").headers.all(&HeaderName::Contact).count(), 2, "asking changes nothing");
    desk.register("alice", "Contact: *\r\nExpires: 0\r\n");
    assert!(desk.contacts("alice").is_empty());
}

#[test]
fn nobody_registers_for_another_or_for_nobody() {
    let mut desk = Desk::new();
    let contact = "Contact: <sip:x@192.0.2.9>\r\n";
    let request = desk.request("alice", contact);
    let status = desk.registrar.handle(&request, Some(&Text::from("bob")), flow(5060), desk.now).status;
    assert_eq!(status, StatusCode::FORBIDDEN);
    assert_eq!(desk.register("nobody", contact).status, StatusCode::NOT_FOUND);
    assert!(desk.changes().is_empty());
}

#[test]
fn what_asks_for_too_little_or_makes_no_sense_is_refused_and_changes_nothing() {
    let mut desk = Desk::new();
    let brief = desk.register("alice", "Contact: <sip:a@192.0.2.9>\r\nExpires: 5\r\n");
    assert_eq!(brief.status, StatusCode::INTERVAL_TOO_BRIEF);
    assert_eq!(brief.headers.min_expires().unwrap(), Some(Duration::from_secs(60)));
    for fields in [
        "Contact: *\r\n",
        "Contact: *\r\nExpires: 60\r\n",
        "Contact: <mailto:a@b>\r\n",
        "Contact: <sip:a@192.0.2.9>\r\nPath: nonsense\r\n",
    ] {
        assert_eq!(desk.register("alice", fields).status, StatusCode::BAD_REQUEST, "{fields}");
    }
    let many: String = (0..11).map(|n| format!("Contact: <sip:a@192.0.2.9:{n}>\r\n")).collect();
    assert_eq!(desk.register("alice", &many).status, StatusCode::BAD_REQUEST);
    assert!(desk.contacts("alice").is_empty());
}

/// Step 7: a REGISTER that was overtaken.
#[test]
fn an_old_register_does_not_undo_a_newer_one() {
    let mut desk = Desk::new();
    let old = desk.request("alice", "Contact: <sip:a@192.0.2.9>;expires=0\r\n");
    desk.register("alice", "Contact: <sip:a@192.0.2.9>\r\n");
    let status = desk.registrar.handle(&old, None, flow(5060), desk.now).status;
    assert_eq!(status, StatusCode::SERVER_INTERNAL_ERROR);
    assert_eq!(desk.contacts("alice").len(), 1);
}

#[test]
fn path_is_kept_for_calls_and_given_back() {
    let mut desk = Desk::new();
    let path = "Contact: <sip:a@10.0.0.9>\r\nPath: <sip:edge.example.com;lr>\r\n";
    let granted = desk.register("alice", path);
    assert_eq!(granted.headers.get(&HeaderName::Path).unwrap(), "<sip:edge.example.com;lr>");
    assert_eq!(desk.registrar.bindings("alice", desk.now)[0].path.len(), 1);
}

#[test]
fn a_connection_that_breaks_takes_its_telephones_along_and_no_others() {
    let mut desk = Desk::new();
    let connection = |id| Flow { protocol: Protocol::Tcp, socket: SocketId(id), ..flow(40_000) };
    for id in [1, 2] {
        let request = desk.request("alice", &format!("Contact: <sip:a@192.0.2.9:{id};transport=tcp>\r\n"));
        desk.registrar.handle(&request, None, connection(id), desk.now);
    }
    desk.registrar.handle_connection_lost(connection(1));
    assert_eq!(desk.contacts("alice"), ["sip:a@192.0.2.9:2;transport=tcp"]);
    assert_eq!(desk.changes(), ["alice added", "alice added", "alice ConnectionLost"]);
}

#[test]
fn two_telephones_behind_different_nats_with_the_same_contact_are_two() {
    let mut desk = Desk::new();
    let request = desk.request("alice", "Contact: <sip:a@10.0.0.9>\r\n");
    desk.registrar.handle(&request, None, flow(5060), desk.now);
    let mut other = desk.request("alice", "Contact: <sip:a@10.0.0.9>\r\n");
    other.headers.set(HeaderName::CallId, "d");
    let elsewhere = Flow { peer: "198.51.100.7:5060".parse().unwrap(), ..flow(5060) };
    desk.registrar.handle(&other, None, elsewhere, desk.now);
    assert_eq!(desk.contacts("alice").len(), 2);
}

#[test]
fn users_that_are_taken_away_take_their_telephones_along() {
    let mut desk = Desk::new();
    desk.register("alice", "Contact: <sip:a@192.0.2.9>\r\n");
    desk.registrar.set_users([(Text::from("bob"), Limits::default())]);
    assert_eq!(desk.changes(), ["alice added", "alice UserGone"]);
    assert_eq!(desk.register("alice", "").status, StatusCode::NOT_FOUND);
}
