//! Any offer is answered or refused, any answer taken or refused: `cargo +nightly fuzz run sdp`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_media::{
    g711::Law,
    sdp::{self, LocalMedia},
};

fuzz_target!(|data: &[u8]| {
    let local = LocalMedia {
        address: "203.0.113.7".parse().unwrap(),
        rtp_port: 20_000,
        laws: vec![Law::Mu, Law::A],
        ptime_ms: 20,
        dtmf_payload_type: Some(101),
        session_id: 1,
        version: 1,
    };
    let ours = sdp::offer(&local);
    if let Ok((answer, _)) = sdp::answer(data, &local) {
        // What we answer can be read by ourselves.
        sdp::accept_answer(data, &answer).unwrap();
    }
    let _plan = sdp::accept_answer(&ours, data);
});
