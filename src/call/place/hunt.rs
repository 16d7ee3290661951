//! From the targets of a dial action to the one who answers, whoever it is that waits for them.

use super::attempt::{EarlyLeg, Picked};
use super::line::{Try, Wanted, lines};
use super::placing::{Lines, Ring, Rung};
use crate::call::context::Context;
use crate::call::disposition::Disposition;
use crate::call::facts::CallFacts;
use crate::net::sip::SipHandle;
use crate::trunk::Caller;
use std::collections::VecDeque;
use std::sync::Arc;
use talkpath_dialplan::{CallerIdentity, Dial, Strategy};
use talkpath_media::g711::Law;
use tracing::info;

/// Targets that are rung, together or one after the other. Dropping it gives all of them up.
#[derive(Debug)]
pub(crate) struct Hunt {
    strategy: Strategy,
    ring: Ring,
    caller: Caller,
    /// Whose turn hasn't come; the first may have been told of.
    waiting: VecDeque<Wanted>,
    told: bool,
    /// What will ring together, as far as it is known.
    together: Vec<Vec<Try>>,
    lines: Option<Lines>,
    nobody: Option<Disposition>,
    context: Arc<Context>,
    sip: SipHandle,
}

/// What happens while targets are rung.
#[derive(Debug)]
pub(crate) enum Hunted {
    /// Somebody is called.
    Dialling(String),
    /// A telephone rings.
    Ringing,
    /// There is something to be heard before the answer, on this leg.
    Early(Box<EarlyLeg>),
    /// What could be heard before the answer can't be any more: that one has not answered.
    Silent,
    /// Somebody has answered; everybody else has been given up.
    Answered(Box<Picked>),
    /// Nobody has, for this reason.
    Nobody(Disposition),
}

impl Hunt {
    /// Rings the targets of `dial` in the name of whom the facts are of: offering `law` first, and to be passed on `hops` times at
    /// most.
    pub(crate) fn new(
        dial: &Dial,
        facts: &CallFacts,
        law: Option<Law>,
        hops: Option<u8>,
        context: &Arc<Context>,
        sip: &SipHandle,
    ) -> Self {
        let caller = match &dial.caller {
            CallerIdentity::Caller => facts.caller.clone(),
            CallerIdentity::Fixed(number) => Caller { number: number.clone(), name: None },
        };
        Self {
            strategy: dial.strategy,
            ring: Ring { time: dial.ring, law, early: true, hops },
            caller,
            waiting: facts.with(|facts| dial.targets.iter().map(|target| Wanted::of(target, facts)).collect()),
            told: false,
            together: Vec::new(),
            lines: None,
            nobody: None,
            context: Arc::clone(context),
            sip: sip.clone(),
        }
    }

    /// What happens next; after [`Hunted::Answered`] and [`Hunted::Nobody`] nothing more. It may be dropped and asked again.
    pub(crate) async fn next(&mut self) -> Hunted {
        loop {
            if let Some(lines) = &mut self.lines {
                match lines.next().await {
                    Rung::Ringing => return Hunted::Ringing,
                    Rung::Early(early) => return Hunted::Early(early),
                    Rung::Answered(picked) => return Hunted::Answered(picked),
                    Rung::Nobody(disposition) => {
                        self.lines = None;
                        self.missed(disposition);
                        return Hunted::Silent;
                    }
                }
            }
            let Some(wanted) = self.waiting.front() else {
                if self.together.is_empty() {
                    let nobody = Disposition::Lost { why: "there was nobody to dial" };
                    return Hunted::Nobody(self.nobody.take().unwrap_or(nobody));
                }
                let together = std::mem::take(&mut self.together);
                self.ring(together);
                continue;
            };
            if !std::mem::replace(&mut self.told, true) {
                return Hunted::Dialling(wanted.to_string());
            }
            let found = lines(wanted, &self.caller, &self.context, &self.sip).await;
            self.told = false;
            let Some(wanted) = self.waiting.pop_front() else { continue };
            match (found, self.strategy) {
                (Ok(lines), Strategy::All) => self.together.extend(lines),
                (Ok(lines), Strategy::InOrder) => self.ring(lines),
                (Err(disposition), _) => {
                    info!(to = %wanted, %disposition, "can't be dialled");
                    self.missed(disposition);
                }
            }
        }
    }

    fn ring(&mut self, tries: Vec<Vec<Try>>) {
        self.lines = Some(Lines::ring(tries, &self.ring, &self.context, &self.sip));
    }

    fn missed(&mut self, disposition: Disposition) {
        self.nobody = Some(Disposition::telling(self.nobody.take(), disposition));
    }
}
