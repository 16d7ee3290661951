//! The caller of the demo: what it says and does, and what it measures while it listens.

use crate::cli::console::Console;
use crate::phone::{DialOptions, Ear, Heard, LineCounts, Phone, PhoneCall, Said};
use anyhow::Context;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_speech::voice::Voice;
use tokio::sync::oneshot;

/// Sound shorter than this is no answer.
const SOUND: Duration = Duration::from_millis(60);
/// Silence of this length ends what the agent says; its sentences are closer together.
const PAUSE: Duration = Duration::from_millis(1_000);
/// Silence of this length is a stop.
const STOP: Duration = Duration::from_millis(200);
/// How long the agent may take for anything.
const PATIENCE: Duration = Duration::from_secs(30);
/// How far the agent gets before it is interrupted.
const LISTENING: Duration = Duration::from_millis(5_500);

const INTERRUPTION: &str = "Excuse me, can you say that in my own voice?";
const FAREWELL: &str = "Thank you, that was all.";

/// What the caller measured, by the packets that reached it.
#[derive(Debug)]
pub(super) struct Measured {
    /// From the 200 to the first sound.
    pub(super) greeting: Duration,
    /// Audio from the caller's first voiced packet to the agent's silence.
    pub(super) silent_after: Duration,
    /// From the end of what the caller did to the agent's first sound.
    pub(super) answers: Vec<(&'static str, Duration)>,
    /// What the caller said, and what came back for it.
    pub(super) said: Arc<[i16]>,
    /// What the agent sent after the interruption.
    pub(super) repeated: Vec<i16>,
    /// From the answer to the end.
    pub(super) length: Duration,
    /// What the line counted.
    pub(super) counts: LineCounts,
}

struct Caller<'a> {
    call: PhoneCall,
    voice: Voice,
    console: &'a Console,
    answers: Vec<(&'static str, Duration)>,
}

/// Places the call and plays the script.
pub(super) async fn call(server: SocketAddr, console: &Console) -> anyhow::Result<Measured> {
    let voice = Voice::new().context("the embedded voice can't be read")?;
    let phone = Phone::start(server.ip()).context("the caller can't be started")?;
    let call = phone.dial(server, "receptionist", DialOptions::default()).await?;
    console.line("caller", &format!("heard the answer {} ms after its INVITE", call.answered_after.as_millis()));
    let answered = Instant::now();
    let mut caller = Caller { call, voice, console, answers: Vec::new() };
    let greeting = caller.first_sound().await?.saturating_duration_since(answered);
    caller.listen_until(Instant::now() + LISTENING).await?;

    let said: Arc<[i16]> = caller.voice.synthesize(INTERRUPTION).into();
    let (spoken, silent_after) = caller.interrupt(&said).await?;
    let repeated_from = caller.answer("the interruption", spoken.ended).await?;
    caller.pause().await?;
    let repeated = caller.call.ear.samples_since(repeated_from);

    caller.keys("1", "key 1 (the time)").await?;
    caller.keys("42", "keys 4 2 (read back)").await?;
    caller.say(FAREWELL).await?;
    caller.console.line("caller", "hangs up");
    let length = answered.elapsed();
    let counts = caller.call.hang_up().await?;
    Ok(Measured { greeting, silent_after, answers: caller.answers, said, repeated, length, counts })
}

impl Caller<'_> {
    fn ear(&mut self) -> &mut Ear {
        &mut self.call.ear
    }

    async fn first_sound(&mut self) -> anyhow::Result<Instant> {
        patiently("the agent to speak", self.ear().until_sound(SOUND)).await
    }

    async fn pause(&mut self) -> anyhow::Result<Instant> {
        patiently("the agent to finish", self.ear().until_silence(PAUSE)).await
    }

    async fn listen_until(&mut self, end: Instant) -> anyhow::Result<()> {
        patiently("the agent's voice", async {
            while let Some(heard) = self.ear().next().await {
                if heard.packet.arrived >= end {
                    return Some(());
                }
            }
            None
        })
        .await
    }

    async fn say(&mut self, text: &str) -> anyhow::Result<Said> {
        let speech = self.voice.synthesize(text);
        self.console.line("caller", &format!("\"{text}\" (from its script)"));
        self.call.mouth().say(speech.into()).await
    }

    /// Speaks while the agent does, and measures how much of the agent's audio still comes.
    async fn interrupt(&mut self, said: &Arc<[i16]>) -> anyhow::Result<(Said, Duration)> {
        self.console.line("caller", &format!("\"{INTERRUPTION}\" (from its script; interrupts the agent)"));
        let speaking: oneshot::Receiver<Said> = self.call.mouth().begin(Arc::clone(said));
        patiently("the agent to fall silent", self.ear().until_silence(STOP)).await?;
        let spoken = speaking.await.context("the caller was cut short")?;
        self.ear().catch_up();
        let meanwhile = |heard: &&Heard| (spoken.began..spoken.ended).contains(&heard.packet.arrived);
        let heard: Vec<_> = self.call.ear.heard().iter().filter(meanwhile).collect();
        let audible = heard.iter().rposition(|heard| heard.is_audible()).map_or(0, |last| last + 1);
        let silent_after = heard.iter().take(audible).map(|heard| heard.length()).sum();
        Ok((spoken, silent_after))
    }

    /// Presses keys and listens to what the agent makes of them.
    async fn keys(&mut self, keys: &str, what: &'static str) -> anyhow::Result<()> {
        for key in keys.chars() {
            self.console.line("caller", &format!("presses {key}"));
            self.call.mouth().press(key);
        }
        self.answer(what, Instant::now()).await?;
        self.pause().await?;
        Ok(())
    }

    /// Waits for the agent's answer to what ended at `end`; gives its first sound.
    async fn answer(&mut self, what: &'static str, end: Instant) -> anyhow::Result<Instant> {
        let sound = self.first_sound().await?;
        let latency = sound.saturating_duration_since(end);
        self.answers.push((what, latency));
        self.console.line("caller", &format!("hears an answer to {what} after {} ms", latency.as_millis()));
        Ok(sound)
    }
}

async fn patiently<T>(what: &str, waited_for: impl Future<Output = Option<T>>) -> anyhow::Result<T> {
    let came = tokio::time::timeout(PATIENCE, waited_for).await;
    came.with_context(|| format!("waited {} s for {what}", PATIENCE.as_secs()))?
        .with_context(|| format!("the line was gone before {what}"))
}
