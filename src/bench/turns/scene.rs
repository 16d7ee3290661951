//! A scene on the media clock: 20 ms are sent and 20 ms come, as on a shard, until it is over.

use std::ops::Range;
use talkpath_media::g711::Law;
use talkpath_media::level::dbov;
use talkpath_media::playout::{self, Playout, PlayoutSettings, Progress};
use talkpath_media::vad::{Mode, Vad};
use talkpath_speech::turn::{Action, Playback, Settings, Turn, VoiceFrame};
use talkpath_speech::{ItemId, Samples};

const FRAME: usize = 160;
const LAW: Law = Law::Mu;
/// What the agent says.
const ITEM: ItemId = ItemId(1);
/// The first frame of a caller as loud as this is where their voice begins.
const VOICED_DBOV: f32 = -45.0;
/// Nothing of the agent is heard in a frame below this.
const SILENT_DBOV: f32 = -50.0;

/// How long the agent fades when it is paused: 24 ms.
const FADES: usize = 192;

/// What a line returns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    /// In samples.
    pub(super) delay: usize,
    pub(super) loss_db: f32,
}

/// What is played.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) agent: Vec<i16>,
    /// The caller's line, without echo.
    pub(super) caller: Vec<i16>,
    /// Where in it somebody interrupts.
    pub(super) heard: Option<Range<usize>>,
    pub(super) echo: Option<Echo>,
    /// In words.
    pub(super) told: String,
}

/// What became of it. Times are milliseconds since the caller's voice began.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outcome {
    /// How long the caller's voice was; none where nobody interrupts.
    pub(super) voice_ms: Option<u64>,
    /// When the agent was turned down.
    pub(super) duck_ms: Option<u64>,
    /// When nothing of it was sent, for the first time after it was paused.
    pub(super) silence_ms: Option<u64>,
    /// When nothing of it was sent any more, for good.
    pub(super) quiet_ms: Option<u64>,
    /// When the caller had the floor.
    pub(super) flush_ms: Option<u64>,
    /// Whether the agent was flushed before anybody spoke.
    pub(super) early: bool,
    pub(super) ducks: u64,
    pub(super) pauses: u64,
    /// How much of the agent's time was lowered or silent though nobody took the floor, in ms.
    pub(super) disturbed_ms: u64,
}

/// Plays it.
pub(super) fn play(scene: &Scene, settings: &Settings) -> Outcome {
    let mut playout = Playout::new(PlayoutSettings { duck_db: settings.duck_db, ..PlayoutSettings::new(LAW) });
    let item = playout::ItemId(ITEM.0);
    playout.push_pcm(item, &scene.agent);
    playout.mark_end(item);
    let (mut turn, mut vad) = (Turn::new(settings.clone()), Vad::new(Mode::default()));
    let mut sent = Vec::new();
    let onset = scene.heard.as_ref().map(|heard| onset(scene, heard));
    let mut outcome =
        Outcome { voice_ms: scene.heard.as_ref().map(|heard| heard.len() as u64 / 8), ..Outcome::default() };
    let since = |at: usize| onset.and_then(|onset| at.checked_sub(onset)).map(|samples| samples as u64 / 8);
    for (index, line) in scene.caller.chunks_exact(FRAME).enumerate() {
        let at = index * FRAME;
        let position = Samples(at as u64);
        send(&mut playout, &mut turn, position, &mut sent);
        let coming = coming(line, &sent, at, scene.echo);
        vad.push(&coming, |voice| {
            turn.handle_voice(VoiceFrame {
                at: Samples(voice.start),
                voiced: voice.voiced,
                level_dbov: voice.level_dbov,
            });
        });
        let end = at + FRAME;
        while let Some(action) = turn.poll() {
            match action {
                Action::Duck => {
                    playout.duck(true);
                    outcome.ducks += 1;
                    outcome.duck_ms = outcome.duck_ms.or(since(end));
                }
                Action::Unduck => playout.duck(false),
                Action::Pause => {
                    playout.pause();
                    outcome.pauses += 1;
                    // What fades fades within the next frame but one.
                    outcome.silence_ms = outcome.silence_ms.or(since(end + FADES));
                }
                Action::Resume => playout.resume(),
                Action::Flush { .. } => {
                    drop(playout.flush());
                    turn.handle_playout(Playback::Idle);
                    outcome.early |= onset.is_none_or(|onset| end <= onset);
                    outcome.flush_ms = outcome.flush_ms.or(since(end));
                }
                Action::CallerStarted { .. } | Action::CallerStopped { .. } | Action::Nudge => {}
            }
        }
        if outcome.flush_ms.is_none() && (playout.is_ducked() || playout.is_paused()) {
            outcome.disturbed_ms += 20;
        }
    }
    outcome.quiet_ms = outcome.flush_ms.and_then(|_| {
        let last = sent.chunks(FRAME).rposition(|frame| dbov(frame) > SILENT_DBOV)?;
        since((last + 1) * FRAME)
    });
    outcome
}

/// Where the caller's voice begins: the frame of the shard in which it is first loud.
fn onset(scene: &Scene, heard: &Range<usize>) -> usize {
    let first = heard.start / FRAME * FRAME;
    let frames = scene.caller.get(first..heard.end).unwrap_or_default().chunks(FRAME);
    first + frames.take_while(|frame| dbov(frame) < VOICED_DBOV).count() * FRAME
}

/// What is sent in the next 20 ms.
fn send(playout: &mut Playout, turn: &mut Turn, at: Samples, sent: &mut Vec<i16>) {
    let mut frame = [0; FRAME];
    let filled = playout.fill(&mut frame);
    turn.handle_sent(at, filled.level_dbov);
    while let Some(progress) = playout.poll() {
        turn.handle_playout(match progress {
            Progress::Started(_) => Playback::Started { item: ITEM, interruptible: true },
            Progress::Finished { .. } => Playback::Finished { item: ITEM },
        });
    }
    sent.extend(frame.iter().map(|byte| LAW.decode_byte(*byte)));
}

/// What comes meanwhile: the line, and what it returns of what was sent, through the telephone's own codec.
fn coming(line: &[i16], sent: &[i16], at: usize, echo: Option<Echo>) -> Vec<i16> {
    let returned = |index: usize| {
        let Echo { delay, loss_db } = echo?;
        let sample = sent.get((at + index).checked_sub(delay)?)?;
        Some(f32::from(*sample) * 10_f32.powf(-loss_db / 20.0))
    };
    let sum = |(index, sample): (usize, &i16)| {
        let sum = f32::from(*sample) + returned(index).unwrap_or_default();
        LAW.decode_byte(LAW.encode_sample(sum.clamp(-32_768.0, 32_767.0) as i16))
    };
    line.iter().enumerate().map(sum).collect()
}
