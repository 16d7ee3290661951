//! A scenario file: what its header says of it, and its row in the index.

use std::fmt::{self, Write};
use std::path::{Path, PathBuf};

/// Which side SIPp plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// SIPp calls.
    Caller,
    /// SIPp is called.
    Callee,
}

/// Over what a scenario is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) tcp: bool,
    pub(super) six: bool,
}

impl Way {
    const UDP: Self = Self { tcp: false, six: false };

    /// As headers write it.
    fn named(name: &str) -> Option<Self> {
        let named = |way: &Self| way.to_string() == name;
        [false, true].into_iter().flat_map(|six| [false, true].map(|tcp| Self { tcp, six })).find(named)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (protocol, family) = (if self.tcp { "tcp" } else { "udp" }, if self.six { "6" } else { "" });
        write!(f, "{protocol}{family}")
    }
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
    /// Of a callee: the number that is dialled through the trunk of `call`; without a trunk SIPp's address is.
    pub(super) number: Option<String>,
    /// Each way that it is played.
    pub(super) ways: Vec<Way>,
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
        let words = |key: &str| -> Vec<String> {
            field(key).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
        };
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
            number: field("Number"),
            ways: match words("Only") {
                only if only.is_empty() => [vec![Way::UDP], ways(&name, &words("Also"))].concat(),
                only => ways(&name, &only),
            },
            needs: field("Needs"),
            name,
        }
    }

    /// The commands that play it against a server, or a caller, at HOST.
    fn commands(&self) -> String {
        let joined = |words: &[String]| words.iter().fold(String::new(), |all, word| all + " " + word);
        let (name, mut options) = (&self.name, joined(&self.options));
        if self.ways[0].tcp {
            options.push_str(" -t t1");
        }
        if self.number.is_some() {
            options.push_str(" -p 5070");
        }
        if !self.options.iter().any(|option| option == "-m") {
            options.push_str(" -m 1");
        }
        let mut commands = match (&self.called, &self.number) {
            (Some(called), _) => format!("`sipp HOST -sf {name}.xml -s {called}{options}`"),
            (None, number) => {
                let callee = number.as_deref().unwrap_or("sip:sipp@HOST");
                format!("`sipp -sf {name}.xml{options}`, then `talkpath call {callee}{}`", joined(&self.call))
            }
        };
        if let [_, also @ ..] = &self.ways[..]
            && !also.is_empty()
        {
            let also: Vec<_> = also.iter().map(ToString::to_string).collect();
            write!(commands, "; also {}", also.join(", ")).unwrap();
        }
        commands
    }
}

fn ways(scenario: &str, names: &[String]) -> Vec<Way> {
    let way = |name: &String| Way::named(name).unwrap_or_else(|| panic!("{scenario} asks for \"{name}\""));
    names.iter().map(way).collect()
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
