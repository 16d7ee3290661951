//! A call on hold: nothing is sent, nothing is lost, nobody is hung up.

use crate::sound::{call, position, spoken, until_pause, until_sound};
use crate::support::{address, patiently, server};
use std::time::Duration;
use talkpath::phone::DialOptions;
use talkpath_speech::builtin::{Settings, opening};

/// A call without media ends after this; a hold must not.
const TIMEOUT: Duration = Duration::from_secs(2);

#[tokio::test(flavor = "multi_thread")]
async fn a_held_call_outlives_the_media_time_out_and_goes_on_where_the_agent_was_held() {
    let server = server(&format!("media.timeout = {}\n", TIMEOUT.as_secs()));
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    patiently("a hold", call.hold(true)).await.unwrap();
    // What was under way when the answer came.
    call.ear.catch_up();
    let silent = tokio::time::timeout(2 * TIMEOUT, call.ear.next()).await;
    assert!(silent.is_err(), "a packet came while the call was held");
    patiently("the end of the hold", call.hold(false)).await.unwrap();
    until_pause(&mut call.ear).await;
    let line = spoken(&opening(&Settings::default()));
    assert!(position(&line, &call.ear.samples()).is_some(), "the agent's opening is heard whole, in one piece");
    patiently("the goodbye", call.hang_up()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_silent_without_a_hold_is_ended() {
    let server = server(&format!("media.timeout = {}\n", TIMEOUT.as_secs()));
    let mut call = call(address(&server), DialOptions::default()).await;
    until_sound(&mut call.ear).await;
    call.mouth().mute();
    patiently("the BYE", call.ended()).await.unwrap();
}
