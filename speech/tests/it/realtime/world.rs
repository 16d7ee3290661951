//! A call with its engine, a server, and the link between them.
//!
//! The link keeps the order of messages and delays them, each way by a time that changes within bounds. Whatever the engine emits is checked as it
//! passes by: audio of an answer that was cancelled, truncations that aren't where the caller stopped hearing.

use std::collections::{HashSet, VecDeque};
use std::io::Write as _;
use std::sync::Mutex;

use serde_json::Value;
use talkpath_speech::engine::{ConnectFailure, Note, ToolCall, Trouble, Usage};
use talkpath_speech::realtime::{Realtime, Secret, Service, Settings};
use talkpath_speech::{Input, Output};

use crate::call::Call;
use crate::fake::realtime::{Dialect, Server};
use crate::fake::{Act, Mishap};

/// Numbers that look random and aren't.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % most.max(1)
    }
}

enum Wired {
    Text(String),
    Opened,
    Failed(ConnectFailure),
    Closed(Option<u16>, String),
}

pub(crate) struct World {
    pub(crate) call: Call,
    pub(crate) server: Server,
    pub(crate) dice: Dice,
    /// What it sends is to be refused, so nobody else need judge it.
    pub(crate) is_wrong: bool,
    /// Delay of the link each way, and how much it changes.
    pub(crate) delay: (u64, u64),
    pub(crate) ms: u64,
    pub(crate) tools: Vec<ToolCall>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) notes: Vec<Note>,
    pub(crate) usages: Vec<Usage>,
    /// The caller's words: item, text, finished.
    pub(crate) words: Vec<(u64, String, bool)>,
    /// What is wrong with the engine itself.
    pub(crate) faults: Vec<String>,
    /// Upgrades to come fail like this.
    pub(crate) failures: VecDeque<ConnectFailure>,
    pub(crate) connects: usize,
    pub(crate) disconnects: usize,
    /// Sessions that were told to be ready.
    pub(crate) ready: usize,
    /// Results of tools are given by the world, after so long.
    pub(crate) tool_ms: Option<u64>,
    results: VecDeque<(u64, Input<'static>)>,
    down: VecDeque<(u64, Wired)>,
    up: VecDeque<(u64, String)>,
    connected: bool,
    cancelled: HashSet<usize>,
    dialect: Dialect,
    appends: usize,
    /// Items that were over before the last truncation.
    truncated: usize,
}

pub(crate) fn settings(dialect: Dialect) -> Settings {
    let service = match dialect {
        Dialect::Ga => Service::OpenAi,
        Dialect::Beta => Service::Beta,
        Dialect::Qwen => Service::Qwen,
    };
    let mut settings = Settings::new(service, "a-model", Secret("a-key".to_owned()));
    settings.url = (dialect == Dialect::Beta).then(|| "wss://clone.example/v1/realtime".to_owned());
    settings.instructions = "You answer the telephone.".to_owned();
    settings
}

impl World {
    /// A call that rings.
    pub(crate) fn ringing(settings: Settings) -> Self {
        settings.check().expect("settings");
        let dialect = match &settings.service {
            Service::OpenAi | Service::Azure { .. } => Dialect::Ga,
            Service::Beta | Service::AzurePreview { .. } => Dialect::Beta,
            Service::Qwen => Dialect::Qwen,
        };
        let append = settings.append.as_millis() as u64;
        let mut server = Server::new(dialect);
        // Whole packets, so a packet more than is asked for.
        server.appends = 20..=append + 20;
        let mut world = Self {
            call: Call::ringing(|now| Box::new(Realtime::new(settings, now))),
            server,
            dice: Dice(1),
            delay: (20, 0),
            ms: 0,
            tools: Vec::new(),
            troubles: Vec::new(),
            notes: Vec::new(),
            usages: Vec::new(),
            words: Vec::new(),
            faults: Vec::new(),
            failures: VecDeque::new(),
            connects: 0,
            disconnects: 0,
            ready: 0,
            tool_ms: None,
            results: VecDeque::new(),
            down: VecDeque::new(),
            up: VecDeque::new(),
            connected: false,
            cancelled: HashSet::new(),
            dialect,
            appends: 0,
            is_wrong: false,
            truncated: 0,
        };
        world.carry();
        world
    }

    /// A call that was answered after a second of ringing.
    pub(crate) fn answered(settings: Settings) -> Self {
        let mut world = Self::ringing(settings);
        world.ring(1_000);
        world.answer();
        world
    }

