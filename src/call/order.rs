//! What others may want of a live call: its task takes orders, at any moment of its life.

use super::event::CallId;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc;

/// Orders that may wait for a call; whoever gives one more waits.
const WAITING: usize = 16;

/// What a call is told to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Hang up, or give up dialling.
    HangUp,
    /// Silence the agent, as if the caller had interrupted it.
    Interrupt,
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
