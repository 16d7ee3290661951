//! Offers and answers for one audio stream: RFC 8866 (SDP), RFC 3264 (the model), RFC 3551 and RFC 4733 §2.4 (what is in it).
//!
//!   [`offer`] ──► far end ──► [`accept_answer`] ──► [`MediaPlan`]
//!   far end's offer ──► [`answer`] ──► our answer and [`MediaPlan`]
//!   later in the dialog (§8): [`offer_again`], [`answer_again`], from the description that we sent last
//!
//! PCMU, PCMA and telephone-event over RTP/AVP, or RTP/AVPF without any feedback. In an answer the offerer's order decides, its
//! payload types are taken over, every m= line is mirrored in its place and those that are not carried get port 0 (RFC 3264 §6).
//! A line whose address we can't send to (another family than ours, multicast) is not carried. A host name in c= is not resolved:
//! the plan's address is then the unspecified one, and where to send is learnt from what comes.
//!
//! sdp-types parses and prints. It refuses what phones send in lines that say nothing about media (a Latin-1 `s=`, a negative or huge
//! `o=` version, an empty `o=` user), so only v=, c=, a= and m= lines are given to it; `o=` is compared as bytes ([`origin`]).
//! Deviations: one codec per answer, although §6.1 lets it list several; rtcp-mux is neither offered nor accepted.

mod direction;
mod negotiate;
mod payload;
mod read;
mod version;
mod write;

use std::net::{IpAddr, SocketAddr};

pub use self::{direction::Direction, read::origin, version::revised};
pub use crate::Error as SdpError;
use crate::{
    g711::Law,
    rtp::{ReceiverSettings, SenderSettings},
};

/// Our side of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalMedia {
    /// Where we receive, as the far end sees it.
    pub address: IpAddr,
    /// The port of our RTP socket; RTCP is on the next.
    pub rtp_port: u16,
    /// What we speak, best first.
    pub laws: Vec<Law>,
    /// Packet time that we like to receive, and send if not asked otherwise, in ms.
    pub ptime_ms: u8,
    /// The payload type of keys in our offers; none when we don't want any.
    pub dtmf_payload_type: Option<u8>,
    /// Session id for `o=`: stays the same for a session.
    pub session_id: u64,
    /// Version for `o=` in the first description; later ones count on from what was sent ([`revised`]).
    pub version: u64,
}

/// Payload types of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfPlan {
    /// In packets that we send.
    pub send: u8,
    /// In packets that we receive.
    pub receive: u8,
}

/// What was agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaPlan {
    /// The law in both directions.
    pub law: Law,
    /// Its payload type in packets that we send.
    pub payload_type: u8,
    /// Its payload type in packets that we receive.
    pub receive_payload_type: u8,
    /// A second law that may come without asking, when both were agreed on.
    pub alternative: Option<(Law, u8)>,
    /// Keys, when both sides have them.
    pub dtmf: Option<DtmfPlan>,
    /// Packet time to send with, 10 to 60 ms.
    pub ptime_ms: u8,
    /// Where the far end receives RTP; with the unspecified address (of our family) where it named a host or is on hold by
    /// 0.0.0.0: nothing can be sent there.
    pub remote_rtp: SocketAddr,
    /// Where it receives RTCP.
    pub remote_rtcp: SocketAddr,
    /// Whether we may send.
    pub send: bool,
    /// Whether we will be sent anything.
    pub receive: bool,
}

impl MediaPlan {
    /// Whether the far end has put us on hold: it receives nothing.
    #[must_use]
    pub fn is_held(&self) -> bool {
        !self.send
    }

    /// The receiver that this plan asks for; [`ReceiverSettings::signalled`] is none where no address is known.
    #[must_use]
    pub fn receiver_settings(&self) -> ReceiverSettings {
        ReceiverSettings {
            payload_type: self.receive_payload_type,
            alternative: self.alternative,
            dtmf_payload_type: self.dtmf.map(|dtmf| dtmf.receive),
            signalled: (!self.remote_rtp.ip().is_unspecified()).then_some(self.remote_rtp),
            ..ReceiverSettings::new(self.law)
        }
    }

