//! A call's media as its task sees it: ports and SDP before the shard has it, commands to the shard afterwards.

use super::context::Context;
use super::event::CallId;
use crate::net::address::{LocalAddresses, advertised};
use crate::net::ports::PortPair;
use crate::net::shard::{CallKey, EngineSpec, Leg, MediaEvent, Opening, Report, ShardHandle, Unavailable};
use crate::recorder::RecordingId;
use std::io;
use std::net::IpAddr;
use std::time::Instant;
use talkpath_config::Agent;
use talkpath_media::sdp::{self, Direction, LocalMedia, MediaPlan, SdpError};
use talkpath_sip::agent::Body;
use talkpath_sip::message::StatusCode;
use tokio::sync::mpsc;
use tracing::debug;

/// Media events that may wait for the call task; the shard counts those that find no room.
const EVENTS: usize = 64;

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

/// The wire form of a session description.
pub(super) fn body_of(description: Vec<u8>) -> Body {
    Body::sdp(description)
}

impl Prepared {
    /// Binds ports where `peer` reaches us and offers what the configuration says.
    pub(super) fn bind(context: &Context, bound: IpAddr, peer: IpAddr) -> Result<Self, MediaError> {
        let address = LocalAddresses::new(bound).towards(peer);
        let advertised = advertised(context.config.sip.external, address, peer);
        let ports = context.ports.pair(address)?;
        let media = &context.config.media;
        let local = LocalMedia {
            address: advertised,
            rtp_port: ports.rtp_port()?,
            laws: media.laws.clone(),
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

    /// Our offer.
    pub(super) fn offer(&self) -> Vec<u8> {
        sdp::offer(&self.local)
    }

    /// Answers the peer's offer.
    pub(super) fn answer(&self, offer: &[u8]) -> Result<Agreed, MediaError> {
        let (sent, plan) = sdp::answer(offer, &self.local)?;
        Ok(Agreed { plan, sent })
    }

    /// Reads the peer's answer to our offer.
    pub(super) fn accept(&self, answer: &[u8]) -> Result<Agreed, MediaError> {
        let sent = self.offer();
        let plan = sdp::accept_answer(&sent, answer)?;
        Ok(Agreed { plan, sent })
    }

    /// Hands the leg to the quietest shard.
    pub(super) async fn open(
        self,
        context: &Context,
        call: CallId,
        agreed: Agreed,
        what: Voice,
    ) -> Result<MediaSession, MediaError> {
        let Self { ports, local, peer } = self;
        let Agreed { plan, sent } = agreed;
        let shard = context.shards.quietest().ok_or(Unavailable)?.clone();
        let recording = what.record.then_some(RecordingId(call.0));
        let leg = Leg::new(ports, plan, peer, &mut rand::rng(), Instant::now());
        let (tell, events) = mpsc::channel(EVENTS);
        let key = context.shards.new_key();
        let patience = context.config.media.timeout;
        let opening = Opening { key, leg, engine: what.engine, turn: what.turn, events: tell, recording, patience };
        shard.open(opening).await?;
        if let Some(id) = recording {
            // The shard's first block comes a second after the answer.
            context.services.recorder.open(id, context.recording_path(call, &jiff::Zoned::now())).await;
        }
        Ok(MediaSession { shard, key, events, local, sent, recording })
    }
}

/// What both sides said, and what it comes to.
#[derive(Debug)]
pub(super) struct Agreed {
    plan: MediaPlan,
    /// The description that we sent: later ones follow from it (RFC 3264 §8).
    pub(super) sent: Vec<u8>,
}

/// What speaks on the call.
#[derive(Debug)]
pub(super) struct Voice {
    pub(super) engine: EngineSpec,
    pub(super) turn: talkpath_speech::turn::Settings,
    pub(super) record: bool,
}

impl Voice {
    /// An agent of the configuration.
    pub(super) fn of_agent(context: &Context, agent: &Agent) -> Self {
        let talkpath_config::Engine::Builtin(settings) = &agent.engine;
        Self {
            engine: EngineSpec::Builtin(settings.clone()),
            turn: agent.turn.clone(),
            record: context.config.recording.enabled,
        }
    }
}

/// A call's media on its shard.
#[derive(Debug)]
pub(super) struct MediaSession {
    shard: ShardHandle,
    key: CallKey,
    pub(super) events: mpsc::Receiver<MediaEvent>,
    local: LocalMedia,
    /// The description that we sent last.
    sent: Vec<u8>,
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

    /// The answer to an offer that we made in a 200.
    pub(super) async fn accept_answer(&mut self, answer: &[u8]) {
        match sdp::accept_answer(&self.sent, answer) {
            Ok(plan) => self.shard.update(self.key, plan).await,
            Err(error) => debug!(%error, "an answer in ACK can't be used"),
        }
    }

    /// Answers an offer within the dialog; without one, makes ours.
    pub(super) async fn answer_offer(&mut self, offer: Option<&Body>) -> Result<Vec<u8>, StatusCode> {
        let answered = match offer {
            Some(offer) => {
                sdp::answer_again(&self.sent, &offer.content, &self.local).map(|(body, plan)| (body, Some(plan)))
            }
            None => sdp::offer_again(&self.sent, &self.local, Direction::SendReceive).map(|body| (body, None)),
        };
        match answered {
            Ok((body, plan)) => {
                self.sent.clone_from(&body);
                if let Some(plan) = plan {
                    self.shard.update(self.key, plan).await;
                }
                Ok(body)
            }
            Err(error) => {
                debug!(%error, "an offer within the call is refused");
                Err(MediaError::from(error).status())
            }
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