    pub(crate) fn answer(&mut self) {
        self.feed(Input::Answered);
    }

    /// Time passes before the call is answered: no audio either way.
    pub(crate) fn ring(&mut self, ms: u64) {
        (0..ms / 5).for_each(|_| self.tick());
    }

    pub(crate) fn silence(&mut self, ms: u64) {
        self.hears(0, ms);
    }

    /// The caller speaks for so long.
    pub(crate) fn speaks(&mut self, ms: u64) {
        self.hears(8_000, ms);
    }

    /// The caller speaks and is silent long enough to have been understood to be done.
    pub(crate) fn turn(&mut self, ms: u64) {
        self.speaks(ms);
        self.silence(900);
    }

    pub(crate) fn key(&mut self, key: char) {
        self.call.key(key);
        self.carry();
    }

    pub(crate) fn feed(&mut self, input: Input<'_>) {
        self.call.engine(input);
        self.carry();
    }

    /// The socket breaks.
    pub(crate) fn cut_link(&mut self, code: Option<u16>, reason: &str) {
        if self.connected {
            self.connected = false;
            self.up.clear();
            self.down.clear();
            self.down.push_back((self.ms, Wired::Closed(code, reason.to_owned())));
        }
    }

    /// Nothing was done that isn't allowed.
    pub(crate) fn check(&self) {
        assert_eq!(self.faults, [""; 0], "faults of the engine");
        assert_eq!(self.server.violations, [""; 0], "violations of the protocol");
    }

    fn hears(&mut self, level: i16, ms: u64) {
        let frame: Vec<i16> = (0..160).map(|n| if n % 2 == 0 { level } else { -level }).collect();
        for _ in 0..ms / 20 {
            (0..3).for_each(|_| self.tick());
            self.call.step(&frame, 5);
            self.ms += 5;
            self.carry();
        }
    }

    fn tick(&mut self) {
        self.ms += 5;
        self.call.pass(5);
        self.carry();
    }

    /// Everything that is due travels, until nothing moves.
    fn carry(&mut self) {
        loop {
            self.obey();
            if !self.deliver() {
                return;
            }
        }
    }

    /// Delivers what has arrived by now. Gives whether there was anything.
    fn deliver(&mut self) -> bool {
        let mut moved = false;
        while self.up.front().is_some_and(|(due, _)| *due <= self.ms) {
            let Some((due, text)) = self.up.pop_front() else { break };
            self.server.receive(&text, due);
        }
        if self.connected {
            for act in self.server.poll(self.ms) {
                let due = self.due(self.down.back().map(|(due, _)| *due));
                match act {
                    Act::Text(text) => self.down.push_back((due, Wired::Text(text))),
                    Act::Mishap(Mishap::Close(code, reason)) => self.cut_link(code.or(Some(1005)), &reason),
                    Act::Mishap(Mishap::Vanish | Mishap::Reset) => self.cut_link(None, "gone"),
                    Act::Binary(_) | Act::Mishap(Mishap::Deaf | Mishap::Mute) => panic!("a service does {act:?}"),
                }
            }
        }
        while self.down.front().is_some_and(|(due, _)| *due <= self.ms) {
            moved = true;
            match self.down.pop_front() {
                Some((_, Wired::Text(text))) => self.call.engine(Input::Message(&text)),
                Some((_, Wired::Opened)) => {
                    self.connected = true;
                    self.server.open(self.ms);
                    self.call.engine(Input::SocketOpened);
                }
                Some((_, Wired::Failed(failure))) => self.call.engine(Input::SocketFailed(failure)),
                Some((_, Wired::Closed(code, reason))) => {
                    self.call.engine(Input::SocketClosed { code, reason: &reason });
                }
                None => break,
            }
            self.obey();
        }
        if self.results.front().is_some_and(|(due, _)| *due <= self.ms)
            && let Some((_, result)) = self.results.pop_front()
        {
            moved = true;
            self.call.engine(result);
        }
        moved
    }

    fn due(&mut self, last: Option<u64>) -> u64 {
        let due = self.ms + self.delay.0 + self.dice.below(self.delay.1 + 1);
        due.max(last.unwrap_or(0))
    }

