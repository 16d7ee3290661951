//! One call, from end to end.

use crate::support::{address, event, phone, server};
use std::time::Duration;
use talkpath::call::CallEventKind;
use talkpath::phone::DialOptions;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_greets_and_ends() {
    let server = server("");
    let mut events = server.subscribe();
    let mut call = phone().dial(address(&server), "receptionist", DialOptions::default()).await.unwrap();
    call.ear.until_sound(Duration::from_millis(60)).await.unwrap();
    let counts = call.hang_up().await.unwrap();
    assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0));
    let report =
        event(&mut events, |kind| if let CallEventKind::Ended { report, .. } = kind { report.clone() } else { None });
    assert_eq!(report.await.leg.lost, 0);
}
