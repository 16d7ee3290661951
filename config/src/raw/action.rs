//! `[[route]]` and `[[menu]]`: conditions, and the actions that both lead to.

use crate::value::{Line, Many, Name, OneOrList, Parsed, Secret, Short, Zone};
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use talkpath_dialplan::{Clock, Days, Expression, Holiday, Keys, NumberPattern, Source, Strategy, Target};
use toml::Spanned;
use toml::value::Datetime;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Route {
    pub(crate) name: String,
    #[serde(default, rename = "match")]
    pub(crate) condition: Match,
    pub(crate) action: Action,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Match {
    pub(crate) source: Option<Many<Parsed<Source>>>,
    pub(crate) trunk: Option<Many<String>>,
    pub(crate) phone: Option<Many<String>>,
    pub(crate) from: Option<Many<Parsed<NumberPattern>>>,
    pub(crate) to: Option<Many<Parsed<NumberPattern>>>,
    pub(crate) header: Option<Many<Header>>,
    pub(crate) time: Option<Spanned<Time>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { name = \"X-Tenant\", equals = \"blue\" }")]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) equals: Option<String>,
    pub(crate) matches: Option<Parsed<Expression>>,
}

#[derive(Debug, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a table such as { zone = \"Europe/Berlin\", windows = { from = \"08:00\" } }"
)]
pub(crate) struct Time {
    pub(crate) zone: Zone,
    pub(crate) windows: Option<Many<Window>>,
    pub(crate) except: Option<Many<Day>>,
}

/// A day in quotes, or a date as TOML has them.
pub(crate) type Day = Short<Parsed<Holiday>, Datetime>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { days = \"mon-fri\", from = \"08:00\", to = \"18:00\" }")]
pub(crate) struct Window {
    pub(crate) days: Option<Many<Parsed<Days>>>,
    pub(crate) from: Option<Parsed<Clock>>,
    pub(crate) to: Option<Parsed<Clock>>,
}

/// A table with one key, which says what happens.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    Agent(Spanned<String>),
    Dial(Spanned<Dial>),
    Menu(Spanned<String>),
    Pin(Pin),
    Reject(Reject),
}

/// Targets alone, or with what else is said of them.
pub(crate) type Dial = Short<OneOrList<Parsed<Target>>, DialTable>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DialTable {
    pub(crate) to: Many<Parsed<Target>>,
    pub(crate) strategy: Option<Order>,
    pub(crate) ring: Option<Spanned<u32>>,
    pub(crate) caller: Option<Line>,
    pub(crate) otherwise: Option<Box<Action>>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Order {
    All,
    InOrder,
}

impl From<Order> for Strategy {
    fn from(order: Order) -> Self {
        match order {
            Order::All => Self::All,
            Order::InOrder => Self::InOrder,
        }
    }
}

/// Never written short: what is refused for that would be told.
pub(crate) type Pin = Short<Never, PinTable>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PinTable {
    pub(crate) pins: Many<Secret>,
    pub(crate) prompt: Option<Spanned<Prompt>>,
    pub(crate) attempts: Option<Spanned<u8>>,
    pub(crate) timeout: Option<Spanned<u32>>,
    pub(crate) then: Box<Action>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { status = 603 }")]
pub(crate) struct Reject {
    pub(crate) status: Spanned<u16>,
    pub(crate) reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Menu {
    pub(crate) name: Spanned<Name>,
    pub(crate) prompt: Spanned<Prompt>,
    pub(crate) options: Spanned<BTreeMap<Parsed<Keys>, Choice>>,
    pub(crate) timeout: Option<Spanned<u32>>,
    pub(crate) between: Option<Spanned<u32>>,
    pub(crate) attempts: Option<Spanned<u8>>,
    pub(crate) invalid: Option<Spanned<Prompt>>,
    pub(crate) exhausted: Option<Action>,
}

/// What is said, or a file with it.
pub(crate) type Prompt = Short<String, PromptFile>;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PromptFile {
    pub(crate) file: PathBuf,
}

/// `"repeat"`, or an action.
pub(crate) type Choice = Short<Word, Action>;

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Word {
    Repeat,
}

/// Nothing can be written so.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("a pin is a table: { pins = [..], then = ACTION }"))
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ActionVisitor)
    }
}

struct ActionVisitor;

const ACTIONS: &str = "an action is one of agent, dial, menu, pin and reject, such as { agent = \"NAME\" }";

impl<'de> Visitor<'de> for ActionVisitor {
    type Value = Action;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ACTIONS)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action, A::Error> {
        let Some(kind) = map.next_key::<String>()? else { return Err(A::Error::custom(ACTIONS)) };
        let action = match kind.as_str() {
            "agent" => Action::Agent(map.next_value()?),
            "dial" => Action::Dial(map.next_value()?),
            "menu" => Action::Menu(map.next_value()?),
            "pin" => Action::Pin(map.next_value()?),
            "reject" => Action::Reject(map.next_value()?),
            _ => return Err(A::Error::custom(format!("there is no action \"{kind}\": {ACTIONS}"))),
        };
        match map.next_key::<String>()? {
            Some(second) => Err(A::Error::custom(format!("\"{kind}\" and \"{second}\" are two actions: {ACTIONS}"))),
            None => Ok(action),
        }
    }
}