    /// Does what the engine wants of its driver.
    fn obey(&mut self) {
        while let Some(output) = self.call.remote.pop_front() {
            match output {
                Output::Connect(_) => self.connect(),
                Output::Ready => self.ready += 1,
                Output::Disconnect { .. } => {
                    self.disconnects += 1;
                    self.connected = false;
                    self.up.clear();
                    self.down.clear();
                }
                Output::Send(text) => self.send(text),
                Output::Audio { audio, .. } => self.check_audio(audio.samples()),
                Output::Tool(call) => {
                    if let Some(ms) = self.tool_ms {
                        let result = Input::ToolResult { id: call.id, output: r#"{"ok":true}"#.to_owned() };
                        self.results.push_back((self.ms + ms, result));
                    }
                    self.tools.push(call);
                }
                Output::CallerText { item, text, finished, .. } => {
                    self.words.push((item.0, text.to_string(), finished));
                }
                Output::Usage(usage) => self.usages.push(usage),
                Output::Trouble(trouble) => self.troubles.push(trouble),
                Output::Note(note) => self.notes.push(note),
                other @ (Output::Coded { .. }
                | Output::Text { .. }
                | Output::TextEnds { .. }
                | Output::ItemEnd { .. }
                | Output::Flush
                | Output::Clear
                | Output::BargeIn(_)
                | Output::SendBinary(_)
                | Output::Synthesize { .. }
                | Output::WallClock
                | Output::Nothing
                | Output::HangUp
                | Output::Decided(_)
                | Output::Timeout(_)) => self.faults.push(format!("a remote engine wants {other:?}")),
            }
        }
    }

    fn connect(&mut self) {
        self.connects += 1;
        self.connected = false;
        self.up.clear();
        self.down.clear();
        let due = self.ms + 2 * self.delay.0;
        let outcome = self.failures.pop_front().map_or(Wired::Opened, Wired::Failed);
        self.down.push_back((due, outcome));
    }

    fn send(&mut self, text: String) {
        let message: Value = serde_json::from_str(&text).unwrap_or_default();
        self.record(&message);
        match message["type"].as_str() {
            Some("response.cancel") => {
                let named =
                    message["response_id"].as_str().and_then(|id| id.strip_prefix("resp_")?.parse::<usize>().ok());
                self.cancelled.extend(named);
            }
            Some("conversation.item.truncate") => {
                // In the order in which items were over; those of which nothing was given are truncated besides.
                let ms = message["audio_end_ms"].as_u64().unwrap_or(u64::MAX);
                let ended = self.call.ended.get(self.truncated..).unwrap_or_default();
                match ended.iter().position(|(_, heard)| heard.ms() == ms) {
                    Some(at) => self.truncated += at + 1,
                    None if ms == 0 => {}
                    None => self.faults.push(format!("truncated at {ms} ms, heard {ended:?}")),
                }
            }
            _ => {}
        }
        if self.down.iter().any(|(_, wired)| matches!(wired, Wired::Closed(..))) {
            // The engine hasn't heard yet that the socket is gone.
            return;
        }
        if !self.connected {
            return self.faults.push(format!("sent without a socket: {}", message["type"]));
        }
        let due = self.due(self.up.back().map(|(due, _)| *due));
        self.up.push_back((due, text));
    }

    /// All samples of an item are its place among the server's items.
    fn check_audio(&mut self, samples: &[i16]) {
        let item = samples.first().and_then(|&place| self.server.items.get(place as usize - 1));
        match item {
            Some(item) if self.cancelled.contains(&item.response) => {
                self.faults.push(format!("audio of answer {} after its cancel", item.response));
            }
            Some(_) if samples.windows(2).all(|pair| pair[0] == pair[1]) => {}
            Some(_) | None => self.faults.push("audio that no server sent".to_owned()),
        }
    }

    /// Keeps messages for the judges outside: the vendors' own types.
    fn record(&mut self, message: &Value) {
        static FILE: Mutex<()> = Mutex::new(());
        if self.is_wrong {
            return;
        }
        let Ok(path) = std::env::var("TALKPATH_DUMP_MESSAGES") else { return };
        if message["type"] == "input_audio_buffer.append" {
            self.appends += 1;
            if self.appends > 2 {
                return;
            }
        }
        let line = serde_json::json!({ "dialect": format!("{:?}", self.dialect).to_lowercase(), "message": message });
        let _one_at_a_time = FILE.lock().expect("no test panics here");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        writeln!(file.expect("a file for messages"), "{line}").expect("room for messages");
    }
}
