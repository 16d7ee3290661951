//! What tests of whole calls hear with: how the agent's lines sound on the wire, where they are found in what came, and
//! whether what came is whole.

use crate::support::{HOME, patiently};
use std::time::Duration;
use talkpath::net::shard::Report;
use talkpath::phone::{DialOptions, Ear, LineCounts, Phone, PhoneCall};
use talkpath_media::g711::Law;
use talkpath_media::tone::Tone;
use talkpath_speech::voice::Voice;

/// An agent that repeats its caller without a word of its own, and has little to say before.
pub(crate) const PARROT: &str = r#"
[[agent]]
name = "receptionist"
greeting = "Hello, this is talkpath, your telephone receptionist."
parrot_lead_in = ""
"#;

/// Sound of this length in one piece is an answer.
pub(crate) const SOUND: Duration = Duration::from_millis(60);
/// Silence of this length ends what the agent says; its sentences are closer together.
pub(crate) const PAUSE: Duration = Duration::from_millis(700);
/// Samples between two sentences of the agent.
const REST: usize = 2_000;
/// What an idle A-law line is worth at most.
const IDLE: u16 = 8;

/// Samples as they come out of a line with this law.
pub(crate) fn coded(law: Law, samples: &[i16]) -> Vec<i16> {
    samples.iter().map(|sample| law.decode_byte(law.encode_sample(*sample))).collect()
}

/// Lines of the agent as they come out of a µ-law line: with its rests between them.
pub(crate) fn spoken(lines: &[&str]) -> Vec<i16> {
    let voice = Voice::new().unwrap();
    let lines: Vec<_> = lines.iter().map(|line| voice.synthesize(line)).collect();
    coded(Law::Mu, &lines.join(&[0; REST][..]))
}

/// Where `part` lies within `whole`, sample for sample.
pub(crate) fn position(part: &[i16], whole: &[i16]) -> Option<usize> {
    whole.windows(part.len()).position(|window| window == part)
}

/// Without the silence at both ends.
pub(crate) fn trimmed(samples: &[i16]) -> &[i16] {
    let sounds = |sample: &i16| sample.unsigned_abs() > IDLE;
    let first = samples.iter().position(sounds).unwrap_or(samples.len());
    let end = samples.iter().rposition(sounds).map_or(first, |last| last + 1);
    &samples[first..end]
}

/// Bursts of two tones each, as no idle line makes them: (the frequencies, the samples from where to where).
pub(crate) struct Song {
    pub(crate) samples: Vec<i16>,
    pub(crate) notes: Vec<([f32; 2], std::ops::Range<usize>)>,
}

/// The level of each tone of a [`Song`].
pub(crate) const NOTE_DBOV: f32 = -18.0;

/// A second and a half of song: a detector of voice takes it for one.
pub(crate) fn song() -> Song {
    let chords = [[320.0, 640.0], [480.0, 960.0], [400.0, 1_600.0], [560.0, 2_400.0], [360.0, 720.0], [440.0, 1_240.0]];
    let (mut samples, mut notes) = (Vec::new(), Vec::new());
    for chord in chords {
        let from = samples.len();
        samples.resize(from + 1_600, 0);
        Tone::new(&chord, NOTE_DBOV).fill(&mut samples[from..]);
        notes.push((chord, from..samples.len()));
        samples.resize(samples.len() + 400, 0);
    }
    samples.truncate(samples.len() - 400);
    Song { samples, notes }
}

/// A telephone's call to the receptionist of `server`; other tests beside this one should not hold up who judges.
pub(crate) async fn call(server: std::net::SocketAddr, options: DialOptions) -> PhoneCall {
    patiently("an answer", Phone::start_realtime(HOME).unwrap().dial(server, "receptionist", options)).await.unwrap()
}

/// Waits until the agent speaks.
pub(crate) async fn until_sound(ear: &mut Ear) {
    patiently("the agent to speak", ear.until_sound(SOUND)).await.unwrap();
}

/// Waits until the agent has finished.
pub(crate) async fn until_pause(ear: &mut Ear) {
    patiently("the agent to finish", ear.until_silence(PAUSE)).await.unwrap();
}

/// Listens to this much audio from now on.
pub(crate) async fn listen(ear: &mut Ear, length: Duration) {
    ear.catch_up();
    let mut heard = Duration::ZERO;
    while heard < length {
        heard += patiently("a packet", ear.next()).await.unwrap().length();
    }
}

/// Every packet of the server came once, its timestamps run on; where the machine stood still, the slots that the server left out
/// are told by markers, and are those that it owns up to.
pub(crate) fn assert_whole(counts: &LineCounts, report: &Report) {
    assert_eq!((counts.lost, counts.doubled, counts.broken_timestamps), (0, 0, 0), "{counts:?}");
    let skipped = talkpath_media::samples_in(report.leg.skipped);
    // What it left out at the very end isn't followed by a packet that could tell.
    assert!(counts.skipped <= skipped as u64, "{counts:?} against {report:?}");
}
