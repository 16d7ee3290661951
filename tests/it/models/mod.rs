//! Whole calls with models of realtime services and with bots: sound both ways, interruptions, tools, transfers, and what a caller hears
//! when the service is gone. The services are strict fakes behind real sockets ([`crate::fakes`]).
//!
//! What a telephone has heard is judged as a list of sounds on the media clock ([`Scene::sounds`]): which tone, from which sample to which.

mod bots;
mod checks;
mod greetings;
mod idle;
mod interruptions;
mod losses;
mod services;
mod talks;
mod tools;
mod transfers;
mod web_tools;

use crate::fakes::{KEY, MODEL, Realtime};
use crate::sound::{SOUND, position, song, spoken, trimmed};
use crate::support::{HOME, address, config, patiently, story};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};
use talkpath::call::CallEvent;
use talkpath::net::shard::{MediaEvent, Report};
use talkpath::phone::{DialOptions, Ear, LineCounts, Phone, PhoneCall};
use talkpath::record::{Conversation, Turn};
use talkpath::server::Server;
use talkpath_config::Config;
use talkpath_media::level::dbov;
use talkpath_media::tone::level_at;
use tokio::sync::broadcast;

/// How loud the fakes' tones are, and how much a telephone line may change that.
const LEVEL: f32 = -15.0;
const LINE: f32 = 1.0;
/// What the agent's greeting sounds like.
const GREETING: f32 = 550.0;
/// What its answers sound like.
const ANSWER: f32 = 1_000.0;
/// What the next answer does.
const NEXT: f32 = 1_400.0;
/// What somebody else sounds like: a second model, a callee.
const OTHERS: f32 = 750.0;
/// How it sounds when it rings elsewhere.
const RINGING: f32 = 425.0;
/// All that a telephone may hear, and of what else there is.
const TONES: [f32; 4] = [GREETING, ANSWER, NEXT, OTHERS];
const OTHER: f32 = 0.0;
/// Samples of a packet, and of a millisecond.
const PACKET: usize = 160;
const MS: usize = 8;
/// Pieces that a line is looked for in.
const PIECES: usize = 4;
/// The caller's notes, as a service hears them.
const NOTE: f32 = 640.0;

/// An engine "model" of a configuration, which is `fake`.
fn engine(fake: &Realtime, more: &str) -> String {
    engine_named("model", fake, more)
}

fn engine_named(name: &str, fake: &Realtime, more: &str) -> String {
    format!(
        "[[engine]]\nname = \"{name}\"\nkind = \"realtime\"\nmodel = \"{MODEL}\"\nkey = \"{KEY}\"\nurl = \"{}\"\n{more}\n",
        fake.url()
    )
}

/// A server's configuration with an agent "receptionist" whose engine is `fake`; the last lines are of the engine and the agent.
fn configuration(fake: &Realtime, more: &str, agent: &str) -> String {
    format!("{}[[agent]]\nname = \"receptionist\"\nengine = \"model\"\n{agent}\n", engine(fake, more))
}

/// A server, a call to its receptionist, and what is told of that.
struct Scene {
    server: Server,
    events: broadcast::Receiver<CallEvent>,
    call: PhoneCall,
    /// The INVITE left after this moment.
    placed: Instant,
}

/// How a call has ended.
struct Ended {
    /// What the telephone has heard of it.
    samples: Vec<i16>,
    sounds: Vec<Sound>,
    told: Vec<MediaEvent>,
    report: Box<Report>,
    conversation: Conversation,
}

impl Scene {
    async fn begin(toml: &str) -> Self {
        Self::with(config(toml)).await
    }

    async fn with(config: Config) -> Self {
        Self::at(Server::start(config).unwrap()).await
    }

    /// On a server that is there already.
    async fn at(server: Server) -> Self {
        let events = server.subscribe();
        let placed = Instant::now();
        let call = dial(address(&server)).await;
        Self { server, events, call, placed }
    }

    /// The 200 came, and the ACK left, at this moment or a little later.
    fn answered(&self) -> Instant {
        self.placed + self.call.answered_after
    }

    /// The caller sings for so long.
    async fn sing(&mut self, ms: usize) {
        let song = song();
        patiently("the caller", self.call.mouth().say(song.samples[..ms * MS].into())).await.unwrap();
    }

    /// Waits for a tone, and gives when its first packet came.
    async fn until_tone(&mut self, hertz: f32) -> Instant {
        until_tone(&mut self.call.ear, hertz).await
    }

    /// Waits until nothing was heard for so long.
    async fn until_silence(&mut self, ms: u64) {
        patiently("silence", self.call.ear.until_silence(Duration::from_millis(ms))).await.unwrap();
    }

    /// Everything that was heard so far.
    fn samples(&mut self) -> Vec<i16> {
        self.call.ear.catch_up();
        self.call.ear.samples()
    }

    /// The caller hangs up.
    async fn hang_up(mut self) -> Ended {
        let samples = self.samples();
        let counts = patiently("the end", self.call.hang_up()).await.unwrap();
        over(self.server, self.events, samples, counts).await
    }

    /// Waits until the server does.
    async fn until_hung_up(mut self) -> Ended {
        patiently("the server to hang up", self.call.ended()).await.unwrap();
        let counts = self.call.mouth().disconnect().await.unwrap();
        let samples = self.samples();
        over(self.server, self.events, samples, counts).await
    }
}

