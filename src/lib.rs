//! talkpath: a SIP/RTP telephony voice bot.
//!
//! This package is drivers and wiring; what SIP, RTP, turn-taking and dialling mean lives in the pure
//! rooms beside it (`talkpath-sip`, `talkpath-media`, `talkpath-speech`, `talkpath-dialplan`). See ARCHITECTURE.md.

pub mod api;
pub mod bench;
pub mod call;
pub mod cli;
pub mod door;
pub mod meter;
pub mod net;
pub mod phone;
pub mod record;
pub mod recorder;
pub mod server;
pub mod tool;
pub mod trunk;
pub mod voice;
pub mod wav;
