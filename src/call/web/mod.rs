//! A caller who talks by a WebSocket: announced over HTTP, waited for, then a call as any other.
//!
//!   announced ─► waiting ──socket comes──► line (RTP on loopback) ─► conversation ─► end
//!                   └──nobody comes, or the call is ended──► end
//!
//! Its voice reaches the shard as RTP ([`line`]), so that everything behind it is that of any caller.

mod line;

pub(super) use line::Hook;

use super::cast::Cast;
use super::context::{Context, Phase};
use super::conversation::{Conversation, Exit, Live, finish};
use super::dialog::Dialog;
use super::disposition::Disposition;
use super::event::{CallEventKind, CallId, Direction};
use super::facts::CallFacts;
use super::media::{MediaSession, Prepared};
use super::order::{Order, Orders};
use crate::net::sip::SipHandle;
use crate::trunk::Caller;
use axum::extract::ws::WebSocket;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use talkpath_media::g711::Law;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::{Instrument, info, info_span};

/// Who calls, for people and programs.
const CALLER: &str = "websocket";

/// A caller who will come by a WebSocket.
#[derive(Clone, Debug)]
pub struct Awaited {
    /// Who talks when it comes.
    pub cast: Cast,
    /// How long it is waited for.
    pub wait: Duration,
}

/// What is known of a call by WebSocket.
#[must_use]
pub fn web_facts() -> CallFacts {
    let caller = Caller { number: CALLER.to_owned(), name: None };
    CallFacts { direction: Direction::Inbound, ..CallFacts::placed(caller, "") }
}

/// Waits for a caller, and takes the call to its end. It is known, and takes orders, from this moment on.
pub fn await_caller(
    call: CallId,
    awaited: Awaited,
    sip: SipHandle,
    context: Arc<Context>,
) -> impl Future<Output = Disposition> {
    let span = info_span!("call", id = %call);
    let Awaited { cast, wait } = awaited;
    let orders = context.begin(call);
    let arrival = context.doors.open(call);
    let to = cast.name().to_owned();
    span.in_scope(|| info!(agent = to, "waiting for a caller by WebSocket"));
    let kind = CallEventKind::Began { direction: Direction::Inbound, from: CALLER.into(), to, peer: None };
    context.tell(call, kind);
    Web { call, orders, sip, context }.run(arrival, cast, wait).instrument(span)
}

struct Web {
    call: CallId,
    orders: Orders,
    sip: SipHandle,
    context: Arc<Context>,
}

impl Web {
    async fn run(mut self, arrival: oneshot::Receiver<WebSocket>, cast: Cast, wait: Duration) -> Disposition {
        let arrived = self.wait(arrival, wait).await;
        self.context.doors.shut(self.call);
        let (disposition, media) = match arrived {
            Ok(socket) => self.talk(socket, cast).await,
            Err(disposition) => (disposition, None),
        };
        finish(&self.context, self.call, disposition.clone(), media).await;
        disposition
    }

    async fn wait(
        &mut self,
        mut arrival: oneshot::Receiver<WebSocket>,
        wait: Duration,
    ) -> Result<WebSocket, Disposition> {
        let deadline = Instant::now() + wait;
        loop {
            tokio::select! {
                socket = &mut arrival => return socket.map_err(|_| Disposition::Cancelled),
                Some(order) = self.orders.recv() => if matches!(order, Order::HangUp) {
                    return Err(Disposition::CancelledByUs);
                },
                () = self.context.reached(Phase::Goodbye) => return Err(Disposition::CancelledByUs),
                () = tokio::time::sleep_until(deadline) => return Err(Disposition::NoAnswer),
            }
        }
    }

    async fn talk(&mut self, socket: WebSocket, cast: Cast) -> (Disposition, Option<MediaSession>) {
        let (mut media, mut hook) = match self.open(socket, &cast).await {
            Ok(opened) => opened,
            Err(why) => {
                tracing::warn!("a caller by WebSocket can't have media: {why:#}");
                return (Disposition::Lost { why: "its media could not be opened" }, None);
            }
        };
        media.answered().await;
        self.context.tell(self.call, CallEventKind::Answered);
        self.context.tell(self.call, CallEventKind::Agent { name: cast.name().to_owned() });
        let facts = web_facts();
        let live = Live {
            call: self.call,
            context: &self.context,
            sip: &self.sip,
            dialog: Dialog::Web(&mut hook),
            orders: &mut self.orders,
            media: &mut media,
            facts: &facts,
        };
        let disposition = match Conversation::with(live, cast).run().await {
            Exit::Ended(disposition) => disposition,
            // Whom the caller was handed over to has gone.
            Exit::Decided(_) | Exit::PartyLeft => {
                hook.hang_up();
                Disposition::of_end(&hook.closed().await)
            }
        };
        (disposition, Some(media))
    }

    /// The shard's end of the line, and the socket's.
    async fn open(&self, socket: WebSocket, cast: &Cast) -> anyhow::Result<(MediaSession, Hook)> {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let prepared = Prepared::bind(&self.context, &self.sip, here, Some(Law::Mu))?;
        let line = line::Line::bind(prepared.rtp_address()?)?;
        let agreed = prepared.answer(&line.offer()?, Some(Law::Mu))?;
        let media = prepared.open(&self.context, self.call, agreed, cast.voice().clone()).await?;
        let entries = self.context.records.follow(self.call, 0);
        Ok((media, line.connect(socket, self.call, Arc::clone(&self.context), entries)))
    }
}
