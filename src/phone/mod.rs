//! A telephone for tests, the demo and the bench: its own SIP user agent and its own RTP, through sockets.
//!
//! It places calls to a server, says what it is told to, presses keys, and keeps every packet that comes back, so
//! that what the server sent can be judged by someone else than the server.

mod exchange;
mod line;
mod listen;

pub use exchange::Arrival;
pub(crate) use exchange::WATCHED;
pub use line::{Impairment, LineCounts, Packet, Said};
pub use listen::{Ear, Heard};

use crate::net::ports::{PortPair, PortPool};
use crate::net::sip::{self, Dial, SipHandle, Way};
use anyhow::{Context, bail};
use exchange::{Exchange, LineId, Order, Wiring};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use talkpath_config::{Listen, RtpPorts};
use talkpath_media::g711::Law;
use talkpath_media::rtp;
use talkpath_media::sdp::{self, Direction, LocalMedia};
use talkpath_sip::agent::{Body, EndCause, Event, Protocol, SessionId, Settings, Verdict};
use talkpath_sip::message::{NameAddr, Uri};
use tokio::sync::{mpsc, oneshot};

/// Packets that may wait for the judge of one call: 80 seconds.
const PACKETS: usize = 4_096;

/// A telephone; it can have many calls at once.
#[derive(Debug)]
pub struct Phone {
    sip: SipHandle,
    exchange: Exchange,
    ports: PortPool,
    next_line: AtomicU64,
}

/// How a call is placed.
#[derive(Clone, Debug)]
pub struct DialOptions {
    /// The codecs that are offered.
    pub laws: Vec<Law>,
    /// Packet time in ms that is offered and kept: 10 to 60.
    pub ptime_ms: u8,
    /// What the network does to our packets.
    pub impairment: Impairment,
    /// Whether every packet is kept for [`PhoneCall::ear`], or only counted.
    pub listen: bool,
}

impl Default for DialOptions {
    fn default() -> Self {
        Self { laws: vec![Law::Mu], ptime_ms: 20, impairment: Impairment::default(), listen: true }
    }
}

/// What can be said and pressed on a line; clones share it.
#[derive(Clone, Debug)]
pub struct Mouth {
    exchange: Exchange,
    line: LineId,
}

/// The packets that came on each of the lines that were watched, by [`Mouth::line`].
pub type Arrivals = BTreeMap<u64, Vec<Arrival>>;

/// A call that was answered.
#[derive(Debug)]
pub struct PhoneCall {
    sip: SipHandle,
    session: SessionId,
    events: mpsc::Receiver<Event>,
    mouth: Mouth,
    /// What we offered last.
    local: LocalMedia,
    /// What comes from the other side.
    pub ear: Ear,
    /// Where our packets go.
    pub remote: SocketAddr,
    /// What comes from the other side's RTCP arrives here, unread; for who wants it, also after the call.
    pub rtcp: Option<UdpSocket>,
    /// From the INVITE to its 200.
    pub answered_after: Duration,
}

impl Phone {
    /// Starts a telephone at `address`, on ports of the system's choice.
    ///
    /// # Errors
    /// When a socket can't be bound or a thread not started.
    pub fn start(address: IpAddr) -> anyhow::Result<Self> {
        Self::start_at(address, false)
    }

    /// [`Phone::start`], its media thread at real-time priority where that is permitted.
    ///
    /// # Errors
    /// As [`Phone::start`].
    pub fn start_realtime(address: IpAddr) -> anyhow::Result<Self> {
        Self::start_at(address, true)
    }

    fn start_at(address: IpAddr, realtime: bool) -> anyhow::Result<Self> {
        let started = sip::start(
            &[Listen::udp(SocketAddr::new(address, 0))],
            None,
            |_| Verdict::Stranger,
            None,
            Settings::default(),
        )?;
        Ok(Self {
            sip: started.sip,
            exchange: Exchange::start(realtime)?,
            ports: PortPool::new(RtpPorts::Any, 0),
            next_line: AtomicU64::new(1),
        })
    }

    fn own(&self) -> anyhow::Result<SocketAddr> {
        self.sip.bound().context("the telephone has no address")
    }

