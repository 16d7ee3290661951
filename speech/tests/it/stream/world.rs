//! A call with its engine, a bot, and the link between them.
//!
//! The link keeps the order of messages and delays them, each way by a time that changes within bounds. What the caller said and heard is kept to
//! the sample.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use talkpath_speech::engine::{ConnectFailure, Endpoint, Note, ToolCall, Trouble};
use talkpath_speech::stream::{Facts, Settings, Stream};
use talkpath_speech::{Input, Output};

use crate::call::Call;
use crate::realtime::world::Dice;

/// A message, either way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Frame {
    Text(String),
    Binary(Vec<u8>),
}

/// Whoever is at the other end.
pub(crate) trait Bot {
    /// A socket is open.
    fn opened(&mut self);
    /// A message has come.
    fn receive(&mut self, frame: Frame);
    /// What it has to say by now.
    fn poll(&mut self, ms: u64) -> Vec<Frame>;
}

enum Wired {
    Frame(Frame),
    Opened,
    Failed(ConnectFailure),
    Closed(Option<u16>, String),
}

pub(crate) struct World<B> {
    pub(crate) call: Call,
    pub(crate) bot: B,
    pub(crate) dice: Dice,
    /// Delay of the link each way, and how much it changes.
    pub(crate) delay: (u64, u64),
    pub(crate) ms: u64,
    /// All that the caller said.
    pub(crate) said: Vec<i16>,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) tools: Vec<ToolCall>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) notes: Vec<Note>,
    pub(crate) words: Vec<(u64, String, bool)>,
    pub(crate) failures: VecDeque<ConnectFailure>,
    /// Messages as the bot will get them, with how many samples had been sent to the caller by then.
    pub(crate) told: Vec<(usize, Frame)>,
    /// Messages as the engine gets them, in the same way.
    pub(crate) taken: Vec<(usize, Frame)>,
    pub(crate) disconnects: Vec<u16>,
    pub(crate) ready: usize,
    down: VecDeque<(u64, Wired)>,
    up: VecDeque<(u64, Frame)>,
    connected: bool,
    levels: (usize, HashMap<i16, usize>),
}

pub(crate) fn facts() -> Facts {
    Facts {
        call_id: "call-7".to_owned(),
        from: "+4930123456".to_owned(),
        to: "+4989654321".to_owned(),
        trunk: Some("carrier".to_owned()),
        agent: "sales".to_owned(),
        variables: [("customer".to_owned(), "42".to_owned())].into(),
        ..Facts::default()
    }
}

impl<B: Bot> World<B> {
    /// A call that rings.
    pub(crate) fn ringing(settings: Settings, bot: B) -> Self {
        Self::failing(settings, bot, Vec::new())
    }

    /// A call that rings, whose first tries to reach the bot fail.
    pub(crate) fn failing(settings: Settings, bot: B, failures: Vec<ConnectFailure>) -> Self {
        settings.check().expect("settings");
        let unix = Duration::from_secs(1_700_000_000);
        let mut world = Self {
            call: Call::ringing(|now| Box::new(Stream::new(settings, facts(), unix, now))),
            bot,
            dice: Dice(1),
            delay: (20, 0),
            ms: 0,
            said: Vec::new(),
            endpoints: Vec::new(),
            tools: Vec::new(),
            troubles: Vec::new(),
            notes: Vec::new(),
            words: Vec::new(),
            failures: failures.into(),
            told: Vec::new(),
            taken: Vec::new(),
            disconnects: Vec::new(),
            ready: 0,
            down: VecDeque::new(),
            up: VecDeque::new(),
            connected: false,
            levels: (0, HashMap::new()),
        };
        world.carry();
        world
    }

    /// A call that was answered after a second of ringing.
    pub(crate) fn answered(settings: Settings, bot: B) -> Self {
        let mut world = Self::ringing(settings, bot);
        world.ring(1_000);
        world.feed(Input::Answered);
        world
    }

    /// Time passes before the call is answered, or after it is over: no audio either way.
    pub(crate) fn ring(&mut self, ms: u64) {
        (0..ms / 5).for_each(|_| self.tick());
    }

    pub(crate) fn silence(&mut self, ms: u64) {
        self.hears(ms, |_| 0);
    }

    /// The caller speaks for so long, each sample another.
    pub(crate) fn speaks(&mut self, ms: u64) {
        self.hears(ms, |n| if n % 2 == 0 { 8_000 + (n % 997) as i16 } else { -8_000 - (n % 991) as i16 });
    }

