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
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use tokio::sync::oneshot;
use tracing::{error, info};

/// Seconds of audio that may wait for the disk, over all calls: 4,096 of them are 128 MB.
const QUEUE: usize = 4_096;

const SPEC: WavSpec =
    WavSpec { channels: 2, sample_rate: 8_000, bits_per_sample: 16, sample_format: SampleFormat::Int };

/// Names one recording while it is being written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordingId(pub u64);

enum Message {
    Open { id: RecordingId, path: PathBuf },
    Block { id: RecordingId, samples: Box<[i16]> },
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
    queue: SyncSender<Message>,
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
        let (queue, messages) = sync_channel(QUEUE);
        thread::Builder::new().name("recorder".into()).spawn(move || write_all(&messages))?;
        Ok(Self { queue })
    }

    /// Begins a recording; the file appears with its first block.
    ///
    /// # Errors
    /// [`Overrun`] when the queue is full.
    pub fn open(&self, id: RecordingId, path: PathBuf) -> Result<(), Overrun> {
        self.send(Message::Open { id, path })
    }

    /// Appends interleaved stereo samples.
    ///
    /// # Errors
    /// [`Overrun`] when the queue is full; the block is lost.
    pub fn block(&self, id: RecordingId, samples: Box<[i16]>) -> Result<(), Overrun> {
        self.send(Message::Block { id, samples })
    }

    /// Ends a recording; the outcome comes when the file is closed.
    ///
    /// # Errors
    /// [`Overrun`] when the queue is full.
    pub fn close(&self, id: RecordingId) -> Result<oneshot::Receiver<Outcome>, Overrun> {
        let (done, outcome) = oneshot::channel();
        self.send(Message::Close { id, done })?;
        Ok(outcome)
    }

    fn send(&self, message: Message) -> Result<(), Overrun> {
        self.queue.try_send(message).map_err(|_| Overrun)
    }
}

struct Writing {
    path: PathBuf,
    file: Result<WavWriter<BufWriter<File>>, hound::Error>,
}

fn write_all(messages: &Receiver<Message>) {
    let mut open: HashMap<RecordingId, Writing> = HashMap::new();
    for message in messages {
        match message {
            Message::Open { id, path } => {
                open.insert(id, Writing::create(path));
            }
            Message::Block { id, samples } => {
                if let Some(writing) = open.get_mut(&id) {
                    writing.append(&samples);
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

    fn append(&mut self, samples: &[i16]) {
        let Ok(file) = &mut self.file else { return };
        if let Err(error) = append(file, samples) {
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

fn append(file: &mut WavWriter<BufWriter<File>>, samples: &[i16]) -> Result<(), hound::Error> {
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
        writing.append(&[1, -1, 2, -2]);
        let seen: Vec<i16> = hound::WavReader::open(&path).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(seen, [1, -1, 2, -2]);
        drop(writing);
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_directory_that_cant_be_made_is_named_when_the_recording_ends() {
        let file = scratch("plain-file");
        fs::write(&file, b"").unwrap();
        let recorder = Recorder::start().unwrap();
        recorder.open(RecordingId(1), file.join("call.wav")).unwrap();
        recorder.block(RecordingId(1), Box::new([0, 0])).unwrap();
        let outcome = recorder.close(RecordingId(1)).unwrap().blocking_recv().unwrap();
        assert!(matches!(outcome, Outcome::Failed { path, .. } if path.ends_with("call.wav")));
        fs::remove_file(file).unwrap();
    }
}
