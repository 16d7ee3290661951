//! Any value: addresses, URIs and Vias that are read print as they mean, and read again the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use talkpath_sip::message::{MediaType, NameAddr, Text, Uri, Via};

fuzz_target!(|data: &[u8]| {
    // Values have been unfolded before anybody reads them.
    if data.iter().any(|b| matches!(b, b'\r' | b'\n')) {
        return;
    }
    let text = Text::from(data);
    if let Ok(uri) = Uri::parse(&text) {
        assert_eq!(uri.as_bytes(), data);
        assert!(uri.equivalent(&uri));
    }
    if let Ok(address) = NameAddr::parse(&text) {
        assert_eq!(NameAddr::parse(address.to_text()), Ok(address));
    }
    if let Ok(via) = Via::parse(&text) {
        assert_eq!(Via::parse(via.to_text()), Ok(via));
    }
    drop(MediaType::parse(&text));
});