    /// The sender that this plan asks for.
    #[must_use]
    pub fn sender_settings(&self) -> SenderSettings {
        SenderSettings {
            payload_type: self.payload_type,
            dtmf_payload_type: self.dtmf.map(|dtmf| dtmf.send),
            ptime_ms: self.ptime_ms,
        }
    }
}

/// An offer to send and receive.
#[must_use]
pub fn offer(local: &LocalMedia) -> Vec<u8> {
    offer_with(local, Direction::SendReceive)
}

/// An offer with a direction, as to put the far end on hold.
#[must_use]
pub fn offer_with(local: &LocalMedia, direction: Direction) -> Vec<u8> {
    write::offer(local, direction)
}

/// Our answer to `offer`, and what it comes to.
///
/// # Errors
///
/// [`SdpError::NoCommonCodec`] when no stream can be accepted (answer 488); any other when the offer can't be understood
/// (answer 400).
pub fn answer(offer: &[u8], local: &LocalMedia) -> Result<(Vec<u8>, MediaPlan), SdpError> {
    let session = read::session(offer)?;
    let (index, agreed) = negotiate::choose(&session, local)?;
    Ok((write::answer(&session, index, &agreed, local), agreed.plan))
}

/// A further offer within a dialog (RFC 3264 §8): the lines of `previous`, the description (offer or answer) that we sent last, in
/// their order with the payload types that they had; `local` says where we receive now, `direction` holds and resumes. The `o=`
/// version is that of `previous`, one more if anything differs.
///
/// What `local` can do beyond what was agreed on is offered again, "as if the UAS were making a brand new call" (RFC 3261 §14.2): whoever
/// asks for an offer may want to connect us with somebody else.
///
/// # Errors
///
/// [`SdpError::NoCommonCodec`] when no line of `previous` is a stream of ours; any other when it is no description.
pub fn offer_again(previous: &[u8], local: &LocalMedia, direction: Direction) -> Result<Vec<u8>, SdpError> {
    let session = read::session(previous)?;
    let live = session.medias.iter().position(read::is_ours).ok_or(SdpError::NoCommonCodec)?;
    Ok(revised(previous, write::offer_again(&session, live, local, direction)))
}

/// The first law of `laws` that an offer would have, as the offerer prefers them: what another leg should speak, so that
/// nothing has to be coded anew between the two.
#[must_use]
pub fn preferred_law(offer: &[u8], laws: &[Law]) -> Option<Law> {
    described_laws(offer).into_iter().find(|law| laws.contains(law))
}

/// The laws that a description has, as whoever made it prefers them; none of what can't be read.
#[must_use]
pub fn described_laws(description: &[u8]) -> Vec<Law> {
    let Ok(session) = read::session(description) else { return Vec::new() };
    let lines = session.medias.iter().filter(|media| read::is_ours(media));
    let law = |(_, payload)| match payload {
        payload::Payload::Audio(law) => Some(law),
        payload::Payload::Keys => None,
    };
    lines.flat_map(payload::known).filter_map(law).collect()
}

/// [`answer`] to a further offer within a dialog, versioned from `previous`, the description that we sent last.
///
/// # Errors
///
/// As [`answer`].
pub fn answer_again(previous: &[u8], offer: &[u8], local: &LocalMedia) -> Result<(Vec<u8>, MediaPlan), SdpError> {
    let (body, plan) = answer(offer, local)?;
    Ok((revised(previous, body), plan))
}

/// What the far end's answer to our `offer` comes to.
///
/// # Errors
///
/// [`SdpError::NoCommonCodec`] when the stream was refused or nothing that we offered is in it; any other when the answer can't be
/// understood or doesn't fit the offer.
pub fn accept_answer(offer: &[u8], answer: &[u8]) -> Result<MediaPlan, SdpError> {
    let (ours, theirs) = (read::session(offer)?, read::session(answer)?);
    negotiate::agree(&ours, &theirs)
}

#[cfg(test)]
mod tests;
