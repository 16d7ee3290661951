//! The thread that carries a test phone's lines: sends what is due, reads what came, 1 ms at a time.
//!
//! Kept apart from the server's media shards on purpose: what judges them must not share their code or their clock.

use super::line::{Impairment, Line, LineCounts, Packet, Said};
use super::listen::is_audible;
use std::collections::{BTreeMap, HashMap};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};
use talkpath_media::g711::Law;
use talkpath_media::rtp;
use tokio::sync::{mpsc, oneshot};

/// How often lines are looked at.
const BEAT: Duration = Duration::from_millis(1);

/// Lines with a number up to this are looked at each time.
pub(crate) const WATCHED: u64 = 20;
/// The others are looked at each so many times.
const TURNS: u64 = 5;
/// Arrivals noted on a watched line: ten minutes of packets.
const NOTED: usize = 30_000;

/// Orders that may wait; the thread takes them each millisecond, and whoever gives one more waits that long.
const ORDERS: usize = 4_096;

/// Names a line on its exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct LineId(pub(super) u64);

/// A packet that came on a watched line.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// When.
    pub at: Instant,
    /// Whether a person would hear something in it.
    pub audible: bool,
}

/// Everything that a line needs.
#[derive(Debug)]
pub(super) struct Wiring {
    pub(super) id: LineId,
    pub(super) socket: UdpSocket,
    pub(super) remote: SocketAddr,
    pub(super) law: Law,
    pub(super) sender: rtp::Sender,
    pub(super) impairment: Impairment,
    /// Where packets go that came; none where only counts are wanted.
    pub(super) packets: Option<mpsc::Sender<Packet>>,
}

#[derive(Debug)]
pub(super) enum Order {
    Connect(Box<Wiring>),
    Say(LineId, Arc<[i16]>, oneshot::Sender<Said>),
    Hush(LineId),
    /// Whether it sends nothing at all.
    Mute(LineId, bool),
    Press(LineId, char, Duration),
    Impair(LineId, Impairment),
    Disconnect(LineId, oneshot::Sender<LineCounts>),
    /// When packets came on the watched lines since the last such order.
    Watch(oneshot::Sender<BTreeMap<u64, Vec<Arrival>>>),
}

/// A handle on the thread; it ends with the last handle.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    orders: SyncSender<Order>,
}

struct Wired {
    line: Line,
    packets: Option<mpsc::Sender<Packet>>,
    /// Who waits for the end of each piece of speech; answered when all of it has left.
    waiting: Vec<oneshot::Sender<Said>>,
    /// Arrivals, while somebody watches.
    arrivals: Vec<Arrival>,
}

impl Exchange {
    /// `realtime` asks for the priority that media threads have: for the bench, where this thread is the measure.
    pub(super) fn start(realtime: bool) -> std::io::Result<Self> {
        let (orders, queue) = sync_channel(ORDERS);
        thread::Builder::new().name("phone".into()).spawn(move || {
            if realtime {
                crate::net::shard::raise_priority(0);
            }
            work(&queue);
        })?;
        Ok(Self { orders })
    }

    /// A thread that has ended is noticed by the answers that don't come.
    pub(super) fn order(&self, order: Order) {
        drop(self.orders.send(order));
    }
}

fn work(queue: &Receiver<Order>) {
    let mut lines: HashMap<LineId, Wired> = HashMap::new();
    let mut buffer = [0_u8; 2_048];
    let mut beat = Instant::now();
    let mut turn = 0_u64;
    loop {
        loop {
            match queue.try_recv() {
                Ok(order) => obey(order, &mut lines, &mut buffer),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return,
            }
        }
        turn = turn.wrapping_add(1);
        for (id, wired) in &mut lines {
            // A few lines are looked at each time; of many, the others take turns.
            let watched = id.0 <= WATCHED;
            if watched || id.0 % TURNS == turn % TURNS {
                wired.step(&mut buffer, watched);
            }
        }
        beat += BEAT;
        let now = Instant::now();
        match beat.checked_duration_since(now) {
            Some(rest) => thread::sleep(rest),
            None => beat = now,
        }
    }
}

fn obey(order: Order, lines: &mut HashMap<LineId, Wired>, buffer: &mut [u8]) {
    match order {
        Order::Connect(wiring) => {
            let Wiring { id, socket, remote, law, sender, impairment, packets } = *wiring;
            let line = Line::new(socket, remote, law, sender, impairment, id.0, Instant::now());
            lines.insert(id, Wired { line, packets, waiting: Vec::new(), arrivals: Vec::new() });
        }
        Order::Say(id, samples, done) => {
            if let Some(wired) = lines.get_mut(&id) {
                wired.line.say(&samples);
                wired.waiting.push(done);
            }
        }
        Order::Hush(id) => {
            if let Some(wired) = lines.get_mut(&id) {
                wired.line.hush();
                wired.waiting.clear();
            }
        }
        Order::Mute(id, mute) => {
            if let Some(wired) = lines.get_mut(&id) {
                wired.line.mute(mute);
            }
        }
        Order::Press(id, key, duration) => {
            if let Some(wired) = lines.get_mut(&id) {
                wired.line.press(key, duration);
            }
        }
        Order::Impair(id, impairment) => {
            if let Some(wired) = lines.get_mut(&id) {
                wired.line.impair(impairment);
            }
        }
        Order::Disconnect(id, counts) => {
            if let Some(mut wired) = lines.remove(&id) {
                // What has come by now is heard.
                wired.listen(buffer, false);
                hand_over(counts, wired.line.counts);
            }
        }
        Order::Watch(arrivals) => {
            let watched = lines.iter_mut().filter(|(id, _)| id.0 <= WATCHED);
            let noted = watched.map(|(id, wired)| (id.0, std::mem::take(&mut wired.arrivals)));
            hand_over(arrivals, noted.collect());
        }
    }
}

/// Whoever asked may have gone meanwhile.
fn hand_over<T>(to: oneshot::Sender<T>, what: T) {
    if to.send(what).is_err() {
        tracing::trace!("nobody waits for this any more");
    }
}

impl Wired {
    fn step(&mut self, buffer: &mut [u8], watched: bool) {
        self.listen(buffer, watched);
        let now = Instant::now();
        let finished = match self.line.send_due(now) {
            Ok(finished) => finished,
            Err(error) => {
                tracing::warn!(%error, "the test phone can't send");
                None
            }
        };
        if let Some(said) = finished {
            for waiting in self.waiting.drain(..) {
                hand_over(waiting, said);
            }
        }
    }

    fn listen(&mut self, buffer: &mut [u8], watched: bool) {
        let (packets, arrivals, law) = (&self.packets, &mut self.arrivals, self.line.law());
        self.line.receive(buffer, |packet| {
            if watched && arrivals.len() < NOTED {
                arrivals.push(Arrival { at: packet.arrived, audible: is_audible(law, &packet.payload) });
            }
            if let Some(packets) = packets {
                // A judge that doesn't keep up misses packets, and sees it in their sequence numbers.
                drop(packets.try_send(packet));
            }
        });
    }
}
