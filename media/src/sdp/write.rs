//! Printing offers and answers: RFC 8866 §5, RFC 3264 §5 and §6.

use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::{
    LocalMedia,
    direction::Direction,
    negotiate::Agreed,
    payload::{self, Payload},
};
use crate::g711::Law;

/// Keys 0-9, *, #, A-D (RFC 4733 §2.4.1).
const EVENTS: &str = "0-15";

pub(super) fn offer(local: &LocalMedia, direction: Direction) -> Vec<u8> {
    let laws: Vec<(u8, Law)> = local.laws.iter().map(|&law| (law.payload_type(), law)).collect();
    let media = stream(local, "RTP/AVP", &laws, local.dtmf_payload_type, local.ptime_ms, direction);
    print(local, vec![media])
}

/// The answer to `offer` that accepts the line at `accepted` and no other.
pub(super) fn answer(offer: &Session, accepted: usize, agreed: &Agreed, local: &LocalMedia) -> Vec<u8> {
    let plan = &agreed.plan;
    let dtmf = plan.dtmf.map(|dtmf| dtmf.receive);
    let laws = [(plan.receive_payload_type, plan.law)];
    let lines = offer.medias.iter().enumerate().map(|(index, media)| {
        if index == accepted {
            stream(local, &media.proto, &laws, dtmf, plan.ptime_ms, agreed.direction)
        } else {
            refused(media)
        }
    });
    print(local, lines.collect())
}

/// A further offer: every line of `previous` in its place, the one at `live` as `local` is now, with the payload types that it had and
/// then what else `local` can do, the others refused as before.
pub(super) fn offer_again(previous: &Session, live: usize, local: &LocalMedia, direction: Direction) -> Vec<u8> {
    let lines = previous.medias.iter().enumerate().map(|(index, media)| {
        if index != live {
            return refused(media);
        }
        let known = payload::known(media);
        let free = |it: &u8| known.iter().all(|(taken, _)| taken != it);
        let before = known.iter().filter_map(|&(it, payload)| Some((it, payload.law()?)));
        let missing = local.laws.iter().filter(|law| payload::find(&known, Payload::Audio(**law)).is_none());
        let more = missing.map(|&law| (law.payload_type(), law)).filter(|(it, _)| free(it));
        let laws: Vec<(u8, Law)> = before.chain(more).collect();
        let dtmf = payload::find(&known, Payload::Keys).or_else(|| local.dtmf_payload_type.filter(free));
        stream(local, &media.proto, &laws, dtmf, local.ptime_ms, direction)
    });
    print(local, lines.collect())
}

/// "To reject an offered stream, the port number in the corresponding stream in the answer MUST be set to zero"
/// (RFC 3264 §6).
fn refused(media: &Media) -> Media {
    line(media.media.clone(), 0, media.proto.clone(), media.fmt.clone())
}

fn line(media: String, port: u16, proto: String, fmt: String) -> Media {
    Media {
        media,
        port,
        num_ports: None,
        proto,
        fmt,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
    }
}

fn stream(
    local: &LocalMedia,
    proto: &str,
    laws: &[(u8, Law)],
    dtmf: Option<u8>,
    ptime_ms: u8,
    direction: Direction,
) -> Media {
    let types: Vec<String> =
        laws.iter().map(|(payload_type, _)| *payload_type).chain(dtmf).map(|it| it.to_string()).collect();
    let mut media = line("audio".into(), local.rtp_port, proto.into(), types.join(" "));
    let mut add = |name: &str, value: Option<String>| {
        media.attributes.push(Attribute { attribute: name.into(), value });
    };
    for (payload_type, law) in laws {
        add("rtpmap", Some(format!("{payload_type} {}/8000", law.encoding_name())));
    }
    if let Some(dtmf) = dtmf {
        add("rtpmap", Some(format!("{dtmf} telephone-event/8000")));
        add("fmtp", Some(format!("{dtmf} {EVENTS}")));
    }
    add("ptime", Some(ptime_ms.to_string()));
    add(direction.name(), None);
    media
}

fn print(local: &LocalMedia, medias: Vec<Media>) -> Vec<u8> {
    let session = Session {
        origin: Origin::with_ip_addr(local.session_id, local.version, local.address),
        // "s= MUST NOT be empty" (RFC 8866 §5.3); a dash says nothing.
        session_name: "-".into(),
        session_description: None,
        uri: None,
        emails: Vec::new(),
        phones: Vec::new(),
        connection: Some(Connection::from_ip_addr(local.address)),
        bandwidths: Vec::new(),
        times: vec![Time { start_time: 0, stop_time: 0, repeats: Vec::new() }],
        time_zones: Vec::new(),
        key: None,
        attributes: Vec::new(),
        medias,
    };
    let mut body = Vec::with_capacity(512);
    // Writing to memory doesn't fail.
    match session.write(&mut body) {
        Ok(()) => body,
        Err(_) => Vec::new(),
    }
}
