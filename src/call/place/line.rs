//! From a target of the dialplan to the INVITEs that are tried for it.
//!
//! Lines ring together: a user's several telephones. The tries of a line come one after the other: a group's trunks, a
//! trunk's servers.

use crate::call::context::Context;
use crate::call::disposition::Disposition;
use crate::net::sip::{Headers, SipHandle, Way};
use crate::trunk::{Caller, Trunk};
use std::sync::Arc;
use talkpath_dialplan::{Restricted, Target};
use talkpath_sip::agent::Flow;
use talkpath_sip::digest::Credentials;
use talkpath_sip::message::{HeaderName, Host, NameAddr, StatusCode, Uri};
use talkpath_sip::registrar::Binding;

/// Whom callees see where the caller has no number and nobody else is named.
const NOBODY: &str = "talkpath";

/// One INVITE to be tried.
#[derive(Clone, Debug)]
pub struct Try {
    /// Who is called, for people.
    pub who: String,
    /// The trunk that it goes through.
    pub trunk: Option<Arc<Trunk>>,
    /// Where it goes.
    pub goal: Goal,
    /// The Request-URI.
    pub request_uri: Uri,
    /// To, without tag.
    pub to: NameAddr,
    /// From, without tag.
    pub from: NameAddr,
    /// Further header fields.
    pub headers: Headers,
    /// Our Contact, where it isn't the address that the INVITE leaves from.
    pub contact: Option<Uri>,
    /// Who we are to those who challenge us.
    pub credentials: Option<Credentials>,
    /// Whether a redirection has named it.
    pub moved: bool,
}

/// Where an INVITE goes.
#[derive(Clone, Debug)]
pub enum Goal {
    /// To wherever this URI leads.
    Uri(Uri),
    /// The way that a telephone has registered by.
    Along(Flow),
    /// Here.
    Way(Way),
}

impl Try {
    /// To a URI, without a trunk.
    #[must_use]
    pub fn direct(uri: Uri, from: NameAddr) -> Self {
        Self {
            who: uri.to_string(),
            trunk: None,
            goal: Goal::Uri(uri.clone()),
            to: NameAddr::new(uri.clone()),
            request_uri: uri,
            from,
            headers: Headers::new(),
            contact: None,
            credentials: None,
            moved: false,
        }
    }

    /// The same call, to where it was redirected.
    pub(super) fn moved_to(&self, uri: Uri) -> Self {
        let goal = Goal::Uri(uri.clone());
        Self { who: uri.to_string(), goal, request_uri: uri, moved: true, ..self.clone() }
    }
}

/// The lines that ring for a target, filled in already, in the name of `caller`.
///
/// # Errors
/// Why nobody can be rung, as the call's disposition.
pub(crate) async fn lines(
    target: &Wanted,
    caller: &Caller,
    context: &Context,
    sip: &SipHandle,
) -> Result<Vec<Vec<Try>>, Disposition> {
    match target {
        Wanted::Phone(user) => phones(user, caller, context, sip).await,
        Wanted::Trunk { name, number } => {
            let trunk = context.trunks.named(name).ok_or(unknown())?;
            Ok(vec![through(trunk, number, caller, context)?])
        }
        Wanted::Group { name, number } => {
            let group = context.config.group(name).ok_or(unknown())?;
            let order: Vec<_> = group
                .order(|trunk| context.trunks.fitness(trunk), &mut rand::rng())
                .into_iter()
                .filter_map(|member| context.trunks.named(&member.trunk))
                .collect();
            if order.is_empty() {
                return Err(Disposition::Congested { why: "every trunk of the group is at its caps".into() });
            }
            let tries = order.into_iter().map(|trunk| through(trunk, number, caller, context));
            let tries: Result<Vec<_>, _> = tries.collect();
            Ok(vec![tries?.concat()])
        }
        Wanted::Uri(uri) => {
            let uri = Uri::parse(uri.clone()).map_err(|_| unknown())?;
            let host = uri.host().ok_or(unknown())?;
            let from = address(caller, &host).ok_or(unknown())?;
            Ok(vec![vec![Try::direct(uri, from)]])
        }
    }
}

/// A target whose places are filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A user whose telephones register with us.
    Phone(String),
    /// A number through a trunk.
    Trunk {
        /// The trunk.
        name: String,
        /// As it was dialled.
        number: String,
    },
    /// A number through the first trunk of a group that takes it.
    Group {
        /// The group.
        name: String,
        /// As it was dialled.
        number: String,
    },
    /// A SIP URI.
    Uri(String),
}

impl Wanted {
    /// A target of the dialplan, filled in with the facts of a call.
    #[must_use]
    pub fn of(target: &Target, facts: &talkpath_dialplan::Facts<'_>) -> Self {
        match target {
            Target::Phone(user) => Self::Phone(user.fill(facts)),
            Target::Trunk { name, number } => Self::Trunk { name: name.clone(), number: number.fill(facts) },
            Target::Group { name, number } => Self::Group { name: name.clone(), number: number.fill(facts) },
            Target::Uri(uri) => Self::Uri(uri.clone()),
        }
    }
}

