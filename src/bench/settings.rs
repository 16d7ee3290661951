//! The configuration of the measured server.

use super::Engine;
use super::process::Measured;
use std::io::Write;
use std::path::PathBuf;

impl Engine {
    /// The form of audio of a remote one.
    fn audio(self) -> Option<&'static str> {
        match self {
            Self::Builtin => None,
            Self::Pcm => Some("pcm"),
            Self::Pcmu => Some("pcmu"),
        }
    }

    /// The stand-in that it talks to, if it is a remote one.
    pub(super) fn stand_in(self) -> anyhow::Result<Option<Measured>> {
        self.audio().map(|audio| Measured::start(&["bench-stand-in", "--audio", audio])).transpose()
    }

    /// The tables of a server's configuration that say so. The stand-in listens on `port`, and is told which line calls.
    fn tables(self, port: Option<&str>) -> String {
        let (Some(audio), Some(port)) = (self.audio(), port) else { return String::new() };
        format!(
            "[[engine]]\nname = \"stand-in\"\nkind = \"realtime\"\nmodel = \"stand-in\"\nkey = \"none\"\n\
             url = \"ws://127.0.0.1:{port}/v1/realtime\"\naudio = \"{audio}\"\ntranscription = false\n\
             [[agent]]\nname = \"bench\"\nengine = \"stand-in\"\nprompt = \"line {{{{ called_number }}}}\"\n\
             [[route]]\nname = \"all\"\naction = {{ agent = \"bench\" }}\n"
        )
    }
}

/// A configuration for one media thread on loopback.
pub(super) fn configuration(record: bool, engine: Engine, port: Option<&str>) -> anyhow::Result<PathBuf> {
    let path = std::env::temp_dir().join(format!("talkpath-bench-{}.toml", std::process::id()));
    let recordings = std::env::temp_dir().join(format!("talkpath-bench-{}", std::process::id()));
    let mut file = std::fs::File::create(&path)?;
    write!(
        file,
        "[sip]\nlisten = [\"udp://127.0.0.1:0\"]\nmax_calls = 100000\n\
         [media]\nrtp_ports = \"any\"\nshards = 1\n\
         [recording]\nenabled = {}\ndirectory = {:?}\n{}",
        record,
        recordings.display().to_string(),
        engine.tables(port),
    )?;
    Ok(path)
}
