//! Everything that touches a socket: the SIP driver and the media shards.

pub mod address;
pub mod limits;
pub mod ports;
pub mod resolve;
pub mod shard;
pub mod sip;
pub mod ticker;
pub mod tls;
pub mod websocket;
