//! How the trunks stand.

use super::{Desk, Problem};
use crate::trunk::{self, Standing, Trunk};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use utoipa::ToSchema;

/// How one trunk stands.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TrunkState {
    /// Its name.
    #[schema(example = "pbx")]
    pub name: String,
    /// Where calls are sent: SIP URIs, in the order in which they are tried.
    #[schema(example = json!(["sip:pbx.example.com"]))]
    pub servers: Vec<String>,
    /// Whether we are registered with it.
    pub registration: Registration,
    /// Whether it answers OPTIONS.
    pub health: Health,
    /// Calls on it now, both ways together.
    pub calls: usize,
    /// Calls that it may have at once; null without a cap.
    pub max_calls: Option<u32>,
}

/// Whether we are registered.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Registration {
    /// We don't register with it.
    NotWanted,
    /// Its registrar holds a binding for us.
    Registered {
        /// How often it has confirmed that since the start.
        confirmed: u64,
    },
    /// Not now.
    NotRegistered {
        /// Why, in words.
        reason: String,
    },
}

/// Whether a trunk answers.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Health {
    /// It hasn't been asked.
    Unknown,
    /// It answers.
    Up {
        /// After so many milliseconds.
        after_ms: u64,
    },
    /// It doesn't.
    Down {
        /// Why, in words.
        reason: String,
    },
}

impl TrunkState {
    fn of(trunk: &Trunk) -> Self {
        let standing = trunk.standing();
        let Standing { registered, health, registrations, calls, .. } = standing.borrow().clone();
        let registration = match registered {
            trunk::Registered::NotWanted => Registration::NotWanted,
            trunk::Registered::Yes => Registration::Registered { confirmed: registrations },
            trunk::Registered::No(reason) => Registration::NotRegistered { reason },
        };
        let health = match health {
            trunk::Health::Unknown => Health::Unknown,
            trunk::Health::Up(after) => Health::Up { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) },
            trunk::Health::Down(reason) => Health::Down { reason },
        };
        Self {
            name: trunk.settings.name.clone(),
            servers: trunk.servers().iter().map(ToString::to_string).collect(),
            registration,
            health,
            calls,
            max_calls: trunk.settings.caps.calls.map(NonZeroU32::get),
        }
    }
}

/// Every trunk of the configuration, in its order.
#[utoipa::path(
    get, path = "/api/trunk", tag = "trunks", security(("key" = [])),
    responses((status = OK, body = Vec<TrunkState>), (status = UNAUTHORIZED, body = Problem, content_type = "application/problem+json"))
)]
pub(super) async fn list(State(desk): State<Desk>) -> Json<Vec<TrunkState>> {
    Json(desk.context.trunks.iter().map(|trunk| TrunkState::of(trunk)).collect())
}
