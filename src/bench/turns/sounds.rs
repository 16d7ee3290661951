//! What scenes are made of: people who interrupt, and what sounds as if somebody did.

use super::scene::{Echo, Scene};
use super::voices::{Voices, level};
use rand::rngs::StdRng;
use rand::{Rng, RngExt};

/// A scene's kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Words,
    WordsInNoise,
    WordsOverEcho20,
    WordsOverEcho10,
    Cough,
    Listening,
    Noise,
    Clicks,
    Echo10,
    Echo20,
}

/// Kinds of interruptions.
pub(super) const INTERRUPTIONS: &[Kind] =
    &[Kind::Words, Kind::WordsInNoise, Kind::WordsOverEcho20, Kind::WordsOverEcho10];
/// Kinds of what is none.
pub(super) const OTHERS: &[Kind] =
    &[Kind::Cough, Kind::Listening, Kind::Noise, Kind::Clicks, Kind::Echo10, Kind::Echo20];

/// The telephone's nominal level of speech.
const NOMINAL_DBOV: f32 = -26.0;
/// The agent's.
const AGENT_DBOV: f32 = -20.0;
/// How long a scene is: 9 s.
const LENGTH: usize = 72_000;
/// An idle line's noise.
const LINE_DBOV: f32 = -66.0;

const AGENT: [&str; 4] = [
    "Our office is open from nine to five on every day of the week, and on Sundays from ten until noon. You can reach us by bus, by train, and on foot \
     along the river, where you will find the blue door beside the old mill.",
    "Thank you for calling. I have found your order, and it left our house on Tuesday in the afternoon, so that it should be with you by the end of the \
     week. If it isn't, please call us again, and have the number at hand.",
    "The next train to the airport leaves at a quarter past seven from platform nine, and the one after that half an hour later. Both of them take about \
     forty minutes, and you don't have to change on the way.",
    "I can offer you an appointment on Monday at eight, on Wednesday at half past two, or on Friday in the morning. Please tell me which of them suits \
     you best, and under what name I may write it down.",
];
const INTERRUPTING: [&str; 10] = [
    "No, wait a moment, that is not what I meant.",
    "Excuse me, can I ask you something else?",
    "Stop, I already know that.",
    "Sorry, could you repeat the number please?",
    "I want to talk to a person.",
    "Hang on, I need to find a pen first.",
    "That's wrong, my name is Miller.",
    "Hello? I was asking about Thursday.",
    "Please cancel the whole order.",
    "Okay listen, I don't have much time.",
];
const LISTENING: [&str; 8] = ["Mm-hm.", "Uh-huh.", "Yeah.", "Okay.", "Right.", "Hmm.", "Ah.", "Mm."];

/// Makes a scene.
pub(super) fn compose(kind: Kind, voices: &mut Voices, random: &mut StdRng) -> Scene {
    let text = pick(&AGENT, random);
    let mut agent = voices.say(random.random_range(0..16), text).to_vec();
    level(&mut agent, AGENT_DBOV);
    let mut caller = vec![0; LENGTH];
    add(&mut caller, 0, &white(LENGTH, LINE_DBOV, random));
    let begins = random.random_range(12_000..32_000);
    let mut echo = None;
    let (mut told, mut heard) = (String::new(), None);
    match kind {
        Kind::Words | Kind::WordsInNoise | Kind::WordsOverEcho20 | Kind::WordsOverEcho10 => {
            let text = pick(&INTERRUPTING, random);
            let mut words = voices.say(random.random_range(0..16), text).to_vec();
            let level_dbov = NOMINAL_DBOV + random.random_range(-4.0..4.0);
            level(&mut words, level_dbov);
            add(&mut caller, begins, &words);
            heard = Some(begins..begins + words.len());
            told = format!("\"{text}\" at {level_dbov:.0} dBov");
            match kind {
                Kind::WordsInNoise => add(&mut caller, 0, &noise(LENGTH, NOMINAL_DBOV - 20.0, random)),
                Kind::WordsOverEcho20 => echo = Some(some_echo(20.0, random)),
                Kind::WordsOverEcho10 => echo = Some(some_echo(10.0, random)),
                Kind::Words
                | Kind::Cough
                | Kind::Listening
                | Kind::Noise
                | Kind::Clicks
                | Kind::Echo10
                | Kind::Echo20 => {}
            }
        }
        Kind::Cough => {
            for _ in 0..random.random_range(1..=2) {
                let at = begins + random.random_range(0..16_000);
                add(&mut caller, at, &cough(random));
            }
        }
        Kind::Listening => {
            let text = pick(&LISTENING, random);
            let mut words = voices.say(random.random_range(0..16), text).to_vec();
            level(&mut words, NOMINAL_DBOV + random.random_range(-6.0..2.0));
            add(&mut caller, begins, &words);
            told = format!("\"{text}\" of {} ms", words.len() / 8);
        }
        Kind::Noise => add(&mut caller, 0, &noise(LENGTH, NOMINAL_DBOV - 10.0, random)),
        Kind::Clicks => {
            for _ in 0..random.random_range(3..12) {
                let at = random.random_range(0..LENGTH - 200);
                let length = random.random_range(8..80);
                add(&mut caller, at, &white(length, random.random_range(-22.0..-8.0), random));
            }
        }
        Kind::Echo10 => echo = Some(some_echo(10.0, random)),
        Kind::Echo20 => echo = Some(some_echo(20.0, random)),
    }
    if let Some(Echo { delay, loss_db }) = echo {
        told = format!("{told} echo {loss_db} dB after {} ms", delay / 8);
    }
    Scene { agent, caller, heard, echo, told }
}

