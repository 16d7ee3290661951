//! Recordings on disk, off the media threads: one thread writes every call's WAV file.
//!
//! A shard hands over one second of aligned stereo at a time (caller left, agent right) through a
//! bounded queue and never waits: when the disk can't follow, the block is refused and the shard
//! counts it. After each block the WAV header is made true, so a file is valid to the last second
//! also when the process is killed.

use hound::{SampleFormat, WavSpec, WavWriter};
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::thread;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info};

/// Seconds of audio that may wait for the disk, over all calls: 4,096 of them are 128 MB.
const QUEUE: usize = 4_096;

const SPEC: WavSpec =
    WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// Names one recording while it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordingId(pub u128);

enum Message {
    Open { id: RecordingId, path: PathBuf },
    Block { id: RecordingId, gap: u32, samples: Box<[i16]> },
    Close { id: RecordingId, done: oneshot::Sender<Outcome> },
}

/// How a recording ended.
#[derive(Debug)]
pub enum Outcome {
    /// It is complete.
    Written {
        /// Where it lies.
        path: PathBuf,
        /// Its length in samples a channel.
        samples: u32,
    },
    /// It could not be written; the file, if there is one, holds what came before.
    Failed {
        /// Where it should lie.
        path: PathBuf,
        /// What the system said.
        error: String,
    },
}

/// A handle on the recorder thread; clones share it.
#[derive(Clone, Debug)]
pub struct Recorder {
    queue: mpsc::Sender<Message>,
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Open { .. } => "Open",
            Self::Block { .. } => "Block",
            Self::Close { .. } => "Close",
        })
    }
}

/// The queue is full or the thread is gone: the block was not recorded.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("the disk does not follow: a second of a recording was lost")]
pub struct Overrun;

impl Recorder {
    /// Starts the thread.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn start() -> std::io::Result<Self> {
        let (queue, messages) = mpsc::channel(QUEUE);
        thread::Builder::new().name("recorder".into()).spawn(move || write_all(messages))?;
        Ok(Self { queue })
    }

    /// Begins a recording; waits while the disk can't follow.
    pub async fn open(&self, id: RecordingId, path: PathBuf) {
        // A thread that is gone has said why.
        drop(self.queue.send(Message::Open { id, path }).await);
    }

    /// Appends interleaved stereo samples, after `gap` frames of silence that stand for blocks refused before.
    ///
    /// # Errors
    /// [`Overrun`] when the queue is full; the block is lost.
    pub fn block(&self, id: RecordingId, gap: u32, samples: Box<[i16]>) -> Result<(), Overrun> {
        self.queue.try_send(Message::Block { id, gap, samples }).map_err(|_| Overrun)
    }

    /// Ends a recording, and waits until its file is closed; nothing comes back when the thread is gone.
    pub async fn close(&self, id: RecordingId) -> Option<Outcome> {
        let (done, outcome) = oneshot::channel();
        self.queue.send(Message::Close { id, done }).await.ok()?;
        outcome.await.ok()
    }

    /// Ends a recording that nobody waits for, if there is room to say so.
    pub fn abandon(&self, id: RecordingId) {
        let (done, _) = oneshot::channel();
        drop(self.queue.try_send(Message::Close { id, done }));
    }
}

struct Writing {
    path: PathBuf,
    file: Result<WavWriter<BufWriter<File>>, hound::Error>,
}

fn write_all(mut messages: mpsc::Receiver<Message>) {
    let mut open: HashMap<RecordingId, Writing> = HashMap::new();
    while let Some(message) = messages.blocking_recv() {
        match message {
            Message::Open { id, path } => {
                open.insert(id, Writing::create(path));
            }
            Message::Block { id, gap, samples } => {
                if let Some(writing) = open.get_mut(&id) {
                    writing.append(gap, &samples);
                }
            }
            Message::Close { id, done } => {
                if let Some(writing) = open.remove(&id) {
                    // Whoever asked may have gone: the file is closed all the same.
                    drop(done.send(writing.finish()));
                }
            }
        }
    }
}

impl Writing {
    fn create(path: PathBuf) -> Self {
        let file = create_file(&path);
        if let Err(error) = &file {
            error!(path = %path.display(), %error, "a call is not recorded: its file can't be created; check that the directory may be written");
        }
        Self { path, file }
    }

    fn append(&mut self, gap: u32, samples: &[i16]) {
        let Ok(file) = &mut self.file else { return };
        if let Err(error) = append(file, gap, samples) {
            error!(path = %self.path.display(), %error, "a recording stops here: its file can't be written; check the disk");
            self.file = Err(error);
        }
    }

    fn finish(self) -> Outcome {
        let Self { path, file } = self;
        let result = file.and_then(|file| {
            let samples = file.duration();
            file.finalize().map(|()| samples)
        });
        match result {
            Ok(samples) => {
                info!(path = %path.display(), seconds = samples / SPEC.sample_rate, "recording written");
                Outcome::Written { path, samples }
            }
            Err(error) => Outcome::Failed { path, error: error.to_string() },
        }
    }
}

fn create_file(path: &Path) -> Result<WavWriter<BufWriter<File>>, hound::Error> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    WavWriter::create(path, SPEC)
}

fn append(file: &mut WavWriter<BufWriter<File>>, gap: u32, samples: &[i16]) -> Result<(), hound::Error> {
    for _ in 0..u64::from(gap) * u64::from(SPEC.channels) {
        file.write_sample(0_i16)?;
    }
    for sample in samples {
        file.write_sample(*sample)?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("talkpath-{}-{name}", std::process::id()))
    }

    #[test]
    fn a_recording_can_be_read_while_it_is_still_being_written() {
        let path = scratch("live.wav");
        let mut writing = Writing::create(path.clone());
        writing.append(0, &[1, -1]);
        writing.append(1, &[2, -2]);
        let seen: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(seen, [1, -1, 0, 0, 2, -2], "what the disk did not take is silence");
        drop(writing);
        fs::remove_file(path).unwrap();
    }

    #[tokio::test]
    async fn a_directory_that_cant_be_made_is_named_when_the_recording_ends() {
        let file = scratch("plain-file");
        fs::write(&file, b"").unwrap();
        let recorder = Recorder::start().unwrap();
        recorder.open(RecordingId(1), file.join("call.wav")).await;
        recorder.block(RecordingId(1), 0, Box::new([0, 0])).unwrap();
        let outcome = recorder.close(RecordingId(1)).await.unwrap();
        assert!(matches!(outcome, Outcome::Failed { path, .. } if path.ends_with("call.wav")));
        fs::remove_file(file).unwrap();
    }
}
