//! A call's media as its task sees it: ports and SDP before the shard has it, commands to the shard afterwards.
//!
//!   [`Prepared`] (ports, what we can do) ──answer, or their answer──► [`Agreed`] ──► a leg on its shard
//!
//! Each leg remembers the description that we sent last: later ones follow from it (RFC 3264 §8).

use super::context::Context;
use super::event::CallId;
use crate::net::address::{LocalAddresses, advertised};
use crate::net::ports::PortPair;
use crate::net::shard::{
    CallKey, Conduct, EngineSpec, Leg, Line, MediaEvent, Opening, Report, ShardHandle, Side, Unavailable,
};
use crate::net::sip::SipHandle;
use crate::recorder::RecordingId;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use talkpath_media::g711::Law;
use talkpath_media::sdp::{self, Direction, LocalMedia, MediaPlan, SdpError};
use talkpath_sip::agent::Body;
use talkpath_sip::message::StatusCode;
use talkpath_speech::engine::ToolId;
use tokio::sync::{mpsc, oneshot};
use tracing::debug;

/// Media events that may wait for the call task; the shard counts those that find no room.
const EVENTS: usize = 64;

/// How long a key is pressed that a model wants pressed, and what follows it: menus at the other end hear that.
const PRESSED: Duration = Duration::from_millis(120);
const BETWEEN_KEYS: Duration = Duration::from_millis(80);
/// A pause between keys.
const COMMA: Duration = Duration::from_millis(500);