fn some_echo(loss_db: f32, random: &mut StdRng) -> Echo {
    Echo { delay: 8 * random.random_range(20..=300), loss_db }
}

fn pick<'a>(texts: &[&'a str], random: &mut StdRng) -> &'a str {
    texts.get(random.random_range(0..texts.len())).copied().unwrap_or_default()
}

fn add(to: &mut [i16], at: usize, what: &[i16]) {
    for (slot, sample) in to.iter_mut().skip(at).zip(what) {
        *slot = slot.saturating_add(*sample);
    }
}

/// White noise at a level.
fn white(length: usize, dbov: f32, random: &mut impl Rng) -> Vec<i16> {
    // What is even between -a and a has a root mean square of a / sqrt(3).
    let most = 32_768.0 * 10_f32.powf(dbov / 20.0) * 3_f32.sqrt();
    (0..length).map(|_| (random.random_range(-1.0..1.0_f32) * most).clamp(-32_768.0, 32_767.0) as i16).collect()
}

/// A street, a fan or a car, as it may be: coloured noise that swells and ebbs a little.
fn noise(length: usize, dbov: f32, random: &mut StdRng) -> Vec<i16> {
    let colour = random.random_range(0.0..0.95_f32);
    let (swell, period) = (random.random_range(0.0..0.4_f32), random.random_range(4_000.0..24_000.0_f32));
    let mut last = 0.0;
    let mut samples: Vec<i16> = white(length, -20.0, random)
        .into_iter()
        .enumerate()
        .map(|(n, sample)| {
            last = colour * last + (1.0 - colour) * f32::from(sample);
            (last * (1.0 + swell * (n as f32 / period * std::f32::consts::TAU).sin())) as i16
        })
        .collect();
    level(&mut samples, dbov);
    samples
}

/// A cough: a burst of breath, and sometimes a second one that is voiced.
fn cough(random: &mut StdRng) -> Vec<i16> {
    let mut samples = Vec::new();
    for burst in 0..random.random_range(1..=2) {
        let length = random.random_range(640..1_600);
        let breath = white(length, -14.0, random);
        let (pitch, resonance) = (random.random_range(45..80), random.random_range(0.3..0.85_f32));
        let mut last = 0.0;
        samples.extend(breath.into_iter().enumerate().map(|(n, sample)| {
            let pulse = if burst == 1 && n % pitch == 0 { 9_000.0 } else { 0.0 };
            last = resonance * last + (1.0 - resonance) * f32::from(sample) + pulse;
            let attack = (n as f32 / 80.0).min(1.0);
            (last * attack * (-4.0 * n as f32 / length as f32).exp()) as i16
        }));
        samples.extend(std::iter::repeat_n(0, random.random_range(400..1_200)));
    }
    level(&mut samples, random.random_range(-26.0..-16.0));
    samples
}
