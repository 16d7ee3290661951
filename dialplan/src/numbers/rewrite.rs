//! What a trunk does to numbers, inbound and outbound.
//!
//!   inbound    as the peer sends it ──strip──► ──prefix──► ──read as `format`──► number of the facts
//!   outbound   as it is dialled ──strip──► ──to_e164──► ──render in `format`──► ──prefix──► as the peer wants it
//!
//! That is what becomes of the number that is called. The caller's number is only read or written in `format`: digits for an
//! outside line aren't dialled to it.
//!
//! Outbound a number is checked at each of these steps, since emergency numbers and forbidden ones may hide behind the
//! digits that are stripped (9 112) or come about with those that are put before (1, then 12).

use super::{Format, NumberPlan};
use crate::restriction::{Restricted, Restrictions};

/// Rules of one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// How many digits are taken away from the front, together with a plus before them. A number that has no more than
    /// these keeps them, and so does what is no number.
    pub strip: usize,
    /// What is put before it.
    pub prefix: String,
    /// Inbound: how the peer writes numbers. Outbound: how it wants them written.
    pub format: Format,
}

impl Rewrite {
    /// A caller's number that came, as the dialplan sees it.
    #[must_use]
    pub fn inbound_caller(&self, plan: &NumberPlan, text: &str) -> String {
        plan.read(text, self.format)
    }

    /// A called number that came, as the dialplan sees it.
    #[must_use]
    pub fn inbound(&self, plan: &NumberPlan, text: &str) -> String {
        plan.read(&self.before(&self.stripped(plan, text)), self.format)
    }

    /// The number of whoever calls, as it is shown.
    #[must_use]
    pub fn outbound_caller(&self, plan: &NumberPlan, number: &str) -> String {
        self.written(plan, number)
    }

    /// A number that is dialled, as it is sent.
    ///
    /// # Errors
    /// When it may not be dialled.
    pub fn outbound(
        &self,
        plan: &NumberPlan,
        restrictions: &Restrictions,
        dialled: &str,
    ) -> Result<String, Restricted> {
        restrictions.check(plan, dialled)?;
        let number = self.stripped(plan, dialled);
        restrictions.check(plan, &number)?;
        let sent = self.before(&self.written(plan, &number));
        restrictions.check(plan, &sent)?;
        Ok(sent)
    }

    fn written(&self, plan: &NumberPlan, number: &str) -> String {
        match self.format {
            Format::AsIs => number.to_owned(),
            Format::E164 | Format::Digits | Format::International | Format::National => {
                plan.render(&plan.to_e164(number), self.format)
            }
        }
    }

    fn before(&self, number: &str) -> String {
        format!("{}{number}", self.prefix)
    }

    fn stripped(&self, plan: &NumberPlan, text: &str) -> String {
        let bare = plan.bare(text);
        let digits = bare.strip_prefix('+').unwrap_or(&bare);
        let rest = digits.get(self.strip..).filter(|rest| self.strip > 0 && !rest.is_empty());
        let number = digits.bytes().all(|byte| byte.is_ascii_digit());
        rest.filter(|_| number).unwrap_or(text).to_owned()
    }
}
