//! Any datagram: reading it and using all that was read never panics, and what we print is read again the same.

#![no_main]

#[path = "../../tests/it/message_exercise.rs"]
mod message_exercise;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use talkpath_sip::message::Message;

fuzz_target!(|data: &[u8]| {
    match Message::parse_datagram(Bytes::copy_from_slice(data)) {
        Ok(message) => {
            message_exercise::message(&message);
            let printed = message.to_bytes();
            let again = Message::parse_datagram(printed.clone()).expect("we read what we print");
            assert_eq!(again.to_bytes(), printed);
        }
        Err(error) => {
            if let Some(request) = error.into_answerable() {
                message_exercise::message(&Message::Request(*request));
            }
        }
    }
});