    /// Calls `user` at `server` and waits for the answer.
    ///
    /// # Errors
    /// When the call is refused, with the status and reason, or can't be placed.
    pub async fn dial(&self, server: SocketAddr, user: &str, options: DialOptions) -> anyhow::Result<PhoneCall> {
        let to = Uri::parse(format!("sip:{user}@{server}"))?;
        let own = self.own()?;
        let from = Uri::parse(format!("sip:caller@{own}"))?;
        let ports = self.ports.pair(own.ip())?;
        let local = self.local_media(&ports, &options)?;
        let offer = sdp::offer(&local);
        let dial = Dial {
            way: Way::To(server, Protocol::Udp),
            contact: None,
            headers: Vec::new(),
            request_uri: to.clone(),
            from: NameAddr::new(from),
            to: NameAddr::new(to),
            body: Body::sdp(offer.clone()),
            credentials: None,
        };
        let placed = Instant::now();
        let (session, mut events) = self.sip.dial(dial).await?;
        let answer = answered(&mut events).await?;
        let answered_after = placed.elapsed();
        let plan = sdp::accept_answer(&offer, &answer)?;
        let (tell, packets) = mpsc::channel(PACKETS);
        let mouth = self.connect(Wiring {
            id: self.new_line(),
            socket: ports.rtp,
            remote: plan.remote_rtp,
            law: plan.law,
            sender: rtp::Sender::new(plan.sender_settings(), &mut rand::rng()),
            impairment: options.impairment,
            packets: options.listen.then_some(tell),
        });
        let (sip, ear) = (self.sip.clone(), Ear::new(packets, plan.law));
        let (remote, rtcp) = (plan.remote_rtp, Some(ports.rtcp));
        Ok(PhoneCall { sip, session, events, mouth, local, ear, remote, rtcp, answered_after })
    }

    /// Waits until every request of this telephone, the last BYE too, has its answer.
    pub async fn settled(&self) {
        self.sip.settled().await;
    }

    /// A line without a call: packets to `remote`, and whatever comes back is counted.
    ///
    /// # Errors
    /// When no ports are free.
    pub fn line(&self, remote: SocketAddr, law: Law) -> anyhow::Result<Mouth> {
        self.bare_line(remote, law, None)
    }

    /// [`Phone::line`], and whatever comes back is heard.
    ///
    /// # Errors
    /// When no ports are free.
    pub fn listening_line(&self, remote: SocketAddr, law: Law) -> anyhow::Result<(Mouth, Ear)> {
        let (tell, packets) = mpsc::channel(PACKETS);
        Ok((self.bare_line(remote, law, Some(tell))?, Ear::new(packets, law)))
    }

    fn bare_line(&self, remote: SocketAddr, law: Law, packets: Option<mpsc::Sender<Packet>>) -> anyhow::Result<Mouth> {
        let settings = rtp::SenderSettings { payload_type: law.payload_type(), dtmf_payload_type: None, ptime_ms: 20 };
        Ok(self.connect(Wiring {
            id: self.new_line(),
            socket: self.ports.pair(self.own()?.ip())?.rtp,
            remote,
            law,
            sender: rtp::Sender::new(settings, &mut rand::rng()),
            impairment: Impairment::default(),
            packets,
        }))
    }

    /// Notes from now on when packets come on the first lines; gives what was noted since it was last asked.
    ///
    /// # Errors
    /// When the phone's thread is gone.
    pub async fn watch(&self) -> anyhow::Result<Arrivals> {
        let (tell, arrivals) = oneshot::channel();
        self.exchange.order(Order::Watch(tell));
        arrivals.await.context("the phone's thread is gone")
    }

    fn new_line(&self) -> LineId {
        LineId(self.next_line.fetch_add(1, Ordering::Relaxed))
    }

    fn connect(&self, wiring: Wiring) -> Mouth {
        let line = wiring.id;
        self.exchange.order(Order::Connect(Box::new(wiring)));
        Mouth { exchange: self.exchange.clone(), line }
    }

