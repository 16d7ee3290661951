//! What reading a message costs in allocations. The bar is a dozen for an INVITE of 900 bytes; we need the list of
//! header fields, and what sharing a fresh buffer takes.

use bytes::Bytes;
use talkpath_sip::message::{Message, Response, StatusCode};

/// An INVITE as a trunk sends it, 900 bytes long.
pub(crate) const INVITE: &str = include_str!("../../benches/invite.sip");

fn invite() -> Bytes {
    Bytes::from(INVITE.replace('\n', "\r\n"))
}

#[test]
fn the_measured_invite_is_an_ordinary_one_of_900_bytes() {
    let bytes = invite();
    assert_eq!(bytes.len(), 900);
    assert_eq!(Message::parse_datagram(bytes.clone()).unwrap().to_bytes(), bytes);
}

#[test]
fn reading_an_invite_allocates_hardly_ever() {
    let bytes = invite();
    let info = allocation_counter::measure(|| {
        assert!(Message::parse_datagram(bytes).is_ok());
    });
    assert!(info.count_total <= 3, "{} allocations", info.count_total);
}

#[test]
fn answering_and_printing_allocate_little() {
    let Message::Request(invite) = Message::parse_datagram(invite()).unwrap() else { panic!("a response") };
    let info = allocation_counter::measure(|| {
        assert!(!Response::to(&invite, StatusCode::TRYING).to_bytes().is_empty());
    });
    assert!(info.count_total <= 8, "{} allocations", info.count_total);
}

#[test]
fn a_keep_alive_allocates_nothing() {
    let info = allocation_counter::measure(|| {
        assert!(talkpath_sip::message::is_keep_alive(b"\r\n\r\n"));
    });
    assert_eq!(info.count_total, 0);
}
