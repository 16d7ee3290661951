//! The life of a campaign.
//!
//!   Draft ──start──► Running ──pause──► Paused ──resume──► Running ── nothing left ──► Finished
//!     └───schedule──► Scheduled ── its time ──► Running          any of them ──cancel──► Cancelled
//!
//! Calls that are under way when a campaign is paused or cancelled go on to their end: nobody is hung up on for that.

use std::fmt;

/// How far a campaign is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LifeState {
    /// Contacts are gathered; nobody is called.
    Draft,
    /// It starts by itself when its time comes.
    Scheduled,
    /// It calls.
    Running,
    /// It calls nobody until it is resumed.
    Paused,
    /// Nobody is left to call.
    Finished,
    /// It was given up.
    Cancelled,
}

/// What can be done with one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeVerb {
    /// Call from now on.
    Start,
    /// Call when its time comes.
    Schedule,
    /// Call nobody for now.
    Pause,
    /// Go on.
    Resume,
    /// Give it up for good.
    Cancel,
    /// Nobody is left to call.
    Finish,
}

/// What can't be done with a campaign that stands so.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("a campaign that is {state} can't be {verb}", verb = verb.done())]
pub struct LifeError {
    /// How it stands.
    pub state: LifeState,
    /// What was wanted.
    pub verb: LifeVerb,
}

impl LifeState {
    /// Every one.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Scheduled, Self::Running, Self::Paused, Self::Finished, Self::Cancelled];

    /// As programs write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Finished => "finished",
            Self::Cancelled => "cancelled",
        }
    }

    /// By its name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    /// The state after `verb`. What is so already stays so.
    ///
    /// # Errors
    /// When that can't be done now.
    pub fn after(self, verb: LifeVerb) -> Result<Self, LifeError> {
        match (self, verb) {
            (Self::Draft | Self::Scheduled | Self::Running, LifeVerb::Start) => Ok(Self::Running),
            (Self::Draft | Self::Scheduled, LifeVerb::Schedule) => Ok(Self::Scheduled),
            (Self::Running | Self::Paused, LifeVerb::Pause) => Ok(Self::Paused),
            (Self::Paused | Self::Running, LifeVerb::Resume) => Ok(Self::Running),
            (Self::Running | Self::Finished, LifeVerb::Finish) => Ok(Self::Finished),
            (Self::Draft | Self::Scheduled | Self::Running | Self::Paused | Self::Cancelled, LifeVerb::Cancel) => {
                Ok(Self::Cancelled)
            }
            (
                state,
                verb @ (LifeVerb::Start
                | LifeVerb::Schedule
                | LifeVerb::Pause
                | LifeVerb::Resume
                | LifeVerb::Cancel
                | LifeVerb::Finish),
            ) => Err(LifeError { state, verb }),
        }
    }
}

impl LifeVerb {
    fn done(self) -> &'static str {
        match self {
            Self::Start => "started",
            Self::Schedule => "scheduled",
            Self::Pause => "paused",
            Self::Resume => "resumed",
            Self::Cancel => "cancelled",
            Self::Finish => "finished",
        }
    }
}

impl fmt::Display for LifeState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_campaign_is_started_paused_resumed_and_never_comes_back_from_its_end() {
        let running = LifeState::Draft.after(LifeVerb::Start).unwrap();
        let paused = running.after(LifeVerb::Pause).unwrap();
        assert_eq!(paused.after(LifeVerb::Resume), Ok(LifeState::Running));
        assert_eq!(paused.after(LifeVerb::Finish).unwrap_err().state, LifeState::Paused);
        for end in [LifeState::Finished, LifeState::Cancelled] {
            for verb in [LifeVerb::Start, LifeVerb::Schedule, LifeVerb::Pause, LifeVerb::Resume] {
                assert!(end.after(verb).is_err(), "{end} {verb:?}");
            }
        }
        let told = LifeState::Finished.after(LifeVerb::Resume).unwrap_err().to_string();
        assert_eq!(told, "a campaign that is finished can't be resumed");
    }

    #[test]
    fn what_is_so_already_stays_so() {
        for (state, verb) in [
            (LifeState::Running, LifeVerb::Start),
            (LifeState::Paused, LifeVerb::Pause),
            (LifeState::Cancelled, LifeVerb::Cancel),
        ] {
            assert_eq!(state.after(verb), Ok(state));
        }
        for state in LifeState::ALL {
            assert_eq!(LifeState::named(state.name()), Some(state));
        }
    }
}