    fn local_media(&self, ports: &PortPair, options: &DialOptions) -> anyhow::Result<LocalMedia> {
        Ok(LocalMedia {
            address: self.own()?.ip(),
            rtp_port: ports.rtp_port()?,
            laws: options.laws.clone(),
            ptime_ms: options.ptime_ms,
            dtmf_payload_type: Some(101),
            session_id: rand::random::<u64>() >> 2,
            version: 0,
        })
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
async fn answered(events: &mut mpsc::Receiver<Event>) -> anyhow::Result<Vec<u8>> {
    loop {
        match events.recv().await.context("the call's dialog ended by a fault")? {
            Event::Answered { body, .. } => {
                return Ok(body.context("the answer has no session description")?.content.to_vec());
            }
            Event::Refused { status, reason, .. } => bail!("the call was refused: {} {reason}", status.code()),
            Event::Ended { cause, .. } => bail!("the call ended before it was answered: {cause:?}"),
            _ => {}
        }
    }
}

impl Mouth {
    /// The number of the line on its telephone: calls and lines are counted from one as they are connected.
    #[must_use]
    pub const fn line(&self) -> u64 {
        self.line.0
    }

    /// Begins to say something; the receiver tells when its last packet has left.
    #[must_use]
    pub fn begin(&self, samples: Arc<[i16]>) -> oneshot::Receiver<Said> {
        let (done, said) = oneshot::channel();
        self.exchange.order(Order::Say(self.line, samples, done));
        said
    }

    /// Says something, and waits until its last packet has left.
    ///
    /// # Errors
    /// When the line is gone, or [`Mouth::hush`] cut it short.
    pub async fn say(&self, samples: Arc<[i16]>) -> anyhow::Result<Said> {
        self.begin(samples).await.context("the speech was cut short")
    }

    /// Falls silent.
    pub fn hush(&self) {
        self.exchange.order(Order::Hush(self.line));
    }

    /// Sends no packet any more, as a line that is cut.
    pub fn mute(&self) {
        self.exchange.order(Order::Mute(self.line, true));
    }

    /// Presses a key for a tenth of a second; keys follow each other.
    pub fn press(&self, key: char) {
        self.exchange.order(Order::Press(self.line, key, Duration::from_millis(100)));
    }

    /// What the network does to our packets from now on.
    pub fn impair(&self, impairment: Impairment) {
        self.exchange.order(Order::Impair(self.line, impairment));
    }

    /// Takes the line down without a word; what has come by then is heard. Gives what it counted.
    ///
    /// # Errors
    /// When the line ended by a fault.
    pub async fn disconnect(&self) -> anyhow::Result<LineCounts> {
        let (tell, counts) = oneshot::channel();
        self.exchange.order(Order::Disconnect(self.line, tell));
        counts.await.context("the phone's line is gone")
    }
}

impl PhoneCall {
    /// What can be said and pressed on this call.
    #[must_use]
    pub fn mouth(&self) -> Mouth {
        self.mouth.clone()
    }

    /// Puts the other side on hold (`a=sendonly`, RFC 3264 §8.4, and sends nothing), or takes it back.
    ///
    /// # Errors
    /// When the re-INVITE is refused.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
    pub async fn hold(&mut self, held: bool) -> anyhow::Result<()> {
        let direction = if held { Direction::SendOnly } else { Direction::SendReceive };
        self.local.version += 1;
        self.sip.offer(self.session, Body::sdp(sdp::offer_with(&self.local, direction))).await;
        loop {
            match self.events.recv().await.context("the call's dialog ended by a fault")? {
                Event::OfferAnswered { .. } => break,
                Event::OfferRefused { status, .. } => bail!("the re-INVITE was refused: {}", status.code()),
                Event::Ended { cause, .. } => bail!("the call ended: {cause:?}"),
                _ => {}
            }
        }
        self.mouth.exchange.order(Order::Mute(self.mouth.line, held));
        Ok(())
    }

    /// Waits until the other side hangs up.
    ///
    /// # Errors
    /// When the dialog ended by a fault.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        loop {
            if let Event::Ended { .. } = self.events.recv().await.context("the call's dialog ended by a fault")? {
                return Ok(());
            }
        }
    }

    /// Hangs up and waits until this call is over, whatever else the telephone has under way.
    ///
    /// # Errors
    /// When it ends in another way than we asked for.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the user agent's events are non-exhaustive")]
    pub async fn end(mut self) -> anyhow::Result<LineCounts> {
        let counts = self.mouth.disconnect().await?;
        self.sip.hangup(self.session, None).await;
        loop {
            match self.events.recv().await.context("the call's dialog ended by a fault")? {
                Event::Ended { cause: EndCause::LocalHangup, .. } => return Ok(counts),
                Event::Ended { cause, .. } => bail!("the call ended in another way than we asked for: {cause:?}"),
                other => tracing::debug!(event = ?other, "told of a call that was hung up"),
            }
        }
    }

    /// Hangs up, and waits until the other side has confirmed it.
    ///
    /// # Errors
    /// When the dialog or the line ended by a fault.
    pub async fn hang_up(mut self) -> anyhow::Result<LineCounts> {
        let counts = self.mouth.disconnect().await?;
        self.sip.hangup(self.session, None).await;
        self.ended().await?;
        self.sip.settled().await;
        Ok(counts)
    }
}