async fn over(
    server: Server,
    mut events: broadcast::Receiver<CallEvent>,
    samples: Vec<i16>,
    counts: LineCounts,
) -> Ended {
    let (told, report) = story(&mut events).await;
    assert!(report.refused.is_zero() && report.lost_events == 0, "{report:?}");
    assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0), "{counts:?}");
    let records = &server.context().records;
    let call = records.list(None, 1, |_| true)[0].call_id;
    let conversation = records.conversation(call).unwrap();
    Ended { sounds: sounds(&samples), samples, told, report, conversation }
}

impl Ended {
    /// The agent's turns, as far as they were heard.
    fn agent(&self) -> Vec<&Turn> {
        self.conversation.turns.iter().filter(|turn| turn.who == talkpath::record::Speaker::Agent).collect()
    }

    /// Whether the embedded voice said this line: all of it, sample for sample, but for what a machine that stood still has left out.
    fn says(&self, line: &str) -> bool {
        let line = spoken(&[line]);
        let line = trimmed(&line);
        let pieces: Vec<_> = line.chunks(line.len() / PIECES).take(PIECES).collect();
        let found = pieces.iter().filter(|piece| position(piece, &self.samples).is_some()).count();
        found == PIECES || (!self.report.leg.skipped.is_zero() && found >= PIECES / 2)
    }

    /// Which sounds there were, without their lengths.
    fn pitches(&self) -> Vec<f32> {
        self.sounds.iter().map(|sound| sound.hertz).collect()
    }

    /// So many milliseconds of this pitch were heard, in one piece, but for what a machine that stood still has left out.
    #[track_caller]
    fn assert_whole(&self, hertz: f32, ms: usize) {
        let (heard, wanted) = (self.only(hertz).len(), ms * MS);
        let skipped = usize::try_from(talkpath_media::samples_in(self.report.leg.skipped)).unwrap();
        assert!(heard <= wanted && heard + skipped >= wanted, "{heard} samples of {wanted}: {:?}", self.sounds);
    }

    /// The only sound of this pitch.
    #[track_caller]
    fn only(&self, hertz: f32) -> Range<usize> {
        let all: Vec<_> = self.sounds.iter().filter(|sound| sound.hertz == hertz).collect();
        assert_eq!(all.len(), 1, "{:?}", self.sounds);
        all[0].at.clone()
    }
}

/// A sound in what a telephone has heard: which tone of those that there may be, and its packets' first sample and last.
#[derive(Clone, Debug, PartialEq)]
struct Sound {
    hertz: f32,
    at: Range<usize>,
}

/// The sounds in what was heard. What isn't one of our tones is another.
fn sounds(samples: &[i16]) -> Vec<Sound> {
    /// Quieter packets are silence.
    const AUDIBLE: f32 = -50.0;
    /// A packet is a tone's that is hardly anything else.
    const PURE: f32 = 6.0;
    let mut sounds: Vec<Sound> = Vec::new();
    for (place, packet) in samples.chunks(PACKET).enumerate() {
        let level = dbov(packet);
        if level < AUDIBLE {
            continue;
        }
        let at = place * PACKET..place * PACKET + packet.len();
        let tone = |hertz: &f32| level_at(*hertz, packet);
        let loudest =
            TONES.into_iter().chain([RINGING]).max_by(|one, other| tone(one).total_cmp(&tone(other))).unwrap();
        let hertz = if tone(&loudest) > level - PURE { loudest } else { OTHER };
        // The last packet of a sound may hold little of it, or fade, and belongs to it all the same.
        let fades = hertz == OTHER && level < LEVEL - LINE;
        match sounds.last_mut() {
            Some(last) if last.at.end == at.start && (last.hertz == hertz || fades) => last.at.end = at.end,
            Some(_) | None => sounds.push(Sound { hertz, at }),
        }
    }
    sounds
}

async fn dial(server: SocketAddr) -> PhoneCall {
    let phone = Phone::start_realtime(HOME).unwrap();
    patiently("an answer", phone.dial(server, "receptionist", DialOptions::default())).await.unwrap()
}

/// Waits for a tone of some length, and gives when its first packet came.
async fn until_tone(ear: &mut Ear, hertz: f32) -> Instant {
    patiently(&format!("a tone of {hertz} Hz"), tone_of(ear, hertz)).await
}

async fn tone_of(ear: &mut Ear, hertz: f32) -> Instant {
    let mut run: Option<(Instant, Duration)> = None;
    let mut before = None;
    loop {
        let heard = ear.next().await.unwrap();
        let (arrived, length, audible) = (heard.packet.arrived, heard.length(), heard.is_audible());
        let samples = ear.samples_since(arrived);
        if (level_at(hertz, &samples) - LEVEL).abs() < 2.0 * LINE {
            // Its first packet may hold little of it.
            let (since, so_far) = run.unwrap_or((before.unwrap_or(arrived), Duration::ZERO));
            run = Some((since, so_far + length));
        } else {
            run = None;
        }
        before = audible.then_some(arrived);
        if let Some((since, so_far)) = run
            && so_far >= SOUND
        {
            return since;
        }
    }
}