/// Why a call can't have media, and what its INVITE is answered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum MediaError {
    /// The offer is no SDP, or no SDP that can be answered.
    #[error("its session description can't be used: {0}")]
    Description(#[from] SdpError),
    /// No port, or no permission for one.
    #[error("no RTP ports: {0}")]
    Ports(#[from] io::Error),
    /// Every shard runs late.
    #[error(transparent)]
    Overload(#[from] Unavailable),
}

impl MediaError {
    /// The status code that tells the other side.
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Self::Description(SdpError::NoCommonCodec) => StatusCode::NOT_ACCEPTABLE_HERE,
            Self::Description(_) => StatusCode::BAD_REQUEST,
            Self::Ports(_) | Self::Overload(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// Ports are bound and we know what we can do; the other side hasn't said yet what it can.
#[derive(Debug)]
pub(super) struct Prepared {
    ports: PortPair,
    local: LocalMedia,
    peer: IpAddr,
}

/// What both sides said, and what it comes to.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) plan: MediaPlan,
    /// The description that we sent.
    pub(super) sent: Vec<u8>,
}

/// What a leg goes on from in later descriptions.
#[derive(Debug)]
pub(super) struct Described {
    local: LocalMedia,
    sent: Vec<u8>,
}

/// The wire form of a session description.
pub(super) fn body_of(description: Vec<u8>) -> Body {
    Body::sdp(description)
}

impl Prepared {
    /// Binds ports where `peer` reaches us; offers `law` first where one is given, otherwise what the configuration says.
    pub(super) fn bind(context: &Context, sip: &SipHandle, peer: IpAddr, law: Option<Law>) -> Result<Self, MediaError> {
        let address = LocalAddresses::new(sip.media_address(peer)).towards(peer);
        let advertised = advertised(context.config.sip.external, address, peer);
        let ports = context.ports.pair(address)?;
        let media = &context.config.media;
        let mut laws = media.laws.clone();
        laws.sort_by_key(|known| law != Some(*known));
        let local = LocalMedia {
            address: advertised,
            rtp_port: ports.rtp_port()?,
            laws,
            ptime_ms: media.ptime_ms,
            dtmf_payload_type: Some(101),
            session_id: rand::random::<u64>() >> 2,
            version: 0,
        };
        Ok(Self { ports, local, peer })
    }

    /// Whether a shard would take the call now.
    pub(super) fn room(context: &Context) -> Result<(), MediaError> {
        context.shards.quietest().map(drop).ok_or(MediaError::Overload(Unavailable))
    }

    /// Where it receives RTP.
    pub(super) fn rtp_address(&self) -> io::Result<SocketAddr> {
        self.ports.rtp.local_addr()
    }

    /// Our offer.
    pub(super) fn offer(&self) -> Vec<u8> {
        sdp::offer(&self.local)
    }

    /// Answers the peer's offer, with `law` alone where that is wanted and in it.
    pub(super) fn answer(&self, offer: &[u8], law: Option<Law>) -> Result<Agreed, MediaError> {
        let wanted = law.map(|law| LocalMedia { laws: vec![law], ..self.local.clone() });
        let answered = match wanted.map(|wanted| sdp::answer(offer, &wanted)) {
            Some(Ok(answered)) => answered,
            Some(Err(_)) | None => sdp::answer(offer, &self.local)?,
        };
        let (sent, plan) = answered;
        Ok(Agreed { plan, sent })
    }

    /// Reads the peer's answer to our offer.
    pub(super) fn accept(&self, answer: &[u8]) -> Result<Agreed, MediaError> {
        let sent = self.offer();
        let plan = sdp::accept_answer(&sent, answer)?;
        Ok(Agreed { plan, sent })
    }

    /// The leg, for a call to adopt.
    pub(super) fn into_leg(self, agreed: Agreed) -> (Leg, Described) {
        let Self { ports, local, peer } = self;
        let Agreed { plan, sent } = agreed;
        (Leg::new(ports, plan, peer, &mut rand::rng(), Instant::now()), Described { local, sent })
    }

    /// Hands the leg to the quietest shard.
    pub(super) async fn open(
        self,
        context: &Context,
        call: CallId,
        agreed: Agreed,
        voice: Voice,
    ) -> Result<MediaSession, MediaError> {
        let shard = context.shards.quietest().ok_or(Unavailable)?.clone();
        let recording = voice.record.then_some(RecordingId(call.0.as_u128()));
        let law = agreed.plan.law;
        let (leg, own) = self.into_leg(agreed);
        let (tell, events) = mpsc::channel(EVENTS);
        let key = context.shards.new_key();
        let patience = context.config.media.timeout;
        let Voice { engine, conduct, .. } = voice;
        shard.open(Opening { key, leg, engine, conduct, events: tell, recording, patience }).await?;
        if let Some(id) = recording {
            // The shard's first block comes a second after the answer.
            context.services.recorder.open(id, context.recording_path(call, &jiff::Zoned::now())).await;
        }
        Ok(MediaSession { shard, key, events, law, own, other: None, recording })
    }
}

/// What speaks on the call.
#[derive(Clone, Debug)]
pub(super) struct Voice {
    pub(super) engine: EngineSpec,
    pub(super) conduct: Conduct,
    pub(super) record: bool,
}

impl Voice {
    /// An engine that needs no thresholds of its own.
    pub(super) fn plain(context: &Context, engine: EngineSpec) -> Self {
        Self { engine, conduct: Conduct::default(), record: context.config.recording.enabled }
    }
}

/// Presses keys on a call.
#[derive(Debug)]
pub(super) struct Keypad {
    shard: ShardHandle,
    key: CallKey,
}

impl Keypad {
    /// Presses keys one after the other; a comma is a pause.
    pub(super) async fn press_all(&self, keys: &str) {
        for key in keys.chars() {
            if key == ',' {
                tokio::time::sleep(COMMA).await;
            } else {
                self.shard.press(self.key, Side::Caller, key, PRESSED).await;
                tokio::time::sleep(PRESSED + BETWEEN_KEYS).await;
            }
        }
    }
}

/// A call's media on its shard.
#[derive(Debug)]
pub(super) struct MediaSession {
    shard: ShardHandle,
    key: CallKey,
    pub(super) events: mpsc::Receiver<MediaEvent>,
    /// What the caller's leg speaks.
    pub(super) law: Law,
    own: Described,
    /// The leg that it is bridged to.
    other: Option<Described>,
    pub(super) recording: Option<RecordingId>,
}

impl MediaSession {
    /// The other side can hear us.
    pub(super) async fn answered(&self) {
        self.shard.answered(self.key).await;
    }

    /// The agent shall say goodbye and end.
    pub(super) async fn goodbye(&self) {
        self.shard.goodbye(self.key).await;
    }

    /// Another engine talks from now on.
    pub(super) async fn talk_as(&self, voice: Voice) {
        self.shard.talk_as(self.key, voice.engine, voice.conduct).await;
    }

    /// The caller hears that it rings elsewhere, once what is queued was heard. The receiver tells when that is.
    pub(super) async fn ring(&self, context: &Context) -> oneshot::Receiver<()> {
        self.shard.ring(self.key, Arc::clone(&context.ringback)).await
    }

    /// Nothing rings any more; the engine goes on.
    pub(super) async fn come_back(&self) {
        self.shard.come_back(self.key).await;
    }

    /// Silences the agent.
    pub(super) async fn interrupt(&self) {
        self.shard.interrupt(self.key).await;
    }

    /// Lets somebody listen.
    pub(super) async fn listen(&self, listener: mpsc::Sender<Box<[i16]>>) {
        self.shard.listen(self.key, listener).await;
    }

    /// Says a line of ours behind what is queued.
    pub(super) async fn say(&self, line: Line) {
        self.shard.say(self.key, line).await;
    }

    /// What a tool came to.
    pub(super) async fn tool_result(&self, id: ToolId, output: String) {
        self.shard.tool_result(self.key, id, output).await;
    }

    /// What presses keys towards the caller's side.
    pub(super) fn keypad(&self) -> Keypad {
        Keypad { shard: self.shard.clone(), key: self.key }
    }

    /// Whether the digits that the caller entered are right.
    pub(super) async fn judged(&self, right: bool) {
        self.shard.judged(self.key, right).await;
    }

    /// A key that was pressed beside the voice, in an INFO.
    pub(super) async fn key(&self, side: Side, key: char) {
        self.shard.key(self.key, side, key).await;
    }

    /// Bridges the call to a leg.
    pub(super) async fn adopt(&mut self, (leg, described): (Leg, Described)) {
        self.other = Some(described);
        self.shard.adopt(self.key, leg).await;
    }

    /// Ends the bridge; the other leg's ports are closed.
    pub(super) async fn part(&mut self) {
        self.other = None;
        drop(self.shard.release(self.key, Side::Other).await);
    }

    /// The answer to an offer that we made in a 200 or in a re-INVITE on a leg.
    pub(super) async fn accept_answer(&mut self, side: Side, answer: &[u8]) {
        let Some(described) = self.described(side) else { return };
        match sdp::accept_answer(&described.sent, answer) {
            Ok(plan) => self.update(side, plan).await,
            Err(error) => debug!(%error, "an answer within the call can't be used"),
        }
    }

    /// Answers an offer within a leg's dialog; without one, makes ours.
    pub(super) async fn answer_offer(&mut self, side: Side, offer: Option<&Body>) -> Result<Vec<u8>, StatusCode> {
        let Some(described) = self.described(side) else { return Err(StatusCode::SERVER_INTERNAL_ERROR) };
        let Described { local, sent } = described;
        let answered = match offer {
            Some(offer) => sdp::answer_again(sent, &offer.content, local).map(|(body, plan)| (body, Some(plan))),
            None => sdp::offer_again(sent, local, Direction::SendReceive).map(|body| (body, None)),
        };
        match answered {
            Ok((body, plan)) => {
                sent.clone_from(&body);
                if let Some(plan) = plan {
                    self.update(side, plan).await;
                }
                Ok(body)
            }
            Err(error) => {
                debug!(%error, "an offer within the call is refused");
                Err(MediaError::from(error).status())
            }
        }
    }

    /// Where and how voice travels on a leg has changed.
    pub(super) async fn update(&mut self, side: Side, plan: MediaPlan) {
        if side == Side::Caller {
            self.law = plan.law;
        }
        self.shard.update(self.key, side, plan).await;
    }

    fn described(&mut self, side: Side) -> Option<&mut Described> {
        match side {
            Side::Caller => Some(&mut self.own),
            Side::Other => self.other.as_mut(),
        }
    }

    /// Ends the media; what travelled comes back, and what was not told yet: the line that was being said.
    pub(super) async fn close(mut self) -> (Option<Box<Report>>, Vec<MediaEvent>) {
        let report = self.shard.close(self.key).await;
        let mut untold = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            untold.push(event);
        }
        (report, untold)
    }
}
