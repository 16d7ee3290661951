//! A scenario file: what its header says of it, and its row in the index.

use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Which side SIPp plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// SIPp calls.
    Caller,
    /// SIPp is called.
    Callee,
}

/// One file of the folder.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) role: Role,
    pub(super) proves: String,
    pub(super) rfc: String,
    /// Of a caller: whom to call.
    pub(super) called: Option<String>,
    /// How the call ends in our own words; none when there is no call.
    pub(super) expect: Option<String>,
    /// More options of sipp.
    pub(super) options: Vec<String>,
    /// Of a callee: more arguments of `talkpath call`.
    pub(super) call: Vec<String>,
    /// What the machine must permit.
    pub(super) needs: Option<String>,
}

/// The folder of scenarios.
pub(super) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sipp-scenarios")
}

impl Scenario {
    /// Every scenario of the folder, by name.
    pub(super) fn all() -> Vec<Self> {
        let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
        let scenarios = files.filter(|path| path.extension().is_some_and(|extension| extension == "xml"));
        let mut all: Vec<_> = scenarios.map(|path| Self::read(&path)).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(!all.is_empty(), "no scenario in {}", folder().display());
        all
    }

    fn read(path: &Path) -> Self {
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(path).unwrap();
        let attribute = format!("<scenario name=\"{name}\">");
        assert!(text.contains(&attribute), "{name} is called otherwise within its file");
        let fields = header(&text);
        let field = |key: &str| fields.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        let must = |key: &str| field(key).unwrap_or_else(|| panic!("the header of {name} lacks \"{key}:\""));
        let words = |key: &str| field(key).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let role = match name.split_once('-') {
            Some(("uac", _)) => Role::Caller,
            Some(("uas", _)) => Role::Callee,
            _ => panic!("{name} begins neither with uac- nor with uas-"),
        };
        Self {
            path: path.to_owned(),
            role,
            proves: must("Proves"),
            rfc: must("RFC"),
            called: (role == Role::Caller).then(|| must("Called")),
            expect: if role == Role::Callee { Some(must("Expect")) } else { field("Expect") },
            options: words("Options"),
            call: words("Call"),
            needs: field("Needs"),
            name,
        }
    }

    /// The commands that play it against a server, or a caller, at HOST.
    fn commands(&self) -> String {
        let joined = |words: &[String]| words.iter().fold(String::new(), |all, word| all + " " + word);
        let (name, mut options) = (&self.name, joined(&self.options));
        if !self.options.iter().any(|option| option == "-m") {
            options.push_str(" -m 1");
        }
        match &self.called {
            Some(called) => format!("`sipp HOST -sf {name}.xml -s {called}{options}`"),
            None => {
                format!("`sipp -sf {name}.xml{options}`, then `talkpath call sip:sipp@HOST{}`", joined(&self.call))
            }
        }
    }
}

/// `Key: value` lines of the first comment; a value goes on in the lines that have no key.
fn header(text: &str) -> Vec<(String, String)> {
    let comment = text.split_once("<!--").and_then(|(_, rest)| rest.split_once("-->")).unwrap().0;
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in comment.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let key = line.split_once(':').filter(|(key, _)| key.chars().all(char::is_alphabetic));
        match (key, fields.last_mut()) {
            (Some((key, value)), _) => fields.push((key.to_owned(), value.trim().to_owned())),
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(line);
            }
            (None, None) => panic!("a header begins with \"Proves:\", not with \"{line}\""),
        }
    }
    fields
}

/// The table of the folder's README.
pub(super) fn index(scenarios: &[Scenario]) -> String {
    let mut table = "| Scenario | SIPp is | Proves | RFC | Command |\n|---|---|---|---|---|\n".to_owned();
    for scenario in scenarios {
        let Scenario { name, role, proves, rfc, needs, .. } = scenario;
        let role = match role {
            Role::Caller => "caller",
            Role::Callee => "callee",
        };
        let needs = needs.as_ref().map(|needs| format!(" (needs {needs})")).unwrap_or_default();
        let commands = scenario.commands();
        writeln!(table, "| [{name}]({name}.xml) | {role} | {proves} | {rfc} | {commands}{needs} |").unwrap();
    }
    table
}
