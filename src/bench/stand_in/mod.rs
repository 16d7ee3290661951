//! The stand-in of a speech service, in a process of its own: OpenAI's GA dialect, as far as a call that is measured meets it.
//!
//! ```text
//!   bench ──"stamps"──► stdin                     stdout ──port, then what was noted──► bench
//!   server under test ◄──WebSocket──► session: appends ─► end of voice ─► committed;  response.create ─► deltas
//! ```
//!
//! It finds turns by level, as a service with `server_vad`, and answers when it is asked, four times as fast as it is heard. Answers are made once
//! and sent to everybody: it must not cost so much that it starves what it measures. It notes when the voice of each line ended in what came, and
//! when the first byte of each answer left, on the clock that all processes share.

mod answer;
mod session;

use super::clock;
use answer::Answer;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, Write};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;
use tokio::task::LocalSet;

/// How long an answer is, in milliseconds.
pub(super) const ANSWER_MS: usize = 4_000;
/// Sessions that are prepared for.
const SESSIONS: usize = 4_000;
/// Stamps that are kept between two questions for them.
const STAMPS: usize = 1 << 20;

/// The form of audio both ways.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(super) enum Audio {
    /// 24 kHz, 16 bits.
    Pcm,
    /// G.711 µ-law.
    Pcmu,
}

/// Arguments of the stand-in.
#[derive(Args, Clone, Debug)]
pub struct StandInArguments {
    #[arg(long, value_enum)]
    audio: Audio,
}

/// What was noted, in nanoseconds of the clock that processes share.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stamps {
    pub(super) voices: Vec<VoiceEnd>,
    pub(super) answers: Vec<AnswerBegin>,
}

/// The caller's voice ended.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct VoiceEnd {
    pub(super) line: u64,
    /// When the append with its last sample had come.
    pub(super) at: u64,
    /// How much audio lay behind that sample in the same append.
    pub(super) behind: u64,
}

/// An answer begins.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct AnswerBegin {
    pub(super) line: u64,
    /// Before its first byte of audio was handed to the system.
    pub(super) at: u64,
}

/// Notes of all sessions.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Stamps>>);

impl Notes {
    fn voice(&self, voice: VoiceEnd) {
        let mut stamps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps.voices.len() < STAMPS {
            stamps.voices.push(voice);
        }
    }

    fn answer(&self, line: u64) {
        let mut stamps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stamps.answers.len() < STAMPS {
            stamps.answers.push(AnswerBegin { line, at: clock::nanos() });
        }
    }

    fn take(&self) -> Stamps {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Answers until it is killed, or nobody asks any more.
///
/// # Errors
/// When it can't listen, or can't tell where.
pub fn run(arguments: &StandInArguments) -> anyhow::Result<ExitCode> {
    crate::net::limits::raise_open_files(SESSIONS);
    let audio = arguments.audio;
    let notes = Notes::default();
    let answer = Arc::new(Answer::new(audio)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(LocalSet::new().run_until(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        writeln!(std::io::stdout(), "{}", listener.local_addr()?.port())?;
        let asked = notes.clone();
        std::thread::Builder::new().name("stamps".into()).spawn(move || tell(&asked))?;
        // What it notes is a measure, like the callers' clock.
        crate::net::shard::raise_priority(0);
        loop {
            let (stream, _) = listener.accept().await?;
            let (notes, answer) = (notes.clone(), Arc::clone(&answer));
            tokio::task::spawn_local(async move {
                if let Err(error) = session::run(stream, audio, notes, answer).await {
                    tracing::debug!(%error, "a session of the stand-in ended");
                }
            });
        }
    }))
}

/// Prints what was noted since, for each line that comes; the process ends with who asks.
fn tell(notes: &Notes) {
    for line in std::io::stdin().lock().lines() {
        let printed = line.is_ok().then(|| serde_json::to_string(&notes.take()).ok()).flatten();
        let told = printed.map(|printed| writeln!(std::io::stdout(), "{printed}"));
        if !matches!(told, Some(Ok(()))) {
            break;
        }
    }
    std::process::exit(0);
}
