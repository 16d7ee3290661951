//! Reads everything that can be read from a message: what no input may make panic. Also the fuzz targets' body.

use talkpath_sip::message::{HeaderName, Headers, Message, NameAddr, Response, StatusCode, Uri};

/// Calls every accessor, prints, answers and reads again; gives something that depends on all of it.
pub(crate) fn message(message: &Message) -> usize {
    let mut sum = headers(message.headers()) + message.to_bytes().len() + message.body().len();
    match message {
        Message::Request(request) => {
            sum += uri(&request.uri) + request.method.as_str().len();
            let mut answer = Response::to(request, StatusCode::OK).with_record_route(request);
            answer.set_to_tag("x");
            sum += answer.to_bytes().len();
        }
        Message::Response(response) => sum += response.reason.decode().len() + usize::from(response.status.code()),
    }
    sum
}

fn headers(headers: &Headers) -> usize {
    let mut sum = 0;
    for via in headers.vias().flatten() {
        sum += via.branch().map_or(0, |b| b.len()) + via.to_text().len() + usize::from(via.ttl().unwrap_or(0));
        sum += usize::from(via.received().is_some()) + usize::from(via.rport().is_some());
        sum += usize::from(via.maddr().is_some()) + usize::from(via.response_target().is_some());
    }
    for address in [headers.from(), headers.to()].into_iter().flatten() {
        sum += name_addr(&address);
    }
    for list in [headers.record_routes(), headers.routes()].into_iter().flatten() {
        sum += list.iter().map(name_addr).sum::<usize>();
    }
    sum += usize::from(headers.contacts().is_ok()) + headers.contact().ok().flatten().map_or(0, |c| name_addr(&c));
    sum += headers.call_id().map_or(0, |id| id.len()) + headers.cseq().map_or(0, |cseq| cseq.number as usize & 0xff);
    sum += small(headers);
    for (name, value) in headers.iter() {
        sum += name.as_str().len() + value.decode().len() + headers.values(name).count();
    }
    let mut copy = headers.detach();
    sum += usize::from(copy.stamp_via("192.0.2.7:5062".parse().unwrap()).is_ok());
    sum + copy.remove(&HeaderName::Via)
}

fn small(headers: &Headers) -> usize {
    let words = [headers.require(), headers.proxy_require(), headers.supported(), headers.content_encoding()];
    let times = [headers.expires(), headers.min_expires()];
    words.into_iter().flatten().map(|words| words.len()).sum::<usize>()
        + times.into_iter().flatten().flatten().count()
        + usize::from(headers.max_forwards().is_ok())
        + headers.content_type().ok().flatten().map_or(0, |t| t.to_string().len() + t.boundary().map_or(0, |b| b.len()))
        + usize::from(headers.retry_after().is_ok())
        + headers.reason().map_or(0, |reasons| reasons.iter().map(|r| r.text().map_or(0, |t| t.len())).sum())
        + headers.allow().map_or(0, |allow| allow.len())
        + headers.accept().map_or(0, |accept| accept.len())
        + headers.user_agent().map_or(0, |agent| agent.len())
}

fn name_addr(address: &NameAddr) -> usize {
    let params = address.params.iter().map(|(name, value)| name.len() + value.map_or(0, |v| v.len())).sum::<usize>();
    let tag = address.tag().map_or(0, |tag| tag.len());
    params + tag + address.to_text().len() + uri(&address.uri) + uri(&address.detach().uri)
}

fn uri(uri: &Uri) -> usize {
    let user = uri.user().map_or(0, |user| user.len()) + uri.number().map_or(0, |number| number.len());
    let parts = uri.params().iter().count() + uri.headers().count() + usize::from(uri.has_param("lr"));
    let built = [uri.with_param("transport", Some("tcp")), uri.without_param("lr"), uri.without_headers()];
    let equal = built.iter().flatten().filter(|other| other.equivalent(uri)).count();
    user + parts + equal + usize::from(uri.host().is_some()) + usize::from(uri.port().unwrap_or(0))
}
