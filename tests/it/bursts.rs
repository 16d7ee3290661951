//! Bursts of two pitches in turn, which peers' programs send and record, and the files that hold them: WAV from us and from
//! others, found again by frequency and level wherever they begin.

use std::path::Path;
use talkpath_media::g711::Law;
use talkpath_media::tone::{Tone, level_at};

/// So many bursts of so many samples.
const BURSTS: usize = 8;
const BURST: usize = 2_000;
/// What a burst may lose at its ends without being judged by it.
const MARGIN: usize = 300;
/// Short enough that following another clock (a sample in 160) doesn't blur a pitch.
const WINDOW: usize = 160;
/// A level is the same within this.
const SAME_DB: f32 = 0.5;
/// The other pitch is at least this much softer.
const APART_DB: f32 = 20.0;
/// How closely their beginning is looked for.
const STEP: usize = 40;

/// Two seconds of them.
#[derive(Clone, Debug)]
pub(crate) struct Bursts {
    pitches: [f32; 2],
    pub(crate) samples: Vec<i16>,
}

/// Bursts of `length` samples, of sines at these shares of the sampling rate times 8000.
fn sing(pitches: [f32; 2], level_dbov: f32, length: usize) -> Vec<i16> {
    let mut samples = vec![0; BURSTS * length];
    for (burst, pitch) in samples.chunks_mut(length).zip(pitches.iter().cycle()) {
        Tone::new(&[*pitch], level_dbov).fill(burst);
    }
    samples
}

impl Bursts {
    /// At this level, silence before and after not included.
    pub(crate) fn new(pitches: [f32; 2], level_dbov: f32) -> Self {
        Self { pitches, samples: sing(pitches, level_dbov, BURST) }
    }

    /// The same sound as [`Bursts::new`], as a studio has it: at 16 kHz and in stereo, with seconds of silence around it.
    pub(crate) fn wide(pitches: [f32; 2], level_dbov: f32, before: usize, after: usize) -> Vec<i16> {
        let mono = sing(pitches.map(|pitch| pitch / 2.0), level_dbov, 2 * BURST);
        let (before, after) = (vec![0; before * 16_000], vec![0; after * 16_000]);
        [before, mono, after].concat().into_iter().flat_map(|sample| [sample, sample]).collect()
    }

    /// Those in a file of raw µ-law: 700 and 1000 Hz.
    pub(crate) fn of_mu_law(path: &Path) -> Self {
        let samples: Vec<i16> = std::fs::read(path).unwrap().iter().map(|byte| Law::Mu.decode_byte(*byte)).collect();
        assert_eq!(samples.len(), BURSTS * BURST);
        Self { pitches: [700.0, 1_000.0], samples }
    }

    /// With so many seconds of silence around them.
    pub(crate) fn between(&self, before: f32, after: f32) -> Vec<i16> {
        let silence = |seconds: f32| vec![0; (seconds * 8_000.0) as usize];
        [silence(before), self.samples.clone(), silence(after)].concat()
    }

    /// All but what may be lost at their ends.
    pub(crate) fn middle(&self) -> &[i16] {
        &self.samples[MARGIN..self.samples.len() - MARGIN]
    }

    /// Where in `heard`, from `start` on, they are: each at its frequency, its level and its place.
    pub(crate) fn find(&self, heard: &[i16], start: usize) -> Result<usize, String> {
        let last = heard.len().saturating_sub(self.samples.len() - MARGIN);
        let mut best = (0, format!("{} samples are too few", heard.len()));
        for place in (start..=last).step_by(STEP) {
            let Some(from_here) = heard.get(place..).filter(|rest| rest.len() >= self.samples.len() - MARGIN) else {
                break;
            };
            match self.judge(from_here) {
                Ok(()) => return Ok(place),
                Err(complaint) if complaint.0 >= best.0 => best = complaint,
                Err(_) => {}
            }
        }
        Err(best.1)
    }

    /// Whether they begin here; the error says how many windows were right, and what was wrong with the next.
    fn judge(&self, heard: &[i16]) -> Result<(), (usize, String)> {
        let mut right = 0;
        for burst in 0..BURSTS {
            let within = burst * BURST + MARGIN..(burst + 1) * BURST - MARGIN;
            let (pitch, other) = (self.pitches[burst % 2], self.pitches[(burst + 1) % 2]);
            for (sent, heard) in
                self.samples[within.clone()].chunks_exact(WINDOW).zip(heard[within].chunks_exact(WINDOW))
            {
                let (wanted, found, beside) = (level_at(pitch, sent), level_at(pitch, heard), level_at(other, heard));
                if (found - wanted).abs() > SAME_DB || beside > wanted - APART_DB {
                    let where_ = format!("{pitch} Hz at {found:.1} dBov instead of {wanted:.1} in burst {burst}");
                    return Err((right, format!("{where_}, and {other} Hz at {beside:.1}")));
                }
                right += 1;
            }
        }
        Ok(())
    }
}

/// Both channels of a recording of ours: caller left, agent right.
pub(crate) struct Recording {
    pub(crate) left: Vec<i16>,
    pub(crate) right: Vec<i16>,
}

/// Reads a recording of ours.
pub(crate) fn recording(path: &Path) -> Recording {
    let samples = read(path, 2);
    let channel = |offset: usize| samples.iter().skip(offset).step_by(2).copied().collect();
    Recording { left: channel(0), right: channel(1) }
}

/// The only recording in a directory.
pub(crate) fn only_recording(directory: &Path) -> Recording {
    let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &*files else { panic!("there should be one recording: {files:?}") };
    recording(file)
}

/// The samples of a WAV file of 16 bits at 8 kHz.
pub(crate) fn read(path: &Path, channels: u16) -> Vec<i16> {
    let reader = hound::WavReader::open(path).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (channels, 8_000, 16));
    reader.into_samples().map(Result::unwrap).collect()
}

/// Writes a WAV file of 16 bits.
pub(crate) fn write(path: &Path, samples: &[i16], channels: u16, sample_rate: u32) {
    let spec = hound::WavSpec { channels, sample_rate, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    samples.iter().for_each(|sample| writer.write_sample(*sample).unwrap());
    writer.finalize().unwrap();
}
