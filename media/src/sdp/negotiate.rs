//! What an offer and an answer have in common: RFC 3264 §6.1 and §7.

use std::net::{IpAddr, SocketAddr};

use sdp_types::{Media, Session};

use super::{
    DtmfPlan, LocalMedia, MediaPlan, SdpError,
    direction::Direction,
    payload::{self, Payload},
    read,
};

/// What an answer agrees to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    pub(super) plan: MediaPlan,
    /// Our direction in the answer.
    pub(super) direction: Direction,
}

/// The first m= line of an offer that we can carry, and what we make of it.
pub(super) fn choose(offer: &Session, local: &LocalMedia) -> Result<(usize, Agreed), SdpError> {
    let mut fault = SdpError::NoCommonCodec;
    for (index, media) in offer.medias.iter().enumerate().filter(|(_, media)| read::is_ours(media)) {
        match accept(offer, media, local) {
            Some(Ok(agreed)) => return Ok((index, agreed)),
            Some(Err(error)) => fault = error,
            None => {}
        }
    }
    Err(fault)
}

/// `None` when the line has no law of ours, or an address that we can't reach.
fn accept(offer: &Session, media: &Media, local: &LocalMedia) -> Option<Result<Agreed, SdpError>> {
    let known = payload::known(media);
    let (payload_type, law) = known.iter().find_map(|&(payload_type, payload)| match payload {
        Payload::Audio(law) if local.laws.contains(&law) => Some((payload_type, law)),
        Payload::Audio(_) | Payload::Keys => None,
    })?;
    let keys = local.dtmf_payload_type.and_then(|_| payload::find(&known, Payload::Keys));
    let (remote_rtp, remote_rtcp) = match remote(offer, media, Some(local.address)).transpose()? {
        Ok(remote) => remote,
        Err(error) => return Some(Err(error)),
    };
    let stated = read::direction(offer, media);
    let direction = Direction::new(stated.receives(), stated.sends());
    let plan = MediaPlan {
        law,
        payload_type,
        receive_payload_type: payload_type,
        alternative: None,
        dtmf: keys.map(|keys| DtmfPlan { send: keys, receive: keys }),
        ptime_ms: read::ptime(offer, media, local.ptime_ms),
        remote_rtp,
        remote_rtcp,
        send: direction.sends(),
        receive: direction.receives(),
    };
    Some(Ok(Agreed { plan, direction }))
}

/// Where the writer of the line receives RTP and RTCP; `None` when that can't be reached from `local`.
fn remote(
    session: &Session,
    media: &Media,
    local: Option<IpAddr>,
) -> Result<Option<(SocketAddr, SocketAddr)>, SdpError> {
    let reachable = read::place(session, media)?.reachable_from(local);
    Ok(reachable.map(|address| {
        let rtp = SocketAddr::new(address, media.port);
        (rtp, read::rtcp(media, rtp))
    }))
}

/// What the answer `theirs` to our offer `ours` comes to.
pub(super) fn agree(ours: &Session, theirs: &Session) -> Result<MediaPlan, SdpError> {
    let (offered, answered) = (ours.medias.len(), theirs.medias.len());
    if offered != answered {
        return Err(SdpError::MediaLines { offered, answered });
    }
    let mut lines = ours.medias.iter().zip(&theirs.medias);
    let (mine, media) =
        lines.find(|(mine, media)| read::is_ours(mine) && read::is_ours(media)).ok_or(SdpError::NoCommonCodec)?;
    let (offered, answered) = (payload::known(mine), payload::known(media));
    let mut laws = answered.iter().filter_map(|&(send, payload)| match payload {
        Payload::Audio(law) => Some((law, send, payload::find(&offered, payload)?)),
        Payload::Keys => None,
    });
    let (law, payload_type, receive_payload_type) = laws.next().ok_or(SdpError::NoCommonCodec)?;
    let alternative = laws.find(|(other, _, _)| *other != law).map(|(other, _, receive)| (other, receive));
    let keys = payload::find(&offered, Payload::Keys).zip(payload::find(&answered, Payload::Keys));
    let (wanted, stated) = (read::direction(ours, mine), read::direction(theirs, media));
    let local = read::address(ours, mine).filter(|address| !address.is_unspecified());
    let (remote_rtp, remote_rtcp) = remote(theirs, media, local)?.ok_or(SdpError::NoCommonCodec)?;
    Ok(MediaPlan {
        law,
        payload_type,
        receive_payload_type,
        alternative,
        dtmf: keys.map(|(receive, send)| DtmfPlan { send, receive }),
        ptime_ms: read::ptime(theirs, media, read::ptime(ours, mine, 20)),
        remote_rtp,
        remote_rtcp,
        send: wanted.sends() && stated.receives(),
        receive: wanted.receives() && stated.sends(),
    })
}
