//! What others may want of a live call: its task takes orders, at any moment of its life. And the doors at which callers by WebSocket are
//! waited for.

use super::event::CallId;
use axum::extract::ws::WebSocket;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Orders that may wait for a call; whoever gives one more waits.
const WAITING: usize = 16;

/// What a call is told to do.
#[derive(Clone, Debug)]
pub enum Order {
    /// Hang up, or give up dialling.
    HangUp,
    /// Silence the agent, as if the caller had interrupted it.
    Interrupt,
    /// The caller has pressed a key, as the signalling of its call tells.
    Key(char),
    /// Let this listener hear the call: stereo pieces at 8 kHz, the caller left, whoever talks with it right. What it doesn't take in time, it
    /// misses.
    Listen(mpsc::Sender<Box<[i16]>>),
}

/// There is no live call of this id: it is over, or never was.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("no live call has this id")]
pub struct NotLive;

/// The orders of one call, as its task takes them.
pub(super) type Orders = mpsc::Receiver<Order>;

/// Who can be given orders.
#[derive(Debug, Default)]
pub struct Roster {
    live: Mutex<HashMap<CallId, mpsc::Sender<Order>>>,
}

impl Roster {
    /// A call takes orders from now on.
    pub(super) fn enlist(&self, call: CallId) -> Orders {
        let (give, orders) = mpsc::channel(WAITING);
        self.live().insert(call, give);
        orders
    }

    /// It takes none any more.
    pub(super) fn strike(&self, call: CallId) {
        self.live().remove(&call);
    }

    /// Gives an order.
    ///
    /// # Errors
    /// [`NotLive`] when there is nobody to obey it.
    pub async fn order(&self, call: CallId, order: Order) -> Result<(), NotLive> {
        let give = self.live().get(&call).cloned().ok_or(NotLive)?;
        give.send(order).await.map_err(|_| NotLive)
    }

    /// How many calls are live.
    #[must_use]
    pub fn live_calls(&self) -> usize {
        self.live().len()
    }

    fn live(&self) -> MutexGuard<'_, HashMap<CallId, mpsc::Sender<Order>>> {
        // What a panic left behind is still true.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where callers by WebSocket are waited for.
#[derive(Debug, Default)]
pub struct Doors {
    open: Mutex<HashMap<CallId, oneshot::Sender<WebSocket>>>,
}

impl Doors {
    /// A call waits for its caller.
    pub(super) fn open(&self, call: CallId) -> oneshot::Receiver<WebSocket> {
        let (enter, arrival) = oneshot::channel();
        self.opened().insert(call, enter);
        arrival
    }

    /// It does so no more.
    pub(super) fn shut(&self, call: CallId) {
        self.opened().remove(&call);
    }

    /// The way in, if the call waits for its caller; whoever has it is the only one.
    pub fn enter(&self, call: CallId) -> Option<oneshot::Sender<WebSocket>> {
        self.opened().remove(&call)
    }

    fn opened(&self) -> MutexGuard<'_, HashMap<CallId, oneshot::Sender<WebSocket>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