impl Wanted {
    /// Who or what is dialled.
    #[must_use]
    pub fn number(&self) -> &str {
        match self {
            Self::Phone(number) | Self::Uri(number) => number,
            Self::Trunk { number, .. } | Self::Group { number, .. } => number,
        }
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Phone(user) => write!(f, "phone {user}"),
            Self::Trunk { name, number } => write!(f, "{number} through trunk {name}"),
            Self::Group { name, number } => write!(f, "{number} through group {name}"),
            Self::Uri(uri) => f.write_str(uri),
        }
    }
}

fn unknown() -> Disposition {
    Disposition::refused_by_us(StatusCode::NOT_FOUND, "there is no such target".into())
}

fn address(caller: &Caller, host: &Host) -> Option<NameAddr> {
    let user = if caller.number.is_empty() { NOBODY } else { &caller.number };
    let address = NameAddr::new(Uri::sip(Some(user), host, None).ok()?);
    Some(match &caller.name {
        Some(name) => address.with_display(name.as_str()),
        None => address,
    })
}

/// Every telephone of a user.
async fn phones(user: &str, caller: &Caller, context: &Context, sip: &SipHandle) -> Result<Vec<Vec<Try>>, Disposition> {
    let phone = context.config.phone(user).ok_or(unknown())?;
    let bindings = sip.bindings(&phone.user).await;
    let tries = bindings.iter().filter_map(|binding| to_phone(user, binding, caller));
    let lines: Vec<_> = tries.map(|wanted| vec![wanted]).collect();
    if lines.is_empty() {
        return Err(Disposition::Unreachable { why: "no telephone of this user is registered" });
    }
    Ok(lines)
}

fn to_phone(user: &str, binding: &Binding, caller: &Caller) -> Option<Try> {
    let own = Host::from(binding.flow.local.ip());
    let from = address(caller, &own)?;
    let to = NameAddr::new(Uri::sip(Some(user), &own, None).ok()?);
    // "the home proxy ... preloaded Route" (RFC 3327 §5.3.1).
    let headers = binding.path.iter().map(|path| (HeaderName::Route, path.to_text())).collect();
    Some(Try {
        who: format!("phone {user} at {}", binding.flow.peer),
        trunk: None,
        goal: Goal::Along(binding.flow),
        request_uri: binding.contact.uri.clone(),
        to,
        from,
        headers,
        contact: None,
        credentials: None,
        moved: false,
    })
}

/// A number through a trunk: one try for each of its servers.
fn through(trunk: &Arc<Trunk>, number: &str, caller: &Caller, context: &Context) -> Result<Vec<Try>, Disposition> {
    let settings = &trunk.settings;
    let numbers = &settings.numbers;
    let restrictions = &context.config.numbers.restrictions;
    let sent = numbers.outbound.outbound(&numbers.plan, restrictions, number).map_err(|why| restricted(&why))?;
    let servers = trunk.servers();
    if servers.is_empty() {
        return Err(unknown());
    }
    servers.iter().map(|server| to_server(trunk, server, &sent, caller)).collect()
}

fn to_server(trunk: &Arc<Trunk>, server: &Uri, number: &str, caller: &Caller) -> Result<Try, Disposition> {
    let settings = &trunk.settings;
    let wrong = |why: String| Disposition::refused_by_us(StatusCode::ADDRESS_INCOMPLETE, why);
    let host = server.host().ok_or(unknown())?;
    let uri = Uri::sip(Some(number), &host, server.port())
        .map_err(|_| wrong(format!("\"{number}\" is no number that can be dialled")))?;
    let headed = trunk.headed(caller, server).map_err(|error| wrong(format!("{error:#}")))?;
    let mut headers = headed.headers;
    let registration = trunk.registration().filter(|_| settings.registrar.as_ref() == Some(server));
    let (contact, goal) = match registration {
        Some(registration) => {
            headers.extend(registration.service_route.iter().map(|route| (HeaderName::Route, route.to_text())));
            // Along the registered flow: a NAT or the registrar's connection knows us by it.
            (Some(registration.contact), Goal::Way(registration.way))
        }
        None => (None, Goal::Uri(server.clone())),
    };
    Ok(Try {
        who: format!("{number} through trunk {}", settings.name),
        trunk: Some(Arc::clone(trunk)),
        goal,
        to: NameAddr::new(uri.clone()),
        request_uri: uri,
        from: headed.from,
        headers,
        contact,
        credentials: settings.credentials.clone(),
        moved: false,
    })
}

fn restricted(why: &Restricted) -> Disposition {
    Disposition::refused_by_us(StatusCode::FORBIDDEN, why.to_string())
}
