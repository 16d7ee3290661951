//! baresip as a softphone, on loopback, with a configuration of its own.
//!
//! Its voice is a WAV file, whose end makes it hang up; what it hears goes into another by its `sndfile` module, after its jitter
//! buffer and decoder. Keys are typed on its console.

use crate::bursts;
use crate::programs::{Program, Scratch, free_port};
use crate::support::{HOME, peer};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Ports that were free may be taken when baresip binds them.
const ATTEMPTS: usize = 4;
/// Who it is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Account {
    /// Nobody's; it is called at its address.
    Alone,
    /// A user of a registrar.
    At { registrar: SocketAddr, user: &'static str, password: &'static str, transport: &'static str },
}

/// baresip, running.
pub(crate) struct Softphone {
    pub(crate) program: Program,
    pub(crate) port: u16,
    scratch: Scratch,
}

impl Softphone {
    /// Starts one that has these samples for a voice, and does `command` when it is ready.
    pub(crate) fn start(voice: &[i16], command: Option<&str>) -> Self {
        Self::start_as(Account::Alone, voice, command)
    }

    /// As [`Softphone::start`], with an account.
    pub(crate) fn start_as(account: Account, voice: &[i16], command: Option<&str>) -> Self {
        let command: Vec<_> = command.into_iter().flat_map(|command| ["-e", command]).collect();
        let attempt = || {
            let (scratch, port) = (Scratch::new(), free_port());
            write_configuration(&scratch, port, voice, account);
            let mut baresip = Command::new("baresip");
            let mut program = Program::start(baresip.arg("-f").arg(scratch.path()).args(&command));
            program.try_until("baresip is ready").ok()?;
            Some(Self { program, port, scratch })
        };
        std::iter::repeat_with(attempt).take(ATTEMPTS).flatten().next().unwrap()
    }

    /// Ends it and gives what it heard.
    pub(crate) fn heard(mut self) -> Vec<i16> {
        // It completes its files when it ends a call, after it has said so.
        self.program.terminate();
        self.program.ended();
        bursts::read(&file(self.scratch.path(), "-dec.wav"), 1)
    }
}

fn file(directory: &Path, ending: &str) -> PathBuf {
    let mut files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.to_string_lossy().ends_with(ending)).unwrap()
}

fn write_configuration(scratch: &Scratch, port: u16, voice: &[i16], account: Account) {
    let source = scratch.path().join("voice.wav");
    bursts::write(&source, voice, 1, 8_000);
    let (source, directory) = (source.display(), scratch.path().display());
    let modules = module_path();
    scratch.file(
        "config",
        &format!(
            "sip_listen {HOME}:{port}\nnet_interface {HOME}\n\
             audio_source aufile,{source}\naudio_player none,none\naudio_alert none,none\n\
             ausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\nauplay_channels 1\nsnd_path {directory}\n\
             ringback_disabled yes\nstatmode_default off\nmodule_path {modules}\n\
             module stdio.so\nmodule g711.so\nmodule sndfile.so\nmodule aufile.so\n\
             module_tmp account.so\nmodule_app menu.so\n"
        ),
    );
    let account = match account {
        Account::Alone => format!("<sip:softphone@{HOME}:{port}>;regint=0;answermode=auto;audio_codecs=pcmu\n"),
        Account::At { registrar, user, password, transport } => format!(
            "<sip:{user}@{registrar};transport={transport}>;auth_user={user};auth_pass={password};regint=60;\
             answermode=auto;audio_codecs=pcmu\n"
        ),
    };
    scratch.file("accounts", &account);
}

/// Debian has modules where the architecture doesn't show, Ubuntu elsewhere.
fn module_path() -> String {
    let places = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let place = places.into_iter().find(|place| Path::new(place).is_dir());
    place.expect("baresip's modules are where its package puts them").to_owned()
}

pub(crate) fn installed() -> bool {
    peer("baresip", "baresip-core")
}
