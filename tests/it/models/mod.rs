//! Whole calls with models of realtime services: sound both ways, interruptions, tools, transfers, and what a caller hears when the
//! service is gone. The services are strict fakes behind real sockets ([`crate::fakes`]).

mod losses;
mod talks;
mod tools;

use crate::fakes::{KEY, MODEL, Realtime};
use crate::sound::SOUND;
use crate::support::{HOME, patiently};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use talkpath::phone::{DialOptions, Ear, Phone, PhoneCall};
use talkpath_media::tone::level_at;

/// How loud the fakes' tones are, and how much a telephone line may change that.
const LEVEL: f32 = -15.0;
const LINE: f32 = 1.0;
/// What the agent's greeting sounds like.
const GREETING: f32 = 400.0;
/// What its answers sound like.
const ANSWER: f32 = 1_000.0;

/// A server's configuration with an agent "receptionist" whose engine is `fake`; the last lines are of the engine and the agent.
fn configuration(fake: &Realtime, engine: &str, agent: &str) -> String {
    format!(
        "[[engine]]\nname = \"model\"\nkind = \"realtime\"\nmodel = \"{MODEL}\"\nkey = \"{KEY}\"\nurl = \"{}\"\n{engine}\n\
         [[agent]]\nname = \"receptionist\"\nengine = \"model\"\n{agent}\n",
        fake.url()
    )
}

async fn dial(server: SocketAddr) -> PhoneCall {
    let phone = Phone::start_realtime(HOME).unwrap();
    patiently("an answer", phone.dial(server, "receptionist", DialOptions::default())).await.unwrap()
}

/// Waits for a tone of some length, and gives when its first packet came.
async fn until_tone(ear: &mut Ear, hertz: f32) -> Instant {
    loop {
        let began = patiently("a tone", ear.until_sound(SOUND)).await.unwrap();
        let samples = ear.samples_since(began);
        if (level_at(hertz, &samples[..SOUND.as_millis() as usize * 8]) - LEVEL).abs() < 2.0 * LINE {
            return began;
        }
        patiently("silence", ear.until_silence(Duration::from_millis(40))).await.unwrap();
    }
}