    pub(crate) fn key(&mut self, key: char) {
        self.call.key(key);
        self.carry();
    }

    pub(crate) fn feed(&mut self, input: Input<'_>) {
        self.call.engine(input);
        self.carry();
    }

    /// The socket breaks, or the bot closes it: what was under way to us is lost with it, or comes first.
    pub(crate) fn close(&mut self, code: Option<u16>) {
        if self.connected {
            self.connected = false;
            self.up.clear();
            if code.is_none() {
                self.down.clear();
            }
            let due = self.due(self.down.back().map(|(due, _)| *due));
            self.down.push_back((due, Wired::Closed(code, "gone".to_owned())));
        }
    }

    /// How many samples with this level, or as they are when ducked, the caller was sent.
    pub(crate) fn sent_of(&mut self, level: i16) -> usize {
        let (counted, levels) = &mut self.levels;
        for &sample in self.call.sent.get(*counted..).unwrap_or_default() {
            *levels.entry(sample).or_default() += 1;
        }
        *counted = self.call.sent.len();
        [level, level / 4].iter().filter_map(|level| levels.get(level)).sum()
    }

    fn hears(&mut self, ms: u64, sample: impl Fn(usize) -> i16) {
        for _ in 0..ms / 20 {
            (0..3).for_each(|_| self.tick());
            let frame: Vec<i16> = (0..160).map(|n| sample(self.said.len() + n)).collect();
            self.said.extend(&frame);
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

    fn deliver(&mut self) -> bool {
        let mut moved = false;
        while self.up.front().is_some_and(|(due, _)| *due <= self.ms) {
            let Some((_, frame)) = self.up.pop_front() else { break };
            self.bot.receive(frame);
        }
        if self.connected {
            for frame in self.bot.poll(self.ms) {
                let due = self.due(self.down.back().map(|(due, _)| *due));
                self.down.push_back((due, Wired::Frame(frame)));
            }
        }
        while self.down.front().is_some_and(|(due, _)| *due <= self.ms) {
            moved = true;
            match self.down.pop_front() {
                Some((_, Wired::Frame(frame))) => {
                    match &frame {
                        Frame::Text(text) => self.call.engine(Input::Message(text)),
                        Frame::Binary(bytes) => self.call.engine(Input::Binary(bytes)),
                    }
                    self.taken.push((self.call.sent.len(), frame));
                }
                Some((_, Wired::Opened)) => {
                    self.connected = true;
                    self.bot.opened();
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
                Output::Connect(endpoint) => self.connect((*endpoint).clone()),
                Output::Ready => self.ready += 1,
                Output::Disconnect { code } => {
                    // What was sent before is still delivered.
                    self.disconnects.push(code);
                    self.connected = false;
                    self.down.clear();
                }
                Output::Send(text) => self.send(Frame::Text(text)),
                Output::SendBinary(bytes) => self.send(Frame::Binary(bytes)),
                Output::Tool(call) => self.tools.push(call),
                Output::CallerText { item, text, finished, .. } => {
                    self.words.push((item.0, text.to_string(), finished));
                }
                Output::Trouble(trouble) => self.troubles.push(trouble),
                Output::Note(note) => self.notes.push(note),
                Output::Audio { .. } => {}
                other @ (Output::Coded { .. }
                | Output::Text { .. }
                | Output::TextEnds { .. }
                | Output::ItemEnd { .. }
                | Output::Flush
                | Output::Clear
                | Output::BargeIn(_)
                | Output::Synthesize { .. }
                | Output::WallClock
                | Output::Nothing
                | Output::Usage(_)
                | Output::HangUp
                | Output::Decided(_)
                | Output::Timeout(_)) => panic!("a stream engine wants {other:?}"),
            }
        }
    }

    fn connect(&mut self, endpoint: Endpoint) {
        self.endpoints.push(endpoint);
        self.connected = false;
        self.up.clear();
        self.down.clear();
        let outcome = self.failures.pop_front().map_or(Wired::Opened, Wired::Failed);
        self.down.push_back((self.ms + 2 * self.delay.0, outcome));
    }

    fn send(&mut self, frame: Frame) {
        self.told.push((self.call.sent.len(), frame.clone()));
        if self.down.iter().any(|(_, wired)| matches!(wired, Wired::Closed(..))) {
            // The engine hasn't heard yet that the socket is gone.
            return;
        }
        assert!(self.connected, "sent without a socket: {frame:?}");
        let due = self.due(self.up.back().map(|(due, _)| *due));
        self.up.push_back((due, frame));
    }
}
