//! Callers and models take turns.

use super::{ANSWER, GREETING, LEVEL, LINE, configuration, dial, until_tone};
use crate::fakes::{Plan, Provider, Realtime};
use crate::sound::{song, until_pause};
use crate::support::{address, patiently, server, story};
use talkpath::net::shard::MediaEvent;
use talkpath_media::tone::{level_at, level_at_rate};

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_hears_a_model_and_is_heard_in_every_form_of_audio() {
    for audio in ["pcm", "pcmu", "pcma"] {
        let fake = Realtime::start(Provider::OpenAi);
        fake.plan(Plan::tone("Hello.", GREETING, LEVEL, 600));
        fake.plan(Plan::tone("This is the answer.", ANSWER, LEVEL, 1_500));
        fake.transcript("What is the time?");
        let server = server(&configuration(&fake, &format!("audio = \"{audio}\""), "greeting = \"Hello.\""));
        let mut events = server.subscribe();
        let mut call = dial(address(&server)).await;
        until_tone(&mut call.ear, GREETING).await;
        until_pause(&mut call.ear).await;
        let song = song();
        patiently("the caller", call.mouth().say(song.samples.as_slice().into())).await.unwrap();
        let began = until_tone(&mut call.ear, ANSWER).await;
        until_pause(&mut call.ear).await;
        let answer = call.ear.samples_since(began);
        assert!((level_at(ANSWER, &answer[800..8_000]) - LEVEL).abs() < LINE, "{audio}");
        call.hang_up().await.unwrap();
        let (told, report) = story(&mut events).await;
        assert!(report.refused.is_zero() && report.lost_events == 0, "{report:?}");
        let said = told.iter().any(|event| {
            matches!(event, MediaEvent::AgentSaid { heard, interrupted: false, .. } if heard == "This is the answer.")
        });
        let understood = told.iter().any(|event| {
            matches!(event, MediaEvent::CallerSaid { text, finished: true, .. } if &**text == "What is the time?")
        });
        assert!(said && understood, "{told:?}");
        fake.until_left(1).await;
        let (heard, rate) = (fake.samples(), fake.rate());
        let longest =
            heard.chunks(rate as usize / 10).map(|piece| level_at_rate(640.0, piece, rate)).fold(f32::MIN, f32::max);
        assert!(longest > -30.0, "{audio}: the song is not in what the model heard: {longest}");
        fake.assert_strict();
    }
}
