//! Numbers that may not be dialled: emergency numbers, and what the operator forbids by name.
//!
//! A voice bot can't tell rescuers where the caller is, and a campaign that dials 112 by mistake takes a line from somebody
//! who needs it: emergency numbers are refused unless the configuration says otherwise. An emergency number is meant
//! exactly: 112 forbids 112, not 1123, but also what dialling prefixes make of it (+49112, 0112, 00 112) and service
//! codes before it (`*31#112`). What a PBX takes away behind the trunk isn't known here: where 9 is its outside line, 9112 is
//! a number to forbid.
//!
//! Forbidden prefixes are compared with the number as it is dialled, with the number for the world that it means, and with
//! how that is dialled at home or from abroad: `0900` forbids +49900, and `00` whatever is in another country.

use crate::numbers::{Format, NumberPlan};

/// What may not be dialled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// Numbers that are refused exactly; none when the operator has taken the responsibility.
    pub emergency: Vec<String>,
    /// Numbers that begin so are refused.
    pub forbidden: Vec<Forbidden>,
}

/// Prefixes that are forbidden for one reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forbidden {
    /// What the refusal says they are.
    pub name: String,
    /// The prefixes, as they are dialled or for the world.
    pub prefixes: Vec<String>,
}

/// Why a number may not be dialled.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Restricted {
    /// An emergency number.
    #[error(
        "emergency number {emergency} may not be dialled by this server: it can't say where the caller is. \
         Dial it from a telephone"
    )]
    Emergency {
        /// As the list has it.
        emergency: String,
    },
    /// A forbidden prefix.
    #[error("{number} may not be dialled: {name} (numbers with {prefix})")]
    Forbidden {
        /// As it was dialled, without separators.
        number: String,
        /// What is forbidden.
        name: String,
        /// The prefix that it has.
        prefix: String,
    },
}

impl Restrictions {
    /// Emergency numbers of many countries that are hardly extensions: 000 Australia, 110 Germany, China and Japan, 111 New
    /// Zealand, 112 Europe and every mobile network, 118 Italy, 119 Japan, Korea and China, 120 China, 911 North
    /// America, 995 Singapore, 999 the United Kingdom and others.
    pub const EMERGENCY: [&'static str; 10] = ["000", "110", "111", "112", "118", "119", "120", "911", "995", "999"];

    /// Whether `number` may be dialled where `plan` says how numbers are dialled.
    ///
    /// # Errors
    /// When it may not, with the name of what forbids it.
    pub fn check(&self, plan: &NumberPlan, number: &str) -> Result<(), Restricted> {
        let forms = Forms::of(plan, number);
        if let Some(emergency) = self.emergency.iter().find(|emergency| forms.is_short(plan, emergency)) {
            return Err(Restricted::Emergency { emergency: emergency.clone() });
        }
        let pairs = self.forbidden.iter().flat_map(|rule| rule.prefixes.iter().map(move |prefix| (rule, prefix)));
        for (rule, prefix) in pairs {
            if forms.begin(plan, prefix) {
                let (number, name, prefix) = (forms.dialled, rule.name.clone(), prefix.clone());
                return Err(Restricted::Forbidden { number, name, prefix });
            }
        }
        Ok(())
    }
}

/// The ways to say one number.
struct Forms {
    /// As it was dialled, without separators and service codes.
    dialled: String,
    /// For the world, if it is a number of that kind, and as it is dialled within the country or else from abroad.
    world: Option<[String; 2]>,
}

impl Forms {
    fn of(plan: &NumberPlan, number: &str) -> Self {
        let dialled = plain(number);
        let world = plan.to_e164(&dialled);
        let world = crate::numbers::is_e164(&world).then(|| [plan.render(&world, Format::National), world]);
        Self { dialled, world }
    }

    /// Whether it is the short number `short`, behind any of the prefixes of `plan`.
    fn is_short(&self, plan: &NumberPlan, short: &str) -> bool {
        let dialled = self.dialled.as_str();
        let before =
            |prefix: Option<&str>, text: &str| prefix.is_some_and(|prefix| text.strip_prefix(prefix) == Some(short));
        // A lone 1, 7 or 8 is the first digit of extensions (1112) rather than a prefix, but nobody has extension 1911.
        let telling = |prefix: &&str| prefix.len() > 1 || *prefix == "0" || short == "911";
        let (country, national) = (plan.country(), plan.national());
        let home = before(country.filter(telling), dialled) || before(national.filter(telling), dialled);
        dialled == short || home || self.abroad(plan).any(|all| Self::is_short_of_a_country(plan, all, short))
    }

    /// What stands behind a plus or the international prefix.
    fn abroad(&self, plan: &NumberPlan) -> impl Iterator<Item = &str> {
        let prefixes = [Some("+"), plan.international()].into_iter().flatten();
        prefixes.filter_map(|prefix| self.dialled.strip_prefix(prefix)).collect::<Vec<_>>().into_iter()
    }

    /// Country codes have three digits at most; (0) may follow that of the plan.
    fn is_short_of_a_country(plan: &NumberPlan, all: &str, short: &str) -> bool {
        let Some(code) = all.strip_suffix(short) else { return false };
        let own = plan.country().map(|country| format!("{country}{}", plan.national().unwrap_or_default()));
        code.len() <= 3 || own.as_deref() == Some(code)
    }

    fn begin(&self, plan: &NumberPlan, prefix: &str) -> bool {
        let prefix = plain(prefix);
        if prefix.is_empty() {
            return false;
        }
        let whole = plan.prefix_to_e164(&prefix);
        let begins =
            |text: &str| text.starts_with(&prefix) || whole.as_ref().is_some_and(|whole| text.starts_with(whole));
        begins(&self.dialled) || self.world.iter().flatten().any(|form| begins(form))
    }
}

/// The number as a switch takes it: without separators and parameters, without a service code before it and `#` behind
/// it. What has letters is no number and stays as it is.
fn plain(number: &str) -> String {
    let number = number.split_once(';').map_or(number, |(number, _)| number);
    if number.chars().any(char::is_alphabetic) {
        // It is told, in a line.
        return number.chars().filter(|c| !c.is_control()).collect();
    }
    let keys: String = number.chars().filter(|c| c.is_ascii_digit() || matches!(c, '+' | '*' | '#')).collect();
    let keys = keys.trim_end_matches('#');
    let Some(code) = keys.strip_prefix(['*', '#']) else { return keys.to_owned() };
    // `*31#112` and `#31#112` of mobile networks; `*67911` of North America, where codes have two digits.
    let behind = code.split_once('#').map(|(_, number)| number).or_else(|| code.get(2..));
    behind.filter(|number| !number.is_empty()).unwrap_or(keys).to_owned()
}

#[cfg(test)]
mod tests;
